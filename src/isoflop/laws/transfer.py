"""Hernandez et al. 2021, Scaling Laws for Transfer, arXiv:2102.01293: what pre-training saves in fine-tuning data.

N counts non-embedding parameters; data are Python code, D in characters (not tokens), while data are scarce.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Count, Exponent, Kind, Nats, Params, Scale, Size

CITE = "Hernandez et al. 2021, arXiv:2102.01293"


@law(cite=f"{CITE}, eq. 1.1", family="transfer")
def transferred(D: Count, N: Params, *, k: Scale, alpha: Exponent, beta: Exponent) -> Count:
    """The fine-tuning data that pre-training is worth, to a model of N parameters fine-tuned on D."""
    return k * D**alpha * N**beta


Shift = Annotated[float, Kind("Shift", "real", search=(-5.0, 15.0))]


@law(cite=f"{CITE}, the unified law", family="transfer")
def transferred_loss(
    N: Params, D: Count, *, N_c: Size, alpha_N: Exponent, alpha_D: Exponent, shift: Shift, alpha: Exponent,
    beta: Exponent,
) -> Nats:  # fmt: skip
    """Kaplan's law of N and data, with the data transferred for data: exp(shift) is D_c over that of D 1e6, N 1e8."""
    scarcity = np.exp(shift) * (1e6 / D) ** alpha * (1e8 / N) ** beta
    return ((N_c / N) ** (alpha_N / alpha_D) + scarcity) ** alpha_D


_CAUTION = "D and the result count characters of Python, in the low-data regime only; N is non-embedding."
hernandez2021_text = transferred.at(
    "hernandez2021-text", k=1.9e4, alpha=0.18, beta=0.38, cite=f"{CITE}, table 1, from text to Python",
    caution=_CAUTION, checks=[({"D": 1e6, "N": 1e8}, 2.5046878e8)],
)  # fmt: skip
hernandez2021_mix = transferred.at(
    "hernandez2021-mix", k=2.1e5, alpha=0.096, beta=0.38, cite=f"{CITE}, table 1, from half text, half code to Python",
    caution=_CAUTION, checks=[({"D": 1e6, "N": 1e8}, 8.673997542e8)],
)  # fmt: skip
