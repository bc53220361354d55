"""What a metric makes of a smooth loss: theory of exact match, edit distance, Brier score and resolution.

Schaeffer et al. 2023, arXiv:2304.15004, section 2: a token is right with p = exp(-loss); a metric that asks for many
right tokens at once turns a smooth p into a jump, one that counts tokens does not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from isoflop.formula.arrays import Array


def token_probability(loss: ArrayLike) -> Array:
    """Return the chance that a token is right, exp(-loss), for a loss in nats per token of the answer."""
    return np.asarray(np.exp(-np.asarray(loss, float)))


def exact_match(loss: ArrayLike, tokens: float, *, chance: float = 0.0, ceiling: float = 1.0) -> Array:
    """Return the accuracy when all tokens must be right: p^T, between chance and ceiling.

    With a chance above 0, an answer is known with p^T and guessed otherwise.
    """
    return chance + (ceiling - chance) * np.exp(-tokens * np.asarray(loss, float))


def edit_distance(loss: ArrayLike, tokens: float) -> Array:
    """Return the expected number of wrong tokens, T(1 - p)."""
    return tokens * (1 - token_probability(loss))


def brier(loss: ArrayLike, options: int) -> Array:
    """Return the Brier score of the right option's p, the rest spread evenly: (1-p)^2 + (1-p)^2/(options-1)."""
    return (1 - token_probability(loss)) ** 2 * (1 + 1 / (options - 1))


def measured(accuracy: ArrayLike, items: int) -> Array:
    """Return an accuracy as n items show it at best: to the nearest of 0, 1/n, 2/n; below half of 1/n it reads 0."""
    return np.asarray(np.rint(np.asarray(accuracy, float) * items) / items)


def detectable(items: float, chance: float = 0.0) -> float:
    """Return the least accuracy that n items tell from chance at 95 %: three right answers where chance is 0."""
    return chance + max(-math.log(0.05), 1.645 * math.sqrt(items * chance * (1 - chance))) / items
