"""Several laws on the same runs, forecasting together, with an interval calibrated by what they missed before.

Laws count by one over their mean squared backtest error, held towards equal shares; picking one winner, correcting
for past bias, or asking more of errors at the distance asked for, did no better. The interval's width adds up what the
laws do not know: their standard error, the runs' noise, the spread between laws and a drift with distance; and is
scaled by how large past errors were beside that width, on public tables and on these runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.data.read import as_runs
from isoflop.data.remembered import remembered
from isoflop.data.runs.costs import reach_of
from isoflop.errors import DataError, UsageError
from isoflop.estimate import LEVEL
from isoflop.findings import Finding, figure_of_result
from isoflop.fitting.fit import Fit, fit, refit
from isoflop.fitting.identifiability import condition, doubts
from isoflop.forecasting.backtest import FEWEST_FITTED, Backtest, Fitter, axis_of, roll, thinned
from isoflop.forecasting.extrapolation import distance
from isoflop.forecasting.priors import ENDLESS, Member, agreement, forms_of, member_of, members, predicted
from isoflop.forecasting.single_input import single_input
from isoflop.forecasting.weights import PastErrors, PastMisses, factor, look_back, past_errors, widths
from isoflop.forecasting.weights import shares as weights_of
from isoflop.quantities import Kind, is_date

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isoflop.data.metric import Metric
    from isoflop.data.runs import Runs
    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Curve, Find, Law

FEWEST_RUNS = 6
FEWEST_OF_ONE = 4
"""Runs that a forecast along a single input needs, and that an origin of its backtests does."""
BACKTEST_STARTS = 8
"""Starts of a free fit at an origin of the backtests; they begin anew there, as a fit to that part would."""
_OF_EACH = ("F01", "F02")
"""Findings that are each law's own; the others are about the runs, and said once."""
_DRAWS, _NUDGE = 400, 0.1
"""Points that stand for the errors of several laws; the step, in standard errors, that finds a slope."""
_ONE_ERROR = 2 * NormalDist().cdf(1.0) - 1
"""The level of an interval of one standard error on either side."""


