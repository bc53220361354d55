"""What runs cost: the rule by which their C was counted, or the law of their own that it obeys (D28)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from isoflop.compute.cost_law import CostLaw, fit_cost_law
from isoflop.compute.flops import POWER, FlopRule, rule_named
from isoflop.compute.terms import Terms
from isoflop.data.runs.checks import OWN_LAW
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

USUAL = "6ND"
"""The FLOP rule unless another is asked for, or the runs obey another."""
_LIKE_A_UNIT = 0.1
"""Decades by three that C may be off from a thousand, a million and so on and still look like a wrong unit."""


class Counted(Protocol):
    """Runs, as far as their cost goes."""

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """The columns by name."""

    @property
    def flop_rule(self) -> str:
        """The rule by which their C is counted."""


def cost_of(columns: Mapping[str, NDArray[Any]], rule: FlopRule, *, measured: bool) -> tuple[FlopRule, list[Finding]]:
    """Return the rule that runs' own C obeys, and what to say of it; the rule given where that is 6ND or none.

    measured  whether N, D and C all stand in the table
    """
    if rule.name != USUAL or not measured or not {"N", "D", "C"} <= columns.keys():
        return rule, []
    law = fit_cost_law(columns["N"], columns["D"], columns["C"])
    if law is None:
        return rule, []
    return law.rule, [_finding(law, len(columns["C"]))] if abs(law.decades) > math.log10(OWN_LAW) else []


def rule_of(runs: Counted | None, asked: FlopRule) -> FlopRule:
    """Return the rule by which a budget is counted: the runs' own where they obey one, unless another is asked for."""
    if runs is None or asked.name != USUAL or not runs.flop_rule.startswith(POWER):
        return asked
    return rule_named(runs.flop_rule)


def own_terms(runs: Counted | None) -> Terms:
    """Return the terms of a run that is paid as these are: by their own cost law where they obey one, else by 6ND."""
    return Terms(rule_of(runs, rule_named(USUAL)))


def largest_budget(runs: Counted) -> float:
    """Return the most that one of the runs cost, as they themselves are counted."""
    return float(runs.columns["C"].max())


def reach_of(runs: Counted) -> dict[str, Array]:
    """Return the compute by which distance is told, where C obeys a law of its own: 6ND, as of any new run."""
    if not runs.flop_rule.startswith(POWER) or not {"N", "D", "C"} <= runs.columns.keys():
        return {}
    return {"C": 6.0 * runs.columns["N"] * runs.columns["D"]}


def _finding(law: CostLaw, runs: int) -> Finding:
    message = f"C is not 6ND: the {runs} runs obey {law.rule.formula}, to {law.error:.1%}; budgets are counted by it"
    near_unit = abs(law.decades / 3 - round(law.decades / 3)) < _LIKE_A_UNIT
    remedy = "if C, N or D is in another unit, correct it; otherwise nothing"
    return Finding("D28", "WARN" if near_unit else "INFO", message, remedy)
