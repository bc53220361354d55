"""Muennighoff et al. 2023, Scaling Data-Constrained Language Models, arXiv:2305.16264: what repeated data are worth.

D counts the tokens seen and U those of them that are unique, so D/U is the number of epochs. The same holds for a
corpus with copies in it: U is what deduplication leaves. Later work that no curve here knows: Kim et al. 2025,
arXiv:2509.14786, find repeated data worth more under far stronger weight decay; Fang et al. 2025, arXiv:2503.07879,
repeat well-filtered data ten times without harm; Hernandez et al. 2022, arXiv:2205.10487, find that 0.1 % of the
data repeated a hundred times can cost a model half of its effective size, which no law of D and U can see.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from isoflop.estimate import Estimate
from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Kind, Nats, Params, Scale, Tokens

CITE = "Muennighoff et al. 2023, arXiv:2305.16264"

R_D = 15.387756
"""Repetitions after which 1 - 1/e of all that repeated tokens can ever give is had: R_D* of the paper."""
R_N = 5.309743
"""The same for parameters beyond those that the unique tokens can use: R_N* of the paper."""
G2 = 0.050986517653658275
"""Parameters that one unique token can use: G^2 of the paper, 1 / 19.6."""

STOCK_OF_PUBLIC_TEXT = Estimate(300e12, 100e12, 1000e12, level=0.9)
"""Tokens of public human text that training could use, as counted by Villalobos et al. 2024, arXiv:2211.04325v2."""

Repetitions = Annotated[float, Kind("Repetitions", "real", search=(2.0, 40.0))]
Ratio = Annotated[float, Kind("Ratio", "exponent", search=(0.01, 0.3))]


def effective_tokens(D: Any, U: Any, *, R_D: Any = R_D) -> Any:
    """Return how many fresh tokens D tokens are worth if only U of them are unique (eq. 5): D itself where D <= U."""
    return np.minimum(D, U) * (1 + R_D * (1 - np.exp(-np.maximum(D / U - 1, 0.0) / R_D)))


def effective_params(N: Any, U: Any, *, R_N: Any = R_N, G2: Any = G2) -> Any:
    """Give how many parameters N are worth on U unique tokens (eq. 6): N itself where U has enough for all of them."""
    return effective_tokens(N, G2 * U, R_D=R_N)


@law(cite=f"{CITE}, eqs. 5 and 6", family="unique data")
def muennighoff(
    N: Params,
    D: Tokens,
    U: Tokens,
    *,
    E: Floor,
    A: Scale,
    alpha: Exponent,
    B: Scale,
    beta: Exponent,
    R_N: Repetitions,
    R_D: Repetitions,
    G2: Ratio,
) -> Nats:
    """Chinchilla's law where D tokens hold only U unique ones: repeated tokens, and parameters beyond G2 U, fade."""
    return E + A / effective_params(N, U, R_N=R_N, G2=G2) ** alpha + B / effective_tokens(D, U, R_D=R_D) ** beta


muennighoff2023 = muennighoff.at(
    "muennighoff2023", E=1.8691436784054858, A=520.8249516599187, alpha=0.3526596, B=1487.716093782861, beta=0.3526596,
    R_N=R_N, R_D=R_D, G2=G2,
    cite=f"{CITE}, eqs. 5, 6, 16 and 17, digits of the authors' notebook",
    caution="Runs that more epochs or parameters made worse were left out of the fit, so this never shows overfitting; "
            "R_D is weakly determined: 95.4, with R_N 1.71, fits those runs as well.",
    fitted_on={"N": (7e6, 9e9)},
    checks=[({"N": 6.34e9, "D": 242e9, "U": 25e9}, 2.2256441), ({"N": 8.67e9, "D": 178e9, "U": 25e9}, 2.2269634),
            ({"N": 1e9, "D": 1e11, "U": 1e10}, 2.437692)],
)  # fmt: skip
