"""Laws of a whole learning-rate schedule: the annealing law and the multi-power law.

Both read the rate at every step, the warm-up included: its rises count as negative drops.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.formula.arrays import Array
from isoflop.formula.schedule import ScheduleCurve, ScheduleLaw, constant, drops, fading
from isoflop.quantities import Kind

_FLOOR, _SCALE, _EXPONENT = (
    Kind("Floor", "floor"),
    Kind("Scale", "scale"),
    Kind("Exponent", "exponent", search=(0.3, 1)),
)
_SPEED = Kind("Size", "size")
SMALLEST = 1e-9
"""The share of the largest rate that a rate of zero counts as: there the multi-power law is only defined as a limit."""


def _annealed(
    rates: Array, after: NDArray[np.int64], *, L0: Array, A: Array, alpha: Array, C: Array, momentum: Array
) -> Array:
    """Return the losses of Tissue et al.

    Summing M_i = momentum M_(i-1) + drop_i over the steps gives (all drops - momentum M) / (1 - momentum).
    """
    lost, steps = drops(rates), np.arange(rates.size, dtype=float)
    rows = [
        fading(steps, lost, weigh=lambda some: np.ones((some.size, 1)), speeds=np.array([-np.log(keep)]), after=after)
        for keep in np.ravel(momentum)
    ]
    M = np.stack(rows) if momentum.ndim else rows[0]
    S1 = np.cumsum(rates)[after - 1]
    S2 = (np.cumsum(lost)[after - 1] - momentum * M) / (1 - momentum)
    return L0 + A * S1**-alpha - C * S2


annealing = ScheduleLaw(
    "annealing",
    "L0 + A S1^-alpha - C S2, where S1 is the sum of the rates and S2 the sum over the steps of their drops, "
    "each remembered with momentum",
    {"L0": _FLOOR, "A": _SCALE, "alpha": _EXPONENT, "C": _SCALE,
     "momentum": Kind("Momentum", "real", search=(0.99, 0.9995))},
    _annealed,
    cite="Tissue et al. 2024, arXiv:2408.11029",
    summary="Loss falls with the sum of the rates, and further as the rate is annealed.",
)  # fmt: skip


def _multi_power(
    rates: Array, after: NDArray[np.int64], *, L0: Array, A: Array, alpha: Array, B: Array, C: Array, beta: Array,
    gamma: Array,
) -> Array:  # fmt: skip
    """Return the losses of Luo et al.: L0 + A S1^-alpha - B sum of drops_k (1 - (1 + C eta_k^-gamma S_k)^-beta)."""
    lost, travelled = drops(rates), np.cumsum(rates)
    used = np.maximum(rates, SMALLEST * rates.max())
    memory = _power_memory(lost, used, C=C, beta=beta, gamma=gamma, after=after)
    fallen = (rates[0] - rates)[after - 1]
    return L0 + A * travelled[after - 1] ** -alpha - B * (fallen - memory)


def _power_memory(lost: Array, used: Array, *, C: Array, beta: Array, gamma: Array, after: NDArray[np.int64]) -> Array:
    """Return sum of drops_k (1 + C eta_k^-gamma S_k)^-beta, S_k the sum of the rates from step k on.

    (1 + c S)^-beta = c^-beta / Gamma(beta) times the integral of y^(beta - 1) e^(-y / c) e^(-y S) dy: by the
    trapezoidal rule in log y, a sum of exponentials in S that all drops share (error below 1e-9). What lies below
    the first y is constant in S, and joined to it.
    """
    alone = C.ndim == beta.ndim == gamma.ndim == 0
    C, beta, gamma = (np.ravel(value)[:, None] for value in (C, beta, gamma))
    travelled = np.cumsum(used)
    fastest = max(1.0, float(np.max(C * used.min() ** -gamma)))
    spacing = 0.4
    y = np.exp(np.arange(np.log(1e-9 / max(1.0, float(travelled[-1]))), np.log(40 * fastest), spacing))
    ends = np.where(np.arange(y.size) == 0, 1 / (1 - np.exp(-spacing * beta)), 1.0)
    powers = ends * y**beta
    powers = powers / (powers * np.exp(-y)).sum(axis=-1, keepdims=True)

    def weigh(steps: NDArray[np.int64]) -> Array:
        eta = used[steps][:, None, None]
        slowness = eta**gamma / C
        return np.asarray(powers * slowness**beta * np.exp(-y * (slowness + eta)))

    found = fading(travelled, lost, weigh=weigh, speeds=y, after=after)
    return np.asarray(found[0]) if alone else found


multi_power = ScheduleLaw(
    "multi-power",
    "L0 + A S1^-alpha - B sum_k (eta_(k-1) - eta_k) (1 - (1 + C eta_k^-gamma S_k)^-beta), where S1 is the sum of the "
    "rates and S_k their sum from step k on",
    {"L0": _FLOOR, "A": _SCALE, "alpha": _EXPONENT, "B": _SCALE, "C": _SPEED, "beta": _EXPONENT, "gamma": _EXPONENT},
    _multi_power,
    cite="Luo et al. 2025, arXiv:2503.12811",
    summary="Loss falls with the sum of the rates, and with each drop of the rate by a power law of its own.",
)


def _published(size: str, published: float, **values: Any) -> ScheduleCurve:
    return multi_power.at(
        f"luo2025-{size}", **values, cite=f"Luo et al. 2025, arXiv:2503.12811, the authors' repository, {size} model",
        caution="One model, data set and peak rate (3e-4): only the schedule may change. Count the warm-up's steps.",
        fitted_on={"steps": (14_000, 72_000)},
        checks=[(constant(24_000, peak=3e-4), published)],
    )  # fmt: skip


luo2025_25m = _published(
    "25m", 3.2329791, L0=3.04045406, A=0.52468604, alpha=0.50786857, B=363.78751622, C=2.06560812, beta=0.58279013,
    gamma=0.64142257,
)  # fmt: skip
luo2025_100m = _published(
    "100m", 2.8972853, L0=2.6514477, A=0.60115152, alpha=0.45295811, B=437.9464276, C=2.13245612, beta=0.59785199,
    gamma=0.65523644,
)  # fmt: skip
luo2025_400m = _published(
    "400m", 2.6553561, L0=2.37474466, A=0.65421216, alpha=0.42878731, B=523.42464371, C=2.02462735, beta=0.59350493,
    gamma=0.63472457,
)  # fmt: skip

SCHEDULE_LAWS = {law.name: law for law in (annealing, multi_power)}
"""Every law of a whole schedule, by name."""

SCHEDULE_CURVES = {curve.name: curve for curve in (luo2025_25m, luo2025_100m, luo2025_400m)}
"""Every published curve of one, by name."""
