"""Bowl → each setting's own best and level, the spread of settings about the law, and what errors that makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.tune.bowl import bowl, heights, skewed, unskewed
from isoflop.beyond.tune.bowl_fit import Bowl, surface, without_levels
from isoflop.beyond.tune.sweep import Sweep
from isoflop.formula.arrays import Array

USUAL_SPREAD, WORTH = 0.1, 2.0
"""How far settings' bests usually lie about a power law, in logarithms, and how many settings that guess is worth."""
NEAR_BEST = 0.003
"""Within 0.3 % of the best loss: about the noise between two seeds."""
SWAPS = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class Centres:
    """Where the best lies: by the law that all settings share, and at each setting.

    covariance  of the bowl's parameters: the runs' noise, and the settings' spread about the law
    spread      standard deviation of settings about the law (tuned,), in logarithms
    doubt       what the form of the bowl is unsure of (tuned,), the same for all settings
    own         logarithms of each setting's best (settings, tuned); `error` their covariances
    level       logarithm of the loss at each setting's best within the values tried in the sweep (settings,)
    level_error  its standard error
    runs        runs of each setting
    """

    covariance: Array
    spread: Array
    doubt: Array
    own: Array
    error: Array
    level: Array
    level_error: Array
    runs: NDArray[np.int64]


def centres_of(sweep: Sweep, found: Bowl, doubt: Array) -> Centres:
    """Return where the best lies at each setting: the law's place, moved as far as the setting's runs ask for.

    c_s = law(s) + d_s,  d_s ~ Normal(0, spread^2);  the spread by expectation and maximisation (Dempster et al. 1977).
    """
    shape, theta = found.shape, found.theta
    _, _, by_centre = bowl(shape, theta, sweep)
    free = without_levels(sweep, by_centre, found.weights)
    information = _sums(sweep, free[:, :, None] * free[:, None, :] * found.weights[:, None, None])
    asked = _sums(sweep, free * (found.weights * found.residual)[:, None])
    spread, moved, error = _deviations(information, asked)
    cross = _sums(sweep, free[:, :, None] * found.slopes[:, None, :] * found.weights[:, None, None])
    stray = np.einsum("sip,i,siq->pq", cross, spread**2, cross)
    covariance = found.covariance + found.covariance @ stray @ found.covariance
    law = sweep.scale(sweep.sizes) @ shape.exponents(theta).T
    pulled = error / spread[None, None, :] ** 2
    of_law = law_covariance(found, covariance, sweep.scale(sweep.sizes))
    own_error = error + pulled @ of_law @ pulled.swapaxes(1, 2) + np.diag(doubt**2)
    level, level_error = _levels(sweep, found, moved=moved, error=error, covariance=covariance)
    own = law + moved
    return Centres(
        covariance=covariance, spread=spread, doubt=doubt, own=own, error=own_error,
        level=level + least_rise(found, sweep, own), level_error=level_error,
        runs=np.bincount(sweep.setting, minlength=sweep.settings),
    )  # fmt: skip


def least_rise(found: Bowl, sweep: Sweep, own: Array) -> Array:
    """Return how far above its bottom each setting's bowl is at the best of the values tried anywhere (settings,).

    Least w' T T' w with each w_j between those of the lowest and the highest value: one j after the other,
    w_j = -sum_k M_jk w_k / M_jj, M = T T', brought inside. 0 where the best lies among the values tried.
    """
    shape, theta = found.shape, found.theta
    ends = sweep.logs.min(0), sweep.logs.max(0)
    low, high = (skewed(end - own, theta[shape.skew])[0] for end in ends)
    triangle = shape.triangle(theta)
    metric, w = triangle @ triangle.T, np.clip(0.0, low, high)
    for _ in range(SWAPS):
        for j in range(shape.tuned):
            others = w @ metric[j] - w[:, j] * metric[j, j]
            w[:, j] = np.clip(-others / metric[j, j], low[:, j], high[:, j])
    amplitude = np.exp((sweep.sizes - sweep.middle) @ theta[shape.depth])
    return np.asarray(amplitude * ((w @ triangle) ** 2).sum(1))


