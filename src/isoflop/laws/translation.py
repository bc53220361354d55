"""Ghorbani et al. 2021, Scaling Laws for Neural Machine Translation, arXiv:2109.07740."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Nats, Params, Scale


@law(cite="Ghorbani et al. 2021, arXiv:2109.07740", family="other domains")
def translation(
    encoder: Params, decoder: Params, *, L_inf: Floor, a: Scale, p_e: Exponent, p_d: Exponent
) -> Nats:  # fmt: skip
    """Loss of a translation model by the sizes of its encoder and of its decoder."""
    return a * encoder**-p_e * decoder**-p_d + L_inf
