"""Sun et al. 2025, Scaling Laws for Floating-Point Quantization Training, arXiv:2501.02423.

Weights, activations and gradients in floats of e exponent and m mantissa bits (and one of sign), one scaling factor for
`block` values. Few bits cost the more the longer a model is trained: beyond `critical_tokens` more data does harm.
"""

from __future__ import annotations

import math

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Bits, Count, Exponent, Floor, Nats, Params, Scale, Size, Tokens

CITE = "Sun et al. 2025, arXiv:2501.02423"


@law(cite=f"{CITE}, eq. 17", family="precision", name="float-bits")
def float_bits(
    N: Params, D: Tokens, exponent_bits: Bits, mantissa_bits: Bits, block: Count,
    *, eps: Floor, n: Scale, alpha: Exponent, d: Scale, beta: Exponent, gamma: Size, delta: Exponent, nu: Exponent,
) -> Nats:  # fmt: skip
    """Loss of a model trained in floats of few bits: what they cost grows with tokens and falls with parameters."""
    bits = (exponent_bits + 0.5) ** delta * (mantissa_bits + 0.5) ** nu
    return n / N**alpha + d / D**beta + eps + D**beta / N**alpha * np.log(block) / math.log(2) / (gamma * bits)


sun2025_float = float_bits.at(
    "sun2025-float", n=69.2343, alpha=0.2368, d=68973.0621, beta=0.5162, eps=1.9061, gamma=11334.5197, delta=3.1926,
    nu=2.9543, cite=f"{CITE}, table 2 of its appendix B.1",
    caution="More tokens raise this loss beyond its critical tokens (`critical_tokens`). A scaling factor for a whole "
            "channel acts as a block of 2^13.16; for whole tensors the paper prints no constants.",
    fitted_on={"N": (41e6, 679e6), "D": (10e9, 100e9), "block": (32.0, 512.0)},
    checks=[({"N": 1e9, "D": 1e11, "exponent_bits": 4, "mantissa_bits": 3, "block": 128}, 2.5630699),
            ({"N": 1e9, "D": 1e11, "exponent_bits": 2, "mantissa_bits": 1, "block": 128}, 2.5978660)],
)  # fmt: skip


def critical_tokens(N: float, *, exponent_bits: float, mantissa_bits: float, block: float = 128) -> float:
    """Return the tokens beyond which training longer in these floats raises the loss.

    D = [d gamma N^alpha (e + 1/2)^delta (m + 1/2)^nu / log2 block]^(1 / (2 beta)), Sun et al. 2025, eq. 21. The paper
    gives 1730T, 27T and 0.4T for 1B parameters in BF16, FP8 (E4M3) and FP4 (E2M1); a block of 128 fits all three.
    """
    c = sun2025_float.values
    bits = (exponent_bits + 0.5) ** c["delta"] * (mantissa_bits + 0.5) ** c["nu"]
    return float((c["d"] * c["gamma"] * N ** c["alpha"] * bits / math.log2(block)) ** (1 / (2 * c["beta"])))
