"""Fit the small runs, score on the larger ones, again and again: what the errors beyond the runs have been.

Rolling origin: the runs are ordered by compute (or by the input along which one extrapolates), cut at the
end of a budget, fitted up to the cut and scored on all runs beyond it. Rows that share a run are never
parted. Nothing beyond a cut is known at it: the part is fitted as if it were the whole table, and the cuts
of a part are those of the whole that lie within it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from isoflop.data.runs import Runs
from isoflop.data.runs.costs import reach_of
from isoflop.display import Bar
from isoflop.forecasting.baselines import baselines
from isoflop.forecasting.extrapolation import distance
from isoflop.forecasting.priors import Member, predicted
from isoflop.formula.arrays import Array, Labels
from isoflop.quantities import decades_of

FEWEST_FITTED = 8
FEWEST_ORIGINS = 2
"""With fewer origins than this, one's own past errors say next to nothing of an interval."""
GAP, WIDEST = 0.08, 0.3
"""Decades of compute: a gap that parts two budgets, and the widest one budget may be."""
APART = 0.1
"""The cut after the k-th lies at least k times so many decades beyond it: many budgets need no more fits than few."""
MOST_OF_BUDGET = 300
"""Runs of one budget that are read; of more, an even share."""

Fitter = Callable[["Runs", Sequence[Member]], tuple[Member, ...]]
"""What fits the laws to runs, told what it found on a smaller part of them."""


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """Errors beyond the runs that were fitted, one for each pair of an origin and a larger run.

    members    the laws' labels
    origin     (tests,): the number of the origin
    cuts       (origins,): the decimal logarithm of the largest compute fitted
    row        (tests,): the position of the scored run
    budget     (tests,): the number of its budget, from the smallest
    decades    (tests,): how far beyond the fitted runs it lies in compute, or in what is extrapolated
    distance   (tests,): how far outside them it lies in any direction
    error      (members, tests): log loss forecast minus measured; nan where a law could not be fitted
    spread     (members, tests): standard error of the forecast, if the law is right
    noise      (members, tests): standard deviation of a new run, as the fitted runs have it
    baselines  baseline → (tests,): its error
    along      what is extrapolated: C, N, D or another input
    """

    members: tuple[str, ...]
    origin: Labels
    cuts: Array
    row: Labels
    budget: Labels
    decades: Array
    distance: Array
    error: Array
    spread: Array
    noise: Array
    baselines: Mapping[str, Array] = field(default_factory=dict)
    along: str = "C"

    @property
    def calibrates(self) -> bool:
        """Return whether there are enough origins for past errors to say something of an interval."""
        return len(self.cuts) >= FEWEST_ORIGINS


class _Scored(NamedTuple):
    """One origin's forecasts of the runs beyond it: error, spread, noise, each (members, tests), and what else."""

    row: Labels
    distance: Array
    error: Array
    spread: Array
    noise: Array
    baselines: Mapping[str, Array]


def roll(
    fitter: Fitter, runs: Runs, *, along: str = "C", need: int = FEWEST_FITTED
) -> tuple[Backtest, tuple[tuple[Member, ...], ...]]:
    """Score the laws on runs larger than those they are fitted to, from every origin the runs allow.

    need  the fewest runs to fit

    Returns the errors, and the fits to each origin's part and, last, to all runs.
    """
    axis = axis_of(runs, along)
    cuts, fits = origins(axis, need), list[tuple[Member, ...]]()
    before: tuple[Member, ...] = ()
    with Bar("looking back at smaller runs") as look:
        for cut in cuts.tolist():
            look(len(fits), len(cuts))
            before = fitter(runs.take(axis <= cut + 1e-9), before)
            fits.append(before)
    fits.append(fitter(runs, before))
    labels = tuple(dict.fromkeys(one.label for fit in fits for one in fit))
    scored = [_score(fit, labels, runs, axis=axis, cut=cut) for fit, cut in zip(fits, cuts.tolist(), strict=False)]
    row = _joined([one.row for one in scored], np.zeros(0, dtype=np.int64))
    origin = np.repeat(np.arange(len(cuts)), [one.row.size for one in scored])
    none = np.zeros((len(labels), 0))
    past = Backtest(
        members=labels, origin=origin, cuts=cuts, row=row, budget=budgets_of(axis)[row],
        decades=axis[row] - cuts[origin], distance=_joined([one.distance for one in scored], np.zeros(0)),
        error=_joined([one.error for one in scored], none), spread=_joined([one.spread for one in scored], none),
        noise=_joined([one.noise for one in scored], none),
        baselines={
            name: np.concatenate([one.baselines[name] for one in scored])
            for name in (scored[0].baselines if scored else ())
        },
        along=along,
    )  # fmt: skip
    return past, tuple(fits)


