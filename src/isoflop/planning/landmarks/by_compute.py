"""Two models of which one discloses no size: what its compute explains by a law, and what no law can say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.display import View, dim, findings_list, group, interval, table
from isoflop.estimate import LEVEL, Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.forecasting.source import Source, settle
from isoflop.planning.landmarks.place import Landmark, best_runs, landmarks, over_variants
from isoflop.quantities import show, show_flops

if TYPE_CHECKING:
    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array
    from isoflop.formula.surface import Surface
    from isoflop.planning.landmarks.models import Model

BEYOND_ANY_LAW = (
    "what else changed: the quality and mixture of the data, experts, training after pre-training, more thinking "
    "before an answer, and how the score of a task follows from the loss"
)
"""What no law of pre-training loss can attribute."""


@dataclass(frozen=True, kw_only=True)
class ComputeComparison(Answer):
    """What a law says of the step to a model of which only the compute is known, by an estimate.

    compute        the second model's FLOPs over the first's, with the interval of the estimates
    gain           the first model's loss less the second's, if a model of unknown size was sized as is best
    by_allocation  what the best size and tokens for the same FLOPs gain, where a size is known
    by_compute     what the other FLOPs gain at their best; both add up to the gain
    """

    first: Landmark
    second: Landmark
    compute: Estimate
    gain: Estimate
    by_allocation: Estimate
    by_compute: Estimate
    source: str
    findings: tuple[Finding, ...] = ()

    @property
    def factors(self) -> dict[str, float]:
        """By how much the second model has more: of compute, all that can be compared."""
        return {"C": self.compute.value}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not disclosed of the models, and who estimates."""
        pair = (self.first.model, self.second.model)
        return tuple(
            f"{one.name}: {one.note}; its FLOPs are an estimate of {one.estimated_by}" for one in pair if not one.known
        )

    @property
    def words(self) -> str:
        """The comparison in four sentences."""
        one, other = self.first.model, self.second.model
        span = f" ({show(self.compute.low, 2)} to {show(self.compute.high, 2)})" * (not math.isnan(self.compute.low))
        first = f"{other.name} had {show(self.compute.value, 2)} times the training compute of {one.name}{span}."
        way = "lower" if self.gain.value >= 0 else "higher"
        second = f"By {self.source} that is a loss {abs(self.gain.value):.3f} nats {way}, if it was sized as is best:"
        total = self.gain.value or math.nan
        shares = [f"{self.by_compute.value / total:.0%} of it from compute".replace("%", " %")]
        if self.by_allocation.value:
            better = one if one.known else other
            part = f"{self.by_allocation.value / total:.0%}".replace("%", " %")
            shares.append(f"{part} because {better.name} was not the best size for its own")
        return f"{first} {second} {' and '.join(shares)}. No law of loss can say {BEYOND_ANY_LAW}."

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as it stands in the JSON."""
        return json_of(
            self, "first second factors compute gain by_allocation by_compute beyond_any_law notes words source "
            "level=gain.level findings", beyond_any_law=BEYOND_ANY_LAW,
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the comparison as it looks in a terminal."""
        pair = (self.first, self.second)
        rows = [
            ("training FLOPs", *(show_flops(one.model.C) for one in pair), f"× {show(self.compute.value)}"),
            ("parameters N", *(show(one.model.size) for one in pair), ""),
            ("tokens D", *(show(one.model.D) for one in pair), ""),
            ("best N at its FLOPs", *(show(one.best_size.value) for one in pair), ""),
            ("loss", *(f"{one.loss.value:.4f}" if one.model.known else "–" for one in pair), ""),
            ("best at its FLOPs", *(f"{one.best_loss.value:.4f}" for one in pair), ""),
        ]
        split = [
            (name, f"{part.value:+.4f}", interval(part, 4))
            for name, part in (("compute", self.by_compute), ("the best size instead", self.by_allocation),
                               ("together", self.gain))
        ]  # fmt: skip
        return group(
            self.words, "", table(["", *(one.model.name for one in pair), ""], rows), "",
            table(["the law attributes to", "nats gained", "interval of the estimate"], split),
            *map(dim, self.notes), findings_list(self.findings),
        )  # fmt: skip


def compare_by_compute(
    first: Model, second: Model, *, source: Source | str = "besiroglu2024", level: float = LEVEL
) -> ComputeComparison:
    """Say what the compute of two models explains by a law, where the size or the tokens of one are not disclosed.

    The step goes from the first model to the best run of its FLOPs, and along the frontier to the second's.
    """
    settled = settle(source)
    found = landmarks(settled, models=(first, second), level=level)
    rows = {one.model: one for one in found}
    pair = rows[first], rows[second]
    surplus = [one.given_up.value if one.model.known else 0.0 for one in pair]
    along = pair[0].best_loss.value - pair[1].best_loss.value
    allocation = surplus[0] - surplus[1]
    low, high = _ends(settled, first, second, level=level)
    return ComputeComparison(
        first=pair[0], second=pair[1],
        compute=_factor(first, second, level),
        gain=Estimate(along + allocation, low + allocation, high + allocation, level),
        by_allocation=Estimate(allocation, level=level),
        by_compute=Estimate(along, low, high, level),
        source=found.source, findings=found.findings,
    )  # fmt: skip


def _interval(model: Model) -> tuple[float, float]:
    """Return the FLOPs between which a model lies; both are its own where no interval is told."""
    low, high = model.flops_low, model.flops_high
    return (model.C, model.C) if model.known or math.isnan(low) else (low, high)


def _factor(first: Model, second: Model, level: float) -> Estimate:
    (few, many), (least, most) = _interval(first), _interval(second)
    value = second.C / first.C
    sure = few == many and least == most
    return Estimate(value, level=level) if sure else Estimate(value, least / many, most / few, level)


def _ends(source: Predictor, first: Model, second: Model, *, level: float) -> tuple[float, float]:
    """Return the least and the most that the compute gains, over the estimates' intervals and the source's variants."""
    (few, many), (least, most) = _interval(first), _interval(second)
    budgets = np.array([few, many, least, most])

    def ends(one: Surface) -> Array:
        loss = best_runs(one, budgets).loss
        return np.array([loss[1] - loss[2], loss[0] - loss[3]])

    at = {"N": np.full(2, second.C**0.5), "D": np.full(2, second.C**0.5 / 6)}  # as far out as the second
    found = over_variants(source, ends, at, level=level)
    if math.isnan(found[0].low) and few == many and least == most:
        return math.nan, math.nan
    return (
        min(float(np.fmin(one.low, one.value)) for one in found),
        max(float(np.fmax(one.high, one.value)) for one in found),
    )
