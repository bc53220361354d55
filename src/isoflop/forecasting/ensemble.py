"""Several laws on the same runs, forecasting together, with an interval calibrated by what they missed before.

The rules here, and the numbers in capitals, were chosen on simulated worlds and real hold-outs
(benchmarks/backtests.py): laws count by the inverse of their mean squared backtest error near the distance
that is asked for, held towards equal shares; picking one winner, or correcting for past bias, did worse.
The interval's width adds up what the laws do not know: their standard error, the runs' noise, the spread
between laws and a drift with distance; and is scaled by how large past errors were beside that width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.errors import DataError, UsageError
from isoflop.fitting.fit import Fit, fit
from isoflop.fitting.identifiability import doubts
from isoflop.forecasting.backtest import Backtest, roll
from isoflop.forecasting.priors import Member, Solved, member_of, members, predicted, solved
from isoflop.formula.law import Curve, Several

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.data.runs import Runs
    from isoflop.findings import Finding
    from isoflop.formula.law import Law

    Array = NDArray[np.float64]

NEAR_BY = 0.5
"""Decades over which a backtest's say in a forecast falls by a factor e."""
CLIPPED, EXPECTED, PRIOR_TESTS = 0.1, 0.01, 3.0
"""An error counts for at most 10 %; before any backtest each law is taken to be 1 % off, as if 3 tests said so."""
DRIFT = 0.01
"""What log loss may drift away from every law, per decade of extrapolation: one standard deviation."""
PRIOR_SCALE, CLIPPED_SCALE = 4.0, 4.0
"""The weight of the belief that past errors fit their width, in origins, and the largest ratio counted."""
MOST_RUNS, FEWEST_RUNS = 4_000, 6


@dataclass(frozen=True)
class Ensemble:
    """Laws fitted to the same runs, and their backtest.

    full  each member on all runs
    """

    runs: Runs
    members: tuple[Member, ...]
    full: tuple[Solved, ...]
    backtest: Backtest
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        """Say which laws on which runs."""
        return f"{', '.join(one.law.name for one in self.members)} together on {self.runs.source}"


class Outlook(NamedTuple):
    """Log loss at some targets (targets,), and how wide each kind of interval reaches.

    loss         the members' weighted mean
    statistical  half the interval if the laws are right
    calibrated   half the interval that past errors call for
    each         (members, targets): each law's own log loss
    weights      (members, targets)
    """

    loss: Array
    statistical: Array
    calibrated: Array
    each: Array
    weights: Array


def combine(runs: Runs, *, laws: Sequence[str] = (), along: str = "C") -> Ensemble:
    """Fit the laws that forecast together (chinchilla, coupled, valley, log-quadratic) and backtest them.

    laws   other laws of N and D to take instead, each as `fit` would fit it, without priors
    along  what is extrapolated in the backtests: C, N, D

    Raises DataError if the runs lack N or D, or are fewer than 6. Of more than 4,000 runs an even share is used.
    """
    some = _usable(runs)
    found = tuple(member_of(fit(law, some, draws=0), some) for law in laws) or members(some)
    strange = [one.law.name for one in found if set(one.law.inputs) != {"N", "D"}]
    if strange:
        raise UsageError(f"law {strange[0]} is not one of N and D, so it cannot forecast beside others. Say it alone.")
    return _ensemble(some, found, along=along)


def alone(one: Fit, *, along: str | None = None) -> Ensemble:
    """Give a fit as an ensemble of one law, backtested as several are; its runs must be known.

    along  what is extrapolated; unless it is said, C for a law of compute, else the law's first input
    """
    law, runs = one.curve.law, _thinned(one.runs)
    of_compute = "C" in runs and ({"N", "D"} <= set(law.inputs) or "C" in law.inputs)
    return _ensemble(runs, (member_of(one, runs),), along=along or ("C" if of_compute else next(iter(law.inputs))))


def _ensemble(runs: Runs, found: tuple[Member, ...], *, along: str) -> Ensemble:
    whole = np.ones((1, len(runs)))
    full = tuple(solved(one, whole) for one in found)
    first = found[0]
    doubted = doubts(first.problem, first.theta, agreement=1.0, condition=1.0)
    findings = (*runs.findings, *(one for one in doubted if one.code in {"F04", "F14"}))
    return Ensemble(runs, found, full, roll(found, runs, along=along), findings)


def _usable(runs: Runs) -> Runs:
    whole = np.ones(len(runs), dtype=bool)
    for key in ("N", "D", "loss"):
        whole &= np.isfinite(runs[key]) & (runs[key] > 0)
    kept = runs.take(whole)
    if len(kept) < FEWEST_RUNS:
        raise DataError(
            f"{runs.source}: {len(kept)} usable run{'s' * (len(kept) != 1)}; a forecast needs {FEWEST_RUNS}. "
            'Add runs, or fit a smaller law, such as --law "A/N^alpha".'
        )
    return _thinned(kept)


