"""Schwethelm et al. 2026, How Much Is One Recurrence Worth?, arXiv:2604.21106: models that run a block several times.

N counts UNIQUE parameters without embeddings, of 20 effective layers (2, a looped block of 16, 2). The best sizes are
not those of C = 6ND: a looped model spends more FLOPs on a parameter.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.laws import chinchilla
from isoflop.quantities import Count, Exponent, Params

CITE = "Schwethelm et al. 2026, arXiv:2604.21106"


@law(cite=f"{CITE}, sec. 4", family="recurrent and parallel", name="loop-equivalent")
def loop_equivalent(N_once: Params, N_looped: Params, loops: Count, *, phi: Exponent) -> Params:
    """Parameters of a model without loops that is worth as much as one whose block of N_looped runs so many times."""
    return N_once + loops**phi * N_looped


schwethelm2026_equivalent = loop_equivalent.at(
    "schwethelm2026-equivalent", phi=0.459, cite=f"{CITE}, 116 runs, one joint fit",
    caution="The exponent (95 %: 0.41 to 0.53) hangs on the recipe: 0.38 with truncated backpropagation, 0.646 with "
            "hyperconnections. 1 would mean that a loop is worth new parameters.",
    fitted_on={"loops": (1.0, 8.0)},
    checks=[({"N_once": 2e8, "N_looped": 2e8, "loops": 4}, 577898860.0)],
    printed=[({"N_once": 2e8, "N_looped": 2e8, "loops": 4}, 580e6, 0.004),
             ({"N_once": 2e8, "N_looped": 4e8, "loops": 2}, 0.75e9, 0.0003),
             ({"N_once": 1.0, "N_looped": 1e9, "loops": 4}, 1.9e9, 0.006),
             ({"N_once": 1.0, "N_looped": 1e9, "loops": 8}, 2.6e9, 0.0015)],
)  # fmt: skip

_ABOUT = {
    "cite": f"{CITE}, figure 3",
    "caution": "N counts unique parameters without embeddings. A and B have two digits; the fits of 2 and 4 loops are "
               "steeper by chance too: compare best losses, not exponents.",
}  # fmt: skip
schwethelm2026_loops_1 = chinchilla.chinchilla.at(
    "schwethelm2026-loops-1", E=1.56, A=58.0, alpha=0.251, B=150.0, beta=0.267, **_ABOUT,
    checks=[({"N": 98.3e6, "D": 955e6}, 2.7322554)],
)  # fmt: skip
schwethelm2026_loops_2 = chinchilla.chinchilla.at(
    "schwethelm2026-loops-2", E=1.6, A=33.0, alpha=0.216, B=910.0, beta=0.365, **_ABOUT,
    checks=[({"N": 59.8e6, "D": 955e6}, 2.7699463)],
)  # fmt: skip
schwethelm2026_loops_4 = chinchilla.chinchilla.at(
    "schwethelm2026-loops-4", E=1.56, A=23.0, alpha=0.191, B=1300.0, beta=0.388, **_ABOUT,
    checks=[({"N": 40.2e6, "D": 955e6}, 2.7978471)], printed=[({"N": 40.2e6, "D": 955e6}, 2.793, 0.002)],
)  # fmt: skip
schwethelm2026_loops_8 = chinchilla.chinchilla.at(
    "schwethelm2026-loops-8", E=1.69, A=41.0, alpha=0.235, B=780.0, beta=0.362, **_ABOUT,
    checks=[({"N": 30.3e6, "D": 955e6}, 2.8434159)],
)  # fmt: skip
