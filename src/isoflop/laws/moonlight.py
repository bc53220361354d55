"""Liu et al. 2025, Muon is Scalable for LLM Training (Moonlight), arXiv:2502.16982: Muon, AdamW, settings from compute.

Settings and allocation take C = 6ND in FLOPs; the loss laws take PF-days in the paper, FLOPs here. The text says that
Muon needs 52 % of AdamW's FLOPs; the two printed loss curves give 44 to 49 % inside their range.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.laws import approaches
from isoflop.quantities import PF_DAY, Exponent, Flops, LearningRate, Nats, Scale, Tokens

CITE = "Liu et al. 2025, arXiv:2502.16982"


@law(cite=CITE, family="learning rate", name="moonlight-lr")
def moonlight_lr(C: Flops, *, k: Scale, p: Exponent) -> LearningRate:
    """Best peak learning rate for C = 6ND training FLOPs."""
    return k / C**p


@law(cite=CITE, family="batch size", name="moonlight-batch")
def moonlight_batch(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best batch, in tokens, for C = 6ND training FLOPs."""
    return k * C**p


@law(cite=f"{CITE}, table 3", family="pre-training", name="moonlight-loss")
def moonlight_loss(C: Flops, *, k: Scale, p: Exponent) -> Nats:
    """Loss of the best model for C training FLOPs, without a floor: k at one PF-day."""
    return k / (C / PF_DAY) ** p


RANGE = {"C": (1e20, 1e21)}
_ROWS = "Models of table 2: rates 1 to 3 % below the law."
moonlight2025_lr = moonlight_lr.at(
    "moonlight2025-lr", k=0.0127339, p=0.0574752, cite=f"{CITE}, table 9", caution=_ROWS, fitted_on=RANGE,
    checks=[({"C": 1e20}, 0.00090252125), ({"C": 1e23}, 0.00060678081)],
    printed=[({"C": 4.59108e19}, 0.0009143, 0.033), ({"C": 1.0238832e20}, 0.0008825, 0.022),
             ({"C": 3.5019e20}, 0.0008305, 0.0115)],
)  # fmt: skip
moonlight2025_batch = moonlight_batch.at(
    "moonlight2025-batch", k=0.0065202, p=0.4137915, cite=f"{CITE}, table 9", fitted_on=RANGE,
    caution="That it counts tokens is inferred: so it gives 152, 195 and 252 sequences of 8192 where 160, 192 and 256 "
            "were used.",
    checks=[({"C": 1e20}, 1230526.35), ({"C": 1e23}, 21451882.9)],
    printed=[({"C": 1.88364e20}, 192 * 8192, 0.017), ({"C": 3.5019e20}, 256 * 8192, 0.0145)],
)  # fmt: skip
_SMALLEST = "The smallest model of table 2 (399M) lies 8 % off. N leaves out embeddings; C is 6ND."
liu2025_N = approaches.hoffmann_n_opt.at(
    "liu2025-N", k=0.0483359, a=0.5112684, cite=f"{CITE}, table 9", caution=_SMALLEST, fitted_on=RANGE,
    checks=[({"C": 1e21}, 2635762103.0)],
    printed=[({"C": 4.59108e19}, 545e6, 0.001), ({"C": 1.0238832e20}, 822e6, 0.0001)],
)  # fmt: skip
liu2025_D = approaches.hoffmann_d_opt.at(
    "liu2025-D", k=3.4480927, b=0.4887316, cite=f"{CITE}, table 9", caution=_SMALLEST, fitted_on=RANGE,
    checks=[({"C": 1e21}, 63232817460.0)],
    printed=[({"C": 4.59108e19}, 14.04e9, 0.001), ({"C": 1.0238832e20}, 20.76e9, 0.0001)],
)  # fmt: skip
_LOSS = {
    "cite": f"{CITE}, table 3",
    "fitted_on": {"C": (2.1e19, 3.5e20)},
    "caution": "Without a floor; best models only. Two-digit exponents: the text's 52 % of AdamW's FLOPs for Muon does "
               "not follow from these curves, which give 44 to 49 %.",
}  # fmt: skip
liu2025_muon = moonlight_loss.at(
    "liu2025-muon", k=2.506, p=0.052, summary="Muon, context 8192.", **_LOSS, checks=[({"C": 8.64e20}, 2.2232130)]
)
liu2025_adamw = moonlight_loss.at(
    "liu2025-adamw", k=2.608, p=0.054, summary="AdamW, context 8192.", **_LOSS, checks=[({"C": 8.64e20}, 2.3030724)]
)
