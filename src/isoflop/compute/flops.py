"""FLOP rules: how training compute C, parameters N and tokens D hang together, by name.

Every rule has the form C = per_token(N) * D and computes in float64: 6*N*D overflows int64 from
about 70B parameters on 1.4T tokens. Rules that see more of a model than N count a Shape exactly
(`shape_flops`), and N alone through the shape that is typical of N. In a mixture of experts, N is
what one token uses. No rule halves the attention that a causal mask leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from isoflop.compute.shape import CONTEXT, VOCABULARY, Counts, Shape, non_embedding_for, typical
from isoflop.errors import UsageError
from isoflop.formula.arrays import Array


@dataclass(frozen=True)
class FlopRule:
    """A named way to count training FLOPs from parameters and tokens.

    formula    as printed beside every number that used it
    per_token  N -> training FLOPs for one token
    size       training FLOPs for one token -> N, the inverse of per_token
    power      exponent of D: C = per_token(N) D^power
    """

    name: str
    formula: str
    per_token: Callable[[Array], Array]
    size: Callable[[Array], Array]
    power: float = 1.0

    def flops(self, N: ArrayLike, D: ArrayLike) -> Array:
        """Return the training FLOPs C of N parameters on D tokens."""
        return np.asarray(self.per_token(_floats(N)) * _floats(D) ** self.power, dtype=np.float64)

    def tokens(self, N: ArrayLike, C: ArrayLike) -> Array:
        """Return the tokens D that C FLOPs buy for N parameters."""
        return np.asarray((_floats(C) / self.per_token(_floats(N))) ** (1 / self.power), dtype=np.float64)

    def params(self, D: ArrayLike, C: ArrayLike) -> Array:
        """Return the parameters N that C FLOPs can train on D tokens."""
        return np.asarray(self.size(_floats(C) / _floats(D) ** self.power), dtype=np.float64)


def _floats(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)


# Kaplan et al. 2020, arXiv:2001.08361, section 2.1: 2N forward and 4N backward for each token.
_SIX_N_D = FlopRule("6ND", "C = 6*N*D", per_token=lambda N: 6.0 * N, size=lambda per_token: per_token / 6.0)


@dataclass(frozen=True)
class _Counting:
    """A rule that sees the shape: 6 n + attention L T d + embedding V d training FLOPs for one token.

    That sum holds for layers of 12 d² parameters with heads 128 wide; `exact` is the paper's count of any shape.
    """

    formula: str
    attention: float
    embedding: float
    exact: Callable[[Shape], float]


def _forward_of_layer(shape: Shape) -> float:
    """Return the forward FLOPs of one layer for one token (Hoffmann et al. 2022, Appendix F, by sequence length).

    Fewer heads of keys and values, gates and experts are counted as the matrix products that they are.
    """
    attention, context = shape.attention_width, shape.context
    queries_keys_values = 2 * shape.width * (attention + 2 * shape.kv_width)
    logits, softmax, reduction = 2 * context * attention, 3 * shape.heads * context, 2 * context * attention
    output = 2 * attention * shape.width
    blocks = shape.experts_per_token + shape.shared_experts
    dense = 2 * (3 if shape.gated else 2) * shape.width * shape.ffn * blocks
    router = 2 * shape.width * shape.experts if shape.experts > 1 else 0
    return queries_keys_values + logits + softmax + reduction + output + dense + router


def _attention(shape: Shape) -> float:
    """Return L T H Q: layers, context, and the width of all heads."""
    return float(shape.layers * shape.context * shape.attention_width)


_COUNTINGS: Mapping[str, _Counting] = {
    # Kaplan et al. 2020, Table 1: forward 2N + 2 n_layer n_ctx d_attn, N without embeddings; backward twice that.
    "kaplan": _Counting(
        "6*n + 6*L*T*d", 6, 0, lambda shape: 6.0 * shape.active_non_embedding + 6.0 * _attention(shape)
    ),
    # Hoffmann et al. 2022, arXiv:2203.15556, Appendix F: embedding 2 V d, layers, logits 2 V d; backward twice that.
    "chinchilla": _Counting(
        "6*n + (12 + 9/128)*L*T*d + 12*V*d", 12 + 9 / 128, 12,
        lambda shape: 3.0 * (shape.layers * _forward_of_layer(shape) + 4 * shape.vocabulary * shape.width),
    ),
    # The same without embedding and logits, which is what reproduces the paper's Table A4.
    "chinchilla-layers": _Counting(
        "6*n + (12 + 9/128)*L*T*d", 12 + 9 / 128, 0, lambda shape: 3.0 * shape.layers * _forward_of_layer(shape)
    ),
    # Chowdhery et al. 2022, arXiv:2204.02311, Appendix B: 6N + 12 L H Q T, the FLOPs that MFU is a share of.
    "palm": _Counting("6*N + 12*L*T*d", 12, 12, lambda shape: 6.0 * shape.active + 12.0 * _attention(shape)),
    # DeepSeek-AI 2024, arXiv:2401.02954, equation 2: M = 72 n_layer d² + 12 n_layer d l_seq, of dense models.
    "deepseek": _Counting(
        "72*L*d^2 + 12*L*T*d", 12, 0,
        lambda shape: (
            float(shape.layers * shape.width * (72 * shape.width + 12 * shape.context))
            if shape.experts == 1 else float("nan")
        ),
    ),
}  # fmt: skip


@cache
def shape_rule(
    name: str, *, context: int = CONTEXT, vocabulary: int = VOCABULARY, counts: Counts = "total"
) -> FlopRule:
    """Return the rule of that name for N alone, at the shape that is typical of N; its inverse is exact.

    Without embedding and gates, layers have 12 d² parameters: see `isoflop.shape.typical`.
    """
    if name not in _COUNTINGS:
        raise UsageError(f'"{name}" does not look at the shape. Say one of {", ".join(_COUNTINGS)}.')
    rule = _COUNTINGS[name]
    across, along = rule.embedding * vocabulary, rule.attention * context

    def per_token(N: Array) -> Array:
        shape = typical(N, counts=counts, vocabulary=vocabulary)
        return np.asarray(6 * shape.non_embedding + along * shape.layers * shape.width + across * shape.width)

    def size(per_token: Array) -> Array:
        n = non_embedding_for(per_token, whole=6.0, width=across, length=along)
        wide = typical(n, counts="non-embedding").width
        return np.asarray(n + 2 * vocabulary * wide if counts == "total" else n)

    told = {"context": (context, CONTEXT), "vocabulary": (vocabulary, VOCABULARY), "counts": (counts, "total")}
    options = ",".join(f"{key}={value}" for key, (value, usual) in told.items() if value != usual)
    letters = "n without embeddings" if counts == "total" else "N without embeddings"
    formula = (
        f"C = ({rule.formula})*D at the L layers of width d that are typical of N "
        f"({letters}, context T = {context}, vocabulary V = {vocabulary})"
    )
    return FlopRule(f"{name}:{options}" if options else name, formula, per_token, size)


FLOP_RULES = MappingProxyType({rule.name: rule for rule in (_SIX_N_D, *map(shape_rule, _COUNTINGS))})
"""The FLOP rules by name; those that look at the shape, at a context of 2048 and a vocabulary of 32000."""


def rule_named(name: str) -> FlopRule:
    """Return the FLOP rule of that name, such as 6ND, palm or kaplan:context=8192,counts=non-embedding.

    What may be told after the colon: context, vocabulary, counts (total or non-embedding). power:c=1536,a=1,b=1 is
    C = c N^a D^b, exponents 1 unless said: the cost of images, speech, or anything.
    Raises UsageError if there is no such rule.
    """
    if name in FLOP_RULES:
        return FLOP_RULES[name]
    base, colon, words = name.partition(":")
    if base == POWER:
        return _power_named(words)
    if base not in _COUNTINGS or not colon:
        raise UsageError(f'"{name}" is not a FLOP rule. Say one of {", ".join(FLOP_RULES)}.')
    told = dict(word.partition("=")[::2] for word in words.split(","))
    wrong = [word for word in told.items() if not _is_option(*word)]
    if wrong:
        raise UsageError(
            f'"{"=".join(wrong[0])}" is nothing to tell a FLOP rule. Say context=8192, vocabulary=128000 or '
            f"counts=non-embedding, as in {base}:context=8192."
        )
    return _told(base, told)


POWER = "power"


def said_as(name: str) -> str:
    """Return a rule in a few words: C = 6ND, C = palm, C = 1536*N*D."""
    return rule_named(name).formula if name.startswith(POWER) else f"C = {name}"


def power_rule(c: float, a: float = 1.0, b: float = 1.0) -> FlopRule:
    """Return the rule C = c N^a D^b."""
    told = ",".join(f"{key}={value:.6g}" for key, value in (("c", c), ("a", a), ("b", b)))
    letters = (f"{letter}^{value:.4g}" if value != 1 else letter for letter, value in (("N", a), ("D", b)))
    return FlopRule(
        f"{POWER}:{told}", f"C = {c:.4g}*{'*'.join(letters)}", lambda N: c * N**a,
        lambda per_token: (per_token / c) ** (1 / a), b,
    )  # fmt: skip


def _power_named(words: str) -> FlopRule:
    try:
        told = {key: float(value) for key, _, value in (word.partition("=") for word in words.split(","))}
    except ValueError:
        told = {}
    if not set(told) <= {"c", "a", "b"} or not 0 < told.get("c", 0.0) < np.inf:
        raise UsageError(f'"{POWER}:{words}" is not a FLOP rule. Say power:c=1536, or power:c=1536,a=1,b=1.')
    if not all(0.05 <= told.get(key, 1.0) <= 20 for key in "ab"):
        raise UsageError(f'"{POWER}:{words}": exponents are between 0.05 and 20.')
    return power_rule(told["c"], told.get("a", 1.0), told.get("b", 1.0))


def _is_option(key: str, value: str) -> bool:
    if key == "counts":
        return value in ("total", "non-embedding")
    return key in ("context", "vocabulary") and value.isascii() and value.isdigit() and 0 < int(value) < 1e9


def _told(name: str, told: Mapping[str, str]) -> FlopRule:
    counts: Counts = "non-embedding" if told.get("counts") == "non-embedding" else "total"
    context, vocabulary = int(told.get("context", CONTEXT)), int(told.get("vocabulary", VOCABULARY))
    return shape_rule(name, context=context, vocabulary=vocabulary, counts=counts)


def shape_flops(shape: Shape, rule: str = "6ND") -> float:
    """Return the training FLOPs of one token for a shape, as the rule's paper counts them; nan where it does not.

    rule  6ND (active N), kaplan, chinchilla (Appendix F), chinchilla-layers, palm, deepseek
    """
    if rule == _SIX_N_D.name:
        return 6.0 * shape.active
    if rule not in _COUNTINGS:
        raise UsageError(f'"{rule}" is not a FLOP rule of a shape. Say one of {", ".join(FLOP_RULES)}.')
    return _COUNTINGS[rule].exact(shape)
