"""Losses by a Gaussian process on the logarithms of the shares: what is right where proxies are few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from isoflop.formula.arrays import Array

FLOORS = (3e-4, 1e-3, 3e-3)
"""Added to every share before its logarithm: a share of 0 is as far from these as they are from each other."""
LINEAR, BENT, LENGTHS, NOISES = (0.0, 3.0, 30.0), (0.0, 1.0, 10.0), (1.0, 3.0), (0.003, 0.03, 0.3)
"""Variances of the linear and the bent part, lengths, and noises that are tried; the likeliest are taken."""
LEVEL = 0.5
SETTLE = 100
"""With more proxies than this, the variances are settled on so many of them: they hardly change."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """How alike losses are: linear a p.p', bent b exp(-|p - p'|^2 / 2 length^2), and noise."""

    floor: float
    linear: float
    bent: float
    length: float
    noise: float

    def of(self, one: Array, other: Array) -> Array:
        """Return the covariance of points p (rows, sources) with others."""
        products = one @ other.T / one.shape[1]
        squares = (one * one).mean(1)[:, None] + (other * other).mean(1) - 2 * products
        bent = self.bent * np.exp(-squares / (2 * self.length**2))
        return np.asarray(self.linear * products + bent + LEVEL, float)


@dataclass(frozen=True, eq=False, kw_only=True)
class LogShares:
    """A Gaussian process on logarithms of shares, for every target at once."""

    kernel: Kernel
    points: Array
    centre: Array
    unit: float
    factor: Array
    answers: Array
    scale: Array
    middle: Array

    def __call__(self, shares: Array) -> tuple[Array, Array]:
        """Return the logarithms of the losses and their standard deviations (points, targets)."""
        at = (np.log(shares + self.kernel.floor) - self.centre) / self.unit
        cross = self.kernel.of(at, self.points)
        reached = np.linalg.solve(self.factor, cross.T)
        own = self.kernel.linear * (at * at).mean(1) + self.kernel.bent + LEVEL
        variance = np.maximum(own - (reached * reached).sum(0), 0) + self.kernel.noise
        return reached.T @ self.answers * self.scale + self.middle, np.sqrt(variance)[:, None] * self._spread

    @property
    def _spread(self) -> Array:
        return np.asarray(self.scale * np.sqrt((self.answers * self.answers).mean(0)))


def fit_log_shares(shares: Array, logs: Array) -> LogShares:
    """Return the likeliest process; its variances are shared by all targets (Rasmussen and Williams 2006, 5.4.1)."""
    some = np.random.default_rng(0).permutation(len(shares))[:SETTLE]
    likeliest = max(_kernels(), key=lambda kernel: _likelihood(kernel, shares[some], logs[some]))
    return _process(likeliest, shares, logs)


def _kernels() -> Iterator[Kernel]:
    for floor in FLOORS:
        for linear in LINEAR:
            for bent in BENT:
                if linear or bent:
                    for length in LENGTHS if bent else LENGTHS[:1]:
                        for noise in NOISES:
                            yield Kernel(floor=floor, linear=linear, bent=bent, length=length, noise=noise)


def _process(kernel: Kernel, shares: Array, logs: Array) -> LogShares:
    points = np.log(shares + kernel.floor)
    centre, unit = points.mean(0), float(points.std(0).mean()) + 1e-9
    points = (points - centre) / unit
    middle, scale = logs.mean(0), logs.std(0) + 1e-9
    factor = np.linalg.cholesky(kernel.of(points, points) + kernel.noise * np.eye(len(points)))
    answers = np.linalg.solve(factor, (logs - middle) / scale)
    return LogShares(
        kernel=kernel, points=points, centre=centre, unit=unit, factor=np.asarray(factor, float), answers=answers,
        scale=scale, middle=middle,
    )  # fmt: skip


def _likelihood(kernel: Kernel, shares: Array, logs: Array) -> float:
    """Return the log likelihood of the losses, each target's scale at its best, up to a constant."""
    try:
        found = _process(kernel, shares, logs)
    except np.linalg.LinAlgError:
        return -np.inf
    spread = (found.answers * found.answers).mean(0)
    determinant = np.log(np.diag(found.factor)).sum()
    return float(-len(shares) / 2 * np.log(spread).sum() - logs.shape[1] * determinant)
