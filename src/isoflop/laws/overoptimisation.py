"""Gao et al. 2022, Scaling Laws for Reward Model Overoptimization, arXiv:2210.10760.

d is the square root of the Kullback-Leibler divergence, in nats, between the optimised policy and the first one.
For the best of n samples it is sqrt(log n - (n - 1)/n).
"""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Count, Scale, Score

CITE = "Gao et al. 2022, arXiv:2210.10760"


@law(cite=f"{CITE}, best of n", family="reinforcement learning")
def overoptimised_best_of_n(d: Count, *, alpha: Scale, beta: Scale) -> Score:
    """Gold reward of the best of n by a proxy reward: it rises, peaks at d = alpha / (2 beta), and falls."""
    return d * (alpha - beta * d)


@law(cite=f"{CITE}, reinforcement learning", family="reinforcement learning")
def overoptimised_rl(d: Count, *, alpha: Scale, beta: Scale) -> Score:
    """Gold reward of a policy trained on a proxy reward: it rises, peaks at log d = alpha / beta - 1, and falls."""
    return d * (alpha - beta * np.log(d))
