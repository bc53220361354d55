"""What the next 0.01 of loss costs: by more compute, more tokens, more parameters, or another recipe, on one axis."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isoflop.beyond.recipes.multiplier import Drawn, at_points, estimate, reaching
from isoflop.beyond.recipes.two_curves import Duel
from isoflop.compute.cost import cost
from isoflop.compute.devices import MFU
from isoflop.display import View, group, heading, table
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate
from isoflop.findings import json_of
from isoflop.planning.demand import DEVICE
from isoflop.planning.gains_and_regrets import STEP
from isoflop.quantities import parse_quantity, show, show_flops

COMPUTE, TOKENS, PARAMETERS = "more compute", "more tokens alone", "more parameters alone"


@dataclass(frozen=True)
class Price:
    """What something costs in US dollars: once, and for each token trained on; nan where nobody said."""

    once: float = math.nan
    token: float = math.nan

    @staticmethod
    def of(text: str) -> Price:
        """Read a price such as "100k USD" or "10 USD per 1M tokens"; raises UsageError for anything else."""
        found = re.fullmatch(
            r"\s*\$?\s*([\d.,]+\s*\w?)\s*(?:USD|dollars)?\s*(?:per\s+([\d.]+\s*\w?)?\s*tokens?)?\s*", text
        )
        if found is None:
            raise UsageError(f"\"{text}\" is no price. Say '100k USD' or '10 USD per 1M tokens'.")
        dollars = parse_quantity(found[1].strip())
        if "token" not in text:
            return Price(once=dollars)
        return Price(token=dollars / parse_quantity((found[2] or "1").strip()))

    def total(self, tokens: float) -> float:
        """Return what it costs for a run on so many tokens."""
        parts = [part for part in (self.once, self.token * tokens) if not math.isnan(part)]
        return sum(parts) if parts else math.nan


@dataclass(frozen=True)
class Prices:
    """What things cost, as far as anybody said: FLOPs, tokens to train on, and a change of recipe.

    data     of a token that the first recipe trains on beyond those it has
    recipes  name → price of changing to it
    flop     US dollars for a FLOP; nan where everything is to be in FLOPs
    """

    data: Price = Price()
    recipes: Mapping[str, Price] = field(default_factory=dict)
    flop: float = math.nan

    @staticmethod
    def of(
        data: str = "", recipes: Mapping[str, str] | None = None, *, device: str = "", mfu: float = math.nan,
        price: float = math.nan, always: bool = False,
    ) -> Prices:  # fmt: skip
        """Read prices as people write them; FLOPs have one once anything has, or always: of an H100, unless said."""
        said = Price.of(data) if data else Price()
        known = {name: Price.of(text) for name, text in (recipes or {}).items()}
        if not (data or known or device or always or not math.isnan(price)):
            return Prices()
        paid = cost(
            1e18, device=device or DEVICE, price=None if math.isnan(price) else price,
            mfu=MFU if math.isnan(mfu) else mfu,
        )  # fmt: skip
        if math.isnan(paid.dollars):
            raise UsageError(f"no price of {paid.device} is published that we know of. Say one, as in --price 2.")
        return Prices(said, known, paid.dollars / 1e18)

    @property
    def unit(self) -> str:
        """The unit of all prices: USD if FLOPs have a price, else FLOPs."""
        return "FLOPs" if math.isnan(self.flop) else "USD"


FREE = Prices()
"""Nobody said a price: everything is in FLOPs."""


@dataclass(frozen=True)
class Option:
    """One way to a lower loss, from where one stands.

    loss    what it does to the loss in all, if it is a step and not a little more of something; below zero is better
    price   what 0.01 less loss costs this way, in the unit of the Worth; nan where nobody gave its price
    pays    up to which price a step is no worse than more compute, in the same unit
    """

    what: str
    price: Estimate
    loss: Estimate | None = None
    pays: Estimate | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the option as it stands in the JSON."""
        return json_of(self, "what per_0.01_loss=price loss worth_up_to=pays")


