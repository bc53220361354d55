"""The verb: what is asked for, settled into terms, planned, and written down as a run sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np

from isoflop.compute.allocation import PLAIN, Allocation
from isoflop.compute.flops import rule_named
from isoflop.compute.terms import Terms
from isoflop.data.runs.columns import TOKENS
from isoflop.data.runs.costs import rule_of
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate
from isoflop.findings import Finding
from isoflop.fitting.identifiability import unsplit
from isoflop.forecasting.ensemble import Evidence, evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.record import Record, with_sizes
from isoflop.forecasting.source import Source, settle
from isoflop.formula.arrays import Array, Bools, bisect
from isoflop.formula.several import Several
from isoflop.laws import CURVES
from isoflop.planning.demand import Demand
from isoflop.planning.keywords import Wants, demanding
from isoflop.planning.limits import beyond_limits, limits_crossed, refusal
from isoflop.planning.optimum import FLAT, calibrated, quantity, spread
from isoflop.planning.result import Plan
from isoflop.planning.run_sheet import prepare, sheet_findings
from isoflop.quantities import show

PUBLISHED = ("besiroglu2024", "hoffmann2022", "muennighoff2023-c4")
"""The curves that plan where neither runs nor a curve are given: dense language models of three papers."""


@demanding(Wants)
def plan(source: Source | None = None, *, level: float = LEVEL, **asked: Unpack[Wants]) -> Plan:
    """Return what to train for a budget, or the cheapest run that reaches a loss, as a run sheet.

    The keywords are the fields of `Demand`, which says what each means: flops=1e24, dollars=2e6, gpus="256xH100"
    with days=21, loss=1.9, unique_tokens=5e11, serve_tokens=1e13. Other inputs of the law go by their own names,
    sparsity=0.9, or in `held`. Intervals are statistical (what the runs leave open), calibrated (these, scaled as past
    errors of the loss ask) and the spread of laws; the headline holds all three. A published curve alone has none.
    Without a source, published curves plan together.

    >>> found = isoflop.plan("besiroglu2024", flops=1e22)
    >>> bool(1e9 < found.N.value < 2e10)
    True
    """
    return plan_for(source, Demand(**asked), level=level)


LOOSE = 1e4
"""How many times its low end the high end of the best N is, from where a plan is hardly one."""
_BUDGETS, _FOR_SIZE, _FOR_BUDGET = (1e9, 1e40), 40, 48
"""FLOPs between which the budget is sought of which a size is the best; halvings of the size and of the budget."""


def plan_for(source: Source | None, demand: Demand, *, level: float = LEVEL) -> Plan:
    """Return the plan of a demand; see `plan`."""
    answers = planner(source)
    demand = settled(paid_as(demand, answers), answers)
    behind, line, budget = evidence(answers), Allocation(answers, demand.terms()), demand.budget()
    line.refuse_missing()
    needed = None
    if budget is None:
        needed = forecast_to_reach(answers, behind, demand.loss, level=level, terms=line.terms)
        budget = needed.value
    core = plan_with(answers, behind, flops=budget, level=level, terms=line.terms)
    if math.isnan(core.N.value):
        return core if needed is None else replace(core, budget=Estimate(math.nan, level=level), C=math.nan)
    if needed is not None:
        core = replace(core, budget=needed)
    if behind.own is not None and core.record is not None:
        core = replace(core, record=with_sizes(core.record, behind.own))
    if crossed := limits_crossed(line, core.N.value, core.D.value):
        if not demand.beyond:
            raise refusal(line, crossed, budget=budget)
        return replace(core, findings=(beyond_limits(crossed), *core.findings))
    sheet = prepare(core, line, behind.laws, demand=demand, metric=answers.metric)
    return replace(core, sheet=sheet, findings=(*core.findings, *sheet_findings(core, line, sheet)))


def settled(demand: Demand, answers: Predictor) -> Demand:
    """Return the demand with a budget, where only N or only D was said: the one of which it is the best size."""
    said = [key for key in ("N", "D") if not math.isnan(getattr(demand, key))]
    if len(said) != 1 or demand.limits() or not math.isnan(demand.loss):
        return demand
    free = replace(demand, N=math.nan, D=math.nan)
    line, wanted = Allocation(answers, free.terms()), math.log(getattr(demand, said[0]))
    line.refuse_missing()

    def below(log_budget: Array) -> Bools:
        budget = np.exp(log_budget)
        size = line.best(budget, halvings=_FOR_SIZE)
        return (size if said == ["N"] else np.log(line.terms.affordable(np.exp(size), budget))) < wanted

    least = 10 * float(line.terms.cost(line.terms.params[0], line.terms.tokens[0]))
    low, high = (np.array([math.log(max(end, least))]) for end in _BUDGETS)
    if below(high)[0] or not below(low)[0]:
        raise UsageError(
            f"{said[0]}={getattr(demand, said[0]):g} is the best for no budget from {_BUDGETS[0]:g} to {_BUDGETS[1]:g} "
            "FLOPs. Say a budget too, as in --flops 1e22."
        )
    return replace(demand, flops=float(np.exp(bisect(below, low, high, halvings=_FOR_BUDGET))[0]))


def planner(source: Source | None) -> Predictor:
    """Return what plans: runs through several laws, any predictor as it is, and published curves for nothing."""
    if source is None:
        return Several(tuple(CURVES[one] for one in PUBLISHED))
    return settle(source)


def paid_as(demand: Demand, answers: Predictor) -> Demand:
    """Return the demand with FLOPs counted as the runs' own C is, unless another rule was asked for."""
    return replace(demand, flop_rule=rule_of(answers.runs, rule_named(demand.flop_rule)).name)


