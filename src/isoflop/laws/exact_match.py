"""Schaeffer et al. 2023, Are Emergent Abilities of Large Language Models a Mirage?, arXiv:2304.15004."""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Accuracy, Exponent, Params, Size, Tokens

CITE = "Schaeffer et al. 2023, arXiv:2304.15004"


@law(cite=CITE, family="downstream")
def exact_match(N: Params, length: Tokens, *, N_c: Size, alpha: Exponent) -> Accuracy:
    """Chance that all tokens of an answer are right, where each is with p = exp(-loss): smooth below, a jump above."""
    return np.exp(-length * (N_c / N) ** alpha)


schaeffer2023_exact_match = exact_match.at(
    "schaeffer2023-exact-match", N_c=8.8e13, alpha=0.076,
    cite=f"{CITE}, with the loss of Kaplan et al. 2020, arXiv:2001.08361, eq. 1.1",
    caution="An illustration of how a metric makes a jump, not a forecast: the loss is that of web text.",
    checks=[({"N": 1e9, "length": 5}, 6.9400507e-06), ({"N": 1e11, "length": 5}, 0.00023160291)],
)  # fmt: skip
