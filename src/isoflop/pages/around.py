"""What every page knows besides its source: devices with peak and price, and published models."""

from __future__ import annotations

from typing import Any

from isoflop.cost import PRICES
from isoflop.demand import DEVICE
from isoflop.devices import DEVICES, MFU
from isoflop.landmarks import MODELS

_COUNT = 8
"""Devices until somebody says how many."""


def surroundings() -> dict[str, Any]:
    """Give devices with peak FLOPs in a second and dollars an hour, the defaults of money, and published models."""
    return {
        "devices": {one.name: {"peak": one.flops_per_second(), "price": PRICES.get(one.name)}
                    for one in DEVICES.values() if "bf16" in one.peak},
        "money": {"device": DEVICE, "mfu": MFU, "price": PRICES[DEVICE], "count": _COUNT},
        "models": [{"name": one.name, "year": one.year, "N": one.size, "D": one.D, "C": one.C}
                   for one in MODELS if one.known],
    }  # fmt: skip