def law_covariance(found: Bowl, covariance: Array, scales: Array) -> Array:
    """Return the covariance of the law's centre at design rows (points, 1 + letters): (points, tuned, tuned)."""
    size = found.shape.letters + 1
    block = covariance[found.shape.centre, found.shape.centre].reshape(found.shape.tuned, size, found.shape.tuned, size)
    return np.asarray(np.einsum("pa,iajb,pb->pij", scales, block, scales))


def rise(found: Bowl, letters: Array, offset: Array) -> Array:
    """Return the share of the loss given up at offsets from the best (points, tuned), at letters (points, letters)."""
    return np.asarray(np.expm1(heights(found.shape, found.theta, offset=offset, letters=letters)[0]))


def near_best(found: Bowl, letters: Array) -> tuple[Array, Array]:
    """Return the lowest and highest offsets of the region within 0.3 % of the best: (points, tuned) each.

    w' T T' w <= q / amplitude  reaches  |w_j| <= sqrt(q / amplitude (T T')^-1_jj)
    """
    triangle = found.shape.triangle(found.theta)
    across = np.sqrt(np.diag(np.linalg.inv(triangle @ triangle.T)))
    reach = np.sqrt(NEAR_BEST / np.exp(letters @ found.theta[found.shape.depth]))[:, None] * across
    skew = found.theta[found.shape.skew]
    return unskewed(-reach, skew), unskewed(reach, skew)


def _sums(sweep: Sweep, values: Array) -> Array:
    total = np.zeros((sweep.settings, *values.shape[1:]))
    np.add.at(total, sweep.setting, values)
    return total


def _deviations(information: Array, asked: Array) -> tuple[Array, Array, Array]:
    """Return the spread of settings about the law, how far each is moved, and with what covariance."""
    settings, tuned = asked.shape
    spread = np.full(tuned, USUAL_SPREAD)
    for _ in range(SWAPS):
        error = np.linalg.inv(information + np.diag(spread**-2))
        moved = np.einsum("sij,sj->si", error, asked)
        square = (moved**2 + np.einsum("sii->si", error)).sum(0)
        spread = np.sqrt((square + WORTH * USUAL_SPREAD**2) / (settings + WORTH))
    return np.asarray(spread), np.asarray(moved), np.asarray(error, float)


def _levels(sweep: Sweep, found: Bowl, *, moved: Array, error: Array, covariance: Array) -> tuple[Array, Array]:
    """Return the logarithm of the loss at each setting's own best, and its standard error.

    level = mean of (loss - height); its variance is that of the mean, and what an error of the bowl, or of the
    setting's centre, would move that mean by.
    """
    height, by_theta, by_centre = bowl(found.shape, found.theta, sweep, moved=moved)
    total = np.maximum(np.bincount(sweep.setting, found.weights, sweep.settings), 1e-300)

    def mean(values: Array) -> Array:
        weighed = values * found.weights.reshape(-1, *[1] * (values.ndim - 1))
        return _sums(sweep, weighed) / total.reshape(-1, *[1] * (values.ndim - 1))

    left = sweep.loss - height
    if sweep.repeated:
        level = mean(left)
    else:
        terms = surface(sweep)
        weighed = terms * found.weights[:, None]
        smooth = np.linalg.lstsq(weighed.T @ terms, weighed.T @ left, rcond=None)[0]
        level = mean(left - terms @ smooth) + _surface_at(sweep) @ smooth
    by_bowl, by_own = mean(by_theta), mean(by_centre)
    variance = np.einsum("sp,pq,sq->s", by_bowl, covariance, by_bowl)
    variance += np.einsum("si,sij,sj->s", by_own, error, by_own)
    return level, np.sqrt(variance + 1 / total)


def _surface_at(sweep: Sweep) -> Array:
    """Return the surface's terms at each setting's size."""
    letters = sweep.sizes - sweep.middle
    count = letters.shape[1]
    products = [letters[:, i] * letters[:, j] for i in range(count) for j in range(i + 1)]
    return np.column_stack([np.ones(len(letters)), letters, *products])
