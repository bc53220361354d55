"""Li 2026, Incompressible Knowledge Probes, arXiv:2604.24827: rare facts answered, by size; 93 open models.

Turned round it gives an effective size, that of an average open model which knows as much; the authors' frontier table
reads 0.826 as 4.7T, with a band from 1.5T to 15T. It measures what a model knows, not what it weighs: never print it as
the size of a closed model (a 284B model is given 1.5T, one that refuses a quarter of its size).
"""

from __future__ import annotations

import math

import numpy as np

from isoflop.formula.law import Curve, law
from isoflop.quantities import Accuracy, Params, Real

CITE = "Li 2026, arXiv:2604.24827"


@law(cite=CITE, family="downstream", name="knowledge")
def knowledge(N: Params, *, intercept: Real, slope: Real) -> Accuracy:
    """Share of 1,311 rare facts that a model of N parameters in all answers right; the intercept is that of 1B."""
    return intercept + slope * (np.log10(N) - 9)


def _curve(name: str, intercept: float, slope: float, *, of: str, printed: list[tuple[float, float, float]]) -> Curve:
    return knowledge.at(
        name, intercept=intercept, slope=slope, cite=f"{CITE}, the authors' repository", summary=of,
        caution="Knowledge, not weights: half of the models lie within 1.5 times of it, nine in ten within 3.1 times. "
                "Refusals count as wrong.",
        fitted_on={"N": (135e6, 1.6e12)}, checks=[({"N": 1e11}, intercept + 2 * slope)],
        printed=[({"N": N}, accuracy, near) for N, accuracy, near in printed],
    )  # fmt: skip


li2026_knowledge = _curve(
    "li2026-knowledge", 0.24225587514729152, 0.15878383971801158, of="93 open models, dense and mixtures.",
    printed=[(315e9, 0.639, 0.0003), (4700e9, 0.826, 0.001)],
)  # fmt: skip
li2026_knowledge_dense = _curve("li2026-knowledge-dense", 0.245, 0.151, of="52 dense models.", printed=[])
li2026_knowledge_mixtures = _curve(
    "li2026-knowledge-mixtures", 0.282, 0.145, of="41 mixtures of experts, by all of their parameters.", printed=[]
)


def effective_params(accuracy: float) -> float:
    """Return the parameters of an average open model that answers such a share of the rare facts."""
    c = li2026_knowledge.values
    return float(10 ** (9 + (accuracy - c["intercept"]) / c["slope"]))


SPREAD = math.log(3.133645438032231)
"""90 % of left-out models lie within this of their size, in natural logarithms."""
