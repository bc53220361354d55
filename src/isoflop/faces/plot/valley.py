"""The figure of a plan: loss against size at its budget, and how far one may stray from the best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.errors import UsageError
from isoflop.faces.plot.look import (
    FAINT,
    INK,
    LAW_COLOURS,
    decades,
    head,
    lines_behind,
    of_ten,
    panel,
    points,
    ticks_apart,
)
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.planning.plan import paid_as
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.planning.result import Plan

_ACROSS, _POINTS, _ROOM = 8.0, 61, 0.08
"""Times the best size drawn on both sides; places drawn; room above and below, as a share of what is shown."""


def plan_figure(plan: Plan) -> Figure:
    """Return loss against size at the plan's budget: the best, its interval, and sizes that lose little.

    Raises UsageError for a plan whose size nobody knows, and for one that was made without run sheet.
    """
    with panel(6.8, 4.0) as (figure, axes):
        valley(axes, plan)
        head(axes, f"Loss against size at {of_ten(plan.budget.value)} FLOPs", valley_in_words(plan))
    return figure


def valley_in_words(plan: Plan) -> str:
    """Return what the parts of the figure are."""
    ends = "" if math.isnan(plan.loss.low) else f"band: {plan.loss.meaning}; "
    return f"{ends}grey: sizes within 0.1 % of the best loss"


def valley(axes: Axes, plan: Plan) -> None:
    """Draw loss against size along the plan's budget."""
    if plan.answers is None or plan.sheet is None or math.isnan(plan.N.value):
        raise UsageError("this plan knows no best size, so there is no valley to draw. Its findings say why.")
    terms = paid_as(plan.sheet.demand, plan.answers).terms()
    line, budget = Allocation(plan.answers, terms), np.array([plan.budget.value])
    log_n = math.log(plan.N.value) + np.linspace(-1, 1, _POINTS) * math.log(_ACROSS)
    log_n = log_n[(line.tokens(log_n, budget) >= 1) & np.isfinite(line.tokens(log_n, budget))]
    at = {key: np.broadcast_to(value, log_n.shape) for key, value in line.inputs(log_n, budget).items()}
    found = forecast_with(plan.answers, evidence(plan.answers), level=plan.loss.level, at=at)
    loss, low, high = (np.array([getattr(one.loss, part) for one in found]) for part in ("value", "low", "high"))
    sizes = np.exp(log_n)
    axes.axvspan(*plan.flat_range, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes.fill_between(sizes, low, high, color=LAW_COLOURS[0], alpha=0.15, linewidth=0, zorder=1)
    axes.plot(sizes, loss, color=LAW_COLOURS[0], linewidth=2, zorder=3)
    axes.plot(plan.N.value, plan.loss.value, marker="o", markersize=8, color=INK, zorder=4)
    axes.set(xscale="log", xlabel="parameters N", ylabel="loss")
    ends = np.array([loss.min(), loss.max(), *np.nan_to_num([plan.loss.low, plan.loss.high], nan=plan.loss.value)])
    axes.set_ylim(ends.min() - _ROOM * np.ptp(ends), ends.max() + _ROOM * np.ptp(ends))
    axes.set_xlim(sizes[0], sizes[-1])
    decades(axes.xaxis, lambda value: show(value, 1))
    ticks_apart(axes.yaxis)
    lines_behind(axes, "y")
    text = f"{show(plan.N.value)} on {show(plan.D.value)} tokens"
    axes.annotate(
        text, (plan.N.value, plan.loss.value), xytext=(0, 9), textcoords="offset points", ha="center", va="bottom",
        fontsize=points(9), color=INK, fontweight="bold",
    )  # fmt: skip
