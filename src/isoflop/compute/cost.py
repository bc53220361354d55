"""What a run costs: FLOPs to hours, days, dollars and energy and back, and the memory that a model takes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from isoflop.compute.devices import MFU, MFU_EXAMPLES, Device, find_device, refuse_mfu
from isoflop.compute.prices import carbon_of, prices_of, usual_price
from isoflop.errors import UsageError
from isoflop.findings import json_of
from isoflop.formula.arrays import Array
from isoflop.quantities import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from isoflop.compute.shape import Shape

HOUR, DAY = 3600.0, 86400.0
KILOWATT_HOUR = 3.6e6
"""Joules."""

POWER_OVERHEAD = 1.1
"""Energy of the data centre by that of the devices (PUE), as assumed by Touvron et al. 2023, arXiv:2302.13971."""


@dataclass(frozen=True)
class Cost:
    """What training FLOPs cost on so many devices; what no price or power is known for is nan.

    device_hours  hours of one device
    dollars       device-hours times the price of one
    energy        joules, of devices at full power and of the data centre around them
    carbon        grams of CO2 equivalent of that energy, where a region is said

    >>> isoflop.cost(1e24, device="H100", count=1024, price=2.0).device_hours > 500e3
    True
    """

    flops: float
    device_hours: float
    days: float
    dollars: float
    energy: float
    device: str
    count: int
    mfu: float
    precision: str
    peak: float
    price: float
    power_overhead: float
    carbon: float = math.nan
    region: str = ""

    @property
    def assumptions(self) -> dict[str, str]:
        """Return what device_hours, dollars and energy rest on, a phrase each."""
        published = f"{_reached(whole=False)} while running, {_reached(whole=True)} over whole runs"
        peak = f"{100 * self.mfu:.3g} % of {self.peak / 1e12:.4g} TFLOP/s, {self.precision}"
        unknown = f"no {{}} of {self.device} is known to us"
        price = f"{self.price:.4g} dollars for an hour of one {self.device}{self._priced()}"
        power = f"full power, and {100 * self.power_overhead - 100:.2g} % more for the data centre"
        return {
            "device_hours": f"{peak}; published: {published}",
            "dollars": f"{unknown.format('price')}: say one (--price 4)" if math.isnan(self.price) else price,
            "energy": unknown.format("power") if math.isnan(self.energy) else power,
            "carbon": ""
            if not self.region
            else f"{carbon_of(self.region)[0]:.4g} g for a kWh, {self.region}: {carbon_of(self.region)[1]}",
        }

    def _priced(self) -> str:
        """Return the range on demand that stands behind a price of the table, with its date."""
        ranges = [one for one in prices_of(self.device) if one.terms == "on-demand"]
        if not ranges or self.price != usual_price(self.device):
            return ""
        return f"; on demand {ranges[0].low:.2f} to {ranges[0].high:.2f} in {ranges[0].date}"

    def as_dict(self) -> dict[str, Any]:
        """Return the cost as it stands in the JSON."""
        return {**json_of(self), "assumptions": self.assumptions}

    def __str__(self) -> str:
        return (
            f"{show(self.device_hours)} device-hours, {show(self.days)} days on {self.count} × {self.device}, "
            f"{show(self.dollars)} dollars, {show_energy(self.energy)}"
        )


def _reached(*, whole: bool) -> str:
    shares = [100 * one.mfu for one in MFU_EXAMPLES if one.whole == whole]
    return f"{min(shares):.3g} to {max(shares):.3g} %"


def cost(
    flops: float,
    *,
    device: Device | str,
    count: int = 1,
    mfu: float = MFU,
    precision: str = "bf16",
    price: float | None = None,
    power_overhead: float = POWER_OVERHEAD,
    region: str = "",
) -> Cost:
    """Return what so many training FLOPs cost on `count` devices at a share `mfu` of their peak.

    price           US dollars for an hour of one device; None takes the usual one (`prices`)
    power_overhead  energy of the data centre by that of the devices
    region          where the electricity comes from (France, world, or grams of CO2 for a kWh), for the carbon

    >>> round(isoflop.cost(1e24, device="H100", count=1024, price=2.0).days)
    29
    """
    known = find_device(device) if isinstance(device, str) else device
    _refuse(count=count, price=price, power_overhead=power_overhead)
    if not flops >= 0:
        raise UsageError(f"flops={flops:g} is no number of FLOPs. Say one such as 1e24.")
    paid = price_of(known) if price is None else price
    hours = float(flops) / _flops_per_hour(known, mfu=mfu, precision=precision)
    energy = hours * HOUR * known.power * power_overhead
    return Cost(
        flops=float(flops), device_hours=hours, days=hours * HOUR / DAY / count, dollars=hours * paid, energy=energy,
        carbon=energy / KILOWATT_HOUR * carbon_of(region)[0] if region else math.nan, region=region,
        device=known.name, count=count, mfu=mfu, precision=precision, peak=known.flops_per_second(precision),
        price=paid, power_overhead=power_overhead,
    )  # fmt: skip


def flops_for(
    *,
    device: Device | str,
    count: int = 1,
    hours: ArrayLike | None = None,
    days: ArrayLike | None = None,
    dollars: ArrayLike | None = None,
    mfu: float = MFU,
    precision: str = "bf16",
    price: float | None = None,
) -> Array:
    """Return the training FLOPs that device-hours, or days on `count` devices, or dollars buy: the inverse of `cost`.

    Raises UsageError where dollars are given and no price of the device is known.

    >>> bool(isoflop.flops_for(device="H100", count=256, days=21) > 1e23)
    True
    """
    known = find_device(device) if isinstance(device, str) else device
    _refuse(count=count, price=price, power_overhead=1.0)
    if sum(given is not None for given in (hours, days, dollars)) != 1:
        raise UsageError("say one of hours, days or dollars, as in days=21.")
    if dollars is not None:
        paid = price_of(known) if price is None else price
        if math.isnan(paid):
            raise UsageError(f"no price of {known.name} is published that we know of. Say one, as in --price 2.")
        spent = np.asarray(dollars, dtype=np.float64) / paid
    elif days is not None:
        spent = np.asarray(days, dtype=np.float64) * (DAY / HOUR * count)
    else:
        spent = np.asarray(hours, dtype=np.float64)
    return np.asarray(spent * _flops_per_hour(known, mfu=mfu, precision=precision))


def price_of(device: Device) -> float:
    """Return the usual price of an hour of one device in US dollars (see `prices`), nan if none is known."""
    return usual_price(device.name)


def _flops_per_hour(device: Device, *, mfu: float, precision: str) -> float:
    refuse_mfu(mfu)
    return device.flops_per_second(precision) * mfu * HOUR


def _refuse(*, count: int, price: float | None, power_overhead: float) -> None:
    if count < 1:
        raise UsageError(f"count={count} must be at least one device.")
    if price is not None and not 0 < price < math.inf:
        raise UsageError(f"price={price:g} must be US dollars for an hour of one device, as in 2.")
    if not 1 <= power_overhead < math.inf:
        raise UsageError(f"power_overhead={power_overhead:g} must be at least 1, as in {POWER_OVERHEAD}.")


Activation = Literal["recompute", "selective", "full"]

_BYTES = {"bf16": 2.0, "fp16": 2.0, "tf32": 4.0, "fp32": 4.0, "fp8": 1.0, "int8": 1.0, "fp4": 0.5}
_STATES = {"adamw": 8.0, "momentum": 4.0, "sgd": 0.0}
"""Bytes that the optimiser keeps of a parameter in 32 bits, beside the parameter itself."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a model takes, all devices together, if nothing is kept twice.

    >>> isoflop.training_memory(isoflop.shape_for(1e9)).total > 16e9
    True
    """

    weights: float
    gradients: float = 0.0
    optimizer: float = 0.0
    activations: float = 0.0
    cache: float = 0.0

    @property
    def total(self) -> float:
        """Return all of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.cache

    def as_dict(self) -> dict[str, float]:
        """Return the bytes as they stand in the JSON."""
        return {**json_of(self), "total": self.total}

    def __str__(self) -> str:
        parts = [f"{name} {show_bytes(value)}" for name, value in asdict(self).items() if value]
        return f"{show_bytes(self.total)}: {', '.join(parts)}"


