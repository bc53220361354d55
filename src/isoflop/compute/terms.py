"""Under what terms a run is trained: what it costs, what its parameters and tokens are worth, what bounds them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from isoflop.compute.flops import FlopRule, rule_named
from isoflop.compute.mixture import COUNTS_EXPERTS, Mixture
from isoflop.compute.shape import VOCABULARY, typical
from isoflop.errors import UsageError
from isoflop.formula.arrays import Array, bisect
from isoflop.quantities import show

FULL_PRECISION = 16.0
"""Bits at which the runs behind a law were trained, unless the law takes bits."""
_WITHOUT_END = 1e40
"""Unique tokens that no run could read: a law may divide by them, which infinity would not survive."""


@dataclass(frozen=True)
class Terms:
    """What is paid for a run and what it may be; without any word, training alone is paid and nothing is bounded.

    serving        FLOPs spent on each parameter after training: 2 for each token served
    training       most FLOPs that training alone may take
    unique_tokens  what there is to read; beyond it tokens repeat and are worth less
    token_worth    what a token is worth beside one of the runs behind the law: better or worse data
    bits           of weights, activations and cache in training
    vocabulary     tokens the model knows: embeddings of more than the usual do nothing else
    mixture        experts of which a token uses some; N counts the active parameters
    held           other inputs of the law
    params, tokens the least and the most of each
    """

    rule: FlopRule = field(default_factory=lambda: rule_named("6ND"))
    serving: float = 0.0
    training: float = math.inf
    unique_tokens: float = math.inf
    token_worth: float = 1.0
    bits: float = FULL_PRECISION
    vocabulary: int = VOCABULARY
    mixture: Mixture | None = None
    held: Mapping[str, float] = field(default_factory=dict)
    params: tuple[float, float] = (1.0, math.inf)
    tokens: tuple[float, float] = (1.0, math.inf)

    @property
    def settled(self) -> bool:
        """Whether both N and D are given, so that there is nothing to choose."""
        return self.params[0] == self.params[1] and self.tokens[0] == self.tokens[1]

    def cost(self, N: ArrayLike, D: ArrayLike) -> Array:
        """Return the FLOPs of training and serving."""
        return self.rule.flops(N, D) + self.serving * np.asarray(N, float)

    def affordable(self, N: Array, budget: Array | float) -> Array:
        """Return the tokens that the budget buys for N parameters; none is below zero."""
        left = np.minimum(np.maximum(budget - self.serving * N, 0.0), self.training)
        return self.rule.tokens(N, left)

    def span(self, budget: Array) -> tuple[Array, Array]:
        """Return the lowest and highest log N that keep the bounds, for budgets (batch, 1)."""
        low = np.maximum(self._log_size(budget, self.tokens[1]), math.log(self.params[0]))
        high = np.minimum(self._log_size(budget, self.tokens[0]), math.log(self.params[1]))
        smallest = np.exp(np.minimum(low, high))
        lost = (low > high + 1e-9) | (self.affordable(smallest, budget) < self.tokens[0] * (1 - 1e-6))
        if np.any(lost):
            raise UsageError(self._too_little(float(budget[np.argmax(lost), 0])))
        return np.minimum(low, high), high

    def _too_little(self, budget: float) -> str:
        size, least = self.params[0], self.tokens[0]
        need = float(self.cost(size, least))
        bound = f"{show(size)} parameters on {show(least)} tokens take {need:.3g} FLOPs"
        serve = ", serving included" if self.serving else ""
        return f"{bound}{serve}, and there are {min(budget, self.training):.3g}. Raise the budget or lower the bounds."

    def _log_size(self, budget: Array, tokens: float) -> Array:
        """Give the largest log N that can be trained on so many tokens, (batch, 1); -inf if the tokens may be many."""
        if math.isinf(tokens):
            return np.full(budget.shape, -math.inf)
        return bisect(
            lambda log_n: self.affordable(np.exp(log_n), budget) >= tokens, np.zeros(budget.shape), np.log(budget)
        )

    def effective_inputs(self, takes: Collection[str], N: Array, D: Array) -> dict[str, Array]:
        """Return what a law that takes such inputs is told of N parameters on D tokens under these terms.

        A law that takes unique tokens, bits or experts is told them. For one that does not, N and D become what they
        are worth to a dense model at full precision, with the usual vocabulary, on tokens that do not repeat.
        """
        mixed = self.mixture.told() if self.mixture else {}
        asked = {"U": min(self.unique_tokens, _WITHOUT_END), "bits": self.bits, **mixed, **self.held}
        told = {key: np.asarray(value) for key, value in asked.items() if key in takes}
        if self.mixture and not COUNTS_EXPERTS & set(told):
            N = N * self.mixture.leverage(self.rule.flops(N, D))
        if "U" not in told and math.isfinite(self.unique_tokens):
            from isoflop.laws.repetition import effective_params, effective_tokens

            N, D = effective_params(N, self.unique_tokens), effective_tokens(D, self.unique_tokens)
        D = D * self.token_worth
        if self.vocabulary != VOCABULARY:
            shape = typical(N, vocabulary=self.vocabulary)
            N = shape.non_embedding + 2 * VOCABULARY * shape.width
        if "bits" not in told and self.bits != FULL_PRECISION:
            from isoflop.laws.precision import effective_params as at_bits

            N = N * at_bits(1.0, bits=self.bits) / at_bits(1.0, bits=FULL_PRECISION)
        return {**told, "N": N, "D": D}
