"""What is asked of a plan: money, machines, time or a loss, and what bounds the run; settled into FLOPs and terms.

The command line reads the fields here for its --help, so NumPy is loaded only where a demand is worked out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

from isoflop.compute.devices import MFU, Device, find_device, parse_devices, refuse_mfu
from isoflop.errors import UsageError
from isoflop.quantities import BEYOND, as_number, show, show_flops

if TYPE_CHECKING:
    from isoflop.compute.mixture import Mixture
    from isoflop.compute.terms import Terms

BITS = {"bf16": 16.0, "fp16": 16.0, "fp8": 8.0, "int8": 8.0, "fp4": 4.0}
"""The precisions a run can be planned in, and the bits of its weights, activations and cache."""
DEVICE = "H100"
"""The device that hours and dollars buy unless another is named."""
_SERVED = 2.0  # FLOPs for each parameter and token served: a forward pass (Kaplan et al. 2020, section 2.1)
_POSITIVE = ("flops", "gpu_hours", "dollars", "days", "loss", "N", "D", "max_params", "min_tokens", "unique_tokens",
             "vocabulary", "price", "batch_limit", "context", "token_worth")  # fmt: skip
_LARGEST_VOCABULARY = 1e8
_MONEY = ("flops", "gpu_hours", "dollars")


SPEND, RUN, MACHINES = "What there is to spend", "What bounds the run", "Machines"
"""Under which heading the command line lists an option."""


class Said(NamedTuple):
    """How a face asks for a field of a Demand: what its help says, under which heading, in which unit.

    flag, metavar  of the command line, where they are not the field's name
    option         whether the command line has it as an option of its own; the page asks for all
    """

    help: str
    panel: str
    unit: str = ""
    flag: str = ""
    metavar: str = ""
    option: bool = True


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a plan must pay for and what it must keep to; only what was said differs from these defaults.

    The fields are the keywords of `plan`, and those that are Said are options of `isoflop plan`.


    flops, gpu_hours, dollars  what may be spent, on training and serving together
    gpus, days, deadline       machines such as "256xH100", for so many days or until a day such as "2027-03-01"
    loss                       the loss to reach with least compute, instead of a budget
    N, D                       parameters or tokens that are settled already; with both, the sheet of that run
    max_params, min_tokens     bounds on them
    unique_tokens              what there is to read; beyond it tokens repeat
    token_worth                what one token is worth beside those of the law's runs, as isoflop recipes measures it
    serve_tokens               tokens that the model will read and write in its life, which the budget pays too
    precision                  of training: bf16, fp16, fp8, int8 or fp4
    vocabulary                 tokens the model knows
    hardware, price, mfu       the device if `gpus` names none, dollars for an hour of it, share of its peak in training
    serve_mfu                  share of the peak in serving; unless said that of training
    batch_limit                most tokens in a batch: machines beyond one sequence each stand idle
    context                    tokens in a sequence
    flop_rule                  how training FLOPs are counted
    experts, top_k             experts of a mixture, and how many of them a token uses; N counts the active parameters
    shared_experts             experts beside them that every token uses
    granularity                twice the width of the model by that of an expert
    beyond                     use a published curve beyond the limits that its source states
    held                       other inputs of the law, such as sparsity

    >>> isoflop.Demand(flops=1e22, unique_tokens=1e11).unique_tokens
    100000000000.0
    """

    flops: Annotated[float, Said("FLOPs, such as 1e24; 1e20:1e26 for a frontier.", SPEND, "FLOPs")] = math.nan
    gpu_hours: Annotated[float, Said("Device-hours, such as 1M.", SPEND, "hours")] = math.nan
    dollars: Annotated[
        float, Said("Money, such as '2M USD'.", SPEND, "US dollars", flag="--budget", metavar="MONEY")
    ] = math.nan
    days: Annotated[float, Said("Days there are on --gpus.", SPEND, "days")] = math.nan
    deadline: Annotated[str, Said("The day to be done, such as 2027-03-01.", SPEND, "date")] = ""
    loss: Annotated[float, Said("The loss to reach with least compute.", SPEND, "loss", option=False)] = math.nan
    N: Annotated[float, Said("Parameters, settled already.", SPEND, "parameters", option=False)] = math.nan
    D: Annotated[float, Said("Tokens, settled already.", SPEND, "tokens", option=False)] = math.nan
    unique_tokens: Annotated[float, Said("What there is to read; more is repeated.", RUN, "tokens")] = math.inf
    token_worth: Annotated[float, Said("What one token is worth beside those of the law's runs.", RUN, "times")] = 1.0
    serve_tokens: Annotated[float, Said("Tokens to serve, paid from the budget too.", RUN, "tokens")] = 0.0
    max_params: Annotated[float, Said("Most parameters.", RUN, "parameters")] = math.inf
    min_tokens: Annotated[float, Said("Fewest tokens.", RUN, "tokens")] = 1.0
    precision: Annotated[str, Said("Of training: bf16, fp16, fp8, int8 or fp4.", RUN)] = "bf16"
    experts: Annotated[float, Said("Experts of a mixture; N counts the active ones.", RUN, "experts")] = math.nan
    top_k: Annotated[float, Said("Experts that a token uses.", RUN, "experts")] = 1.0
    shared_experts: Annotated[float, Said("Experts that every token uses.", RUN, "experts")] = 0.0
    granularity: Annotated[float, Said("Twice the width by that of an expert: 2 to 12.", RUN, "times")] = math.nan
    vocabulary: Annotated[float, Said("Tokens the model knows.", RUN, "tokens", flag="--vocab")] = math.nan
    batch_limit: Annotated[float, Said("Most tokens in a batch.", RUN, "tokens")] = math.inf
    context: Annotated[float, Said("Tokens in a sequence.", RUN, "tokens")] = 4096.0
    gpus: Annotated[
        str,
        Said(
            "Devices, such as 256xH100, or the kind that hours and money buy, such as H100.", MACHINES,
            "count x device", metavar="COUNTxDEVICE",
        ),
    ] = ""  # fmt: skip
    hardware: Annotated[str, Said("The device that hours and money buy.", MACHINES, flag="--gpus", option=False)] = ""
    price: Annotated[float, Said("Dollars for an hour of one device.", MACHINES, "US dollars")] = math.nan
    mfu: Annotated[float, Said("Share of the peak reached in training.", MACHINES, "share")] = MFU
    serve_mfu: Annotated[float, Said("Share of the peak reached in serving.", MACHINES, "share")] = math.nan
    flop_rule: Annotated[str, Said("How FLOPs follow from N and D: 6ND, kaplan, palm …", RUN, option=False)] = "6ND"
    beyond: Annotated[bool, Said("Use a curve beyond what its source states.", RUN, option=False)] = False
    held: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in fields(self):
            said = getattr(self, one.name)
            if isinstance(one.default, float) and type(said) is not float:  # "1e22", an Estimate
                object.__setattr__(self, one.name, as_number(said, one.name))
            elif isinstance(one.default, str) and not isinstance(said, str):
                raise UsageError(f"{one.name} must be a text; {type(said).__name__} came.")
        _refuse_strange(self)
        _refuse(self)

    @property
    def inputs(self) -> Mapping[str, float]:
        """The inputs that only the law knows of; a granularity without experts is one of them."""
        alone = known(self.granularity) and not known(self.experts)
        return {**self.held, "granularity": self.granularity} if alone else self.held

    @property
    def mixture(self) -> Mixture | None:
        """The mixture of experts that is asked for; None for a dense model."""
        from isoflop.compute.mixture import Mixture

        if known(self.experts):
            few, shared = self.top_k, self.shared_experts
            return Mixture(experts=self.experts, per_token=few, shared=shared, granularity=self.granularity)
        if self.top_k != 1 or self.shared_experts:
            raise UsageError("a token uses some of how many experts? Say --experts 64.")
        return None

    @property
    def device(self) -> Device:
        """The device that trains and serves."""
        return parse_devices(self.gpus)[1] if self.gpus else find_device(self.hardware or DEVICE)

    @property
    def count(self) -> float:
        """How many devices there are, nan if nobody said; no more than a limited batch has sequences for.

        "H100" is one where it runs for so many days, and the kind that is bought where it is not said how long.
        """
        if not self.gpus or not (self.gpus.strip()[:1].isdigit() or known(self.days) or self.deadline):
            return math.nan
        return min(float(parse_devices(self.gpus)[0]), max(self.batch_limit // self.context, 1.0))

    @property
    def known_tokens(self) -> int:
        """The size of the vocabulary."""
        from isoflop.compute.shape import VOCABULARY

        return int(self.vocabulary) if known(self.vocabulary) else VOCABULARY

    @property
    def priced(self) -> bool:
        """Whether time and money can be told: somebody named devices, hours or dollars."""
        return bool(self.gpus or self.hardware) or known(self.gpu_hours) or known(self.dollars)

    @property
    def time(self) -> float:
        """Days there are, by count or to the deadline; nan if nobody said."""
        left = _days_left(self.deadline) if self.deadline else math.nan
        return min((days for days in (self.days, left) if known(days)), default=math.nan)

    def limits(self) -> dict[str, float]:
        """Return the FLOPs that each thing said allows, by what was said."""
        from isoflop.compute.cost import flops_for

        bought: dict[str, Any] = {"device": self.device, "mfu": self.mfu, "precision": self.precision}
        found: dict[str, float] = {}
        if known(self.flops):
            found["flops"] = self.flops
        if known(self.gpu_hours):
            found["gpu_hours"] = float(flops_for(hours=self.gpu_hours, **bought))
        if known(self.dollars):
            price = self.price if known(self.price) else None
            found["dollars"] = float(flops_for(dollars=self.dollars, price=price, **bought))
        if known(self.time):
            if not known(self.count):
                raise UsageError("how many devices are there for these days? Say --gpus 256xH100.")
            found["time"] = float(flops_for(days=self.time, count=int(self.count), **bought))
        return found

    def budget(self) -> float | None:
        """Return the FLOPs that training and serving may take together; None where a loss is to be reached instead."""
        if known(self.loss):
            return None
        if known(self.N) and known(self.D):
            return float(self.terms().cost(self.N, self.D))
        limits = self.limits()
        if not limits:
            raise UsageError(
                "say what there is to spend: --flops 1e24, --gpu-hours 1M, --budget '2M USD', or --gpus 256xH100 with "
                "--days 21; or the loss to reach, --loss 1.9; or the run, N=8B D=15T."
            )
        paid = [limits[key] for key in _MONEY if key in limits]
        return min(paid) if paid else limits["time"]

    def terms(self) -> Terms:
        """Return the terms of the run: what else is paid, what bounds it, what its data and precision are worth."""
        from isoflop.compute.flops import rule_named
        from isoflop.compute.terms import Terms

        limits = self.limits()
        alone = list(limits) == ["time"] and not known(self.loss)  # then the machines serve as well
        ratio = self.mfu / self.serve_mfu if known(self.serve_mfu) else 1.0
        return Terms(
            rule=rule_named(self.flop_rule), serving=_SERVED * self.serve_tokens * ratio,
            training=math.inf if alone else limits.get("time", math.inf), unique_tokens=self.unique_tokens,
            token_worth=self.token_worth, bits=BITS[self.precision], vocabulary=self.known_tokens, mixture=self.mixture,
            held=self.inputs, params=(self.N, self.N) if known(self.N) else (1.0, self.max_params),
            tokens=(self.D, self.D) if known(self.D) else (max(self.min_tokens, 1.0), math.inf),
        )  # fmt: skip

    def told(self) -> tuple[str, ...]:
        """Say in words what the budget is made of and what was assumed."""
        from isoflop.compute.cost import price_of
        from isoflop.compute.terms import FULL_PRECISION

        limits, device, said = self.limits(), self.device, []
        peak = show(device.flops_per_second(self.precision) / 1e12)
        at = f"at {self.mfu:.0%} of {peak} TFLOP/s ({self.precision})"
        if "time" in limits:
            machines = f"{self.count:.0f} × {device.name} for {show(self.time)} days"
            said.append(f"{machines} {at}: {show_flops(limits['time'])} FLOPs")
        if "gpu_hours" in limits:
            said.append(
                f"{show(self.gpu_hours)} hours of one {device.name} {at}: {show_flops(limits['gpu_hours'])} FLOPs"
            )
        if "dollars" in limits:
            hour = self.price if known(self.price) else price_of(device)
            hours = f"${show(self.dollars)} at ${hour:.2f} for an hour of one {device.name}"
            said.append(f"{hours}, {at}: {show_flops(limits['dollars'])} FLOPs")
        if self.serve_tokens:
            said.append(f"{show(self.serve_tokens)} tokens served, 2 FLOPs for each parameter, are paid from the same")
        if math.isfinite(self.unique_tokens):
            said.append(f"{show(self.unique_tokens)} unique tokens; beyond them tokens repeat and are worth less")
        if self.mixture:
            said.append(f"{self.mixture}; N counts the active parameters")
        if self.token_worth != 1:
            said.append(f"a token is taken to be worth {self.token_worth:.3g} of those of the law's runs")
        if BITS[self.precision] != FULL_PRECISION:
            said.append(f"trained at {BITS[self.precision]:g} bits, where parameters are worth less")
        return tuple(said)


def flag_of(key: str, said: Said) -> str:
    """Return what a field is called on the command line: --unique-tokens."""
    return said.flag or f"--{key.replace('_', '-')}"


def questions() -> dict[str, Said]:
    """Return each field of a Demand that a face asks for, with how it asks: options and forms are made from these."""
    hints = get_type_hints(Demand, include_extras=True)
    return {key: one for key, hint in hints.items() for one in getattr(hint, "__metadata__", ())}


FAMILY = "Several sizes"
TIERS = {
    "tiers": Said("Several sizes of one family: how many.", FAMILY, "sizes"),
    "prices": Said("Dollars for a million tokens written, one for each size: 0.1,1,5.", FAMILY, "US dollars",
                   flag="--price-per-Mtok", metavar="DOLLARS"),
    "serve_batch": Said("Sequences that are answered at once.", FAMILY, "sequences"),
}  # fmt: skip
"""What is asked beside a Demand for several sizes from one budget; see `isoflop.planning.tiers`."""


def known(value: float) -> bool:
    """Return whether a number was said: it is not nan."""
    return not math.isnan(value)


def _days_left(deadline: str) -> float:
    today = datetime.now().astimezone().date()
    try:
        left = (date.fromisoformat(deadline) - today).days
    except ValueError:
        raise UsageError(f'deadline "{deadline}" is no day. Say it as 2027-03-01.') from None
    if left <= 0:
        raise UsageError(f"the deadline {deadline} is not after today, {today}.")
    return float(left)


def _refuse_strange(one: Demand) -> None:
    """Refuse numbers that stand for nothing: not known where one must be, or beyond anything there is."""
    for each in fields(one):
        value, name = getattr(one, each.name), each.name.replace("_", "-")
        if not isinstance(each.default, float):
            continue
        if BEYOND < value < math.inf:
            raise UsageError(f"{name} {value:g} is beyond anything that can be planned.")
        if math.isnan(value) and not math.isnan(each.default):
            raise UsageError(f"{name} must be a number; nan came.")


def _refuse(one: Demand) -> None:
    """Refuse words and numbers that cannot be meant; raises UsageError."""
    if one.precision not in BITS:
        raise UsageError(f'precision "{one.precision}" is none of {", ".join(BITS)}.')
    for share in filter(known, (one.mfu, one.serve_mfu)):
        refuse_mfu(share)
    if known(one.experts) or one.top_k != 1 or one.shared_experts:
        _ = one.mixture  # refuses numbers of experts that cannot be
    for key in _POSITIVE:
        if known(getattr(one, key)) and not getattr(one, key) > 0:
            what = "is no budget" if key in _MONEY else "is no bound"
            raise UsageError(f"{key.replace('_', '-')} {getattr(one, key):g} {what}. Say a number above zero.")
    if not 0 <= one.serve_tokens < math.inf:
        raise UsageError(f"serve-tokens {one.serve_tokens:g} must be a finite number, zero or more.")
    if one.vocabulary > _LARGEST_VOCABULARY:
        raise UsageError(f"vocab {show(one.vocabulary)} is no vocabulary. Say a number of tokens such as 128k.")
    _refuse_bounds(one)
    _refuse_contradiction(one)


def _refuse_bounds(one: Demand) -> None:
    """Refuse bounds that leave out what was said, or everything."""
    if one.max_params < 1:
        raise UsageError(f"--max-params {one.max_params:g} is less than one parameter. Say a size such as 8B.")
    if one.max_params < one.N:
        raise UsageError(f"N={show(one.N)} is more than --max-params {show(one.max_params)}.")
    if one.min_tokens > one.D:
        raise UsageError(f"D={show(one.D)} is less than --min-tokens {show(one.min_tokens)}.")


def _refuse_contradiction(one: Demand) -> None:
    """Refuse two of a budget, a whole run and a loss to reach: each gives the others."""
    said = [f"--{key.replace('_', '-')}" for key in _MONEY if known(getattr(one, key))][:1]
    said += ["N and D"] * (known(one.N) and known(one.D)) + ["the loss to reach"] * known(one.loss)
    if len(said) > 1:
        raise UsageError(f"say {said[0]} or {said[1]}, not both: each gives the other.")
