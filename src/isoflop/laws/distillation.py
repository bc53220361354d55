"""Busbridge et al. 2025, Distillation Scaling Laws, arXiv:2502.08606.

The student's law has constants that we could not verify, so it can be fitted but has no curve.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.laws import coupled
from isoflop.quantities import Exponent, Nats, Params, Real, Size, Tokens

CITE = "Busbridge et al. 2025, arXiv:2502.08606"

busbridge2025_supervised = coupled.coupled.at(
    "busbridge2025-supervised", E=1.220, N0=3355 ** (1 / 0.408), alpha=0.408 * 0.452,
    D0=18186 ** (1 / 0.431), beta=0.431 * 0.452, k=0.452,
    cite=f"{CITE}, the supervised fit, E + (A/N^a + B/D^b)^g",
    summary="Models trained without a teacher, on C4.",
    fitted_on={"N": (143e6, 12.6e9)},
    checks=[({"N": 1e9, "D": 2e10}, 2.3746922)],
)  # fmt: skip


@law(cite=CITE, family="distillation")
def busbridge(
    N: Params, D: Tokens, L: Nats, L_alone: Nats,
    *, c0: Exponent, c1: Real, d1: Size, f1: Exponent,
    N0: Size, alpha: Exponent, D0: Size, beta: Exponent, gamma: Exponent,
) -> Nats:  # fmt: skip
    """Loss of a student with N parameters taught on D tokens by a teacher of loss L.

    L_alone is the loss the student would reach without a teacher (busbridge2025-supervised gives one).
    """
    gap = (1 + (L / (L_alone * d1)) ** (1 / f1)) ** (-c1 * f1)
    return L + gap / L**c0 * ((N0 / N) ** alpha + (D0 / D) ** beta) ** gamma
