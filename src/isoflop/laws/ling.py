"""Tian et al. 2025, Towards Greater Leverage: Scaling Laws for Efficient Mixture-of-Experts (Ling), arXiv:2507.17702.

Over 300 models. C = M D, where M is FLOPs of one token without embeddings (DeepSeek's count), not 6N. The bases of the
logarithms are not printed: log10 of C with log2 of the granularity is the only pair that gives the published optimum
(8 to 12) and the published leverage (more than 7).
"""

from __future__ import annotations

import math

import numpy as np

from isoflop.formula.law import law
from isoflop.laws import deepseek
from isoflop.quantities import Count, Flops, Granularity, Real, Share, Size

CITE = "Tian et al. 2025, arXiv:2507.17702"


@law(cite=f"{CITE}, eq. 10 and 13", family="mixture of experts", name="efficiency-leverage")
def efficiency_leverage(
    C: Flops, activation: Share, granularity: Granularity, *, A_0: Size, a: Real, d: Real, gamma: Real, beta: Real
) -> Count:
    """How many times the FLOPs a dense model needs for the loss of a mixture of experts trained with C FLOPs.

    activation is the share of experts a token uses, shared ones included; granularity is how finely they are cut
    (2 is the usual coarse one). The paper's A_max of 5e16 is left out: it changes nothing.
    """
    G = np.log(granularity) / math.log(2)
    return (activation + A_0) ** (a + d * np.log10(C) + gamma * G**2 + beta * G)


_SETTING = "C counts M D, not 6ND. For mixtures with 4 of 64 experts and one shared."
_DENSE = "C counts M D, not 6ND. Dense models, beside the paper's mixtures."
_RANGE = {"C": (3e18, 3e20)}
tian2025_leverage = efficiency_leverage.at(
    "tian2025-leverage", a=1.23, d=-7.61e-2, gamma=1.67e-2, beta=-1.17e-1, A_0=1.63e-2, cite=f"{CITE}, table 2",
    caution="The bases of the logarithms are inferred. Fitted to leverages below 6, one shared expert, up to 28B in "
            "all. At 3.4 % and granularity 12 it gives 6.96, where the text says more than 7.",
    fitted_on={**_RANGE, "activation": (0.008, 1.0)},
    checks=[({"C": 1e22, "activation": 0.031, "granularity": 12}, 7.2448978)],
    printed=[({"C": 1e22, "activation": 0.031, "granularity": 12}, 7.0, 0.036),
             ({"C": 1e20, "activation": 1.0, "granularity": 2}, 1.0, 0.007)],
)  # fmt: skip
tian2025_moe_lr = deepseek.deepseek_lr.at(
    "tian2025-moe-lr", k=1.1576, p=0.1529, cite=f"{CITE}, table 1", fitted_on=_RANGE,
    caution=f"{_SETTING} AdamW, warm-up, stable, decay. Holds for activation ratios of 4.7 to 10.9 %.",
    checks=[({"C": 6.3e22}, 0.00037804136)], printed=[({"C": 6.3e22}, 3.78e-4, 0.0002)],
)  # fmt: skip
tian2025_moe_batch = deepseek.deepseek_batch.at(
    "tian2025-moe-batch", k=0.0694, p=0.3644, cite=f"{CITE}, table 1", fitted_on=_RANGE,
    caution=f"{_SETTING} That it counts tokens is inferred: 1792 sequences of 8192 at the compute that the rate of the "
            "same model implies.",
    checks=[({"C": 6.3e22}, 14107146.18)], printed=[({"C": 6.3e22}, 1792 * 8192, 0.04)],
)  # fmt: skip
tian2025_moe_flops_per_token = deepseek.deepseek_flops_per_token.at(
    "tian2025-moe-flops-per-token", k=0.1915, p=0.5095, cite=f"{CITE}, table 1", caution=_SETTING, fitted_on=_RANGE,
    checks=[({"C": 1e21}, 9586691800.0)],
)  # fmt: skip
tian2025_dense_flops_per_token = deepseek.deepseek_flops_per_token.at(
    "tian2025-dense-flops-per-token", k=0.0655, p=0.5422, cite=f"{CITE}, table 1", caution=_DENSE, fitted_on=_RANGE,
    checks=[({"C": 1e21}, 15938274416.0)],
)  # fmt: skip
tian2025_moe_tokens = deepseek.deepseek_tokens.at(
    "tian2025-moe-tokens", k=5.2232, p=0.4905, cite=f"{CITE}, table 1", caution=_SETTING, fitted_on=_RANGE,
    checks=[({"C": 1e21}, 104336594057.0)],
)  # fmt: skip
tian2025_dense_tokens = deepseek.deepseek_tokens.at(
    "tian2025-dense-tokens", k=15.2582, p=0.4578, cite=f"{CITE}, table 1", caution=_DENSE, fitted_on=_RANGE,
    checks=[({"C": 1e21}, 62705163300.0)],
)  # fmt: skip
