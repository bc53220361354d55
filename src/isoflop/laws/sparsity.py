"""Frantar et al. 2023, Scaling Laws for Sparsely-Connected Foundation Models, arXiv:2309.08520.

N counts the parameters that are not zero; sparsity is the share that is.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Nats, Params, Scale, Share, Size, Tokens

CITE = "Frantar et al. 2023, arXiv:2309.08520"


@law(cite=f"{CITE}, eq. 1", family="sparsity")
def frantar(
    N: Params, D: Tokens, sparsity: Share,
    *, c: Floor, a_S: Scale, b_S: Exponent, c_S: Scale, b_N: Exponent, a_D: Size, b_D: Exponent,
) -> Nats:  # fmt: skip
    """Loss of a pruned model with N parameters left: at equal N, what was pruned from more is better."""
    return (a_S * (1 - sparsity) ** b_S + c_S) * (1 / N) ** b_N + (a_D / D) ** b_D + c


_N = "N counts the parameters that are not zero."
frantar2023_t5 = frantar.at(
    "frantar2023-t5", c=0.651, a_S=16.8, b_S=0.722, c_S=45.0, b_N=0.245, a_D=6.90e8, b_D=0.203,
    cite=f"{CITE}, T5 on C4", caution=_N,
    checks=[({"N": 85e6, "D": 1e11, "sparsity": 0.75}, 1.5990684)],
)  # fmt: skip
frantar2023_vit = frantar.at(
    "frantar2023-vit", c=4.517, a_S=294.0, b_S=0.821, c_S=468.0, b_N=0.392, a_D=2.37e8, b_D=0.890,
    cite=f"{CITE}, ViT on JFT-4B", caution=f"{_N} D counts images.",
    checks=[({"N": 20e6, "D": 1e9, "sparsity": 0.75}, 5.5671494)],
)  # fmt: skip
