"""Devices: accelerators with peak, memory, bandwidth and power, and what share of peak real runs have reached.

Peaks are dense: the factor of 2 that sheets add for structured sparsity is removed. Sources are the vendors'
sheets, as public tables quote them; what was not found there is nan.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, NamedTuple

from isoflop.errors import UsageError

PRECISIONS = ("bf16", "fp16", "fp8", "fp4", "int8", "tf32", "fp32")
"""The number formats of matrix products, as they are typed."""


@dataclass(frozen=True)
class Device:
    """One accelerator, as its vendor specifies it.

    peak       dense FLOPs in a second, by number format
    memory     bytes
    bandwidth  bytes in a second
    power      watts, at most
    source     where the numbers stand
    """

    name: str
    peak: Mapping[str, float]
    memory: float
    bandwidth: float
    power: float
    source: str

    def flops_per_second(self, precision: str = "bf16") -> float:
        """Give the dense peak at a precision; raises UsageError if none is known."""
        if precision not in self.peak:
            raise UsageError(f"no {precision} peak is known for {self.name}. Say one of {', '.join(self.peak)}.")
        return self.peak[precision]

    def as_dict(self) -> dict[str, Any]:
        """Give the device as it stands in the JSON."""
        numbers = {"memory": self.memory, "bandwidth": self.bandwidth, "power": self.power}
        return {"name": self.name, "peak": dict(self.peak), **numbers, "source": self.source}


_NAN = math.nan
_H100_SHEET = "NVIDIA H100 data sheet"
_CLOUD_TPU = "Google Cloud TPU documentation, {}"


def _device(name: str, peak: Mapping[str, float], sizes: tuple[float, float, float], *, source: str) -> Device:
    """Give a device from teraFLOPs in a second, and gigabytes, gigabytes in a second, watts."""
    gigabytes, bandwidth, power = sizes
    scaled = MappingProxyType({key: value * 1e12 for key, value in peak.items()})
    return Device(name, scaled, gigabytes * 1e9, bandwidth * 1e9, power, source)


_HOPPER = {"bf16": 989, "fp16": 989, "fp8": 1979, "int8": 1979, "tf32": 494.5, "fp32": 67}
_AMPERE = {"bf16": 312, "fp16": 312, "int8": 624, "tf32": 156, "fp32": 19.5}

DEVICES: Mapping[str, Device] = MappingProxyType({
    one.name: one
    for one in (
        _device("H100", _HOPPER, (80, 3350, 700), source=f"{_H100_SHEET}, SXM"),
        _device(
            "H100-PCIe", {"bf16": 756, "fp16": 756, "fp8": 1513, "int8": 1513, "tf32": 378, "fp32": 51},
            (80, 2000, 350), source=f"{_H100_SHEET}, PCIe; product brief PB-11133 (memory above 2000 GB/s, 350 W)",
        ),
        _device("H100-NVL", {"bf16": 835, "fp16": 835}, (_NAN, _NAN, _NAN), source=f"{_H100_SHEET}, NVL"),
        _device(
            "H800", {key: _HOPPER[key] for key in ("bf16", "fp16", "fp8", "int8")}, (80, 3350, _NAN),
            source="NVIDIA: an H100 SXM with slower links (400 GB/s NVLink)",
        ),
        _device("H200", _HOPPER, (141, 4800, 700), source="NVIDIA H200 data sheet, SXM"),
        _device(
            "B200", {"bf16": 2250, "fp16": 2250, "fp8": 4500, "fp4": 9000, "int8": 4500, "tf32": 1100, "fp32": 80},
            (180, 8000, 1000), source="NVIDIA Blackwell brief, HGX B200; DGX B200 data sheet (1440 GB of 8)",
        ),
        _device(
            "GB200", {"bf16": 2500, "fp16": 2500, "fp8": 5000, "fp4": 10000, "int8": 5000, "tf32": 1250, "fp32": 90},
            (_NAN, 8000, 1200), source="NVIDIA Blackwell brief, one GPU of a GB200",
        ),
        _device("B100", {"bf16": 1800, "fp16": 1800}, (_NAN, _NAN, 700), source="NVIDIA Blackwell brief"),
        _device("A100", _AMPERE, (80, 2039, 400), source="NVIDIA A100 data sheet, SXM 80 GB"),
        _device("A100-40GB", _AMPERE, (40, 1555, 400), source="NVIDIA A100 data sheet, SXM 40 GB"),
        _device("V100", {"fp16": 125, "fp32": 15.7}, (32, 900, _NAN), source="NVIDIA V100 data sheet, SXM2 32 GB"),
        _device("L40S", {"bf16": 362, "fp16": 362, "fp8": 733}, (48, 864, 350), source="NVIDIA L40S data sheet"),
        _device("L4", {"bf16": 121, "fp16": 121, "fp8": 242.5, "int8": 242.5}, (24, 300, 72), source="NVIDIA L4 sheet"),
        _device(
            "RTX-4090", {"bf16": 165.2, "fp16": 165.2, "fp8": 330.3, "int8": 660.6, "fp32": 82.6}, (24, 1008, 450),
            source="NVIDIA Ada architecture whitepaper, with 32-bit accumulation",
        ),
        _device(
            "RTX-5090", {"bf16": 209.5, "fp16": 209.5}, (32, 1792, 575),
            source="NVIDIA RTX Blackwell architecture whitepaper, with 32-bit accumulation",
        ),
        _device(
            "MI300X", {"bf16": 1307.4, "fp16": 1307.4, "fp8": 2614.9}, (192, 5300, 750),
            source="AMD MI300X data sheet",
        ),
        _device("MI250X", {"bf16": 383, "fp16": 383, "int8": 383}, (128, 3200, 560), source="AMD MI250X data sheet"),
        _device("MI355X", {"bf16": 2500, "fp16": 2500}, (288, 8000, 1400), source="AMD MI355X data sheet"),
        _device("TPU-v3", {"bf16": 123}, (_NAN, _NAN, _NAN), source=_CLOUD_TPU.format("v3, one chip")),
        _device(
            "TPU-v4", {"bf16": 275, "int8": 275}, (32, 1200, 192),
            source=_CLOUD_TPU.format("v4, one chip"),
        ),
        _device("TPU-v5e", {"bf16": 197, "int8": 393}, (16, 819, _NAN), source=_CLOUD_TPU.format("v5e")),
        _device("TPU-v5p", {"bf16": 459}, (95, 2765, _NAN), source=_CLOUD_TPU.format("v5p")),
        _device("TPU-v6e", {"bf16": 918, "int8": 1836}, (32, 1638, _NAN), source=_CLOUD_TPU.format("v6e (Trillium)")),
    )
})  # fmt: skip
"""The devices by name; H100, H200 and A100 are the SXM modules."""


def find_device(name: str) -> Device:
    """Give the device of that name, however it is spelt: H100, h100-pcie, "NVIDIA H100 SXM", tpu v5p.

    Raises UsageError, with the nearest names, if there is none.
    """
    known = {_plain(one): device for one, device in DEVICES.items()}
    plain = _plain(name)
    if plain in known:
        return known[plain]
    near = [known[one].name for one in get_close_matches(plain, known, 3, 0.5)]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Say one of {', '.join(DEVICES)}."
    raise UsageError(f'"{name}" is not a device that is known. {hint}')


def _plain(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    for maker in ("nvidia", "geforce", "amd", "instinct", "google", "cloud"):
        letters = letters.removeprefix(maker)
    return letters.removesuffix("80gb").removesuffix("sxm")


def parse_devices(text: str) -> tuple[int, Device]:
    """Give how many of which device: "256xH100" is 256 and the H100, "H100" is one."""
    found = re.fullmatch(r"\s*(?:([\d_,]+)\s*[x×* ]\s*)?(\S.*?)\s*", text, re.ASCII | re.IGNORECASE)
    count = int(re.sub("[_,]", "", found[1]) or 0) if found and found[1] else 1
    if not found or not 0 < count < 1e9:
        raise UsageError(f'"{text}" is no number of devices. Say 256xH100.')
    return count, find_device(found[2])


class Achieved(NamedTuple):
    """A share of peak that a published run reached: while it ran, or over all the hours that it took in the end."""

    run: str
    mfu: float
    source: str
    whole: bool = False


_LLAMA_3 = "Dubey et al. 2024, arXiv:2407.21783, Table 4"
_LLAMA_CARD = "model card of Llama 3.1 (hours; tokens of the smaller two: more than 15T), computed"

MFU_EXAMPLES = (
    Achieved("Llama 3 405B on 8192 H100", 0.43, _LLAMA_3),
    Achieved("Llama 3 405B on 16384 H100", 0.41, _LLAMA_3),
    Achieved("Llama 3 405B on 16384 H100, context 131072", 0.38, _LLAMA_3),
    Achieved("PaLM 540B on 6144 TPU v4", 0.462, "Chowdhery et al. 2022, arXiv:2204.02311"),
    Achieved("Llama 3.1 405B, 6ND on 15.6T tokens over 30.84M H100-hours", 0.345, _LLAMA_CARD, whole=True),
    Achieved("Llama 3.1 70B, 6ND on 15T tokens over 7.0M H100-hours", 0.255, _LLAMA_CARD, whole=True),
    Achieved("Llama 3.1 8B, 6ND on 15T tokens over 1.46M H100-hours", 0.139, _LLAMA_CARD, whole=True),
)
"""Model FLOPs utilisation (MFU): the FLOPs a model needs, by the time and the dense peak of the devices."""

MFU = 0.40
"""The utilisation assumed unless told: between those of Llama 3 405B while it ran. Over whole runs it is less."""


def refuse_mfu(mfu: float) -> None:
    """Refuse a utilisation that no run can have; raises UsageError."""
    if not 0 < mfu <= 1:
        raise UsageError(f"mfu={mfu:g} must be a share of peak above 0 and at most 1, as in {MFU}.")
