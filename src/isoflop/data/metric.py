"""Metric: any measured quantity, such as accuracy, BLEU, FID or Elo, as a positive quantity that falls, and back.

The laws of losses are laws of something positive that falls as runs grow. What a metric falls short of its best
value by is such a quantity, and so are the odds of losing against a given rating.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike

from isoflop.errors import UsageError, shown
from isoflop.estimate import Estimate
from isoflop.formula.arrays import Array
from isoflop.quantities import show

Shape = Literal["up", "down", "odds", "rise", "growth", "fall", "as-is"]

TENFOLD = 400.0
"""Points of an Elo rating that make the odds of winning ten times better."""
SPAN = 1.5
"""Natural logarithm of the factor that the losses of a metric without bounds span: about what losses of runs do."""
DECADE = 10.0
"""The ratio of largest to least value from which a positive metric without a best value is one of ratios."""
SHARES = (1.0, 100.0)
"""Best values of shares and of per cents, which do not go below 0."""
_SPEC = re.compile(r"(.+?):(up|down|odds|rise|growth|fall|as-is)(?::(.*))?$")
_EXAMPLES = "accuracy:up:1, BLEU:up:100, FID:down, Elo:odds, horizon:up, reward:rise, log-density:fall or reward:as-is"
_OPEN = {"odds", "rise", "growth", "fall"}
"""Shapes without a best value: a value of the runs is what the others are compared with."""


@dataclass(frozen=True)
class Metric:
    """A column, which way it improves, and the value that it is measured from.

    shape  up: it rises towards `bound` · down: it falls towards `bound` · odds: a rating, 400 points of which are
           a factor of 10 in the odds against a player rated `bound` · rise, fall: without a best value, in equal steps
           for equal ratios of compute · growth: positive, without a best value, in equal ratios · as-is: positive, and
           itself what a law speaks of
    bound  the best, or the least, value there can be; the value compared with where there is none (nan: the best seen)
    scale  how far a metric that rises or falls goes while its loss falls by a factor of e
    """

    name: str
    shape: Shape
    bound: float = 0.0
    scale: float = math.nan

    def __str__(self) -> str:
        """Return the metric as it is typed."""
        if self.shape == "as-is" or math.isnan(self.bound):
            return f"{self.name}:{self.shape}"
        scale = "" if math.isnan(self.scale) else f"/{self.scale!r}"
        return f"{self.name}:{self.shape}:{self.bound!r}{scale}"

    @property
    def loss(self) -> str:
        """Say what the loss is: 1 − accuracy."""
        name = shown(self.name)
        if self.shape == "odds":
            return f"10^(({self.bound:g} − {name})/{TENFOLD:g})"
        if self.shape == "growth":
            return f"{self.bound:.3g} / {name}"
        if self.shape in {"rise", "fall"}:
            short = f"{self.bound:.3g} − {name}" if self.shape == "rise" else _less(name, self.bound, ".3g")
            return f"exp(({short})/{self.scale:.3g})"
        return (
            f"{self.bound:g} − {name}" if self.shape == "up" else _less(name, self.bound, "g") if self.bound else name
        )

    def settled(self, values: ArrayLike) -> Metric:
        """Return the metric with what it is compared with, where nobody stated that: the best value there is.

        One that goes up without a bound grows in ratios if it is positive and spans more than a decade, and rises in
        equal steps otherwise. Raises UsageError where all values are shares, which have a best value.
        """
        found = np.asarray(values, float)
        finite = found[np.isfinite(found)]
        if not finite.size:
            return replace(self, bound=0.0) if math.isnan(self.bound) else self
        low, high = float(finite.min()), float(finite.max())
        if self.shape == "up" and math.isnan(self.bound):
            if low >= 0 and high <= 1:
                raise UsageError(f'"{self}" lacks the best value there is, as shares have one. Say {self.name}:up:1; '
                                 f"or {self.name}:rise if there is none.")  # fmt: skip
            return replace(self, shape="growth" if 0 < DECADE * low < high else "rise").settled(values)
        if self.shape == "down" and self.bound == 0 and low < 0:
            raise UsageError(f'"{self}" falls towards 0, and goes down to {low:g} here. Say {self.name}:down:LEAST; '
                             f"or {self.name}:fall if there is no least value.")  # fmt: skip
        if self.shape not in _OPEN:
            return self
        bound = self.bound if not math.isnan(self.bound) else low if self.shape == "fall" else high
        scale = (high - low) / SPAN or abs(high) or 1.0
        known = self.shape in {"odds", "growth"} or not math.isnan(self.scale)
        return replace(self, bound=bound, scale=self.scale if known else scale)

    @np.errstate(all="ignore")  # a rating may be far off; what is not finite is listed with the row
    def shortfall(self, values: ArrayLike) -> Array:
        """Return what falls: positive wherever a value is short of its bound."""
        found = np.asarray(values, float)
        if self.shape == "odds":
            return np.asarray(10 ** ((self.bound - found) / TENFOLD))
        if self.shape == "growth":
            return np.asarray(np.where(found > 0, self.bound / found, np.nan))
        if self.shape in {"rise", "fall"}:
            short = self.bound - found if self.shape == "rise" else found - self.bound
            return np.asarray(np.exp(short / self.scale))
        return np.asarray(self.bound - found if self.shape == "up" else found - self.bound)

    def reached(self, value: float) -> float:
        """Return the loss at a value that is to be reached; raises UsageError for one that cannot be."""
        loss = float(self.shortfall(value))
        if not (math.isfinite(loss) and loss > 0):
            raise UsageError(f"{self.beyond(value)}: no run can reach it. Say a value short of that.")
        return loss

    @np.errstate(all="ignore")  # a loss of 0 is an endless rating
    def value(self, shortfall: float) -> float:
        """Return the value of the metric that falls short by so much; a share is never below 0."""
        loss = np.float64(shortfall)
        if self.shape == "odds":
            return float(self.bound - TENFOLD * np.log10(loss))
        if self.shape == "growth":
            return float(self.bound / loss)
        if self.shape in {"rise", "fall"}:
            way = -self.scale if self.shape == "rise" else self.scale
            return float(self.bound + way * np.log(loss))
        if self.shape == "up":
            short = self.bound - loss
            return float(np.maximum(short, 0.0) if self.bound in SHARES else short)
        return float(self.bound + loss)

    @property
    def rises(self) -> bool:
        """Whether a lower loss is a higher value."""
        return self.shape in {"up", "odds", "rise", "growth"}

    @property
    def endless(self) -> bool:
        """Whether there is no best value that it nears."""
        return self.shape in _OPEN

    @property
    def falls(self) -> bool:
        """Return whether the loss falls as runs grow; what a law speaks of itself may rise."""
        return self.shape != "as-is"

    def written(self, shortfall: float) -> str:
        """Return the value of the metric that falls short by so much, as it is printed."""
        return show(self.value(shortfall), 4)

    def back(self, loss: Estimate) -> Estimate:
        """Return an estimate of the loss in the metric's own units, the ends of its intervals in order."""
        intervals = {kind: self._ends(*ends) for kind, ends in loss.intervals.items()}
        return Estimate(self.value(loss.value), *self._ends(loss.low, loss.high), loss.level, intervals)

    def _ends(self, low: float, high: float) -> tuple[float, float]:
        ends = (self.value(low), self.value(high))
        return ends[::-1] if self.rises else ends

    def beyond(self, value: float) -> str:
        """Say why a value cannot be used."""
        if self.shape == "growth" and value <= 0:
            return f"{shown(self.name)} is {value:g}, and what grows in ratios is above 0"
        if not math.isfinite(value) or self.shape in _OPEN:
            return f"{shown(self.name)} is {value:g}"
        return f"{shown(self.name)} is {value:g}, and its {_END[self.shape]} value {self.bound:g}"

    def as_dict(self, loss: Estimate) -> dict[str, Any]:
        """Return an estimate of the loss in the metric's own units as it stands in the JSON."""
        return {"name": self.name, "loss_is": self.loss, **self.back(loss).as_dict()}


