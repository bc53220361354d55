"""Mixtures of experts: loss from size, tokens and how the experts are cut.

Papers count N in two ways, active parameters (those a token passes through) or all of them; each curve says which.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from isoflop.formula.law import law
from isoflop.laws import chinchilla
from isoflop.quantities import Experts, Exponent, Floor, Granularity, Nats, Params, Real, Scale, Share, Size, Tokens

CLARK = "Clark et al. 2022, arXiv:2202.01169"
KRAJEWSKI = "Krajewski et al. 2024, arXiv:2402.07871"
LUDZIEJEWSKI = "Ludziejewski et al. 2025, arXiv:2502.05172"
ABNAR = "Abnar et al. 2025, arXiv:2501.12370"


def _saturated(experts: Any, E_start: Any, E_max: Any) -> Any:
    """Return Clark's effective count of experts: E_start for one expert, never more than E_max."""
    return 1 / (1 / (experts - 1 + 1 / (1 / E_start - 1 / E_max)) + 1 / E_max)


@law(cite=f"{CLARK}, eq. 1", family="mixture of experts")
def clark(N: Params, experts: Experts, *, a: Real, b: Real, c: Real, d: Real, E_start: Size, E_max: Size) -> Nats:
    """Loss of a routed model with N active parameters, its tokens fixed; logarithms to base 10."""
    E = _saturated(experts, E_start, E_max)
    return 10 ** (a * np.log10(N) + b * np.log10(E) + c * np.log10(N) * np.log10(E) + d)


@law(cite=f"{KRAJEWSKI}, table 1", family="mixture of experts")
def krajewski(
    N: Params, D: Tokens, granularity: Granularity,
    *, c: Floor, g: Scale, gamma: Exponent, a: Scale, alpha: Exponent, b: Scale, beta: Exponent,
) -> Nats:  # fmt: skip
    """Loss of a mixture with N parameters in all, cut into finer experts; how much it expands is fixed."""
    return c + (g / granularity**gamma + a) / N**alpha + b / D**beta


@law(cite=f"{LUDZIEJEWSKI}, table 3", family="mixture of experts")
def ludziejewski(
    N: Params, D: Tokens, experts: Experts,
    *, c: Floor, a: Scale, alpha: Real, delta: Real, gamma: Real, b: Scale, beta: Real, omega: Real, zeta: Real,
    E_start: Size, E_max: Size,
) -> Nats:  # fmt: skip
    """Loss of a mixture with N active parameters; alpha and beta are negative here, as the paper prints them."""
    E = _saturated(experts, E_start, E_max)
    size = a * E**delta * N ** (alpha + gamma * np.log(E))
    data = b * E**omega * D ** (beta + zeta * np.log(E))
    return size + data + c


@law(cite=f"{ABNAR}, eq. 6", family="mixture of experts")
def abnar(
    N: Params, D: Tokens, sparsity: Share,
    *, e: Floor, a: Scale, alpha: Exponent, b: Scale, beta: Exponent,
    c: Scale, lamda: Real, d: Scale, delta: Real, gamma: Exponent,
) -> Nats:  # fmt: skip
    """Loss of a mixture with N parameters in all, of whose experts a share, sparsity, is idle for each token."""
    idle = c / (1 - sparsity) ** lamda + d / ((1 - sparsity) ** delta * N**gamma)
    return a / N**alpha + b / D**beta + idle + e


