"""Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, arXiv:2203.15556, and its corrections.

N counts all parameters, embeddings included; loss in nats per token. Rosenfeld et al. 2019, arXiv:1909.12673,
wrote the same sum of two powers and a floor two years before, inside a bound (see `bounded`).
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Nats, Params, Scale, Tokens

CITE = "Hoffmann et al. 2022, arXiv:2203.15556"
RANGE = {"N": (44e6, 16e9), "D": (5e9, 5e11), "C": (6e18, 1e22)}


@law(cite=f"{CITE}, eq. 2", family="pre-training")
def chinchilla(N: Params, D: Tokens, *, E: Floor, A: Scale, alpha: Exponent, B: Scale, beta: Exponent) -> Nats:
    """Loss falls as a power of parameters and a power of tokens, towards a floor E."""
    return E + A / N**alpha + B / D**beta


hoffmann2022 = chinchilla.at(
    "hoffmann2022", E=1.6933736809989528, A=406.4010175194737, alpha=0.33917084, B=410.7228269450398, beta=0.2849083,
    cite=f"{CITE}, approach 3, digits of the TeX source (via arXiv:2404.10102)",
    caution="Approach 3; Besiroglu et al. 2024 show that it fits the paper's own runs badly. See besiroglu2024.",
    fitted_on=RANGE,
    checks=[({"N": 70e9, "D": 1.4e12}, 1.920846), ({"N": 280e9, "D": 300e9}, 1.9672433),
            ({"N": 1e9, "D": 2e10}, 2.5306682)],
)  # fmt: skip
hoffmann2022_rounded = chinchilla.at(
    "hoffmann2022-rounded", E=1.69, A=406.4, alpha=0.34, B=410.7, beta=0.28,
    cite=f"{CITE}, eq. 10 of appendix D",
    caution="Rounded: not for allocation. At 5.76e23 FLOPs it asks for 92.6 tokens per parameter, unrounded 58.9.",
    fitted_on=RANGE,
    checks=[({"N": 70e9, "D": 1.4e12}, 1.9366455), ({"N": 280e9, "D": 300e9}, 1.9932585),
            ({"N": 1e9, "D": 2e10}, 2.5800479)],
)  # fmt: skip
besiroglu2024 = chinchilla.at(
    "besiroglu2024", E=1.8172, A=482.01, alpha=0.3478, B=2085.43, beta=0.3658,
    cite="Besiroglu et al. 2024, arXiv:2404.10102, eq. 5",
    summary="The Chinchilla law refitted to 240 of the paper's runs, read off its figure 4.",
    fitted_on=RANGE,
    checks=[({"N": 70e9, "D": 1.4e12}, 1.9738819), ({"N": 280e9, "D": 300e9}, 1.9996077),
            ({"N": 1e9, "D": 2e10}, 2.5300503)],
)  # fmt: skip
muennighoff2023_c4 = chinchilla.at(
    "muennighoff2023-c4", E=1.8691436784054858, A=520.8249516599187, alpha=0.3526596, B=1487.716093782861,
    beta=0.3526596,
    cite="Muennighoff et al. 2023, arXiv:2305.16264, appendix B",
    summary="The Chinchilla law on C4, with both exponents tied.",
    fitted_on={"C": (1e19, 1e21)},
    checks=[({"N": 70e9, "D": 1.4e12}, 2.0245971), ({"N": 280e9, "D": 300e9}, 2.0503313),
            ({"N": 1e9, "D": 2e10}, 2.564635)],
)  # fmt: skip
