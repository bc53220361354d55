"""The figure of Recipes: each recipe's best loss against compute, and how many times the compute a recipe is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.recipes.result import MEANT, UNITS
from isoflop.faces.plot.look import INK, LAW_COLOURS, dark, decades, head, lines_behind, of_ten, points, row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.recipes import Contest, Recipes

_FIRST = LAW_COLOURS[3]
_ABOVE, _ROOM = 3.0, 12.0
"""Multipliers are drawn up to so many times their largest within the runs, and down to one by that by so many."""


def recipes_figure(found: Recipes) -> Figure:
    """Return the figure of a comparison: losses on the left, multipliers on the right, each with its band.

    Lines are dashed beyond the runs; faint dots are runs.
    """
    with row((10.4, 4.7)) as (figure, (left, right)):
        _losses(left, found)
        _multipliers(right, found)
    return figure


def _colours(found: Recipes) -> list[str]:
    others = [one for one in LAW_COLOURS if one != _FIRST]
    return [others[place % len(others)] for place in range(len(found))]


def _losses(axes: Axes, found: Recipes) -> None:
    """Draw every recipe's loss with its band, its runs, and its name at the end."""
    contest = found[0]
    _recipe(axes, contest, side=0, colour=_FIRST)
    for one, colour in zip(found, _colours(found), strict=True):
        _recipe(axes, one, side=1, colour=colour)
    axes.set(xscale="log", yscale="log", xlabel=_axis(contest), ylabel="loss (nats per token)")
    decades(axes.xaxis)
    _plain_losses(axes)
    level = f"{contest.multiplier.level:.0%}".replace("%", " %")
    where = "Loss of the best run for the compute" if contest.along == "C" else f"Loss by {MEANT[contest.along]}"
    head(axes, where, f"bands: {level} intervals; dots: runs; dashed: beyond them")


def _recipe(axes: Axes, one: Contest, *, side: int, colour: str) -> None:
    losses = [(row.first, row.other)[side] for row in one.curve]
    x, low, value, high = (
        np.array(part) for part in zip(*((row.scale, loss.low, loss.value, loss.high)
                                         for row, loss in zip(one.curve, losses, strict=True)), strict=True)
    )  # fmt: skip
    end = max(one.points[side][0])
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    for inside, dashes in ((x <= end * 1.001, "-"), (x >= end * 0.9, (0, (2, 2)))):
        axes.plot(x[inside], value[inside], color=colour, linewidth=2, linestyle=dashes)
    axes.scatter(*one.points[side], s=9, color=colour, alpha=0.45, linewidths=0, zorder=3)
    top = side == 0
    axes.annotate(
        (one.first, one.other)[side], (x[len(x) // 3], value[len(x) // 3]), xytext=(10, 12) if top else (-10, -14),
        textcoords="offset points", ha="left" if top else "right", color=dark(colour), fontsize=points(9),
        fontweight="bold",
    )  # fmt: skip


def _multipliers(axes: Axes, found: Recipes) -> None:
    """Draw each multiplier with its band, and the line of no difference."""
    axes.axhline(1, color=INK, linewidth=0.8, zorder=2)
    least, most = 1.0, 2.0
    for one, colour in zip(found, _colours(found), strict=True):
        x, value, low, high = (
            np.array(part) for part in zip(*((row.scale, row.multiplier.value, row.multiplier.low, row.multiplier.high)
                                             for row in one.curve), strict=True)
        )  # fmt: skip
        end = one.settled.scale
        known = value[(x <= end) & np.isfinite(value)]
        most = max([most, *known.tolist()])
        least = min([least, *low[x <= end].tolist()])
        axes.fill_between(x, np.maximum(low, 1e-6), np.minimum(high, 1e6), color=colour, alpha=0.15, linewidth=0)
        for inside, dashes in ((x <= end * 1.001, "-"), (x >= end * 0.9, (0, (2, 2)))):
            axes.plot(x[inside], value[inside], color=colour, linewidth=2, linestyle=dashes)
        axes.plot([end], [one.multiplier.value], "o", color=colour, markersize=5)
        axes.annotate(
            _named(one), (end, one.multiplier.value), xytext=(-8, 12), textcoords="offset points", ha="right",
            color=dark(colour), fontsize=points(9),
        fontweight="bold",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=_axis(found[0]), ylabel=f"times the {MEANT[found[0].along]}")
    axes.set_ylim(max(0.75 * least, 1 / most / _ROOM), most * _ABOVE)
    decades(axes.xaxis)
    _times(axes)
    head(
        axes, f"{MEANT[found[0].along].capitalize()} that {found[0].first} needs to do as well",
        f"dot: {of_ten(found[0].settled.scale)} {UNITS[found[0].along]}, the largest scale that all runs reach",
    )  # fmt: skip


def _named(one: Contest) -> str:
    times = one.multiplier.value
    return f"{one.other} ∞" if math.isinf(times) else f"{one.other} ×{times:.3g}"


def _axis(one: Contest) -> str:
    return "training FLOPs" if one.along == "C" else UNITS[one.along]


def _plain_losses(axes: Axes) -> None:
    from matplotlib import ticker

    axes.yaxis.set_major_locator(ticker.MaxNLocator(6))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    lines_behind(axes, "y")


def _times(axes: Axes) -> None:
    from matplotlib import ticker

    low, high = axes.get_ylim()
    steps = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if high / low < 30 else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=steps))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"×{value:.3g}"))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    lines_behind(axes, "y")
