"""Two models → by how much each factor was scaled, and what a law attributes to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.display import View, dim, findings_list, group, interval, table
from isoflop.estimate import LEVEL, Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.forecasting.source import Source, settle
from isoflop.formula.arrays import Array
from isoflop.formula.surface import Surface
from isoflop.planning.landmarks.by_compute import ComputeComparison, compare_by_compute
from isoflop.planning.landmarks.models import Model, find_model
from isoflop.planning.landmarks.place import Landmark, landmarks, losses, over_variants
from isoflop.quantities import show

_SAME = 1e-9
"""Nats by which the two orders of a sum of terms may differ, from rounding."""


@dataclass(frozen=True)
class Comparison(Answer):
    """What a law says of the step from one model to another; gains are falls of the loss, in nats per token.

    gain           the first model's loss less the second's
    by_parameters  what the other N gained; negative where it cost
    by_tokens      what the other D gained; both add up to the gain
    order          what N gains if it is changed before D, and after it
    """

    first: Landmark
    second: Landmark
    gain: Estimate
    by_parameters: Estimate
    by_tokens: Estimate
    order: tuple[float, float]
    source: str
    findings: tuple[Finding, ...] = ()

    @property
    def separable(self) -> bool:
        """Whether the order of the changes does not matter, as in a law with one term in N and one in D."""
        return abs(self.order[0] - self.order[1]) < _SAME

    @property
    def factors(self) -> dict[str, float]:
        """By how much the second model has more of each: parameters N, tokens D, compute C, tokens per parameter."""
        one, other = self.first, self.second
        return {
            "N": other.model.size / one.model.size, "D": other.model.D / one.model.D, "C": other.model.C / one.model.C,
            "D/N": other.tokens_per_parameter / one.tokens_per_parameter,
        }  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as it stands in the JSON."""
        return json_of(
            self, "first second factors gain by_parameters by_tokens by_parameters_first_and_last=order separable "
            "words source level=gain.level findings"
        )  # fmt: skip

    @property
    def words(self) -> str:
        """The comparison in three sentences."""
        one, other, by = self.first.model, self.second.model, self.factors
        sizes = (
            f"{other.name} has {_times(by['N'])} the {'active ' * (one.mixture or other.mixture)}parameters of "
            f"{one.name} and {_times(by['D'])} its tokens, for {_times(by['C'])} the compute."
        )
        way = "lower" if self.gain.value >= 0 else "higher"
        losses = (
            f"By {self.source} its loss is {abs(self.gain.value):.3f} nats {way}: {self.second.loss.value:.3f} "
            f"instead of {self.first.loss.value:.3f}."
        )
        return f"{sizes} {losses} {self._attributed()}"

    def _attributed(self) -> str:
        parts = {"parameters": self.by_parameters.value, "tokens": self.by_tokens.value}
        total = self.gain.value
        what = "gain" if total >= 0 else "loss"
        if total and all(part * total >= 0 for part in parts.values()):
            said = " and ".join(f"{part / total:.0%} to {name}".replace("%", " %") for name, part in parts.items())
            return f"The law gives {said} of the {what}."
        ordered = sorted(parts.items(), key=lambda item: -item[1])
        (better, gained), (worse, cost) = ordered
        return f"The law gives {gained:.3f} nats gained to {better} and {abs(cost):.3f} lost to {worse}."

    def __rich__(self) -> View:
        """Give the comparison as it looks in a terminal: both models, the factor between them, the split, in words."""
        return compared(self)


def compare_models(
    first: str | Model, second: str | Model, *, source: Source | str = "besiroglu2024", level: float = LEVEL
) -> Comparison | ComputeComparison:
    """Say which factor was scaled by how much from one model to another, and what the law attributes to each.

    The difference in predicted loss is split between parameters and tokens by the mean over the two orders of
    changing one after the other (Shapley 1953); for a law with one term in N and one in D it is those terms. A model
    whose size or tokens are not disclosed is compared by its compute alone (`ComputeComparison`).

    >>> found = isoflop.compare_models("gpt-3", "chinchilla")
    >>> found.factors["D"] > 4
    True
    """
    pair = [find_model(one) if isinstance(one, str) else one for one in (first, second)]
    if not all(one.known for one in pair):
        return compare_by_compute(pair[0], pair[1], source=source, level=level)
    settled = settle(source)
    found = landmarks(settled, models=pair, level=level)
    rows = {one.model: one for one in found}
    where = {"N": np.full(4, pair[1].size), "D": np.full(4, pair[1].D)}
    gain, parameters, tokens, first_size = over_variants(settled, lambda one: _split(one, pair), where, level=level)
    order = first_size.value, 2 * parameters.value - first_size.value
    return Comparison(rows[pair[0]], rows[pair[1]], gain, parameters, tokens, order, found.source, found.findings)


def _split(source: Surface, pair: list[Model]) -> Array:
    """Return the gain, its parts by parameters and by tokens, and what parameters gain if they change first, (4,)."""
    (small, few), (large, many) = ((one.size, one.D) for one in pair)
    corners = {"N": np.array([small, large, small, large]), "D": np.array([few, few, many, many])}
    start, larger, longer, end = losses(source, corners)
    by_parameters = ((start - larger) + (longer - end)) / 2
    by_tokens = ((start - longer) + (larger - end)) / 2
    return np.array([start - end, by_parameters, by_tokens, start - larger])


def _times(factor: float) -> str:
    return f"{show(factor, 2)} of" if factor < 1 else f"{show(factor, 2)} times"


def compared(found: Comparison) -> View:
    """Return two models side by side, what each factor gained, and the same in words."""
    from rich.text import Text

    one, other, by = found.first, found.second, found.factors
    rows = [
        ("parameters N", show(one.model.size), show(other.model.size), f"× {show(by['N'])}"),
        ("tokens D", show(one.model.D), show(other.model.D), f"× {show(by['D'])}"),
        ("training FLOPs", show(one.model.C), show(other.model.C), f"× {show(by['C'])}"),
        ("tokens per parameter", *(show(each.tokens_per_parameter) for each in (one, other)), f"× {show(by['D/N'])}"),
        ("loss", f"{one.loss.value:.4f}", f"{other.loss.value:.4f}", f"{-found.gain.value:+.4f}"),
        ("best at its FLOPs", f"{one.best_loss.value:.4f}", f"{other.best_loss.value:.4f}",
         f"{other.best_loss.value - one.best_loss.value:+.4f}"),
        ("given up", f"{one.given_up.value:.4f}", f"{other.given_up.value:.4f}",
         f"{other.given_up.value - one.given_up.value:+.4f}"),
    ]  # fmt: skip
    parts = [("parameters", found.by_parameters), ("tokens", found.by_tokens), ("together", found.gain)]
    split = table(
        ["the law attributes to", "nats gained", f"{found.gain.level:.0%} interval"],
        [(name, f"{part.value:+.4f}", interval(part)) for name, part in parts],
    )
    way = "this law is a sum of a term in N and one in D, so the order of the changes does not matter"
    if not found.separable:
        first, last = (f"{part:+.4f}" for part in found.order)
        way = f"the mean over both orders (Shapley): parameters gain {first} if changed first, {last} if last"
    return group(
        Text(found.words), "", table(["", one.model.name, other.model.name, ""], rows), "", split, dim(way),
        findings_list(found.findings),
    )  # fmt: skip
