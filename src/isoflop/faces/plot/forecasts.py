"""The figure of forecasts: each new run's loss with its interval, beside the runs and the best loss at each budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.look import INK, LAW_COLOURS, RUN, decades, head, lines_behind, of_ten, panel, ticks_apart
from isoflop.faces.plot.overview import Shown, frontier_line
from isoflop.forecasting.ensemble import evidence
from isoflop.quantities import show

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
        runs = found.answers.runs if found.answers is not None else None
        behind = runs is not None and found[0].metric is None and {"N", "D"} <= set(found[0].inputs)
        if behind:
            _behind(axes, found, along)
        axes.vlines(along, low, high, color=INK, linewidth=2, zorder=5)
        axes.plot(along, value, "o", color=INK, markerfacecolor="white", markersize=6, zorder=6)
        _axes(axes, name)
        measured = found[0].metric.name if found[0].metric else "loss"
        axes.set_ylabel(measured)
        ends = "" if math.isnan(low[0]) else f"bars: {found[0].loss.meaning}"
        drawn = "dots: runs; line: best loss at each budget, dashed beyond the runs" if behind else ""
        head(axes, f"{measured.capitalize()} forecast", "; ".join(filter(None, [ends, drawn])))
    return figure


def _along(found: Forecasts) -> tuple[str, np.ndarray]:
    """Return what the forecasts are drawn against, and where each lies."""
    inputs = {key: np.array([one.inputs[key] for one in found]) for key in found[0].inputs}
    if {"N", "D"} <= set(inputs):
        return "training compute C (FLOPs)", 6 * inputs["N"] * inputs["D"]
    most = max(inputs, key=lambda key: np.ptp(np.log(np.abs(inputs[key]) + 1e-300)))
    return most, inputs[most]


def _behind(axes: Axes, found: Forecasts, along: np.ndarray) -> None:
    """Draw the runs, and the best loss from the least of them to the farthest forecast."""
    source = found.answers
    if source is None or source.runs is None:
        return
    compute, loss = source.runs["C"], source.runs["loss"]
    axes.scatter(compute, loss, s=18, color=RUN, linewidths=0, zorder=2)
    reach = (float(compute.min()), float(compute.max()), max(float(compute.max()), float(along.max())) * _ROOM)
    law = Shown(found.source, source, evidence(source))
    frontier_line(axes, law, reach, colour=LAW_COLOURS[0], band=True)


def _axes(axes: Axes, name: str) -> None:
    axes.set(xscale="log", xlabel=name)
    low, high = axes.get_xlim()
    if high / low < 2:
        axes.set_xlim(low / 2, high * 2)
    decades(axes.xaxis, of_ten if name.endswith("(FLOPs)") else lambda value: show(value, 1))
    ticks_apart(axes.yaxis)
    lines_behind(axes, "y")