@dataclass(frozen=True)
class Ensemble:
    """Laws fitted to the same runs, and their backtest.

    members   each law on all runs
    errors    what past errors say of each law's weight
    misses    what past errors say of an interval's width
    earlier   each law on the runs up to each origin of the backtest

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> isoflop.combine(runs).name
    'coupled, valley together on tinylm'
    """

    runs: Runs
    members: tuple[Member, ...]
    backtest: Backtest
    errors: PastErrors
    misses: PastMisses
    findings: tuple[Finding, ...] = ()
    earlier: tuple[tuple[Member, ...], ...] = ()

    freedom = math.inf

    @property
    def name(self) -> str:
        """Which laws on which runs."""
        return f"{', '.join(dict.fromkeys(one.law.name for one in self.members))} together on {self.runs.source}"

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each law, which says whether priors hold it."""
        return tuple(one.label for one in self.members)

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Each law at its best values on all runs."""
        return self._curves

    @cached_property
    def _curves(self) -> tuple[Curve, ...]:
        return tuple(
            law.at(label, fitted_on=self.fitted_on, **dict(zip(law.parameters, row[0].tolist(), strict=True)))
            for label, (law, row) in zip(self.labels, values(self), strict=True)
        )

    @property
    def inputs(self) -> Mapping[str, Kind]:
        """What the laws take."""
        return self.members[0].law.inputs

    @property
    def fitted_on(self) -> Mapping[str, tuple[float, float]]:
        """The lowest and highest N, D, C and input of the laws among the runs."""
        return self._fitted_on

    @cached_property
    def _fitted_on(self) -> Mapping[str, tuple[float, float]]:
        keys = dict.fromkeys([*(key for key in ("N", "D", "C") if key in self.runs), *self.inputs])
        columns = {key: self.runs[key] for key in keys} | reach_of(self.runs)
        return {key: (float(columns[key].min()), float(columns[key].max())) for key in keys}

    @property
    def metric(self) -> Metric | None:
        """What the loss was made of, if it is no loss."""
        return self.runs.metric

    def plot(self, kind: str = "") -> Figure:
        """Return a figure of the laws, which a notebook shows: frontier, isoflops, contours or allocation."""
        return figure_of_result(self, kind)

    def log_loss(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss (points,): the laws' log losses, each by its share."""
        with np.errstate(all="ignore"):  # far out, a law may overflow
            return np.asarray((self.shares(at) * self.each_law(at)).sum(axis=0))

    def each_law(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss by each law (laws, points)."""
        return np.array([one.log_loss(at) for one in self.curves])

    def shares(self, at: Mapping[str, Array]) -> Array:
        """Return how much each law counts at each point, (laws, points): everywhere the same."""
        return np.broadcast_to(shares(self), (len(self.members), next(iter(at.values())).size))

    def standard_error(self, at: Mapping[str, Array]) -> Array:
        """Return the standard error of a new run's log loss (points,), if the laws are right."""
        return outlook(self, at, level=_ONE_ERROR).statistical

    def draws_of(self, find: Find, at: Mapping[str, Array]) -> Array:
        """Return how a quantity may differ from its best (draws, points), to first order in each law's parameters.

        error² = |dq/du|² for parameters u in standard errors. Drawn parameters are no help: where a valley may be
        flat, its best size runs off to the end of the search.
        """
        ends = (find(law, rows) for law, rows in nudged(self, _NUDGE))
        errors = np.array([np.linalg.norm(np.subtract(*np.split(each, 2)), axis=0) / (2 * _NUDGE) for each in ends])
        weights = np.broadcast_to(self.shares(at), errors.shape)
        return np.array([_normals(error, share) for error, share in zip(errors.T, weights.T, strict=True)]).T


def _normals(errors: Array, weights: Array) -> Array:
    """Return points (points,) that spread as zero-mean normals of these standard errors, mixed by weight.

    Equal steps of probability for each law; of a law that weighs more, more of the points.
    """
    counts = np.diff(np.concatenate([[0], np.round(np.cumsum(weights) / weights.sum() * _DRAWS)])).astype(int)
    return np.concatenate([
        error * np.array([NormalDist().inv_cdf((place + 0.5) / count) for place in range(count)])
        for error, count in zip(errors.tolist(), counts.tolist(), strict=True)
    ])  # fmt: skip


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


def combine(runs: Runs, *, laws: Sequence[str] = (), along: str = "C", inputs: Sequence[str] = ()) -> Ensemble:
    """Fit the laws that forecast together (the coupled law and the valley) and backtest them.

    Where a single input is known, say compute, it is a power law with a floor, at two weights.

    laws    other laws of N and D to take instead, each as `fit` would fit it, without priors
    along   what is extrapolated in the backtests: C, N, D
    inputs  the column that is to be the single input, where N and D are not both in the table

    Raises DataError if the runs lack N or D, or are fewer than 6. Of very many runs of a budget a share is used.

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> isoflop.combine(runs).name
    'coupled, valley together on tinylm'
    """
    return _combined(as_runs(runs), tuple(laws), along, inputs=tuple(inputs))


@remembered
def _combined(runs: Runs, laws: Sequence[str], along: str, *, inputs: Sequence[str]) -> Ensemble:
    single, endless = single_input(runs, inputs), runs.metric is not None and runs.metric.endless
    if single and not laws:
        some = _usable(runs, single, keys=(single, "loss"), fewest=FEWEST_OF_ONE)
        forms = forms_of(single, endless=endless, dated=is_date(single, runs[single]))
        return _ensemble(some, partial(members, forms=forms), along=single, need=FEWEST_OF_ONE)
    some = _usable(runs, along)
    if not laws:
        return _ensemble(some, partial(members, forms=ENDLESS) if endless else members, along=along)
    fits = tuple(fit(law, some, draws=0) for law in laws)
    strange = [one.law.name for one in fits if set(one.law.inputs) != {"N", "D"}]
    if strange:
        raise UsageError(f"law {strange[0]} is not one of N and D, so it cannot forecast beside others. Say it alone.")
    return _ensemble(some, _refitting(fits, some), along=along, need=_need(fits))


@remembered
def alone(one: Fit, *, along: str | None = None) -> Ensemble:
    """Return a fit as an ensemble of one law, backtested as several are; its runs must be known.

    along  what is extrapolated; unless it is said, C for a law of compute, else the law's first input
    """
    law, runs = one.curve.law, one.own_runs
    of_compute = "C" in runs and ({"N", "D"} <= set(law.inputs) or "C" in law.inputs)
    above_zero = [key for key in law.inputs if np.all(runs[key] > 0)]
    axis = along or ("C" if of_compute else next(iter(above_zero), next(iter(law.inputs))))
    some = thinned(runs, axis)
    return _ensemble(some, _refitting((one,), some), along=axis, need=_need((one,)))


def _need(fits: Sequence[Fit]) -> int:
    """Return the fewest runs that laws without a prior can be fitted to: three more than they have parameters."""
    return max(FEWEST_FITTED, *(len(one.curve.law.parameters) + 3 for one in fits))


def _refitting(fits: Sequence[Fit], runs: Runs) -> Fitter:
    """Return what fits the same laws to any part of the runs as they were fitted to all."""

    def fitter(part: Runs, before: Sequence[Member]) -> tuple[Member, ...]:  # noqa: ARG001 - free fits begin anew
        if len(part) == len(runs):
            return tuple(member_of(one, part) for one in fits)
        again = (refit(one, part, starts=min(one.options.starts, BACKTEST_STARTS)) for one in fits)
        return tuple(member_of(one, part) for one in again)

    return fitter


def _ensemble(runs: Runs, fitter: Fitter, *, along: str, need: int = FEWEST_FITTED) -> Ensemble:
    past, fits = roll(fitter, runs, along=along, need=need)
    found = fits[-1]
    findings = dict.fromkeys((*runs.findings, *_doubts(found)))
    return Ensemble(
        runs, found, past, past_errors(past), look_back(past, level=LEVEL).misses, tuple(findings), fits[:-1]
    )


def _doubts(found: Sequence[Member]) -> Iterator[Finding]:
    """Yield what is to be doubted of the laws on all runs: the first with all findings, of others what the runs leave.

    Priors are left out of the question: what the runs do not tell, they do not tell.
    """
    for place, one in enumerate(found):
        loose = condition(one.problem, one.theta)
        noted = doubts(one.problem, one.theta, agreement=agreement(one), condition=loose)
        yield from (each for each in noted if not place or each.code in _OF_EACH)


def before(ensemble: Ensemble, origin: int) -> Ensemble:
    """Return the laws as they were on the runs up to an origin, knowing nothing of what came after."""
    past = ensemble.backtest
    part = axis_of(ensemble.runs, past.along) <= past.cuts[origin] + 1e-9
    most = int(past.budget[past.origin == origin].min())
    seen = (past.origin < origin) & (past.budget < most)
    whole = {one.name: getattr(past, one.name) for one in fields(past)}
    rows = np.flatnonzero(part)
    kept: dict[str, Any] = {
        name: value[..., seen] for name, value in whole.items()
        if isinstance(value, np.ndarray) and name not in {"cuts", "row"}
    }  # fmt: skip
    earlier = replace(
        past, **kept, cuts=past.cuts[:origin], row=np.searchsorted(rows, past.row[seen]),
        baselines={name: value[seen] for name, value in past.baselines.items()},
    )  # fmt: skip
    return replace(
        ensemble, runs=ensemble.runs.take(part), members=ensemble.earlier[origin], backtest=earlier,
        errors=past_errors(earlier), misses=look_back(earlier, level=LEVEL).misses, earlier=ensemble.earlier[:origin],
    )  # fmt: skip


def _usable(runs: Runs, along: str, *, keys: Sequence[str] = ("N", "D", "loss"), fewest: int = FEWEST_RUNS) -> Runs:
    whole = np.ones(len(runs), dtype=bool)
    for key in keys:
        whole &= np.isfinite(runs[key]) & (runs[key] > 0)
    kept = runs.take(whole)
    if len(kept) < fewest:
        out = f" ({len(runs.excluded)} left out: {runs.excluded[0]})" if runs.excluded else ""
        raise DataError(
            f"{runs.source}: {len(kept)} usable run{'s' * (len(kept) != 1)}{out}; a forecast needs {fewest}. "
            f'Add runs, or fit a smaller law, such as --law "A/{keys[0]}^alpha".'
        )
    return thinned(kept, along)


def outlook(ensemble: Ensemble, inputs: Mapping[str, Array], *, level: float) -> Outlook:
    """Return the forecast at inputs (targets,), with how wide each kind of interval reaches."""
    each, error = (np.array(part) for part in zip(*(predicted(one, inputs) for one in ensemble.members), strict=True))
    weights = np.broadcast_to(shares(ensemble), each.shape)
    noise, far = np.array([[one.noise] for one in ensemble.members]), distance(ensemble.fitted_on, inputs)
    found = widths(each, error, weights=weights, noise=noise, distance=far)
    half = factor(ensemble.misses, level=level) * found.width
    return Outlook(found.loss, NormalDist().inv_cdf((1 + level) / 2) * found.known, half, each, weights)


def shares(ensemble: Ensemble) -> Array:
    """Return the weight of each law that could be fitted to all runs, (members, 1): they add up to 1."""
    places = [ensemble.backtest.members.index(one.label) for one in ensemble.members]
    return weights_of(ensemble.errors._replace(squares=ensemble.errors.squares[places]))


def scale(ensemble: Ensemble) -> float:
    """Return how large past errors were beside the width they were given.

    By so much a normal interval of the ordinary level is to be widened.
    """
    return factor(ensemble.misses, level=LEVEL) / NormalDist().inv_cdf((1 + LEVEL) / 2)


def nudged(ensemble: Ensemble, step: float) -> list[tuple[Law, Array]]:
    """Return each law's parameter values, so many standard errors up (first half) and down each axis of its errors."""
    found = []
    for member in ensemble.members:
        lengths, axes = np.linalg.eigh(member.covariance)
        steps = step * (axes * np.sqrt(np.maximum(lengths, 0.0))).T
        theta = member.theta + np.concatenate([steps, -steps])
        found.append((member.law, member.problem.natural(theta.clip(member.problem.lower, member.problem.upper))))
    return found


def values(ensemble: Ensemble) -> list[tuple[Law, Array]]:
    """Return each law's best parameter values on all runs, as one row (1, parameters)."""
    return [(one.law, one.values) for one in ensemble.members]


class Evidence(NamedTuple):
    """What stands behind a source: itself backtested, and several laws on the same runs; None without runs."""

    own: Ensemble | None
    laws: Predictor | None


UNTESTED = Evidence(None, None)
"""No backtest and no other law: intervals are statistical."""


def evidence(source: Predictor, laws: Predictor | None = None) -> Evidence:
    """Return what stands behind a source: its backtest, and several laws on its runs unless they are at hand."""
    if isinstance(source, Ensemble):
        return Evidence(source, source)
    runs = source.runs
    if not isinstance(source, Fit) or runs is None:
        return UNTESTED
    pair = {"N", "D"} <= set(runs.columns) and set(source.law.inputs) <= {"N", "D", "C"}
    if not pair or len(runs) < FEWEST_RUNS:
        return Evidence(alone(source), None)
    return Evidence(alone(source), laws or combine(runs))
