"""The frontier: what to train at each of many budgets, as one table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.compute.devices import MFU
from isoflop.compute.flops import said_as
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL
from isoflop.findings import Answer
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.source import Source
from isoflop.planning.demand import Demand, demanding
from isoflop.planning.limits import beyond_limits, limits_crossed, refusal
from isoflop.planning.plan import paid_as, planner, plans
from isoflop.quantities import show, show_flops

if TYPE_CHECKING:
    from rich.console import RenderableType

    from isoflop.findings import Finding
    from isoflop.planning.result import Plan

MOST, DRAWS = 1000, 100
"""The most budgets of one frontier, and the draws of a fit that are followed along all of them."""


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
        rows = [
            {
                key: value
                for key, value in one.as_dict().items()
                if key not in ("findings", "sheet", "N_within_0.1_percent")
            }
            for one in self.plans
        ]
        return {"plans": rows, "findings": [finding.as_dict() for finding in self.findings]}

    def __rich__(self) -> RenderableType:
        """Return the frontier as it looks in a terminal: a row for each budget."""
        from isoflop.display import dim, findings_list, group, heading, interval, table

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


@demanding
def frontier(
    source: Source | None,
    flops: Sequence[float],
    *,
    level: float = LEVEL,
    days: float = math.nan,
    deadline: str = "",
    N: float = math.nan,
    D: float = math.nan,
    unique_tokens: float = math.inf,
    token_worth: float = 1.0,
    serve_tokens: float = 0.0,
    max_params: float = math.inf,
    min_tokens: float = 1.0,
    precision: str = "bf16",
    experts: float = math.nan,
    top_k: float = 1.0,
    shared_experts: float = 0.0,
    granularity: float = math.nan,
    vocabulary: float = math.nan,
    batch_limit: float = math.inf,
    context: float = 4096.0,
    gpus: str = "",
    mfu: float = MFU,
    serve_mfu: float = math.nan,
    flop_rule: str = "6ND",
    beyond: bool = False,
    held: Mapping[str, float] | None = None,
) -> Frontier:
    """Return what to train at each of these budgets, in FLOPs; the keywords are those of `plan` that bound a run.

    >>> found = isoflop.frontier("besiroglu2024", [1e20, 1e22])
    >>> len(found.plans)
    2
    """
    if not 1 <= len(flops) <= MOST:
        raise UsageError(f"{len(flops)} budgets; a frontier takes 1 to {MOST}.")
    demand = Demand(
        flops=max(flops), days=days, deadline=deadline, N=N, D=D, unique_tokens=unique_tokens, token_worth=token_worth,
        serve_tokens=serve_tokens, max_params=max_params, min_tokens=min_tokens, precision=precision, experts=experts,
        top_k=top_k, shared_experts=shared_experts, granularity=granularity, beyond=beyond,
        vocabulary=vocabulary, batch_limit=batch_limit, context=context, gpus=gpus, mfu=mfu, serve_mfu=serve_mfu,
        flop_rule=flop_rule, held=held or {},
    )  # fmt: skip
    answers = planner(source)
    terms = paid_as(demand, answers).terms()
    line = Allocation(answers, terms)
    line.refuse_missing()
    budgets = np.sort(np.asarray(flops, float))
    found, findings, _ = plans(answers, evidence(answers), budgets, level=level, terms=terms, most_draws=DRAWS)
    for one in found:
        if crossed := limits_crossed(line, one.N.value, one.D.value):
            if not beyond:
                raise refusal(line, crossed, budget=one.budget.value)
            return Frontier(tuple(found), (beyond_limits(crossed), *findings))
    return Frontier(tuple(found), findings)
