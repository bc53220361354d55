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
    from isoflop.formula.arrays import Array


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
    prior   how likely it is before any count is seen, relative to the others
    """

    name: str
    size: int
    mass: Callable[[Array], Array]
    named: Callable[[Array], Mapping[str, Array]]
    prior: float = 1.0


def beta_mass(a: Array, b: Array) -> Array:
    """Return the mass on P of Beta densities, from columns a and b (draws, 1)."""
    norm = lgamma(a) + lgamma(b) - lgamma(a + b)
    inside = np.exp(a * _LOG_P + b * _LOG_Q - norm) * _ENDS
    inside[:, -1:] += np.exp(b * _LOG_Q[-1] - norm) / b
    below = np.exp(a * _LOG_P[0] - norm) / a
    return np.concatenate([below, inside], axis=1)


# Where a published model solves few problems, a stays near 0.2 to 0.5 and b grows to tens (a + b from 11 to 74 in seven
# models of mathematics from 70M to 12B); where it solves most, b falls below 1. So log a is held closer than log b, and
# given a mean m = a / (a + b) both move, log b by 4 times as much as log a.
_LOG_A, _LOG_B = (math.log(0.4), 0.9), (math.log(3.0), 1.8)
"""Mean and standard deviation of log a and log b. Chosen on the simulated worlds of benchmarks/coverage_worlds.py."""
_LEAST_LOG, _MOST_LOG_A, _MOST_LOG_B = -6.0, 4.6, 12.0
"""Ends of both logarithms, five standard deviations away: densities beyond are spikes between two points."""
_NEVER = (-2.2, 1.5)
"""Mean and standard deviation of the logit of a share of problems that is never solved: 10 %, or 1 to 57 %."""
_NEVER_PRIOR = 0.1
"""Of the tasks of Brown et al. 2024 none levels off below all problems within 10,000 samples."""


def _log_a(z: Array) -> Array:
    """Return the logarithm of a: about 0.4, in two of three cases within a factor of 2.5."""
    return np.asarray((_LOG_A[0] + _LOG_A[1] * z).clip(_LEAST_LOG, _MOST_LOG_A))


def _log_b(z: Array) -> Array:
    """Return the logarithm of b: about 3, in two of three cases within a factor of 6."""
    return np.asarray((_LOG_B[0] + _LOG_B[1] * z).clip(_LEAST_LOG, _MOST_LOG_B))


def _share(z: Array) -> Array:
    """Return a share between 0 and 1: all but uniform."""
    return np.asarray(1 / (1 + np.exp(-1.7 * z)))


def _easier(z: Array) -> Array:
    """Return log a of the easier of two Betas: above the other's by a factor of 5, or 2 to 25."""
    return np.asarray((_log_a(z[:, :1]) + np.exp(0.5 + 0.7 * z[:, 2:3])).clip(_LEAST_LOG, _MOST_LOG_A))


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


def _never(z: Array) -> Array:
    """Return the share of problems that is never solved."""
    return np.asarray(1 / (1 + np.exp(-(_NEVER[0] + _NEVER[1] * z))))


def with_never(family: Family) -> Family:
    """Return the family with a share of problems that are never solved, however many samples are drawn."""

    def mass(z: Array) -> Array:
        never = _never(z[:, -1:])
        found = (1 - never) * family.mass(z[:, :-1])
        found[:, :1] += never
        return found

    def named(z: Array) -> Mapping[str, Array]:
        return {**family.named(z[:, :-1]), "never": _never(z[:, -1])}

    return Family(f"{family.name}, some never", family.size + 1, mass, named, _NEVER_PRIOR)


PLAIN = (
    Family("Beta", 2, _beta, _names_of_beta),
    Family("two Betas", 5, _two_betas, _names_of_two),
    Family("logit-normal", 2, _logit_normal, _names_of_normal),
)
FAMILIES = (*PLAIN, *map(with_never, PLAIN))
"""The families that are held together, weighed by their priors and by what the counts are worth to them."""
