"""The figure of Tune: the best values of each setting along their law, and what missing them costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.faces.plot.look import INK, LAW_COLOURS, dark, decades, figure_of, head, lines_behind, points, style
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.tune import Tune


def tune_figure(found: Tune) -> Figure:
    """Return the figure of a sweep: a row a hyperparameter, best values on the left, loss given up on the right."""
    with style():
        figure = figure_of(10.4, 4.0 * len(found.laws), wspace=0.07)
        for row, name in zip(figure.subplots(len(found.laws), 2, squeeze=False), found.laws, strict=True):
            _values(row[0], found, name)
            _cost(row[1], found, name)
    return figure


def _values(axes: Axes, found: Tune, name: str) -> None:
    """Draw each setting's best with its interval against what the law says there, and each target."""
    law = [found.fitted.best_at({"N": one.N, "D": one.D, "C": one.C})[0][name].value for one in found.settings]
    best = [one.best[name] for one in found.settings]
    ends = [min(law), max(law)]
    low, value, high = (np.array([getattr(one, part) for one in best]) for part in ("low", "value", "high"))
    axes.plot(ends, ends, color=INK, linewidth=0.8)
    axes.errorbar(law, value, [value - low, high - value], fmt="o", color=LAW_COLOURS[0], markersize=4, linewidth=1)
    for one in found.targets:
        aim = one.best[name]
        reach = [[aim.value - aim.low], [aim.high - aim.value]]
        axes.errorbar(aim.value, aim.value, reach, fmt="D", color=LAW_COLOURS[1], markersize=5, linewidth=1)
        axes.annotate(
            f"N = {show(one.N)}, D = {show(one.D)}", (aim.value, aim.value), xytext=(-8, 10), ha="right",
            textcoords="offset points", color=dark(LAW_COLOURS[1]), fontsize=points(9), fontweight="bold",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=f"{name} by the law", ylabel=f"best {name}")
    decades(axes.xaxis)
    decades(axes.yaxis)
    lines_behind(axes)
    head(axes, f"Best {name} of each setting", found.laws[name].formula)


def _cost(axes: Axes, found: Tune, name: str) -> None:
    """Draw the share of the loss given up by missing the best value, at the smallest and the largest setting."""
    from matplotlib import ticker

    wrong = sorted((one for one in found.wrong if one.name == name), key=lambda one: float(one.curve[1][-1]))
    for place, (one, colour) in enumerate(zip(wrong, LAW_COLOURS, strict=False)):
        factors, lost = (np.array(part) for part in one.curve)
        axes.plot(factors, 100 * lost, color=colour, linewidth=2)
        axes.annotate(
            f"N = {show(one.N)},\nD = {show(one.D)}", (factors[-1], 100 * lost[-1]), xytext=(6, 0), ha="left",
            textcoords="offset points", color=dark(colour), fontsize=points(9), annotation_clip=False,
            va="bottom" if place else "top",
        )  # fmt: skip
    axes.set(xscale="log", xlabel=f"{name}, as a factor of the best", ylabel="loss given up (%)")
    axes.xaxis.set_major_locator(ticker.FixedLocator([0.25, 0.5, 1, 2, 4]))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"×{value:g}"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    lines_behind(axes)
    head(axes, "What being wrong costs", "the other hyperparameters at their best")
