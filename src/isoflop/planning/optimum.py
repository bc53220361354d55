"""Where the best run for a budget lies, and how far the draws and other laws put it elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.estimate import Estimate, from_draws
from isoflop.forecasting.ensemble import Evidence
from isoflop.forecasting.intervals import COUNTS
from isoflop.forecasting.sizes import size_error
from isoflop.formula.arrays import Array

FLAT = 1e-3
"""The share of loss that the flat range of N may give up."""
_NORMAL = np.array([NormalDist().inv_cdf((place + 0.5) / 400) for place in range(400)])
"""Points that spread as a standard normal."""


class Spread(NamedTuple):
    """log N of the best allocation of each budget, how draws differ from it, what other laws say, and its error.

    best, error (budgets,), draws (draws, budgets), others (laws, budgets); nan where a law does not count
    bounds    the least and the largest log N that the terms allow, (budgets,) each
    together  whether several laws on the same runs plan: then the calibrated interval is the one to show
    """

    best: Array
    draws: Array
    others: Array
    error: Array
    bounds: tuple[Array, Array]
    together: bool = False


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
    low, high = (end[:, 0] for end in line.terms.span(flops[:, None]))
    return Spread(best, draws, each, unknown, (low, high), together=behind.own is line.by)


def calibrated(found: Spread, behind: Evidence, flops: Array) -> Spread:
    """Return the spread with the standard error of log N that plans have had at held-out budgets of public tables."""
    laws = behind.laws or behind.own
    if not len(found.draws) or laws is None:
        return found
    decades = np.maximum(np.log10(flops / laws.fitted_on["C"][1]), 0.0)
    weights = laws.shares({"C": flops})
    with np.errstate(all="ignore"):
        apart = np.where(np.isnan(found.others), 0.0, weights * (found.others - found.best) ** 2).sum(axis=0)
    noise = found.draws.std(axis=0)
    return found._replace(error=np.where(noise > 0, size_error(noise, apart, decades), 0.0))  # 0 where terms settle it


def quantity(found: Spread, of: Callable[[Array], Array], level: float) -> list[Estimate]:
    """Return one quantity of the plan of each budget, as a function of log N (…, budgets), with its intervals."""
    with np.errstate(all="ignore"):  # a size that no run determines may lie anywhere: its tokens overflow to inf
        best, kinds = of(found.best), {
            "statistical": of(np.clip(found.best + found.draws, *found.bounds)),
            "calibrated": of(np.clip(found.best + _NORMAL[:, None] * found.error, *found.bounds)),
            "laws": of(found.others),
        }  # fmt: skip
    return [
        _estimate(
            float(value), {kind: points[:, place] for kind, points in kinds.items()}, level, together=found.together
        )
        for place, value in enumerate(best)
    ]


def _estimate(value: float, kinds: Mapping[str, Array], level: float, *, together: bool) -> Estimate:
    found: dict[str, tuple[float, float]] = {}
    for kind, points in kinds.items():
        inside = level if kind != "laws" else 1 - 1e-9
        one = from_draws(value, points, inside)
        found[kind] = (one.low, one.high)
    (low, high), (least, most) = found["statistical"], found["calibrated"]  # what past errors ask for is never less
    found["calibrated"] = (float(np.minimum(low, least)), float(np.maximum(high, most)))
    if together:
        return Estimate(value, *found["calibrated"], level, found)
    low, high = (pick.reduce([ends[side] for ends in found.values()]) for side, pick in ((0, np.fmin), (1, np.fmax)))
    return Estimate(value, float(low), float(high), level, found)
