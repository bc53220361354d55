"""Prairie et al. 2026, Parcae: Scaling Laws for Stable Looped Language Models, arXiv:2604.12946.

One curve for each stored size; what grows is the mean number of recurrences, so N counts the unrolled model. Which
parameters the paper counts is not settled: with all stored ones plus seven more copies of the looped layers the two
held-out runs are met within 1 %, without embeddings within 3 %.
"""

from __future__ import annotations

from isoflop.laws import chinchilla

CITE = "Prairie et al. 2026, arXiv:2604.12946, table 11"
_CAUTION = (
    "One stored size: the floor belongs to it, do not mix sizes. N counts the model with its recurrences unrolled, and "
    "how exactly is not settled (a later paper reads it otherwise and misses the held-out runs by 3 %)."
)
prairie2026_140m = chinchilla.chinchilla.at(
    "prairie2026-140m", E=2.662, A=522733.307, alpha=0.771, B=25420.102, beta=0.525, cite=CITE, caution=_CAUTION,
    summary="A looped model that stores 140M parameters.",
    checks=[({"N": 243413568, "D": 11.2e9}, 2.9755078)],
    printed=[({"N": 243413568, "D": 11.2e9}, 2.9475919, 0.0096)],
)  # fmt: skip
prairie2026_370m = chinchilla.chinchilla.at(
    "prairie2026-370m", E=2.439, A=832134.346, alpha=0.775, B=6386.865, beta=0.448, cite=CITE, caution=_CAUTION,
    summary="A looped model that stores 370M parameters.",
    checks=[({"N": 740324864, "D": 29.6e9}, 2.6803348)],
    printed=[({"N": 740324864, "D": 29.6e9}, 2.6734588, 0.0027)],
)  # fmt: skip
