"""The figure of Tiers: what each size loses, against what a million tokens of it cost to write."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.faces.plot.look import INK, LAW_COLOURS, decades, head, lines_behind, of_ten, panel, points, ticks_apart
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isoflop.planning.tiers import Tiers

_ROOM = 2.0
"""Times the lowest and the highest cost drawn on both sides."""


def tiers_figure(found: Tiers) -> Figure:
    """Return loss against dollars: a dot a size trained alone, a hollow one where the largest teaches it."""
    dollars = np.array([one.serving.decode for one in found.tiers])
    loss, taught = (np.array([getattr(one, part) for one in found.tiers]) for part in ("loss", "taught"))
    with panel(6.8, 4.4) as (figure, axes):
        axes.plot(dollars, loss, "o-", color=LAW_COLOURS[0], markersize=8, linewidth=1.4, zorder=3)
        axes.plot(dollars, taught, "o", color=LAW_COLOURS[1], markersize=8, markerfacecolor="white", zorder=4)
        for one in found.tiers:
            top = max(one.loss, one.taught) if math.isfinite(one.taught) else one.loss
            axes.annotate(
                f"{show(one.N)}", (one.serving.decode, top), xytext=(0, 8), textcoords="offset points", ha="center",
                fontsize=points(9), fontweight="bold", color=INK,
            )  # fmt: skip
        axes.set(xscale="log", xlabel="dollars for a million tokens written", ylabel="loss")
        axes.set_xlim(dollars.min() / _ROOM, dollars.max() * _ROOM)
        axes.margins(y=0.15)
        decades(axes.xaxis, of_ten)
        ticks_apart(axes.yaxis)
        lines_behind(axes)
        head(axes, f"{len(found.tiers)} sizes from {of_ten(found.flops)} training FLOPs",
             f"served on {found.device} at ${found.price:.2f} an hour; hollow: taught by the largest")  # fmt: skip
    return figure
