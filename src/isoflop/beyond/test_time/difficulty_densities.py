"""How difficulty may spread over the problems of a task: families of densities of p, the chance of one sample.

Densities are kept as masses on fixed points, even in the logit of p: so one likelihood, one posterior and one
forecast serve every family, and sums over points are integrals to six digits or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from isoflop.formula.arrays import Array
from isoflop.formula.tree import lgamma

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


# Published models are of two kinds. Sampled at a temperature near 1, problems lie on one slope: a from 0.2 to 0.5, with
# b in the tens where few are solved (a + b from 11 to 74 in seven models of mathematics from 70M to 12B). Sampled near
# greedily, as code is for pass@1, each is either solved nearly always or nearly never: a + b from 0.3 to 1.5, with a as
# small as 0.005. One wide prior would cost each kind what it takes to hold the other.
class Kind(NamedTuple):
    """Means and standard deviations of log a and log b, of a Beta density."""

    a: tuple[float, float]
    b: tuple[float, float]

    def log_a(self, z: Array) -> Array:
        """Return the logarithm of a of standard normals."""
        return np.asarray((self.a[0] + self.a[1] * z).clip(_LEAST_LOG, _MOST_LOG_A))

    def log_b(self, z: Array) -> Array:
        """Return the logarithm of b of standard normals."""
        return np.asarray((self.b[0] + self.b[1] * z).clip(_LEAST_LOG, _MOST_LOG_B))

    def mass(self, z: Array) -> Array:
        """Return the density's mass on P, (draws, points)."""
        return beta_mass(np.exp(self.log_a(z[:, :1])), np.exp(self.log_b(z[:, 1:2])))

    def named(self, z: Array) -> Mapping[str, Array]:
        """Return a and b, each (draws,)."""
        return {"a": np.exp(self.log_a(z[:, 0])), "b": np.exp(self.log_b(z[:, 1]))}


SPREAD = Kind(a=(math.log(0.35), 0.8), b=(math.log(8.0), 1.5))
SHARP = Kind(a=(math.log(0.07), 1.5), b=(math.log(0.55), 0.6))
"""Rounded from published shapes; benchmarks/pass_at_1.py says how each family of models fares by the others alone."""
_LEAST_LOG, _MOST_LOG_A, _MOST_LOG_B = -8.0, 4.6, 12.0
"""Ends of both logarithms, five standard deviations away or more: densities beyond are spikes between two points."""
_NEVER = (-2.2, 1.5)
"""Mean and standard deviation of the logit of a share of problems that is never solved: 10 %, or 1 to 57 %."""
_NEVER_PRIOR = 0.1
"""Of the tasks of Brown et al. 2024 none levels off below all problems within 10,000 samples."""


def _share(z: Array) -> Array:
    """Return a share between 0 and 1: all but uniform."""
    return np.asarray(1 / (1 + np.exp(-1.7 * z)))


def _two_betas(spread: Kind) -> Family:
    """Return two Betas, of which the second is easier: its a is above the other's by a factor of 5, or 2 to 25."""

    def easier(z: Array) -> Array:
        return np.asarray((spread.log_a(z[:, :1]) + np.exp(0.5 + 0.7 * z[:, 2:3])).clip(_LEAST_LOG, _MOST_LOG_A))

    def mass(z: Array) -> Array:
        share = _share(z[:, 4:5])
        return share * spread.mass(z) + (1 - share) * beta_mass(np.exp(easier(z)), np.exp(spread.log_b(z[:, 3:4])))

    def named(z: Array) -> Mapping[str, Array]:
        second = {"a2": np.exp(easier(z)[:, 0]), "b2": np.exp(spread.log_b(z[:, 3])), "share": _share(z[:, 4])}
        return {**spread.named(z), **second}

    return Family("two Betas", 5, mass, named)


def _middle(z: Array) -> Array:
    return np.asarray((-1.5 + 3.0 * z).clip(-30.0, 15.0))


def _width(z: Array) -> Array:
    return np.asarray(np.exp((math.log(2.5) + 0.8 * z).clip(-1.6, 3.0)))


def _logit_normal(z: Array) -> Array:
    inside = np.exp(-0.5 * ((LOGITS - _middle(z[:, :1])) / _width(z[:, 1:2])) ** 2)
    inside /= inside.sum(axis=1, keepdims=True)
    return np.concatenate([np.zeros((len(z), 1)), inside], axis=1)


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

    return Family(f"{family.name}, some never", family.size + 1, mass, named, _NEVER_PRIOR * family.prior)


_SHARP_PRIOR = 2.0
"""Of the 29 published models and tasks behind the two kinds, two of three are sharp."""
_NORMAL = Family("logit-normal", 2, _logit_normal, _names_of_normal)


def families(spread: Kind = SPREAD, sharp: Kind = SHARP) -> tuple[Family, ...]:
    """Return the families that are held together, weighed by their priors and by what the counts are worth to them."""
    one = Family("Beta", 2, spread.mass, spread.named)
    other = Family("sharp Beta", 2, sharp.mass, sharp.named, _SHARP_PRIOR)
    return (one, other, _two_betas(spread), _NORMAL, *map(with_never, (one, other, _NORMAL)))


FAMILIES = families()
PLAIN = FAMILIES[:4]
"""Those without a share that is never solved."""
