"""Damped Gauss–Newton from one start, for models that are no formula: they bring their misses or normal equations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from isoflop.formula.arrays import Array

FIRST, LEAST, MOST = 1e-3, 1e-9, 1e9
"""The first damping, as a share of the curvature's diagonal, and its bounds."""
SHRINK, GROW = 0.2, 5.0
"""The damping after a step that helped, and after one that did not."""
LONGEST = 1.0
"""No parameter moves further in one step: they are logarithms and exponents."""
SLOPE = 1e-5
"""The relative step of a slope by differences."""


class Normal(NamedTuple):
    """A cost to be lowered at theta, half its descent (p,), and half its curvature (p, p)."""

    cost: float
    descent: Array
    curvature: Array


def descend(
    at: Callable[[Array], Normal], theta: Array, *,
    low: Array | float = -math.inf, high: Array | float = math.inf, steps: int = 60, tolerance: float = 1e-9,
) -> Array:  # fmt: skip
    """Return where the cost is lowest within bounds, from theta downhill.

    (H + damping diag H) step = g: Levenberg 1944, Marquardt 1963. Ends when a step lowers the cost by less
    than `tolerance` of it, or when no damping helps.
    """
    now, damping = at(theta), FIRST
    for _ in range(steps):
        before = now.cost
        while damping < MOST:
            trial = np.clip(theta + np.clip(_step(now, damping), -LONGEST, LONGEST), low, high)
            tried = at(trial)
            if tried.cost <= now.cost:  # never true of nan
                theta, now, damping = trial, tried, max(damping * SHRINK, LEAST)
                break
            damping *= GROW
        if before - now.cost <= tolerance * (1 + abs(before)):
            break
    return theta


def _step(now: Normal, damping: float) -> Array:
    scale = np.diag(now.curvature) + LEAST
    return np.asarray(np.linalg.solve(now.curvature + damping * np.diag(scale), now.descent), float)


def of_misses(
    misses: Callable[[Array], Array], derivative: Callable[[Array], Array] | None = None
) -> Callable[[Array], Normal]:
    """Return the normal equations of a sum of squared misses; the derivative is by differences unless it is given."""

    def at(theta: Array) -> Normal:
        off = misses(theta)
        slope = slopes(misses, theta) if derivative is None else derivative(theta)
        return Normal(float(off @ off), -slope.T @ off, slope.T @ slope)

    return at


def slopes(function: Callable[[Array], Array], at: Array) -> Array:
    """Return the slopes of a function of some values by central differences, a column for each."""
    columns = []
    for place, value in enumerate(at):
        step = np.zeros(len(at))
        step[place] = SLOPE * max(abs(value), 0.01)
        columns.append((function(at + step) - function(at - step)) / (2 * step[place]))
    return np.stack(columns, axis=-1)
