"""Pre-training laws with more freedom than two power laws; no curve: we know of no published constants.

Rosenfeld et al. 2019, arXiv:1909.12673, bound the loss by that of a model which only guesses. The generalised nesting
family is the law `coupled`. Li et al. 2025, Farseer, arXiv:2506.10972, let the data term depend on N: they write
exp(a3 N^gamma + b3) + exp(a2 N^beta + b2) D^-exp(a1 N^alpha + b1). Below, each a N^p + b is b + a ((N/1e9)^p - 1)/p,
so that b is its value and a its slope in log N at a billion parameters, which runs determine.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Kind, Nats, Params, Size, Tokens

Level = Annotated[float, Kind("Level", "real", search=(0.5, 3.0))]
Guess = Annotated[float, Kind("Guess", "real", search=(5.0, 15.0))]


@law(cite="Rosenfeld et al. 2019, arXiv:1909.12673, eq. 5", family="flexible")
def bounded(N: Params, D: Tokens, *, E: Level, N0: Size, alpha: Exponent, D0: Size, beta: Exponent, e_0: Guess) -> Nats:
    """Chinchilla's law where it is small, and the loss e_0 of a model that has learnt nothing where it is large."""
    unbounded = E + (N0 / N) ** alpha + (D0 / D) ** beta
    return unbounded / np.sqrt(1 + (unbounded / e_0) ** 2)


Slope = Annotated[float, Kind("Slope", "real", search=(-0.4, 0.2))]
Height = Annotated[float, Kind("Height", "real", search=(-0.5, 1.5))]
LogScale = Annotated[float, Kind("LogScale", "real", search=(0.0, 12.0))]
LogExponent = Annotated[float, Kind("LogExponent", "real", search=(-1.5, 0.0))]
Bend = Annotated[float, Kind("Bend", "exponent", search=(0.02, 0.5))]


def _bent(N: Any, slope: Any, power: Any) -> Any:
    """Return slope log(N / 1e9), bent by a power."""
    return slope * ((N / 1e9) ** power - 1) / power


@law(cite="Li et al. 2025, Farseer, arXiv:2506.10972", family="flexible")
def farseer(
    N: Params, D: Tokens, *, a1: Slope, b1: LogExponent, alpha: Bend, a2: Slope, b2: LogScale, beta: Bend,
    a3: Slope, b3: Height, gamma: Bend,
) -> Nats:  # fmt: skip
    """A power of D whose scale and exponent change with N, above a floor that does."""
    exponent = np.exp(b1 + _bent(N, a1, alpha))
    return np.exp(b3 + _bent(N, a3, gamma)) + np.exp(b2 + _bent(N, a2, beta)) * D**-exponent
