"""Chen et al. 2025, Parallel Scaling Law for Language Models (ParScale), arXiv:2505.10475.

The constants come from the authors' own script and its 24 losses, run again; the digits of the paper were not seen.
"""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Count, Exponent, Floor, Nats, Params, Size

CITE = "Chen et al. 2025, arXiv:2505.10475"


@law(cite=CITE, family="recurrent and parallel", name="parallel-streams")
def parallel_streams(N: Params, streams: Count, *, E: Floor, A: Size, alpha: Exponent, k: Size) -> Nats:
    """Loss of a model that runs so many streams of itself in parallel: they act like k log(streams) more parameters."""
    return E + (A / (N * (k * np.log(streams) + 1))) ** alpha


_ABOUT = {
    "caution": "One number of tokens, which is no variable. N leaves out embeddings. Loss on the training set.",
    "fitted_on": {"N": (0.54e9, 4.4e9), "streams": (1.0, 8.0)},
}
_SIZES = ((535813376, 1), (1571472384, 1), (4414502408, 8))


def _losses(*losses: float, near: float) -> list[tuple[dict[str, float], float, float]]:
    return [({"N": N, "streams": P}, loss, near) for (N, P), loss in zip(_SIZES, losses, strict=True)]


chen2025_streams_code = parallel_streams.at(
    "chen2025-streams-code", E=0.69123678, A=0.01130616e9, alpha=0.18937067, k=0.393463,
    cite=f"{CITE}, Stack-V2 Python", **_ABOUT,
    checks=[({"N": 535813376, "streams": 1}, 1.17282058)], printed=_losses(1.1722, 1.0817, 0.9794, near=0.003),
)  # fmt: skip
chen2025_streams_pile = parallel_streams.at(
    "chen2025-streams-pile", E=1.28876563, A=0.19735203e9, alpha=0.19633308, k=0.33445557,
    cite=f"{CITE}, the Pile", **_ABOUT,
    checks=[({"N": 535813376, "streams": 1}, 2.11069825)], printed=_losses(2.1113, 1.9539, 1.7772, near=0.001),
)  # fmt: skip
