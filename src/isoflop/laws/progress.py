"""How fast models improve with the date: what doubles in how many days. Trends of releases, not laws of training.

METR's horizons (Kwa et al. 2025, arXiv:2503.14499): the length, in human time, of software tasks that frontier models
do half of the time. Densing (Xiao et al. 2024, arXiv:2412.04315): the parameters that one of a newer model is worth.
Stitching (Epoch AI 2025, arXiv:2512.00193): the compute that the same capability needs. Each number belongs to its
window and its set of tasks: never quote one without them.
"""

from __future__ import annotations

import math

from isoflop.formula.law import Curve, law
from isoflop.quantities import Count, Days, Exponent

METR = "Kwa et al. 2025, arXiv:2503.14499 (v3 of 2026)"
DENSING = "Xiao et al. 2024, arXiv:2412.04315"
STITCHING = "Epoch AI 2025, arXiv:2512.00193"
YEAR = 365.25
"""Days."""


@law(cite=f"{METR}; {DENSING}; {STITCHING}", family="progress", name="growth")
def growth(days: Days, *, rate: Exponent) -> Count:
    """How many times more after so many days: horizon of tasks (METR), density of capability, training efficiency."""
    return 2 ** (rate * days)


def _doubling(
    name: str, days: float, *, cite: str, summary: str, caution: str, until: float, printed: tuple[float, float, float]
) -> Curve:
    """Return growth that doubles in so many days, seen until a day; printed: days, the source's growth, how near."""
    at, value, near = printed
    return growth.at(
        name, rate=1 / days, cite=cite, summary=summary, caution=caution, fitted_on={"days": (1.0, until)},
        checks=[({"days": days}, 2.0)], printed=[({"days": at}, value, near)],
    )  # fmt: skip


_TASKS = "Well-specified software tasks; the interval of the doubling time is 166 to 240 days. Other windows differ."
kwa2025_horizon = _doubling(
    "kwa2025-horizon", 207, cite=METR, until=6.2 * YEAR,
    summary="Length of tasks done at 50 %, frontier models 2019 to 2025.",
    caution=_TASKS, printed=(207.0, 2.0, 1e-6),
)  # fmt: skip
kwa2025_horizon_80 = _doubling(
    "kwa2025-horizon-80", 204, cite=METR, until=6.2 * YEAR,
    summary="Length of tasks done at 80 %, frontier models 2019 to 2025.",
    caution="Horizons at 80 % are 4 to 6 times shorter than at 50 %.", printed=(204.0, 2.0, 1e-6),
)  # fmt: skip
xiao2024_density = _doubling(
    "xiao2024-density", math.log(2) / 0.0073, cite=DENSING, until=1.8 * YEAR,
    printed=(95.0, 2.0, 0.001),
    summary="Parameters that one parameter of the densest open model is worth, February 2023 to late 2024.",
    caution="The paper says 95 days and 3.3 months (100 days). Its scores may hold contaminated benchmarks; a study of "
            "factual recall in 2026 finds no such trend at a fixed size.",
)  # fmt: skip
xiao2024_density_before_chatgpt = _doubling(
    "xiao2024-density-before-chatgpt", math.log(2) / 0.0048, cite=DENSING, until=1.8 * YEAR,
    printed=(95.0, 2 ** (2 / 3), 0.007),
    summary="The same on MMLU alone before ChatGPT; the paper says that density then rose half as fast again.",
    caution="One benchmark.",
)  # fmt: skip
epoch2025_efficiency = _doubling(
    "epoch2025-efficiency", YEAR * math.log(2) * 0.1683 / 0.2971, cite=STITCHING, until=2.6 * YEAR,
    printed=(YEAR, 5.84, 0.001),
    summary="How much less training compute the same capability needs, 68 models of 2023 to 2025.",
    caution="95 % interval of the yearly factor: 3.95 to 8.64 with the gain of compute taken as exact; 3.5 to 18.6 "
            "with that of each family.",
)  # fmt: skip
