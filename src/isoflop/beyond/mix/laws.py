"""The laws of mixing that are tried: baselines, the exponential law, effective tokens, and the average of two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from isoflop.beyond.mix.effective_tokens import EffectiveTokens, fit_effective
from isoflop.beyond.mix.log_shares import LogShares, fit_log_shares
from isoflop.beyond.mix.mixtures import LOSS, SHARE, Mixtures
from isoflop.fitting.optimise.damped import Normal, descend
from isoflop.formula.arrays import Array

Said = Callable[[Array], tuple[Array, Array]]
"""Shares (points, sources) → logarithms of the losses and their standard deviations (points, targets)."""

RIDGE = 1e-3
"""What the baselines are held by, so that they are defined with fewer proxies than sources."""


def log_linear(given: Mixtures) -> Said:
    """Ln L is linear in the shares: least squares, hardly held."""
    design = given.shares
    solved = np.linalg.solve(design.T @ design + RIDGE * np.eye(design.shape[1]), design.T @ given.logs)
    spread = (given.logs - design @ solved).std(0)
    return lambda shares: (shares @ solved, np.tile(spread, (len(shares), 1)))


def exponential(given: Mixtures) -> Said:
    """Return L = c + exp(t . share), the data mixing law of Ye et al. 2024, by least squares."""
    fits = [_exponential(given.shares, column) for column in given.logs.T]
    spread = np.array(
        [(column - _law(theta, given.shares)[0]).std() for column, theta in zip(given.logs.T, fits, strict=True)]
    )

    def said(shares: Array) -> tuple[Array, Array]:
        logs = np.column_stack([_law(theta, shares)[0] for theta in fits])
        return logs, np.tile(spread, (len(shares), 1))

    return said


def _law(theta: Array, shares: Array) -> tuple[Array, Array]:
    floor, power = np.exp(theta[0]), np.exp(np.clip(shares @ theta[1:], -30, 30))
    loss = floor + power
    return np.log(loss), np.column_stack([floor / loss, (power / loss)[:, None] * shares])


def _exponential(shares: Array, logs: Array) -> Array:
    lowest = float(np.exp(logs.min()))
    start = np.array([np.log(lowest / 2), *[np.log(np.exp(logs.mean()) - lowest / 2)] * shares.shape[1]])

    def at(theta: Array) -> Normal:
        said, slopes = _law(theta, shares)
        residual, pull = logs - said, RIDGE * (theta - start)
        cost = float(residual @ residual + (theta - start) @ pull) / 2
        return Normal(cost, slopes.T @ residual - pull, slopes.T @ slopes + RIDGE * np.eye(len(theta)))

    return descend(at, start)


@dataclass(frozen=True, eq=False, kw_only=True)
class Worths:
    """Effective tokens of every target."""

    targets: tuple[EffectiveTokens, ...]

    def __call__(self, shares: Array) -> tuple[Array, Array]:
        """Return the logarithms of the losses and their standard deviations (points, targets)."""
        said = [one(shares) for one in self.targets]
        return np.column_stack([log for log, _ in said]), np.column_stack([error for _, error in said])


def effective_tokens(given: Mixtures) -> Worths:
    """Return L = c + (sum w share)^-beta for every target, w >= 0."""
    plain = [name.removeprefix(SHARE) for name in given.sources]
    own = [name.removeprefix(LOSS) for name in given.targets]
    places = [plain.index(name) if name in plain else None for name in own]
    columns = zip(given.logs.T, places, strict=True)
    return Worths(targets=tuple(fit_effective(given.shares, column, place) for column, place in columns))


def log_shares(given: Mixtures) -> LogShares:
    """Return a Gaussian process on the logarithms of the shares."""
    return fit_log_shares(given.shares, given.logs)


LAWS: Mapping[str, tuple[Callable[[Mixtures], Said], str]] = {
    "log-linear": (log_linear, "ln L = b . share"),
    "exponential": (exponential, "L = c + exp(t . share)"),
    "log shares": (log_shares, "ln L = Gaussian process on ln(share + floor)"),
    "effective tokens": (effective_tokens, "L = c + (sum w share)^-beta, w >= 0"),
}
"""Name → how it is fitted, and its formula."""
AVERAGED = ("log shares", "effective tokens")
"""The laws whose average foretells; the others stand beside them."""


def average(said: Mapping[str, Said], weights: Mapping[str, float], wider: float) -> Said:
    """Return the weighted mean of laws; its error is theirs, and how far they are apart, made wider by a factor."""

    def both(shares: Array) -> tuple[Array, Array]:
        parts = {name: said[name](shares) for name in weights}
        log = sum(weights[name] * parts[name][0] for name in weights)
        error = sum(weights[name] * parts[name][1] for name in weights)
        return np.asarray(log, float), np.asarray(wider * error, float)

    return both
