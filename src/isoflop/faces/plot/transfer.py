"""The figure of learning-rate transfer: loss over learning rate, one line a width."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.look import dark, head, panel, points, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 1.3
"""The highest loss shown, as a multiple of the lowest best one: runs that went astray stay outside."""


def best_rate(rates: Iterable[float], losses: Iterable[float]) -> float:
    """Return the learning rate at the lowest point of the parabola through the best rate and its neighbours.

    In log rate. At the edge of the rates tried there is no such parabola, and the best rate itself is given.
    """
    x, y = np.log(np.asarray(list(rates))), np.asarray(list(losses), float)
    order = np.argsort(x)
    x, y = x[order], np.where(np.isfinite(y[order]), y[order], math.inf)
    middle = int(np.argmin(y))
    if middle in {0, len(y) - 1} or not np.all(np.isfinite(y[middle - 1 : middle + 2])):
        return float(np.exp(x[middle]))
    a, b, _ = np.polyfit(x[middle - 1 : middle + 2] - x[middle], y[middle - 1 : middle + 2], 2)
    return float(np.exp(x[middle] - b / (2 * a))) if a > 0 else float(np.exp(x[middle]))


def transfer_figure(runs: Iterable[tuple[int, float, float]]) -> Figure:
    """Return the figure of runs (width, learning rate, loss): one line a width, a ring at its lowest point.

    Raises UsageError unless every width has three rates or more.
    """
    found: dict[int, dict[float, float]] = {}
    for width, rate, loss in runs:
        found.setdefault(width, {})[rate] = loss
    if not found or min(map(len, found.values())) < 3:
        raise UsageError("a transfer needs three learning rates or more at every width. Train more of them.")
    with panel(6.0, 4.2) as (figure, axes):
        for colour, (width, losses) in zip(shades(len(found)), sorted(found.items()), strict=True):
            _line(axes, losses, colour=colour, name=f"width {width}")
        lowest = min(loss for losses in found.values() for loss in losses.values() if math.isfinite(loss))
        axes.set_ylim(top=min(axes.get_ylim()[1], lowest * _MARGIN))
        axes.set_xscale("log")
        rates = sorted({rate for losses in found.values() for rate in losses})
        axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("learning rate (at the base width)")
        axes.set_ylabel("loss (nats per token)")
        head(axes, "One learning rate for every width?", "loss after equal tokens; rings: the lowest point")
    return figure


def _line(axes: Axes, losses: Mapping[float, float], *, colour: Any, name: str) -> None:
    """Draw the losses of one width over their rates, a ring around the lowest point, the name at the end."""
    rates = sorted(losses)
    values = [losses[rate] if math.isfinite(losses[rate]) else math.nan for rate in rates]
    axes.plot(rates, values, color=colour, linewidth=1.6, marker="o", markersize=4)
    best = best_rate(rates, values)
    height = float(np.interp(math.log(best), np.log(rates), np.asarray(values)))
    axes.plot([best], [height], "o", markersize=11, markerfacecolor="none", markeredgecolor=dark(colour))
    last = max(place for place, value in enumerate(values) if math.isfinite(value))
    axes.annotate(
        name, (rates[last], values[last]), xytext=(6, 0), textcoords="offset points", color=dark(colour), va="center",
        fontsize=points(9), annotation_clip=False,
    )  # fmt: skip
