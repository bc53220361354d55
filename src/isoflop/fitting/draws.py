"""Which other curves would the data allow? Covariance by sandwich, draws by resampling runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from isoflop.display import Bar
from isoflop.fitting.optimise.minimise import NEAR, minimise
from isoflop.fitting.optimise.objective import Objective, noise
from isoflop.formula.arrays import Array, Labels, median

if TYPE_CHECKING:
    from isoflop.fitting.optimise.problem import Problem


FEW_RUNS = 8
"""Whole runs below which an interval that comes from them is not reliable."""
MOST_REFITTED = 5_000_000
"""Runs times draws up to which every draw is a refit; beyond, draws come from the sandwich."""
_AT_ONCE = 1_000_000
_ENOUGH = 100_000
_LENT = 0.1
_LEAST_LEFT = 1e-6  # of a direction that one run alone determines
_TOLERANCE = 1e-5  # of a draw's objective: its error stays below a hundredth of the spread of the draws


def draw(
    problem: Problem,
    theta: Array,
    objective: Objective,
    *,
    covariance: Array,
    count: int,
    seed: int,
    clusters: Labels | None = None,
) -> tuple[Array, str]:
    """Return parameter values (draws, parameters) that the data also allow, and how they were drawn."""
    if clusters is not None and not clusters.any():
        return np.zeros((0, theta.size)), "nothing: one run"
    if count * problem.size <= MOST_REFITTED:
        drawn = bootstrap(problem, theta, objective, count=count, seed=seed, clusters=clusters)
        return drawn, "pairs bootstrap" if clusters is None else "bootstrap of whole runs"
    drawn = from_covariance(problem, theta, covariance, count=count, seed=seed)
    return drawn, "HC3 normal" if clusters is None else "CR3 normal"


def bootstrap(
    problem: Problem,
    theta: Array,
    objective: Objective,
    *,
    count: int,
    seed: int,
    clusters: Labels | None = None,
) -> Array:
    """Return parameter values (draws, parameters) refitted to runs drawn with replacement.

    Each draw starts at the best fit (parameters,). Draws that cannot be fitted are left out. Rows
    that share a label in `clusters` (rows,) are drawn together, as one run.
    """
    generator = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // problem.size)
    units = problem.size if clusters is None else int(clusters.max()) + 1
    found = []
    with Bar("drawing other curves") as look:
        for first in range(0, count, step):
            look(first, count)
            weights = _times_drawn(generator, min(step, count - first), units)
            weights = weights if clusters is None else weights[:, clusters]
            found.append(refit(problem, theta, objective, weights=weights))
    return np.concatenate(found) if found else np.zeros((0, theta.size))


def _times_drawn(generator: np.random.Generator, draws: int, runs: int) -> Array:
    """Return how often each run is drawn, (draws, runs), when as many are drawn as there are."""
    drawn = generator.integers(0, runs, (draws, runs)) + runs * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * runs).reshape(draws, runs).astype(float)


def refit(problem: Problem, theta: Array, objective: Objective, *, weights: Array) -> Array:
    """Return parameter values (draws, parameters) for runs weighted by each row of (draws, runs)."""
    begin = np.tile(theta, (weights.shape[0], 1))
    minimum = minimise(problem, begin, objective, weights=weights, tolerance=_TOLERANCE, iterations=60, first=NEAR)
    return problem.natural(minimum.theta[np.isfinite(minimum.objective)])


def from_covariance(problem: Problem, theta: Array, covariance: Array, *, count: int, seed: int) -> Array:
    """Return parameter values (draws, parameters) drawn from a normal in the fitted coordinates."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(seed).standard_normal((count, theta.size))
    return problem.natural(np.clip(theta + normal @ root.T, problem.lower, problem.upper))


