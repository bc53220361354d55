"""The number that is asked of a law, as a function of its parameters: N_opt at a budget, the loss of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from isoflop.compute.allocation import allocate
from isoflop.errors import UsageError
from isoflop.formula.arrays import Array

if TYPE_CHECKING:
    from isoflop.formula.law import Law

Measure = Callable[[Array], Array]
"""Rows of parameter values (batch, parameters) -> the number (batch,), or its logarithm."""

OF_BUDGET = ("N_opt", "D_opt", "tokens_per_parameter", "exponent")
"""What may be profiled at a budget of training FLOPs, beside every parameter and "loss"."""
_HALVINGS = 36


def quantity(law: Law, of: str, at: dict[str, float]) -> tuple[Measure, bool]:
    """Return the function from parameter values (batch, parameters) to a number, and whether it is a logarithm."""
    names = list(law.parameters)
    if of in names:
        position = names.index(of)
        if law.parameters[of].role in ("scale", "size", "break"):
            return (lambda values: np.log(values[:, position])), True
        return (lambda values: values[:, position]), False
    if of == "loss":
        if set(at) != set(law.inputs):
            raise UsageError(f"the loss needs {', '.join(law.inputs)}. Say {'=..., '.join(law.inputs)}=...")
        return (lambda values: _log_losses(law, values, at)), True
    if of not in OF_BUDGET:
        raise UsageError(f'there is no "{of}" to profile. Say {", ".join((*names, *OF_BUDGET))} or loss.')
    if set(at) != {"flops"}:
        raise UsageError(f"{of} needs a budget. Say flops=1e24.")
    return _of_budget(law, of, at["flops"]), of != "exponent"


def _log_losses(law: Law, values: Array, at: dict[str, float]) -> Array:
    named = {key: values[:, column] for column, key in enumerate(law.parameters)}
    with np.errstate(all="ignore"):  # a curve of rewards may fall below zero
        found = law.formula.evaluate(named | {key: np.asarray(float(value)) for key, value in at.items()})
        return np.asarray(np.log(found))


def _of_budget(law: Law, of: str, flops: float) -> Measure:

    def measure(values: Array) -> Array:
        if of == "exponent":
            rows, budgets = np.repeat(values, 2, axis=0), np.tile(flops * np.exp([-0.5, 0.5]), len(values))
            return np.diff(np.log(allocate(law, rows, budgets, halvings=_HALVINGS).N).reshape(-1, 2))[:, 0]
        best = allocate(law, values, flops, halvings=_HALVINGS)
        found = {"N_opt": best.N, "D_opt": best.D, "tokens_per_parameter": best.D / best.N}
        return np.asarray(np.log(found[of]))

    return measure