def plan_with(source: Predictor, behind: Evidence, *, flops: float, level: float = LEVEL, terms: Terms = PLAIN) -> Plan:
    """Return the plan of a source whose evidence is at hand; without any, its intervals are statistical."""
    found, findings, record = plans(source, behind, np.array([float(flops)]), level=level, terms=terms)
    if math.isnan(found[0].N.value):
        return replace(found[0], findings=findings, record=record)
    flat = Allocation(source, terms).flat_range(float(flops), math.log(found[0].N.value), FLAT)
    return replace(found[0], flat_range=flat, findings=findings, record=record)


def plans(
    source: Predictor,
    behind: Evidence,
    flops: Array,
    *,
    level: float,
    terms: Terms,
    most_draws: int | None = None,
) -> tuple[list[Plan], tuple[Finding, ...], Record | None]:
    """Return the plan of each budget (budgets,), without its flat range; then what to know about all of them."""
    if not np.all((flops > 6) & (flops < 1e60)):
        raise UsageError(f"flops={flops[0]:g} is no budget. Say a number of training FLOPs, as in 1e24.")
    line = Allocation(source, terms)
    found = spread(line, behind, flops, most_draws=most_draws)
    sizes, tokens = np.exp(found.best), line.tokens(found.best, flops)
    expected = forecast_with(source, behind, level=level, at=line.inputs(found.best, flops))
    found = calibrated(found, behind, flops)
    N = quantity(found, np.exp, level)
    D = quantity(found, lambda log_n: line.tokens(log_n, flops), level)
    ratio = quantity(found, lambda log_n: line.tokens(log_n, flops) / np.exp(log_n), level)
    trained = terms.rule.flops(sizes, tokens)
    each = [
        Plan(
            budget=Estimate(float(flops[place]), level=level), C=float(trained[place]), N=N[place], D=D[place],
            loss=one.loss, tokens_per_parameter=ratio[place], source=expected.source, rule=terms.rule.name,
            decades=one.decades, calibrated=one.calibrated, data=source.runs.data_unit if source.runs else TOKENS,
            answers=source,
        )
        for place, one in enumerate(expected)
    ]  # fmt: skip
    reason = _unknown_split(source, terms)
    each = [one.unknown() if reason or (math.isnan(one.loss.value) and not _settled(terms)) else one for one in each]
    return each, (*reason, *_loose_split(source, each), *expected.findings), expected.record


def _settled(terms: Terms) -> bool:
    """Whether N or D is given, so that a budget gives the other."""
    return terms.params[0] == terms.params[1] or terms.tokens[0] == terms.tokens[1]


def _unknown_split(source: Predictor, terms: Terms) -> tuple[Finding, ...]:
    """Return the finding F03 where the runs do not say how to split a budget, and nothing else settles it."""
    if _settled(terms) or source.runs is None or not (reason := unsplit(source.runs.columns)):
        return ()
    return (Finding(
        "F03", "BLOCK", f"{reason}, so they do not say how to split a budget: the best N and D are unknown",
        "add runs at other ratios of tokens to parameters, or say one of the two, as in N=8B",
    ),)  # fmt: skip


def _loose_split(source: Predictor, plans: Sequence[Plan]) -> tuple[Finding, ...]:
    """Return the finding F03 where the runs hardly say how to split a budget: the best N may lie almost anywhere."""
    worst = max((one.N for one in plans), key=lambda N: N.high / N.low if N.low > 0 else 0.0)
    if source.runs is None or not worst.low * LOOSE < worst.high:
        return ()
    return (Finding(
        "F03", "WARN", f"these runs hardly say how to split a budget: the best N lies between {show(worst.low)} and "
        f"{show(worst.high)}",
        "add runs at other ratios of tokens to parameters, or say one of the two, as in N=8B",
    ),)  # fmt: skip


def forecast_to_reach(source: Predictor, behind: Evidence, loss: float, *, level: float, terms: Terms) -> Estimate:
    """Return the least FLOPs whose best run reaches a loss, with the interval that a new run's loss has there.

    Where a run of the predicted loss L may end between l and h, the budget for h to be low enough is the one that
    predicts loss · L / h, and the luck of l would do with the one that predicts loss · L / l.
    """
    line = Allocation(source, terms)
    least = float(line.reaching(np.array([loss]))[0])
    if not math.isfinite(least):
        best = math.exp(float(line.best_loss(np.array([1e45]))[0]))
        raise UsageError(f"loss={loss:g} is out of reach: under these terms {source.name} ends at {best:.4g}.")
    there = plan_with(source, behind, flops=max(least, 6.0001), level=level, terms=terms).loss
    if not there.intervals:
        return Estimate(least, level=level)
    ends = np.array([*there.intervals.values(), (there.low, there.high)])
    budgets = line.reaching((loss * there.value / ends).ravel()).reshape(-1, 2)
    budgets[np.isnan(ends)] = math.nan
    kinds = {kind: (float(low), float(high)) for kind, (low, high) in zip(there.intervals, budgets, strict=False)}
    return Estimate(least, float(budgets[-1, 0]), float(budgets[-1, 1]), level, kinds)
