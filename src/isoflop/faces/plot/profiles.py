"""The figure of profile likelihoods: how far each parameter can be pushed before the runs object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.look import FAINT, LAW_COLOURS, QUIET, decades, panels, ticks_apart
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.fitting.profile import Profile
    from isoflop.formula.arrays import Array


_ACROSS, _ABOVE, _POINTS = 3, 2.2, 400


def profiles_figure(found: Sequence[Profile]) -> Figure:
    """Return a panel for each profile: the objective along the number, and the values that the runs allow."""
    if not found:
        raise UsageError("there is no profile to draw. Name what to profile, as in alpha.")
    across = min(len(found), _ACROSS)
    down = math.ceil(len(found) / across)
    title, under = (
        "How far can a number be pushed?",
        "everything else fitted again at each value; band: what runs allow",
    )
    inches = (3.3 * across + 0.6, 2.7 * down + 0.7)
    with panels((down, across), inches, title=title, under=under) as (figure, grid):
        for axes, one in zip(grid, found, strict=False):
            _panel(axes, one)
        for axes in grid[len(found) :]:
            axes.set_visible(False)
        for axes in grid[::across]:
            axes.set_ylabel("objective, above the best")
    return figure


def _panel(axes: Axes, profile: Profile) -> None:
    """Draw one profile up to a little above its limit."""
    best = float(profile.objective.min())
    limit = profile.limit - best
    values, rise = _smooth(profile.values, profile.objective - best)
    near = rise <= _ABOVE * limit
    axes.plot(values[near], rise[near], color=LAW_COLOURS[0], linewidth=1.6, zorder=3)
    axes.axhline(limit, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2)), zorder=2)
    one = profile.estimate
    shown = values[near]
    low, high = max(one.low, float(shown.min())), min(one.high, float(shown.max()))
    axes.axvspan(low, high, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes.axvline(one.value, color=LAW_COLOURS[0], linewidth=0.8, zorder=1)
    if shown.min() > 0 and shown.max() / shown.min() > 20:
        axes.set_xscale("log")
        decades(axes.xaxis)
    else:
        ticks_apart(axes.xaxis, 4)
    axes.set_ylim(0, _ABOVE * limit)
    ticks_apart(axes.yaxis, 4)
    open_side = f", open: {', '.join(profile.open)}" if profile.open else ""
    axes.set_xlabel(f"{profile.name} = {show(one.value, 3)} [{show(one.low, 3)}, {show(one.high, 3)}]{open_side}")


def _smooth(values: Array, rise: Array) -> tuple[Array, Array]:
    """Return more points between those of a profile: its root, with a sign, is nearly a straight line."""
    root = np.sqrt(np.maximum(rise, 0.0)) * np.where(np.arange(len(rise)) < np.argmin(rise), -1.0, 1.0)
    fine = np.interp(np.linspace(0, len(values) - 1, _POINTS), np.arange(len(values)), values)
    return fine, np.interp(fine, values, root) ** 2
