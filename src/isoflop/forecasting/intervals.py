"""The three intervals of a forecast: statistical, calibrated by backtests, and the spread of laws."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from isoflop.estimate import student
from isoflop.fitting.fit import Fit
from isoflop.forecasting.constants import DRIFT
from isoflop.forecasting.ensemble import Ensemble, Evidence, Outlook, outlook, scale
from isoflop.forecasting.source import Settled, log_loss
from isoflop.formula import dual
from isoflop.formula.law import Curve, Several

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

KINDS = {
    "statistical": "if the law is right and runs scatter as before",
    "calibrated": "if it errs as it did in backtests on these runs",
    "laws": "wherever one of the laws puts it",
}
"""The kinds of interval, and what each assumes."""

COUNTS = 0.05
"""A law with less than this share of the weight does not widen the spread of laws."""

_Ends = tuple["Array", "Array"]


def intervals(
    source: Settled, behind: Evidence, columns: Mapping[str, Array], *, far: Array, level: float
) -> tuple[Array, dict[str, _Ends]]:
    """Give the log loss (targets,) and each kind of interval around the loss; a curve has none."""
    if isinstance(source, Curve):
        return log_loss(source, columns), {}
    if isinstance(source, Several):
        each = np.array([log_loss(one, columns) for one in source.curves])
        return each[0], {"laws": (np.exp(each.min(axis=0)), np.exp(each.max(axis=0)))}
    near = np.where(np.isfinite(far), far, 0.0)
    laws: Outlook | None = None
    if isinstance(source, Ensemble):
        laws = outlook(source, columns, near, level=level)
        value, statistical, calibrated = laws[:3]
    else:
        if behind.laws and {"N", "D"} <= set(columns):
            laws = outlook(behind.laws, columns, near, level=level)
        value = log_loss(source, columns)
        statistical = _reach(source, columns, level)
        calibrated = np.full(value.shape, np.nan)
        if behind.own is not None and behind.own.backtest.calibrates:
            drift = NormalDist().inv_cdf((1 + level) / 2) * DRIFT * near
            calibrated = scale(behind.own, near) * np.hypot(statistical, drift)
    kinds = {"statistical": (value - statistical, value + statistical)}
    kinds["calibrated"] = (value - calibrated, value + calibrated)
    kinds["laws"] = (np.full(value.shape, np.nan), np.full(value.shape, np.nan))
    if laws is not None:
        counted = np.where(laws.weights >= COUNTS, laws.each, value)
        kinds["laws"] = (np.minimum(counted.min(axis=0), value), np.maximum(counted.max(axis=0), value))
    with np.errstate(over="ignore"):  # an interval may reach to infinity
        return value, {kind: (np.exp(low), np.exp(high)) for kind, (low, high) in kinds.items()}


def headline(source: Settled, kinds: Mapping[str, _Ends], count: int) -> _Ends:
    """Give the widest interval; for several laws together the calibrated one, which holds their spread already."""
    if not kinds:
        return np.full(count, np.nan), np.full(count, np.nan)
    if isinstance(source, Ensemble):
        return kinds["calibrated"]
    lows, highs = (np.array([ends[side] for ends in kinds.values()]) for side in (0, 1))
    return np.asarray(np.fmin.reduce(lows)), np.asarray(np.fmax.reduce(highs))


def _reach(source: Fit, columns: Mapping[str, Array], level: float) -> Array:
    """Give half the statistical interval's width in log loss, for each row."""
    shape = next(iter(columns.values())).shape
    law = source.curve.law
    given = {key: np.asarray(value) for key, value in source.curve.values.items()} | dict(columns)
    value, slopes = dual.gradient(law.formula, given, tuple(law.parameters))
    zero = np.zeros(shape)
    gradient = np.array([np.broadcast_to(slopes.get(key, zero) / value, shape) for key in law.parameters])
    with np.errstate(all="ignore"):
        variance = np.einsum("pn,pq,qn->n", gradient, source.covariance, gradient) + source.noise**2
    return np.asarray(student(level, source.freedom) * np.sqrt(np.maximum(variance, 0.0)))
