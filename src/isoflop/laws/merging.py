"""Wang et al. 2025, Model Merging Scaling Laws, arXiv:2509.24244: what merging more experts of one base gains."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Count, Floor, Nats, Real, Scale

CITE = "Wang et al. 2025, arXiv:2509.24244"


@law(cite=f"{CITE}, eq. 1", family="fine-tuning")
def merging(merged: Count, *, L_inf: Floor, A: Scale, b: Real) -> Nats:
    """Mean loss over the domains of a model merged, with equal weights, from so many fine-tuned experts of one base."""
    return L_inf + A / (merged + b)


_ABOUT = {
    "cite": f"{CITE}, table 23",
    "fitted_on": {"merged": (1.0, 9.0)},
    "caution": "A mean over choices of experts: one can be far off. Table 24 gives another b for the same models.",
}
wang2025_llama_3b = merging.at(
    "wang2025-llama-3b", L_inf=0.7137, A=0.0783, b=0.6875, summary="Experts of Llama 3.2 3B, nine domains.", **_ABOUT,
    checks=[({"merged": 1}, 0.7601)], printed=[({"merged": 1}, 0.7599, 0.0003), ({"merged": 9}, 0.7221, 0.0005)],
)  # fmt: skip
wang2025_llama_8b = merging.at(
    "wang2025-llama-8b", L_inf=0.7252, A=0.0573, b=0.0, summary="Experts of Llama 3 8B, nine domains.", **_ABOUT,
    checks=[({"merged": 1}, 0.7825)], printed=[({"merged": 1}, 0.7837, 0.0016), ({"merged": 9}, 0.7325, 0.0013)],
)  # fmt: skip
