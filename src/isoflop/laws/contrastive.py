"""Cherti et al. 2022, Reproducible scaling laws for contrastive language-image learning, arXiv:2212.07143 (OpenCLIP).

The paper prints exponents of two digits; the prefactors are from its authors' data by the rule of their notebook (the
lowest error in each of five bins of compute). Their compute is GMACs of one sample times samples; here training FLOPs,
6e9 of them for each GMAC.
"""

from __future__ import annotations

from isoflop.formula.law import Curve, law
from isoflop.quantities import ErrorRate, Exponent, Flops, Scale

CITE = "Cherti et al. 2022, arXiv:2212.07143"
FLOPS_OF_GMAC = 6e9
"""Training FLOPs for each billion multiply-adds of a forward pass: two each, three times for the backward pass."""


@law(cite=f"{CITE}, eq. 1", family="other domains")
def clip(C: Flops, *, beta: Scale, alpha: Exponent) -> ErrorRate:
    """Zero-shot error of CLIP (OpenCLIP) for C training FLOPs, at the best size and number of images."""
    return beta * C**-alpha


_TABLE = """
imagenet   laion  5.858 0.1114 0.11
imagenet   wit    23.18 0.1638 0.16
robustness laion  11.61 0.1255 0.13
robustness wit    211.7 0.2378 0.24
coco       laion  2.75  0.0794 0.08
coco       wit    1.589 0.0508 0.05
flickr     laion  15.51 0.1892 0.19
flickr     wit    2.208 0.1028 0.10
"""
"""Task, data | prefactor in GMACs, exponent, exponent as the paper prints it."""
_RANGES = {"laion": (1.81e10, 6.63e12), "wit": (9.47e10, 1.12e12)}
_VIT_L_14 = {"C": 1143528e6 * FLOPS_OF_GMAC}
"""ViT-L/14 on 13B samples of LAION, whose accuracy the notebook's fit puts at 73.417 %."""


def _curves() -> list[Curve]:
    """Return the curves of the table."""
    found = []
    for line in _TABLE.strip().splitlines():
        task, data, prefactor, exponent, _ = line.split()
        alpha = float(exponent)
        beta = float(prefactor) * FLOPS_OF_GMAC**alpha
        low, high = _RANGES[data]
        weak = " Three models only." if data == "wit" else ""
        found.append(clip.at(
            f"cherti2022-{task}-{data}", beta=beta, alpha=alpha, cite=f"{CITE}, figure 1, and its authors' data",
            caution=f"Without a floor. The prefactor is refitted from the authors' data.{weak}",
            fitted_on={"C": (low * FLOPS_OF_GMAC, high * FLOPS_OF_GMAC)},
            checks=[({"C": low * FLOPS_OF_GMAC}, float(prefactor) * low**-alpha)],
            printed=[(_VIT_L_14, 1 - 0.73417009, 0.0005)] if (task, data) == ("imagenet", "laion") else [],
        ))  # fmt: skip
    return found


cherti2022 = {curve.name: curve for curve in _curves()}
"""Every curve of the table, by name."""
# The catalogue finds a curve as a name of its file.
globals().update({name.replace("-", "_"): curve for name, curve in cherti2022.items()})
