"""Plan: what to train, each quantity with its interval. Sheet: what else a run of that size and budget needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from isoflop.compute.cost import Cost, Memory, show_bytes, show_energy
from isoflop.compute.flops import said_as
from isoflop.data.runs.columns import TOKENS
from isoflop.display import View, bold, dim, doubts, findings_list, group, heading, interval, more_of, table
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, Whole, json_of
from isoflop.laws.vocabulary import best_vocabulary
from isoflop.planning.gains_and_regrets import STEP, Gain, Regret
from isoflop.planning.hyperparameters import SMALLEST, Advice, Hyperparameters, Trade
from isoflop.quantities import show, show_flops, show_hours, show_money

if TYPE_CHECKING:
    from rich.table import Table

    from isoflop.compute.shape import Shape
    from isoflop.forecasting.predictor import Predictor
    from isoflop.forecasting.record import Record
    from isoflop.planning.demand import Demand


@dataclass(frozen=True)
class Sheet:
    """What a planned run needs beyond N and D, and what more or another law would change.

    serving   FLOPs of serving; training and serving add up to the budget
    cost      time, money and energy of training; None where no devices were named
    shape     None where no realistic one is so small
    settings  batch, learning rate and weight decay by published laws of language models; None for anything else
    batch     tokens of a batch, the middle of published laws, within the limit
    devices   fewest devices that hold the training state
    trades    other batches: their steps and extra compute
    better    FLOPs that a loss lower by 0.01 would take beyond the budget
    premises  what must be true for the plan to hold
    tuned     best values of hyperparameters by a sweep of one's own; they come before published ones

    >>> isoflop.plan("besiroglu2024", flops=1e22, gpus="256xH100").sheet.cost is None
    False
    """

    demand: Demand
    shape: Shape | None
    settings: Hyperparameters | None
    batch: float
    serving: float
    cost: Cost | None
    memory: Memory | None
    devices: float
    trades: tuple[Trade, ...]
    gains: tuple[Gain, ...]
    better: float
    regrets: tuple[Regret, ...]
    premises: tuple[str, ...]
    tuned: Mapping[str, Estimate] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the sheet as it stands in the JSON."""
        return json_of(
            self, "budget_is shape batch hyperparameters=settings serving_flops=serving cost memory "
            "fewest_devices=devices batches=trades gains flops_for_0.01_less_loss=better regrets premises tuned",
            budget_is=list(self.demand.told()),
            shape=self.shape.as_dict() if self.shape else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Plan(Answer):
    """What to train for a budget, or to reach a loss.

    budget      FLOPs of training and serving; with an interval where a loss was asked for
    C           FLOPs of training N on D
    flat_range  the lowest and highest N whose loss is within 0.1 % of the best
    loss        with the interval of a new run trained at N and D
    sheet       what else the run needs; None where only N and D were asked for
    data        what D counts: tokens, or images and the like where the runs' own column says so
    answers     what planned it, for figures and documents

    >>> found = isoflop.plan("besiroglu2024", flops=1e22)
    >>> bool(1e9 < found.N.value < 2e10)
    True
    """

    budget: Estimate
    C: float
    N: Estimate
    D: Estimate
    loss: Estimate
    tokens_per_parameter: Estimate
    source: str
    rule: str
    decades: float
    calibrated: bool = False
    flat_range: tuple[float, float] = (math.nan, math.nan)
    findings: tuple[Finding, ...] = ()
    record: Record | None = None
    sheet: Sheet | None = None
    data: str = TOKENS
    answers: Predictor | None = field(default=None, repr=False, compare=False)

    def unknown(self) -> Plan:
        """Return the plan without what the runs do not tell: how the budget is split, and what it reaches."""
        none = Estimate(math.nan, level=self.N.level)
        return replace(self, N=none, D=none, tokens_per_parameter=none, loss=none, C=self.budget.value)

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as it stands in the JSON."""
        return json_of(
            self, "budget C N D loss tokens_per_parameter N_within_0.1_percent=flat_range level=N.level decades "
            "calibrated flop_rule=rule source sheet planned_sizes findings",
            planned_sizes=self.record.sizes_as_dict() if self.record else None,
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the plan on one screen: what to train, what it costs, a line for each doubt."""
        return one_screen(self)

    def full(self) -> Whole:
        """Return all there is to see: the run, its batches, what more would bring, other laws, every remedy."""
        return Whole(everything(self))


def one_screen(plan: Plan) -> View:
    """Return the answer: the headline, each quantity with its interval, three lines of context, the doubts."""
    more = more_of(plan.findings, "shape, batch, rate, memory, what more would bring, other laws")
    return group(bold(headline(plan)), "", _quantities(plan), *_context(plan), doubts(plan.findings), more)


def headline(plan: Plan) -> str:
    """Return what to train and what to expect, in one sentence."""
    if math.isnan(plan.N.value):
        return f"The runs do not tell how to split {show_flops(plan.budget.value)} FLOPs."
    ends = "" if math.isnan(plan.loss.low) else f" ({interval(plan.loss, 4)})"
    return (
        f"Train {show(plan.N.value)} parameters on {show(plan.D.value)} {plan.data}: "
        f"expect a loss of {plan.loss.value:.4f}{ends}."
    )


def _context(plan: Plan) -> list[View]:
    """Return what the plan costs, what it comes from and how firm it is: a line each."""
    sheet = plan.sheet
    low, high = map(show, plan.flat_range)
    serving = f" and {show_flops(sheet.serving)} for serving" if sheet and sheet.serving else ""
    costs = [f"{show_flops(plan.C)} training FLOPs{serving} ({said_as(plan.rule)})"]
    if sheet and (paid := sheet.cost):
        days = "" if math.isnan(sheet.demand.count) else f"{show(paid.days)} days on {paid.count} × {paid.device}"
        money = "" if math.isnan(paid.dollars) else show_money(paid.dollars)
        costs += filter(None, [show_hours(paid.device_hours, paid.device), days, money, show_energy(paid.energy)])
    flat = f"any N from {low} to {high} is within 0.1 % of the best loss" if low != high else ""
    told = sheet.demand.told() if sheet else ()
    return [dim(line) for line in (" · ".join(costs), *told, f"by {plan.source}", flat, *_looked_back(plan)) if line]


def _looked_back(plan: Plan) -> list[str]:
    """Return how far off losses and sizes foretold from a part of the runs were: a line for each that was tested."""
    if plan.record is None or not plan.record.tests:
        return []
    losses = plan.record.told(0.0 if math.isnan(plan.decades) else plan.decades)
    sizes = plan.record.told_of_sizes()
    return [losses, *([f"in backtests, {sizes}"] if sizes else [])]


def everything(plan: Plan) -> View:
    """Return the plan: each quantity with its interval, how flat the optimum is, and the sheet if there is one."""
    serving = plan.sheet.serving if plan.sheet else 0.0
    whole = f"{show_flops(plan.C)} training FLOPs" + (f" and {show_flops(serving)} for serving" if serving else "")
    parts: list[View] = [heading(whole, said_as(plan.rule)), dim(f"by {plan.source}")]
    if plan.sheet:
        parts += [dim(line) for line in plan.sheet.demand.told()]
    low, high = map(show, plan.flat_range)
    parts.append(_quantities(plan))
    if low != high:
        parts.append(dim(f"any N from {low} to {high} is within 0.1 % of the best loss"))
    parts += [dim(line) for line in _looked_back(plan)]
    if plan.sheet:
        parts += _sheet(plan.sheet)
    return group(*parts, findings_list(plan.findings))


def _quantities(plan: Plan) -> Table:
    rows = [
        ("parameters N", _known(plan.N), interval(plan.N)),
        (f"{plan.data} D", _known(plan.D), interval(plan.D)),
        (f"{plan.data} per parameter", _known(plan.tokens_per_parameter), interval(plan.tokens_per_parameter)),
        ("loss", _known(plan.loss, f"{plan.loss.value:.4f}"), interval(plan.loss, 4)),
    ]
    if not math.isnan(plan.budget.low):
        rows.insert(0, ("FLOPs", *_flops(plan.budget)))
    of_loss = "" if plan.loss.meaning == plan.N.meaning else f"; loss: {plan.loss.meaning}"
    return table(["train", "best", plan.N.meaning + of_loss], rows)


def _known(found: Estimate, text: str = "") -> str:
    return "unknown" if math.isnan(found.value) else text or show(found.value)


def _flops(found: Estimate) -> tuple[str, str]:
    return show_flops(found.value), f"{show_flops(found.low)} – {show_flops(found.high)}"


def _sheet(sheet: Sheet) -> list[View]:
    parts: list[View] = []
    if run := run_rows(sheet):
        parts += ["", table(["the run", ""], run, words=True)]
    parts += _batches(sheet)
    gains = [(one.of, f"{one.loss.value:+.2g}", interval(one.loss, 2), show_flops(one.flops)) for one in sheet.gains]
    parts += ["", table(["10 % more", "loss", "interval", "FLOPs"], gains)]
    if not math.isnan(sheet.better):
        parts.append(dim(_price(sheet)))
    if sheet.regrets:
        lost = [(one.law, show(one.N), f"{one.loss:.2%}", f"{one.flops:.1%}") for one in sheet.regrets]
        parts += ["", table(["if this law is right", "best N", "loss given up", "budget wasted"], lost)]
    return [*parts, "", dim("holds if " + "; ".join(sheet.premises))]


def _price(sheet: Sheet) -> str:
    if math.isinf(sheet.better):
        return f"a loss lower by {STEP:g} is out of reach under these terms"
    money = ""
    if sheet.cost and sheet.cost.flops > 0 and not math.isnan(sheet.cost.dollars):
        money = f", {show_money(sheet.better / sheet.cost.flops * sheet.cost.dollars)}"
    return f"a loss lower by {STEP:g} takes {show_flops(sheet.better)} FLOPs more{money}"


def _say(laws: Sequence[Advice]) -> str:
    """Say what each published law advises, and how far the run lies from the runs of the nearest."""
    each = sorted((one.value, one.curve.rpartition("-")[0]) for one in laws if not math.isnan(one.value))
    far = min((one.outside for one in laws if not math.isnan(one.outside)), default=0.0)
    apart = f"; {far:.1f} decades beyond their runs" if far > 0 else ""
    return ", ".join(f"{name} {show(value)}" for value, name in each) + apart


def _batches(sheet: Sheet) -> list[View]:
    """Return the steps and the compute of other batches: time against the critical batch."""
    rows = [(show(one.batch), show(one.steps.value), f"{one.extra.value:+.0%}") for one in sheet.trades]
    if not rows or sheet.settings is None or sheet.settings.N < SMALLEST:
        return []
    critical = sheet.settings.critical_batch
    if math.isnan(critical.value):
        return []
    said = f"at the critical batch of about {show(critical.value)} tokens, steps and compute are each twice their least"
    return ["", table(["tokens in a batch", "steps", "compute"], rows), dim(said)]


def run_rows(sheet: Sheet) -> list[tuple[str, str]]:
    """Return what the run is made of and takes, as rows of words: shape, batch, rate, memory, time, money, energy."""
    settings, demand, paid = sheet.settings, sheet.demand, sheet.cost
    rows = [("shape", str(sheet.shape)), *_vocabulary(sheet.shape)] if sheet.shape else []
    if settings is not None and settings.N >= SMALLEST:
        rows += [
            ("batch", f"{show(sheet.batch)} tokens, {show(settings.D / sheet.batch)} steps, between"),
            ("", _say(settings.batches)),
            ("learning rate", f"{show(settings.learning_rate.value)}, between"),
            ("", _say(settings.learning_rates)),
        ]
    rows += [(name, f"{show(one.value)} ({interval(one)}), by the sweep") for name, one in sheet.tuned.items()]
    if sheet.memory and not math.isnan(sheet.devices):
        rows.append(
            ("memory", f"{show_bytes(sheet.memory.total)}: at least {sheet.devices:.0f} × {demand.device.name}")
        )
    if paid:
        days = "" if math.isnan(demand.count) else f", {show(paid.days)} days on {paid.count}"
        rows.append(("time", f"{show(paid.device_hours)} hours of one {paid.device}{days}"))
        known = f"{show_money(paid.dollars)} at ${paid.price:.2f} an hour"
        rows.append(("money", "no price known: say --price" if math.isnan(paid.price) else known))
        rows.append(("energy", show_energy(paid.energy)))
    return rows


def _vocabulary(shape: Shape) -> list[tuple[str, str]]:
    """Return the vocabularies that three approaches find best for the shape's layers."""
    found = [float(best_vocabulary(shape.active_non_embedding, shape.width, approach=one)) for one in (1, 2, 3)]
    return [("", f"best vocabulary by Tao et al. 2024: {show(min(found))} – {show(max(found))}")]
