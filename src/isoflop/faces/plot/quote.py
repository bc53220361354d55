"""The figure of a Quote: training FLOPs by each rule, and memory beside what the devices hold."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from isoflop.compute.devices import find_device
from isoflop.faces.plot.look import INK, LAW_COLOURS, QUIET, head, lines_behind, of_ten, points, row
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.compute.quote import Quote

_GB = 1e9


def quote_figure(found: Quote) -> Figure:
    """Return two panels of bars: the training FLOPs by each rule, and the memory to train and to serve by its parts."""
    with row((10.4, 3.6)) as (figure, (left, right)):
        _rules(left, found)
        _memory(right, found)
    return figure


def _rules(axes: Axes, found: Quote) -> None:
    known = {name: value for name, value in found.flops.items() if not math.isnan(value)}
    colours = [LAW_COLOURS[0] if name == found.rule else QUIET for name in known]
    axes.barh(list(known), list(known.values()), color=colours, height=0.6)
    for place, value in enumerate(known.values()):
        axes.annotate(of_ten(value), (value, place), xytext=(4, 0), textcoords="offset points", va="center",
                      fontsize=points(8.5))  # fmt: skip
    axes.set_xlim(0, 1.25 * max(known.values()))
    axes.set_xlabel("training FLOPs")
    axes.xaxis.set_major_formatter(lambda value, _: of_ten(value) if value else "0")
    axes.invert_yaxis()
    lines_behind(axes, "x")
    paid = f"the cost is of {found.rule}: {show(found.cost.days)} days on {found.cost.count} × {found.cost.device}"
    head(axes, f"{show(found.shape.total)} parameters on {show(found.D)} tokens", paid)


def _memory(axes: Axes, found: Quote) -> None:
    """Draw both bars, part by part, and what the devices hold where it is known and near."""
    left = {"to train": 0.0, "to serve": 0.0}
    both = {"to train": asdict(found.memory), "to serve": asdict(found.serving)}
    kinds = [kind for kind in both["to train"] if any(parts[kind] for parts in both.values())]
    for kind, colour in zip(kinds, LAW_COLOURS, strict=False):
        sizes = [parts[kind] / _GB for parts in both.values()]
        axes.barh(list(both), sizes, left=list(left.values()), color=colour, height=0.6, label=kind)
        left = {name: before + size for (name, before), size in zip(left.items(), sizes, strict=True)}
    held = find_device(found.cost.device).memory * found.cost.count / _GB
    if not math.isnan(held):
        axes.axvline(held, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.set_xlim(0, 1.08 * max(held, *left.values()))
    axes.set_xlabel("memory, all devices together (GB)")
    axes.set_ylim(1.5, -1.2)  # room for the legend above the bars
    axes.legend(loc="upper left", ncols=3, fontsize=points(8.5))
    lines_behind(axes, "x")
    head(axes, "Memory, one sequence at a time", f"dashed: what {found.cost.count} × {found.cost.device} hold")
