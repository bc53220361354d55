"""Losses by effective tokens: a source counts for a target by its worth, and the loss is a power of the sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isoflop.fitting.optimise.damped import Normal, descend
from isoflop.formula.arrays import Array

FIRST_EXPONENT, FLOOR_SHARE = 0.3, 0.6
"""Where the search begins: the exponent, and the floor as a share of the lowest loss."""
WORTH, FLOOR, EXPONENT, LEVEL = 2.5, 0.5, 0.7, 10.0
"""Standard deviations of the priors, in logarithms: of a source's worth beside the others', the floor, the exponent,
and all worths together."""
OWN = 2.0
"""A source of the target's own name (share_github, loss_github) is expected to be worth e^2 times the others."""
LEAST_NOISE, FIRST_NOISE, ROUNDS = 3e-3, 0.03, 3


@dataclass(frozen=True, eq=False, kw_only=True)
class EffectiveTokens:
    """L = c + (sum_k w_k share_k)^-beta of one target; theta = ln c, ln beta, ln w."""

    theta: Array
    covariance: Array
    noise: float

    @property
    def floor(self) -> float:
        """The loss that no mixture goes below."""
        return float(np.exp(self.theta[0]))

    @property
    def exponent(self) -> float:
        """The exponent of the effective tokens."""
        return float(np.exp(self.theta[1]))

    @property
    def worths(self) -> Array:
        """What a token of each source is worth for this target, the most worthy 1 (sources,)."""
        worth = np.exp(self.theta[2:])
        return np.asarray(worth / worth.max())

    def __call__(self, shares: Array) -> tuple[Array, Array]:
        """Return the logarithm of the loss and its standard deviation (points,)."""
        log, slopes = effective(self.theta, shares)
        return log, np.sqrt(np.einsum("pi,ij,pj->p", slopes, self.covariance, slopes) + self.noise**2)


def effective(theta: Array, shares: Array) -> tuple[Array, Array]:
    """Return ln L and its derivatives by ln c, ln beta and ln w (points, 2 + sources).

    L = c + q^-beta, q = sum_k w_k share_k
    """
    floor, exponent, worths = np.exp(theta[0]), np.exp(theta[1]), np.exp(theta[2:])
    tokens = np.maximum(shares @ worths, 1e-300)
    power = np.exp(-exponent * np.log(tokens))
    loss = floor + power
    by_exponent = -power * exponent * np.log(tokens) / loss
    by_worth = -(power * exponent / loss / tokens)[:, None] * (shares * worths)
    return np.log(loss), np.column_stack([floor / loss, by_exponent, by_worth])


def fit_effective(shares: Array, logs: Array, own: int | None) -> EffectiveTokens:
    """Return the law of one target, its priors those above; own is the place of the source of its name."""
    mean, precision = _prior(shares.shape[1], logs, own)
    theta, noise = mean, FIRST_NOISE

    def at(point: Array) -> Normal:
        said, slopes = effective(point, shares)
        residual, pull = logs - said, precision @ (point - mean)
        cost = float(residual @ residual / noise**2 + (point - mean) @ pull) / 2
        return Normal(cost, slopes.T @ residual / noise**2 - pull, slopes.T @ slopes / noise**2 + precision)

    for _ in range(ROUNDS):
        theta = descend(at, theta)
        said, slopes = effective(theta, shares)
        curvature = slopes.T @ slopes / noise**2
        spent = float(np.trace(np.linalg.solve(curvature + precision, curvature)))
        residual = logs - said
        noise = max(float(np.sqrt(residual @ residual / max(len(logs) - spent, 2))), LEAST_NOISE)
    covariance = np.linalg.inv(slopes.T @ slopes / noise**2 + precision)
    return EffectiveTokens(theta=theta, covariance=np.asarray(covariance, float), noise=noise)


def _prior(sources: int, logs: Array, own: int | None) -> tuple[Array, Array]:
    """Return mean and precision of theta: worths are held to each other, hardly to a level."""
    lowest, middle = float(np.exp(logs.min())), float(np.exp(logs.mean()))
    floor = FLOOR_SHARE * lowest
    worth = -np.log(middle - floor) / FIRST_EXPONENT
    mean = np.array([np.log(floor), np.log(FIRST_EXPONENT), *[worth] * sources])
    if own is not None:
        mean[2 + own] += OWN
    together = np.eye(sources) - 1 / sources
    precision = np.diag([FLOOR**-2, EXPONENT**-2, *[0.0] * sources])
    precision[2:, 2:] = together / WORTH**2 + np.full((sources, sources), (LEVEL * sources) ** -2)
    return mean, precision
