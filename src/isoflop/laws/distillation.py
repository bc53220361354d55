"""Busbridge et al. 2025, Distillation Scaling Laws, arXiv:2502.08606: a student taught by a larger model, or alone."""

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


busbridge2025_student = busbridge.at(
    "busbridge2025-student", c0=2.549, c1=522.6, f1=0.090, d1=1.315, N0=2243 ** (1 / 0.321), alpha=0.321,
    D0=24181 ** (1 / 0.637), beta=0.637, gamma=0.764, cite=f"{CITE}, table 6",
    summary="A student taught by the outputs of its teacher alone, on C4.",
    caution="The paper prints no loss of the student to test it; its exponents of the best split, 0.664 and 0.335, "
            "follow. f1 has two digits, which moves the loss by 0.001. Fitted to losses of 2.3 and more.",
    fitted_on={"N": (198e6, 2.7e9)},
    checks=[({"N": 1e9, "D": 2e10, "L": 2.0, "L_alone": 2.3746922483534956}, 2.27681058)],
)  # fmt: skip
