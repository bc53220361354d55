"""McCandlish et al. 2018, An Empirical Model of Large-Batch Training, arXiv:1812.06162.

Steps S and examples E to a given loss trade off as (S/S_min - 1)(E/E_min - 1) = 1: at the critical batch
B_crit = E_min/S_min both are twice their least. x is the batch size, in examples or tokens, E and B_crit likewise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from isoflop.errors import UsageError
from isoflop.formula.law import law
from isoflop.quantities import Count, LearningRate, Scale, Size, Steps

CITE = "McCandlish et al. 2018, arXiv:1812.06162"


@law(cite=f"{CITE}, section 2", family="batch size", name="mccandlish-steps")
def mccandlish_steps(x: Count, *, S_min: Scale, B_crit: Size) -> Steps:
    """Steps to reach a loss at batch size x: twice the least at the critical batch."""
    return S_min * (1 + B_crit / x)


@law(cite=f"{CITE}, section 2", family="batch size", name="mccandlish-examples")
def mccandlish_examples(x: Count, *, E_min: Scale, B_crit: Size) -> Count:
    """Examples, or tokens, to reach a loss at batch size x: twice the least at the critical batch."""
    return E_min * (1 + x / B_crit)


@law(cite=f"{CITE}, section 2", family="learning rate", name="mccandlish-lr")
def mccandlish_lr(x: Count, *, eta_max: Scale, B_noise: Size) -> LearningRate:
    """Best learning rate of plain gradient descent at batch size x: it levels off beyond the noise scale."""
    return eta_max / (1 + B_noise / x)


def noise_scale(small: ArrayLike, big: ArrayLike, *, small_batch: float, big_batch: float) -> float:
    """Return the simple gradient noise scale tr(Σ)/|G|² from squared gradient norms at two batch sizes.

    small, big  |G_B|², one number or one for each measurement, for gradients averaged over a batch

    A gradient averaged over B examples has E|G_B|² = |G|² + tr(Σ)/B, so two batch sizes give two equations.
    Measurements are averaged before the ratio is taken, whose parts are unbiased while it is not: average many.
    It is in the unit of the batch sizes, and inf where the runs show no gradient above the noise.

    >>> round(isoflop.noise_scale([11.0], [2.0], small_batch=1, big_batch=10), 6)
    10.0
    """
    if not 0 < small_batch < big_batch:
        raise UsageError(f"small_batch={small_batch:g}, big_batch={big_batch:g}: say two batch sizes, the small first.")
    few, many = (float(np.mean(np.asarray(norms, float))) for norms in (small, big))
    noise = (few - many) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * many - small_batch * few) / (big_batch - small_batch)
    return max(noise, 0.0) / signal if signal > 0 else float("inf")
