"""Fit the small runs, score on the larger ones, again and again: what the errors beyond the runs have been.

Rolling origin: the runs are ordered by compute (or by the input along which one extrapolates), cut at the
end of each budget, fitted up to the cut and scored on all runs beyond it. Rows that share a run are never
parted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from isoflop.forecasting.baselines import baselines
from isoflop.forecasting.priors import Member, predicted, solved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.data.runs import Runs

    Array = NDArray[np.float64]

FEWEST_FITTED, MOST_ORIGINS = 8, 6
FEWEST_ORIGINS = 2
"""With fewer origins than this, an interval is called uncalibrated."""
GAP, WIDEST = 0.08, 0.3
"""Decades of compute: a gap that parts two budgets, and the widest one budget may be."""
MOST_TESTS = 1_000
"""Scored rows of one origin; of more, an even share is scored."""


@dataclass(frozen=True)
class Backtest:
    """Errors beyond the runs that were fitted, one for each pair of an origin and a larger run.

    members    the laws' names
    origin     (tests,): the number of the origin
    cuts       (origins,): the decimal logarithm of the largest compute fitted
    row        (tests,): the position of the scored run
    decades    (tests,): how far beyond the fitted runs it lies
    error      (members, tests): log loss forecast minus measured
    spread     (members, tests): standard error of the forecast, if the law is right
    theta      (origins, parameters) of each member: its fitted coordinates at each origin
    noise      (members,): standard deviation of the residuals in log loss
    baselines  baseline → (tests,): its error
    along      what is extrapolated: C, N, D or another input
    """

    members: tuple[str, ...]
    origin: NDArray[np.int64]
    cuts: Array
    row: NDArray[np.int64]
    decades: Array
    error: Array
    spread: Array
    theta: tuple[Array, ...]
    noise: Array
    baselines: Mapping[str, Array] = field(default_factory=dict)
    along: str = "C"

    @property
    def calibrates(self) -> bool:
        """Say whether there are enough origins to calibrate an interval."""
        return len(self.cuts) >= FEWEST_ORIGINS


def roll(members: Sequence[Member], runs: Runs, *, along: str = "C") -> Backtest:
    """Score each member on runs larger than those it was fitted to, from every origin the runs allow."""
    axis = axis_of(runs, along)
    need = max([FEWEST_FITTED, *(one.theta.size + 3 for one in members if one.problem.prior is None)])
    cuts = origins(axis, need)
    fitted = axis <= cuts[:, None] + 1e-9
    tests = [_some(np.flatnonzero(~part)) for part in fitted]
    origin = np.repeat(np.arange(len(cuts)), [rows.size for rows in tests])
    row = np.concatenate([*tests, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    shape = (len(members), row.size)
    error, spread, theta = np.zeros(shape), np.zeros(shape), []
    for position, member in enumerate(members if row.size else ()):
        found = solved(member, fitted.astype(float))
        theta.append(found.theta)
        values, errors = predicted(member, found, member.problem.inputs)
        error[position] = values[origin, row] - np.log(runs["loss"])[row]
        spread[position] = errors[origin, row]
    return Backtest(
        members=tuple(one.law.name for one in members),
        origin=origin,
        cuts=cuts,
        row=row,
        decades=axis[row] - cuts[origin],
        error=error,
        spread=spread,
        theta=tuple(theta),
        noise=np.array([one.noise for one in members]),
        baselines=_baselines(members[0], runs, axis=axis, fitted=fitted, tests=tests) if row.size else {},
        along=along,
    )


def axis_of(runs: Runs, along: str) -> Array:
    """Give the decimal logarithm of what is extrapolated, (runs,); for rows that share a run, the run's largest."""
    axis, shared = np.asarray(np.log10(runs[along])), runs.clusters
    if shared is None:
        return axis
    largest = np.full(int(shared.max()) + 1, -np.inf)
    np.maximum.at(largest, shared, axis)
    return np.asarray(largest[shared])


def origins(axis: Array, need: int) -> Array:
    """Give where to cut (origins,): the ends of budgets that leave `need` runs of two budgets before them, one beyond.

    Runs of one budget do not say how the loss falls with compute.
    """
    usable = [end for end in budget_ends(axis)[1:] if np.count_nonzero(axis <= end) >= need]
    if len(usable) > MOST_ORIGINS:
        chosen = np.round(np.linspace(0, len(usable) - 1, MOST_ORIGINS)).astype(int)
        usable = [usable[position] for position in chosen.tolist()]
    return np.array(usable, dtype=float)


def budget_ends(axis: Array) -> list[float]:
    """Give where each budget but the largest ends, in the decades of the axis (runs,)."""
    ordered = np.sort(axis)
    ends, first = [], ordered[0]
    for before, after in pairwise(ordered.tolist()):
        if after - before > GAP or after - first > WIDEST:
            ends.append(before)
            first = after
    return ends


def _some(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[:: max(1, math.ceil(rows.size / MOST_TESTS))]


def _baselines(
    member: Member, runs: Runs, *, axis: Array, fitted: NDArray[np.bool_], tests: list[NDArray[np.int64]]
) -> dict[str, Array]:
    keys = [key for key in ("N", "D") if key in runs] or list(member.law.inputs)
    columns = {key: runs[key] for key in keys}
    found: list[dict[str, Array]] = []
    for part, rows in zip(fitted, tests, strict=True):
        kept = {key: column[part] for key, column in columns.items()}
        at = {key: column[rows] for key, column in columns.items()}
        guessed = baselines(kept, runs["loss"][part], axis[part], at=at)
        found.append({name: value - np.log(runs["loss"][rows]) for name, value in guessed.items()})
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}
