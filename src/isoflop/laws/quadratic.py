"""The log-quadratic surface: no theory, a Taylor series. Good within a decade, wild beyond."""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Nats, Params, Real, Tokens


@law(cite="second-order response surface, Box and Wilson 1951, in log N and log D", family="pre-training")
def log_quadratic(N: Params, D: Tokens, *, c: Real, c_N: Real, c_D: Real, c_NN: Real, c_ND: Real, c_DD: Real) -> Nats:
    """Log loss is a quadratic of log10 N and log10 D (around a billion of each)."""
    n = np.log10(N / 1e9)
    d = np.log10(D / 1e9)
    return np.exp(c + c_N * n + c_D * d + c_NN * n**2 + c_ND * n * d + c_DD * d**2)
