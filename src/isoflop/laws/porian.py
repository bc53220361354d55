"""Porian et al. 2024, Resolving Discrepancies in Compute-Optimal Scaling, arXiv:2406.19146.

Small models of which each is trained on the tokens that are compute-optimal for it.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, LearningRate, Params, Scale, Tokens

CITE = "Porian et al. 2024, arXiv:2406.19146"


@law(cite=CITE, family="learning rate", name="porian-lr")
def porian_lr(N: Params, *, k: Scale, p: Exponent) -> LearningRate:
    """Best peak learning rate for N parameters trained compute-optimally."""
    return k / N**p


@law(cite=CITE, family="batch size", name="porian-batch")
def porian_batch(N: Params, *, k: Scale, p: Exponent) -> Tokens:
    """Best batch, in tokens, for N parameters trained compute-optimally."""
    return k * N**p


_QUOTED = f"{CITE}, as quoted by Li et al. 2025, arXiv:2503.04715"
_OPTIMAL = "For compute-optimal runs only (about 20 tokens per parameter): N stands for D too."
porian2024_lr = porian_lr.at(
    "porian2024-lr", k=3.7, p=0.36, cite=_QUOTED, caution=_OPTIMAL,
    checks=[({"N": 1e9}, 0.002129127768), ({"N": 1e8}, 0.004877549933)],
)  # fmt: skip
porian2024_batch = porian_batch.at(
    "porian2024-batch", k=0.7576, p=0.703, cite=_QUOTED,
    caution=f"{_OPTIMAL} That it counts tokens is inferred from its size.",
    checks=[({"N": 1e9}, 1608570.004), ({"N": 1e8}, 318742.4937)],
)  # fmt: skip
