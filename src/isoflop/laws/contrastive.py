"""Cherti et al. 2022, Reproducible scaling laws for contrastive language-image learning, arXiv:2212.07143."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import ErrorRate, Exponent, Flops, Scale


@law(cite="Cherti et al. 2022, arXiv:2212.07143, eq. 1", family="other domains")
def clip(C: Flops, *, beta: Scale, alpha: Exponent) -> ErrorRate:
    """Zero-shot error of CLIP for C training FLOPs, at the best size and number of images.

    Exponents alpha, whose constants are not at hand, for OpenCLIP on LAION and for OpenAI's CLIP on WIT: ImageNet 0.11
    and 0.16, its robustness sets 0.13 and 0.24, retrieval on COCO 0.08 and 0.05, on Flickr30k 0.19 and 0.10.
    """
    return beta * C**-alpha
