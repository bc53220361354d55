"""Chen et al. 2025, Scaling Law for Quantization-Aware Training, arXiv:2505.14302.

The table of its constants was seen only as copied by others, so it is not here: the form can be fitted.
"""

from __future__ import annotations

import math

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Count, Difference, Exponent, Params, Scale, Tokens


@law(cite="Chen et al. 2025, arXiv:2505.14302", family="precision", name="quantisation-aware")
def quantisation_aware(
    N: Params, D: Tokens, block: Count, *, k: Scale, gamma_N: Exponent, gamma_D: Exponent, gamma_G: Exponent
) -> Difference:
    """Loss added by training with four-bit weights or activations, QAT; it grows with tokens and with the group."""
    return k * D**gamma_D * (np.log(block) / math.log(2)) ** gamma_G / N**gamma_N
