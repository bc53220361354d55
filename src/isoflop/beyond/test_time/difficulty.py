"""From counts or means of pass@k to the difficulty of a task's problems, and what they leave open."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.beyond.test_time.answers import Choosing
from isoflop.beyond.test_time.difficulty_densities import FAMILIES, Family, P
from isoflop.beyond.test_time.evidence import Evidence, counts_of, evidence_of
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.formula.arrays import Array, median

if TYPE_CHECKING:
    from isoflop.beyond.test_time.attempts import Attempts


DRAWS = 400
"""Spreads of difficulty drawn from what the counts allow."""
_STAGES, _EACH, _LAST = 20, 200, 300
"""Most rounds of the sampler; draws for each parameter in a round, and in the last."""
_ENOUGH, _CENTRES, _FREEDOM, _BANDWIDTH = 0.04, 100, 6, 0.6
"""Effective share of draws that a round keeps; the kernels that propose the next: Student's t around past draws."""
_TINY = 1e-300


class Tail(NamedTuple):
    """Coverage beyond the samples drawn as a power law of its mean, in some of the draws.

    start   the samples up to which coverage is measured; from there on -log pass@k falls as k^-slope
    slopes  (draws,): nan where the density of a draw says what more samples bring
    errors  of blind forecasts from fewer samples: densities, power law (backtests,)
    """

    start: float
    slopes: Array
    errors: Mapping[str, Array]

    @property
    def weight(self) -> float:
        """Return the share of the draws that follow the power law."""
        return float(np.isfinite(self.slopes).mean())

    def continued(self, begun: Array, otherwise: Array, k: float) -> Array:
        """Return coverage at k of draws whose coverage at the start has `begun`, or what their densities say."""
        unsolved = -np.log(np.clip(begun, _TINY, 1.0)) * (k / self.start) ** -np.nan_to_num(self.slopes)
        return np.where(np.isfinite(self.slopes), np.exp(-unsolved), otherwise)


@dataclass(frozen=True, eq=False)
class Difficulty:
    """How the chance p of one sample spreads over the problems of a task, as draws of what the evidence allows.

    these     (draws, points) the share of these very problems that lies at each point of P
    at_large  (draws, points) the same of all problems of which these are a sample
    families  the probability of each family of densities, given the evidence
    tail      what coverage is beyond the samples drawn, where a power law is held beside the densities
    """

    these: Array
    at_large: Array
    families: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    tail: Tail | None = None

    def reached(self, choosing: Choosing, k: float) -> tuple[Array, Array]:
        """Return draws of the accuracy of k samples: of these problems, and at large (draws,)."""
        chance = choosing.chance(P, k) if k else np.zeros(P.size)
        draws = self.these @ chance, self.at_large @ chance
        tail = self.tail
        if tail is None or choosing.how != "coverage" or k <= tail.start:
            return draws
        begun = choosing.chance(P, tail.start)
        return tail.continued(self.these @ begun, draws[0], k), tail.continued(self.at_large @ begun, draws[1], k)

    def at(self, choosing: Choosing, k: float, *, level: float = LEVEL) -> Estimate:
        """Return the accuracy of k samples of these problems, with both intervals."""
        return _estimate(*self.reached(choosing, k), level)

    def limit(self, choosing: Choosing, *, level: float = LEVEL) -> Estimate:
        """Return the accuracy of samples without end."""
        end = choosing.limit(P)
        draws = self.these @ end, self.at_large @ end
        if self.tail is not None and choosing.how == "coverage":
            draws = tuple(np.where(np.isfinite(self.tail.slopes), 1.0, one) for one in draws)  # type: ignore[assignment]
        return _estimate(*draws, level)

    def mean(self, of: Array, *, level: float = LEVEL) -> Estimate:
        """Return the mean over these problems of something known at each p (points,), with both intervals."""
        return _estimate(self.these @ of, self.at_large @ of, level)


def _estimate(these: Array, at_large: Array, level: float) -> Estimate:
    middle = float(median(these))
    kinds = {"these problems": these, "at large": at_large}
    ends = {kind: from_draws(middle, draws, level) for kind, draws in kinds.items()}
    headline = ends["these problems"]
    return Estimate(
        middle, headline.low, headline.high, level, {kind: (one.low, one.high) for kind, one in ends.items()}
    )


class _Posterior(NamedTuple):
    """Draws of one family: normals, mass on P, log weights, and the log of what all counts were worth to it."""

    family: Family
    z: Array
    mass: Array
    weights: Array
    evidence: float


