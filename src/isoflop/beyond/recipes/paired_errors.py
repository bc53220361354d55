"""How the runs of two recipes scatter, together and apart, and where else their fits could lie because of it.

To first order a fit moves by its influence times the runs' errors. Runs at the same N and D in both tables may
share data order and initialisation: then their errors are alike, both fits move alike, and the difference of the
recipes is known far better than either. That likeness is measured on the residuals, never assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.data.runs.metadata_columns import labels, number
from isoflop.formula.arrays import Array, median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.data.runs import Runs
    from isoflop.forecasting.priors import Member

    Rows = NDArray[np.int64]

FEWEST_PAIRS = 6
"""With fewer pairs than this, nothing is read into how alike they err."""
FORGOTTEN, ENOUGH = 4.0, 3.0
"""Standard deviations off the curve from which a run says nothing of the noise, as small runs that no law describes;
but with fewer than so many runs for each parameter, as they count, all say something: a fit may pass close by a few."""
CLIPPED = 2.5
"""Standard deviations at which a residual's say in the noise ends; a normal's variance is so reduced to 0.954."""
_KEPT = 0.9540
_NORMAL = 0.6745  # the median of the absolute value of a standard normal
_LEAST_LEFT, _LEAST_NOISE = 0.01, 1e-5


class Pairs(NamedTuple):
    """Rows of two tables at the same N and D (and seed, where both record one): (pairs,) each."""

    first: Rows
    other: Rows


@dataclass(frozen=True)
class Scatter:
    """How a law's fit to some runs answers to their errors, and how large these are.

    influence  (parameters, runs): how far the fitted coordinates move by an error of one in log loss
    lent       (parameters, parameters): how far by one standard deviation of each prior
    residuals  (runs,): as large as the runs' errors, what the fit follows of them undone
    noise      their standard deviation; freedom: degrees of freedom behind it
    between    the part of it that rows of one run share; clusters: the run of each row, if rows share one
    """

    influence: Array
    lent: Array
    residuals: Array
    noise: float
    freedom: float
    between: float = 0.0
    clusters: Rows | None = None

    def errors_of(self, other: Scatter) -> Scatter:
        """Return how this fit answers, to the runs' errors as another fit to the same runs has them."""
        return replace(other, influence=self.influence, lent=self.lent)


def scatter(member: Member, clusters: Rows | None) -> Scatter:
    """Return how a member's fit answers to its runs' errors, with their size after what the fit follows of them."""
    problem, theta = member.problem, member.theta
    residuals, slopes = (found[0] for found in problem.linearise(theta[None]))
    stray = CLIPPED * member.noise / np.maximum(np.abs(residuals), CLIPPED * member.noise)
    bend = stray * member.weights
    known = np.zeros(theta.size) if problem.prior is None else problem.prior.weight
    free = (theta > problem.lower) & (theta < problem.upper)
    pulls = slopes * bend * free[:, None]
    curvature = pulls @ slopes.T * free + np.diag(known * free)
    scale = np.sqrt(np.maximum(np.diag(curvature), 1e-60))
    inverse = np.linalg.pinv(curvature / np.outer(scale, scale), rcond=1e-12, hermitian=True) / np.outer(scale, scale)
    influence = inverse @ pulls
    left = np.eye(residuals.size) - slopes.T @ influence
    kept = left @ left.T
    even = residuals / np.sqrt(np.maximum(np.diag(kept), _LEAST_LEFT))
    enough = member.weights.sum() ** 2 >= ENOUGH * theta.size * np.sum(member.weights**2)
    said = np.abs(residuals) <= (FORGOTTEN * member.noise if enough else np.inf)
    told = kept[np.ix_(said, said)]
    freedom = float(np.trace(told)) ** 2 / float(np.sum(told**2))
    noise = max(_noise(even[said]), _LEAST_NOISE)
    lent = inverse * np.sqrt(known) * (member.objective.delta / 1.345 if known.any() else 0.0)
    if clusters is None:
        return Scatter(influence, lent, even, noise, freedom)
    within = _within(residuals, clusters)
    total = max(member.noise, within)
    return Scatter(influence, lent, even, total, float(clusters.max()), float(np.sqrt(total**2 - within**2)), clusters)


