"""Which other curves would the data allow? Covariance by sandwich, draws by resampling runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from isoflop.minimise import NEAR, minimise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.objective import Objective
    from isoflop.problem import Problem

    Array = NDArray[np.float64]

MOST_REFITTED = 5_000_000
"""Runs times draws up to which every draw is a refit; beyond, draws come from the sandwich."""
_AT_ONCE = 1_000_000
_LENT = 0.1
_TOLERANCE = 1e-5  # of a draw's objective: its error stays below a hundredth of the spread of the draws


def draw(
    problem: Problem, theta: Array, objective: Objective, *, covariance: Array, count: int, seed: int
) -> tuple[Array, str]:
    """Give parameter values (draws, parameters) that the data also allow, and how they were drawn."""
    if count * problem.size <= MOST_REFITTED:
        return bootstrap(problem, theta, objective, count=count, seed=seed), "pairs bootstrap"
    return from_covariance(problem, theta, covariance, count=count, seed=seed), "HC3 normal"


def bootstrap(problem: Problem, theta: Array, objective: Objective, *, count: int, seed: int) -> Array:
    """Give parameter values (draws, parameters) refitted to runs drawn with replacement.

    Each draw starts at the best fit (parameters,). Draws that cannot be fitted are left out.
    """
    generator = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // problem.size)
    found = []
    for first in range(0, count, step):
        batch = min(step, count - first)
        weights = generator.multinomial(problem.size, np.full(problem.size, 1 / problem.size), size=batch)
        found.append(refit(problem, theta, objective, weights=weights.astype(float)))
    return np.concatenate(found) if found else np.zeros((0, theta.size))


def refit(problem: Problem, theta: Array, objective: Objective, *, weights: Array) -> Array:
    """Give parameter values (draws, parameters) for runs weighted by each row of (draws, runs)."""
    begin = np.tile(theta, (weights.shape[0], 1))
    minimum = minimise(problem, begin, objective, weights=weights, tolerance=_TOLERANCE, iterations=60, first=NEAR)
    return problem.natural(minimum.theta[np.isfinite(minimum.objective)])


def from_covariance(problem: Problem, theta: Array, covariance: Array, *, count: int, seed: int) -> Array:
    """Give parameter values (draws, parameters) drawn from a normal in the fitted coordinates."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(seed).standard_normal((count, theta.size))
    return problem.natural(np.clip(theta + normal @ root.T, problem.lower, problem.upper))


def covariance(
    problem: Problem, theta: Array, objective: Objective, *, kind: Literal["HC3", "classical"] = "HC3"
) -> Array:
    """Give the covariance (parameters, parameters) of the fitted coordinates.

    HC3 divides each residual by one minus its leverage, so it holds when noise varies from run
    to run (MacKinnon and White 1985); classical assumes one variance. Parameters at a bound
    have none. Directions that the runs do not determine come out very large.
    """
    residuals, slopes = problem.linearise(theta[None])
    bend, pull = _bend(objective, residuals), objective.slope(residuals)[0]
    free = (theta > problem.lower) & (theta < problem.upper)
    columns = np.where(free, slopes[0].T, 0.0) * np.sqrt(bend)[:, None]
    length = np.linalg.norm(columns, axis=0)
    scale = np.where(length > 0, length, 1.0)
    left, values, right = np.linalg.svd(columns / scale, full_matrices=False)
    inverse = right.T / np.maximum(values, 1e-12 * values[0]) * free[:, None] / scale[:, None]
    if kind == "classical":
        spread = float(pull @ pull) / max(problem.size - int(free.sum()), 1) / float(bend.mean())
        return np.asarray(spread * inverse @ inverse.T)
    leverage = np.minimum((left**2).sum(axis=1), 1 - 1e-6)
    weighted = left * (pull / (1 - leverage) / np.sqrt(bend))[:, None]
    return np.asarray(inverse @ (weighted.T @ weighted) @ inverse.T)


def _bend(objective: Objective, residuals: Array) -> Array:
    """Give each run's curvature, with a little lent to runs beyond delta so that few cannot decide alone."""
    exact, lent = (objective.curvature(residuals, blend)[0] for blend in (0.0, _LENT))
    return np.broadcast_to(lent * max(float(exact.mean()) / float(lent.mean()), 1e-9), residuals[0].shape)
