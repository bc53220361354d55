"""Ye et al. 2024, Data Mixing Laws, arXiv:2403.16952: five groups of the Pile, from the authors' repository.

70M parameters, 30,000 steps, 26 mixtures. Against the losses in the repository the five curves err by 0.3 to 1.0 % on
average. Single constants of dialogue and symbolic mean little: there k is nearly nothing and one slope huge.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from isoflop.formula.law import Curve, law
from isoflop.quantities import Floor, Kind, Nats, Scale, Share

CITE = "Ye et al. 2024, arXiv:2403.16952"
GROUPS = ("academic", "prose", "dialogue", "symbolic", "internet")
Slope = Annotated[float, Kind("Slope", "real", search=(-10.0, 6.0))]


@law(cite=CITE, family="mixtures", name="pile-mixture")
def pile_mixture(
    academic: Share, prose: Share, dialogue: Share, symbolic: Share, internet: Share,
    *, c: Floor, k: Scale, t_1: Slope, t_2: Slope, t_3: Slope, t_4: Slope, t_5: Slope,
) -> Nats:  # fmt: skip
    """Loss on one group of the Pile from the shares of five groups in the training data."""
    return c + k * np.exp(t_1 * academic + t_2 * prose + t_3 * dialogue + t_4 * symbolic + t_5 * internet)


_TABLE = """
academic 0.975  -2.1391 -10.0864 2.714   2.7106   2.6083   1.5866 | 2.991651 2.956946 0.012
prose    1.2624 -2.1656 1.393    -4.6811 0.7855   1.8719   0.5734 | 3.6767655 3.68059  0.0011
dialogue 1.1375 -7.1017 6.7135   6.2643  -31.8621 6.6423   6.2053 | 3.251431 3.227085 0.0076
symbolic 0.475  -3.6546 3.3289   3.6705  3.1127   -16.4217 3.1591 | 1.7977365 1.781198 0.0094
internet 1.2402 -1.951  1.1897   0.8697  -0.5184  1.7122   -3.087 | 3.474266 3.481217 0.0021
"""
"""Group: log c, log k, slopes on the five shares | value at _MEASURED, loss measured there, how near."""
_MEASURED = dict(zip(GROUPS, (0.0625, 0.09375, 0.03125, 0.0625, 0.75), strict=True))


def _curves() -> list[Curve]:
    """Return the five curves of the table."""
    found = []
    for line in _TABLE.strip().splitlines():
        constants, seen = (part.split() for part in line.split("|"))
        group, (log_c, log_k, *slopes) = constants[0], map(float, constants[1:])
        value, measured, near = map(float, seen)
        found.append(pile_mixture.at(
            f"ye2024-{group}", c=math.exp(log_c), k=math.exp(log_k),
            **{f"t_{place}": slope for place, slope in enumerate(slopes, 1)},
            cite=f"{CITE}, the authors' notebook of five domains", summary=f"Loss on {group} texts of the Pile.",
            caution="One size (70M) and one number of steps (30,000): the constants hold for nothing else.",
            checks=[(_MEASURED, value)], printed=[(_MEASURED, measured, near)],
        ))  # fmt: skip
    return found


ye2024 = {curve.name: curve for curve in _curves()}
"""The five curves, by name."""
# The catalogue finds a curve as a name of its file.
globals().update({name.replace("-", "_"): curve for name, curve in ye2024.items()})
