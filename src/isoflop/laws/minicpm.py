"""Hu et al. 2024, MiniCPM, arXiv:2404.06395: the batch from the loss to be reached, on models of 9M, 30M and 170M."""

from __future__ import annotations

from typing import Annotated

from isoflop.formula.law import law
from isoflop.quantities import Kind, Nats, Scale, Tokens

CITE = "Hu et al. 2024, arXiv:2404.06395"
Steep = Annotated[float, Kind("Exponent", "exponent", search=(1.0, 12.0))]


@law(cite=f"{CITE}, section 3", family="batch size", name="minicpm-batch")
def minicpm_batch(L: Nats, *, k: Scale, p: Steep) -> Tokens:
    """Best batch, in tokens, to reach a loss of L."""
    return k / L**p


minicpm2024_batch = minicpm_batch.at(
    "minicpm2024-batch", k=1.21e9, p=6.24, cite=f"{CITE}, section 3", fitted_on={"N": (9e6, 170e6)},
    caution="L is the loss on C4 by MiniCPM's tokenizer; at this power 5 % of loss are 36 % of the batch.",
    checks=[({"L": 3.0}, 1275113.2), ({"L": 2.0}, 1.600877856e7)],
)  # fmt: skip
