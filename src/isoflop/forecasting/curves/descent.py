"""Damped least squares for a few parameters: what the laws of curves are fitted with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isoflop.formula.arrays import Array

STEPS, TOLERANCE, SLOPE = 40, 1e-7, 1e-5
"""Steps at most; the share of the sum of squares below which a gain counts as none; the relative step of a slope."""


def descend(
    misses: Callable[[Array], Array], begin: Array, *, low: Array, high: Array,
    derivative: Callable[[Array], Array] | None = None,
) -> Array:  # fmt: skip
    """Return the parameters within bounds at which the sum of squared misses is least, from one start.

    The derivative is by central differences unless it is given: parameters → (misses, parameters).

    Levenberg-Marquardt: (J'J + d diag J'J) step = -J'r, d divided by 10 after a gain and multiplied by 8 after none.
    """
    theta, damping, off = begin, 1e-2, misses(begin)
    for _ in range(STEPS):
        slope = slopes(misses, theta) if derivative is None else derivative(theta)
        hessian, downhill = slope.T @ slope, -slope.T @ off
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), downhill)
        trial = np.clip(theta + step, low, high)
        found = misses(trial)
        gained = off @ off - found @ found
        if gained > 0:
            theta, off, damping = trial, found, max(damping / 10, 1e-9)
        else:
            damping *= 8
        if damping > 1e8 or 0 <= gained < TOLERANCE * (off @ off):
            break
    return theta


def slopes(function: Callable[[Array], Array], at: Array) -> Array:
    """Return the slopes of a function of some values by central differences, a column for each."""
    columns = []
    for place, value in enumerate(at):
        step = np.zeros(len(at))
        step[place] = SLOPE * max(abs(value), 0.01)
        columns.append((function(at + step) - function(at - step)) / (2 * step[place]))
    return np.stack(columns, axis=-1)