def _thinned(runs: Runs) -> Runs:
    return runs.take(slice(0, None, -(-len(runs) // MOST_RUNS)))


def outlook(ensemble: Ensemble, inputs: Mapping[str, Array], decades: Array, *, level: float) -> Outlook:
    """Give the forecast at inputs (targets,) that lie so many decades beyond the runs."""
    each, error = (np.concatenate(part) for part in zip(
        *(predicted(one, whole, inputs) for one, whole in zip(ensemble.members, ensemble.full, strict=True)),
        strict=True,
    ))  # fmt: skip
    weights = shares(ensemble, decades)
    noise = np.array([one.noise for one in ensemble.members])
    mean, known, width = widths(each, error, weights=weights, noise=noise, decades=decades)
    reach = NormalDist().inv_cdf((1 + level) / 2)
    return Outlook(mean, reach * known, reach * scale(ensemble, decades) * width, each, weights)


def shares(ensemble: Ensemble, decades: Array) -> Array:
    """Give the weight of each member at each target, (members, targets): columns add up to 1."""
    past = ensemble.backtest
    near = np.exp(-np.abs(past.decades[None, :] - decades[:, None]) / NEAR_BY)
    squares = np.minimum(np.abs(past.error), CLIPPED) ** 2
    mean = (squares @ near.T + PRIOR_TESTS * EXPECTED**2) / (near.sum(axis=1) + PRIOR_TESTS)
    reach = np.array([one.reach for one in ensemble.members])[:, None]
    believed = 10.0 ** (-2 * np.maximum(decades - reach, 0.0)) if np.isfinite(reach).any() else 1.0
    raw = believed / mean
    return np.asarray(raw / raw.sum(axis=0))


def scale(ensemble: Ensemble, decades: Array) -> Array:
    """Give how large past errors were beside the width they were given, near each distance (targets,)."""
    past = ensemble.backtest
    if not past.calibrates:
        return np.ones_like(decades)
    mean, _, width = looked_back(ensemble)
    ratio = np.minimum(np.abs(mean) / width, CLIPPED_SCALE)
    size = np.bincount(past.origin, minlength=len(past.cuts))[past.origin]
    near = np.exp(-np.abs(past.decades[None, :] - decades[:, None]) / NEAR_BY) / size**0.7
    return np.asarray(np.sqrt((near @ ratio**2 + PRIOR_SCALE) / (near.sum(axis=1) + PRIOR_SCALE)))


def looked_back(ensemble: Ensemble) -> tuple[Array, Array, Array]:
    """Give what `widths` gives of the backtests: the errors (tests,) of the laws together, and both widths."""
    past = ensemble.backtest
    weights = shares(ensemble, past.decades)
    return widths(past.error, past.spread, weights=weights, noise=past.noise, decades=past.decades)


def widths(each: Array, error: Array, *, weights: Array, noise: Array, decades: Array) -> tuple[Array, Array, Array]:
    """Give mean, standard error with noise, and the same with law spread and drift, from (members, targets)."""
    mean = (weights * each).sum(axis=0)
    between = (weights * (each - mean) ** 2).sum(axis=0)
    within = (weights * error**2).sum(axis=0) + (noise @ weights) ** 2
    return mean, np.sqrt(within), np.sqrt(within + between + (DRIFT * np.maximum(decades, 0.0)) ** 2)


def drawn(ensemble: Ensemble, weights: Array, *, count: int, seed: int) -> list[tuple[Law, Array]]:
    """Give parameter values (draws, parameters) of each law that the runs allow; more draws of a law that weighs more.

    weights (members,) add up to 1; a law is drawn at least once.
    """
    generator, found = np.random.default_rng(seed), []
    for member, whole, weight in zip(ensemble.members, ensemble.full, weights, strict=True):
        values, vectors = np.linalg.eigh(whole.covariance[0])
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        normal = generator.standard_normal((max(1, round(count * float(weight))), values.size))
        theta = np.clip(whole.theta[0] + normal @ root.T, member.problem.lower, member.problem.upper)
        found.append((member.law, member.problem.natural(theta)))
    return found


def nudged(ensemble: Ensemble, step: float) -> list[tuple[Law, Array]]:
    """Give each law's parameter values, so many standard errors up (first half) and down each axis of its errors."""
    found = []
    for member, whole in zip(ensemble.members, ensemble.full, strict=True):
        lengths, axes = np.linalg.eigh(whole.covariance[0])
        steps = step * (axes * np.sqrt(np.maximum(lengths, 0.0))).T
        theta = whole.theta[0] + np.concatenate([steps, -steps])
        found.append((member.law, member.problem.natural(theta.clip(member.problem.lower, member.problem.upper))))
    return found


def mean_loss(ensemble: Ensemble, weights: Array, at: Mapping[str, Array]) -> Array:
    """Give the weighted mean of the laws' log losses at the inputs (points,).

    weights  (members, points), or (members, 1) where they are the same at all points
    """
    with np.errstate(all="ignore"):  # far out, a law may overflow
        each = [np.log(law(**dict(zip(law.parameters, row[0], strict=True)), **at)) for law, row in values(ensemble)]
        return np.asarray((weights * np.array(each)).sum(axis=0))


def values(ensemble: Ensemble) -> list[tuple[Law, Array]]:
    """Give each law's best parameter values on all runs, as one row (1, parameters)."""
    pairs = zip(ensemble.members, ensemble.full, strict=True)
    return [(one.law, one.problem.natural(whole.theta)) for one, whole in pairs]


class Evidence(NamedTuple):
    """What stands behind a source: itself backtested, and several laws on the same runs; None without runs."""

    own: Ensemble | None
    laws: Ensemble | None


UNTESTED = Evidence(None, None)
"""No backtest and no other law: intervals are statistical."""


def evidence(source: Fit | Curve | Several | Ensemble, laws: Ensemble | None = None) -> Evidence:
    """Backtest a source, and fit other laws to its runs, unless they are at hand."""
    if isinstance(source, Ensemble):
        return Evidence(source, source)
    if not isinstance(source, Fit) or not len(source.runs):
        return Evidence(None, None)
    pair = {"N", "D"} <= set(source.runs.columns) and set(source.law.inputs) <= {"N", "D", "C"}
    if not pair or len(source.runs) < FEWEST_RUNS:
        return Evidence(alone(source), None)
    return Evidence(alone(source), laws or combine(source.runs))
