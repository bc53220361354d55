"""The verb: what is asked for, settled into terms, planned, and written down as a run sheet."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.compute.allocation import PLAIN
from isoflop.compute.terms import Terms
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate
from isoflop.forecasting.ensemble import Evidence, evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.source import Settled, Source, name_of, settle
from isoflop.formula.law import Several
from isoflop.laws import CURVES
from isoflop.planning.demand import Demand
from isoflop.planning.optimum import (
    best_losses,
    budgets_reaching,
    calibrated,
    flat_range,
    law_of,
    quantity,
    refuse_missing,
    spread,
)
from isoflop.planning.result import Plan
from isoflop.planning.run_sheet import prepare, sheet_findings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.findings import Finding
    from isoflop.forecasting.record import Record

    Array = NDArray[np.float64]

PUBLISHED = ("besiroglu2024", "hoffmann2022", "muennighoff2023-c4")
"""The curves that plan where neither runs nor a curve are given: dense language models of three papers."""
WITH_EXPERTS = "ludziejewski2025"
"""The curve that plans a mixture of experts where none is given."""


def plan(source: Source | None = None, *, level: float = LEVEL, **asked: Any) -> Plan:
    """Give what to train for a budget, or the cheapest run that reaches a loss, as a run sheet.

    asked: the fields of `Demand`, such as flops=1e24, dollars=2e6, gpus="256xH100" with days=21, loss=1.9,
    unique_tokens=5e11, serve_tokens=1e13. Intervals are statistical (a fit's draws), calibrated (these, scaled
    as past errors of the loss ask) and the spread of laws; the headline holds all three. A published curve
    alone has none. Without a source, published curves plan together.
    """
    demand = Demand.of(asked)
    settled = planner(source, demand)
    behind = evidence(settled)
    terms, budget = demand.terms(), demand.budget()
    refuse_missing(settled, terms)
    needed = None
    if budget is None:
        found = forecast_to_reach(settled, behind, demand.loss, level=level, terms=terms)
        needed, budget = found, found.value
    core = plan_with(settled, behind, flops=budget, level=level, terms=terms)
    if needed is not None:
        core = replace(core, budget=needed)
    sheet = prepare(core, settled, behind, demand=demand, terms=terms)
    return replace(core, sheet=sheet, findings=(*core.findings, *sheet_findings(core, settled, sheet, terms=terms)))


def planner(source: Source | None, demand: Demand) -> Settled:
    """Give what plans: runs through several laws, a fit or curves as they are, and published curves for nothing."""
    if source is None:
        return CURVES[WITH_EXPERTS] if "experts" in demand.held else Several(tuple(CURVES[one] for one in PUBLISHED))
    return settle(source)


def plan_with(settled: Settled, behind: Evidence, *, flops: float, level: float = LEVEL, terms: Terms = PLAIN) -> Plan:
    """Give the plan of a source whose evidence is at hand; without any, its intervals are statistical."""
    found, findings, record = plans(settled, behind, np.array([float(flops)]), level=level, terms=terms)
    flat = flat_range(settled, float(flops), best=math.log(found[0].N.value), terms=terms)
    return replace(found[0], flat_range=flat, findings=findings, record=record)


def plans(
    settled: Settled, behind: Evidence, flops: Array, *, level: float, terms: Terms
) -> tuple[list[Plan], tuple[Finding, ...], Record | None]:
    """Give the plan of each budget (budgets,), without its flat range; then what to know about all of them."""
    if not np.all((flops > 6) & (flops < 1e60)):
        raise UsageError(f"flops={flops[0]:g} is no budget. Say a number of training FLOPs, as in 1e24.")
    found = spread(settled, behind, flops, terms=terms)
    sizes, tokens = np.exp(found.best), terms.affordable(np.exp(found.best), flops)
    at = terms.worth(law_of(settled), sizes, tokens)
    expected = forecast_with(settled, behind, level=level, at=at)
    far = np.array([one.decades for one in expected])
    if expected[0].calibrated:
        found = calibrated(found, behind, np.where(np.isnan(far), 0.0, far))
    N = quantity(found, np.exp, level)
    D = quantity(found, lambda log_n: terms.affordable(np.exp(log_n), flops), level)
    ratio = quantity(found, lambda log_n: terms.affordable(np.exp(log_n), flops) / np.exp(log_n), level)
    trained = terms.rule.flops(sizes, tokens)
    each = [
        Plan(
            budget=Estimate(float(flops[place]), level=level), C=float(trained[place]), N=N[place], D=D[place],
            loss=one.loss, tokens_per_parameter=ratio[place], source=expected.source, rule=terms.rule.name,
            decades=one.decades, calibrated=one.calibrated,
        )
        for place, one in enumerate(expected)
    ]  # fmt: skip
    return each, expected.findings, expected.record


def forecast_to_reach(settled: Settled, behind: Evidence, loss: float, *, level: float, terms: Terms) -> Estimate:
    """Give the least FLOPs whose best run reaches a loss, with the interval that a new run's loss has there.

    Where a run of the predicted loss L may end between l and h, the budget for h to be low enough is the one that
    predicts loss · L / h, and the luck of l would do with the one that predicts loss · L / l.
    """
    least = float(budgets_reaching(settled, np.array([loss]), terms=terms)[0])
    if not math.isfinite(least):
        best = math.exp(float(best_losses(settled, np.array([1e45]), terms=terms)[0]))
        raise UsageError(f"loss={loss:g} is out of reach: under these terms {name_of(settled)} ends at {best:.4g}.")
    there = plan_with(settled, behind, flops=max(least, 6.0001), level=level, terms=terms).loss
    if not there.intervals:
        return Estimate(least, level=level)
    ends = np.array([*there.intervals.values(), (there.low, there.high)])
    budgets = budgets_reaching(settled, (loss * there.value / ends).ravel(), terms=terms).reshape(-1, 2)
    budgets[np.isnan(ends)] = math.nan
    kinds = {kind: (float(low), float(high)) for kind, (low, high) in zip(there.intervals, budgets, strict=False)}
    return Estimate(least, float(budgets[-1, 0]), float(budgets[-1, 1]), level, kinds)