_CLARK = (
    "N counts active parameters (the dense model that is routed). All runs saw 130B tokens, so more tokens are beyond "
    "it. Three decimals are too coarse for the size at which experts stop helping, 10^(-b/c): {} here, {} in the paper."
)
_CLARK_RANGE = {"N": (15e6, 1.3e9), "experts": (1.0, 512.0)}
clark2022_sbase = clark.at(
    "clark2022-sbase", a=-0.082, b=-0.108, c=0.009, d=1.104, E_start=1.847, E_max=314.478,
    cite=f"{CLARK}, table 3, S-BASE", caution=_CLARK.format("1.0e12", "937B"), fitted_on=_CLARK_RANGE,
    checks=[({"N": 1.3e9, "experts": 1}, 2.2373571), ({"N": 1.3e9, "experts": 64}, 2.0497788)],
)  # fmt: skip
clark2022_rlr = clark.at(
    "clark2022-rlr", a=-0.083, b=-0.126, c=0.012, d=1.111, E_start=1.880, E_max=469.982,
    cite=f"{CLARK}, table 3, RL-R", caution=_CLARK.format("3.2e10", "85B"), fitted_on=_CLARK_RANGE,
    checks=[({"N": 1.3e9, "experts": 1}, 2.2386320751), ({"N": 1.3e9, "experts": 64}, 2.1151238567)],
)  # fmt: skip
clark2022_hash = clark.at(
    "clark2022-hash", a=-0.087, b=-0.136, c=0.012, d=1.157, E_start=4.175, E_max=477.741,
    cite=f"{CLARK}, table 3, HASH", caution=_CLARK.format("2.2e11", "83B"), fitted_on=_CLARK_RANGE,
    checks=[({"N": 1.3e9, "experts": 1}, 2.2261641421), ({"N": 1.3e9, "experts": 64}, 2.0746252030)],
)  # fmt: skip

_KRAJEWSKI = "N counts all parameters but embeddings"
krajewski2024 = krajewski.at(
    "krajewski2024", c=0.47, g=2.1, gamma=0.58, a=18.1, alpha=0.115, b=30.8, beta=0.147,
    cite=f"{KRAJEWSKI}, table 1", caution=f"{_KRAJEWSKI}, of mixtures that expand 64 times.",
    fitted_on={"N": (129e6, 3.7e9), "D": (16e9, 130e9), "granularity": (1.0, 16.0)},
    checks=[({"N": 1e9, "D": 2e10, "granularity": 1}, 3.2761332), ({"N": 1e9, "D": 2e10, "granularity": 8}, 3.1403931)],
)  # fmt: skip
krajewski2024_dense = chinchilla.chinchilla.at(
    "krajewski2024-dense", E=0.47, A=16.3, alpha=0.126, B=26.7, beta=0.127,
    cite=f"{KRAJEWSKI}, table 1", summary="Dense models, for comparison with krajewski2024.",
    caution=f"{_KRAJEWSKI}.", fitted_on={"N": (129e6, 3.7e9), "D": (16e9, 130e9)},
    checks=[({"N": 1e9, "D": 2e10}, 2.9803051)],
)  # fmt: skip

ludziejewski2025 = ludziejewski.at(
    "ludziejewski2025", c=1.3637, a=35.91, alpha=-0.1889, delta=-0.2285, gamma=0.0098,
    b=35.98, beta=-0.1775, omega=0.5529, zeta=-0.0259, E_start=2.0732, E_max=290.4521,
    cite=f"{LUDZIEJEWSKI}, table 3",
    caution="N counts active parameters. Fitted to mixtures of up to 5B parameters in all. Below 1.9B tokens one of "
            "its terms rises with experts, beyond 13B active parameters the other: do not use it there.",
    fitted_on={"experts": (1.0, 32.0)},
    holds={"N": (1.0, 13e9), "D": (1.9e9, math.inf), "experts": (1.0, 32.0)},
    checks=[({"N": 1e9, "D": 2e10, "experts": 1}, 2.5776), ({"N": 1e9, "D": 2e10, "experts": 8}, 2.5087773),
            ({"N": 1e9, "D": 2e10, "experts": 32}, 2.4545612)],
)  # fmt: skip

abnar2025 = abnar.at(
    "abnar2025", e=0.94, a=16612.5, alpha=0.5962, b=5455.67, beta=0.3954,
    c=0.4598, lamda=-0.1666, d=17.26, delta=0.1603, gamma=0.1595,
    cite=f"{ABNAR}, table 3",
    caution="N counts all parameters, active or not; sparsity is the share of idle experts. On held-out runs at a "
            "sparsity of 0.98 it explains 68 % of the variance.",
    checks=[({"N": 1e10, "D": 1e11, "sparsity": 0.9}, 2.1498378)],
)  # fmt: skip
