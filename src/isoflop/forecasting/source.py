"""What gives a forecast: a fit, published curves, or several laws on the same runs; and what it says of a loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isoflop.data.runs import Runs
from isoflop.errors import UsageError
from isoflop.estimate import refuse_level
from isoflop.fitting.fit import Fit
from isoflop.forecasting.ensemble import Ensemble, combine, mean_loss, shares
from isoflop.forecasting.extrapolation import decades
from isoflop.formula.law import Curve, Law, Several
from isoflop.laws import find_curve

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

Settled = Fit | Curve | Several | Ensemble
"""What gives a forecast: one fit, a published curve or several, or several laws on the same runs."""

Source = Settled | Runs
"""What can be asked for a forecast; runs are asked through several laws together."""


def curve_of(source: Fit | Curve | Several) -> Curve:
    """Give the curve of a fit, the curve itself, or the first of several."""
    if isinstance(source, Several):
        return source.curves[0]
    return source.curve if isinstance(source, Fit) else source


def name_of(source: Settled) -> str:
    """Give the name of a source, as answers bear it."""
    return source.name if isinstance(source, Ensemble | Several) else curve_of(source).name


def values_of(source: Fit | Curve | Several) -> Array:
    """Give the best parameter values as one row (1, parameters)."""
    return curve_of(source).row


def settle(source: Source | str) -> Settled:
    """Give what answers: a curve by its name, runs through several laws together, all else as it is."""
    named = find_curve(source) if isinstance(source, str) else source
    return combine(named) if isinstance(named, Runs) else named


def log_loss(source: Settled, columns: Mapping[str, Array]) -> Array:
    """Give the log of the loss expected at these inputs (targets,), without intervals."""
    if isinstance(source, Ensemble):
        return mean_loss(source, shares(source, decades(ranges(source.runs), columns)), columns)
    curve = curve_of(source)
    loss = curve(**{key: columns[key] for key in curve.law.inputs})
    with np.errstate(all="ignore"):
        return np.asarray(np.log(np.broadcast_to(loss, next(iter(columns.values())).shape)))


def ranges(runs: Runs) -> dict[str, tuple[float, float]]:
    """Give the least and the largest N, D and C of runs."""
    return {key: (float(runs[key].min()), float(runs[key].max())) for key in ("N", "D", "C")}


def refuse(law: Law, level: float) -> None:
    """Refuse a law of something else than loss, and a level that is none."""
    if law.output.name != "Nats":
        raise UsageError(f"law {law.name} gives {law.output.unit or law.output.name}, not a loss.")
    refuse_level(level)


def refuse_nonpositive(key: str, values: ArrayLike) -> None:
    """Refuse an input that is not a finite number above zero."""
    numbers = np.atleast_1d(np.asarray(values, float))
    bad = numbers[~((numbers > 0) & np.isfinite(numbers))]
    if bad.size:
        raise UsageError(f"{key}={bad[0]:g} must be a finite number above zero.")
