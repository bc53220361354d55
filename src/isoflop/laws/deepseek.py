"""DeepSeek-AI 2024, DeepSeek LLM, arXiv:2401.02954.

Compute is C = M D, with M the training FLOPs of one token without embeddings and logits, attention included
(`flops_per_token`), not 6N: for small models 6N is less than half of it.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Flops, FlopsPerToken, LearningRate, Scale, Tokens

CITE = "DeepSeek-AI 2024, arXiv:2401.02954"
RANGE = {"C": (1e17, 2e19)}
ISOFLOP_RANGE = {"C": (1e17, 3e20)}


def flops_per_token(*, layers: float, width: float, context: float) -> float:
    """Give M, the training FLOPs of one token: 72 layers width² for the weights, 12 layers width context for attention.

    Equation 2 of the paper; vocabulary not counted.
    """
    return 72.0 * layers * width**2 + 12.0 * layers * width * context


@law(cite=f"{CITE}, eq. 1", family="learning rate", name="deepseek-lr")
def deepseek_lr(C: Flops, *, k: Scale, p: Exponent) -> LearningRate:
    """Best peak learning rate for C = M D training FLOPs."""
    return k / C**p


@law(cite=f"{CITE}, eq. 1", family="batch size", name="deepseek-batch")
def deepseek_batch(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best batch, in tokens, for C = M D training FLOPs."""
    return k * C**p


@law(cite=f"{CITE}, eq. 4", family="allocation", name="deepseek-flops-per-token")
def deepseek_flops_per_token(C: Flops, *, k: Scale, p: Exponent) -> FlopsPerToken:
    """Best size for C = M D training FLOPs, as M, the FLOPs of one token."""
    return k * C**p


@law(cite=f"{CITE}, eq. 4", family="allocation", name="deepseek-tokens")
def deepseek_tokens(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best number of tokens for C = M D training FLOPs."""
    return k * C**p


_C = "C counts M D (`flops_per_token`), not 6ND."
_DATA = (
    f"{_C} The exponent is that of the paper's current data; it moves with quality: size grows as C^0.450 on "
    "its early data, C^0.524 on the current, C^0.578 on OpenWebText2."
)
deepseek2024_lr = deepseek_lr.at(
    "deepseek2024-lr", k=0.3118, p=0.1250, cite=f"{CITE}, eq. 1",
    caution=f"{_C} For a schedule in steps after a warm-up. Some copies print 0.3188 or 0.3318.", fitted_on=RANGE,
    checks=[({"C": 1e20}, 0.00098599817), ({"C": 1e24}, 0.0003118)],
)  # fmt: skip
deepseek2024_batch = deepseek_batch.at(
    "deepseek2024-batch", k=0.2920, p=0.3271, cite=f"{CITE}, eq. 1", caution=_C, fitted_on=RANGE,
    checks=[({"C": 1e20}, 1017145.0), ({"C": 1e24}, 20691065.0)],
)  # fmt: skip
deepseek2024_flops_per_token = deepseek_flops_per_token.at(
    "deepseek2024-flops-per-token", k=0.1715, p=0.5243, cite=f"{CITE}, eq. 4", caution=_DATA, fitted_on=ISOFLOP_RANGE,
    checks=[({"C": 1e20}, 5251267300.0), ({"C": 1e24}, 656846850000.0)],
)  # fmt: skip
deepseek2024_tokens = deepseek_tokens.at(
    "deepseek2024-tokens", k=5.8316, p=0.4757, cite=f"{CITE}, eq. 4", caution=_DATA, fitted_on=ISOFLOP_RANGE,
    checks=[({"C": 1e20}, 19045296000.0), ({"C": 1e24}, 1522606700000.0)],
)  # fmt: skip
