"""A mixture of experts: how many, how many a token uses, how fine; and the dense model that one is worth.

Tian et al. 2025 (arXiv:2507.17702) measure by how much a mixture multiplies compute, over 300 models. On its own
constants the multiple acts on the parameters alone: a mixture with N active parameters on D tokens is worth a dense
model of EL N parameters on the same D tokens, for the best D of its mixtures at C is that of its dense models at EL C
(1.04e11 tokens at 1e21, both ways).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.errors import UsageError
from isoflop.findings import json_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from isoflop.formula.arrays import Array

COARSE, FINE = 2.0, 7.0
"""Granularity unless said: experts as wide as the model where a token uses one or two, else as fine as DeepSeek-V3's.

DeepSeek-V3 is 7168 wide and its experts 2048 (its configuration file): twice the one by the other is 7.
"""
CHECKED = 1e22
"""FLOPs up to which the leverage is checked in its paper; beyond them it is held at its value there."""
MOST_EXPERTS = 100_000


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """How the experts of a layer are cut.

    experts      routed experts
    per_token    how many of them a token uses
    shared       experts that every token uses
    granularity  twice the width of the model by that of an expert; nan takes the usual one
    """

    experts: float
    per_token: float = 1.0
    shared: float = 0.0
    granularity: float = math.nan

    def __post_init__(self) -> None:
        for key, least in (("experts", 1), ("per_token", 1), ("shared", 0)):
            value = getattr(self, key)
            if not least <= value <= MOST_EXPERTS or value != int(value):
                raise UsageError(f"{_WORDS[key]} {value:g} must be a whole number, {least} or more.")
        if self.per_token > self.experts:
            raise UsageError(f"a token cannot use {self.per_token:g} of {self.experts:g} experts.")
        if not (math.isnan(self.granularity) or 0 < self.granularity < 1e3):
            raise UsageError(f"granularity {self.granularity:g} must be above 0, as in 7.")

    @property
    def activation(self) -> float:
        """The share of experts that a token uses, shared ones included."""
        return (self.per_token + self.shared) / (self.experts + self.shared)

    @property
    def fine(self) -> float:
        """The granularity, as said or as usual."""
        if not math.isnan(self.granularity):
            return self.granularity
        return COARSE if self.per_token + self.shared <= 2 else FINE

    def leverage(self, flops: ArrayLike) -> Array:
        """Return how many times the compute a dense model needs for the same loss, by tian2025-leverage."""
        from isoflop.laws.ling import tian2025_leverage

        if self.activation == 1:  # a dense model
            return np.ones(np.shape(flops))
        C = np.clip(np.asarray(flops, float), 1e15, CHECKED)
        return np.asarray(tian2025_leverage(C=C, activation=self.activation, granularity=self.fine))

    def told(self) -> dict[str, float]:
        """Return what laws of mixtures take of it, by the names of their inputs."""
        return {
            "experts": self.experts / self.per_token, "granularity": self.fine, "activation": self.activation,
            "sparsity": 1 - self.activation,
        }  # fmt: skip

    def of_shape(self) -> dict[str, Any]:
        """Return the mixture as `shape_for` takes it."""
        return {
            "experts": int(self.experts), "experts_per_token": int(self.per_token),
            "shared_experts": int(self.shared), "granularity": self.fine,
        }  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Return the mixture as it stands in the JSON."""
        return json_of(self, "experts experts_per_token=per_token shared_experts=shared granularity=fine activation")

    def __str__(self) -> str:
        shared = f" and {self.shared:g} shared" if self.shared else ""
        return f"{self.per_token:g} of {self.experts:g} experts{shared} a token, granularity {self.fine:.2g}"


_WORDS = {"experts": "experts", "per_token": "experts a token", "shared": "shared experts"}
COUNTS_EXPERTS = frozenset({"experts", "activation", "sparsity"})
"""Inputs by which a law knows of experts; one that takes none of them is told the dense model a mixture is worth."""
