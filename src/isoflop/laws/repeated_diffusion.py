"""Prabhudesai et al. 2025, Diffusion Beats Autoregressive in Data-Constrained Settings, arXiv:2507.15857.

Only what tokens are worth when they repeat: the constants of the losses are not printed. The table prints 493.89 and
31.19 passes, the text 512.85 and 31.93.
"""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Size, Tokens

CITE = "Prabhudesai et al. 2025, arXiv:2507.15857"


@law(cite=CITE, family="unique data", name="repeated-tokens")
def repeated_tokens(D: Tokens, U: Tokens, *, R_D: Size) -> Tokens:
    """Fresh tokens that D tokens of U unique ones are worth; a token fades over R_D passes."""
    return U + U * R_D * (1 - np.exp(-(D / U - 1) / R_D))


_TWO = "The table and the text of the paper print two values; this is the table's. "
prabhudesai2025_diffusion = repeated_tokens.at(
    "prabhudesai2025-diffusion", R_D=493.89, cite=f"{CITE}, table 1", summary="Masked diffusion language models.",
    caution=f"{_TWO}Up to 800 passes over 25M to 100M tokens.", checks=[({"D": 1e10, "U": 1e8}, 9070879059.0)],
    printed=[],
)  # fmt: skip
prabhudesai2025_autoregressive = repeated_tokens.at(
    "prabhudesai2025-autoregressive", R_D=31.19, cite=f"{CITE}, table 1", summary="Autoregressive language models.",
    caution=f"{_TWO}They overfit after many passes, which this form cannot show.",
    checks=[({"D": 4e8, "U": 1e8}, 386023960.0)], printed=[],
)  # fmt: skip
