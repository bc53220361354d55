"""Laws of data whose quality differs; their papers' constants belong to their own data, so there is no curve.

Goyal et al. 2024, arXiv:2404.07177: what a pass over the same data adds falls with every pass.
Subramanyam et al. 2025, arXiv:2510.03313: a measured quality multiplies the tokens.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import ErrorRate, Exponent, Floor, Kind, Nats, Params, Scale, Share, Tokens

PASSES = 10
"""The last pass whose utility is still lower than that of the pass before: the most the paper trains."""

Epochs = Annotated[float, Kind("Epochs", "real", search=(0.5, 10.0))]


def _counted_growth(D: Any, U: Any, tau: Any) -> Any:
    """Return the logarithm of D, its growth in the k-th pass counted 2^(-(k-1)/tau) times."""
    total = np.log(np.minimum(D, U))
    for passes in range(1, PASSES):
        grown = np.maximum(D / U, passes) / passes
        if passes < PASSES - 1:
            grown = np.minimum(grown, (passes + 1) / passes)
        total = total + 2 ** (-passes / tau) * np.log(grown)
    return total


@law(cite="Goyal et al. 2024, arXiv:2404.07177, the law of one data pool", family="unique data")
def goyal(D: Tokens, U: Tokens, *, d: Floor, a: Scale, b: Exponent, tau: Epochs) -> ErrorRate:
    """Error falls with power b in the first pass over U samples; that power is halved every tau passes."""
    return d + a * np.exp(-b * _counted_growth(D, U, tau))


@law(cite="Subramanyam et al. 2025, arXiv:2510.03313", family="unique data")
def subramanyam(
    N: Params, D: Tokens, quality: Share, *, E: Floor, A: Scale, alpha: Exponent, B: Scale, beta: Exponent,
    gamma: Exponent,
) -> Nats:  # fmt: skip
    """Chinchilla's law where the quality of the data, from 0 to 1, multiplies what D tokens are worth."""
    return E + A / N**alpha + B / (D**beta * quality**gamma)
