"""The figure of a loss surface: lines of equal loss over compute and size, and the cheapest way down."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.data.runs.costs import own_terms
from isoflop.errors import UsageError
from isoflop.faces.plot.fitted import runs_of
from isoflop.faces.plot.look import (
    INK,
    LAW_COLOURS,
    RUN,
    dark,
    head,
    label,
    lines_behind,
    of_ten,
    panel,
    points,
    shades,
)
from isoflop.faces.plot.overview import needs_pair
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array


BEYOND = 10.0
"""How many times the largest compute of the runs the figure reaches."""
_ACROSS, _UP, _LINES, _ROOM, _RISES = 90, 70, 12, 1.6, 1.01


def contours_figure(source: Predictor) -> Figure:
    """Return lines of equal loss over compute and size: the runs, and the size that reaches each loss most cheaply."""
    runs = runs_of(source)
    needs_pair(source, "lines of equal loss")
    trained = float(runs["C"].max())
    compute = np.geomspace(runs["C"].min() / _ROOM, trained * BEYOND, _ACROSS)
    efficient = np.exp(Allocation(source, own_terms(runs)).best(compute))
    sizes = np.array([*runs["N"], *efficient])
    low, high = np.nanmin(sizes) / _ROOM, np.nanmax(sizes) * _ROOM
    size = np.geomspace(low, high, _UP)
    with panel(7.2, 5.2) as (figure, axes):
        _axes(axes, compute, size)  # before the lines: gaps for their labels are measured on these axes
        figure.draw_without_rendering()
        _lines(axes, source, compute, size=size)
        axes.scatter(runs["C"], runs["N"], s=20, color=RUN, linewidths=0, zorder=3)
        for part, dashes in ((compute <= trained, "-"), (compute >= trained, (0, (4, 2)))):
            axes.plot(compute[part], efficient[part], color=LAW_COLOURS[1], linewidth=2, linestyle=dashes, zorder=4)
        if np.isfinite(efficient[-1]):
            label(axes, (compute[-1], efficient[-1]), "best size", colour=LAW_COLOURS[1])
        name = f"the fitted {source.labels[0]} law" if len(source.labels) == 1 else "several laws together"
        head(axes, "What each loss costs", f"lines of equal loss by {name}; best size dashed beyond the runs (grey)")
    return figure


def _lines(axes: Axes, source: Predictor, compute: Array, *, size: Array) -> None:
    """Draw and name lines of equal loss, evenly apart in log loss."""
    across, up = np.meshgrid(compute, size)
    at = {"N": up.ravel(), "D": own_terms(source.runs).rule.tokens(up, across).ravel()}
    found = forecast_with(source, evidence(source), level=0.9, at=at)
    loss = np.array([one.loss.value for one in found]).reshape(up.shape)
    least, most = float(loss.min()), float(np.quantile(loss, 0.93))
    if not most > least * _RISES:
        raise UsageError("the loss hardly changes with compute and size, so there are no lines of equal loss to draw.")
    levels = _told_apart(np.geomspace(least * _RISES, most, _LINES))
    drawn = axes.contour(across, up, loss, levels=levels, colors=shades(_LINES), linewidths=1.0, zorder=2)
    for text in axes.clabel(drawn, fmt=of_ten, fontsize=points(8), inline_spacing=3):
        text.set_color(dark(text.get_color()))


def _told_apart(levels: Array) -> Array:
    """Return levels rounded to the fewest decimals that keep them apart, so that a label is its line's very loss."""
    return next(
        rounded for rounded in (levels.round(digits - math.floor(math.log10(levels[-1]))) for digits in range(1, 9))
        if len(np.unique(rounded)) == len(levels)
    )  # fmt: skip


def _axes(axes: Axes, compute: Array, size: Array) -> None:
    from matplotlib import ticker

    axes.set(
        xscale="log", yscale="log", xlim=(compute[0], compute[-1]), ylim=(size[0], size[-1]),
        xlabel="training compute C (FLOPs)", ylabel="parameters N",
    )  # fmt: skip
    axes.xaxis.set_major_formatter(lambda value, _: of_ten(value))
    axes.yaxis.set_major_formatter(lambda value, _: show(value, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(ticker.NullFormatter())
    axes.tick_params(which="both", color=INK)
    lines_behind(axes)
