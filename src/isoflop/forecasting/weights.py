"""What past errors say of the next forecast: how much each law counts, and how wide its interval must be.

Both read the backtests an origin at a time, as the runs came: what a part of the runs says of the next ones is
what a forecast from that part would have said (`look_back`). Nothing is scored on an error that it was learnt from.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from isoflop.forecasting.backtest import FEWEST_ORIGINS, Backtest
from isoflop.forecasting.constants import CLIPPED_SCALE, DRIFT, EXPECTED, PRIOR_ORIGINS, PRIOR_SCALE, PRIOR_TESTS
from isoflop.forecasting.weighing import weigh
from isoflop.formula.arrays import Array, Labels, student


class PastErrors(NamedTuple):
    """Mean squares of past errors, one for each origin and each budget beyond it.

    origin   (groups,): which origin
    squares  (members, groups); nan where a law could not be fitted
    """

    origin: Labels
    squares: Array


class Widths(NamedTuple):
    """A forecast's log loss (targets,), the standard error if the laws are right, and that with all else unknown."""

    loss: Array
    known: Array
    width: Array


class PastMisses(NamedTuple):
    """Past errors over the width they were given, as mean squares (groups,): one for each origin and budget beyond."""

    origin: Labels
    squares: Array


class LookedBack(NamedTuple):
    """What forecasts from each origin's part said of each run beyond it, (tests,).

    error   log loss forecast minus measured
    known   standard error if the laws are right
    width   standard error with all else unknown
    factor  by what its origin's widths are to be multiplied for an interval of the level asked for
    misses  what is left for the next forecast to learn from
    """

    error: Array
    known: Array
    width: Array
    factor: Array
    misses: PastMisses


def past_errors(past: Backtest) -> PastErrors:
    """Return the mean squared errors of each law at each origin and budget."""
    origin, _, group = _groups(past)
    return PastErrors(origin, np.array([_mean(row, group) for row in past.error**2]).reshape(len(past.error), -1))


def shares(errors: PastErrors) -> Array:
    """Return the weight of each law, (members, 1): they add up to 1.

    m_l = (Σ_g e²_lg + t ε²) / (n + t) over n groups,  weight ∝ 1 / m_l  (Bates and Granger 1969)
    """
    every = np.ones((1, errors.origin.size))
    return weigh(errors.squares, every, expected=EXPECTED**2, count=PRIOR_TESTS, sharpness=1.0)


def widths(each: Array, error: Array, *, weights: Array, noise: Array, distance: Array) -> Widths:
    """Return mean, standard error with noise, and the same with law spread and drift, from (members, targets).

    W² = Σ w (se² + noise²) + Σ w (L_l - L)² + (drift · d)²
    """
    mean = (weights * each).sum(axis=0)
    between = (weights * (each - mean) ** 2).sum(axis=0)
    within = (weights * (error**2 + noise**2)).sum(axis=0)
    return Widths(mean, np.sqrt(within), np.sqrt(within + between + (DRIFT * distance) ** 2))


def factor(misses: PastMisses, *, level: float) -> float:
    """Return by what a forecast's width is to be multiplied for an interval of this level.

    s² = (m · p² + Σ_o r_o²) / (m + n),  r_o² the mean square over the budgets beyond the o-th of n origins
    The factor is s times Student's t with m + n degrees of freedom; once two origins speak, no less than the
    root mean square of the runs' own past errors, in widths.
    """
    own = [float(misses.squares[misses.origin == one].mean()) for one in np.unique(misses.origin)]
    freedom = PRIOR_ORIGINS + len(own)
    made = math.sqrt((PRIOR_ORIGINS * PRIOR_SCALE**2 + sum(own)) / freedom) * student(level, freedom)
    return made if len(own) < FEWEST_ORIGINS else max(made, math.sqrt(sum(own) / len(own)))


def look_back(past: Backtest, *, level: float) -> LookedBack:
    """Return what a forecast from each origin's part alone said of the runs beyond it, weights and widths and all."""
    errors, count = past_errors(past), past.row.size
    top = np.array([past.budget[past.origin == one].min() for one in range(len(past.cuts))], dtype=np.int64)
    origin, budget, group = _groups(past)
    found, squares = np.zeros((4, count)), np.zeros(origin.size)
    for one in range(len(past.cuts)):
        here, seen = past.origin == one, (origin < one) & (budget < top[one])
        fitted = np.isfinite(past.error[:, here])
        weights = shares(PastErrors(origin[seen], errors.squares[:, seen])) * fitted
        each, spread, noise = (np.where(fitted, part[:, here], 0.0) for part in (past.error, past.spread, past.noise))
        made = widths(each, spread, weights=weights / weights.sum(axis=0), noise=noise, distance=past.distance[here])
        times = factor(PastMisses(origin[seen], squares[seen]), level=level)
        found[:, here] = (*made, np.full(made.loss.size, times))
        ratio = np.minimum(np.abs(made.loss) / made.width, CLIPPED_SCALE) ** 2
        squares[origin == one] = _mean(ratio, group[here] - group[here].min())
    return LookedBack(found[0], found[1], found[2], found[3], PastMisses(origin, squares))


def _groups(past: Backtest) -> tuple[Labels, Labels, Labels]:
    """Return the origin and the budget of each group (groups,), and which group each test is in (tests,)."""
    span = int(past.budget.max(initial=0)) + 1
    keys, group = np.unique(past.origin * span + past.budget, return_inverse=True)
    return keys // span, keys % span, group


def _mean(values: Array, group: Labels) -> Array:
    return np.asarray(np.bincount(group, weights=values) / np.bincount(group)) if group.size else np.zeros(0)
