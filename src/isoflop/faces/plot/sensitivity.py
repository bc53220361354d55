"""The figure of a Sensitivity: what each choice prescribes, grouped by what was chosen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.faces.plot.look import INK, LAW_COLOURS, QUIET, figure_of, head, lines_behind, points, style
from isoflop.planning.sensitivity import FACTORS, Row, Sensitivity
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.estimate import Estimate

_GAP = 0.55  # of a row, between groups
_BLUE = LAW_COLOURS[0]
_GOLDEN = 0.618034  # multiples of it, less whole numbers, are spread evenly
_SUFFIXED = 1000.0
_TICKS = (((1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0), 8.0), ((1.0, 2.0, 5.0), 100.0), ((1.0, 3.0), np.inf))
"""Where ticks stand in a decade, up to which ratio of an axis's ends."""
_NAMES = {"N": "parameters N", "tokens_per_parameter": "tokens per parameter"}


class _Line(NamedTuple):
    """A row of the figure at its height: the name of a group, or a choice."""

    height: float
    text: str
    row: Row | None = None


def sensitivity_figure(found: Sensitivity) -> Figure:
    """Return the figure of what every choice prescribes: N on the left, tokens per parameter on the right.

    A dot and its interval for each choice changed alone; at the foot a dot for each combination. The band is
    the baseline's interval. Choices that fit the runs worse are hollow.
    """
    lines = list(_lines(found))
    foot = lines[-1].height - 1 - _GAP
    with style():
        figure = figure_of(10.4, 1.55 + 0.235 * (1.5 - foot))
        panels = figure.subplots(1, 2, sharey=True)
        for axes, quantity in zip(panels, _NAMES, strict=True):
            _panel(axes, found, lines, quantity=quantity)
            _combinations(axes, found, foot, quantity=quantity)
            _log_axis(axes, _NAMES[quantity])
        _heights(panels[0], lines, foot, ways=len(_ways(found)))
        _heads(panels, found)
    return figure


def _lines(found: Sensitivity) -> Iterator[_Line]:
    """Return the lines from the top down: the baseline, then each factor with the choices that gave a number."""
    yield _Line(0.0, f"baseline: {found.baseline.label}", found.baseline)
    height = 0.0
    shown = [row for row in found.single if math.isfinite(row.N.value)]
    for factor, rows in groupby(shown, key=lambda row: FACTORS[row.changed[0]]):
        height -= 1 + _GAP
        yield _Line(height, factor)
        for row in rows:
            height -= 1
            yield _Line(height, row.label, row)


def _panel(axes: Axes, found: Sensitivity, lines: Sequence[_Line], *, quantity: str) -> None:
    """Draw the baseline's interval as a band, and each choice as a dot with its interval and its value."""
    stated: Estimate = getattr(found.baseline, quantity)
    if not math.isnan(stated.low):
        axes.axvspan(stated.low, stated.high, color=_BLUE, alpha=0.1, linewidth=0, zorder=0)
    axes.axvline(stated.value, color=_BLUE, linewidth=0.8, zorder=1)
    for line in lines:
        if line.row is not None:
            one: Estimate = getattr(line.row, quantity)
            colour = _BLUE if line.row.counted else QUIET
            if not math.isnan(one.low):
                axes.hlines(line.height, one.low, one.high, color=colour, linewidth=1.8, zorder=3)
            axes.scatter(
                one.value, line.height, s=34, marker="o" if line.row.changed else "D", zorder=4,
                facecolors=colour if line.row.counted else "white", edgecolors=colour, linewidths=1.3,
            )  # fmt: skip
            _beside(axes, line.height, show(one.value), colour=INK if line.row.counted else QUIET)


def _combinations(axes: Axes, found: Sensitivity, foot: float, *, quantity: str) -> None:
    """Draw every way that counts as a dot at the foot, spread so that equal ones show, and write their range."""
    values = np.array([getattr(row, quantity).value for row in _ways(found)])
    aside = (np.arange(len(values)) * _GOLDEN % 1 - 0.5) * 0.9
    axes.scatter(values, foot + aside, s=9, color=INK, alpha=0.45, linewidths=0, zorder=3)
    _beside(axes, foot, " – ".join(map(show, found.range[quantity])), colour=INK)


def _ways(found: Sensitivity) -> list[Row]:
    return [row for row in found.rows if row.counted and math.isfinite(row.N.value)]


def _beside(axes: Axes, height: float, text: str, *, colour: str) -> None:
    """Write a value right of the panel."""
    axes.annotate(
        text, (1.0, height), xytext=(5, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        va="center", fontsize=points(9), color=colour, annotation_clip=False,
    )  # fmt: skip


def _heights(axes: Axes, lines: Sequence[_Line], foot: float, *, ways: int) -> None:
    """Name the lines left of the panel, the factors in bold."""
    named = [*lines, _Line(foot, f"all {ways} ways together")]
    axes.set_yticks([line.height for line in named], [line.text for line in named])
    for line, label in zip(named, axes.get_yticklabels(), strict=True):
        label.set_fontweight("normal" if line.row is not None and line.row.changed else "bold")
    axes.set_ylim(foot - 0.8, 0.8)


def _log_axis(axes: Axes, name: str) -> None:
    from matplotlib import ticker

    axes.set(xscale="log", xlabel=name)
    low, high = axes.get_xlim()
    steps = next(some for some, reach in _TICKS if high / low < reach)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=steps))
    axes.xaxis.set_major_formatter(
        ticker.FuncFormatter(lambda value, _: show(value, 2) if value >= _SUFFIXED else f"{value:g}")
    )
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    lines_behind(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _heads(panels: Sequence[Axes], found: Sensitivity) -> None:
    budget = f"{found.flops:.3g}".replace("e+", "e")
    level = f"{found.level:.0%}".replace("%", " %")
    head(panels[0], f"Best size for {budget} FLOPs", f"one choice of method changed at a time; bars: {level} intervals")
    hollow = "; hollow: fits the runs worse" if any(not row.counted for row in found.single) else ""
    head(panels[1], "Tokens per parameter", f"band: the baseline's interval{hollow}")
