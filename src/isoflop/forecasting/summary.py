"""What several laws on some runs say, in three sentences, as a colleague would put it before any table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.compute.allocation import FOR_DRAWS, Allocation
from isoflop.data.runs.costs import largest_budget, own_terms
from isoflop.estimate import from_draws
from isoflop.fitting.identifiability import unsplit
from isoflop.fitting.summary import power_of_ten, spanned
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.record import record
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Law

_GRAVITY = ("BLOCK", "WARN")


def several_in_words(source: Predictor) -> str:
    """Return what several laws on some runs say: how far off they were, how the best size grows, what to doubt."""
    return " ".join(filter(None, (_closeness(source), _allocation(source), _weakness(source))))


def _closeness(source: Predictor) -> str:
    runs, names = source.runs, ", ".join(dict.fromkeys(one.law.name for one in source.curves))
    if runs is None:
        return ""
    behind = evidence(source).own
    past = record(behind) if behind else None
    upto = f"{len(runs)} runs up to {power_of_ten(float(runs['C'].max()))} FLOPs are described by {names} together"
    return f"{upto}; {past.told(0.0)}." if past and past.tests else f"{upto}."


def _allocation(source: Predictor) -> str:
    """Say how the best size grows: the exponent a of N = k C^a between half and twice the largest compute."""
    if source.runs is None:
        return ""
    if reason := unsplit(source.runs.columns):
        return f"How the best size grows is unknown: {reason}."
    line, budget = Allocation(source, own_terms(source.runs)), largest_budget(source.runs)
    budgets = budget * np.array([0.5, 1.0, 2.0])
    best = line.best(budgets)
    size, tokens = float(np.exp(best[1])), float(line.tokens(best, budgets)[1])
    if not (size > 2 and tokens > 2):
        return "They see no best size at equal compute: the loss only falls towards one end."

    def slopes(law: Law, rows: Array) -> Array:
        sizes = np.log(line.sizes(law, rows, budgets, halvings=FOR_DRAWS))
        return np.asarray((sizes[:, 2:] - sizes[:, :1]) / np.log(4.0))

    exponent = float((best[2] - best[0]) / np.log(4.0))
    at = {key: value[1:2] for key, value in line.inputs(best, budgets).items()}
    known = from_draws(exponent, exponent + source.draws_of(slopes, at)[:, 0])
    return (
        f"Compute-optimal size grows as C^{spanned(known)}, "
        f"with about {show(tokens / size, 2)} tokens per parameter at {power_of_ten(budget)} FLOPs."
    )


def _weakness(source: Predictor) -> str:
    grave = sorted((one for one in source.findings if one.severity in _GRAVITY), key=lambda one: one.severity)
    return f"Weakest point: {grave[0].message.rstrip('.')} ({grave[0].code})." if grave else ""
