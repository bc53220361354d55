"""Li et al. 2025, Predictable Scale I: Step Law, arXiv:2503.04715.

Some 3,700 runs with AdamW and a cosine that ends at a learning rate of 1e-5; N without vocabulary.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, LearningRate, Params, Scale, Tokens

CITE = "Li et al. 2025, arXiv:2503.04715"
RANGE = {"N": (60e6, 1e9), "D": (2e9, 1e11)}


@law(cite=f"{CITE}, eq. 1", family="learning rate", name="steplaw-lr")
def steplaw_lr(N: Params, D: Tokens, *, k: Scale, a: Exponent, b: Exponent) -> LearningRate:
    """Best peak learning rate for N parameters, vocabulary not counted, on D tokens."""
    return k * D**b / N**a


@law(cite=f"{CITE}, eq. 1", family="batch size", name="steplaw-batch")
def steplaw_batch(D: Tokens, *, k: Scale, b: Exponent) -> Tokens:
    """Best batch, in tokens, for D tokens: the size does not matter."""
    return k * D**b


steplaw2025_lr = steplaw_lr.at(
    "steplaw2025-lr", k=1.79, a=0.713, b=0.307, cite=f"{CITE}, eq. 1",
    caution="N without vocabulary. For a cosine that ends at 1e-5, not at a tenth of the peak.", fitted_on=RANGE,
    checks=[({"N": 1e9, "D": 1e11}, 0.0016324994), ({"N": 7e9, "D": 1.4e12}, 0.00091655691)],
)  # fmt: skip
steplaw2025_batch = steplaw_batch.at(
    "steplaw2025-batch", k=0.58, b=0.571, cite=f"{CITE}, eq. 1", fitted_on=RANGE,
    checks=[({"D": 1e11}, 1107714.9), ({"D": 1.4e12}, 4998815.4)],
)  # fmt: skip
