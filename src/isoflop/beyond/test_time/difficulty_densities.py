"""How difficulty may spread over the problems of a task: families of densities of p, the chance of one sample.

Densities are kept as masses on fixed points, even in the logit of p: so one likelihood, one posterior and one
forecast serve every family, and sums over points are integrals to six digits or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.formula.tree import lgamma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

STEP = 0.2
LOGITS = np.arange(-36.0, 20.0 + STEP / 2, STEP)
"""Where densities are known; what lies below is counted as never solved: no samples anybody could pay solve it."""
P = np.concatenate([[0.0], 1 / (1 + np.exp(-LOGITS))])
"""Chances of one sample, from never (0) to nearly always."""
_LOG_P, _LOG_Q = -np.logaddexp(0, -LOGITS), -np.logaddexp(0, LOGITS)
_ENDS = np.where(np.isin(np.arange(LOGITS.size), (0, LOGITS.size - 1)), STEP / 2, STEP)
"""The trapezoidal rule: half a step at both ends."""


class Family(NamedTuple):
    """A kind of density; its parameters are independent standard normals before any count is seen.

    size    how many parameters
    mass    normals (draws, size) -> mass on P (draws, points), rows adding up to 1
    named   normals (draws, size) -> the parameters by name, each (draws,)
    """

    name: str
    size: int
    mass: Callable[[Array], Array]
    named: Callable[[Array], Mapping[str, Array]]


def beta_mass(a: Array, b: Array) -> Array:
    """Give the mass on P of Beta densities, from columns a and b (draws, 1)."""
    norm = lgamma(a) + lgamma(b) - lgamma(a + b)
    inside = np.exp(a * _LOG_P + b * _LOG_Q - norm) * _ENDS
    inside[:, -1:] += np.exp(b * _LOG_Q[-1] - norm) / b
    below = np.exp(a * _LOG_P[0] - norm) / a
    return np.concatenate([below, inside], axis=1)


def _log_a(z: Array) -> Array:
    """Give the logarithm of a: about 0.5, in two of three cases within a factor of 3.3."""
    return np.asarray((math.log(0.5) + 1.2 * z).clip(-6.0, 4.6))


def _log_b(z: Array) -> Array:
    """Give the logarithm of b: about 2, in two of three cases within a factor of 4."""
    return np.asarray((math.log(2.0) + 1.4 * z).clip(-6.0, 4.6))


def _share(z: Array) -> Array:
    """Give a share between 0 and 1: all but uniform."""
    return np.asarray(1 / (1 + np.exp(-1.7 * z)))


def _easier(z: Array) -> Array:
    """Give log a of the easier of two Betas: above the other's by a factor of 5, or 2 to 25."""
    return np.asarray((_log_a(z[:, :1]) + np.exp(0.5 + 0.7 * z[:, 2:3])).clip(-6.0, 4.6))


def _beta(z: Array) -> Array:
    return beta_mass(np.exp(_log_a(z[:, :1])), np.exp(_log_b(z[:, 1:2])))


def _two_betas(z: Array) -> Array:
    share = _share(z[:, 4:5])
    return share * _beta(z) + (1 - share) * beta_mass(np.exp(_easier(z)), np.exp(_log_b(z[:, 3:4])))


def _middle(z: Array) -> Array:
    return np.asarray((-1.5 + 3.0 * z).clip(-30.0, 15.0))


def _width(z: Array) -> Array:
    return np.asarray(np.exp((math.log(2.0) + 0.7 * z).clip(-1.6, 3.0)))


def _logit_normal(z: Array) -> Array:
    inside = np.exp(-0.5 * ((LOGITS - _middle(z[:, :1])) / _width(z[:, 1:2])) ** 2)
    inside /= inside.sum(axis=1, keepdims=True)
    return np.concatenate([np.zeros((len(z), 1)), inside], axis=1)


def _names_of_beta(z: Array) -> Mapping[str, Array]:
    return {"a": np.exp(_log_a(z[:, 0])), "b": np.exp(_log_b(z[:, 1]))}


def _names_of_two(z: Array) -> Mapping[str, Array]:
    easier = {"a2": np.exp(_easier(z)[:, 0]), "b2": np.exp(_log_b(z[:, 3])), "share": _share(z[:, 4])}
    return {**_names_of_beta(z), **easier}


def _names_of_normal(z: Array) -> Mapping[str, Array]:
    return {"middle": _middle(z[:, 0]), "width": _width(z[:, 1])}


def with_never(family: Family) -> Family:
    """Give the family with a share of problems that are never solved, however many samples are drawn."""

    def mass(z: Array) -> Array:
        never = _share(z[:, -1:])
        found = (1 - never) * family.mass(z[:, :-1])
        found[:, :1] += never
        return found

    def named(z: Array) -> Mapping[str, Array]:
        return {**family.named(z[:, :-1]), "never": _share(z[:, -1])}

    return Family(f"{family.name}, some never", family.size + 1, mass, named)


_FAMILIES = (
    Family("Beta", 2, _beta, _names_of_beta),
    Family("two Betas", 5, _two_betas, _names_of_two),
    Family("logit-normal", 2, _logit_normal, _names_of_normal),
)
FAMILIES = (*_FAMILIES, *map(with_never, _FAMILIES))
"""The families that are held together, equally likely before any count is seen."""
