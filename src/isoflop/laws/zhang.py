"""Zhang et al. 2024, How Does Critical Batch Size Scale in Pre-training?, arXiv:2410.21676.

C4, AdamW with averaged weights. The critical batch is here the one that takes 20 % more steps than perfect scaling
would, in sequences of 512 tokens: not that of McCandlish et al. 2018, at which steps and tokens are twice their least.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Params, Scale, Sequences

CITE = "Zhang et al. 2024, arXiv:2410.21676"
CONTEXT = 512
"""Tokens in one of the paper's sequences."""
RANGE = {"N": (85e6, 1.2e9)}


@law(cite=CITE, family="batch size", name="zhang-batch")
def zhang_batch(N: Params, *, k: Scale, p: Exponent) -> Sequences:
    """Critical batch, in sequences of 512 tokens, of N parameters."""
    return k * (N / 1e6) ** p


_UNITS = "Sequences of 512 tokens, an overhead of 20 %; that N is in millions is inferred from the paper's sizes."
zhang2024_batch = zhang_batch.at(
    "zhang2024-batch", k=93.20, p=0.47, cite=f"{CITE}, runs on 20 tokens per parameter", fitted_on=RANGE,
    caution=f"{_UNITS} D grows with N; the tokens, not the size, are what moves it.",
    checks=[({"N": 1e9}, 2395.6089), ({"N": 302e6}, 1364.643389)],
)  # fmt: skip
zhang2024_batch_same_tokens = zhang_batch.at(
    "zhang2024-batch-same-tokens", k=621.341, p=0.087, cite=f"{CITE}, runs of all sizes on the same tokens",
    caution=f"{_UNITS} At the tokens of the paper's runs only.", fitted_on=RANGE,
    checks=[({"N": 1e9}, 1133.261180), ({"N": 1e8}, 927.5343712)],
)  # fmt: skip