def training_memory(
    shape: Shape,
    *,
    batch_tokens: float | None = None,
    precision: str = "bf16",
    optimizer: str = "adamw",
    activation: Activation = "recompute",
) -> Memory:
    """Return the memory that training takes with `batch_tokens` in flight at once; one sequence, unless told.

    Weights and gradients take 2 bytes a parameter each and a copy in 32 bits 4 (4, 4 and none in fp32); AdamW
    takes 8: together the 16 of Rajbhandari et al. 2020, arXiv:1910.02054, section 3.1. Products in 8 or 4 bits
    keep their weights and gradients in 16. Activations in 16 bits, of s b tokens (Korthikanti et al. 2022,
    arXiv:2205.05198), with its s b h (34 + 5 a s / h) bytes a layer told apart by the width of the blocks:

    - full: everything is kept, s b (18 h + 4 f + 5 a s) with f the width of a block, 6 f if gated (equation 1)
    - selective: scores of attention are computed again, as FlashAttention does: without 5 a s (equation 6)
    - recompute: only the inputs of layers are kept, 2 s b h (section 5)

    Logits, buffers and fragmentation come on top.

    >>> isoflop.training_memory(isoflop.shape_for(1e9)).total > 16e9
    True
    """
    if optimizer not in _STATES:
        raise UsageError(f'"{optimizer}" is not an optimiser we know. Say one of {", ".join(_STATES)}.')
    wide = _bytes(precision) == 4
    each = 4.0 if wide else 2.0
    tokens = float(shape.context if batch_tokens is None else batch_tokens)
    return Memory(
        weights=each * shape.total,
        gradients=each * shape.total,
        optimizer=(_STATES[optimizer] + (0 if wide else 4)) * shape.total,
        activations=each / 2 * tokens * shape.layers * _activation(shape, activation),
    )


