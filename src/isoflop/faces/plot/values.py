"""The figure of Values: a curve along a range of one of its inputs, a line for each value of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.look import LAW_COLOURS, dark, decades, head, lines_behind, panel, points
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isoflop.formula.value import Value, Values

_MOST = 12
_WIDE = 10.0
"""Ratio of ends from which an axis is logarithmic."""


def values_figure(found: Values) -> Figure:
    """Return the figure of values along the input that has most of them; raises UsageError where none has two."""
    tried = {key: {one.inputs.get(key) for one in found} for key in found[0].inputs}
    along = max(tried, key=lambda key: len(tried[key]))
    if len(tried[along]) < 2:
        raise UsageError(f"one value is no picture. Give a range, as in {along}=1e20:1e24.")
    lines: dict[str, list[Value]] = {}
    for one in found:
        lines.setdefault(_label(one, along), []).append(one)
    with panel(6.4, 4.4) as (figure, axes):
        for place, (label, rows) in enumerate(list(lines.items())[:_MOST]):
            colour = LAW_COLOURS[place % len(LAW_COLOURS)]
            x, y = ([one.inputs[along] for one in rows], [one.value for one in rows])
            axes.plot(x, y, color=colour, linewidth=2, marker="o", markersize=3)
            axes.annotate(label, (x[-1], y[-1]), xytext=(-4, 6), textcoords="offset points", ha="right",
                          color=dark(colour), fontsize=points(8), fontweight="bold")  # fmt: skip
        axes.set(xlabel=along, ylabel=found[0].unit or "value", xscale=_scale([one.inputs[along] for one in found]),
                 yscale=_scale([one.value for one in found]))  # fmt: skip
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                decades(axis)
        lines_behind(axes)
        head(axes, ", ".join(dict.fromkeys(one.name for one in found)), "")
    return figure


def _label(one: Value, along: str) -> str:
    held = ", ".join(f"{key} = {show(value)}" for key, value in one.inputs.items() if key != along)
    return f"{one.name}, {held}" if held else one.name


def _scale(values: list[float]) -> str:
    ends = np.array([min(values), max(values)])
    return "log" if ends[0] > 0 and ends[1] > _WIDE * ends[0] else "linear"
