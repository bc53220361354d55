"""Devices: accelerators with peak, memory, bandwidth and power, and what share of peak real runs have reached.

The numbers stand in devices.csv, one fact a row with its source. Peaks are dense: the factor of 2 that sheets add for
structured sparsity is removed. Sources are the vendors' pages, or public tables that quote them; where they disagree
the lowest number stands there, with a note; what was not found is nan.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from isoflop.errors import UsageError
from isoflop.findings import json_of

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
    notes      where sources disagree, and what a number is of

    >>> isoflop.find_device("H100").peak["bf16"] / 1e12
    989.0
    """

    name: str
    peak: Mapping[str, float]
    memory: float
    bandwidth: float
    power: float
    source: str
    notes: tuple[str, ...] = ()

    def flops_per_second(self, precision: str = "bf16") -> float:
        """Return the dense peak at a precision; raises UsageError if none is known."""
        if precision not in self.peak:
            raise UsageError(f"no {precision} peak is known for {self.name}. Say one of {', '.join(self.peak)}.")
        return self.peak[precision]

    def as_dict(self) -> dict[str, Any]:
        """Return the device as it stands in the JSON."""
        return json_of(self)


_SCALES = {"TFLOP/s": 1e12, "GB": 1e9, "GB/s": 1e9, "W": 1.0}
"""Units of the table, in base units: FLOPs a second, bytes, bytes a second, watts."""


def _read() -> dict[str, Device]:
    """Return the devices of devices.csv, which has one fact a row: what, at which precision, where it stands."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader((Path(__file__).parent / "devices.csv").read_text(encoding="utf-8").splitlines()):
        rows.setdefault(row["device"], []).append(row)
    return {name: _device(name, found) for name, found in rows.items()}


def _device(name: str, rows: Sequence[Mapping[str, str]]) -> Device:
    facts = {(row["quantity"], row["precision"]): float(row["value"]) * _SCALES[row["unit"]] for row in rows}
    peak = {precision: value for (quantity, precision), value in facts.items() if quantity == "peak"}
    memory, bandwidth, power = (facts.get((key, ""), math.nan) for key in ("memory", "bandwidth", "power"))
    notes = tuple(f"{row['quantity']} {row['precision']}".strip() + f": {row['note']}" for row in rows if row["note"])
    source = "; ".join(dict.fromkeys(row["source"] for row in rows))
    return Device(name, MappingProxyType(peak), memory, bandwidth, power, source, notes)


DEVICES: Mapping[str, Device] = MappingProxyType(_read())
"""The devices by name; H100, H200 and A100 are the SXM modules, GB200 and GB300 one GPU of theirs, a TPU one chip."""


def find_device(name: str) -> Device:
    """Return the device of that name, however it is spelt: H100, h100-pcie, "NVIDIA H100 SXM", tpu v5p.

    Raises UsageError, with the nearest names, if there is none.

    >>> isoflop.find_device("nvidia h100 sxm").name
    'H100'
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
    """Return how many of which device: "256xH100" is 256 and the H100, "H100" is one."""
    found = re.fullmatch(r"\s*(?:([\d_,]+)\s*[x×* ]\s*)?(\S.*?)\s*", text, re.ASCII | re.IGNORECASE)
    count = int(re.sub("[_,]", "", found[1]) or 0) if found and found[1] else 1
    if not found or not 0 < count < 1e9:
        raise UsageError(f'"{text}" is no number of devices. Say 256xH100.')
    try:
        return count, find_device(found[2])
    except UsageError:
        joined = re.fullmatch(r"(\d+)([a-z].*)?", found[2], re.ASCII | re.IGNORECASE)
        if not joined:
            raise
        if joined[2] is None:
            raise UsageError(f"{text.strip()} of which device? Say {joined[1]}xH100.") from None
        raise UsageError(f'"{text.strip()}": say {joined[1]}x{find_device(joined[2]).name}.') from None


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
