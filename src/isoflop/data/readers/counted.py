"""Which evaluation of a run counts: the last, the lowest, the mean of some; smoothed or not."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from isoflop.data.readers.logs import Series
from isoflop.errors import UsageError, shown
from isoflop.formula.arrays import Array


@dataclass(frozen=True)
class Rule:
    """Which evaluation of a run counts.

    final   last, best (the lowest), or mean:K (the mean of the last K, at the last one's step)
    smooth  each evaluation is first replaced by the mean of it and the K - 1 before it
    curves  every evaluation is a row
    """

    final: str = "last"
    smooth: int = 1
    curves: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"last|best|mean:[1-9]\d{0,5}", self.final):
            raise UsageError(f'"{shown(self.final)}" is no rule for the final loss. Say last, best or mean:5.')
        if not 1 <= self.smooth <= 10**6:
            raise UsageError("--smooth is a number of evaluations, 1 or more.")
        if self.curves and self.final != "last":
            raise UsageError("curves keep every evaluation, and --final says which one counts. Say one of the two.")

    def __str__(self) -> str:
        said = {"last": "its last evaluation", "best": "its lowest evaluation"}.get(self.final)
        said = f"the loss of a run is {said or f'the mean of its last {self.final[5:]} evaluations'}"
        said = "every evaluation of a run is a row" if self.curves else said
        return said if self.smooth == 1 else f"{said}, each the mean of {self.smooth}"

    def of(self, found: Series) -> tuple[Array, Array]:
        """Return the steps and the losses that count."""
        steps, values = found.steps, _smoothed(found.values, self.smooth)
        if self.curves or not len(values):
            return steps, values
        if self.final == "best":
            rows = [int(np.nanargmin(values))] if np.isfinite(values).any() else [-1]
            return steps[rows], values[rows]
        last = 1 if self.final == "last" else int(self.final[5:])
        return steps[-1:], np.array([values[-last:].mean()])


def _smoothed(values: Array, count: int) -> Array:
    if count == 1 or len(values) < 2:
        return values
    return np.array([values[max(0, place - count + 1) : place + 1].mean() for place in range(len(values))])
