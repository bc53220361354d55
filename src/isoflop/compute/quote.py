"""What training one model takes, on one page: shape, FLOPs by every rule, memory, hours, money, energy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isoflop.compute.cost import (
    Activation,
    Cost,
    Memory,
    cost,
    fewest_devices,
    serving_memory,
    show_bytes,
    show_carbon,
    show_energy,
    training_memory,
)
from isoflop.compute.devices import MFU, Device, find_device
from isoflop.compute.flops import FLOP_RULES, shape_flops
from isoflop.compute.shape import CONTEXT, VOCABULARY, Counts, Shape, shape_for
from isoflop.display import View, bold, dim, group, heading, table
from isoflop.errors import UsageError
from isoflop.findings import Answer, json_of
from isoflop.quantities import show


@dataclass(frozen=True)
class Quote(Answer):
    """What training a shape on D tokens takes.

    flops    training FLOPs by each rule; nan where a rule does not count such a shape
    rule     the one that the cost is of
    memory   of training, one sequence in flight
    serving  of the weights, in the same precision, and one sequence
    fewest   devices that hold the training at least
    off      by what share the shape misses the N asked for; 0 if a shape was given

    >>> isoflop.quote(1e9, 2e10, device="H100", count=8).cost.days > 0
    True
    """

    shape: Shape
    D: float
    flops: Mapping[str, float]
    rule: str
    cost: Cost
    memory: Memory
    serving: Memory
    fewest: float
    off: float

    @property
    def fits(self) -> bool:
        """Return whether the devices hold the training; what is not known counts as held."""
        return not self.fewest > self.cost.count

    def as_dict(self) -> dict[str, Any]:
        """Return the quote as it stands in the JSON."""
        return json_of(self, "shape D off flops flop_rule=rule cost memory serving fewest_devices=fewest fits")

    def __rich__(self) -> View:
        """Return the quote as it looks in a terminal."""
        shape, paid = self.shape, self.cost
        active = f", {show(shape.active)} of them active" if shape.experts > 1 else ""
        head = heading(f"{show(shape.total)} parameters{active} on {show(self.D)} tokens")
        missed = f" · {100 * self.off:+.2g} % from the N asked for" if self.off else ""
        sizes = f"{show(shape.non_embedding)} outside embeddings · {show(self.D / shape.active)} tokens a parameter"
        parts: list[View] = [head, str(shape), dim(sizes + missed), "", self._rules(), "", self._memory(), ""]
        parts += [bold(f"{paid.count} × {paid.device}, {show(paid.flops)} FLOPs by {self.rule}"), self._bill()]
        if not self.fits:
            parts.append(bold(f"does not fit: {self.fewest:.0f} × {paid.device} are needed to hold it"))
        return group(*parts)

    def _rules(self) -> View:
        rows = [
            (
                bold(name) if name == self.rule else name,
                show(value),
                show(value / self.flops["6ND"]),
                dim(COUNTED[name]),
            )
            for name, value in self.flops.items()
        ]
        found = table(["training FLOPs by", "", "of 6ND", "counts"], rows)
        found.columns[-1].justify = "left"
        return found

    def _memory(self) -> View:
        each = (self.memory, self.serving)
        parts = [one.as_dict() for one in each]
        rows = [(key, *(show_bytes(part[key]) if part[key] else "" for part in parts)) for key in parts[0]]
        least = [fewest_devices(one, self.cost.device) for one in each]
        rows.append(("devices at least", *("–" if math.isnan(number) else f"{number:.0f}" for number in least)))
        return table(["memory, one sequence at a time", "to train", "to serve"], rows)

    def _bill(self) -> View:
        paid = self.cost
        said = {"device_hours": show(paid.device_hours), "days": show(paid.days), "dollars": show(paid.dollars)}
        said["energy"] = show_energy(paid.energy)
        if paid.region:
            said["carbon"] = show_carbon(paid.carbon)
        rows = [(key.replace("_", "-"), value, dim(paid.assumptions.get(key, ""))) for key, value in said.items()]
        found = table(["it takes", "", "assuming"], rows)
        found.columns[-1].justify = "left"
        return found


COUNTED: Mapping[str, str] = {
    "6ND": "6 for every active parameter",
    "kaplan": "no embeddings; attention once",
    "chinchilla": "everything, embeddings and logits too",
    "chinchilla-layers": "the same without embeddings and logits",
    "palm": "6ND and attention, as utilisation does",
    "deepseek": "layers of 12 d², attention; dense only",
}
"""What each FLOP rule counts, in a few words."""


def quote(
    model: float | Shape,
    D: float,
    *,
    device: Device | str = "H100",
    count: int = 1,
    rule: str = "6ND",
    mfu: float = MFU,
    precision: str = "bf16",
    price: float | None = None,
    region: str = "",
    optimizer: str = "adamw",
    activation: Activation = "recompute",
    counts: Counts = "total",
    vocabulary: int = VOCABULARY,
    context: int = CONTEXT,
    **more: Any,
) -> Quote:
    """Return what training a model on D tokens takes: a Shape, or the shape that `shape_for` finds for N parameters.

    `more` goes to `shape_for`: gated, kv_heads, experts, experts_per_token, shared_experts.

    >>> isoflop.quote(1e9, 2e10, device="H100", count=8).cost.days > 0
    True
    """
    if not 1 <= D < math.inf:
        raise UsageError(f"D={D:g} is no number of tokens. Say one such as 1.4e12.")
    known = find_device(device) if isinstance(device, str) else device
    told = {"counts": counts, "vocabulary": vocabulary, "context": context, **more}
    shape = model if isinstance(model, Shape) else shape_for(model, **told)
    used = {name: shape_flops(shape, name) * D for name in FLOP_RULES}
    if math.isnan(used.get(rule, shape_flops(shape, rule))):
        raise UsageError(f"the FLOP rule {rule} does not count mixtures of experts. Say 6ND, kaplan or palm.")
    memory = training_memory(shape, precision=precision, optimizer=optimizer, activation=activation)
    return Quote(
        shape=shape, D=float(D), flops=used, rule=rule,
        cost=cost(used[rule], device=known, count=count, mfu=mfu, precision=precision, price=price, region=region),
        memory=memory, serving=serving_memory(shape, tokens=shape.context, precision=precision),
        fewest=fewest_devices(memory, known),
        off=0.0 if isinstance(model, Shape) else shape.counted(counts) / model - 1,
    )  # fmt: skip
