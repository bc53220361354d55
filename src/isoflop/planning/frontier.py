"""The frontier: what to train at each of many budgets, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.compute.flops import said_as
from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL
from isoflop.findings import Answer, Finding, json_of
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.source import Source
from isoflop.planning.demand import Demand
from isoflop.planning.keywords import Bounds, demanding
from isoflop.planning.limits import beyond_limits, limits_crossed, refusal
from isoflop.planning.plan import paid_as, planner, plans
from isoflop.planning.result import Plan
from isoflop.quantities import show, show_flops

MOST, DRAWS = 1000, 100
"""The most budgets of one frontier, and the draws of a fit that are followed along all of them."""

_LEFT_OUT = ("findings", "sheet", "N_within_0.1_percent")
"""What the JSON of a plan among others leaves out."""


@dataclass(frozen=True)
class Frontier(Answer):
    """Plans for budgets of rising size, without run sheets.

    >>> found = isoflop.frontier("besiroglu2024", [1e20, 1e22])
    >>> len(found.plans)
    2
    """

    plans: tuple[Plan, ...]
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the frontier as it stands in the JSON."""
        plans = [{key: value for key, value in one.as_dict().items() if key not in _LEFT_OUT} for one in self.plans]
        return json_of(self, "plans findings", plans=plans)

    def __rich__(self) -> View:
        """Return the frontier as it looks in a terminal: a row for each budget."""
        rows = [
            (
                show_flops(one.budget.value), show(one.N.value), interval(one.N), show(one.D.value), interval(one.D),
                f"{one.loss.value:.4f}", interval(one.loss, 4),
            )
            for one in self.plans
        ]  # fmt: skip
        level = f"{self.plans[0].N.level:.0%}"
        body = table(["FLOPs", "N", level, "D", level, "loss", level], rows)
        head = heading("the best run at each budget", said_as(self.plans[0].rule))
        return group(head, dim(f"by {self.plans[0].source}"), body, findings_list(self.findings))


@demanding(Bounds)
def frontier(
    source: Source | None, flops: Sequence[float], *, level: float = LEVEL, **asked: Unpack[Bounds]
) -> Frontier:
    """Return what to train at each of these budgets, in FLOPs; the keywords are those of `plan` that bound a run.

    >>> found = isoflop.frontier("besiroglu2024", [1e20, 1e22])
    >>> len(found.plans)
    2
    """
    if not 1 <= len(flops) <= MOST:
        raise UsageError(f"{len(flops)} budgets; a frontier takes 1 to {MOST}.")
    demand = Demand(flops=max(flops), **asked)
    answers = planner(source)
    terms = paid_as(demand, answers).terms()
    line = Allocation(answers, terms)
    line.refuse_missing()
    budgets = np.sort(np.asarray(flops, float))
    found, findings, _ = plans(answers, evidence(answers), budgets, level=level, terms=terms, most_draws=DRAWS)
    for one in found:
        if crossed := limits_crossed(line, one.N.value, one.D.value):
            if not demand.beyond:
                raise refusal(line, crossed, budget=one.budget.value)
            return Frontier(tuple(found), (beyond_limits(crossed), *findings))
    return Frontier(tuple(found), findings)
