"""The figure of a frontier: the best size and its tokens at each budget, with intervals, beside the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.ensemble import Ensemble
from isoflop.fit import Fit
from isoflop.plan import Frontier, frontier
from isoflop.plot.fitted import runs_of
from isoflop.plot.look import FAINT, LAW_COLOURS, QUIET, RUN, decades, panels, power
from isoflop.units import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.estimate import Estimate
    from isoflop.runs import Runs

BEYOND = 100.0
"""How many times the largest compute of the runs the figure reaches."""
_BUDGETS = 24


def allocation_figure(source: Fit | Ensemble) -> Figure:
    """Give the best N and D against compute with their intervals, the runs' own as dots, dashed beyond them."""
    runs = runs_of(source)
    trained = float(runs["C"].max())
    budgets = np.unique(np.append(np.geomspace(runs["C"].min(), trained * BEYOND, _BUDGETS), trained))
    found = frontier(source, budgets.tolist())
    title, under = "What to train at each budget", "band: 90 % interval; dashed beyond the runs (grey)"
    with panels((1, 2), (10.0, 4.5), title=title, under=under) as (figure, grid):
        for axes, letter, name in zip(grid, ("N", "D"), ("parameters N", "tokens D"), strict=True):
            _panel(axes, found, runs, letter=letter)
            axes.set_ylabel(name)
    return figure


def _panel(axes: Axes, found: Frontier, runs: Runs, *, letter: str) -> None:
    budgets = np.array([one.budget.value for one in found.plans])
    said: list[Estimate] = [getattr(one, letter) for one in found.plans]
    value, low, high = (np.array([getattr(one, part) for one in said]) for part in ("value", "low", "high"))
    trained = float(runs["C"].max())
    axes.fill_between(budgets, low, high, color=LAW_COLOURS[0], alpha=0.15, linewidth=0, zorder=1)
    for part, dashes in ((budgets <= trained, "-"), (budgets >= trained, (0, (4, 2)))):
        axes.plot(budgets[part], value[part], color=LAW_COLOURS[0], linewidth=1.8, linestyle=dashes, zorder=3)
    axes.scatter(runs["C"], runs[letter], s=16, color=RUN, linewidths=0, zorder=2)
    axes.set(xscale="log", yscale="log", xlabel="training compute C (FLOPs)")
    decades(axes.xaxis, power)
    decades(axes.yaxis, lambda value: show(value, 1))
    axes.grid(visible=True, which="major", color=FAINT, linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    slope = np.log(value[-1] / value[0]) / np.log(budgets[-1] / budgets[0])
    axes.text(0.04, 0.93, f"grows as C^{slope:.2f}", transform=axes.transAxes, fontsize=9, color=QUIET)
