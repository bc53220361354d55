"""Laws of data mixtures: loss on one domain from the shares of the training data. No curve: constants are per domain.

share_1 and share_2 are the shares of two domains in the training tokens; further domains are what is left of 1.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Kind, Nats, Params, Scale, Share, Size, Tokens

Slope = Annotated[float, Kind("Slope", "real", search=(-5.0, 1.0))]


@law(cite="Ye et al. 2024, Data Mixing Laws, arXiv:2403.16952", family="mixtures", name="mixing")
def mixing(share_1: Share, share_2: Share, *, c: Floor, k: Scale, t_1: Slope, t_2: Slope) -> Nats:
    """Loss on a domain above its floor is the exponential of a sum over the shares of the mixture."""
    return c + k * np.exp(t_1 * share_1 + t_2 * share_2)


@law(cite="Ge et al. 2024, BiMix, arXiv:2405.14908", family="mixtures")
def bimix(share: Share, D: Tokens, *, c: Floor, B: Scale, beta: Exponent, alpha: Exponent) -> Nats:
    """Loss on a domain is a power of its share, times a power of the tokens towards a floor."""
    return (c + B / D**beta) / share**alpha


@law(cite="Shukor et al. 2025, arXiv:2507.09404, the additive law", family="mixtures")
def shukor(
    N: Params, D: Tokens, share_1: Share, share_2: Share, *, E: Floor, A: Scale, alpha: Exponent, B: Scale,
    beta: Exponent, C_1: Size, gamma_1: Exponent, C_2: Size, gamma_2: Exponent,
) -> Nats:  # fmt: skip
    """Chinchilla's law of a target domain, plus a term that falls with powers of the shares of the mixture."""
    return E + A / N**alpha + B / D**beta + 1 / ((share_1 / C_1) ** gamma_1 + (share_2 / C_2) ** gamma_2)
