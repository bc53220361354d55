"""The plain way to fit a Chinchilla law: SciPy's L-BFGS from a grid of starts, then bootstrap refits.

    python benchmarks/multistart.py runs.csv [--draws 1000] [--points 3]

What many papers do (Hoffmann et al. 2022, eq. 10: log-sum-exp form, Huber loss with δ = 1e-3 on log
loss, analytic gradient), on a grid of `points` values for each of the five parameters. Prints JSON.
Stands here to be timed against isoflop, see rival.py.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

DELTA = 1e-3
LOWEST = np.array([0.0, 0.0, -1.0, 0.0, 0.0])  # log A, log B, log E, alpha, beta
HIGHEST = np.array([25.0, 25.0, 1.0, 2.0, 2.0])  # the ends of Hoffmann's grid


def objective(theta: np.ndarray, log_runs: np.ndarray) -> tuple[float, np.ndarray]:
    """Give the sum of Huber losses of log loss and its gradient; log_runs is log (N, D, loss)."""
    log_N, log_D, log_loss = log_runs.T
    a, b, e, alpha, beta = theta
    terms = np.stack([a - alpha * log_N, b - beta * log_D, np.full_like(log_N, e)])
    residual = np.logaddexp.reduce(terms) - log_loss
    shares = softmax(terms, axis=0)
    slope = np.clip(residual, -DELTA, DELTA)
    value = np.where(np.abs(residual) <= DELTA, residual**2 / 2, DELTA * (np.abs(residual) - DELTA / 2))
    changes = np.stack([shares[0], shares[1], shares[2], -shares[0] * log_N, -shares[1] * log_D])
    return float(value.sum()), changes @ slope


def solve(start: np.ndarray, log_runs: np.ndarray) -> tuple[float, np.ndarray]:
    """Give the objective and the parameters that L-BFGS ends with."""
    # Scaled up, or SciPy's absolute tolerances stop far from the optimum of an objective of 0.001.
    scale = 1e5
    found = minimize(
        lambda theta: tuple(scale * part for part in objective(theta, log_runs)),
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000},
    )
    return found.fun / scale, found.x


def main() -> None:
    """Fit from the grid, refit every resample from the best, print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--points", type=int, default=3)
    asked = parser.parse_args()
    with asked.runs.open() as file:
        rows = [[float(row[name]) for name in ("N", "D", "loss")] for row in csv.DictReader(file)]
    log_runs = np.log(np.array(rows))
    grid = [np.linspace(low, high, asked.points) for low, high in zip(LOWEST, HIGHEST, strict=True)]
    value, best = min(
        (solve(np.array(start), log_runs) for start in itertools.product(*grid)), key=lambda found: found[0]
    )
    rng = np.random.default_rng(0)
    resamples = rng.integers(len(log_runs), size=(asked.draws, len(log_runs)))
    draws = np.array([solve(best, log_runs[chosen])[1] for chosen in resamples])
    errors = draws.std(axis=0, ddof=1)
    A, B, E = np.exp(best[:3])
    print(
        json.dumps(
            {
                "objective": value,
                "parameters": {"E": E, "A": A, "B": B, "alpha": best[3], "beta": best[4]},
                "standard_errors": {"alpha": errors[3], "beta": errors[4]},
            }
        )
    )


if __name__ == "__main__":
    main()
