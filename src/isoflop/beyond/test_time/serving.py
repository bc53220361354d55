"""What a query costs when it is answered by k samples: in FLOPs, or in dollars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from isoflop.compute.cost import cost
from isoflop.compute.devices import MFU
from isoflop.compute.flops import rule_named
from isoflop.errors import UsageError
from isoflop.planning.demand import DEVICE
from isoflop.quantities import settle_numbers

if TYPE_CHECKING:
    from isoflop.beyond.test_time.attempts import Attempts

Unit = Literal["FLOPs", "dollars", "tokens"]
FORWARD = 2.0
"""FLOPs for each parameter and token that is read or written (Kaplan et al. 2020, arXiv:2001.08361, section 2.1)."""
MOST = 1_000_000
"""Samples of a query beyond which nobody pays."""


@dataclass(frozen=True)
class Serving:
    """How queries are served and what is paid for it.

    tokens       of one sample, where the table does not say
    prompt       tokens of the question, read once for all samples of a query; `reuse` False reads it for each
    queries      of the model's life: training is paid by them together; inf pays for serving alone
    hardware     the device, of which an hour costs `price` dollars, used at a share `mfu` of its peak
    per_million  dollars for a million tokens, read or written, instead; a price in the table comes first

    >>> isoflop.Serving(tokens=500).hardware
    'H100'
    """

    tokens: float = math.nan
    prompt: float = 0.0
    reuse: bool = True
    queries: float = math.inf
    hardware: str = DEVICE
    price: float = math.nan
    mfu: float = MFU
    precision: str = "bf16"
    per_million: float = math.nan
    unit: Unit = "FLOPs"

    def __post_init__(self) -> None:
        settle_numbers(self)
        for name, value, least in (
            ("tokens", self.tokens, 1),
            ("prompt", self.prompt, 0),
            ("queries", self.queries, 1),
        ):
            if value < least:
                raise UsageError(f"{name} {value:g} must be a number of at least {least}.")
        if self.per_million <= 0:
            raise UsageError(f"price-per-Mtok {self.per_million:g} must be dollars above zero, as in 0.5.")
        self.per_flop()

    def per_flop(self) -> float:
        """Return the dollars of one FLOP on the device."""
        price = None if math.isnan(self.price) else self.price
        return cost(1.0, device=self.hardware, mfu=self.mfu, precision=self.precision, price=price).dollars

    def length(self, model: Attempts) -> float:
        """Return the tokens of one sample of a model."""
        return self.tokens if math.isnan(model.tokens) else model.tokens

    def parts(self, model: Attempts) -> tuple[float, float]:
        """Return what a query costs before its first sample, and what each sample adds; nan where it is not known."""
        once, each = (self.prompt, self.length(model)) if self.reuse else (0.0, self.prompt + self.length(model))
        if self.unit == "tokens":
            return once, each
        rate = FORWARD * model.used
        training = float(rule_named("6ND").flops(model.used, model.D)) / self.queries if self.taught(model) else 0.0
        if self.unit == "FLOPs":
            return rate * once + training, rate * each
        million = self.per_million if math.isnan(model.price) else model.price
        token = rate * self.per_flop() if math.isnan(million) else million / 1e6
        return token * once + training * (self.per_flop() if training else 0.0), token * each

    def taught(self, model: Attempts) -> bool:
        """Return whether training is paid by the queries: their number is told, and the tokens trained on are known."""
        return math.isfinite(self.queries) and not math.isnan(model.D)

    def of(self, model: Attempts, samples: float) -> float:
        """Return what a query answered by so many samples costs."""
        once, each = self.parts(model)
        return once + each * samples

    def affordable(self, model: Attempts, budget: float) -> float:
        """Return how many samples a budget for one query buys, with fractions of the last; 0 where not even one."""
        once, each = self.parts(model)
        left = (budget - once) / each
        return 0.0 if not left >= 1 - 1e-9 else min(max(left, 1.0), MOST)
