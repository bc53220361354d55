"""FLOP rules: how training compute C, parameters N and tokens D hang together, by name.

Every rule here has the form C = per_token(N) * D and computes in float64: 6*N*D overflows int64
from about 70B parameters on 1.4T tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import UsageError

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class FlopRule:
    """A named way to count training FLOPs from parameters and tokens.

    formula    as printed beside every number that used it
    per_token  N -> training FLOPs for one token
    size       training FLOPs for one token -> N, the inverse of per_token
    """

    name: str
    formula: str
    per_token: Callable[[Numbers], Numbers]
    size: Callable[[Numbers], Numbers]

    def flops(self, N: ArrayLike, D: ArrayLike) -> Numbers:
        """Give the training FLOPs C of N parameters on D tokens."""
        return np.asarray(self.per_token(_floats(N)) * _floats(D), dtype=np.float64)

    def tokens(self, N: ArrayLike, C: ArrayLike) -> Numbers:
        """Give the tokens D that C FLOPs buy for N parameters."""
        return np.asarray(_floats(C) / self.per_token(_floats(N)), dtype=np.float64)

    def params(self, D: ArrayLike, C: ArrayLike) -> Numbers:
        """Give the parameters N that C FLOPs can train on D tokens."""
        return np.asarray(self.size(_floats(C) / _floats(D)), dtype=np.float64)


def _floats(values: ArrayLike) -> Numbers:
    return np.asarray(values, dtype=np.float64)


# Kaplan et al. 2020, arXiv:2001.08361, section 2.1: 2N forward and 4N backward for each token.
_SIX_N_D = FlopRule("6ND", "C = 6*N*D", per_token=lambda N: 6.0 * N, size=lambda per_token: per_token / 6.0)

FLOP_RULES = MappingProxyType({rule.name: rule for rule in (_SIX_N_D,)})
"""The FLOP rules by name."""


def rule_named(name: str) -> FlopRule:
    """Give the FLOP rule of that name; raises UsageError if there is none."""
    try:
        return FLOP_RULES[name]
    except KeyError:
        raise UsageError(f'"{name}" is not a FLOP rule. Say one of {", ".join(FLOP_RULES)}.') from None
