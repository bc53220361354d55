"""What published laws say of a run's batch size, learning rate and weight decay, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.compute.flops import rule_named
from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.errors import UsageError
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.formula.arrays import Array
from isoflop.formula.law import Curve
from isoflop.laws import find_curve
from isoflop.laws.deepseek import flops_per_token
from isoflop.laws.mccandlish import mccandlish_examples, mccandlish_steps
from isoflop.laws.zhang import CONTEXT
from isoflop.quantities import Nats, Params, Tokens, show

SMALLEST = 1e6
"""Parameters from which published laws of batch and learning rate are shown."""
_EXACT = "C = M D"
BATCHES = {
    "deepseek2024-batch": _EXACT,
    "steplaw2025-batch": "",
    "minicpm2024-batch": "the loss on C4",
    "porian2024-batch": "N, at about 20 tokens per parameter",
    "moonlight2025-batch": "C = 6ND",
}
LEARNING_RATES = {
    "deepseek2024-lr": _EXACT,
    "steplaw2025-lr": "N without vocabulary",
    "porian2024-lr": "N, at about 20 tokens per parameter",
    "moonlight2025-lr": "C = 6ND",
}
OF_MIXTURES = {"batch": {"tian2025-moe-batch": _EXACT}, "rate": {"tian2025-moe-lr": _EXACT}}
"""Laws of mixtures of experts, asked for those beside the others."""
CRITICAL_BATCHES = {
    "kaplan2020-B-crit": "the loss on WebText2; steps and tokens twice their least",
    "kaplan2020-B-opt": "C = 6ND; steps and tokens twice their least",
}
"""Curves asked, with what each counts."""
LOOSER = {"zhang2024-batch": "N, at 20 tokens per parameter; 20 % more steps than perfect scaling"}
"""Critical batches by another definition: they stand beside the others, but do not count."""
TIMESCALE = "bergsma2025-timescale"
AGREE, FAR_APART = 2.0, 4.0
"""Laws that differ by more than the first factor disagree; by more than the second, badly."""
_MUP = (
    "With µP a learning rate tuned at one width holds at all; without it, Adam's for hidden weights falls as "
    "1 / width (Yang et al. 2022, arXiv:2203.03466)."
)


@dataclass(frozen=True)
class Advice:
    """What one published law says of one setting of a run.

    value    tokens of a batch, or a peak learning rate; nan where the law asks for a loss that nobody knows
    outside  decades by which the run lies outside the range that the law was fitted on: 0 inside, nan if unknown
    counts   what the law takes, where that needs saying
    """

    curve: str
    value: float
    outside: float
    counts: str


@dataclass(frozen=True)
class Trade:
    """What the same loss takes at another batch size: fewer steps, or less compute.

    extra  compute beyond that of the planned run, as a share of it; below zero it is saved
    Intervals reach as far as the critical batch's does.
    """

    batch: float
    steps: Estimate
    tokens: Estimate
    extra: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return the trade as it stands in the JSON."""
        return json_of(self)


