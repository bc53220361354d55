"""Khatri et al. 2025, The Art of Scaling Reinforcement Learning Compute for LLMs, arXiv:2510.13786 (ScaleRL)."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Accuracy, Break, Count, Exponent, Floor


@law(cite="Khatri et al. 2025, arXiv:2510.13786, eq. 1", family="reinforcement learning")
def scalerl(x: Count, *, R_0: Floor, A: Floor, C_mid: Break, B: Exponent) -> Accuracy:
    """Pass rate after so much reinforcement learning (GPU-hours, FLOPs): a sigmoid from R_0 to A, half-way at C_mid.

    The paper's recipe ends at A = 0.61 for an 8B model; its other constants are not at hand.
    """
    return R_0 + (A - R_0) / (1 + (C_mid / x) ** B)