def _noise(even: Array) -> float:
    """Return the standard deviation of residuals, in which a stray one has little say."""
    rough = max(float(median(np.abs(even))) / _NORMAL, _LEAST_NOISE)
    return float(np.sqrt(np.mean(np.clip(even, -CLIPPED * rough, CLIPPED * rough) ** 2) / _KEPT))


def _within(residuals: Array, clusters: Rows) -> float:
    sizes = np.bincount(clusters)
    off = residuals - (np.bincount(clusters, residuals) / sizes)[clusters]
    return float(np.sqrt(np.sum(off**2) / max(residuals.size - sizes.size, 1)))


def pairs_of(first: Runs, other: Runs) -> Pairs:
    """Return the rows that stand alone at their N, D and seed in both tables; none where rows share runs."""
    none = np.zeros(0, dtype=np.int64)
    if first.clusters is not None or other.clusters is not None:
        return Pairs(none, none)
    columns = [np.round(np.log(np.concatenate([first[key], other[key]])), 6) for key in ("N", "D")]
    seeds = [seed for seed in (number(runs.columns, "seed") for runs in (first, other)) if seed is not None]
    columns += [np.concatenate(seeds)] if len(seeds) == 2 else []
    both = labels(columns)
    ours, theirs = both[: len(first)], both[len(first) :]
    once = [set(np.flatnonzero(np.bincount(part) == 1).tolist()) for part in (ours, theirs)]
    shared = sorted(once[0] & once[1])
    found = [np.array([np.flatnonzero(part == one)[0] for one in shared], dtype=np.int64) for part in (ours, theirs)]
    return Pairs(*found) if len(shared) >= FEWEST_PAIRS else Pairs(none, none)


def likeness(first: Scatter, other: Scatter, pairs: Pairs) -> float:
    """Return the correlation of the errors of paired runs, 0 without pairs."""
    if not pairs.first.size:
        return 0.0
    ours, theirs = (
        np.clip(one.residuals[rows], -CLIPPED * one.noise, CLIPPED * one.noise)
        for one, rows in ((first, pairs.first), (other, pairs.other))
    )
    size = float(np.sqrt(np.sum(ours**2) * np.sum(theirs**2)))
    return float(np.clip(np.sum(ours * theirs) / size, -0.999, 0.999)) if size > 0 else 0.0


def moved(first: Scatter, other: Scatter, pairs: Pairs, *, draws: int, seed: int) -> tuple[Array, Array]:
    """Return how far both fits' coordinates move in each draw, (draws, parameters) each.

    The draws are of Student's t with the freedom that the noise is known with; equal seeds give equal errors.
    """
    generator = np.random.default_rng(seed)
    ours, theirs = (generator.standard_normal((draws, one.residuals.size)) for one in (first, other))
    shared = likeness(first, other, pairs)
    theirs[:, pairs.other] = shared * ours[:, pairs.first] + np.sqrt(1 - shared**2) * theirs[:, pairs.other]
    heavy = _heavier(first, other, paired=bool(pairs.first.size), draws=draws, generator=generator)
    known = generator.standard_normal((draws, len(first.lent)))  # a prior is off in one way for both
    found = []
    for one, normal, factor in zip((first, other), (ours, theirs), heavy, strict=True):
        errors = _errors(one, normal, generator) * factor[:, None]
        found.append(errors @ one.influence.T + known @ one.lent.T)
    return found[0], found[1]


def _errors(one: Scatter, normal: Array, generator: np.random.Generator) -> Array:
    if one.clusters is None:
        return one.noise * normal
    shifts = generator.standard_normal((len(normal), int(one.clusters.max()) + 1))[:, one.clusters]
    return np.asarray(one.between * shifts + np.sqrt(one.noise**2 - one.between**2) * normal)


def _heavier(
    first: Scatter, other: Scatter, *, paired: bool, draws: int, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Return what makes each draw's normal errors Student's t: the same for both recipes where their noise is one."""
    freedom = [max(one.freedom, 1.0) for one in (first, other)]
    if paired:
        shared = np.asarray(np.sqrt(min(freedom) / generator.chisquare(min(freedom), draws)))
        return shared, shared
    ours, theirs = (np.asarray(np.sqrt(one / generator.chisquare(one, draws))) for one in freedom)
    return ours, theirs
