"""A sweep → its bowl: levels, noise, centre and walls, by weighted least squares that far runs hardly move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isoflop.beyond.tune.bowl import Shape, bowl, shape_of
from isoflop.beyond.tune.sweep import Sweep
from isoflop.fitting.optimise.damped import Normal, descend
from isoflop.formula.arrays import Array, median

TAILS = 4.0
"""Degrees of freedom of the errors' Student's t: the usual choice for data with outliers (Lange et al. 1989)."""
MISFITS = (0.15, 0.2, 0.3, 0.4)
"""Shares of its height by which a run may be off, tried in turn: a bowl is an approximation near its bottom."""
LOCAL = (1.0,)
"""A bowl that trusts the bottom alone: where it puts the best, beside the other, shows what the form costs."""
FIRST_NOISE, FIRST_MISFIT, LEAST_NOISE = 4e-3, 0.3, 1e-5
EXPONENT, INTERCEPT, WALL, ACROSS, SKEW, DEPTH = 0.5, 3.0, 3.0, 0.5, 0.4, 0.15
"""Standard deviations of the priors: exponents weakly pulled to what published laws say on average, the rest wide
beside what a sweep says; skew and depth are held near 0 where runs are few."""
WALL_LOG = float(np.log(0.1))
ROUNDS = 4
CALM, TILT, FLATTEST, ROOM = 4e-3, 0.5, 0.05, 1e-3
"""Of the first guess: noise, share of the height taken for error, least curvature across directions, ridge."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Bowl:
    """A bowl fitted to a sweep.

    theta      its parameters; `covariance` theirs, as the runs' noise has it
    noise      standard deviation of one run at the bottom, in the logarithm of the loss
    misfit     share of its height by which a run may be off
    weights    of each run, one over its variance, less where it is an outlier
    height     of each run above its setting's best; `residual` what is left of it
    slopes     derivatives by theta, less each setting's level (runs, size)
    """

    shape: Shape
    theta: Array
    covariance: Array
    noise: float
    misfit: float
    weights: Array
    height: Array
    residual: Array
    slopes: Array


def fit_bowl(sweep: Sweep, exponents: Array, *, misfits: Sequence[float] = MISFITS) -> Bowl:
    """Return the bowl that fits a sweep, its exponents weakly pulled to those given (tuned, letters).

    misfits  shares of its height by which a run may be off, of which the likeliest is taken
    """
    shape, noise, misfit = shape_of(sweep), FIRST_NOISE, FIRST_MISFIT
    mean, precision = _prior(shape, sweep, exponents)
    theta = _start(shape, sweep)

    def at(point: Array) -> Normal:
        height, slopes, _ = bowl(shape, point, sweep)
        residual, weights = settle(sweep, height, noise=noise, misfit=misfit)
        free = without_levels(sweep, slopes, weights)
        cost = (
            minus_log_likelihood(residual, height, noise=noise, misfit=misfit)
            + float(precision @ (point - mean) ** 2) / 2
        )
        weighed = free * weights[:, None]
        descent = weighed.T @ residual - precision * (point - mean)
        return Normal(cost, descent, weighed.T @ free + np.diag(precision))

    for _ in range(ROUNDS):
        theta = descend(at, theta)
        height, slopes, _ = bowl(shape, theta, sweep)
        residual, weights = settle(sweep, height, noise=noise, misfit=misfit)
        noise, misfit = _noise(residual, height, _spent(sweep, shape), misfits=misfits)
    residual, weights = settle(sweep, height, noise=noise, misfit=misfit)
    free = without_levels(sweep, slopes, weights)
    covariance = np.linalg.inv((free * weights[:, None]).T @ free + np.diag(precision))
    return Bowl(
        shape=shape, theta=theta, covariance=np.asarray(covariance, float), noise=noise, misfit=misfit,
        weights=weights, height=height, residual=residual, slopes=free,
    )  # fmt: skip


def surface(sweep: Sweep) -> Array:
    """Return a quadratic surface's terms in the logarithms of N and D (runs, terms)."""
    letters = sweep.scales[:, 1:]
    count = letters.shape[1]
    products = [letters[:, i] * letters[:, j] for i in range(count) for j in range(i + 1)]
    return np.column_stack([sweep.scales, *products]) if products else sweep.scales


def without_levels(sweep: Sweep, values: Array, weights: Array) -> Array:
    """Return columns less what the levels explain of them: each setting's mean, or a surface where none repeats."""
    if not sweep.repeated:
        terms = surface(sweep)
        weighed = terms * weights[:, None]
        return np.asarray(values - terms @ np.linalg.lstsq(weighed.T @ terms, weighed.T @ values, rcond=None)[0], float)
    total = np.maximum(np.bincount(sweep.setting, weights, sweep.settings), 1e-300)
    columns = values if values.ndim > 1 else values[:, None]
    means = [np.bincount(sweep.setting, weights * one, sweep.settings) / total for one in columns.T]
    found = columns - np.column_stack(means)[sweep.setting]
    return found if values.ndim > 1 else found[:, 0]