@dataclass(frozen=True)
class Worth:
    """Ways to a lower loss, the cheapest first: at so many FLOPs of the first recipe.

    unit     "FLOPs" or "USD"
    loss_in  what the loss is measured in, such as nats
    """

    first: str
    flops: float
    loss: Estimate
    options: tuple[Option, ...]
    unit: str = "FLOPs"
    loss_in: str = "nats"

    @property
    def words(self) -> str:
        """Return one sentence: whether scaling on is the better buy or another recipe, and up to which price."""
        scaling = next(one for one in self.options if one.what == COMPUTE)
        reach = _cost(scaling.price.value, self.unit)
        begin = f"At {show_flops(self.flops)} FLOPs, {STEP:g} {self.loss_in} cost {self.first} {reach} of compute"
        if math.isinf(scaling.price.value):
            begin = f"At {show_flops(self.flops)} FLOPs, no compute buys {self.first} {STEP:g} {self.loss_in} more"
        steps = [(one, one.loss, one.pays) for one in self.options if one.loss and one.pays]
        good = [(loss.value, one, pays) for one, loss, pays in steps if loss.high < 0]
        if not good:
            return f"{begin}, and no recipe is surely better there: scaling on is the safe buy."
        gain, best, pays = min(good, key=lambda one: one[0])
        told = f"{begin}; {best.what} gains {-gain:.3f}"
        if math.isnan(best.price.value):
            ends = f"{self.number(pays.low)} – {self.number(pays.high)}"
            return f"{told}, the better buy unless it costs more than {_cost(pays.value, self.unit)} ({ends})."
        cheaper = best.price.value * gain / -STEP <= pays.value
        price = f"{_cost(best.price.value, self.unit)} for each {STEP:g}"
        return f"{told} at {price}: {best.what if cheaper else 'scaling on'} is the better buy."

    def as_dict(self) -> dict[str, Any]:
        """Return the options as they stand in the JSON."""
        return json_of(self, "first flops loss unit loss_in options")

    def __rich__(self) -> View:
        """Give the options as they look in a terminal: 0.01 less loss by each, then what a recipe is worth."""

        def ends(found: Estimate) -> str:
            return "–" if math.isnan(found.low) else f"{self.number(found.low)} – {self.number(found.high)}"

        head = heading(f"From {self.first} at {show_flops(self.flops)} FLOPs", f"loss {self.loss.value:.4f}")
        level = f"{self.loss.level:.0%} interval"
        priced = [one for one in self.options if not math.isnan(one.price.value)]
        rows = [(one.what, self.number(one.price.value), ends(one.price)) for one in priced]
        steps = [
            (one.what, f"{one.loss.value:+.3f}", f"{one.loss.low:+.3f} – {one.loss.high:+.3f}",
             self.number(one.pays.value), ends(one.pays))
            for one in self.options if one.loss and one.pays
        ]  # fmt: skip
        return group(
            head, table([f"{self.unit} for {STEP:g} {self.loss_in}", "", level], rows), "",
            table(["a change to", "loss", level, f"worth up to, {self.unit}", level], steps),
        )  # fmt: skip

    def number(self, value: float) -> str:
        """Print an amount of the unit: a dash where nobody knows."""
        if not math.isfinite(value):
            return "–" if math.isnan(value) else "∞"
        return show(value) if self.unit == "USD" else show_flops(value)


def _cost(value: float, unit: str) -> str:
    if math.isnan(value) or math.isinf(value):
        return "–" if math.isnan(value) else "out of reach"
    return f"${show(value)}" if unit == "USD" else f"{show_flops(value)} FLOPs"


def lower(found: Duel, at: float) -> Drawn:
    """Return by how much the logarithm of x must grow for 0.01 less loss of the first recipe."""
    return _moves(found, at, lambda here, _: np.log(np.maximum(np.exp(here) - STEP, 1e-300)))


def matching(found: Duel, at: float) -> Drawn:
    """Return by how much it must grow for the loss that the other recipe has at the same x."""
    return _moves(found, at, lambda _, there: there)


def _moves(found: Duel, at: float, wanted: Any) -> Drawn:
    x, here = np.log(found.x), np.log(np.array([at]))
    kinds = [
        reaching(x, ours, wanted(at_points(x, ours, here), at_points(x, theirs, here))) - here
        for ours, theirs in found.kinds()
    ]
    return Drawn(kinds[0], kinds[1], kinds[2], at_points(x, found.weights, here))


def gained(found: Duel, at: float) -> Drawn:
    """Return what the other recipe does to the loss at this x."""
    x, here = np.log(found.x), np.log(np.array([at]))
    kinds = [np.exp(at_points(x, theirs, here)) - np.exp(at_points(x, ours, here)) for ours, theirs in found.kinds()]
    return Drawn(kinds[0], kinds[1], kinds[2], at_points(x, found.weights, here))


def marginal(found: Duel, what: str, at: float, *, each: float, level: float = LEVEL) -> Option:
    """Return what 0.01 less loss costs by more of x, at `each` for one more of it."""
    more = lower(found, at).changed(lambda log: np.maximum(np.expm1(log), 0.0) * at * each)
    return Option(what, estimate(more, level))


def step(found: Duel, what: str, at: float, *, each: float, total: float, level: float = LEVEL) -> Option:
    """Return what another recipe brings at x, and for 0.01 less loss, at a price in all."""
    gain = gained(found, at)
    pays = matching(found, at).changed(lambda log: np.maximum(np.expm1(log), 0.0) * at * each)
    price = gain.changed(lambda change: np.where(change < 0, total * STEP / np.maximum(-change, 1e-300), math.inf))
    known = Estimate(math.nan, level=level) if math.isnan(total) else estimate(price, level)
    return Option(what, known, estimate(gain, level), estimate(pays, level))
