"""Zhang et al. 2024, Wukong: Towards a Scaling Law for Large-Scale Recommendation, arXiv:2403.02545."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Count, Exponent, Scale

CITE = "Zhang et al. 2024, arXiv:2403.02545"


@law(cite=f"{CITE}, sec. 7.2", family="other domains")
def wukong(gflops: Count, *, k: Scale, p: Exponent) -> Count:
    """A recommender's baseline log loss over its own, in per cent (100.1: a gain of 0.1 %), by GFLOPs an example."""
    return k * gflops**p


zhang2024_wukong = wukong.at(
    "zhang2024-wukong", k=99.56, p=0.00071, cite=f"{CITE}, sec. 7.2",
    caution="146B samples of one company; tables of 627B parameters stand outside. The unit of the axis is inferred. "
            "0.02 % counts as significant there; four times the compute gains about 0.1 %.",
    fitted_on={"gflops": (1.0, 100.0)}, checks=[({"gflops": 4.0}, 99.658043)],
)  # fmt: skip
