"""The noise of runs about a law that is held by priors, read from residuals of which few count much."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from isoflop.forecasting.constants import TAIL

if TYPE_CHECKING:
    from isoflop.fitting.optimise.problem import Problem
    from isoflop.formula.arrays import Array, Labels

_LEAST_LEFT = 0.01
"""The least share of a run's variance that the fit is taken to leave."""


def evened(problem: Problem, theta: Array, weights: Array, *, runs: Labels | None = None) -> Array:
    """Return residuals (runs,) as large as the runs' noise: what the fit follows of it, most at the largest, undone.

    Else few runs, of which the largest count most, are followed so closely that all the others seem far off.

    runs  the number of each row's run, where rows share runs: then the mean of each run is returned

    With J the slopes, W the weights, P the prior's and H = Jᵀ (J W Jᵀ + P)⁻¹ J W, residuals are (I - H) e, whose
    variances are 1 - 2 H_ii + Σ_j H_ij² times that of the noise e. Rows that share e are the mean of H over
    the rows of one run, and its sum over those of the other.
    """
    residuals, slopes = (found[0] for found in problem.linearise(theta[None]))
    known = 0.0 if problem.prior is None else np.diag(problem.prior.weight)
    pulls = slopes * weights
    inverse = np.linalg.pinv(pulls @ slopes.T + known, hermitian=True)
    if runs is not None:
        residuals, slopes, pulls = _means(residuals, runs), _means(slopes, runs), _sums(pulls, runs)
    followed = np.einsum("pn,pn->n", slopes, inverse @ pulls)
    others = np.einsum("pn,pn->n", slopes, inverse @ (pulls @ pulls.T) @ inverse @ slopes)
    return np.asarray(residuals / np.sqrt(np.maximum(1 - 2 * followed + others, _LEAST_LEFT)))


def _sums(rows: Array, runs: Labels) -> Array:
    """Return the sums of (..., rows) over the rows of each run, (..., runs)."""
    return np.asarray(np.apply_along_axis(lambda one: np.bincount(runs, one), -1, rows))


def _means(rows: Array, runs: Labels) -> Array:
    return np.asarray(_sums(rows, runs) / np.bincount(runs))


def noise_of_runs(problem: Problem, theta: Array, weights: Array, *, runs: Labels) -> float:
    """Return the standard deviation of a row about a fit, where rows share runs: between the runs and within them.

    weights  (rows,) of the fit; runs the number of each row's run
    """
    residuals = problem.residuals(theta[None])[0]
    within = residuals - _means(residuals, runs)[runs]
    between = noise_of(evened(problem, theta, weights, runs=runs), _sums(weights, runs), quantile=TAIL)
    return math.hypot(between, noise_of(within, weights, quantile=TAIL))


def noise_of(residuals: Array, weights: Array, *, quantile: float) -> float:
    """Return the standard deviation of normal residuals whose absolute value has this weighted quantile."""
    size = np.abs(residuals)
    order = np.argsort(size)
    below = (np.cumsum(weights[order]) - weights[order] / 2) / float(weights.sum())
    return float(np.interp(quantile, below, size[order])) / NormalDist().inv_cdf((1 + quantile) / 2)


def middle(weights: Array, parameters: int) -> float:
    """Return the quantile that the noise is read at: the middle of the runs left when a fit goes through p of them.

    q = ½ + p / 2n (Rousseeuw and Leroy 1987), n the runs that count; at ½ the noise of few runs is that of those
    which the fit follows
    """
    return min(0.5 + parameters / (2 * counting(weights)), TAIL)


def counting(weights: Array) -> float:
    """Return how many runs of equal weight say as much: n = (Σ w)² / Σ w² (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())
