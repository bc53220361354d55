"""Liang et al. 2024, Scaling Laws for Diffusion Transformers, arXiv:2410.08184.

Text to image, 1e17 to 6e18 training FLOPs; tokens count image and text. The paper's own test is 1.5e21 FLOPs.
"""

from __future__ import annotations

from typing import Annotated

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Flops, Kind, Params, Scale, Tokens

CITE = "Liang et al. 2024, arXiv:2410.08184"
RANGE = {"C": (1e17, 6e18)}
_TEST = {"C": 1.5e21}

DiffusionLoss = Annotated[float, Kind("Score", "input", "diffusion loss")]
FrechetDistance = Annotated[float, Kind("Score", "input", "FID")]


@law(cite=f"{CITE}, eq. 5", family="other domains", name="dit-N")
def dit_n(C: Flops, *, k: Scale, p: Exponent) -> Params:
    """Best number of parameters of a diffusion transformer for C training FLOPs."""
    return k * C**p


@law(cite=f"{CITE}, eq. 6", family="other domains", name="dit-D")
def dit_d(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best number of image and text tokens for C training FLOPs."""
    return k * C**p


@law(cite=f"{CITE}, eq. 7", family="other domains", name="dit-loss")
def dit_loss(C: Flops, *, k: Scale, p: Exponent) -> DiffusionLoss:
    """Training loss of the best diffusion transformer for C FLOPs: a mean squared error, not nats."""
    return k * C**-p


@law(cite=f"{CITE}, eq. 8", family="other domains", name="dit-FID")
def dit_fid(C: Flops, *, k: Scale, p: Exponent) -> FrechetDistance:
    """Fréchet distance (FID, on CLIP ViT-L/14 features) of the best diffusion transformer for C FLOPs."""
    return k * C**-p


dit2024_n = dit_n.at(
    "dit2024-N", k=0.0009, p=0.5681, cite=f"{CITE}, eq. 5", fitted_on=RANGE, checks=[(_TEST, 964672623.2286823)],
    caution="k is printed to one digit: at 1.5e21 FLOPs it gives 965M where the paper says 958.3M.",
)  # fmt: skip
dit2024_d = dit_d.at(
    "dit2024-D", k=186.8535, p=0.4319, cite=f"{CITE}, eq. 6", fitted_on=RANGE, checks=[(_TEST, 261489980000.0)],
)  # fmt: skip
dit2024_loss = dit_loss.at(
    "dit2024-loss", k=2.3943, p=0.0273, cite=f"{CITE}, eq. 7", fitted_on=RANGE, checks=[(_TEST, 0.63251565)],
    caution="One source prints 3.3943 for k.",
)  # fmt: skip
dit2024_fid = dit_fid.at(
    "dit2024-FID", k=2.2566e6, p=0.234, cite=f"{CITE}, eq. 8", fitted_on=RANGE, checks=[(_TEST, 25.017807)],
)  # fmt: skip
