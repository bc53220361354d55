"""Bhagia et al. 2024, Establishing Task Scaling Laws via Compute-Efficient Model Ladders, arXiv:2412.04403.

Two steps: the law of Chinchilla for the loss on a task's answers, then this one for its accuracy.
"""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Accuracy, Break, Exponent, Floor, Nats, Scale


@law(cite="Bhagia et al. 2024, arXiv:2412.04403", family="downstream")
def task_ladder(L: Nats, *, b: Floor, a: Scale, k: Exponent, L_0: Break) -> Accuracy:
    """Accuracy on a task from the loss on its answers: a sigmoid from chance b to b + a, steepest at L_0."""
    return b + a / (1 + np.exp(k * (L - L_0)))
