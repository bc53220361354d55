"""Surface: Chinchilla's sum through every checkpoint of a ladder, its parameters held loosely.

    log L = log(E + A (N/N0)^-alpha + B (D/D0)^-beta)

N0 and D0 are the weighted means of the ladder, so that E, A and B are losses there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from isoflop.fitting.optimise.damped import descend, of_misses
from isoflop.formula.arrays import Array

SHARES = np.log([0.6, 0.2, 0.2])
"""E, A and B as shares of the lowest loss of the ladder, in log: where they are held."""
LOOSE = np.array([0.5, 1.5, 1.5, 0.12, 0.12])
"""How loosely log E, log A, log B, alpha and beta are held (standard deviations)."""
EXPONENT = 0.35
"""Where both exponents are held: 0.34 and 0.28 in Hoffmann et al. 2022, 0.35 and 0.37 in Besiroglu et al. 2024."""
MISFIT, COUNTED = 0.004, 12.0
"""What the law misses of a checkpoint, in log loss, and as how many independent checkpoints all of them count."""


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """Rows of a ladder, all (rows,): size, tokens (travelled), log loss, share of the run, its C, 1 / rows of it."""

    N: Array
    D: Array
    y: Array
    share: Array
    C: Array
    weight: Array


LARGE, LATE, EARLIEST = 1.5, 1.0, 0.005
"""Rows count by (C / the largest)^LARGE, where a whole run is asked for by share^LATE too, and not before EARLIEST."""
NEAR_D, NEAR_SHARE = 0.3, 1.0
"""How fast rows count less, in log tokens and in log share, the farther they stand from the place asked for. NEAR_D and
NEAR_SHARE are the best of a few candidates on ladders of porian and routing that share studies, and some runs, with
those of benchmarks/watch.py; the others are of an earlier law, where they were chosen on the ladders reported there."""


def everywhere(rows: Checkpoints) -> Array:
    """Return the weight of each row in a surface of whole runs; they add up to COUNTED."""
    return _counted(rows, (rows.C / rows.C.max()) ** LARGE * rows.share**LATE)


def nearby(rows: Checkpoints, D: float, share: float) -> Array:
    """Return the weight of each row in a surface about one place of a run; they add up to COUNTED.

    w = (C/C_max)^LARGE exp(-|log D'/D| / NEAR_D - |log s'/s| / NEAR_SHARE): at one place both what the tokens and what
    the place in the schedule say count, and neither early rows nor short runs decide over the end of a long one.
    """
    far = np.abs(np.log(rows.D / D)) / NEAR_D + np.abs(np.log(rows.share / share)) / NEAR_SHARE
    return _counted(rows, (rows.C / rows.C.max()) ** LARGE * np.exp(far.min() - far))


def _counted(rows: Checkpoints, weight: Array) -> Array:
    raw = np.where(rows.share >= EARLIEST, weight, 0.0) * rows.weight
    raw = raw if raw.sum() > 0 else weight * rows.weight
    return np.asarray(raw / raw.sum() * COUNTED)


@dataclass(frozen=True, eq=False)
class Surface:
    """Parameters (log E, log A, log B, alpha, beta) at a centre (log N0, log D0), and what the fit cost."""

    theta: Array
    centre: tuple[float, float]
    cost: float

    def about(self, centre: tuple[float, float]) -> Array:
        """Return the parameters of the same surface at another centre."""
        size, data = (there - here for there, here in zip(centre, self.centre, strict=True))
        floor, A, B, alpha, beta = self.theta
        return np.array([floor, A - alpha * size, B - beta * data, alpha, beta])

    def log_loss(self, N: Array | float, D: Array | float) -> Array:
        """Return log loss at sizes and tokens."""
        far = np.log(N) - self.centre[0], np.log(D) - self.centre[1]
        return _log_sum(self.theta, *np.broadcast_arrays(*far))


def fit_surface(rows: Checkpoints, weight: Array, like: Surface | None = None) -> Surface:
    """Return the surface through the rows of a ladder, each with its weight; begun from a surface like it, if any."""
    x, z = np.log(rows.N), np.log(rows.D)
    centre = float(np.average(x, weights=weight)), float(np.average(z, weights=weight))
    x, z = x - centre[0], z - centre[1]
    middle = np.array([*(SHARES + rows.y.min()), EXPONENT, EXPONENT])
    root = np.sqrt(weight) / MISFIT

    def misses(theta: Array) -> Array:
        return np.concatenate([(_log_sum(theta, x, z) - rows.y) * root, (theta - middle) / LOOSE])

    def derivative(theta: Array) -> Array:
        return np.concatenate([_parts(theta, x, z) * root[:, None], np.diag(1 / LOOSE)])

    begins = (middle, middle + _ASIDE, middle - _ASIDE) if like is None else (like.about(centre),)
    cost = of_misses(misses, derivative)
    ends = [descend(cost, begin, low=middle - 5 * LOOSE, high=middle + 5 * LOOSE) for begin in begins]
    found = _best(ends, misses)
    return Surface(found[0], centre, found[1])


_ASIDE = np.array([0.1, -0.5, 0.5, 0.1, -0.1])
"""Other places to begin from: the least of a sum of powers may have neighbours."""


def _best(found: Sequence[Array], misses: Callable[[Array], Array]) -> tuple[Array, float]:
    costs = [float(np.sum(misses(one) ** 2)) for one in found]
    best = int(np.argmin(costs))
    return found[best], costs[best]


def _log_sum(theta: Array, x: Array, z: Array) -> Array:
    terms = _terms(theta, x, z)
    top = terms.max(axis=0)
    return np.asarray(top + np.log(np.exp(terms - top).sum(axis=0)))


def _parts(theta: Array, x: Array, z: Array) -> Array:
    """Return the derivative of _log_sum (rows, 5): each term's share, times -x and -z for the exponents."""
    terms = _terms(theta, x, z)
    share = np.exp(terms - terms.max(axis=0))
    share = share / share.sum(axis=0)
    return np.stack([*share, -share[1] * x, -share[2] * z], axis=1)


def _terms(theta: Array, x: Array, z: Array) -> Array:
    floor, size, data, alpha, beta = theta
    return np.stack([np.broadcast_to(floor, x.shape), size - alpha * x, data - beta * z])
