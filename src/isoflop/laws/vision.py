"""Zhai et al. 2021, Scaling Vision Transformers, arXiv:2106.04560."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Break, ErrorRate, Exponent, Floor, Flops, Scale


@law(cite="Zhai et al. 2021, arXiv:2106.04560", family="other domains")
def vision_transformer(C: Flops, *, a: Scale, d: Break, b: Exponent, c: Floor) -> ErrorRate:
    """Error of the best vision transformer for C training FLOPs: it saturates below d and above a floor c."""
    return a * (C + d) ** -b + c
