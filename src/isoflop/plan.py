"""A budget → what to train: parameters, tokens and the loss to expect, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.allocation import allocate, range_within
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.fit import Fit
from isoflop.flops import rule_named
from isoflop.forecast import Source, curve_of, forecast, values_of
from isoflop.units import show

if TYPE_CHECKING:
    from rich.console import RenderableType

    from isoflop.findings import Finding

FLAT = 1e-3
"""The share of loss that the flat range of N may give up."""


@dataclass(frozen=True)
class Plan:
    """What to train for a budget of C training FLOPs.

    flat_range  the lowest and highest N whose loss is within 0.1 % of the best
    loss        with the interval of a new run trained at N and D
    """

    C: float
    N: Estimate
    D: Estimate
    loss: Estimate
    tokens_per_parameter: Estimate
    flat_range: tuple[float, float]
    source: str
    rule: str
    decades: float
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the plan as it stands in the JSON."""
        return {
            "C": self.C,
            "N": self.N.as_dict(),
            "D": self.D.as_dict(),
            "loss": self.loss.as_dict(),
            "tokens_per_parameter": self.tokens_per_parameter.as_dict(),
            "N_within_0.1_percent": list(self.flat_range),
            "level": self.N.level,
            "decades": self.decades,
            "flop_rule": self.rule,
            "source": self.source,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def __rich__(self) -> RenderableType:
        """Give the plan as it looks in a terminal: each quantity with its interval, and how flat the optimum is."""
        from isoflop.tables import dim, findings_list, group, heading, interval, table

        rows = [
            ("parameters N", show(self.N.value), interval(self.N)),
            ("tokens D", show(self.D.value), interval(self.D)),
            ("tokens per parameter", show(self.tokens_per_parameter.value), interval(self.tokens_per_parameter)),
            ("loss", f"{self.loss.value:.4f}", interval(self.loss, 4)),
        ]
        body = table(["train", "best", f"{self.N.level:.0%} interval"], rows)
        head = heading(f"{self.C:.3g} training FLOPs".replace("e+", "e"), f"by {self.source}, C = {self.rule}")
        low, high = map(show, self.flat_range)
        flat = dim(f"any N from {low} to {high} is within 0.1 % of the best loss")
        return group(head, body, flat, findings_list(self.findings))

    def __str__(self) -> str:
        from isoflop.tables import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from isoflop.tables import html

        return html(self)


def plan(source: Source, *, flops: float, level: float = LEVEL) -> Plan:
    """Give the N and D of least predicted loss for so many training FLOPs.

    The intervals of N, D and their ratio come from a fit's draws; a published curve has none.
    """
    if not 6 < flops < 1e60:
        raise UsageError(f"flops={flops:g} is no budget. Say a number of training FLOPs, as in 1e24.")
    curve, rule = curve_of(source), rule_named("6ND")
    best = allocate(curve.law, values_of(source), flops, rule=rule)
    draws = source.draws if isinstance(source, Fit) else np.zeros((0, len(curve.law.parameters)))
    others = allocate(curve.law, draws, flops, rule=rule) if len(draws) else None
    expected = forecast(source, level=level, N=float(best.N[0]), D=float(best.D[0]))

    def estimate(value: float, drawn: object) -> Estimate:
        return from_draws(value, np.asarray(drawn if others else [], float), level)

    size, tokens = float(best.N[0]), float(best.D[0])
    return Plan(
        C=float(flops),
        N=estimate(size, others and others.N),
        D=estimate(tokens, others and others.D),
        loss=expected[0].loss,
        tokens_per_parameter=estimate(tokens / size, others and others.D / others.N),
        flat_range=range_within(curve.law, values_of(source), flops, share=FLAT, rule=rule),
        source=curve.name,
        rule=rule.name,
        decades=expected[0].decades,
        findings=expected.findings,
    )