_END = {"up": "best", "down": "least", "as-is": "least"}


def parse_metric(text: str) -> Metric:
    """Return the metric a person typed: accuracy:up:1, BLEU:up:100, FID:down, Elo:odds:1500, horizon:up."""
    found = _SPEC.match(text)
    if not found:
        raise UsageError(f'"{shown(text)}" is no metric. Say its column and which way is better: {_EXAMPLES}.')
    name, shape, bound = found.groups()
    if shape == "as-is" and bound:
        raise UsageError(f'"{shown(text)}" measures from {shown(bound)}, not as it is. Say {shown(name)}:down:{bound}.')
    stated, _, scaled = (bound or "").partition("/")
    value = _number(stated, text, name=name, shape=shape) if stated else 0.0 if shape in {"down", "as-is"} else math.nan
    scale = _number(scaled, text, name=name, shape=shape) if scaled else math.nan
    return Metric(name, cast("Shape", shape), value, scale)


def _number(word: str, text: str, *, name: str, shape: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f'"{shown(text)}": "{shown(word)}" is no number. Say {shown(name)}:{shape}:1.')
    return value


MOST_ITEMS = 20_000
_SPARE_DIGITS = 2.5
"""How many digits more than those of n must agree before accuracies are taken for fractions of n."""


def items_of(accuracy: Array) -> int:
    """Return the least number of items of which all accuracies are whole fractions, 0 if no number stands out."""
    found = accuracy[np.isfinite(accuracy) & (accuracy > 0) & (accuracy < 1)]
    if np.unique(found).size < 2:
        return 0
    digits = max(len(f"{value:.12g}".partition(".")[2]) for value in found.tolist())
    counts = np.arange(2.0, min(MOST_ITEMS, 10 ** max(digits - _SPARE_DIGITS, 0)))
    fraction = counts[:, None] * found
    fits = (np.abs(fraction - np.rint(fraction)) <= counts[:, None] * max(10.0**-digits, 1e-7)).all(axis=1)
    return int(counts[np.argmax(fits)]) if fits.any() else 0


def _less(name: str, bound: float, form: str) -> str:
    """Write what a column is above a value of either sign."""
    return f"{name} {'+' if bound < 0 else '−'} {format(abs(bound), form)}"
