"""The figure of a Design: the runs to train, and what is known of the wanted number once each is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.estimate import Estimate
from isoflop.faces.plot.look import INK, LAW_COLOURS, QUIET, decades, lines_behind, of_ten, panels, points, ticks_apart
from isoflop.quantities import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.experiments.design import Design

_NUMBERED = 24
"""More runs than this are drawn without their numbers."""
_ROOM = 2.0
"""Times the ends of sizes and tokens that stay free."""


def design_figure(found: Design) -> Figure:
    """Return tokens against size of the runs; beside them, for next runs, the interval expected after each."""
    after = [one.after for one in found.runs if one.after is not None]
    across = 2 if found.now is not None and after else 1
    title, count = found.kind[0].upper() + found.kind[1:], f"{len(found.runs)} run{'s' * (len(found.runs) != 1)}"
    under = f"{count}, {of_ten(found.cost)} FLOPs together; lines: equal compute"
    with panels((1, across), (6.8 if across == 1 else 10.4, 4.6), title=title, under=under) as (figure, grid):
        _runs(grid[0], found)
        if found.now is not None and after:
            _narrowed(grid[1], [found.now, *after], found.wanted)
    return figure


def _runs(axes: Axes, found: Design) -> None:
    size, tokens = (np.array([getattr(one, key) for one in found.runs]) for key in "ND")
    axes.set(xscale="log", yscale="log", xlabel="parameters N", ylabel="tokens D")
    axes.set_xlim(size.min() / _ROOM, size.max() * _ROOM)
    axes.set_ylim(tokens.min() / _ROOM, tokens.max() * _ROOM)
    ends = np.array(axes.get_xlim())
    for product in np.unique(np.round(np.log10(size * tokens), 1)):
        axes.plot(ends, 10**product / ends, color=QUIET, linewidth=0.6, zorder=1)
    axes.scatter(size, tokens, s=40, color=LAW_COLOURS[0], linewidths=0, zorder=3)
    if found.now is not None and len(size) <= _NUMBERED:
        for place, (x, y) in enumerate(zip(size, tokens, strict=True), start=1):
            axes.annotate(f"{place}", (x, y), xytext=(6, 4), textcoords="offset points", fontsize=points(9))
    for axis in (axes.xaxis, axes.yaxis):
        decades(axis, lambda value: show(value, 1))
    lines_behind(axes)


def _narrowed(axes: Axes, estimates: Sequence[Estimate], wanted: str) -> None:
    """Draw the interval before any run, and after each."""
    low, value, high = (np.array([getattr(one, part) for one in estimates]) for part in ("low", "value", "high"))
    places = np.arange(len(estimates))
    axes.vlines(places, low, high, color=LAW_COLOURS[0], linewidth=5, alpha=0.4)
    axes.plot(places, value, "_", color=INK, markersize=10)
    axes.set_xticks(places, ["now", *map(str, places[1:])])
    axes.set(xlabel="after run", ylabel=wanted)
    if (low > 0).all() and high.max() > 10 * low.min():
        axes.set_yscale("log")
        decades(axes.yaxis, lambda value: show(value, 1))
    else:
        ticks_apart(axes.yaxis)
    lines_behind(axes, "y")
