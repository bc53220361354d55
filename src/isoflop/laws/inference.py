"""Training with inference in mind: more tokens for a smaller model, many samples from it, a shape that runs fast."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from isoflop.errors import UsageError
from isoflop.formula.arrays import Array
from isoflop.formula.law import Curve, law
from isoflop.quantities import Count, Exponent, Floor, Nats, Params, Real, Scale, Tokens


@law(cite="T2 scaling laws, 2026, arXiv:2604.01411", family="inference")
def t2(
    N: Params, D: Tokens, samples: Count,
    *, E: Floor, A: Scale, alpha: Exponent, B: Scale, beta: Exponent, G: Scale, gamma: Exponent,
) -> Nats:  # fmt: skip
    """Chinchilla's law with a term for the samples drawn in use, which cost 2 N FLOPs a token each."""
    return E + A / N**alpha + B / D**beta + G / samples**gamma


@law(cite="Bian et al. 2025, arXiv:2501.18107, as its code open-lm-morph writes it", family="inference")
def bian(
    N: Params, D: Tokens, aspect: Count,
    *, E: Floor, A: Scale, alpha: Exponent, B: Scale, beta: Exponent, epsilon: Real, gamma: Exponent,
) -> Nats:  # fmt: skip
    """Chinchilla's law for models of any shape: wide and shallow ones (aspect = width / layers) lose a little.

    The paper's code ties all three exponents (`fix={"beta": "alpha", "gamma": "alpha"}`).
    """
    return (E + A / N**alpha + B / D**beta) * (1 + epsilon * aspect**gamma)


def tokens_for_smaller(curve: Curve, share: ArrayLike) -> Array:
    """Return by what the best tokens must be multiplied if only a share of the best size is to reach the same loss.

    de Vries 2023, Go smol or go home: k_D = (1 - (k_N^-alpha - 1) beta / alpha)^(-1 / beta), the same for every budget;
    training then costs k_N k_D times as much. Infinite where no number of tokens suffices.

    >>> from isoflop.laws import find_curve
    >>> bool(isoflop.tokens_for_smaller(find_curve("besiroglu2024"), 0.5) > 1)
    True
    """
    if curve.law.name != "chinchilla":
        raise UsageError(f"{curve.name} is a curve of {curve.law.name}. Give a curve of chinchilla.")
    alpha, beta = curve.values["alpha"], curve.values["beta"]
    left = 1 - (np.asarray(share, float) ** -alpha - 1) * beta / alpha
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(left, 0.0) ** (-1 / beta))
