"""Liu et al. 2025, Muon is Scalable for LLM Training (Moonlight), arXiv:2502.16982: settings from compute."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Flops, LearningRate, Scale, Tokens

CITE = "Liu et al. 2025, arXiv:2502.16982"


@law(cite=CITE, family="learning rate", name="moonlight-lr")
def moonlight_lr(C: Flops, *, k: Scale, p: Exponent) -> LearningRate:
    """Best peak learning rate for C = 6ND training FLOPs."""
    return k / C**p


@law(cite=CITE, family="batch size", name="moonlight-batch")
def moonlight_batch(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best batch, in tokens, for C = 6ND training FLOPs."""
    return k * C**p


_ONE = "One transcription of the paper; the range of its runs is not known to us."
moonlight2025_lr = moonlight_lr.at(
    "moonlight2025-lr", k=0.0127, p=0.057, cite=CITE, caution=_ONE,
    checks=[({"C": 1e20}, 0.0009200336693), ({"C": 1e23}, 0.0006205884964)],
)  # fmt: skip
moonlight2025_batch = moonlight_batch.at(
    "moonlight2025-batch", k=0.0065, p=0.4138, cite=CITE, caution=f"{_ONE} That it counts tokens is inferred.",
    checks=[({"C": 1e20}, 1227194.377), ({"C": 1e23}, 21395052.51)],
)  # fmt: skip
