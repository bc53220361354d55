"""The valley law: approach 2 of Hoffmann et al. 2022 (a parabola for each budget) written as one law.

No theory: what is above the floor is a power law of N and D times a parabola in the logarithm of tokens
per parameter, around 20. Its isoFLOP minima follow a power law exactly.
"""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Nats, Params, Real, Scale, Tokens


@law(
    cite="isoflop; the parabolas of Hoffmann et al. 2022, arXiv:2203.15556, section 3.2, as one surface",
    family="pre-training",
)
def valley(N: Params, D: Tokens, *, E: Floor, A: Scale, alpha: Exponent, beta: Exponent, q: Real) -> Nats:
    """Above a floor, loss is a power of N and of D, lifted by a parabola in log tokens per parameter."""
    return E + A / N**alpha / D**beta * np.exp(q * np.log(D / N / 20) ** 2)
