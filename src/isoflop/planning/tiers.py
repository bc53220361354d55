"""Several sizes from one budget: each with its loss, what a million tokens of it cost to serve, and who should get it.

One family is trained on the same tokens, D = C / (6 sum N). The largest is the best size for the budget alone, or the
one that a price allows; the others are eight times smaller each, or as small as their prices ask.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.compute.cost import cache_per_token, fewest_devices, price_of, serving_memory
from isoflop.compute.devices import MFU, Device, find_device
from isoflop.compute.mixture import Mixture
from isoflop.compute.shape import Shape, shape_for
from isoflop.compute.terms import Terms
from isoflop.display import View, dim, findings_list, group, heading, table
from isoflop.errors import UsageError
from isoflop.findings import Answer, Finding, json_of
from isoflop.forecasting.source import Source
from isoflop.formula.arrays import bisect
from isoflop.laws import CURVES
from isoflop.planning.demand import BITS, Demand, known
from isoflop.planning.plan import planner
from isoflop.quantities import parse_quantity, show, show_flops

APART = 8.0
"""Times by which the sizes of a family differ where no prices are asked for."""
MOST = 6
BATCH = 64.0
"""Sequences that are answered at once."""
MILLION = 1e6
_CHOSEN = ("N", "D", "max_params", "min_tokens", "token_worth")
"""What of a demand several sizes settle by themselves."""
_HOUR = 3600.0
_HAIR = 0.01
"""Step in log N by which a size is made smaller until it costs what it may."""
_TAUGHT = (198e6, 2.7e9)
"""Parameters of the students of Busbridge et al. 2025."""


@dataclass(frozen=True, kw_only=True)
class ServingCost:
    """What a million tokens of a model cost on a device, in US dollars.

    prefill   reading: every token of the prompt takes 2 FLOPs for each active parameter
    decode    writing: each step reads all weights and the cache of every sequence, or computes, whichever is slower
    latency   seconds for each token that is written
    devices   that hold weights and cache
    bound     memory or compute: what writing waits for
    """

    prefill: float
    decode: float
    latency: float
    devices: float
    bound: str


def serving_cost(
    shape: Shape, device: Device, *, price: float, batch: float = BATCH, mfu: float = MFU, precision: str = "bf16"
) -> ServingCost:
    """Return what serving costs at a batch of sequences of the shape's context, half of it filled on average.

    decode: t = max(2 N b / (peak mfu), (weights + b cache context / 2) / bandwidth) / devices seconds a step of b
    tokens; dollars = devices price t / b.
    """
    peak = device.flops_per_second(precision) * mfu
    memory = serving_memory(shape, tokens=batch * shape.context, precision=precision)
    devices = fewest_devices(memory, device)
    if math.isnan(devices) or math.isnan(device.bandwidth):
        raise UsageError(f"memory or bandwidth of {device.name} is not known. Say another device, as in --gpus H200.")
    cache = batch * shape.context / 2 * cache_per_token(shape, precision=precision)
    computing = 2 * shape.active * batch / peak
    reading = (_read(shape, memory.weights, batch) + cache) / device.bandwidth
    step = max(computing, reading) / devices
    second = price / _HOUR
    return ServingCost(
        prefill=second * 2 * shape.active * MILLION / peak,
        decode=second * devices * step / batch * MILLION,
        latency=step, devices=devices, bound="compute" if computing > reading else "memory",
    )  # fmt: skip


def _read(shape: Shape, weights: float, batch: float) -> float:
    """Return the bytes of weights that one step reads: of experts, those that some sequence of the batch uses.

    Each of b tokens leaves a share (1 - k/E)^b of the experts unused, if the router spreads them evenly.
    """
    if shape.experts == 1:
        return weights
    used = 1 - (1 - shape.experts_per_token / shape.experts) ** batch
    routed = (shape.non_embedding - shape.active_non_embedding) / (1 - shape.experts_per_token / shape.experts)
    return float(weights * (1 - routed / shape.total * (1 - used)))


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One size of the family.

    loss       trained alone on the family's tokens
    taught     taught by the largest instead, by Busbridge et al. 2025; nan for the largest
    lifetime   dollars of serving its share of the tokens to be served, half of them read and half written
    """

    N: float
    D: float
    C: float
    loss: float
    taught: float
    serving: ServingCost
    lifetime: float

    def as_dict(self) -> dict[str, Any]:
        """Return the tier as it stands in the JSON."""
        return json_of(
            self, "N D C loss loss_taught=taught dollars_per_Mtok seconds_per_token=serving.latency "
            "devices=serving.devices bound=serving.bound lifetime_dollars=lifetime",
            dollars_per_Mtok=json_of(self.serving, "prefill decode"),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tiers(Answer):
    """A family of sizes, the largest first, from one budget of training FLOPs."""

    tiers: tuple[Tier, ...]
    flops: float
    source: str
    device: str
    price: float
    batch: float
    context: float
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the tiers as they stand in the JSON."""
        return json_of(self, "tiers flops source device dollars_per_hour=price batch context words findings")

    @property
    def words(self) -> tuple[str, ...]:
        """Who should get which: what a loss lower by 0.01 costs from each tier to the next larger one."""
        said = []
        for large, small in zip(self.tiers, self.tiers[1:], strict=False):
            gain, more = small.loss - large.loss, large.serving.decode - small.serving.decode
            each = f"{more / gain / 100:.2g} dollars a million tokens written for each 0.01 nats less"
            said.append(
                f"from {show(small.N)} to {show(large.N)}: {each}; whom that is worth less gets {show(small.N)}"
            )
            if small.taught > small.loss:
                said.append(f"{show(small.N)} learns more alone than from so much larger a teacher")
        return tuple(said)

    def __rich__(self) -> View:
        """Return the tiers as they look in a terminal."""
        served = any(one.lifetime for one in self.tiers)
        rows = [
            (
                show(one.N), f"{one.loss:.4f}", "–" if math.isnan(one.taught) else f"{one.taught:.4f}",
                f"{one.serving.prefill:.2g}", f"{one.serving.decode:.2g}", f"{1e3 * one.serving.latency:.2g}",
                f"{one.serving.devices:.0f}", one.serving.bound, *([show(one.lifetime)] if served else []),
            )
            for one in self.tiers
        ]  # fmt: skip
        names = ["N", "loss", "taught", "$/M read", "$/M written", "ms", "devices", "bound"] + ["lifetime $"] * served
        at = f"{self.device} at ${self.price:.2f} an hour, {self.batch:.0f} sequences of {self.context:.0f} at once"
        budget = f"{show_flops(self.flops)} training FLOPs, {show(self.tiers[0].D)} tokens each"
        meant = (
            "dollars for a million tokens read and written; ms for one written; taught: by the largest, on its outputs"
        )
        return group(
            heading(f"{len(self.tiers)} sizes", budget), dim(f"by {self.source}; {at}"), table(names, rows),
            dim(f"{meant} alone (the ratio of Busbridge et al.'s two laws)"),
            *map(dim, self.words), findings_list(self.findings),
        )  # fmt: skip


def tiers(
    source: Source | None = None,
    *,
    flops: float,
    count: int = 3,
    prices: Sequence[float] = (),
    hardware: str = "H100",
    price: float | None = None,
    batch: float = BATCH,
    context: float = 4096.0,
    precision: str = "bf16",
    serve_tokens: float = 0.0,
    mfu: float = MFU,
    mixture: Mixture | None = None,
    unique_tokens: float = math.inf,
) -> Tiers:
    """Return a family of sizes for a budget of training FLOPs, with what serving each costs.

    prices        US dollars for a million tokens written, one for each size; unless said, sizes 8 times apart
    serve_tokens  tokens that each size reads and writes in its life, half and half
    mixture       experts of every size; N counts the active parameters
    """
    device, answers = find_device(hardware), planner(source)
    paid = price_of(device) if price is None else price
    if math.isnan(paid):
        raise UsageError(f"no price of {device.name} is known. Say one, as in --price 2.")
    if not 2 <= (number := len(prices) or count) <= MOST:
        raise UsageError(f"{number} tiers; say 2 to {MOST}, as in --tiers 3.")
    line = Allocation(answers, Terms(mixture=mixture, unique_tokens=unique_tokens, bits=BITS[precision]))
    line.refuse_missing()
    experts = mixture.of_shape() if mixture else {}

    def costs(size: float) -> ServingCost:
        shape = shape_for(size, context=int(context), **experts)
        return serving_cost(shape, device, price=paid, batch=batch, mfu=mfu, precision=precision)

    sizes = _sizes(line, flops, number, prices=prices, costs=costs)
    tokens = flops / (6 * sum(sizes))
    losses = np.exp(line.log_loss_of(np.array(sizes), np.full(len(sizes), tokens))).tolist()
    found = []
    for size, loss in zip(sizes, losses, strict=True):
        served = costs(size)
        life = serve_tokens / 2 / MILLION * (served.prefill + served.decode)
        found.append(Tier(
            N=size, D=tokens, C=6 * size * tokens, loss=loss, taught=taught(size, sizes[0], tokens, loss=loss),
            serving=served, lifetime=life,
        ))  # fmt: skip
    return Tiers(
        tiers=tuple(found), flops=flops, source=answers.name, device=device.name, price=paid, batch=batch,
        context=context, findings=_findings(sizes),
    )  # fmt: skip


def tiers_for(
    source: Source | None, demand: Demand, *, count: int = 3, prices: str = "", batch: float = BATCH
) -> Tiers:
    """Return several sizes from the budget of a demand; raises UsageError for what tiers choose themselves.

    prices  as they are typed: "0.1,1,5"
    """
    usual = Demand()
    settled = [key for key in _CHOSEN if f"{getattr(demand, key)}" != f"{getattr(usual, key)}"]
    if settled:
        raise UsageError(
            f"tiers choose their sizes and tokens: leave out {', '.join(settled)}, or plan each by itself."
        )
    flops = demand.budget()
    if flops is None:
        raise UsageError("tiers need a budget: say --flops 1e24.")
    return tiers(
        source, flops=flops, count=count, prices=[parse_quantity(one) for one in prices.split(",") if one],
        hardware=demand.device.name, price=demand.price if known(demand.price) else None, batch=batch,
        context=demand.context, precision=demand.precision, serve_tokens=demand.serve_tokens, mfu=demand.mfu,
        mixture=demand.mixture, unique_tokens=demand.unique_tokens,
    )  # fmt: skip


def _sizes(line: Allocation, flops: float, number: int, *, prices: Sequence[float], costs: Any) -> list[float]:
    """Return the sizes, the largest first: those that cost the prices to serve, or 8 times apart from the best."""
    if not prices:
        best = float(np.exp(line.best(np.array([float(flops)])))[0])
        return [best / APART**place for place in range(number)]
    if not all(0 < one < math.inf for one in prices):
        raise UsageError("prices are US dollars for a million tokens written, above zero, as in 0.1,1,5.")

    def affordable(log_n: Any) -> Any:
        return np.array([costs(float(np.exp(one))).decode <= each for one, each in zip(log_n, wanted, strict=True)])

    wanted = sorted(prices, reverse=True)
    low, high = np.full(len(wanted), math.log(2e8)), np.full(len(wanted), math.log(2e12))
    if not affordable(low).all():
        raise UsageError(f"a price of {min(wanted):g} a million tokens is below that of 200M parameters here.")
    edge = bisect(affordable, low, high, halvings=24)
    while not (kept := affordable(edge)).all():  # shapes are whole: what costs too much by a hair is made smaller
        edge = np.where(kept, edge, edge - _HAIR)
    return [float(one) for one in np.exp(edge)]


def taught(size: float, teacher: float, tokens: float, *, loss: float) -> float:
    """Return the loss of a student taught by the largest of its family, by the ratio of Busbridge's two laws."""
    if size >= teacher:
        return math.nan
    alone, student = CURVES["busbridge2025-supervised"], CURVES["busbridge2025-student"]
    without = alone(N=size, D=tokens)
    with_teacher = student(N=size, D=tokens, L=alone(N=teacher, D=tokens), L_alone=without)
    return float(loss * with_teacher / without)


def _findings(sizes: Sequence[float]) -> tuple[Finding, ...]:
    far = [one for one in sizes[1:] if not _TAUGHT[0] <= one <= _TAUGHT[1]]
    if not far:
        return ()
    return (Finding(
        "P32", "INFO",
        f"students of {show(_TAUGHT[0])} to {show(_TAUGHT[1])} stand behind what a teacher gains; {show(max(far))} is "
        "beyond them",
        "distil one small size and compare it with the same trained alone",
    ),)  # fmt: skip
