"""A plan as a decision on one page: question, answer, how sure it is, what could go wrong, what else could be done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.compute.cost import show_energy
from isoflop.display import SEVERITY_COLOURS, interval
from isoflop.errors import UsageError
from isoflop.estimate import Estimate
from isoflop.faces.plot.look import of_ten
from isoflop.findings import Finding
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.predictor import Predictor
from isoflop.planning.demand import Demand
from isoflop.planning.plan import paid_as, plans
from isoflop.planning.result import Plan, Sheet, headline
from isoflop.quantities import show, show_flops, show_hours, show_money

MOST_DOUBTS = 4
"""Findings that find room on the first page; what blocks always does."""
CHOICES = ("instead", "parameters", "tokens", "loss", "interval", "cost")
"""How the columns of the alternatives are headed."""
_TIMES = 2.0
"""How much more or less of the budget, or of the size, an alternative is."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One number of the answer: what it is, its value, and a line beneath it."""

    name: str
    value: str
    under: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What somebody who pays wants to know of a plan, in words.

    trust    sentences: what the intervals mean, how far the run lies beyond others, how past forecasts did
    doubts   what could go wrong: a finding of each code, the gravest first; `left` more stand in the evidence
    choices  alternatives, a row each under CHOICES
    """

    question: str
    answer: str
    cards: tuple[Card, ...]
    trust: tuple[str, ...]
    doubts: tuple[Finding, ...]
    left: int
    choices: tuple[tuple[str, ...], ...]


def decide(plan: Plan) -> Decision:
    """Return the decision that a plan asks for."""
    doubts = gravest(plan.findings)
    return Decision(
        question="What should be trained?" if plan.sheet is None else question(plan.sheet.demand),
        answer=headline(plan), cards=_cards(plan), trust=tuple(_trust(plan)), doubts=doubts,
        left=len(set(plan.findings)) - len(doubts), choices=tuple(_choices(plan)),
    )  # fmt: skip


def question(demand: Demand) -> str:
    """Return what was asked, as a person would ask it."""

    def number(key: str) -> str:
        return _short(getattr(demand, key))

    said = {key: not math.isnan(getattr(demand, key)) for key in ("flops", "dollars", "gpu_hours", "loss", "N", "D")}
    if said["N"] and said["D"]:
        return f"What would {number('N')} parameters on {number('D')} tokens reach?"
    if said["loss"]:
        asked = f"What is the cheapest run that reaches a loss of {demand.loss:g}"
    elif said["dollars"]:
        asked = f"What should we train for ${number('dollars')}"
    elif said["gpu_hours"]:
        asked = f"What should we train in {number('gpu_hours')} {demand.device.name}-hours"
    elif said["flops"]:
        asked = f"What should we train with {show_flops(demand.flops)} FLOPs"
    else:
        asked = f"What should we train on {demand.count:.0f} × {demand.device.name} in {_short(demand.time)} days"
    return f"{asked}{''.join(_bounds(demand))}?"


def _bounds(demand: Demand) -> list[str]:
    """Return what else bounds the run, as the end of a question."""
    said = [f", at {letter} = {_short(getattr(demand, letter))}" for letter in "ND"
            if not math.isnan(getattr(demand, letter))]  # fmt: skip
    if math.isfinite(demand.unique_tokens):
        said.append(f", with {_short(demand.unique_tokens)} tokens to read")
    if demand.serve_tokens:
        said.append(f", to serve {_short(demand.serve_tokens)} tokens")
    return said


def _short(value: float) -> str:
    """Return a number as people say it: 2M, not 2.00M."""
    text = show(value)
    digits = text.rstrip("kMBT")
    return f"{digits.rstrip('0').rstrip('.')}{text[len(digits) :]}" if "." in digits and "e" not in digits else text


def gravest(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the gravest finding of each code, as many as find room on a page, and all that block."""
    order = list(SEVERITY_COLOURS)
    ranked = sorted(dict.fromkeys(findings), key=lambda one: order.index(one.severity))
    first = list({(one.severity, one.code): one for one in reversed(ranked) if one.severity != "INFO"}.values())[::-1]
    blocks = [one for one in ranked if one.severity == "BLOCK"]
    others = [one for one in first if one.severity != "BLOCK"]
    return tuple(blocks + others[: max(MOST_DOUBTS - len(blocks), 0)])


def _cards(plan: Plan) -> tuple[Card, ...]:
    if math.isnan(plan.N.value):
        return ()

    def ends(one: Estimate, digits: int = 3) -> str:
        return "no interval" if math.isnan(one.low) else interval(one, digits)

    return (
        Card(name="parameters", value=show(plan.N.value), under=ends(plan.N)),
        Card(name=plan.data, value=show(plan.D.value), under=ends(plan.D)),
        Card(name="loss", value=f"{plan.loss.value:.4f}", under=ends(plan.loss, 4)),
        _paid(plan),
    )


