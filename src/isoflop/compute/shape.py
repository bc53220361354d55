"""Shape: the layers, width and experts of a transformer, its parameter counts, and the shape that fits a size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from isoflop.errors import UsageError
from isoflop.quantities import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from isoflop.formula.arrays import Array


Counts = Literal["total", "non-embedding"]
"""What N counts: every parameter that a token uses, or those outside the embedding matrices."""

VOCABULARY, CONTEXT = 32_000, 2048
"""Tokens known and tokens in a sequence, unless told: those of Chinchilla (Hoffmann et al. 2022)."""

_ASPECT, _GROWTH, _MOST_ASPECT = 110.0, 0.12, 128.0
"""Width by layers at 1e10 parameters outside embeddings, the power it grows with, and the most it reaches."""
_NEWTON = 6
"""Steps of Newton's method; 5 reach the last digit from 1e-3 to 1e18 parameters."""


@dataclass(frozen=True)
class Shape:
    """The shape of a decoder-only transformer.

    ffn                 width between the two (gated: three) matrices of a feed-forward block, or of one expert
    tied                the output matrix is the input embedding
    head_width          width of one head; 0 stands for width / heads
    relative_positions  one more matrix of the size of the queries in each layer, as in Gopher and Chinchilla

    Norms and biases are left out of every count: less than 0.1 % of a model that uses them.

    >>> shape = isoflop.shape_for(7e9)
    >>> shape.layers > 20
    True
    """

    layers: int
    width: int
    _: KW_ONLY
    heads: int
    kv_heads: int
    ffn: int
    vocabulary: int = VOCABULARY
    gated: bool = True
    tied: bool = False
    context: int = CONTEXT
    experts: int = 1
    experts_per_token: int = 1
    shared_experts: int = 0
    head_width: int = 0
    relative_positions: bool = False

    def __post_init__(self) -> None:
        _refuse(self)

    @property
    def attention_width(self) -> int:
        """Return the width of all heads together: that of queries and of what attention returns."""
        return self.heads * (self.head_width or self.width // self.heads)

    @property
    def kv_width(self) -> int:
        """Return the width of all keys of a token, which is that of its values."""
        return self.attention_width // self.heads * self.kv_heads

    @property
    def embedding(self) -> int:
        """Return the parameters of the input embedding and, unless tied, of the output matrix."""
        return self.vocabulary * self.width * (1 if self.tied else 2)

    @property
    def non_embedding(self) -> int:
        """Return the parameters of all layers, every expert counted."""
        return self.layers * self._layer(self.experts)

    @property
    def active_non_embedding(self) -> int:
        """Return the parameters of all layers that one token uses."""
        return self.layers * self._layer(self.experts_per_token)

    @property
    def total(self) -> int:
        """Return all parameters: what memory has to hold."""
        return self.embedding + self.non_embedding

    @property
    def active(self) -> int:
        """Return the parameters that one token uses: those of a dense model, fewer in a mixture of experts."""
        return self.embedding + self.active_non_embedding

    def counted(self, counts: Counts) -> int:
        """Return the N that laws and FLOP rules speak of: the active parameters, with or without embeddings."""
        return self.active if counts == "total" else self.active_non_embedding

    def _layer(self, experts: int) -> int:
        queries = self.width * self.attention_width
        attention = (3 if self.relative_positions else 2) * queries + 2 * self.width * self.kv_width
        block = (3 if self.gated else 2) * self.width * self.ffn
        router = self.width * self.experts if self.experts > 1 else 0
        return attention + (experts + self.shared_experts) * block + router

    def as_dict(self) -> dict[str, Any]:
        """Return the shape as it stands in the JSON, with its parameter counts."""
        counts = ("total", "active", "non_embedding", "active_non_embedding", "embedding")
        return {**asdict(self), **{name: getattr(self, name) for name in counts}}

    def __str__(self) -> str:
        heads = f"{self.heads} heads" if self.heads > 1 else "1 head"
        if self.kv_heads != self.heads:
            heads += f" ({self.kv_heads} of keys and values)"
        parts = [f"{self.layers} layers × {self.width}", heads, f"FFN {self.ffn}", f"vocabulary {_count(self)}"]
        if self.experts > 1:
            shared = f" and {self.shared_experts} shared" if self.shared_experts else ""
            parts.insert(3, f"{self.experts} experts, {self.experts_per_token}{shared} a token")
        return ", ".join(parts)


def _count(shape: Shape) -> str:
    return f"{shape.vocabulary / 1e3:.0f}k" if shape.vocabulary >= 10_000 else str(shape.vocabulary)


def _refuse(shape: Shape) -> None:
    """Refuse a shape that no model can have."""
    may_be_none = {"shared_experts", "head_width"}
    for field in fields(shape):
        value = getattr(shape, field.name)
        if not isinstance(value, bool) and value < (0 if field.name in may_be_none else 1):
            raise UsageError(f"{field.name}={value} must be a whole number above 0.")
    if not shape.head_width and shape.width % shape.heads:
        raise UsageError(f"{shape.heads} heads do not divide a width of {shape.width}. Say head_width too.")
    if shape.heads % shape.kv_heads:
        raise UsageError(f"kv_heads={shape.kv_heads} does not divide the {shape.heads} heads.")
    if shape.experts_per_token > shape.experts:
        raise UsageError(f"experts_per_token={shape.experts_per_token} is more than the {shape.experts} experts.")


class Typical(NamedTuple):
    """Layers and width, as real numbers, of the typical dense model of a size; its parameters without embeddings."""

    layers: Array
    width: Array
    non_embedding: Array


def typical(N: ArrayLike, *, counts: Counts = "total", vocabulary: int = VOCABULARY) -> Typical:
    """Return the continuous shape that models of N parameters typically have: 12 L d² parameters in L layers.

    The width is 110 (n / 1e10)^0.12 times the layers, 128 times at most, where n counts no embeddings: within
    a factor of 1.75 of each of the 50 models of Hoffmann et al. 2022, Table A9, the 8 of GPT-3 (Brown et al.
    2020, Table 2.1), and Llama 2 and 3 (Touvron et al. 2023; Dubey et al. 2024, Table 3). How wide hardly
    matters: 6 layers × 4288 reach a loss within 3 % of 48 × 1600 (Kaplan et al. 2020, figure 5).
    Embeddings are 2 V d (untied).
    """
    n = np.asarray(N, dtype=np.float64)
    if counts == "total":
        n = non_embedding_for(n, width=2 * vocabulary)
    with np.errstate(all="ignore"):  # a size that is none stays none: nan, or infinite
        wide = np.exp(_log_width(np.log(n)))
        return Typical(n / (12 * wide**2), wide, n)


def non_embedding_for(value: Array, *, whole: float = 1.0, width: float = 0.0, length: float = 0.0) -> Array:
    """Solve whole n + width d + length L d = value for n, where n has typical layers L and width d.

    By Newton's method in log n, where such a sum grows steadily.
    """
    kink = np.log(1e10) + np.log(_MOST_ASPECT / _ASPECT) / _GROWTH  # from here on the width by layers stays
    with np.errstate(all="ignore"):
        log_aim = np.log(value)
        log_n = log_aim - np.log(whole)
        for _ in range(_NEWTON):
            n, wide = np.exp(log_n), np.exp(_log_width(log_n))
            growth = np.where(log_n < kink, (1 + _GROWTH) / 3, 1 / 3)  # of log d by log n
            terms = whole * n, width * wide, length * n / (12 * wide)
            found = terms[0] + terms[1] + terms[2]
            slope = terms[0] + terms[1] * growth + terms[2] * (1 - growth)
            log_n = log_n - (np.log(found) - log_aim) * found / slope
        return np.asarray(np.exp(log_n))


def _log_width(log_n: Array) -> Array:
    """Return log d, where d³ is n / 12 times the width by layers."""
    log_aspect = np.minimum(np.log(_ASPECT) + _GROWTH * (log_n - np.log(1e10)), np.log(_MOST_ASPECT))
    return np.asarray((log_n + log_aspect - np.log(12)) / 3)


_LARGEST = 1e19
"""The most parameters of which a shape is laid out: the widths to look at grow with the size."""
_NARROW = 1024
"""Width up to which heads are 64 wide (Hoffmann et al. 2022, Table A9)."""
_STEPS = ((64, 16), (_NARROW, 64), (2048, 128), (4096, 512), (8192, 1024), (math.inf, 2048))
"""Up to which width the widths looked at are how far apart: whole heads, then ever more heads together."""
_OFF_ASPECT = 0.05
"""How much deviation from N it is worth to be a factor e closer to the typical width by layers."""
_FARTHEST = 0.25
"""By how much a shape may miss N before there is none."""


def shape_for(
    N: float,
    *,
    counts: Counts = "total",
    vocabulary: int = VOCABULARY,
    context: int = CONTEXT,
    gated: bool = True,
    kv_heads: int | None = None,
    experts: int = 1,
    experts_per_token: int = 1,
    shared_experts: int = 0,
    granularity: float = math.nan,
) -> Shape:
    """Give the realistic shape whose active parameters are nearest to N; how far off, `.counted(counts) / N - 1` says.

    - heads are 64 wide up to a width of 1024, 128 beyond; widths are whole heads, from 2048 on whole fours of
      heads, from 4096 eights, from 8192 sixteens
    - a feed-forward block is 4 d wide, or 8/3 d if gated, rounded up to 256 as in Llama (64 where heads are); with
      fewer heads of keys and values than heads it is 3.5 d, as in Llama 3 8B and 70B and in Mistral 7B
    - width by layers is near that of `typical`, and as many layers as come nearest to N
    - every expert is such a block, as in Mixtral (Jiang et al. 2024), unless a granularity is said: then it is
      2 d / granularity wide, as in DeepSeek-V3, whose 7168 and 2048 make 7

    Raises UsageError where no shape comes within 25 %: the embeddings alone may be more than N.

    >>> shape = isoflop.shape_for(7e9)
    >>> shape.layers > 20
    True
    """
    if not 0 < N < math.inf:
        raise UsageError(f"N={N:g} is no number of parameters. Say one such as 8e9.")
    if N > _LARGEST:
        raise UsageError(f"N={N:g} is beyond any model; shapes are laid out up to {_LARGEST:g} parameters.")
    kind = {"vocabulary": vocabulary, "context": context, "gated": gated, "experts": experts}
    kind |= {"experts_per_token": experts_per_token, "shared_experts": shared_experts}
    fine = granularity if experts > 1 else math.nan
    guide = typical(N, counts=counts, vocabulary=vocabulary)
    aim = math.log(float(guide.width / guide.layers))
    best, least = None, math.inf
    for width in _widths(float(guide.width)):
        one = _layered(N, width, counts=counts, kv_heads=kv_heads, fine=fine, **kind)
        if one is None:
            continue
        off = abs(math.log(one.counted(counts) / N))
        score = off + _OFF_ASPECT * abs(math.log(width / one.layers) - aim)
        if off < _FARTHEST and score < least:
            best, least = one, score
    if best is None:
        raise UsageError(
            f"no shape has {show(N)} parameters ({counts}) with a vocabulary of {vocabulary}. "
            "Say a smaller vocabulary, fewer experts a token, or counts non-embedding."
        )
    return best


def _widths(near: float) -> Iterator[int]:
    """Return the widths between 0.4 and 2 times the typical one, and the narrowest at least."""
    width = 0
    while width <= 2 * near or width < 64:
        width += next(step for most, step in _STEPS if width < most)
        if width >= 0.4 * near:
            yield width


def _layered(N: float, width: int, *, counts: Counts, kv_heads: int | None, fine: float, **kind: Any) -> Shape | None:
    """Return the shape of a width whose number of layers comes nearest to N; None if it cannot have such heads."""
    head = min(width, 64) if width <= _NARROW else 128
    heads = width // head
    shared = kv_heads or heads
    if heads % shared:
        return None
    ratio = (8 / 3 if shared == heads else 3.5) if kind["gated"] else 4
    unit = 16 if width < 64 else 64 if head == 64 else 256
    ffn = math.ceil((ratio if math.isnan(fine) else 2 / fine) * width / unit) * unit
    one = Shape(1, width, heads=heads, kv_heads=shared, ffn=ffn, **kind)
    rest = 0 if counts == "non-embedding" else one.embedding
    layers = max(1, round((N - rest) / one.active_non_embedding))
    return Shape(layers, width, heads=heads, kv_heads=shared, ffn=ffn, **kind)
