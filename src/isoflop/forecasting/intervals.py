"""The three intervals of a forecast: statistical, calibrated by backtests, and the spread of laws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isoflop.forecasting.ensemble import Evidence, outlook
from isoflop.formula.arrays import Array, student

if TYPE_CHECKING:
    from isoflop.forecasting.predictor import Predictor

KINDS = {
    "statistical": "if the law is right and runs scatter as before",
    "calibrated": "if it errs as in its own and in public backtests",
    "laws": "wherever one of the laws puts it",
}
"""The kinds of interval, and what each assumes."""

COUNTS = 0.05
"""A law with less than this share of the weight does not widen the spread of laws."""

Ends = tuple["Array", "Array"]
"""The lower and the upper ends (points,) of some intervals."""


def intervals(
    source: Predictor, behind: Evidence, at: Mapping[str, Array], *, level: float
) -> tuple[Array, dict[str, Ends]]:
    """Return the log loss (points,) and each kind of interval around the loss; a single curve has none."""
    value = source.log_loss(at)
    together = behind.own is source
    if together and behind.own is not None:
        found = outlook(behind.own, at, level=level)
        halves = {"statistical": found.statistical, "calibrated": found.calibrated}
    else:
        error = source.standard_error(at)
        known = student(level, source.freedom) * error
        tested = _calibrated(behind, at, level=level)
        halves = {} if np.isnan(error).all() else {"statistical": known, "calibrated": tested}
    kinds = {kind: (value - half, value + half) for kind, half in halves.items()}
    if (spread := laws_apart(source, behind, at, value=value)) or halves:
        kinds["laws"] = spread or (np.full(value.shape, np.nan), np.full(value.shape, np.nan))
    with np.errstate(over="ignore"):  # an interval may reach to infinity
        return value, {kind: (np.exp(low), np.exp(high)) for kind, (low, high) in kinds.items()}


def _calibrated(behind: Evidence, at: Mapping[str, Array], *, level: float) -> Array:
    """Return half the interval of one fit that its own past errors call for; nan without backtests."""
    if behind.own is None:
        return np.full(next(iter(at.values())).shape, np.nan)
    return outlook(behind.own, at, level=level).calibrated


def laws_apart(source: Predictor, behind: Evidence, at: Mapping[str, Array], *, value: Array) -> Ends | None:
    """Return the least and the largest log loss by any law that counts, the value among them; None without others.

    They are the laws fitted to the same runs, or the other published curves.
    """
    others = behind.laws if behind.laws is not None and {"N", "D"} <= set(at) else None
    if others is None and len(source.curves) == 1:
        return None
    each = source.each_law(at) if others is None else np.where(others.shares(at) >= COUNTS, others.each_law(at), value)
    return np.minimum(each.min(axis=0), value), np.maximum(each.max(axis=0), value)


def headline(source: Predictor, behind: Evidence, kinds: Mapping[str, Ends], *, count: int) -> Ends:
    """Return the widest interval; for several laws together the calibrated one, which holds their spread already."""
    if not kinds:
        return np.full(count, np.nan), np.full(count, np.nan)
    if behind.own is source:
        return kinds["calibrated"]
    lows, highs = (np.array([ends[side] for ends in kinds.values()]) for side in (0, 1))
    return np.asarray(np.fmin.reduce(lows)), np.asarray(np.fmax.reduce(highs))
