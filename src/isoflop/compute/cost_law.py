"""The cost that runs obey: C = c N^a D^b fitted to their own C, where that is not a rule of language models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isoflop.compute.flops import FlopRule, power_rule, rule_named
from isoflop.formula.arrays import Array

NEAR, GOOD = 0.1, 0.05
"""Compute within 10 % of 6ND, typically, is 6ND; a fitted law that leaves more than 5 % is none."""
SIMPLE = 0.02
"""Runs whose C is c N D to within 2 % have exponents of 1, and no others are fitted."""
FEWEST = 4
PULL = 0.02
"""What exponents of 1 are held by, so that runs in which N and D move in step leave them there."""
UNITS, EXACT = 4.5, 0.02
"""Decades between C and 6ND from which a unit is wrong (images of 1,024 patches make it 3); and so it is where C is
6ND times a thousand, or a millionth, to 2 %."""


@dataclass(frozen=True, kw_only=True)
class CostLaw:
    """C = scale N^params D^tokens.

    error    how far runs lie about it, typically, as a share (root mean square of the logarithm)
    decades  how many times ten it is 6ND, at the middle of the runs
    """

    scale: float
    params: float
    tokens: float
    error: float
    decades: float

    @property
    def rule(self) -> FlopRule:
        """The law as a FLOP rule; its name can be typed: power:c=1536,a=1,b=1."""
        return power_rule(self.scale, self.params, self.tokens)


def fit_cost_law(N: Array, D: Array, C: Array) -> CostLaw | None:
    """Return the cost that runs obey; None where that is 6ND, or no power law, or cannot be known.

    ln C = ln c + a ln N + b ln D, by least squares with a and b held weakly to 1; where c N D alone is good to 2 %,
    it is that.
    """
    with np.errstate(all="ignore"):
        off = np.log(C / rule_named("6ND").flops(N, D))
    if len(off) < FEWEST or not np.all(np.isfinite(off)):
        return None
    middle = float(np.mean(off))
    decades = middle / float(np.log(10))
    thousands = round(decades / 3)
    unit = thousands != 0 and abs(middle - thousands * np.log(1e3)) < EXACT
    if _typical(off) < NEAR or abs(decades) > UNITS or unit:
        return None
    if _typical(off - middle) < SIMPLE:
        scale = 6 * float(np.exp(middle))
        return CostLaw(scale=scale, params=1.0, tokens=1.0, error=_typical(off - middle), decades=decades)
    design = np.column_stack([np.log(N) - np.log(N).mean(), np.log(D) - np.log(D).mean()])
    held = design.T @ design + PULL * np.eye(2)
    slopes = np.linalg.solve(held, design.T @ (off - middle))
    error = _typical(off - middle - design @ slopes)
    if error > GOOD:
        return None
    a, b = (1 + slopes).tolist()
    scale = 6 * np.exp(middle - slopes @ [np.log(N).mean(), np.log(D).mean()])
    return CostLaw(scale=float(scale), params=a, tokens=b, error=error, decades=decades)


def of_language(rule: FlopRule, N: float, D: float) -> bool:
    """Return whether a run of N and D costs what a language model's does, within a factor of three.

    Attention, embeddings and recomputation make less than that of 6ND; what costs more reads something else than
    text: patches of an image, frames, cells.
    """
    ratio = float(rule.flops(N, D)) / (6 * N * D)
    return 1 / 3 <= ratio <= 3


def _typical(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