def difficulty(
    attempts: Attempts, *, families: tuple[Family, ...] = FAMILIES, draws: int = DRAWS, seed: int = 0,
    level: float = LEVEL, effort: float = 1.0,
) -> Difficulty:  # fmt: skip
    """Return how difficulty spreads over the problems, by several families of densities weighed by their evidence.

    Each family is sampled by tempered importance sampling; the draws of all together are the posterior. `effort` scales
    how many draws the sampler makes on its way.
    """
    random = np.random.default_rng(seed)
    evidence = evidence_of(attempts)
    found = [_sample(family, evidence, random=random, effort=effort) for family in families]
    chance = _weights(np.array([one.evidence + math.log(one.family.prior) for one in found]))
    shares = random.multinomial(draws, chance)
    mass = np.concatenate([one.mass[random.choice(len(one.z), size=share, p=one.weights)]
                           for one, share in zip(found, shares, strict=True)])  # fmt: skip
    these = evidence.placed(mass, random=random)
    named = {
        one.family.name: _named(one, random=random, level=level)
        for one, weight in zip(found, chance, strict=True)
        if weight >= 0.01
    }
    return Difficulty(these, mass, {one.name: float(each) for one, each in zip(families, chance, strict=True)}, named)


def chances(attempts: Attempts, found: Difficulty, *, level: float = LEVEL) -> tuple[Estimate, ...]:
    """Return the chance that one sample solves it, for each problem."""
    counts = counts_of(attempts)
    joint = counts.likelihood * found.at_large.mean(axis=0)
    share = np.cumsum(joint, axis=1) / joint.sum(axis=1, keepdims=True)
    low, middle, high = (P[(share < tail).sum(axis=1).clip(0, P.size - 1)]
                         for tail in ((1 - level) / 2, 0.5, (1 + level) / 2))  # fmt: skip
    each = [Estimate(float(a), float(b), float(c), level) for a, b, c in zip(middle, low, high, strict=True)]
    return tuple(each[pair] for pair in counts.of)


def _named(one: _Posterior, *, random: np.random.Generator, level: float) -> dict[str, Estimate]:
    rows = one.family.named(one.z[random.choice(len(one.z), size=DRAWS, p=one.weights)])
    return {name: from_draws(float(median(values)), values, level) for name, values in rows.items()}


def _sample(family: Family, evidence: Evidence, *, random: np.random.Generator, effort: float) -> _Posterior:
    """Return draws of a family's posterior: the likelihood is raised to a power that grows until it is whole."""
    size, power = family.size, 0.0
    centres: Array = np.zeros((1, size))
    root: Array = np.eye(size)
    for stage in range(_STAGES):
        last = power >= 1 or stage == _STAGES - 1
        z = _proposed(centres, root, round((_LAST if last else _EACH) * size * effort), random=random)
        mass = family.mass(z)
        log_like = evidence.log_likelihood(mass)
        base = -0.5 * (z**2).sum(axis=1) - size / 2 * math.log(2 * math.pi) - _log_proposal(z, centres, root)
        if last:
            break
        power = _power(base, log_like)
        weights = _weights(base + power * log_like)
        away = z - weights @ z
        spread = (away * weights[:, None]).T @ away + 1e-6 * np.eye(size)
        root = np.asarray(_BANDWIDTH * np.linalg.cholesky(spread))
        centres = z[random.choice(len(z), _CENTRES, p=weights)]
    whole = base + log_like
    worth = float(whole.max() + np.log(np.exp(whole - whole.max()).mean()))
    return _Posterior(family, z, mass, _weights(whole), worth)


def _proposed(centres: Array, root: Array, count: int, *, random: np.random.Generator) -> Array:
    normal = random.standard_normal((count, len(root)))
    tails = np.sqrt(random.chisquare(_FREEDOM, count) / _FREEDOM)[:, None]
    return np.asarray(centres[random.integers(len(centres), size=count)] + normal / tails @ root.T)


def _log_proposal(z: Array, centres: Array, root: Array) -> Array:
    """Return the log density of the kernels together, Student's t in as many dimensions as there are parameters."""
    size, inverse = len(root), np.linalg.inv(root)
    away = (((z @ inverse.T)[:, None] - centres @ inverse.T) ** 2).sum(axis=2)
    kernels = ((1 + away / _FREEDOM) ** (-(_FREEDOM + size) / 2)).mean(axis=1)
    norm = math.lgamma((_FREEDOM + size) / 2) - math.lgamma(_FREEDOM / 2) - size / 2 * math.log(_FREEDOM * math.pi)
    return np.asarray(np.log(kernels) + norm - np.log(np.diag(root)).sum())


def _weights(log: Array) -> Array:
    found = np.exp(log - log.max())
    return np.asarray(found / found.sum())


def _power(base: Array, log_like: Array) -> float:
    """Return the largest power of the likelihood, at most 1, that leaves enough of the draws with weight."""

    def effective(power: float) -> float:
        return float(1 / (_weights(base + power * log_like) ** 2).sum())

    low, high = 0.0, 1.0
    if effective(high) >= _ENOUGH * base.size:
        return high
    for _ in range(25):
        middle = (low + high) / 2
        low, high = (middle, high) if effective(middle) >= _ENOUGH * base.size else (low, middle)
    return low
