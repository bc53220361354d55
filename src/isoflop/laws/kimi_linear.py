"""Kimi Team 2025, Kimi Linear: An Expressive, Efficient Attention Architecture, arXiv:2510.26692.

Mixtures with 8 of 64 experts, 653M to 1.7B active parameters, Muon. C = 6ND of the active parameters. The report says
1.16 times the efficiency: so the two curves say in the middle of the runs (1.18 at the smallest, 1.14 at the largest).
"""

from __future__ import annotations

from isoflop.laws import moonlight

CITE = "Kimi Team 2025, arXiv:2510.26692, figure 5"
_RANGE = {"C": (1.5e20, 1.3e21)}
_CAUTION = "Without a floor; the gain shrinks with compute, so the two curves cross far outside the range. C is 6ND of "
_ABOUT = {"cite": CITE, "caution": f"{_CAUTION}the active parameters.", "fitted_on": _RANGE}
kimi2025_attention = moonlight.moonlight_loss.at(
    "kimi2025-attention", k=2.3092, p=0.0536, **_ABOUT, summary="Mixtures of experts with full latent attention.",
    checks=[({"C": 5 * 8.64e19}, 2.1183453)],
)  # fmt: skip
kimi2025_linear = moonlight.moonlight_loss.at(
    "kimi2025-linear", k=2.2879, p=0.0527, **_ABOUT,
    summary="Mixtures of experts with three layers of linear attention to one of full attention.",
    checks=[({"C": 5 * 8.64e19}, 2.1018481)],
)  # fmt: skip
