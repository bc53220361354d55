"""The figure of Hyperparameters: what each published law says of batch and learning rate, and the middle of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from isoflop.faces.plot.look import FAINT, INK, LAW_COLOURS, decades, head, lines_behind, of_ten, points, row
from isoflop.quantities import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.estimate import Estimate
    from isoflop.planning.hyperparameters import Advice, Hyperparameters

_ROW, _FIXED = 0.26, 1.5
"""Inches of a law, and of everything else, in the figure's height."""


def hyperparameters_figure(found: Hyperparameters) -> Figure:
    """Return two panels, a line a law: its value as a dot, hollow where the run lies outside the law's range."""
    most = max(len(found.batches), len(found.learning_rates))
    with row((10.4, _FIXED + _ROW * most)) as (figure, (left, right)):
        _advice(left, found.batches, found.batch)
        left.set_xlabel("batch (tokens)")
        head(left, f"{show(found.N)} parameters on {show(found.D)} tokens",
             f"line: the middle, {show(found.batch.value)} tokens; band: what counts")  # fmt: skip
        _advice(right, found.learning_rates, found.learning_rate)
        right.set_xlabel("peak learning rate")
        head(right, f"Learning rate {show(found.learning_rate.value)}", "hollow: the run lies outside the law's range")
    return figure


def _advice(axes: Axes, advice: Sequence[Advice], middle: Estimate) -> None:
    known = [one for one in advice if not math.isnan(one.value)]
    if not math.isnan(middle.low):
        axes.axvspan(middle.low, middle.high, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes.axvline(middle.value, color=INK, linewidth=1, zorder=2)
    for place, one in enumerate(known):
        face = LAW_COLOURS[0] if one.outside == 0 else "white"
        axes.plot(one.value, place, "o", color=LAW_COLOURS[0], markerfacecolor=face, zorder=3)
    axes.set_yticks(range(len(known)), [one.curve for one in known], fontsize=points(8.5))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(y=0.15)
    decades(axes.xaxis, of_ten if middle.value < 1 else show)
    lines_behind(axes, "x")