def _joined(parts: Sequence[Any], none: Any) -> Any:
    """Return arrays joined along their last axis, or an empty one where there are none."""
    return np.concatenate(parts, axis=-1) if parts else none


def _score(fit: Sequence[Member], labels: Sequence[str], runs: Runs, *, axis: Array, cut: float) -> _Scored:
    part = axis <= cut + 1e-9
    row = np.flatnonzero(~part)
    inputs = list(fit[0].law.inputs)
    keys = [key for key in ("N", "D") if key in runs] or inputs
    wanted = dict.fromkeys(["loss", *inputs, *(key for key in ("N", "D", "C") if key in runs)])
    fitted, beyond = ({key: runs[key][rows] for key in wanted} for rows in (part, row))
    target, error, spread, noise = np.log(beyond["loss"]), *(np.full((len(labels), row.size), np.nan) for _ in "123")
    for one in fit:
        place = labels.index(one.label)
        value, spread[place] = predicted(one, beyond)
        error[place], noise[place] = value - target, one.noise
    guessed = baselines(
        {key: fitted[key] for key in keys}, fitted["loss"], axis[part], at={key: beyond[key] for key in keys}
    )
    reach = fitted | {key: values[part] for key, values in reach_of(runs).items()}
    span = {key: (float(column.min()), float(column.max())) for key, column in reach.items() if key != "loss"}
    at = {key: beyond[key] for key in inputs}
    guessed = {name: value - target for name, value in guessed.items()}
    return _Scored(row, distance(span, at), error, spread, noise, guessed)


def axis_of(runs: Runs, along: str) -> Array:
    """Return the decimal logarithm of what is extrapolated, (runs,); for rows that share a run, the run's largest.

    A year of dates counts as half a decade.
    """
    axis, shared = np.asarray(decades_of(along, runs[along])), runs.clusters
    if shared is None:
        return axis
    largest = np.full(int(shared.max()) + 1, -np.inf)
    np.maximum.at(largest, shared, axis)
    return np.asarray(largest[shared])


def origins(axis: Array, need: int) -> Array:
    """Return where to cut (origins,): ends of budgets that leave `need` runs of two budgets before them, one beyond.

    Runs of one budget do not say how the loss falls with compute. Which cuts are taken does not depend on what
    lies beyond them.
    """
    kept: list[float] = []
    for end in budget_ends(axis)[1:]:
        if np.count_nonzero(axis <= end + 1e-9) >= need and (not kept or end - kept[-1] >= APART * len(kept)):
            kept.append(end)
    return np.array(kept, dtype=float)


def budget_ends(axis: Array) -> list[float]:
    """Return where each budget but the largest ends, in the decades of the axis (runs,)."""
    ordered = np.sort(axis)
    ends, first = [], ordered[0]
    for before, after in pairwise(ordered.tolist()):
        if after - before > GAP or after - first > WIDEST:
            ends.append(before)
            first = after
    return ends


def budgets_of(axis: Array) -> Labels:
    """Return the number of each run's budget (runs,), from the smallest."""
    return np.searchsorted(np.array(budget_ends(axis)) + 1e-9, axis, side="left").astype(np.int64)


def thinned(runs: Runs, along: str) -> Runs:
    """Return the runs with an even share of those budgets that have very many."""
    budget = budgets_of(axis_of(runs, along))
    if np.bincount(budget).max() <= MOST_OF_BUDGET:
        return runs
    keep = np.zeros(len(runs), dtype=bool)
    for number in np.unique(budget):
        rows = np.flatnonzero(budget == number)
        keep[rows[:: -(-rows.size // MOST_OF_BUDGET)]] = True
    return runs.take(keep)
