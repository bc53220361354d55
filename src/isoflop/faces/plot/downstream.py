"""The figure of a Downstream: the loss expected, and on each task the way from loss to accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import DataError
from isoflop.faces.plot.look import FAINT, INK, LAW_COLOURS, QUIET, RUN, decades, head, panels, points
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.downstream import Downstream, TaskForecast
    from isoflop.estimate import Estimate

_BLUE, _RED = LAW_COLOURS[0], LAW_COLOURS[1]
_ACROSS, _MOST = 4, 24


def downstream_figure(found: Downstream) -> Figure:
    """Give the figure of a forecast of tasks: loss against compute first, then a panel for each task, the average last.

    A task's panel has its runs, the curve from loss to accuracy, chance as a dotted line and the forecast with its
    interval; a task that is not forecast has a grey band from chance to ceiling. Raises DataError for over 24 panels.
    """
    if len(found.rows) >= _MOST:
        raise DataError(f"{len(found.rows)} tasks are too many for one figure. Name up to {_MOST - 2}: --tasks a,b,c.")
    first = found.average or found.tasks[0]
    with_loss = not math.isnan(found.compute) and bool(np.isfinite(first.task.compute).any())
    count = len(found.rows) + with_loss
    across = -(-count // -(-count // _ACROSS))  # rows as even as they can be
    down = -(-count // across)
    at = ", ".join(f"{key} = {show(value)}" for key, value in found.at.items())
    under = f"diamond and bar: a run of {at} and its {found.level:.0%} interval".replace("%", " %")
    inches = (max(2.75 * across, 6.4), 0.7 + 2.7 * down)
    with panels((down, across), inches, title="Accuracy from loss", under=under) as (figure, every):
        if with_loss:
            _loss(every[0], first, found.compute)
        for axes, one in zip(every[with_loss:], found.rows, strict=False):
            _task(axes, one)
        for axes in every[count:]:
            axes.set_visible(False)
    return figure


def _loss(axes: Axes, one: TaskForecast, compute: float) -> None:
    """Draw the runs' loss against compute, and the loss of the new run with its interval."""
    axes.scatter(one.task.compute, one.task.loss, s=12, color=RUN, linewidths=0, zorder=2)
    _forecast(axes, compute, one.loss)
    axes.set(xscale="log", xlabel="training FLOPs", ylabel="loss")
    decades(axes.xaxis)
    axes.minorticks_off()
    head(axes, "Loss", _words(one.loss))
    _grid(axes)


def _task(axes: Axes, one: TaskForecast) -> None:
    """Draw a task: its runs, the curve from loss to accuracy, chance, and the forecast with its interval."""
    axes.scatter(one.task.loss, one.task.accuracy, s=12, color=RUN, linewidths=0, zorder=2)
    if not math.isnan(one.task.chance):
        axes.axhline(one.task.chance, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
    if one.seconds and not math.isnan(one.task.chance):
        axes.annotate(
            "chance", (1, one.task.chance), xytext=(0, 2), xycoords=("axes fraction", "data"), ha="right",
            textcoords="offset points", fontsize=points(8), color=QUIET,
        )  # fmt: skip
    if one.seconds:
        grid = np.linspace(min(one.loss.value, one.task.loss.min()), one.task.loss.max(), 200)
        curve = np.asarray(one.weights) @ np.array([second.accuracy(grid) for second in one.seconds])
        axes.plot(grid, curve, color=_BLUE, linewidth=1.6, zorder=3)
        if not math.isnan(one.loss.low):
            axes.hlines(one.accuracy.value, one.loss.low, one.loss.high, color=_RED, linewidth=1.2, zorder=4)
        _forecast(axes, one.loss.value, one.accuracy)
        under = _words(one.accuracy)
    else:
        axes.axhspan(one.accuracy.low, one.accuracy.high, color=FAINT, alpha=0.5, linewidth=0, zorder=0)
        under = f"no forecast: {one.verdict.words.partition(':')[0]}"
    axes.set(xlabel="loss", ylabel="accuracy")
    axes.invert_xaxis()
    head(axes, one.task.name, under)
    _grid(axes)


def _forecast(axes: Axes, x: float, found: Estimate) -> None:
    """Draw a forecast as a diamond, and its interval as a bar with caps wide enough to be seen beside it."""
    if not math.isnan(found.low):
        axes.errorbar(
            [x], [found.value], yerr=[[found.value - found.low], [found.high - found.value]], fmt="none",
            ecolor=_RED, elinewidth=1.6, capsize=4, capthick=1.2, zorder=4,
        )  # fmt: skip
    axes.scatter(x, found.value, s=14, marker="D", color=_RED, edgecolors="white", linewidths=0.6, zorder=5)


def _words(found: Estimate) -> str:
    ends = "" if math.isnan(found.low) else f"   {found.low:.3f} – {found.high:.3f}"
    return f"{found.value:.3f}{ends}"


def _grid(axes: Axes) -> None:
    axes.grid(visible=True, color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET, labelcolor=INK)
