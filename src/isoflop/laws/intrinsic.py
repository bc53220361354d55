"""Hilton et al. 2023, Scaling laws for single-agent reinforcement learning, arXiv:2301.13442."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Count, Exponent, Params, Score, Size


@law(cite="Hilton et al. 2023, arXiv:2301.13442", family="reinforcement learning")
def intrinsic_performance(
    N: Params, interactions: Count, *, N_c: Size, alpha_N: Exponent, E_c: Size, alpha_E: Exponent, beta: Exponent
) -> Score:
    """Intrinsic performance I, the least compute that reaches a return, with I^-beta a sum of two power laws."""
    return ((N_c / N) ** alpha_N + (E_c / interactions) ** alpha_E) ** (-1 / beta)
