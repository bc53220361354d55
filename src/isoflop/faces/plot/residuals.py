"""The figure of residuals: what a law leaves of each run, along every axis on which it may fail."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.fitted import runs_of
from isoflop.faces.plot.look import FAINT, INK, LAW_COLOURS, QUIET, RUN, decades, of_ten, panels, points
from isoflop.faces.plot.overview import AXES
from isoflop.fitting.fit import Fit
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.formula.arrays import Array


STRANGE, NAMED, SHOWN = 4.0, 6, 8.0
"""Robust standard deviations from which a run is named, how many are at most, and how many the figure is high."""
_BINS, _ROOM = 7, 1.2


def residuals_figure(fit: Fit) -> Figure:
    """Return each run's residual in percent of the loss along compute, size, tokens, their ratio, and other inputs.

    The line joins medians of equal numbers of runs: where the law is right it stays near zero. Runs that lie more
    than four robust standard deviations away are named.
    """
    if len(fit.labels) > 1:
        raise UsageError("residuals are of one law. Say --law NAME, or give a fit.")
    runs = runs_of(fit)
    inputs = {key: runs[key] for key in fit.curve.law.inputs}
    off = 100 * np.log(runs["loss"] / fit.curve(**inputs))
    axis = [(AXES.get(key, key), runs[key], of_ten if key == "C" else _count)
            for key in dict.fromkeys([*"CND", *inputs]) if key in runs and (runs[key] > 0).all()]  # fmt: skip
    if {"N", "D"} <= set(runs.columns):
        axis.append(("tokens per parameter", runs["D"] / runs["N"], _count))
    down, across = (1, 1) if len(axis) == 1 else (math.ceil(len(axis) / 2), 2)
    title = f"What the {fit.law.name} law leaves of each run"
    under = f"noise {fit.noise:.2%} of the loss, twice that in grey; line: medians"
    with panels((down, across), (4.8 * across, 0.4 + 3.0 * down), title=title, under=under) as (figure, grid):
        for axes, (name, along, written) in zip(grid, axis, strict=False):
            _panel(axes, along, off, names=runs.names, noise=100 * fit.noise)
            axes.set_xlabel(name)
            decades(axes.xaxis, written)
        for place, axes in enumerate(grid):
            axes.set_visible(place < len(axis))
            axes.set_ylabel("residual (% of loss)" if place % across == 0 else "")
    return figure


def _count(value: float) -> str:
    return show(value, 1)


def _panel(axes: Axes, along: Array, off: Array, *, names: tuple[str, ...], noise: float) -> None:
    """Draw residuals along one axis, the noise as a band, and the medians."""
    axes.set_xscale("log")
    axes.update_datalim([(along.min() / _ROOM, 0), (along.max() * _ROOM, 0)])
    axes.axhspan(-2 * noise, 2 * noise, color=FAINT, alpha=0.55, linewidth=0, zorder=0)
    axes.axhline(0, color=QUIET, linewidth=0.8, zorder=1)
    strange, edge = np.abs(off) > STRANGE * noise, SHOWN * noise
    axes.scatter(along[~strange], off[~strange], s=18, color=RUN, linewidths=0, zorder=2)
    place = np.clip(off, -edge, edge)
    for marker, some in (("o", abs(off) <= edge), ("^", off > edge), ("v", off < -edge)):
        chosen = strange & some
        axes.scatter(along[chosen], place[chosen], s=22, marker=marker, color=LAW_COLOURS[1], linewidths=0, zorder=3)
    for run in np.argsort(-np.abs(off))[:NAMED].tolist():
        if strange[run]:
            axes.annotate(
                f"{names[run]} {off[run]:+.3g} %" if abs(off[run]) > edge else names[run], (along[run], place[run]),
                xytext=(5, 0), textcoords="offset points", fontsize=points(7.5), color=INK, va="center",
            )  # fmt: skip
    order = np.argsort(along, kind="stable")
    parts = np.array_split(order, min(_BINS, max(2, len(order) // 5)))
    middle = [np.exp(np.log(along[part]).mean()) for part in parts], [np.median(off[part]) for part in parts]
    axes.plot(*middle, color=LAW_COLOURS[0], linewidth=1.6, zorder=4)
