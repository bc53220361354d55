"""Grattafiori et al. 2024, The Llama 3 Herd of Models, arXiv:2407.21783: the best tokens for a budget.

Budgets of 6e18 to 1e22 FLOPs, models of 40M to 16B. The paper's "N*(C) = A C^alpha" is the number of training tokens.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Flops, Scale, Tokens

CITE = "Grattafiori et al. 2024, arXiv:2407.21783"
RANGE = {"C": (6e18, 1e22)}


@law(cite=f"{CITE}, section 3.2.1", family="allocation", name="llama-tokens")
def llama_tokens(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best number of tokens for C training FLOPs."""
    return k * C**p


llama2024_tokens = llama_tokens.at(
    "llama2024-tokens", k=0.299, p=0.537, cite=f"{CITE}, label of figure 3", fitted_on=RANGE,
    caution="At 3.8e25 FLOPs it gives 16.3T; the paper says 16.55T, and 402B parameters although 6ND leaves 383B.",
    checks=[({"C": 3.8e25}, 16293522000000.0)],
)  # fmt: skip
llama2024_tokens_rounded = llama_tokens.at(
    "llama2024-tokens-rounded", k=0.29, p=0.53, cite=f"{CITE}, section 3.2.1", fitted_on=RANGE,
    caution="Rounded too far: at 3.8e25 FLOPs it gives 10.5T, the paper says 16.55T. See llama2024-tokens.",
    checks=[({"C": 3.8e25}, 1.04636524e13)],
)  # fmt: skip
