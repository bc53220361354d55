"""Laws of fine-tuning; their constants belong to a model and a task, so there is no curve.

Zhang et al. 2024, arXiv:2402.17193, multiply two powers. Lin et al. 2024, Selecting Large Language Model to Fine-tune
via Rectified Scaling Law: the power law sets in once D passes what pre-training has already taught.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Count, Exponent, Floor, Nats, Scale, Size


@law(cite="Zhang et al. 2024, arXiv:2402.17193", family="fine-tuning", name="multiplicative")
def multiplicative(x: Count, D: Count, *, E: Floor, A: Scale, alpha: Exponent, beta: Exponent) -> Nats:
    """Loss of a model fine-tuned on D; x is its size, its pre-training data or the parameters that are tuned."""
    return E + A / (x**alpha * D**beta)


@law(cite="Lin et al. 2024, rectified scaling law", family="fine-tuning")
def rectified(D: Count, *, E: Floor, B: Scale, D_l: Size, beta: Exponent) -> Nats:
    """Loss of a model fine-tuned on D: a power law once D passes D_l (the paper's D_l is this to the power beta)."""
    return E + B / (D_l**beta + D**beta)
