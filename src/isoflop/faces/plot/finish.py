"""The figure of a Finish: the curve so far, where it is going, and other ways to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.faces.plot.look import LAW_COLOURS, QUIET, RUN, dark, head, panel, points
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.finish import Finish

_LINE = 0.05
"""The least distance of names, as a share of the panel's height."""
_BEGIN = 0.1
"""Losses before this share of the way would squeeze the rest."""


def finish_figure(found: Finish) -> Figure:
    """Return the figure of a run in progress: rows, forecast with its interval, and each other way to go on."""
    with panel(7.6, 4.6) as (figure, axes):
        axes.plot(found.run.at, found.run.loss, "o", color=RUN, markersize=3, linewidth=0, zorder=2)
        blue = LAW_COLOURS[0]
        axes.fill_between(found.path.at, found.path.low, found.path.high, color=blue, alpha=0.14, linewidth=0)
        ends = [("as planned" if found.others else "forecast", found.path.at, found.path.loss, blue)]
        ends += [(one.name, one.path.at, one.path.loss, colour)
                 for one, colour in zip(found.others, LAW_COLOURS[1:] * 9, strict=False)]  # fmt: skip
        for place, (_, at, loss, colour) in enumerate(ends):
            axes.plot(at, loss, color=colour, linewidth=1.4 if place else 2.2, zorder=4 - bool(place))
        axes.axvline(found.run.last, color=QUIET, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
        _limits(axes, found)
        _names(axes, ends)
        axes.set(xlabel=found.run.unit, ylabel="loss")
        axes.xaxis.set_major_formatter(lambda value, _: show(value) if value >= 0 else "")
        value, low, high = (f"{end:#.4g}" for end in (found.loss.value, found.loss.low, found.loss.high))
        head(
            axes, f"{found.run.name}: forecast to end at {value}",
            f"{found.loss.level * 100:.0f} % interval for one logged loss: {low} to {high}; dashed: now, "
            f"{found.run.last / found.end * 100:.0f} % of the way",
        )  # fmt: skip
    return figure


def _limits(axes: Axes, found: Finish) -> None:
    """Leave out the steep beginning, and keep room for the names on the right."""
    later = found.run.loss[found.run.at >= _BEGIN * found.run.last]
    paths = [found.path.low, found.path.high, *(one.path.loss for one in found.others)]
    low, high = min(later.min(), *(np.min(path) for path in paths)), max(later.max(), *(np.max(path) for path in paths))
    axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    last = max([found.end, *(one.end for one in found.others)])
    axes.set_xlim(0, 1.2 * last)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= 1.02 * last])
    axes.spines["bottom"].set_bounds(0, last)


def _names(axes: Axes, ends: list[tuple[str, Any, Any, str]]) -> None:
    """Write each way's name and final loss at its end, pushed apart until none overlap."""
    floor, top = axes.get_ylim()
    last = max(float(at[-1]) for _, at, _, _ in ends)
    placed: dict[float, list[float]] = {}
    for name, at, loss, colour in sorted(ends, key=lambda one: float(one[2][-1])):
        column = placed.setdefault(float(at[-1]), [])
        height = max((float(loss[-1]) - floor) / (top - floor), (column[-1] + _LINE) if column else 0.0)
        column.append(height)
        before = float(at[-1]) < last  # lines go on to its right: the name stands below
        axes.annotate(
            f"{name} {loss[-1]:#.4g}", (float(at[-1]), height), xytext=(0, -6) if before else (6, 0),
            xycoords=("data", "axes fraction"), textcoords="offset points", va="top" if before else "center",
            ha="right" if before else "left", fontsize=points(8.5), color=dark(colour), annotation_clip=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0} if before else None,
        )  # fmt: skip
