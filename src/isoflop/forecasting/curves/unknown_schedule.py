"""Forecasts of a curve by itself, where no schedule is known: its last value, and power laws towards a floor.

The members are the last value and log L = log E + b x^-c, which falls towards a floor as most curves do, seen from
windows of three lengths: the whole curve knows the form best, its end what comes next. For a given c the rest is
linear: every c of a grid is solved at once, and all count by their likelihood.
"""

from __future__ import annotations

import math

import numpy as np

from isoflop.forecasting.curves.average import Mixed, Past, mix
from isoflop.forecasting.curves.loss_curve import LossCurve, Thinned, thinned
from isoflop.formula.arrays import Array

WINDOWS = (math.inf, 1.5, 0.5)
"""How many e-folds of x below the last one a point counts e times less: all alike, a factor 4.5, a factor 1.6."""
NAMES = ("last value", *(f"floor law, {which}" for which in ("whole curve", "recent", "latest")))
EXPONENTS = np.array([0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0])
MOST_ORIGINS, FIRST = 24, 4
"""How often the forecast is made again at most, and from how many points on."""
_MOST_ROWS = 4.0  # a point of more rows counts no more: what is wrong with a law is not noise


def extrapolate(curve: LossCurve, at: Array) -> tuple[Mixed, Past]:
    """Return the log loss that the trend leads to at places (targets,) beyond the last, and what it missed before."""
    points = thinned(curve)
    far = np.maximum(np.log(at) - points.x[-1], 1e-9)
    each = _members(points, points.x[-1] + far)
    past = _past(points)
    return mix(each, np.zeros_like(each), moved=each - points.y[-1], far=far, past=past, noise=points.noise), past


def _past(points: Thinned) -> Past:
    """Return what the members, fitted on beginnings of the curve, missed on the rest of it."""
    size = len(points.x)
    cuts = np.unique(np.round(np.linspace(FIRST, size - 1, MOST_ORIGINS)).astype(int))
    parts: list[tuple[Array, ...]] = []
    for origin, cut in enumerate(cuts):
        begin = Thinned(points.x[:cut], points.y[:cut], points.rows[:cut], points.noise)
        each, now, tests = _members(begin, points.x[cut:]), cut - 1, np.ones(size - cut)
        far, ago = points.x[cut:] - points.x[now], (points.x[-1] - points.x[now]) * tests
        parts.append((each - points.y[cut:], each - points.y[now], 0 * each, far, ago, origin * tests))
    error, moved, known, far, ago, origins = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    return Past(error, moved, known, far, ago, origins.astype(np.int64))


def _members(points: Thinned, at: Array) -> Array:
    """Return what each member, fitted on these points, says at the places `at`: (members, places)."""
    last = np.full(at.shape, points.y[-1])
    return np.array([last, *(_towards_floor(points, at, window) for window in WINDOWS)])


def _towards_floor(points: Thinned, at: Array, window: float) -> Array:
    """Return the mean of log E + b x^-c over the exponents c, each by its likelihood; b never makes the curve rise."""
    ago = points.x - points.x[-1]
    weight = np.sqrt(np.minimum(points.rows, _MOST_ROWS)) * np.exp(ago / window)
    basis = _basis(ago)
    mean_basis, mean = basis @ weight / weight.sum(), points.y @ weight / weight.sum()
    across = basis - mean_basis[:, None]
    slope = np.minimum(across @ (weight * (points.y - mean)) / (across**2 @ weight), 0.0)
    off = (mean + slope[:, None] * across - points.y) ** 2 @ weight
    freedom = max(weight.sum() ** 2 / (weight @ weight) - 3, 1.0)
    likely = np.exp(-freedom / 2 * np.log(np.maximum(off, 1e-300) / max(off.min(), 1e-300)))
    there = mean + slope[:, None] * (_basis(at - points.x[-1]) - mean_basis[:, None])
    return np.asarray(likely @ there / likely.sum())


def _basis(ago: Array) -> Array:
    """Return (1 - x^-c) / c for each exponent, where x is 1 at the last point: (exponents, places)."""
    return np.asarray(-np.expm1(-EXPONENTS[:, None] * ago) / EXPONENTS[:, None])