@dataclass(frozen=True)
class Hyperparameters(Answer):
    """Batch size (tokens), peak learning rate and weight decay of a run of N parameters on D tokens.

    Each is the geometric mean of what the laws say whose range holds the run, or of all laws where fewer than
    two do; its interval spans what they say. It is the spread of published advice, not a level of confidence.

    weight_decay    AdamW's at that batch and learning rate, for the timescale of Power Lines
    timescale       how much of the run AdamW's weights remember: batch / (learning rate x weight decay x D)
    critical_batch  the batch at which steps and tokens are each twice their least (McCandlish et al. 2018)

    >>> isoflop.hyperparameters(N=1e9, D=2e10).batch.value > 1e5
    True
    """

    N: float
    D: float
    loss: float
    sequence: float | None
    batch: Estimate
    learning_rate: Estimate
    weight_decay: Estimate
    critical_batch: Estimate
    timescale: Advice
    batches: tuple[Advice, ...]
    learning_rates: tuple[Advice, ...]
    critical_batches: tuple[Advice, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def steps(self) -> Estimate:
        """Steps of the run, at the batch size and at the ends of its interval."""
        return Estimate(self.D / self.batch.value, self.D / self.batch.high, self.D / self.batch.low)

    def trade(self, batch: float) -> Trade:
        """Return what reaching the same loss takes with so many tokens in a batch.

        Steps are S_min (1 + critical / batch), compute is C_min (1 + batch / critical): McCandlish et al. 2018,
        Kaplan et al. 2020, section 5.1. The planned run, D tokens at `batch.value`, says what the least are.
        """
        if not 0 < batch < math.inf:
            raise UsageError(f"batch={batch:g} is no batch size. Say a number of tokens, as in 4e6.")
        critical = np.array([self.critical_batch.value, self.critical_batch.low, self.critical_batch.high])
        least = self.D / (1 + self.batch.value / critical)
        steps = mccandlish_steps(x=batch, S_min=least / critical, B_crit=critical)
        tokens = mccandlish_examples(x=batch, E_min=least, B_crit=critical)
        return Trade(float(batch), *(_spanned(of) for of in (steps, tokens, tokens / self.D - 1)))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as they stand in the JSON."""
        return json_of(
            self, "N D loss sequence batch steps learning_rate weight_decay critical_batch timescale batches "
            "learning_rates critical_batches findings"
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the settings as they look in a terminal: the middle of the laws, then each law."""
        told = [("batch, tokens", self.batch), ("steps", self.steps), ("peak learning rate", self.learning_rate)]
        told += [("weight decay", self.weight_decay), ("critical batch, tokens", self.critical_batch)]
        if self.sequence:
            batch, size = self.batch, self.sequence
            sequences = Estimate(batch.value / size, batch.low / size, batch.high / size)
            told.insert(1, (f"batch, sequences of {size:g} tokens", sequences))
        rows = [(name, show(one.value), interval(one)) for name, one in told]
        head = heading(f"{show(self.N)} parameters on {show(self.D)} tokens")
        settings = table(["setting", "middle", "published laws span"], rows)
        every = (*self.batches, *self.learning_rates, *self.critical_batches, self.timescale)
        said = [(one.curve, show(one.value), _place(one), one.counts) for one in every]
        laws = table(["law", "says", "the run lies", "counts"], said, words=True)
        return group(head, settings, laws, dim(_MUP), findings_list(self.findings))


def hyperparameters(
    N: Params,
    D: Tokens,
    *,
    loss: Nats = math.nan,
    sequence: float | None = None,
    layers: float | None = None,
    width: float | None = None,
    mixture: bool = False,
) -> Hyperparameters:
    """Return batch size, learning rate and weight decay of N parameters on D tokens, by every published law.

    loss           the loss to be reached, which some laws ask for; without it they say nothing
    sequence       tokens in a sequence
    layers, width  of the model; with `sequence` they give DeepSeek's compute M D, which is otherwise taken as 6ND
    mixture        N counts the active parameters of a mixture of experts: laws of such are asked, too

    >>> isoflop.hyperparameters(N=1e9, D=2e10).batch.value > 1e5
    True
    """
    known = {"N": N, "D": D, "sequence": sequence, "layers": layers, "width": width}
    for name, value in (known if math.isnan(loss) else known | {"loss": loss}).items():
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"{name}={value:g}: expected a number above zero, as in N=8e9, D=15e12, loss=2.1.")
    compute = float(rule_named("6ND").flops(N, D))
    run = {"N": float(N), "D": float(D), "C": compute, "L": float(loss)}
    exact = _exact(float(D), sequence=sequence, layers=layers, width=width)
    more = OF_MIXTURES if mixture else {"batch": {}, "rate": {}}
    asked = (BATCHES | more["batch"], LEARNING_RATES | more["rate"], CRITICAL_BATCHES)
    batches, rates, criticals = (_advice(laws, run, exact) for laws in asked)
    batch, rate = _middle(batches), _middle(rates)
    timescale = _advice({TIMESCALE: "D / N"}, run, exact)[0]
    return Hyperparameters(
        N=run["N"], D=run["D"], loss=run["L"], sequence=sequence, batch=batch, learning_rate=rate,
        weight_decay=_weight_decay(batch, rate, timescale.value * D), critical_batch=_middle(criticals),
        timescale=timescale, batches=batches, learning_rates=rates,
        critical_batches=criticals + _advice(LOOSER, run, exact),
        findings=(*_disagreement("batch size", batches), *_disagreement("learning rate", rates)),
    )  # fmt: skip


