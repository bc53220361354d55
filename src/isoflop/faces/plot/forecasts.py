"""The figure of forecasts: each new run's loss with its interval, beside the runs and the best loss at each budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.look import INK, LAW_COLOURS, RUN, decades, head, lines_behind, of_ten, panel, ticks_apart
from isoflop.faces.plot.overview import AXES, Shown, axis_of, frontier_line
from isoflop.forecasting.ensemble import evidence
from isoflop.quantities import is_date, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.forecasting.result import Forecasts

_ROOM = 1.6
"""Times the ends of the compute shown that stay free."""


def forecasts_figure(found: Forecasts) -> Figure:
    """Return each forecast with its interval against compute, or against the input that varies most."""
    if not len(found) or math.isnan(found[0].score.value):
        raise UsageError("there is no forecast to draw. Its findings say why.")
    name, along = _along(found)
    with panel(6.8, 4.7) as (figure, axes):
        value, low, high = (np.array([getattr(one.score, part) for one in found]) for part in ("value", "low", "high"))
        behind = found[0].metric is None and _behind(axes, found, (name, along))
        axes.vlines(along, low, high, color=INK, linewidth=2, zorder=5)
        axes.plot(along, value, "o", color=INK, markerfacecolor="white", markersize=6, zorder=6)
        _axes(axes, name, along)
        measured = found[0].metric.name if found[0].metric else "loss"
        axes.set_ylabel(measured)
        ends = "" if math.isnan(low[0]) else f"bars: {found[0].loss.meaning}"
        line = "loss" if name in found[0].inputs else "best loss at each budget"
        drawn = f"dots: runs; line: {line}, dashed beyond the runs" if behind else ""
        head(axes, f"{measured.capitalize()} forecast", "; ".join(filter(None, [ends, drawn])))
    return figure


def _along(found: Forecasts) -> tuple[str, np.ndarray]:
    """Return what the forecasts are drawn against, and where each lies."""
    inputs = {key: np.array([one.inputs[key] for one in found]) for key in found[0].inputs}
    if {"N", "D"} <= set(inputs):
        return "C", 6 * inputs["N"] * inputs["D"]
    most = max(inputs, key=lambda key: np.ptp(np.log(np.abs(inputs[key]) + 1e-300)))
    return most, inputs[most]


def _behind(axes: Axes, found: Forecasts, drawn: tuple[str, np.ndarray]) -> bool:
    """Draw the runs, and the best loss from the least of them to the farthest forecast, where there are any."""
    source, (name, along) = found.answers, drawn
    if source is None or source.runs is None or name != axis_of(source) or is_date(name, along):
        return False
    place, loss = source.runs[name], source.runs["loss"]
    axes.scatter(place, loss, s=18, color=RUN, linewidths=0, zorder=2)
    reach = (float(place.min()), float(place.max()), max(float(place.max()), float(along.max())) * _ROOM)
    law = Shown(found.source, source, evidence(source))
    frontier_line(axes, law, (name, reach), colour=LAW_COLOURS[0], band=True)
    return True


def _axes(axes: Axes, name: str, along: np.ndarray) -> None:
    axes.set_xlabel(AXES.get(name, name))
    if is_date(name, along) or not (along > 0).all():
        ticks_apart(axes.xaxis)
    else:
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        if high / low < _ROOM**2:
            axes.set_xlim(low / _ROOM, high * _ROOM)
        decades(axes.xaxis, of_ten if name == "C" else lambda value: show(value, 1))
    ticks_apart(axes.yaxis)
    lines_behind(axes, "y")
