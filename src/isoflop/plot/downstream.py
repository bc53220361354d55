"""The figure of a Downstream: the loss expected, and on each task the way from loss to accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import DataError
from isoflop.plot.look import FAINT, INK, LAW_COLOURS, QUIET, RUN, head, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.downstream import Downstream, TaskForecast

_BLUE, _RED = LAW_COLOURS[0], LAW_COLOURS[1]
_ACROSS, _MOST = 4, 24


def downstream_figure(found: Downstream) -> Figure:
    """Give the figure of a forecast of tasks: loss against compute first, then a panel for each task, the average last.

    A task's panel has its runs, the curve from loss to accuracy, chance as a dotted line and the forecast with its
    interval; a task that is not forecast has a grey band from chance to ceiling. Raises DataError for over 24 panels.
    """
    if len(found.rows) > _MOST:
        raise DataError(f"{len(found.rows)} tasks are too many for one figure. Name up to {_MOST - 1}: --tasks a,b,c.")
    first = (found.average or found.tasks[0]) if found.rows else None
    with_loss = first is not None and bool(np.isfinite(first.task.compute).any())
    count = len(found.rows) + with_loss
    across = min(_ACROSS, count)
    down = -(-count // across)
    with style():
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        margins = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, wspace=0.04, hspace=0.04)
        figure = Figure(figsize=(max(2.9 * across, 7.0), 0.4 + 2.75 * down), dpi=200, layout=margins)
        panels = list(np.atleast_1d(figure.subplots(down, across)).flat)
        if with_loss and first is not None:
            _loss(panels[0], found, first)
        for axes, one in zip(panels[with_loss:], found.rows, strict=False):
            _task(axes, one)
        for axes in panels[count:]:
            axes.set_visible(False)
    return figure


def _loss(axes: Axes, found: Downstream, one: TaskForecast) -> None:
    """Draw the runs' loss against compute, and the loss of the new run with its interval."""
    axes.scatter(one.task.compute, one.task.loss, s=12, color=RUN, linewidths=0, zorder=2)
    if "N" in found.at and "D" in found.at:
        at = found.at.get("C", 6 * found.at["N"] * found.at["D"])
        _forecast(axes, at, one.loss.value, (one.loss.low, one.loss.high))
    else:
        axes.axhline(one.loss.value, color=_RED, linewidth=1.2, zorder=3)
    axes.set(xscale="log", xlabel="training FLOPs", ylabel="loss")
    head(axes, "Loss", f"{one.loss.value:.3f}" + _ends(one.loss.low, one.loss.high))
    _grid(axes)


def _task(axes: Axes, one: TaskForecast) -> None:
    """Draw a task: its runs, the curve from loss to accuracy, chance, and the forecast with its interval."""
    axes.scatter(one.task.loss, one.task.accuracy, s=12, color=RUN, linewidths=0, zorder=2)
    if not math.isnan(one.task.chance):
        axes.axhline(one.task.chance, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
    low = min(one.loss.value, one.task.loss.min())
    if one.seconds:
        grid = np.linspace(low, one.task.loss.max(), 200)
        curve = np.asarray(one.weights) @ np.array([second.accuracy(grid) for second in one.seconds])
        axes.plot(grid, curve, color=_BLUE, linewidth=1.6, zorder=3)
        _forecast(axes, one.loss.value, one.accuracy.value, (one.accuracy.low, one.accuracy.high))
        under = f"{one.accuracy.value:.3f}" + _ends(one.accuracy.low, one.accuracy.high)
    else:
        axes.axhspan(one.accuracy.low, one.accuracy.high, color=FAINT, alpha=0.5, linewidth=0, zorder=0)
        under = f"no forecast: {one.verdict.words.partition(':')[0]}"
    axes.set(xlabel="loss", ylabel="accuracy")
    axes.invert_xaxis()
    head(axes, one.task.name.replace("$", r"\$"), under)
    _grid(axes)


def _forecast(axes: Axes, x: float, y: float, ends: tuple[float, float]) -> None:
    if not math.isnan(ends[0]):
        axes.vlines(x, *ends, color=_RED, linewidth=2.0, zorder=4)
    axes.scatter(x, y, s=34, marker="D", color=_RED, edgecolors="white", linewidths=0.8, zorder=5)


def _ends(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"   {low:.3f} – {high:.3f}"


def _grid(axes: Axes) -> None:
    axes.grid(visible=True, color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET, labelcolor=INK)
