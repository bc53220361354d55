"""What past errors say of the next forecast: how much each law counts, and how wide its interval must be.

Both read the backtests an origin at a time, as the runs came: what a part of the runs says of the next ones is
what a forecast from that part would have said (`look_back`). Nothing is scored on an error that it was learnt from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.forecasting.backtest import FEWEST_ORIGINS
from isoflop.forecasting.constants import (
    CLIPPED,
    CLIPPED_SCALE,
    DRIFT,
    EXPECTED,
    NEAR_BY,
    ORIGIN_COUNTS,
    PRIOR_ORIGINS,
    PRIOR_SCALE,
    PRIOR_TESTS,
    SCALE_NEAR,
    SHARPNESS,
)
from isoflop.forecasting.weighing import weigh
from isoflop.formula.arrays import student

if TYPE_CHECKING:
    from isoflop.forecasting.backtest import Backtest
    from isoflop.formula.arrays import Array, Labels


class PastErrors(NamedTuple):
    """Mean squares of past errors, one for each origin and each budget beyond it.

    origin, beyond  (groups,): which origin, and how many decades of compute beyond its runs
    squares         (members, groups), each error counted as 10 % at most; nan where a law could not be fitted
    """

    origin: Labels
    beyond: Array
    squares: Array


class Widths(NamedTuple):
    """A forecast's log loss (targets,), the standard error if the laws are right, and that with all else unknown."""

    loss: Array
    known: Array
    width: Array


class PastMisses(NamedTuple):
    """Past errors over the width they were given, as mean squares: one for each origin and each budget beyond it.

    distance  (groups,): how far outside the runs of its origin, in any direction
    """

    origin: Labels
    distance: Array
    squares: Array


class LookedBack(NamedTuple):
    """What forecasts from each origin's part said of each run beyond it, (tests,).

    error   log loss forecast minus measured
    known   standard error if the laws are right
    width   standard error with all else unknown
    factor  by what the widths are to be multiplied for an interval of the level asked for
    misses  what is left for the next forecast to learn from
    """

    error: Array
    known: Array
    width: Array
    factor: Array
    misses: PastMisses


def past_errors(past: Backtest) -> PastErrors:
    """Return the mean squared errors of each law at each origin and budget."""
    origin, group, beyond = _groups(past.origin, past.budget, past.beyond)
    squares = np.minimum(np.abs(past.error), CLIPPED) ** 2
    return PastErrors(origin, beyond, np.array([_mean(row, group) for row in squares]).reshape(len(squares), -1))


def shares(errors: PastErrors, beyond: Array) -> Array:
    """Return the weight of each law so many decades of compute beyond the runs, (members, targets).

    Columns add up to 1.

    m_l = (Σ_g k_g e²_lg + t ε²) / (Σ_g k_g + t),  k_g = exp(-|d_g - d| / h),  weight ∝ 1 / m_l²
    """
    near = np.exp(-np.abs(errors.beyond[None, :] - beyond[:, None]) / NEAR_BY)
    return weigh(errors.squares, near, expected=EXPECTED**2, count=PRIOR_TESTS, sharpness=SHARPNESS)


def widths(each: Array, error: Array, *, weights: Array, noise: Array, distance: Array) -> Widths:
    """Return mean, standard error with noise, and the same with law spread and drift, from (members, targets).

    W² = Σ w (se² + noise²) + Σ w (L_l - L)² + (drift · d)²
    """
    mean = (weights * each).sum(axis=0)
    between = (weights * (each - mean) ** 2).sum(axis=0)
    within = (weights * (error**2 + noise**2)).sum(axis=0)
    return Widths(mean, np.sqrt(within), np.sqrt(within + between + (DRIFT * distance) ** 2))


def factors(misses: PastMisses, distance: Array, *, level: float) -> Array:
    """Return by what each target's width is to be multiplied, (targets,), for an interval of this level.

    r_o² = Σ_b k_b r²_ob / Σ_b k_b,  a_o = max_b k_b / 2,  s² = (m · p² + Σ a_o r_o²) / (m + Σ a_o)
    The factor is s times Student's t with m + Σ a_o degrees of freedom; once two origins speak, no less than the
    root mean square of the runs' own past errors, in widths.
    """
    own, known = np.zeros(distance.size), np.zeros(distance.size)
    for origin in np.unique(misses.origin):
        mine = misses.origin == origin
        near = np.exp(-np.abs(misses.distance[mine][None, :] - distance[:, None]) / SCALE_NEAR)
        counts = ORIGIN_COUNTS * near.max(axis=1)
        own += counts * (near @ misses.squares[mine]) / np.maximum(near.sum(axis=1), 1e-300)
        known += counts
    freedom = PRIOR_ORIGINS + known
    made = np.sqrt((PRIOR_ORIGINS * PRIOR_SCALE**2 + own) / freedom) * _student(freedom, level)
    enough = known >= FEWEST_ORIGINS * ORIGIN_COUNTS
    return np.asarray(np.where(enough, np.maximum(made, np.sqrt(own / np.maximum(known, 1e-300))), made))


def look_back(past: Backtest, *, level: float) -> LookedBack:
    """Return what a forecast from each origin's part alone said of the runs beyond it, weights and widths and all."""
    errors, count = past_errors(past), past.row.size
    top = np.array([past.budget[past.origin == one].min() for one in range(len(past.cuts))], dtype=np.int64)
    origin, group, distance = _groups(past.origin, past.budget, past.distance)
    budget = _groups(past.origin, past.budget, past.budget.astype(float))[2]
    found, squares = np.zeros((4, count)), np.zeros(origin.size)
    for one in range(len(past.cuts)):
        here, seen = past.origin == one, (origin < one) & (budget < top[one] - 0.5)
        before = PastErrors(origin[seen], errors.beyond[seen], errors.squares[:, seen])
        far, fitted = past.distance[here], np.isfinite(past.error[:, here])
        weights = shares(before, past.beyond[here]) * fitted
        each, spread, noise = (np.where(fitted, part[:, here], 0.0) for part in (past.error, past.spread, past.noise))
        made = widths(each, spread, weights=weights / weights.sum(axis=0), noise=noise, distance=far)
        factor = factors(PastMisses(origin[seen], distance[seen], squares[seen]), far, level=level)
        found[:, here] = (*made, factor)
        ratio = np.minimum(np.abs(made.loss) / made.width, CLIPPED_SCALE) ** 2
        squares[origin == one] = _mean(ratio, group[here] - group[here].min())
    error, known, width, factor = found
    return LookedBack(error, known, width, factor, PastMisses(origin, distance, squares))


def _groups(origin: Labels, budget: Labels, values: Array) -> tuple[Labels, Labels, Array]:
    """Return each group's origin (groups,), each test's group (tests,), and the mean of values in each group."""
    span = int(budget.max(initial=0)) + 1
    keys, group = np.unique(origin * span + budget, return_inverse=True)
    return (keys // span).astype(np.int64), group, _mean(values, group)


def _mean(values: Array, group: Labels) -> Array:
    return np.asarray(np.bincount(group, weights=values) / np.bincount(group)) if group.size else np.zeros(0)


def _student(freedom: Array, level: float) -> Array:
    """Return Student's t for degrees of freedom that need not be whole, in between by a straight line."""
    whole = np.floor(freedom).astype(int)
    known = {one: student(level, one) for one in {*whole.tolist(), *(whole + 1).tolist()}}
    low, high = (np.array([known[one + more] for one in whole.tolist()]) for more in (0, 1))
    return np.asarray(low + (freedom - whole) * (high - low))
