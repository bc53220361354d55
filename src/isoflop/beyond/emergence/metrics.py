"""What a metric makes of a smooth loss: theory of exact match, edit distance, Brier score and resolution.

Schaeffer et al. 2023, arXiv:2304.15004, section 2: a token is right with p = exp(-loss); a metric that asks for many
right tokens at once turns a smooth p into a jump, one that counts tokens does not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

MOST_ITEMS = 20_000
_SPARE_DIGITS = 2.5
"""How many digits more than those of n must agree before accuracies are taken for fractions of n."""


def token_probability(loss: ArrayLike) -> Array:
    """Give the chance that a token is right, exp(-loss), for a loss in nats per token of the answer."""
    return np.asarray(np.exp(-np.asarray(loss, float)))


def exact_match(loss: ArrayLike, tokens: float, *, chance: float = 0.0, ceiling: float = 1.0) -> Array:
    """Give the accuracy when all tokens must be right: p^T, between chance and ceiling.

    With a chance above 0, an answer is known with p^T and guessed otherwise.
    """
    return chance + (ceiling - chance) * np.exp(-tokens * np.asarray(loss, float))


def edit_distance(loss: ArrayLike, tokens: float) -> Array:
    """Give the expected number of wrong tokens, T(1 - p)."""
    return tokens * (1 - token_probability(loss))


def brier(loss: ArrayLike, options: int) -> Array:
    """Give the Brier score of the right option's p, the rest spread evenly: (1-p)^2 + (1-p)^2/(options-1)."""
    return (1 - token_probability(loss)) ** 2 * (1 + 1 / (options - 1))


def measured(accuracy: ArrayLike, items: int) -> Array:
    """Give an accuracy as n items show it at best: to the nearest of 0, 1/n, 2/n; below half of 1/n it reads 0."""
    return np.asarray(np.rint(np.asarray(accuracy, float) * items) / items)


def detectable(items: float, chance: float = 0.0) -> float:
    """Give the least accuracy that n items tell from chance at 95 %: three right answers where chance is 0."""
    return chance + max(-math.log(0.05), 1.645 * math.sqrt(items * chance * (1 - chance))) / items


def items_of(accuracy: Array) -> int:
    """Give the least number of items of which all accuracies are whole fractions, 0 if no number stands out."""
    found = accuracy[np.isfinite(accuracy) & (accuracy > 0) & (accuracy < 1)]
    if np.unique(found).size < 2:
        return 0
    digits = max(len(f"{value:.12g}".partition(".")[2]) for value in found.tolist())
    counts = np.arange(2.0, min(MOST_ITEMS, 10 ** max(digits - _SPARE_DIGITS, 0)))
    fraction = counts[:, None] * found
    fits = (np.abs(fraction - np.rint(fraction)) <= counts[:, None] * max(10.0**-digits, 1e-7)).all(axis=1)
    return int(counts[np.argmax(fits)]) if fits.any() else 0