def settle(sweep: Sweep, height: Array, *, noise: float, misfit: float) -> tuple[Array, Array]:
    """Return residuals and weights, where the levels are those that the weights ask for.

    var = noise^2 + (misfit height)^2,  weight = (nu + 1) / (nu + r^2 / var) / var
    """
    variance = noise**2 + (misfit * height) ** 2
    weights = 1 / variance
    for _ in range(3):
        residual = without_levels(sweep, sweep.loss - height, weights)
        weights = (TAILS + 1) / (TAILS + residual**2 / variance) / variance
    return without_levels(sweep, sweep.loss - height, weights), weights


def minus_log_likelihood(residual: Array, height: Array, *, noise: float, misfit: float) -> float:
    """Return what Student's t makes of residuals whose spread grows with the height, up to a constant."""
    variance = noise**2 + (misfit * height) ** 2
    return float((np.log(variance) + (TAILS + 1) * np.log1p(residual**2 / variance / TAILS)).sum() / 2)


def _noise(residual: Array, height: Array, spent: float, *, misfits: Sequence[float]) -> tuple[float, float]:
    """Return the likeliest noise and misfit, the noise made up for the parameters spent."""
    tried = []
    for misfit in misfits:
        noise = max(1.48 * float(median(np.abs(residual))), LEAST_NOISE)
        for _ in range(12):  # expectation, maximisation: what of each residual is noise at the bottom
            variance = noise**2 + (misfit * height) ** 2
            share, odd = noise**2 / variance, (TAILS + 1) / (TAILS + residual**2 / variance)
            noise = max(float(np.sqrt((share**2 * odd * residual**2).sum() / share.sum())), LEAST_NOISE)
        tried.append((minus_log_likelihood(residual, height, noise=noise, misfit=misfit), noise, misfit))
    _, noise, misfit = min(tried)
    return noise * float(np.sqrt(len(residual) / max(len(residual) - spent, 0.25 * len(residual)))), misfit


def _spent(sweep: Sweep, shape: Shape) -> float:
    return shape.size + (sweep.settings if sweep.repeated else surface(sweep).shape[1])


def _prior(shape: Shape, sweep: Sweep, exponents: Array) -> tuple[Array, Array]:
    """Return mean and precision of each parameter."""
    mean, spread = np.zeros(shape.size), np.empty(shape.size)
    mean[shape.centre] = np.column_stack([sweep.logs.mean(0), exponents]).ravel()
    spread[shape.centre] = np.tile([INTERCEPT, *[EXPONENT] * shape.letters], shape.tuned)
    mean[shape.walls] = [WALL_LOG if row == column else 0.0 for row, column in shape.pairs]
    spread[shape.walls] = [WALL if row == column else ACROSS for row, column in shape.pairs]
    spread[shape.skew], spread[shape.depth] = SKEW, DEPTH
    return mean, spread**-2


def _start(shape: Shape, sweep: Sweep) -> Array:
    """Return the first guess: a quadratic form and a centre linear in the scales, by linear least squares.

    (t - c)' Q (t - c) with c = G s  is  t' Q t - 2 t' Q G s  and a level: linear in Q and Q G.
    """
    middle = sweep.logs.mean(0)
    t, excess = sweep.logs - middle, _excess(sweep)
    products = [t[:, i] * t[:, j] for i, j in shape.pairs]
    terms = [t[:, i] * one for i in range(shape.tuned) for one in sweep.scales.T]
    weights = 1 / (CALM**2 + (TILT * excess) ** 2)
    wanted = without_levels(sweep, sweep.loss, weights)
    design = without_levels(sweep, np.column_stack([*products, *terms]), weights)
    unit = np.sqrt((weights[:, None] * design**2).sum(0)) + 1e-12
    weighed = design / unit * weights[:, None]
    ridge = ROOM * np.eye(design.shape[1])
    found = np.linalg.solve(weighed.T @ (design / unit) + ridge, weighed.T @ wanted) / unit
    form = np.zeros((shape.tuned, shape.tuned))
    for value, (row, column) in zip(found, shape.pairs, strict=False):
        form[row, column] += value / 2
        form[column, row] += value / 2
    curvature, directions = np.linalg.eigh(form)
    curvature = np.maximum(curvature, max(FLATTEST * curvature.max(), 1e-5))
    form = directions @ np.diag(curvature) @ directions.T
    centre = -np.linalg.solve(form, found[len(shape.pairs) :].reshape(shape.tuned, -1)) / 2
    centre[:, 0] = middle + np.clip(centre[:, 0], t.min(0), t.max(0))
    centre[:, 1:] = np.clip(centre[:, 1:], -1, 1)
    triangle = np.linalg.cholesky(form)
    theta = np.zeros(shape.size)
    theta[shape.centre] = centre.ravel()
    theta[shape.walls] = [np.log(triangle[i, j]) if i == j else triangle[i, j] for i, j in shape.pairs]
    return theta


def _excess(sweep: Sweep) -> Array:
    """Return how far each run lies above the lowest of its setting, or above a lower envelope of all."""
    if sweep.repeated:
        lowest = np.full(sweep.settings, np.inf)
        np.minimum.at(lowest, sweep.setting, sweep.loss)
        return np.asarray(sweep.loss - lowest[sweep.setting])
    weights = np.ones(len(sweep.loss))
    for _ in range(20):  # asymmetric least squares: a run above the surface counts a twentieth
        residual = without_levels(sweep, sweep.loss, weights)
        weights = np.where(residual > np.quantile(residual, 0.3), 0.05, 1.0)
    return np.clip(residual - np.quantile(residual, 0.05), 0, None)
