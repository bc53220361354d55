"""The figure of a Solution: the loss forecast along what was solved for, and where it reaches the loss asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.look import INK, LAW_COLOURS, QUIET, decades, head, lines_behind, of_ten, panel, ticks_apart
from isoflop.faces.plot.overview import AXES
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.solve import Solution, inverse_of
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_POINTS, _BESIDE, _FARTHEST = 81, 5.0, 1e3
"""Places drawn; times the interval's ends that are drawn beside it; times the value that is drawn at the most."""


def solution_figure(found: Solution) -> Figure:
    """Return the loss along the unknown with its interval, and the values that may reach the loss asked for.

    Raises UsageError where nothing, or anything, reaches it.
    """
    if found.answers is None or not 0 < found.value < math.inf:
        raise UsageError(f"{found.unknown} has no value to draw. The findings say why.")
    low, high = (min(max(end, found.value / _FARTHEST), found.value * _FARTHEST)
                 for end in np.nan_to_num([found.low, found.high], nan=found.value, posinf=math.inf))  # fmt: skip
    along = np.geomspace(low / _BESIDE, high * _BESIDE, _POINTS)
    inverse, source = inverse_of(found.unknown, found.answers, found.given), found.answers
    runs = [inverse.inputs(float(value)) for value in along]
    at = {key: np.array([run[key] for run in runs]) for key in runs[0]}
    losses = [one.loss for one in forecast_with(source, evidence(source), level=found.level, at=at)]
    middle, under, over = (np.array([getattr(one, part) for one in losses]) for part in ("value", "low", "high"))
    with panel(6.8, 4.4) as (figure, axes):
        axes.fill_between(along, under, over, color=LAW_COLOURS[0], alpha=0.15, linewidth=0, zorder=1)
        axes.plot(along, middle, color=LAW_COLOURS[0], linewidth=2, zorder=3)
        axes.axhline(found.loss, color=QUIET, linewidth=1, linestyle=(0, (4, 2)), zorder=2)
        axes.plot([low, high], [found.loss, found.loss], color=INK, linewidth=3, zorder=4)
        axes.plot(found.value, found.loss, "o", color=INK, markersize=8, zorder=5)
        axes.set(xscale="log", xlabel=AXES.get(found.unknown, found.unknown), xlim=(along[0], along[-1]))
        axes.set_ylabel("loss" if source.metric is None else source.metric.loss)
        decades(axes.xaxis, of_ten if found.unknown == "C" else lambda value: show(value, 1))
        ticks_apart(axes.yaxis)
        lines_behind(axes, "y")
        held = "".join(f", {key} = {show(value)}" for key, value in found.given.items())
        ends = "" if math.isnan(found.low) else f"band and bar: {found.level:.0%} interval; ".replace("%", " %")
        value = of_ten(found.value) if found.unknown == "C" else show(found.value)
        head(axes, f"{found.unknown} = {value} for a loss of {found.loss:.4g}{held}",
             f"{ends}dashed: the loss asked for")  # fmt: skip
    return figure
