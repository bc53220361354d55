"""The figure of Mix: the best shares with the span not told apart from them, and what more of each source brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.faces.plot.look import INK, LAW_COLOURS, figure_of, head, lines_behind, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.mix import Mix


def mix_figure(found: Mix) -> Figure:
    """Return the figure of a mixture: shares on the left, what 1 % more of each source brings on the right."""
    with style():
        order = sorted(found.best.shares, key=lambda name: found.best.shares[name])
        figure = figure_of(10.4, 1.4 + 0.32 * len(order), wspace=0.07)
        left, right = figure.subplots(1, 2, sharey=True)
        _shares(left, found, order)
        _gains(right, found, order)
    return figure


def _shares(axes: Axes, found: Mix, order: list[str]) -> None:
    """Draw each source's best share, its span, and the share in the best mixture of the table."""
    places = np.arange(len(order))
    low, high = (np.array([found.near[name][side] for name in order]) for side in (0, 1))
    axes.hlines(places, low, high, color=LAW_COLOURS[0], linewidth=5, alpha=0.25)
    axes.plot([found.best.shares[name] for name in order], places, "o", color=LAW_COLOURS[0], markersize=6)
    axes.plot([found.lowest[name] for name in order], places, "|", color=INK, markersize=10)
    axes.set(xlabel="share of the tokens", yticks=places, yticklabels=[name.removeprefix("share_") for name in order])
    lines_behind(axes, "x")
    head(axes, "Best shares", "bars: not told apart from the best; ticks: the best mixture of the table")


def _gains(axes: Axes, found: Mix, order: list[str]) -> None:
    gains = np.array([100 * found.gains[name] for name in order])
    axes.barh(np.arange(len(order)), gains, height=0.6, color=LAW_COLOURS[1])
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel="change of the weighted loss (%)")
    lines_behind(axes, "x")
    head(axes, "What 1 % more of a source brings", "taken from all others alike; below 0 is better")
