"""How far off forecasts of accuracy from loss have been on the same runs, made from the smaller alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.downstream.accuracy_from_loss import Second, drawn, fit_second
from isoflop.beyond.downstream.tasks import Task
from isoflop.forecasting.weighing import held, weigh
from isoflop.formula.arrays import Array

CUTS, FEWEST_FITTED = (0.5, 0.65, 0.8), 6
"""Shares of the runs, the highest losses first, that are fitted to score the rest, where sizes cannot be held out."""
SIZES = 3
"""How many of the largest sizes are held out, one after the other."""
PRIOR, LARGEST = 4.0, 4.0
"""The weight of the belief that errors fit their width, in origins, and the largest ratio counted."""
EXPECTED = 0.015
"""The error of accuracy each law is taken to have before any is seen."""
TRIES = 200


class Past(NamedTuple):
    """What backtests say.

    weights  of each law (laws,); factor: how much wider its interval must be; origins behind it
    error    root mean square error of the laws together, nan where nothing could be held out
    """

    weights: Array
    factor: float
    origins: int
    error: float = math.nan


def look_back(task: Task, forms: Sequence[str], *, seed: int) -> Past:
    """Return what forecasts from the runs of higher loss were worth on those of lower loss.

    Each is scored with the weights that were known when it was made: by earlier forecasts of runs it was fitted to.
    """
    parts = splits(task)
    scored = [_scored(task.take(low), task.take(high), forms, seed=seed) for low, high in parts]
    count = len(scored)
    if not count:
        return Past(np.full(len(forms), 1 / len(forms)), 1.0, 0)
    ratios, missed = np.zeros(count), np.zeros(count)
    for place, (low, _) in enumerate(parts):
        known = [np.isin(high, low) for _, high in parts[:place]]
        weights = _weights([error[:, rows] for (error, _), rows in zip(scored, known, strict=False)], forms)
        ratios[place], missed[place] = _ratio(*scored[place], weights)
    factor = np.sqrt(held(ratios[None], np.ones((1, count)), expected=1.0, count=PRIOR))[0, 0]
    return Past(_weights([error for error, _ in scored], forms), float(factor), count, float(np.sqrt(missed.mean())))


def _weights(errors: Sequence[Array], forms: Sequence[str]) -> Array:
    """Return the weight of each law (laws,) by its errors (laws, scored runs) at some origins, each counting as one."""
    seen = [(one**2).mean(axis=1) for one in errors if one.size]
    squares = np.array(seen).T.reshape(len(forms), len(seen))
    near = np.ones((1, len(seen)))
    return weigh(squares, near, expected=EXPECTED**2, count=max(len(seen), 1), sharpness=1.0)[:, 0]


def splits(task: Task) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return the rows to fit and to score of each backtest: smaller sizes and the next, or higher losses and the rest.

    Of the size held out, the best run is scored: a forecast is of a run that ends there.
    """
    sizes = np.unique(task.size[np.isfinite(task.size)]) if task.size.size else np.zeros(0)
    found = []
    for one in sizes[-SIZES:].tolist() if np.isfinite(task.size).all() else []:
        low, held = np.flatnonzero(task.size < one), np.flatnonzero(task.size == one)
        if np.unique(task.loss[low]).size >= FEWEST_FITTED and np.unique(task.size[low]).size > 1:
            found.append((low, held[[np.argmin(task.loss[held])]]))
    if found:
        return found
    order = np.argsort(-task.loss, kind="stable")
    cuts = sorted({round(share * order.size) for share in CUTS} & set(range(FEWEST_FITTED, order.size)))
    return [(order[:cut], order[cut:]) for cut in cuts]


def _scored(low: Task, high: Task, forms: Sequence[str], *, seed: int) -> tuple[Array, Array]:
    """Return error and expected spread (laws, scored runs) of forecasts of some runs from others."""
    fits = [fit_second(low.leading(), form, seed=seed) for form in forms]
    error = np.array([one.accuracy(high.loss) - high.accuracy for one in fits])
    return error, np.array([_spread(one, low, high.loss, seed=seed) for one in fits])


def _spread(one: Second, task: Task, loss: Array, *, seed: int) -> Array:
    generator = np.random.default_rng(seed)
    some = drawn(one, task, np.tile(loss, TRIES), generator=generator).reshape(TRIES, loss.size)
    return np.asarray(np.sqrt(((some - one.accuracy(loss)) ** 2).mean(axis=0)))


def _ratio(error: Array, spread: Array, weights: Array) -> tuple[float, float]:
    """Return the mean square of error over width for the laws together, and that of the error.

    Their disagreement is part of the width.
    """
    mean = weights @ error
    width = np.sqrt(weights @ spread**2 + weights @ (error - mean) ** 2)
    ratio = np.minimum(np.abs(mean) / np.maximum(width, 1e-12), LARGEST)
    return float((ratio**2).mean()), float((mean**2).mean())
