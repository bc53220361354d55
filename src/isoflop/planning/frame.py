"""What has ever been trained: a run sheet beyond it is doubtful, whatever a law says; what borrowed numbers rest on."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from isoflop.compute.mixture import CHECKED, COUNTS_EXPERTS
from isoflop.compute.terms import FULL_PRECISION
from isoflop.findings import Finding
from isoflop.laws.floating_point import critical_tokens
from isoflop.laws.precision import effective_params
from isoflop.laws.quartet import BACKWARD_KEPT, FORWARD_KEPT, QUEST_KEPT
from isoflop.planning.landmarks.models import MODELS, Model
from isoflop.quantities import show, show_flops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isoflop.compute.allocation import Allocation
    from isoflop.planning.result import Plan, Sheet

LARGE = 1e22
"""FLOPs from which a published model counts as a large run."""
MOST_VOCABULARY = 262_144
"""Tokens known by the largest vocabularies that were read of (DoReMi's 256k among them)."""
MOST_BATCH = 34.2e6
"""Tokens in the largest batch that was read of: 8352 sequences of 4096, Ling 2.0 flash."""
MOST_DEVICES = 16_384
"""Devices of the largest run whose number was read: Llama 3 405B, arXiv:2407.21783, table 4."""
_LAYOUT = {8: (4, 3), 4: (2, 1)}
"""Bits → exponent and mantissa bits of the float that is trained in: E4M3 and E2M1."""
_TRAINED = {
    8: "MiMo-V2-Flash, 309B, was trained on 27T tokens in FP8",
    4: "Nemotron 3 Ultra, 550B, was trained on 20T tokens in NVFP4",
}
_BLOCK = 32
"""Values that share a scaling factor in MXFP8 and MXFP4."""


@cache
def largest(quantity: str) -> tuple[float, Model]:
    """Return the most of a quantity that a published large run had, and that run."""
    runs = [one for one in MODELS if one.known and one.C > LARGE]
    best = max(runs, key=lambda one: _of(one)[quantity])
    return _of(best)[quantity], best


def _of(one: Model) -> dict[str, float]:
    ratio = one.D / one.size
    return {"all parameters": one.N, "active parameters": one.size, "tokens": one.D, "tokens per parameter": ratio}


def frame_findings(plan: Plan, sheet: Sheet) -> Iterator[Finding]:
    """Yield the finding P29 where a run sheet goes beyond everything that has been trained, as far as was published."""
    size, tokens, shape = plan.N.value, plan.D.value, sheet.shape
    asked = {"active parameters": size, "tokens": tokens, "tokens per parameter": tokens / size}
    if shape:
        asked["all parameters"] = float(shape.total)
    over = []
    for quantity, value in asked.items():
        most, model = largest(quantity)
        if value > most * (1 + 1e-9):
            over.append(f"{show(value)} {quantity} (most: {show(most)}, {model.name})")
    limits = {"tokens in a batch": (sheet.batch, MOST_BATCH), "devices to hold it": (sheet.devices, MOST_DEVICES)}
    limits["tokens in the vocabulary"] = (float(shape.vocabulary) if shape else math.nan, MOST_VOCABULARY)
    over += [f"{show(value)} {what} (most: {show(most)})" for what, (value, most) in limits.items() if value > most]
    if over:
        yield Finding(
            "P29", "WARN", f"beyond anything trained that was published: {'; '.join(over)}",
            "bound it (--max-params, --batch-limit, --unique-tokens), or take the sheet for a thought",
        )  # fmt: skip


def experts_finding(plan: Plan, line: Allocation) -> Iterator[Finding]:
    """Yield the finding P30: what experts are worth to laws that know nothing of them, and what that rests on."""
    mixture = line.terms.mixture
    if mixture is None or COUNTS_EXPERTS & set(line.by.inputs):
        return
    worth = float(mixture.leverage(plan.C))
    far = f", checked up to {show_flops(CHECKED)} FLOPs and held there" if plan.C > CHECKED else ""
    yield Finding(
        "P30", "INFO",
        f"{mixture} are taken to be worth {worth:.2g} times the compute (tian2025-leverage, over 300 models of one "
        f"laboratory{far}): a dense model of {show(worth * plan.N.value)} parameters on the same tokens",
        "fit runs of your own mixtures, or measure what theirs are worth with isoflop recipes",
    )  # fmt: skip


def bits_finding(plan: Plan, line: Allocation) -> Iterator[Finding]:
    """Yield the finding P31: what published methods leave of parameters and tokens at so few bits."""
    bits = int(line.terms.bits)
    if bits not in _LAYOUT:
        return
    exponent, mantissa = _LAYOUT[bits]
    kumar = float(effective_params(1.0, bits=bits) / effective_params(1.0, bits=FULL_PRECISION))
    kept = [f"{kumar:.2f} (Kumar et al., integers, taken here)", f"{QUEST_KEPT[bits]:.2f} (QuEST)"]
    if bits == 4:
        name = "Quartet MXFP4"
        kept.append(f"{FORWARD_KEPT[name]:.2f}, and of the tokens {BACKWARD_KEPT[name]:.2f} ({name})")
    limit = critical_tokens(plan.N.value, exponent_bits=exponent, mantissa_bits=mantissa, block=_BLOCK)
    harm = plan.D.value > limit
    said = f"; by Sun et al. 2025 more than {show(limit)} tokens in E{exponent}M{mantissa} raise the loss"
    beyond = said if harm else ""
    yield Finding(
        "P31", "WARN" if harm else "INFO",
        f"at {bits} bits the share of the parameters that counts is {', '.join(kept)}{beyond}; the laws disagree, and "
        f"{_TRAINED[bits]}",
        "train the same small run in both precisions, for long, and compare with isoflop recipes",
    )  # fmt: skip
