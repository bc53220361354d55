"""What was seen of a task's problems, as a likelihood of how difficulty spreads: counts, or means of pass@k."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from isoflop.beyond.test_time.answers import solved
from isoflop.beyond.test_time.difficulty_densities import LOGITS, STEP, P

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.beyond.test_time.attempts import Attempts
    from isoflop.formula.arrays import Array


_WITHIN = (np.arange(8) - 3.5) / 8 * STEP
"""Where the likelihood is looked at within a step: of many samples it is narrower than that."""
_TINY = 1e-300
_MOST_RATES = 16
"""Means of pass@k that enter a likelihood: neighbours say the same, and their covariance becomes singular."""
UNKNOWN_PROBLEMS = 100.0
"""Problems taken to stand behind means, where nobody says how many; the size of a usual benchmark of mathematics."""
_JITTER = 1e-9
"""Least variance of a mean, a share squared: rounding of what is computed here."""


class Evidence(Protocol):
    """What counts or means say of densities of p, given as masses on P (draws, points)."""

    def log_likelihood(self, mass: Array) -> Array:
        """Return the log likelihood of each density (draws,)."""

    def placed(self, mass: Array, *, random: np.random.Generator) -> Array:
        """Return the share of these very problems at each point of P, drawn given each density and the evidence."""


def evidence_of(attempts: Attempts) -> Evidence:
    """Return what the attempts of a model are evidence for; one sample of each problem is no more than pass@1."""
    if attempts.counted:
        return counts_of(attempts)
    problems = UNKNOWN_PROBLEMS if math.isnan(attempts.known_problems) else attempts.known_problems
    if not attempts.rated:
        return _of_pass1(attempts, problems)
    k, rates = attempts.k, attempts.rates
    drawn = max(float(k[-1]), np.nan_to_num(attempts.known_samples))
    return Rates.of(k, rates, problems=problems, samples=drawn, rounding=attempts.rounding)


def _of_pass1(attempts: Attempts, problems: float) -> Rates:
    """Return the evidence of pass@1; of one sample a problem it is a whole number of them, however it was rounded."""
    rate, drawn = attempts.pass1, max(1.0, np.nan_to_num(attempts.known_samples))
    right = round(rate * problems) / problems
    whole = drawn == 1 and abs(right - rate) <= attempts.rounding / 2 + _JITTER
    rounding = 0.0 if whole else attempts.rounding
    return Rates.of(
        np.ones(1), np.array([right if whole else rate]), problems=problems, samples=drawn, rounding=rounding
    )


@dataclass(frozen=True, eq=False)
class Counts:
    """Different pairs of samples and correct ones: which pair a problem has, how many have it, its likelihood on P."""

    of: NDArray[np.int64]
    many: Array
    likelihood: Array

    def log_likelihood(self, mass: Array) -> Array:
        """Return the log likelihood of each density (draws,)."""
        return np.asarray(self.many @ np.log(self.likelihood @ mass.T + _TINY))

    def placed(self, mass: Array, *, random: np.random.Generator) -> Array:
        """Return shares of these problems, each placed at random where its counts and the mass allow."""
        return np.array([self._placed(row, random=random) for row in mass])

    def _placed(self, mass: Array, *, random: np.random.Generator) -> Array:
        joint = np.cumsum(self.likelihood * mass, axis=1)
        rows = joint / joint[:, -1:] + np.arange(len(joint))[:, None]  # one ascending row after the other
        at = np.searchsorted(rows.ravel(), self.of + random.random(self.of.size)) - self.of * P.size
        return np.bincount(at.clip(0, P.size - 1), minlength=P.size) / self.of.size


def counts_of(attempts: Attempts) -> Counts:
    """Return the counts of problems as evidence."""
    both = np.stack([attempts.samples, attempts.correct], axis=1)
    pairs, of, many = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    n, c = pairs[:, :1, None], pairs[:, 1:, None]
    logit = LOGITS[:, None] + _WITHIN
    log_like = -c * np.logaddexp(0, -logit) - (n - c) * np.logaddexp(0, logit)
    peak = log_like.max(axis=(1, 2))
    inside = np.exp(log_like - peak[:, None, None]).mean(axis=2)
    never = np.exp(np.where(pairs[:, 1] == 0, -peak, -np.inf))
    return Counts(of.reshape(-1), many.astype(float), np.concatenate([never[:, None], inside], axis=1))


# Means y_k of g_k(p) = 1 - (1 - p)^k over M problems that are a sample of a density of p, from n samples of each:
#   E y_k = m_k = E g_k
#   Cov(y_k, y_l) = (E[g_k g_l] - m_k m_l) / M + E[h_k h_l] / M + (rounding^2 / 12) delta_kl
#   h_k^2 = min(k^2/n p (1-p)^(2k-1), (1-p)^k g_k), the noise of Chen et al.'s estimator, to first order in 1/n
# The likelihood is normal. Shares w of these problems, given y, follow by Matheron's rule from shares w0 of M problems
# drawn from the density and means y0 drawn with them: w = w0 + Cov(w, y) Cov(y)^-1 (y - y0).
@dataclass(frozen=True, eq=False)
class Rates:
    """Means of pass@k: the rates (k,), problems behind them, g and h on P (points, k), and the last printed digit."""

    rates: Array
    problems: float
    g: Array
    h: Array
    variance: float

    @staticmethod
    def of(k: Array, rates: Array, *, problems: float, samples: float, rounding: float) -> Rates:
        """Return the evidence of rates at k samples; what falls as k grows is taken for noise."""
        keep = np.unique(np.linspace(0, k.size - 1, min(k.size, _MOST_RATES)).round().astype(int))
        k, rates = k[keep], rates[keep]
        g = np.stack([solved(P, one) for one in k], axis=1)
        wrong = 1 - P[:, None]
        first = k**2 / samples * P[:, None] * wrong ** (2 * k - 1)
        dip = float(np.max(np.maximum.accumulate(rates) - rates))
        return Rates(rates, problems, g, np.sqrt(np.minimum(first, wrong**k * g)), rounding**2 / 12 + dip**2 + _JITTER)

    def _moments(self, mass: Array) -> tuple[Array, Array, Array]:
        """Return the mean rates (draws, k) and the covariances by the choice of problems and by noise (draws, k, k)."""
        mass, size = mass / mass.sum(axis=1, keepdims=True), self.rates.size
        mean = mass @ self.g
        second = self._products(mass, self.g) - mean[:, :, None] * mean[:, None, :]
        noise = self._products(mass, self.h) / self.problems + self.variance * np.eye(size)
        return mean, second / self.problems, noise

    def _products(self, mass: Array, values: Array) -> Array:
        size = self.rates.size
        pairs = (values[:, :, None] * values[:, None, :]).reshape(P.size, -1)
        return np.asarray((mass @ pairs).reshape(-1, size, size))

    def log_likelihood(self, mass: Array) -> Array:
        """Return the log likelihood of each density (draws,)."""
        mean, chosen, noise = self._moments(mass)
        root = np.linalg.cholesky(chosen + noise)
        z = np.linalg.solve(root, (self.rates - mean)[:, :, None])[:, :, 0]
        return np.asarray(-0.5 * (z**2).sum(axis=1) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1))

    def placed(self, mass: Array, *, random: np.random.Generator) -> Array:
        """Return shares of these problems, drawn given the density and the rates."""
        mean, chosen, noise = self._moments(mass)
        count = round(self.problems)
        these = np.array([random.multinomial(count, row / row.sum()) for row in mass]) / count
        off = np.linalg.cholesky(noise) @ random.standard_normal((*mean.shape, 1))
        pull = np.linalg.solve(chosen + noise, (self.rates - these @ self.g)[:, :, None] - off)[:, :, 0]
        moved = mass * (pull @ self.g.T - (pull * mean).sum(axis=1)[:, None]) / self.problems
        found = np.maximum(these + moved, 0.0)
        return np.asarray(found / found.sum(axis=1, keepdims=True))
