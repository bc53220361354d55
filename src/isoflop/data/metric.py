"""Metric: any measured quantity, such as accuracy, BLEU, FID or Elo, as a positive quantity that falls, and back.

The laws of losses are laws of something positive that falls as runs grow. What a metric falls short of its best
value by is such a quantity, and so are the odds of losing against a given rating.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from isoflop.errors import UsageError, shown
from isoflop.estimate import Estimate
from isoflop.quantities import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Shape = Literal["up", "down", "odds", "as-is"]

TENFOLD = 400.0
"""Points of an Elo rating that make the odds of winning ten times better."""
_SPEC = re.compile(r"(.+?):(up|down|odds|as-is)(?::(.*))?$")
_EXAMPLES = "accuracy:up:1, BLEU:up:100, FID:down, WER:down:0, Elo:odds or reward:as-is"


@dataclass(frozen=True)
class Metric:
    """A column, which way it improves, and the value that it is measured from.

    shape  up: it rises towards `bound` · down: it falls towards `bound` · odds: a rating, 400 points of which are
           a factor of 10 in the odds against a player rated `bound` · as-is: positive, and itself what a law speaks of
    bound  the best, or the least, value there can be; the rating compared with (nan: the largest there is)
    """

    name: str
    shape: Shape
    bound: float = 0.0

    def __str__(self) -> str:
        """Give the metric as it is typed."""
        stated = self.shape != "as-is" and not math.isnan(self.bound)
        return f"{self.name}:{self.shape}" + (f":{self.bound!r}" if stated else "")

    @property
    def loss(self) -> str:
        """Say what the loss is: 1 − accuracy."""
        name = shown(self.name)
        if self.shape == "odds":
            return f"10^(({self.bound:g} − {name})/{TENFOLD:g})"
        return f"{self.bound:g} − {name}" if self.shape == "up" else f"{name} − {self.bound:g}" if self.bound else name

    def settled(self, values: ArrayLike) -> Metric:
        """Give the metric with the rating that these are compared with, where none was stated: the largest."""
        if not math.isnan(self.bound):
            return self
        found = np.asarray(values, float)
        finite = found[np.isfinite(found)]
        return replace(self, bound=float(finite.max()) if finite.size else 0.0)

    @np.errstate(all="ignore")  # a rating may be far off; what is not finite is listed with the row
    def shortfall(self, values: ArrayLike) -> NDArray[np.float64]:
        """Give what falls: positive wherever a value is short of its bound."""
        found = np.asarray(values, float)
        if self.shape == "odds":
            return np.asarray(10 ** ((self.bound - found) / TENFOLD))
        return np.asarray(self.bound - found if self.shape == "up" else found - self.bound)

    def reached(self, value: float) -> float:
        """Give the loss at a value that is to be reached; raises UsageError for one that cannot be."""
        loss = float(self.shortfall(value))
        if not (math.isfinite(loss) and loss > 0):
            raise UsageError(f"{self.beyond(value)}: no run can reach it. Say a value short of that.")
        return loss

    @np.errstate(all="ignore")  # a loss of 0 is an endless rating
    def value(self, shortfall: float) -> float:
        """Give the value of the metric that falls short by so much."""
        if self.shape == "odds":
            return float(self.bound - TENFOLD * np.log10(np.float64(shortfall)))
        return float(self.bound - shortfall if self.shape == "up" else self.bound + shortfall)

    @property
    def falls(self) -> bool:
        """Say whether the loss falls as runs grow; what a law speaks of itself may rise."""
        return self.shape != "as-is"

    def written(self, shortfall: float) -> str:
        """Give the value of the metric that falls short by so much, as it is printed."""
        return show(self.value(shortfall), 4)

    def back(self, loss: Estimate) -> Estimate:
        """Give an estimate of the loss in the metric's own units, the ends of its intervals in order."""
        intervals = {kind: self._ends(*ends) for kind, ends in loss.intervals.items()}
        return Estimate(self.value(loss.value), *self._ends(loss.low, loss.high), loss.level, intervals)

    def _ends(self, low: float, high: float) -> tuple[float, float]:
        ends = (self.value(low), self.value(high))
        return ends[::-1] if self.shape in {"up", "odds"} else ends

    def beyond(self, value: float) -> str:
        """Say why a value cannot be used."""
        if not math.isfinite(value) or self.shape == "odds":
            return f"{shown(self.name)} is {value:g}"
        return f"{shown(self.name)} is {value:g}, and its {_END[self.shape]} value {self.bound:g}"

    def as_dict(self, loss: Estimate) -> dict[str, Any]:
        """Give an estimate of the loss in the metric's own units as it stands in the JSON."""
        return {"name": self.name, "loss_is": self.loss, **self.back(loss).as_dict()}


_END = {"up": "best", "down": "least", "as-is": "least"}


def parse_metric(text: str) -> Metric:
    """Give the metric a person typed: accuracy:up:1, BLEU:up:100, FID:down, WER:down:0, Elo:odds, Elo:odds:1500."""
    found = _SPEC.match(text)
    if not found:
        raise UsageError(f'"{shown(text)}" is no metric. Say its column and which way is better: {_EXAMPLES}.')
    name, shape, bound = found.groups()
    if shape == "as-is" and bound:
        raise UsageError(f'"{shown(text)}" measures from {shown(bound)}, not as it is. Say {shown(name)}:down:{bound}.')
    if shape == "up" and not bound:
        raise UsageError(f'"{shown(text)}" lacks the best value there is. Say {shown(name)}:up:1, or :up:100.')
    try:
        value = float(bound) if bound else math.nan if shape == "odds" else 0.0
    except ValueError:
        value = math.inf
    if math.isinf(value) or (bound and math.isnan(value)):
        raise UsageError(f'"{shown(text)}": "{shown(bound)}" is no number. Say {shown(name)}:{shape}:1.')
    return Metric(name, cast("Shape", shape), value)


MOST_ITEMS = 20_000
_SPARE_DIGITS = 2.5
"""How many digits more than those of n must agree before accuracies are taken for fractions of n."""


def items_of(accuracy: NDArray[np.float64]) -> int:
    """Return the least number of items of which all accuracies are whole fractions, 0 if no number stands out."""
    found = accuracy[np.isfinite(accuracy) & (accuracy > 0) & (accuracy < 1)]
    if np.unique(found).size < 2:
        return 0
    digits = max(len(f"{value:.12g}".partition(".")[2]) for value in found.tolist())
    counts = np.arange(2.0, min(MOST_ITEMS, 10 ** max(digits - _SPARE_DIGITS, 0)))
    fraction = counts[:, None] * found
    fits = (np.abs(fraction - np.rint(fraction)) <= counts[:, None] * max(10.0**-digits, 1e-7)).all(axis=1)
    return int(counts[np.argmax(fits)]) if fits.any() else 0
