"""McLeish et al. 2025, Gemstones: A Model Suite for Multi-Faceted Scaling Laws, arXiv:2502.06857.

Models of many widths and depths. The authors' files hold logarithms of A, B and E and the least value of their
objective, which these constants give to all printed digits. The choice of runs moves the best split from C^0.50 to
C^0.60: that is the paper's point.
"""

from __future__ import annotations

import math

from isoflop.formula.law import Curve, law
from isoflop.laws import approaches, chinchilla
from isoflop.quantities import Count, Exponent, Floor, Nats, Params, Scale, Tokens

CITE = "McLeish et al. 2025, arXiv:2502.06857"
RANGE = {"N": (48e6, 2.0e9), "D": (10e9, 100e9)}


@law(cite=CITE, family="pre-training", name="width-depth")
def width_depth(
    N: Params, D: Tokens, width: Count, depth: Count,
    *, E: Floor, A_w: Scale, alpha_w: Exponent, A_d: Scale, alpha_d: Exponent, A: Scale, alpha: Exponent, B: Scale,
    beta: Exponent,
) -> Nats:  # fmt: skip
    """Chinchilla's law with a term for the width and one for the number of layers; evaluate it at real shapes only."""
    return E + A_w / width**alpha_w + A_d / depth**alpha_d + A / N**alpha + B / D**beta


def _from_logs(**logs: float) -> dict[str, float]:
    """Return the constants of which the authors' file holds the natural logarithms."""
    return {key: math.exp(value) for key, value in logs.items()}


_HOT = "Before any cool-down of the learning rate, so higher than a finished run. N counts embeddings."
_COLD = "After a cool-down. N counts embeddings."
_RUN = {"N": 543482880, "D": 10003415040}
mcleish2025_hot = chinchilla.chinchilla.at(
    "mcleish2025-hot", **_from_logs(E=0.7663168139, A=5.4574988414, B=14.9719740349), alpha=0.2989180518,
    beta=0.6928331414, cite=f"{CITE}, 220 points of the authors' data", caution=_HOT, fitted_on=RANGE,
    checks=[(_RUN, 3.10082807)], printed=[(_RUN, 3.1010556, 0.0001)],
)  # fmt: skip
mcleish2025_cooldown = chinchilla.chinchilla.at(
    "mcleish2025-cooldown", **_from_logs(E=0.7458889548, A=5.3627962101, B=14.9717677508), alpha=0.2970133066,
    beta=0.6903991635, cite=f"{CITE}, 199 points of the authors' data", caution=_COLD, fitted_on=RANGE,
    checks=[(_RUN, 3.04735768)],
)  # fmt: skip
_SHAPED = {"N": 543482880, "D": 10003415040, "width": 1024, "depth": 28}
mcleish2025_width_depth = width_depth.at(
    "mcleish2025-width-depth",
    **_from_logs(E=0.39245797, A_w=1.4520106404, A_d=-0.0781020281, A=7.9700333376, B=10.0594263846),
    alpha_w=0.2446914313, alpha_d=0.3871516764, alpha=0.5000838843, beta=0.4761055541,
    cite=f"{CITE}, 220 points of the authors' data", caution=_HOT,
    fitted_on={**RANGE, "width": (256.0, 3072.0), "depth": (3.0, 80.0)},
    checks=[(_SHAPED, 3.04767243)], printed=[(_SHAPED, 3.1010556, 0.0173)],
)  # fmt: skip
mcleish2025_width_depth_cooldown = width_depth.at(
    "mcleish2025-width-depth-cooldown",
    **_from_logs(E=0.4195179541, A_w=1.6375654653, A_d=-0.0254911443, A=7.8653383939, B=9.9838221358),
    alpha_w=0.30146699, alpha_d=0.3655461733, alpha=0.5055007692, beta=0.4670177667,
    cite=f"{CITE}, 199 points of the authors' data", caution=_COLD,
    fitted_on={**RANGE, "width": (256.0, 3072.0), "depth": (3.0, 80.0)},
    checks=[({**_SHAPED, "D": 10997465088}, 2.98901524)], printed=[({**_SHAPED, "D": 10997465088}, 3.0146046, 0.0086)],
)  # fmt: skip


def _split(name: str, *, i: float, s: float, value: float, tokens: bool = False) -> Curve:
    """Return exp(i) C^s, a line through the envelope of the runs."""
    about = {
        "cite": f"{CITE}, approach 1",
        "caution": "The choice of runs moves the exponents from 0.50 and 0.48 (hot) to 0.60 and 0.39 (cooled).",
    }
    if tokens:
        return approaches.hoffmann_d_opt.at(
            f"mcleish2025-{name}-D", k=math.exp(i), b=s, **about, checks=[({"C": 1e21}, value)]
        )
    return approaches.hoffmann_n_opt.at(
        f"mcleish2025-{name}-N", k=math.exp(i), a=s, **about, checks=[({"C": 1e21}, value)]
    )


mcleish2025_hot_N = _split("hot", i=-2.8451076960767026, s=0.499380216082636, value=1.78389778e09)
mcleish2025_hot_D = _split("hot", i=1.8963208273327723, s=0.4809888232129201, value=8.40092212e10, tokens=True)
mcleish2025_cooldown_N = _split("cooldown", i=-7.522191520048853, s=0.5969810173757477, value=1.86103738e09)
mcleish2025_cooldown_D = _split("cooldown", i=6.10398524542963, s=0.3932603792287174, value=8.11699117e10, tokens=True)
