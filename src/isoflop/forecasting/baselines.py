"""What a forecast must beat: guesses that need no law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from isoflop.formula.arrays import Array


NAMES = ("log-linear", "last budget", "nearest run")
LAST = 0.1
"""Runs within so many decades of the largest compute are the last budget."""


def baselines(inputs: Mapping[str, Array], loss: Array, axis: Array, *, at: Mapping[str, Array]) -> dict[str, Array]:
    """Return the log loss (targets,) that each baseline guesses.

    log-linear   log loss is linear in the logarithms of the inputs, by least squares over all runs
    last budget  the loss of the run in the last budget whose tokens per parameter are nearest
    nearest run  the loss of the run nearest in the logarithms of the inputs

    inputs, at  input → (runs,) and (targets,); axis (runs,) is the decimal logarithm of the runs' compute
    """
    logged = {key: bool(np.all(np.asarray(inputs[key]) > 0) and np.all(np.asarray(at[key]) > 0)) for key in inputs}
    x, target = (
        np.stack([np.log(side[key]) if logged[key] else np.asarray(side[key], float) for key in inputs])
        for side in (inputs, at)
    )
    y, middle = np.log(loss), x.mean(axis=1, keepdims=True)
    slope = np.linalg.lstsq((x - middle).T, y - y.mean(), rcond=None)[0]
    apart = ((x[:, None, :] - target[:, :, None]) ** 2).sum(axis=0)
    last = axis >= axis.max() - LAST
    shape = (x[:-1] - x[-1:])[:, None, last] - (target[:-1] - target[-1:])[:, :, None]
    near = np.argmin((shape**2).sum(axis=0), axis=1) if len(x) > 1 else np.full(target.shape[1], np.argmax(axis[last]))
    found = (y.mean() + slope @ (target - middle), y[last][near], y[np.argmin(apart, axis=1)])
    return dict(zip(NAMES, found, strict=True))
