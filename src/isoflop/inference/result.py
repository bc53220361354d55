"""Inference: what more samples of each model bring, what a budget buys of each, and where the best buy flips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isoflop.estimate import Estimate
from isoflop.findings import Finding
from isoflop.inference.answers import Choosing
from isoflop.inference.attempts import Attempts
from isoflop.inference.difficulty import Difficulty
from isoflop.inference.joint import Lifetime
from isoflop.inference.measured import PowerLaw
from isoflop.inference.serving import Serving

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Reach:
    """What k samples of each problem bring: measured, by each way to choose among them, and by a power law."""

    k: float
    measured: float
    by: Mapping[str, Estimate]
    power_law: float

    def as_dict(self) -> dict[str, Any]:
        """Give it as it stands in the JSON."""
        each = {how: one.as_dict() for how, one in self.by.items()}
        return {"k": self.k, "measured": self.measured, **each, "power_law": self.power_law}


@dataclass(frozen=True)
class Sampled:
    """One model: its forecasts, the limits of samples without end, and the spread of difficulty behind both."""

    attempts: Attempts
    reach: tuple[Reach, ...]
    limits: Mapping[str, Estimate]
    power_law: PowerLaw
    families: Mapping[str, float]
    parameters: Mapping[str, Mapping[str, Estimate]]

    def as_dict(self) -> dict[str, Any]:
        """Give it as it stands in the JSON."""
        one = self.attempts
        return {
            "model": one.name, "N": one.N, "active": one.active, "D": one.D, "problems": one.known_problems,
            "fewest_samples": one.fewest, "pass1": one.pass1, "reach": [row.as_dict() for row in self.reach],
            "limits": {how: limit.as_dict() for how, limit in self.limits.items()},
            "power_law": self.power_law._asdict(), "families": dict(self.families),
            "parameters": {name: {key: each.as_dict() for key, each in found.items()}
                           for name, found in self.parameters.items()},
        }  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """What a model reaches for a budget: samples it buys, accuracy, cost, and its chance of being the best buy."""

    model: str
    samples: int
    accuracy: Estimate
    cost: float
    best: float

    def as_dict(self) -> dict[str, Any]:
        """Give it as it stands in the JSON."""
        about = {"model": self.model, "samples": self.samples, "cost": self.cost, "chance_best": self.best}
        return {**about, "accuracy": self.accuracy.as_dict()}


@dataclass(frozen=True)
class Budget:
    """A budget for one query, what each model offers for it, and the best; "" where it buys no sample of any."""

    budget: float
    offers: tuple[Offer, ...]
    best: str

    def as_dict(self) -> dict[str, Any]:
        """Give it as it stands in the JSON."""
        return {"budget": self.budget, "best": self.best, "offers": [one.as_dict() for one in self.offers]}


@dataclass(frozen=True)
class Flip:
    """From which budget on another model is the better buy, and what it reaches there."""

    before: str
    after: str
    budget: Estimate
    accuracy: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Give it as it stands in the JSON."""
        return {
            "before": self.before, "after": self.after,
            "budget": self.budget.as_dict(), "accuracy": self.accuracy.as_dict(),
        }  # fmt: skip


@dataclass(frozen=True)
class Inference:
    """What `inference` gives: models, budgets, flips, and how answers were chosen and paid for."""

    source: str
    models: tuple[Sampled, ...]
    budgets: tuple[Budget, ...]
    flips: tuple[Flip, ...]
    choosing: Choosing
    serving: Serving
    level: float
    lifetime: Lifetime | None = None
    findings: tuple[Finding, ...] = ()
    draws: tuple[Difficulty, ...] = field(default=(), repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as it stands in the JSON."""
        how = self.choosing
        return {
            "source": self.source, "level": self.level, "unit": self.serving.unit,
            "choosing": {"how": how.how, "rival": how.rival, "recall": how.recall, "false_positives": how.false},
            "models": [one.as_dict() for one in self.models],
            "budgets": [one.as_dict() for one in self.budgets],
            "flips": [one.as_dict() for one in self.flips],
            "lifetime": self.lifetime.as_dict() if self.lifetime else None,
            "findings": [one.as_dict() for one in self.findings],
        }  # fmt: skip

    def __rich__(self) -> RenderableType:
        from isoflop.inference.shown import shown

        return shown(self)

    def __str__(self) -> str:
        from isoflop.tables import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from isoflop.tables import html

        return html(self)
