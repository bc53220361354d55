"""Difficulty where only pass@1 is known: its mean is measured, its spread is assumed, or learnt from other models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.test_time.answers import solved
from isoflop.beyond.test_time.difficulty import DRAWS, Difficulty
from isoflop.beyond.test_time.difficulty_densities import P, beta_mass
from isoflop.errors import UsageError

if TYPE_CHECKING:
    from isoflop.beyond.test_time.attempts import Attempts
    from isoflop.formula.arrays import Array


CONCENTRATION = (0.3, 10.0)
"""a + b of a Beta density, where nothing is known of it: an assumption, from problems that are nearly all either hard
or easy to ones that differ little. What is between is even in its logarithm."""
_LEAST, _MOST = 0.01, 1e4
_EDGE = 1e-5


def concentrations(
    between: tuple[float, float] = CONCENTRATION, *, like: Sequence[Difficulty] = (), draws: int = DRAWS, seed: int = 0
) -> Array:
    """Return draws of a + b (draws,): even in the logarithm between two ends, or as models with known counts have it.

    Of a known model it is m (1 - m) / v - 1, with mean m and variance v of p. Several models differ; one more may
    differ from them as they do from each other.
    """
    random = np.random.default_rng(seed)
    low, high = between
    if not _LEAST <= low <= high <= _MOST:
        raise UsageError(f"concentration {low:g}:{high:g} must lie between {_LEAST:g} and {_MOST:g}, as in 0.3:10.")
    if not like:
        return np.asarray(np.exp(random.uniform(math.log(low), math.log(high), draws)))
    logs = []
    for one in like:
        mean = one.at_large @ P
        variance = np.maximum(one.at_large @ P**2 - mean**2, 1e-12)
        logs.append(np.log(np.clip(mean * (1 - mean) / variance - 1, _LEAST, _MOST)))
    middle = [float(one.mean()) for one in logs]
    apart = float(np.std(middle, ddof=1)) if len(middle) > 1 else math.log(2)  # one model: others within a factor of 2
    chosen = np.concatenate(logs)[random.integers(sum(map(len, logs)), size=draws)]
    return np.asarray(np.exp(chosen + apart * random.standard_normal(draws)).clip(_LEAST, _MOST))


def assumed(model: Attempts, concentration: Array, *, seed: int = 0) -> Difficulty:
    """Return the difficulty of a model of which only pass@1 is known, one Beta density for each concentration (draws,).

    Models of one task are given the same concentrations, draw by draw. Where the number of problems is known, the
    mean errs as one sample of each would.
    """
    random = np.random.default_rng(seed)
    mean = np.full(concentration.shape, model.pass1)
    if not math.isnan(model.known_problems):
        right = model.pass1 * model.known_problems
        mean = random.beta(right + 0.5, model.known_problems - right + 0.5, concentration.shape)
    mean = mean.clip(_EDGE, 1 - _EDGE)
    mass = beta_mass((mean * concentration)[:, None], ((1 - mean) * concentration)[:, None])
    return Difficulty(mass, mass)


def aligned(found: Difficulty) -> Difficulty:
    """Return the draws in the order of what more samples bring, so that models of one task share their spread.

    Draw by draw, a model whose problems are solved sooner by sampling is compared with others of which that holds too.
    """
    many = 10 / max(float(np.median(found.these @ P)), _EDGE)
    order = np.argsort(found.at_large @ solved(P, many), kind="stable")
    return replace(found, these=found.these[order], at_large=found.at_large[order])
