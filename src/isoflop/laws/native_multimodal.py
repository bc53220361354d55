"""Shukor et al. 2025, Scaling Laws for Native Multimodal Models, arXiv:2504.07951 (v4).

Loss is the mean over captions, interleaved documents and text. The dense fits of loss to N and D print exponents but no
A and B, so only the sparse one (8 experts, one used) can be evaluated. The paper's figures 9 and 26 differ for the
sparse frontier; figure 26 and the text are taken.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.laws import chinchilla
from isoflop.quantities import Exponent, Flops, Nats, Scale

CITE = "Shukor et al. 2025, arXiv:2504.07951"


@law(cite=f"{CITE}, figure 26", family="other domains", name="multimodal-C")
def multimodal_c(C: Flops, *, k: Scale, p: Exponent) -> Nats:
    """Loss of the best model of text and images for C training FLOPs; without a floor."""
    return k / C**p


shukor2025_sparse = chinchilla.chinchilla.at(
    "shukor2025-sparse", E=2.158, A=381773.0, alpha=0.71, B=4659.0, beta=0.372, cite=f"{CITE}, table 12",
    summary="Early fusion, mixtures of 8 experts of which one is used.",
    caution="N counts active parameters. Its steep exponent belongs to its high floor: inside the range only. Tokens "
            "of text and images, 45 % captions, 45 % interleaved, 10 % text.",
    fitted_on={"N": (0.275e9, 3.35e9), "D": (2.5e9, 600e9)}, holds={"N": (0.275e9, 3.35e9), "D": (2.5e9, 600e9)},
    checks=[({"N": 1e9, "D": 1e11}, 2.6904846)], printed=[({"N": 2.28e9, "D": 2e11}, 2.53591, 0.0009)],
)  # fmt: skip
_ABOUT = {
    "caution": "Without a floor: not beyond its range. C is 6ND, in late fusion 6 (N_v D_v + N D).",
    "fitted_on": {"C": (3e19, 1e22)},
}
shukor2025_early_C = multimodal_c.at(
    "shukor2025-early-C", k=29.574, p=0.0492, cite=f"{CITE}, figure 26", summary="Early fusion, dense.", **_ABOUT,
    checks=[({"C": 1e21}, 2.7397445)],
)  # fmt: skip
shukor2025_late_C = multimodal_c.at(
    "shukor2025-late-C", k=29.923, p=0.0494, cite=f"{CITE}, figure 26", summary="Late fusion, dense.", **_ABOUT,
    checks=[({"C": 1e21}, 2.7453969)],
)  # fmt: skip
shukor2025_sparse_C = multimodal_c.at(
    "shukor2025-sparse-C", k=27.086, p=0.048, cite=f"{CITE}, figure 26", summary="Early fusion, sparse.", **_ABOUT,
    checks=[({"C": 1e21}, 2.6591625)], printed=[({"C": 6 * 2.28e9 * 2e11}, 2.5337473, 0.0009)],
)  # fmt: skip
