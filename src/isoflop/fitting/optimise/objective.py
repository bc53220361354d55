"""What a fit minimises: the sum over runs of a loss on residuals (log loss observed minus predicted)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from isoflop.errors import UsageError
from isoflop.formula.arrays import Array, median

EFFICIENT = 1.345
"""Huber's threshold, in standard deviations, that keeps 95 % efficiency on normal noise."""
SMALLEST_DELTA = 1e-6
"""Below this the noise of a loss table is its own rounding."""
ABOVE_ENVELOPE = 0.05
"""How much a run above the curve weighs in the envelope objective."""


@dataclass(frozen=True)
class Objective:
    """A loss on residuals: quadratic up to delta, linear beyond; runs above the curve weigh `above`.

    `delta` is inf for squares. `adaptive` says that delta follows the noise of the residuals.
    """

    name: str
    delta: float = np.inf
    above: float = 1.0
    adaptive: bool = False

    def loss(self, residuals: Array) -> Array:
        """Return each residual's loss."""
        size = np.abs(residuals)
        inside = np.minimum(size, self.delta)
        return self._weighed(inside * (size - 0.5 * inside), residuals)

    def slope(self, residuals: Array) -> Array:
        """Return the derivative of the loss."""
        return self._weighed(np.minimum(np.maximum(residuals, -self.delta), self.delta), residuals)

    def curvature(self, residuals: Array, blend: Array | float) -> Array:
        """Return the second derivative, raised outside delta by `blend` (0–1) of the reweighting curvature.

        With blend 0 steps are Newton's, with blend 1 those of iteratively reweighted squares.
        """
        if np.isinf(self.delta):
            return self._weighed(np.ones_like(residuals), residuals)
        size = np.abs(residuals)
        outside = blend * self.delta / np.maximum(size, self.delta)
        return self._weighed(np.where(size <= self.delta, 1.0, outside), residuals)

    def adapted(self, residuals: Array, parameters: int) -> Objective:
        """Return the same objective with delta set from the residuals' noise, where it is adaptive."""
        if not self.adaptive:
            return self
        return replace(self, delta=max(EFFICIENT * noise(residuals, parameters), SMALLEST_DELTA))

    def _weighed(self, values: Array, residuals: Array) -> Array:
        return values if self.above == 1 else np.where(residuals > 0, self.above, 1.0) * values


def parse_objective(text: str) -> Objective:
    """Return the objective named robust, squares, huber:DELTA or envelope."""
    if text == "robust":
        return Objective("robust", 1.0, adaptive=True)
    if text == "squares":
        return Objective("squares")
    if text == "envelope":
        return Objective("envelope", 1e-3, above=ABOVE_ENVELOPE)
    label, _, number = text.partition(":")
    try:
        delta = float(number or "1e-3")
    except ValueError:
        delta = np.nan
    if label != "huber" or not 0 < delta < np.inf:
        raise UsageError(f'there is no objective "{text}". Say robust, squares, huber:1e-3 or envelope.')
    return Objective(f"huber:{number or '1e-3'}", delta)


def noise(residuals: Array, parameters: int) -> float:
    """Return the robust standard deviation of residuals left by a fit of so many parameters."""
    freedom = max(residuals.size - parameters, 1)
    middle = float(median(np.abs(residuals - median(residuals))))
    return 1.4826 * middle * float(np.sqrt(residuals.size / freedom))
