"""Bergsma et al. 2025, Power Lines, arXiv:2505.13738: how many steps AdamW's weight decay should remember.

Models of 111M to 3.3B on SlimPajama, with µP. The paper's best batch grows as D^0.383, its critical batch as D^0.462.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Params, Scale, Share, Tokens

CITE = "Bergsma et al. 2025, arXiv:2505.13738"


@law(cite=CITE, family="learning rate", name="powerlines-timescale")
def powerlines_timescale(N: Params, D: Tokens, *, k: Scale, p: Exponent) -> Share:
    """Best timescale of AdamW as a share of the run: B / (learning rate x weight decay x D)."""
    return k * (N / D) ** p


bergsma2025_timescale = powerlines_timescale.at(
    "bergsma2025-timescale", k=1.084, p=0.527, cite=CITE, fitted_on={"N": (111e6, 3.3e9)},
    caution="The learning rate is that of the hidden weights, with µP.",
    checks=[({"N": 1e9, "D": 2e10}, 0.22355607), ({"N": 1e9, "D": 2e11}, 0.06643339919)],
)  # fmt: skip