def _spanned(found: Array) -> Estimate:
    """Return the estimate of a value and what it is at both ends of something else, (3,)."""
    value, *ends = found.tolist()
    return Estimate(value, min(ends), max(ends))


def _exact(D: float, *, sequence: float | None, layers: float | None, width: float | None) -> float | None:
    """Return DeepSeek's compute M D, or None where the shape is not known."""
    if layers is None and width is None:
        return None
    if layers is None or width is None or sequence is None:
        raise UsageError("layers, width and sequence go together. Say all three, as in layers=32, width=4096.")
    return D * flops_per_token(layers=layers, width=width, context=sequence)


def _advice(laws: dict[str, str], run: dict[str, float], exact: float | None) -> tuple[Advice, ...]:
    return tuple(_ask(find_curve(name), run, exact=exact, counts=counts) for name, counts in laws.items())


def _ask(curve: Curve, run: dict[str, float], *, exact: float | None, counts: str) -> Advice:
    """Return what a curve says of a run, batches in tokens."""
    if counts == _EXACT:
        run, counts = (run, "C = 6ND in place of M D") if exact is None else ({**run, "C": exact}, counts)
    value = curve(**{key: run[key] for key in curve.law.inputs})
    value *= CONTEXT if curve.law.output.name == "Sequences" else 1
    ends = [(run[key], low, high) for key, (low, high) in curve.fitted_on.items()]
    outside = [max(math.log10(low / at), math.log10(at / high), 0.0) for at, low, high in ends]
    return Advice(curve.name, value, max(outside, default=math.nan), counts)


def _counted(advice: Sequence[Advice]) -> list[Advice]:
    """Return the advice of laws whose range holds the run, or all where fewer than two do, the lowest first."""
    known = sorted((one for one in advice if not math.isnan(one.value)), key=lambda one: one.value)
    inside = [one for one in known if one.outside == 0]
    return inside if len(inside) > 1 else known


def _middle(advice: Sequence[Advice]) -> Estimate:
    values = [one.value for one in _counted(advice)]
    middle = math.exp(math.fsum(map(math.log, values)) / len(values))
    ends = (values[0], values[-1])
    return Estimate(middle, *ends, intervals={"laws": ends}) if len(values) > 1 else Estimate(middle)


def _weight_decay(batch: Estimate, rate: Estimate, remembered: float) -> Estimate:
    """Return the weight decay at which AdamW remembers so many tokens: batch / (learning rate x tokens)."""
    low, high = batch.low / rate.high / remembered, batch.high / rate.low / remembered
    return Estimate(batch.value / rate.value / remembered, low, high, intervals={"laws": (low, high)})


def _disagreement(what: str, advice: Sequence[Advice]) -> list[Finding]:
    """Say that the laws which count differ by more than a factor of two, and how far."""
    counted = _counted(advice)
    low, high = counted[0], counted[-1]
    if high.value <= AGREE * low.value:
        return []
    message = (
        f"published laws put the {what} between {show(low.value)} ({low.curve}) and {show(high.value)} "
        f"({high.curve}), a factor of {show(high.value / low.value, 2)}"
    )
    if not any(one.outside == 0 for one in counted):
        message += "; none is known to have been fitted on runs of this size"
    remedy = f"sweep the {what} on smaller runs and follow the law that describes them"
    return [Finding("P14", "WARN" if high.value > FAR_APART * low.value else "INFO", message, remedy)]


def _place(advice: Advice) -> str:
    if math.isnan(advice.outside):
        return "range unknown"
    return "inside its range" if advice.outside == 0 else f"{advice.outside:.1f} decades outside"
