"""Where the best run for a budget lies, and how far the draws and other laws put it elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.estimate import Estimate, from_draws
from isoflop.forecasting.ensemble import Evidence, scale
from isoflop.forecasting.intervals import COUNTS

if TYPE_CHECKING:
    from isoflop.formula.arrays import Array

FLAT = 1e-3
"""The share of loss that the flat range of N may give up."""
STRAYS = 0.15
"""By how much log N strays for a decade of compute: one standard deviation."""


class Spread(NamedTuple):
    """log N of the best allocation of each budget, how draws differ from it, what other laws say, how far to widen.

    best, factor (budgets,), draws (draws, budgets), others (laws, budgets); nan where a law does not count
    """

    best: Array
    draws: Array
    others: Array
    factor: Array


def spread(line: Allocation, behind: Evidence, flops: Array, *, most_draws: int | None = None) -> Spread:
    """Return where the best allocation of each budget (budgets,) lies, by the source, its draws, and other laws.

    most_draws  of a fit, how many are followed; all unless said
    """
    most = None if most_draws is None else 1 + most_draws
    best, unknown = line.best(flops), np.full(flops.size, math.nan)
    at = line.inputs(best, flops)
    others = behind.laws or (line.by if len(line.by.curves) > 1 else None)
    if others is None:
        each = np.zeros((0, flops.size))
    else:
        each = np.concatenate([np.log(line.sizes(one.law, one.row, flops)) for one in others.curves])
        if behind.laws is not None:
            each = np.where(behind.laws.shares(at) >= COUNTS, each, math.nan)
    draws = np.zeros((0, flops.size))
    if not np.isnan(line.by.standard_error(at)).all():  # else nobody knows how far the parameters may be off
        draws = line.by.draws_of(lambda law, rows: np.log(line.sizes(law, rows[:most], flops)), at)
    return Spread(best, draws, each, unknown)


def calibrated(found: Spread, behind: Evidence, decades: Array) -> Spread:
    """Give the spread, to be widened by past errors of the loss and by how far log N strays (one standard error)."""
    if not len(found.draws) or behind.own is None:
        return found
    factor, ordered = scale(behind.own, decades), np.sort(found.draws, axis=0)
    ends = ordered[[int(0.05 * (len(ordered) - 1)), int(0.95 * (len(ordered) - 1))]]
    error = (ends[1] - ends[0]) / (2 * NormalDist().inv_cdf(0.95))
    drift = STRAYS * decades
    with np.errstate(all="ignore"):
        wide = np.where(error > 0, np.hypot(factor, drift / error), factor)
    return found._replace(factor=np.where(factor > 0, wide, math.nan))


def quantity(found: Spread, of: Callable[[Array], Array], level: float) -> list[Estimate]:
    """Give one quantity of the plan of each budget, as a function of log N (…, budgets), with its intervals."""
    with np.errstate(all="ignore"):  # a size that no run determines may lie anywhere: its tokens overflow to inf
        best, kinds = of(found.best), {
            "statistical": of(found.best + found.draws),
            "calibrated": of(found.best + found.draws * found.factor),
            "laws": of(found.others),
        }  # fmt: skip
    return [
        _estimate(float(value), {kind: points[:, place] for kind, points in kinds.items()}, level)
        for place, value in enumerate(best)
    ]


def _estimate(value: float, kinds: Mapping[str, Array], level: float) -> Estimate:
    found = {}
    for kind, points in kinds.items():
        inside = level if kind != "laws" else 1 - 1e-9
        one = from_draws(value, points, inside)
        found[kind] = (one.low, one.high)
    low, high = (pick.reduce([ends[side] for ends in found.values()]) for side, pick in ((0, np.fmin), (1, np.fmax)))
    return Estimate(value, float(low), float(high), level, found)
