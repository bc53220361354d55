"""McKinzie et al. 2024, MM1, arXiv:2403.09611: the learning rate of multimodal pre-training."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, LearningRate, Params, Scale

CITE = "McKinzie et al. 2024, arXiv:2403.09611"


@law(cite=CITE, family="learning rate", name="mm1-lr")
def mm1_lr(N: Params, *, k: Scale, p: Exponent) -> LearningRate:
    """Best peak learning rate for N parameters of multimodal pre-training that starts from a trained language model."""
    return k / N**p


mckinzie2024_lr = mm1_lr.at(
    "mckinzie2024-lr", k=0.5749340157425613, p=0.4214, cite=f"{CITE}: exp(-0.4214 ln N - 0.5535)",
    caution="Not for pre-training from scratch: it starts from a trained language model.",
    checks=[({"N": 1e9}, 9.268682472e-05), ({"N": 3e10}, 2.210849133e-05)],
)  # fmt: skip
