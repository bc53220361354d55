"""Which other curves would the data allow? Covariance by sandwich, draws by resampling runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from isoflop.optimise.minimise import NEAR, minimise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.optimise.objective import Objective
    from isoflop.optimise.problem import Problem

    Array = NDArray[np.float64]

MOST_REFITTED = 5_000_000
"""Runs times draws up to which every draw is a refit; beyond, draws come from the sandwich."""
_AT_ONCE = 1_000_000
_ENOUGH = 100_000
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
        weights = _times_drawn(generator, min(step, count - first), problem.size)
        found.append(refit(problem, theta, objective, weights=weights))
    return np.concatenate(found) if found else np.zeros((0, theta.size))


def _times_drawn(generator: np.random.Generator, draws: int, runs: int) -> Array:
    """Give how often each run is drawn, (draws, runs), when as many are drawn as there are."""
    drawn = generator.integers(0, runs, (draws, runs)) + runs * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * runs).reshape(draws, runs).astype(float)


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
    have none. Directions that the runs do not determine come out very large. A very large table
    is judged by an even share of its runs.
    """
    some = problem.take(slice(0, None, max(1, problem.size // _ENOUGH)))
    residuals, slopes = some.linearise(theta[None])
    bend, pull = _bend(objective, residuals), objective.slope(residuals)[0]
    free = (theta > problem.lower) & (theta < problem.upper)
    root = np.sqrt(bend)
    columns = slopes[0] * root * free[:, None]
    length = np.sqrt(np.einsum("pn,pn->p", columns, columns))
    scale = np.where(length > 0, length, 1.0)
    _, values, right = np.linalg.svd(np.linalg.qr((columns / scale[:, None]).T, mode="r"))
    least = max(1e-12 * float(values[0]), 1e-300)  # all values are 0 where no parameter is free
    inverse = right.T / np.maximum(values, least) * free[:, None] / scale[:, None]
    if kind == "classical":
        spread = float(pull @ pull) / max(some.size - int(free.sum()), 1) / float(bend.mean())
        return np.asarray(spread * inverse @ inverse.T) * (some.size / problem.size)
    left = inverse.T @ columns
    leverage = np.minimum(np.einsum("pn,pn->n", left, left), 1 - 1e-6)
    left *= pull / (1 - leverage) / root
    half = inverse @ left
    with np.errstate(over="ignore"):  # a vanished term is known to within many powers of ten only
        return np.asarray(half @ half.T) * (some.size / problem.size)


def _bend(objective: Objective, residuals: Array) -> Array:
    """Give each run's curvature, with a little lent to runs beyond delta so that few cannot decide alone."""
    exact, lent = (objective.curvature(residuals, blend)[0] for blend in (0.0, _LENT))
    return np.broadcast_to(lent * max(float(exact.mean()) / float(lent.mean()), 1e-9), residuals[0].shape)