def _activation(shape: Shape, activation: str) -> float:
    """Return the bytes kept of one token in one layer, in 16 bits."""
    if activation == "recompute":
        return 2.0 * shape.width
    blocks = (shape.experts_per_token + shape.shared_experts) * (6 if shape.gated else 4)
    kept = 18.0 * shape.width + blocks * shape.ffn
    if activation == "selective":
        return kept
    if activation == "full":
        return kept + 5.0 * shape.heads * shape.context
    raise UsageError(f'activation="{activation}" is none of recompute, selective and full.')


def serving_memory(shape: Shape, *, tokens: float = 0.0, precision: str = "bf16") -> Memory:
    """Return the memory that serving takes: weights, and keys and values of the tokens held at once."""
    return Memory(
        weights=_bytes(precision) * shape.total, cache=float(tokens) * cache_per_token(shape, precision=precision)
    )


def cache_per_token(shape: Shape, *, precision: str = "bf16") -> float:
    """Return the bytes of keys and values that one token of a sequence holds while it is served."""
    return 2.0 * shape.layers * shape.kv_width * _bytes(precision)


def _bytes(precision: str) -> float:
    if precision not in _BYTES:
        raise UsageError(f'"{precision}" is not a precision. Say one of {", ".join(_BYTES)}.')
    return _BYTES[precision]


def fewest_devices(memory: Memory, device: Device | str) -> float:
    """Return how many devices at least hold so much, perfectly shared out; nan where theirs is not known."""
    known = find_device(device) if isinstance(device, str) else device
    return math.nan if math.isnan(known.memory) else float(max(1, math.ceil(memory.total / known.memory)))


def show_bytes(value: float) -> str:
    """Print bytes for people: 1.13 TB."""
    return _in_units(value, (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)))


def show_energy(joules: float) -> str:
    """Print energy for people: 449 MWh."""
    return _in_units(joules, (("GWh", 3.6e12), ("MWh", 3.6e9), ("kWh", 3.6e6)))


def show_carbon(grams: float) -> str:
    """Print carbon for people: 449 t CO2e."""
    return _in_units(grams, (("kt CO2e", 1e9), ("t CO2e", 1e6), ("kg CO2e", 1e3)))


def _in_units(value: float, units: tuple[tuple[str, float], ...]) -> str:
    if math.isnan(value):
        return "–"
    name, size = next((unit for unit in units if value >= unit[1]), units[-1])
    return f"{show(value / size)} {name}"