def _paid(plan: Plan) -> Card:
    """Return what the training takes: money, time and energy where devices were named, FLOPs elsewhere."""
    paid = plan.sheet.cost if plan.sheet else None
    if paid is None:
        return Card(name="training", value=show_flops(plan.C), under=f"FLOPs, {_short(plan.D.value / plan.N.value)} "
                    f"{plan.data} per parameter")  # fmt: skip
    days = f"{show(paid.days)} days on {paid.count}" if plan.sheet and not math.isnan(plan.sheet.demand.count) else ""
    hours = show_hours(paid.device_hours, paid.device)
    if math.isnan(paid.dollars):
        return Card(name="training", value=hours, under=" · ".join(filter(None, [days, show_energy(paid.energy)])))
    return Card(
        name="training", value=show_money(paid.dollars),
        under=" · ".join(filter(None, [days or hours, show_energy(paid.energy)])),
    )  # fmt: skip


def _trust(plan: Plan) -> list[str]:
    """Return how sure the answer is, a sentence each."""
    said = [f"By {plan.source}."]
    if not math.isnan(plan.loss.low):
        same = plan.N.meaning == plan.loss.meaning
        said.append(f"Ranges: {plan.N.meaning}{'' if same else f'; of the loss, what {plan.loss.meaning}'}.")
    if plan.decades > 0:
        said.append(f"The run takes {_times(plan.decades)} the compute of the largest run behind the answer.")
    elif not math.isnan(plan.decades):
        said.append("The run lies within the compute of the runs behind the answer.")
    if plan.record is not None and plan.record.tests:
        told = plan.record.told(0.0 if math.isnan(plan.decades) else plan.decades)
        said.append(f"{told[:1].upper()}{told[1:]}.")
    low, high = plan.flat_range
    if low != high and not math.isnan(low):
        said.append(f"Any size from {show(low)} to {show(high)} is within 0.1 % of the best loss.")
    if plan.sheet:
        said.append(f"It holds if {'; '.join(plan.sheet.premises)}.")
    return said


def _times(decades: float) -> str:
    """Return how many times more so many decades are."""
    return f"{show(10**decades, 2)} times" if decades < 6 else f"{of_ten(10.0 ** round(decades))} times"


def _choices(plan: Plan) -> list[tuple[str, ...]]:
    """Return other budgets at their best sizes, and other sizes at this budget."""
    if plan.answers is None or plan.sheet is None or math.isnan(plan.N.value):
        return []
    settled = plan.sheet.demand
    terms = paid_as(settled, plan.answers).terms()
    line = Allocation(plan.answers, terms)
    row, bound = _choice("this plan", plan, plan.sheet), [low == high for low, high in (terms.params, terms.tokens)]
    if all(bound):
        return [row]
    rows = [row, *([] if any(bound) else _other_sizes(plan, line, plan.answers))]
    if math.isfinite(terms.training):  # the machines bound the run whatever is spent
        return rows
    budgets = plan.budget.value * np.array([1 / _TIMES, _TIMES])
    with suppress(UsageError):  # half of it may be too little for the bounds that were set
        others, _, _ = plans(plan.answers, evidence(plan.answers), budgets, level=plan.N.level, terms=terms)
        less, more = (_choice(f"{name} the budget", one, plan.sheet)
                      for name, one in zip(("half", "twice"), others, strict=True))  # fmt: skip
        rows = [less, *rows[:1], more, *rows[1:]]
    return rows


def _choice(name: str, plan: Plan, sheet: Sheet) -> tuple[str, ...]:
    loss = "" if math.isnan(plan.loss.low) else interval(plan.loss, 4)
    return (name, show(plan.N.value), show(plan.D.value), f"{plan.loss.value:.4f}", loss, _cost(plan.C, sheet))


def _cost(flops: float, sheet: Sheet) -> str:
    paid = sheet.cost
    if paid is None or math.isnan(paid.dollars) or not paid.flops > 0:
        return f"{show_flops(flops)} FLOPs"
    return show_money(flops / paid.flops * paid.dollars)


def _other_sizes(plan: Plan, line: Allocation, answers: Predictor) -> list[tuple[str, ...]]:
    """Return runs of half and of twice the size that spend the same budget."""
    budget = np.array([plan.budget.value])
    low, high = (float(np.ravel(end)[0]) for end in line.terms.span(budget[:, None]))
    rows: list[tuple[str, ...]] = []
    for name, times in (("half the size", 1 / _TIMES), ("twice the size", _TIMES)):
        log_n = np.array([math.log(plan.N.value * times)])
        if not low <= log_n[0] <= high:
            continue
        tokens = float(line.tokens(log_n, budget)[0])
        at = {key: np.broadcast_to(value, 1) for key, value in line.inputs(log_n, budget).items()}
        (found,) = forecast_with(answers, evidence(answers), level=plan.loss.level, at=at)
        loss = "" if math.isnan(found.loss.low) else interval(found.loss, 4)
        spent = float(line.terms.rule.flops(np.exp(log_n), np.array([tokens]))[0])
        cost = "" if plan.sheet is None else _cost(spent, plan.sheet)
        rows.append((name, show(math.exp(log_n[0])), show(tokens), f"{found.loss.value:.4f}", loss, cost))
    return rows
