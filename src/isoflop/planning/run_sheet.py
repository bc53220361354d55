"""The sheet of a plan: shape, settings, memory, time and money, what more would bring, what may be wrong."""

from __future__ import annotations

import math

from isoflop.compute.allocation import Allocation
from isoflop.compute.cost import cost, fewest_devices, training_memory
from isoflop.compute.cost_law import of_language
from isoflop.compute.shape import VOCABULARY, Shape, shape_for
from isoflop.compute.terms import FULL_PRECISION
from isoflop.data.metric import Metric
from isoflop.data.runs.columns import TOKENS
from isoflop.errors import UsageError
from isoflop.findings import Finding
from isoflop.formula.surface import Surface
from isoflop.laws.repetition import STOCK_OF_PUBLIC_TEXT, effective_tokens
from isoflop.planning.demand import Demand
from isoflop.planning.frame import bits_finding, experts_finding, frame_findings
from isoflop.planning.gains_and_regrets import Regret, gains, price_of_better, regrets
from isoflop.planning.hyperparameters import SMALLEST, hyperparameters
from isoflop.planning.result import Plan, Sheet
from isoflop.quantities import show

MOST_EPOCHS = 4.0
"""Passes over the same data up to which they are worth nearly as much as fresh data (Muennighoff et al. 2023)."""
WASTED = 0.1
"""The share of the budget wasted, if another law is right, from which the plan says so."""
_TIMES = (0.5, 1.0, 2.0, 4.0)
"""Multiples of the batch size whose steps and compute are told."""


def prepare(
    plan: Plan, line: Allocation, laws: Surface | None, *, demand: Demand, metric: Metric | None = None
) -> Sheet:
    """Return what the planned run needs, what more would bring and what other laws on the same runs say of it.

    Laws of language models advise on shape, batch and rate only where a loss was fitted to tokens and a run costs what
    theirs do.
    """
    size, tokens, flops = plan.N.value, plan.D.value, plan.budget.value
    language = metric is None and plan.data == TOKENS and of_language(line.terms.rule, size, tokens)
    shape = _shape(size, demand) if language else None
    dense = shape if demand.mixture is None else None  # M D of the dense laws counts dense layers
    settings = hyperparameters(
        size, tokens, loss=plan.loss.value, sequence=demand.context,
        layers=dense.layers if dense else None, width=dense.width if dense else None,
        mixture=demand.mixture is not None,
    ) if language else None  # fmt: skip
    memory = training_memory(shape, precision=demand.precision) if shape else None
    count = 1 if math.isnan(demand.count) else int(demand.count)
    paid = cost(
        plan.C, device=demand.device, count=count, mfu=demand.mfu, precision=demand.precision,
        price=None if math.isnan(demand.price) else demand.price,
    ) if demand.priced else None  # fmt: skip
    batch = min(settings.batch.value, demand.batch_limit) if settings else math.nan
    return Sheet(
        demand=demand, shape=shape, settings=settings, batch=batch,
        serving=flops - plan.C if line.terms.serving else 0.0, cost=paid, memory=memory,
        devices=fewest_devices(memory, demand.device) if memory else math.nan,
        trades=tuple(settings.trade(batch * times) for times in _TIMES) if settings and batch > 0 else (),
        gains=gains(line, flops, size, level=plan.N.level), better=price_of_better(line, flops, size),
        regrets=regrets(line, laws, flops, N=size), premises=_premises(plan, demand),
    )  # fmt: skip


def _shape(size: float, demand: Demand) -> Shape | None:
    """Give a shape of this size; None where its vocabulary alone is larger, or no whole number of layers comes near."""
    try:
        return shape_for(
            size, vocabulary=demand.known_tokens, context=int(demand.context),
            **(demand.mixture.of_shape() if demand.mixture else {}),
        )  # fmt: skip
    except UsageError:
        return None


def _premises(plan: Plan, demand: Demand) -> tuple[str, ...]:
    """Say what must be true for the plan to hold, beyond the law."""
    said = []
    if plan.decades > 0:
        said.append(f"the law holds {plan.decades:.1f} decades beyond the runs behind it")
    if not math.isfinite(demand.unique_tokens):
        said.append(f"{show(plan.D.value)} {plan.data} that do not repeat, as good as those runs', are at hand")
    said.append("batch size and learning rate are tuned at this size, as at theirs")
    if demand.priced:
        said.append(f"training reaches {demand.mfu:.0%} of the peak, restarts included")
    return tuple(said)


def sheet_findings(plan: Plan, line: Allocation, sheet: Sheet) -> tuple[Finding, ...]:
    """Return what to know about the sheet: data that run out, borrowed laws, regret, settings that disagree."""
    framed = frame_findings(plan, sheet) if plan.data == TOKENS else ()
    found = (*framed, *_data(plan, sheet.demand), *_borrowed(line), *_regretted(sheet.regrets))
    found = (*found, *experts_finding(plan, line), *bits_finding(plan, line))
    return (*found, *(sheet.settings.findings if sheet.settings and plan.N.value >= SMALLEST else ()))


def _data(plan: Plan, demand: Demand) -> list[Finding]:
    tokens, unique = plan.D.value, demand.unique_tokens
    if not math.isfinite(unique):
        stock = STOCK_OF_PUBLIC_TEXT
        if plan.data != TOKENS or tokens < stock.low:
            return []
        return [Finding(
            "P09", "WARN",
            f"{show(tokens)} tokens are wanted; the stock of public human text is about {show(stock.value)} "
            f"({show(stock.low)} to {show(stock.high)}, Villalobos et al. 2024)",
            "say what there is to read, as in --unique-tokens 15T",
        )]  # fmt: skip
    if tokens <= unique:
        return []
    epochs, worth = tokens / unique, float(effective_tokens(tokens, unique))
    return [Finding(
        "P09", "WARN" if epochs > MOST_EPOCHS else "INFO",
        f"{show(unique)} unique tokens are read {epochs:.1f} times, and are worth {show(worth)} fresh ones",
        "more or synthetic data, or a smaller model, would waste less" if epochs > MOST_EPOCHS else
        "up to about 4 times, repeated tokens are nearly as good as fresh ones",
    )]  # fmt: skip


def _borrowed(line: Allocation) -> list[Finding]:
    """Return the finding P17 where what the source does not know is taken from another paper."""
    takes, terms, found = line.by.inputs, line.terms, []
    if math.isfinite(terms.unique_tokens) and "U" not in takes:
        found.append(("tokens that repeat", "Muennighoff et al. 2023 (muennighoff2023): its R_D is weakly identified"))
    if terms.vocabulary != VOCABULARY:
        found.append((f"a vocabulary of {terms.vocabulary}", "the usual one's with the layers that are left"))
    if terms.bits != FULL_PRECISION and "bits" not in takes:
        found.append((f"{terms.bits:g} bits", "Kumar et al. 2024 (kumar2024), from runs of up to 1.7B parameters"))
    return [
        Finding(
            "P17", "INFO", f"the law knows nothing of {what}; what they are worth is taken from {paper}",
            "fit runs that vary it, or plan by that curve, to see how much hangs on it",
        )
        for what, paper in found
    ]  # fmt: skip


def _regretted(found: tuple[Regret, ...]) -> list[Finding]:
    worst = max(found, key=lambda one: one.flops, default=None)
    if worst is None or worst.flops < WASTED:
        return []
    return [Finding(
        "P07", "WARN",
        f"if {worst.law} is right, {worst.flops:.0%} of the budget is wasted; it would train {show(worst.N)}",
        "runs at two sizes on both sides, at a tenth of the budget, would tell the laws apart",
    )]  # fmt: skip
