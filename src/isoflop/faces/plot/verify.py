"""The figure of a Verification: every held-out run, and the larger one, beside the interval forecast for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from isoflop.faces.plot.look import INK, LAW_COLOURS, QUIET, figure_of, head, lines_behind, of_ten, points, style
from isoflop.quantities import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.experiments.verify import Trial, Verification

_FORECAST, _MISSED = LAW_COLOURS[0], LAW_COLOURS[1]
_ROW, _FIXED = 0.28, 1.75
"""Inches of a row, and of everything else, in the figure's height."""


def verify_figure(found: Verification) -> Figure:
    """Give the figure of a verification: a row a run, its interval as a bar, its forecast as a tick, its loss as a dot.

    Dots outside their interval are hollow. The larger run has no dot until it has been trained.
    """
    held_out = sorted(found.held_out, key=lambda one: one.forecast.inputs["N"], reverse=True)
    with style():
        rows = len(held_out) + 3
        figure = figure_of(7.0, _FIXED + _ROW * rows)
        axes = figure.subplots()
        _group(axes, [found.trial], first=0, title=f"the larger run, {of_ten(found.trial.C)} FLOPs")
        if held_out:
            _group(axes, held_out, first=2, title=f"held out, {of_ten(held_out[0].C)} FLOPs")
        trials = [found.trial, *held_out]
        axes.set_yticks([0, *range(2, len(held_out) + 2)], [f"N = {show(one.forecast.inputs['N'])}" for one in trials])
        axes.set_ylim(-0.7, rows - 0.6 if held_out else 1.4)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        lines_behind(axes, "x")
        axes.margins(x=0.06)
        axes.set_xlabel("loss")
        head(axes, f"What {found.study} forecast, and what came", _words(trials))
    return figure


def _group(axes: Axes, trials: Sequence[Trial], *, first: int, title: str) -> None:
    """Draw runs from a row upwards, with a title above them."""
    for row, one in enumerate(trials, start=first):
        loss = one.forecast.loss
        axes.plot([loss.low, loss.high], [row, row], color=_FORECAST, alpha=0.28, linewidth=7, solid_capstyle="butt")
        axes.plot([loss.value], [row], marker="|", markersize=11, markeredgewidth=1.8, color=_FORECAST)
        missed = one.held is False
        axes.plot(
            [one.loss], [row], "o", markersize=6, zorder=3, markeredgewidth=1.4,
            color=_MISSED if missed else INK, markerfacecolor="white" if missed else INK,
        )  # fmt: skip
    axes.annotate(
        title, (0, first + len(trials) - 0.35), xytext=(4, 0), xycoords=("axes fraction", "data"), color=QUIET,
        textcoords="offset points", fontsize=points(9), va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip


def _words(trials: Sequence[Trial]) -> str:
    level = f"{trials[0].forecast.loss.level:.0%}".replace("%", " %")
    known = [one for one in trials if not math.isnan(one.loss)]
    missed = sum(one.held is False for one in known)
    rest = f"hollow: outside it, {missed} of {len(known)}" if missed else f"none of {len(known)} outside it"
    return f"bar: {level} interval; tick: forecast; dot: loss reached; {rest if known else 'not trained yet'}"
