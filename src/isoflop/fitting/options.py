"""How a fit is asked for, and what is refused before any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, refuse_level

if TYPE_CHECKING:
    from isoflop.formula.law import Law

MOST_DRAWS, MOST_STARTS = 100_000, 10_000
"""More would take memory without end and tell nothing new."""


@dataclass(frozen=True)
class Options:
    """How a fit was asked for, so that it can be repeated."""

    objective: str = "robust"
    draws: int = 1000
    seed: int = 0
    starts: int = 32
    level: float = LEVEL
    fix: Mapping[str, str | float] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    log: bool = True
    allow: tuple[str, ...] = ()


def refuse_nonsense(law: Law, options: Options) -> None:
    """Refuse options that mean nothing, before any work."""
    for name, value, (least, most) in (
        ("draws", options.draws, (0, MOST_DRAWS)),
        ("starts", options.starts, (1, MOST_STARTS)),
        ("seed", options.seed, (0, 2**63)),
    ):
        if not least <= value <= most:
            raise UsageError(f"{name} must be from {least} to {most:,}, not {value}.")
    refuse_level(options.level)
    if not law.parameters:
        raise UsageError(f"law {law.name} has no free parameter left to fit. Pin fewer.")
    for name, (low, high) in options.bounds.items():
        if name not in law.parameters:
            raise UsageError(
                f"law {law.name} has no free parameter {name} to bound; it has {', '.join(law.parameters)}."
            )
        if not low < high or (high <= 0 and law.parameters[name].role != "real"):
            never = "" if law.parameters[name].role == "real" else f"; {name} is never negative"
            raise UsageError(f"{name} cannot lie from {low:g} to {high:g}{never}. Say {name}=LOWEST:HIGHEST.")
