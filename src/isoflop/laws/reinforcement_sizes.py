"""Tan et al. 2025, Scaling Behaviors of LLM Reinforcement Learning Post-Training, arXiv:2509.25300."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Count, ErrorRate, Exponent, Params, Scale, Size


@law(cite="Tan et al. 2025, arXiv:2509.25300", family="reinforcement learning")
def rl_sizes(N: Params, x: Count, *, A: Scale, X_0: Size, K_max: Exponent, N_0: Size) -> ErrorRate:
    """Error (1 - pass@1) after reinforcement learning on x: log L = E(N) - k(N) log x with k = K_max / (1 + N_0/N).

    The paper leaves the offset E(N) free for each size; here all sizes' lines meet at one x = X_0, at error A.
    """
    k = K_max / (1 + N_0 / N)
    return A * (X_0 / x) ** k
