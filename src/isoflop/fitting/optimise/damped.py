"""Damped Gauss–Newton from one start, for models that are no formula: they bring their own normal equations."""

from __future__ import annotations

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


class Normal(NamedTuple):
    """A cost to be lowered at theta, half its descent (p,), and half its curvature (p, p)."""

    cost: float
    descent: Array
    curvature: Array


def descend(at: Callable[[Array], Normal], theta: Array, *, steps: int = 60, tolerance: float = 1e-9) -> Array:
    """Return where the cost is lowest, from theta downhill.

    (H + damping diag H) step = g: Levenberg 1944, Marquardt 1963. Ends when a step lowers the cost by less
    than `tolerance` of it, or when no damping helps.
    """
    now, damping = at(theta), FIRST
    for _ in range(steps):
        before = now.cost
        while damping < MOST:
            step = np.clip(_step(now, damping), -LONGEST, LONGEST)
            tried = at(theta + step)
            if tried.cost <= now.cost:  # never true of nan
                theta, now, damping = theta + step, tried, max(damping * SHRINK, LEAST)
                break
            damping *= GROW
        if before - now.cost <= tolerance * (1 + abs(before)):
            break
    return theta


def _step(now: Normal, damping: float) -> Array:
    scale = np.diag(now.curvature) + LEAST
    return np.asarray(np.linalg.solve(now.curvature + damping * np.diag(scale), now.descent), float)
