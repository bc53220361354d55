"""The figure of a look at a run: its rows on the band that smaller runs foretell, and the deviation below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.faces.plot.look import LAW_COLOURS, QUIET, RUN, figure_of, head, style
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.experiments.watch import Watched

_BEGIN = 0.05
"""Losses before this share of the run would squeeze the rest."""
_ROWS = 600
"""Rows that are drawn at most."""


def watch_figure(found: Watched) -> Figure:
    """Return the figure of a look: above, rows and band to the end; below, how far each row lies from the band."""
    with style():
        figure = figure_of(7.6, 5.4)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        at, loss = (values[:: max(1, len(values) // _ROWS)] for values in found.rows)
        blue = LAW_COLOURS[0]
        above.fill_between(found.band.at, found.band.low, found.band.high, color=blue, alpha=0.18, linewidth=0)
        above.plot(found.band.at, found.band.loss, color=blue, linewidth=1.6)
        above.plot(at, loss, "o", color=RUN, markersize=2.5, linewidth=0)
        _deviation(below, found, at=at, loss=loss)
        for axes in (above, below):
            if found.since is not None:
                axes.axvline(found.since, color=LAW_COLOURS[1], linewidth=1.0)
            axes.axvline(max(found.step, 1e-9), color=QUIET, linewidth=0.8, linestyle=(0, (3, 3)))
        later, shown = loss[at >= _BEGIN * found.total], found.band.at >= _BEGIN * found.total
        low, high = (float(pick([*later, *band[shown]])) for pick, band in
                     ((min, found.band.low), (max, found.band.high)))  # fmt: skip
        above.set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))
        above.set(ylabel="loss")
        below.set(xlabel=found.unit, ylabel="from expected", xlim=(0, found.total))
        below.xaxis.set_major_formatter(lambda value, _: show(value) if value >= 0 else "")
        below.yaxis.set_major_formatter(lambda value, _: f"{value:+.1%}")
        since = "" if found.since is None else f" since {show(found.since)}"
        head(
            above, f"{found.name}: {found.state}{since}, ends at {found.end.value:#.4g}",
            f"{found.end.level * 100:.0f} % interval for one logged loss: {found.end.low:#.4g} to "
            f"{found.end.high:#.4g}; dashed: now, {found.step / found.total * 100:.0f} % of the way",
        )  # fmt: skip
    return figure


def _deviation(axes: Axes, found: Watched, *, at: np.ndarray, loss: np.ndarray) -> None:
    """Draw rows and band as shares above the expected loss."""
    expected = np.interp(at, found.band.at, found.band.loss)
    later = at >= _BEGIN * found.total
    low, high = found.band.low / found.band.loss - 1, found.band.high / found.band.loss - 1
    axes.fill_between(found.band.at, low, high, color=LAW_COLOURS[0], alpha=0.18, linewidth=0)
    axes.axhline(0, color=LAW_COLOURS[0], linewidth=1.0)
    off = loss[later] / expected[later] - 1
    axes.plot(at[later], off, "o", color=RUN, markersize=2, linewidth=0)
    reach = max([0.002, *np.abs(np.concatenate([off, low[found.band.at >= _BEGIN * found.total]]))])
    axes.set_ylim(-1.15 * reach, 1.15 * reach)
