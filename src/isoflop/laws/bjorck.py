"""Bjorck et al. 2024, Scaling Optimal LR Across Token Horizons, arXiv:2409.19913.

The paper's exponents are 0.23 for N and 0.32 for D; its constant is not known to us, so it is to be fitted.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, LearningRate, Params, Scale, Tokens


@law(cite="Bjorck et al. 2024, arXiv:2409.19913", family="learning rate", name="bjorck-lr")
def bjorck_lr(N: Params, D: Tokens, *, k: Scale, a: Exponent, b: Exponent) -> LearningRate:
    """Best peak learning rate falls with the size and with the tokens."""
    return k / (N**a * D**b)