def covariance(
    problem: Problem,
    theta: Array,
    objective: Objective,
    *,
    kind: Literal["HC3", "classical"] = "HC3",
    clusters: Labels | None = None,
) -> Array:
    """Return the covariance (parameters, parameters) of the fitted coordinates.

    HC3 divides each residual by one minus its leverage, so it holds when noise varies from run
    to run (MacKinnon and White 1985); classical assumes one variance. Parameters at a bound
    have none. Directions that the runs do not determine come out very large. A very large table
    is judged by an even share of its runs. With `clusters` (rows,), rows that share a label may
    err together: CR3, HC3's counterpart for whole runs (Bell and McCaffrey 2002).
    """
    some = problem.take(slice(0, None, max(1, problem.size // _ENOUGH) if clusters is None else 1))
    residuals = some.residuals(theta[None])
    bend, pull = _bend(objective, residuals), objective.slope(residuals)[0]
    inverse, left = _pseudo_inverse(some, theta, bend)
    if kind == "classical":
        spread = float(pull @ pull) / max(some.size - int((left != 0).any(axis=1).sum()), 1) / float(bend.mean())
        return np.asarray(spread * inverse @ inverse.T) * (some.size / problem.size)
    if clusters is not None:
        pulls = _pulls_of_whole_runs(left, pull / np.sqrt(bend), clusters)
        return np.asarray(inverse @ (pulls @ pulls.T) @ inverse.T)
    leverage = np.minimum(np.einsum("pn,pn->n", left, left), 1 - _LEAST_LEFT)
    left *= pull / (1 - leverage) / np.sqrt(bend)
    half = inverse @ left
    with np.errstate(over="ignore"):  # a vanished term is known to within many powers of ten only
        return np.asarray(half @ half.T) * (some.size / problem.size)


def _pseudo_inverse(problem: Problem, theta: Array, bend: Array) -> tuple[Array, Array]:
    """Return what turns pulls along orthonormal directions into parameters, and those directions (parameters, runs)."""
    free = (theta > problem.lower) & (theta < problem.upper)
    columns = problem.linearise(theta[None])[1][0] * np.sqrt(bend) * free[:, None]
    length = np.sqrt(np.einsum("pn,pn->p", columns, columns))
    scale = np.where(length > 0, length, 1.0)
    _, values, right = np.linalg.svd(np.linalg.qr((columns / scale[:, None]).T, mode="r"))
    least = max(1e-12 * float(values[0]), 1e-300)  # all values are 0 where no parameter is free
    inverse = right.T / np.maximum(values, least) * free[:, None] / scale[:, None]
    return inverse, inverse.T @ columns


def _pulls_of_whole_runs(left: Array, errors: Array, clusters: Labels) -> Array:
    """Return the pull (parameters, clusters) of each run on the fit without it, as the jackknife would.

    left (parameters, rows) has orthonormal rows. What a run alone determines is bounded, as leverage is.
    """
    pulls = []
    for rows in _rows_of_each(clusters):
        share, vectors = np.linalg.eigh(left[:, rows] @ left[:, rows].T)
        weight = 1 / (1 - np.minimum(share, 1 - _LEAST_LEFT))
        pulls.append(vectors @ (weight * (vectors.T @ (left[:, rows] @ errors[rows]))))
    total = len(pulls)
    return np.array(pulls).T * (np.sqrt((total - 1) / total) if total > 1 else np.nan)


def _rows_of_each(clusters: Labels) -> list[Labels]:
    order = np.argsort(clusters, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(clusters[order])) + 1)


def run_noise(problem: Problem, theta: Array, objective: Objective, *, clusters: Labels) -> float:
    """Return the standard deviation of a new run about the curve, where rows share runs: between and within them.

    A run's own shift is the median of its residuals. The fit follows part of the shifts; what is
    left of them is divided by the share that the fit would leave of equal, independent ones.
    """
    residuals = problem.residuals(theta[None])[0]
    left = _pseudo_inverse(problem, theta, _bend(objective, residuals[None]))[1]
    runs = _rows_of_each(clusters)
    shift = np.array([float(median(residuals[rows])) for rows in runs])
    sums, means = (np.array([how(left[:, rows], axis=1) for rows in runs]).T for how in (np.sum, np.mean))
    followed = 2 * float(np.sum(sums * means)) - float(np.sum((means @ means.T) * (sums @ sums.T)))
    remains = max(1 - followed / len(runs), 1 / len(runs))
    return float(np.hypot(np.sqrt(np.mean(shift**2) / remains), noise(residuals - shift[clusters], len(runs))))


def _bend(objective: Objective, residuals: Array) -> Array:
    """Return each run's curvature, with a little lent to runs beyond delta so that few cannot decide alone."""
    exact, lent = (objective.curvature(residuals, blend)[0] for blend in (0.0, _LENT))
    return np.broadcast_to(lent * max(float(exact.mean()) / float(lent.mean()), 1e-9), residuals[0].shape)
