"""Gadre et al. 2024, Language models scale reliably with over-training, arXiv:2403.08540.

The paper writes L(C, M) with C = 6ND and M = D/N; so does the body below.
"""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import ErrorRate, Exponent, Floor, Nats, Params, Scale, Tokens

CITE = "Gadre et al. 2024, arXiv:2403.08540"
RANGE = {"N": (11e6, 6.9e9), "D": (2e8, 9e11)}
CAUTION = "Made to extrapolate over-training, not to allocate: its own optimum is 3 to 8 tokens per parameter."


@law(cite=f"{CITE}, eq. 4", family="over-training")
def gadre(N: Params, D: Tokens, *, E: Floor, a: Scale, b: Scale, eta: Exponent) -> Nats:
    """Loss of models trained on M = D/N tokens per parameter: parallel lines in compute for each M."""
    C = 6 * N * D
    M = D / N
    return E + (a * M**eta + b * M**-eta) * C**-eta


@law(cite=f"{CITE}, eq. 5", family="downstream")
def gadre_error(L: Nats, *, eps: Floor, k: Scale, gamma: Exponent) -> ErrorRate:
    """Mean top-1 error on 17 tasks from the loss on C4's evaluation set; at eps it is that of guessing."""
    return eps - k * np.exp(-gamma * L)


_SMALL, _LARGE = {"N": 1.4398e9, "D": 640 * 1.4398e9}, {"N": 6.89e9, "D": 20 * 6.89e9}
gadre2024_c4 = gadre.at(
    "gadre2024-c4", E=1.51, a=141, b=190, eta=0.121, cite=f"{CITE}, trained on C4", caution=CAUTION, fitted_on=RANGE,
    checks=[(_SMALL, 2.3944707), (_LARGE, 2.2905425)],
)  # fmt: skip
gadre2024_redpajama = gadre.at(
    "gadre2024-redpajama", E=1.84, a=212, b=367, eta=0.136, cite=f"{CITE}, trained on RedPajama", caution=CAUTION,
    fitted_on=RANGE, checks=[(_SMALL, 2.5364905), (_LARGE, 2.4588685)],
)  # fmt: skip
gadre2024_refinedweb = gadre.at(
    "gadre2024-refinedweb", E=1.73, a=157, b=246, eta=0.127, cite=f"{CITE}, trained on RefinedWeb", caution=CAUTION,
    fitted_on=RANGE, checks=[(_SMALL, 2.4991334), (_LARGE, 2.4166591)],
)  # fmt: skip
_FEW = "Fitted to 6 runs. L is the loss on C4's evaluation set, whatever the model was trained on."
gadre2024_error_c4 = gadre_error.at(
    "gadre2024-error-c4", eps=0.850, k=2.08, gamma=0.756, cite=f"{CITE}, eq. 5, trained on C4", caution=_FEW,
    checks=[({"L": 2.5}, 0.53577064)],
)  # fmt: skip
gadre2024_error_redpajama = gadre_error.at(
    "gadre2024-error-redpajama", eps=0.857, k=2.21, gamma=0.715, cite=f"{CITE}, eq. 5, trained on RedPajama",
    caution=_FEW, checks=[({"L": 2.5}, 0.48709442)],
)  # fmt: skip
gadre2024_error_refinedweb = gadre_error.at(
    "gadre2024-error-refinedweb", eps=0.865, k=2.21, gamma=0.707, cite=f"{CITE}, eq. 5, trained on RefinedWeb",
    caution=_FEW, checks=[({"L": 2.5}, 0.48762183)],
)  # fmt: skip
