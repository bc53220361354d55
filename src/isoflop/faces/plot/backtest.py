"""The figure of a Record: how far off forecasts beyond the fitted runs were, and what they had to beat."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.errors import DataError
from isoflop.faces.plot.look import INK, LAW_COLOURS, QUIET, RUN, head, lines_behind, of_ten, points, row, shades
from isoflop.faces.plot.names import End, name_ends
from isoflop.forecasting.baselines import NAMES
from isoflop.forecasting.record import ALONG, Record, Scored, ratio_name
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


_NEAR = 0.12
"""Decades over which the interval's width is averaged to draw it as a band."""
_ROOM, _ABOVE, _CROWD = 1.6, 0.3, 150
"""The largest error times this, and so many per cent, bound the height; more points than this are drawn small."""
_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_UNITS = {"C": "FLOPs", "N": "parameters", "D": "tokens"}


def backtest_figure(found: Record) -> Figure:
    """Return the figure of backtests: every forecast's error on the left, the mean errors on the right.

    Left, a point for each scored run, coloured by what was fitted, hollow where it fell outside its interval;
    the band is the calibrated interval. Right, the mean error of every law and of the guesses without one.
    Raises DataError where nothing was scored.
    """
    if not found.scored:
        raise DataError(f"{found.source}: too few runs, or budgets, for any backtest, so there is nothing to draw.")
    with row((10.4, 4.7), (1.25, 1)) as (figure, (left, right)):
        _errors(left, found)
        _means(right, found)
    return figure


def _errors(axes: Axes, found: Record) -> None:
    """Draw each forecast's error against how far beyond the fitted runs it looked."""
    _band(axes, found.scored)
    size = 26 if len(found.scored) <= _CROWD else 11
    origins = [list(group) for _, group in groupby(found.scored, key=lambda one: one.origin)]
    for scored, colour in zip(origins, shades(len(found.cuts)), strict=True):
        for inside in (True, False):
            some = [one for one in scored if (abs(one.error) <= one.reach) is inside]
            if not some:
                continue
            axes.scatter(
                [one.times for one in some], [_percent(one.error) for one in some], s=size, zorder=3,
                facecolors=colour if inside else "white", edgecolors=colour, linewidths=0.0 if inside else 0.9,
            )  # fmt: skip
    axes.axhline(0, color=INK, linewidth=0.8, zorder=2)
    _key(axes, found)
    what = ALONG.get(found.along, found.along)
    axes.set(xscale="log", xlabel=f"times the largest {what} fitted", ylabel="forecast above what was reached (%)")
    _times_axis(axes)
    tall = _ROOM * max(abs(_percent(one.error)) for one in found.scored)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, -tall - _ABOVE), min(high, tall + _ABOVE))
    several = "several laws" if "together" in found.errors else next(iter(found.errors))
    missed = sum(abs(one.error) > one.reach for one in found.scored)
    level = f"{found.level:.0%}".replace("%", " %")
    head(
        axes, f"Forecasts by {several} beyond the runs fitted",
        f"band: mean {level} interval; hollow: {missed} of {len(found.scored)} outside their own",
    )  # fmt: skip


def _band(axes: Axes, scored: Sequence[Scored]) -> None:
    """Draw the interval around no error as a band: the mean width of forecasts that looked about as far."""
    far, reach = (np.array([getattr(one, name) for one in scored]) for name in ("times", "reach"))
    grid = np.linspace(np.log10(far.min()), np.log10(far.max()), 200)
    near = np.exp(-0.5 * ((grid[:, None] - np.log10(far)) / _NEAR) ** 2)
    width = near @ reach / near.sum(axis=1)
    axes.fill_between(
        10**grid, _percent(-width), _percent(width), color=LAW_COLOURS[0], alpha=0.12, linewidth=0, zorder=1
    )


def _key(axes: Axes, found: Record) -> None:
    """Say what was fitted, for each colour."""
    from matplotlib.lines import Line2D

    unit = _UNITS.get(found.along, found.along)
    names = [f"{show(cut, 2) if cut < 1e6 else of_ten(cut)} {unit}" for cut in found.cuts]
    marks = [Line2D([], [], color=colour, marker="o", markersize=5, linestyle="") for colour in shades(len(found.cuts))]
    axes.legend(
        marks, names, title="fitted up to", title_fontsize=points(9), alignment="left", loc="best", handlelength=1.0,
        labelspacing=0.35, ncols=2 if len(names) > 3 else 1, columnspacing=1.2,
    )  # fmt: skip


def _means(axes: Axes, found: Record) -> None:
    """Draw the mean error of each contender against distance, its name at the line's end."""
    places = np.arange(len(found.ratios))
    ends, laws = [], iter(LAW_COLOURS[1:] * 9)
    for name, errors in found.errors.items():
        first, guess = name == next(iter(found.errors)), name in NAMES
        colour = LAW_COLOURS[0] if first else QUIET if guess else next(laws)
        axes.plot(
            places, 100 * np.array(errors), color=RUN if guess else colour, marker="o",
            linewidth=2.6 if first else 0.9 if guess else 1.4,
            markersize=5.5 if first else 3.5, zorder=4 if first else 2 if guess else 3,
        )  # fmt: skip
        ends.append(End(name, (float(places[-1]), errors[-1] * 100), colour, strong=name == "together"))
    axes.margins(y=0.1)
    axes.set(yscale="log", ylabel="mean error (%)")
    axes.set_xlabel(f"times the largest {ALONG.get(found.along, found.along)} fitted")
    axes.set_xticks(places, [ratio_name(pair) for pair in found.ratios])
    axes.set_xlim(-0.25, len(places) - 1 + 0.42 * max(len(places) - 1, 1))
    _percent_axis(axes)
    name_ends(axes, ends)
    head(axes, "Mean errors, and what they had to beat", "grey: guesses without any law")


def _times_axis(axes: Axes) -> None:
    from matplotlib import ticker

    low, high = axes.get_xlim()
    steps = (1.0, 2.0, 3.0, 5.0) if high / low < 20 else (1.0, 3.0) if high / low < 300 else (1.0,)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=steps))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    lines_behind(axes, "y")


def _percent_axis(axes: Axes) -> None:
    from matplotlib import ticker

    axes.yaxis.set_major_locator(ticker.FixedLocator(_TICKS))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    lines_behind(axes, "y")


def _percent(error: ArrayLike) -> Any:
    """Return an error in log loss as per cent of the loss."""
    return 100 * np.expm1(error)
