"""One weighing by past errors, for all that forecasts together: laws of runs, trends of a curve, laws of accuracy.

What a forecaster missed near a target, held towards what is expected of one before any error is known, and its weight:

m = (Σ_t k_t e²_t + n ε²) / (Σ_t k_t + n),   w ∝ m^-s

The same mean of past misses over the widths they were given, held towards 1, says how much wider an interval must be.
Who scores a forecast takes the errors that were known when it was made, and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from isoflop.formula.arrays import Array


def held(squares: Array, near: Array, *, expected: Array | float, count: float) -> Array:
    """Return m (rows, targets) from squares e² (rows, tests); an unknown one (nan) says nothing.

    near      k: how much each test says of each target, (targets, tests)
    expected  ε², (targets,) or one number; it counts as n = `count` tests
    """
    known = np.isfinite(squares)
    total = np.where(known, squares, 0.0) @ near.T
    return np.asarray((total + count * expected) / (known @ near.T + count))


def weigh(squares: Array, near: Array, *, expected: Array | float, count: float, sharpness: float) -> Array:
    """Return the weight of each forecaster at each target, (forecasters, targets): columns add up to 1."""
    raw = held(squares, near, expected=expected, count=count) ** -sharpness
    return np.asarray(raw / raw.sum(axis=0))
