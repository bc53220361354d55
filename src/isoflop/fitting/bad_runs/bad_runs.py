"""Every finding about single runs and budgets: what a fit says of itself, and what `check` says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoflop.fitting.bad_runs.influence import Judged, influence, outliers
from isoflop.fitting.bad_runs.residuals import ROUNDING, Evidence
from isoflop.fitting.bad_runs.rungs import rungs

if TYPE_CHECKING:
    from isoflop.data.runs import Runs
    from isoflop.findings import Finding

CODES = frozenset({"F05", "F06", "F16"})


def bad_runs(fit: Judged, evidence: Evidence, runs: Runs, *, flops: float | None = None) -> tuple[Finding, ...]:
    """Return F05, F06 and F16 of a fit to some runs.

    flops  the budget by which a run's influence is judged; ten times the largest unless said
    """
    far = outliers(evidence, runs)
    if evidence.noise <= ROUNDING:  # what rounding leaves says nothing more about the runs
        return far
    return (*far, *influence(fit, evidence, runs, flops=flops), *rungs(evidence, runs))
