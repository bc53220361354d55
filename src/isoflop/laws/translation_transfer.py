"""Isik et al. 2024, Scaling Laws for Downstream Task Performance in Machine Translation, arXiv:2402.04177."""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Real, Score, Tokens


@law(cite="Isik et al. 2024, arXiv:2402.04177", family="downstream")
def bleu(D: Tokens, *, c: Real, alpha: Exponent, beta: Exponent) -> Score:
    """BLEU after fine-tuning a model pre-trained on D tokens (c is log A of the paper's (log(A D^alpha))^beta).

    Where pre-training data and task do not match, the score can fall while the loss improves: no law of it then.
    """
    return (c + alpha * np.log(D)) ** beta
