"""Can N, D and the loss be what they are called? Judged against what published runs of language models span (D03).

Published runs have from thousands to 1e14 parameters and at least 1e5 tokens, mostly 1 to 1e5 tokens a parameter. A
table that lies outside is read in other ways: in thousands, millions or billions, with N and D swapped, with steps
instead of tokens. What the loss should be there, by a published curve, says which of them it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.findings import Finding
from isoflop.formula.arrays import Array, median
from isoflop.quantities import show

# Besiroglu et al. 2024, arXiv:2404.10102: L = E + A/N^alpha + B/D^beta, of the Chinchilla runs.
_E, _A, _B, _ALPHA, _BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658
_FEWEST_PARAMETERS, _FEWEST_TOKENS = 1e3, 1e5
_RATIO = (1.0, 3e3)
"""Tokens per parameter within which nearly all published runs lie."""
_FAR_RATIO = (1e-2, 1e8)
"""Tokens per parameter beyond which none lie."""
_HULL = {"N": (1e5, 1e14), "D": (1e6, 1e15), "D/N": (0.1, 3e3)}
"""Where another way to read a table must bring it."""
_NEAR, _CLEARER = 0.15, 3.0
"""So near, in log, losses are to a published curve where units are right; so many times nearer than as they stand."""
_SCALES = {1e3: "thousands", 1e6: "millions", 1e9: "billions"}
_BATCH = (6.5e4, 5e5, 4e6)
"""Tokens per step, from small to large."""
_FEWEST_RUNS = 3
"""Of fewer, a loss nearer to a published curve says nothing: a run in progress has few tokens for its size."""
_NO_LOSS = 12.0
"""Above it no loss is in nats per token, whatever N and D: that is said elsewhere."""
_KNOWN = {"N": (1e6, 1e13), "D": (1e8, 1e14)}
"""Where a published curve says what a loss in nats per token should be, within _ORDINARY of it."""
_ORDINARY = (0.5, 1.32)
_BITS, _LOG10, _PER_BYTE, _PERPLEXITY = (1.32, 1.9), (0.35, 0.5), (0.18, 0.35), (1.9, 40.0)
"""Ratios to it of losses in bits per token, log10, bits per byte, and of perplexities."""


@dataclass(frozen=True)
class _Reading:
    """One way to read N and D: what it is called, and the numbers that it makes of them."""

    name: str
    N: Array
    D: Array

    @property
    def possible(self) -> bool:
        """Whether N, D and their ratio lie where published runs do."""
        with np.errstate(over="ignore"):  # numbers that no run has
            found = {"N": self.N, "D": self.D, "D/N": self.D / self.N}
        return all(low <= float(median(found[key])) <= high for key, (low, high) in _HULL.items())

    def off(self, loss: Array | None) -> float:
        """How far, in log, the middle loss lies from the published curve; nan without a loss."""
        return np.nan if loss is None else float(median(np.abs(np.log(loss / expected_loss(self.N, self.D)))))


def expected_loss(N: Array, D: Array) -> Array:
    """Return the loss of a language model of this size on so many tokens, in nats per token."""
    return np.asarray(_E + _A / N**_ALPHA + _B / D**_BETA)


def inspect_magnitudes(columns: Mapping[str, NDArray[Any]], *, nats: bool) -> Iterator[Finding]:
    """Yield the finding on sizes that cannot be what they are called, or else on the loss."""
    if not {"N", "D"} <= columns.keys():
        return
    loss = columns.get("loss") if nats else None
    sizes = _sizes(columns["N"], columns["D"], loss)
    if sizes is not None:
        yield sizes
    elif loss is not None:
        yield from _loss(columns["N"], columns["D"], loss)


def _sizes(N: Array, D: Array, loss: Array | None) -> Finding | None:
    with np.errstate(over="ignore"):
        ratio = float(median(D / N))
    few, small = median(N) < _FEWEST_PARAMETERS, median(D) < _FEWEST_TOKENS
    if not (few or small or not _RATIO[0] <= ratio <= _RATIO[1]):
        return None
    stands = _Reading("", N, D)
    ways = [one for one in _readings(N, D) if one.possible]
    offs = np.array([one.off(loss) for one in ways])
    near = [one for one, off in zip(ways, offs, strict=True) if off <= min(_NEAR, stands.off(loss) / _CLEARER)]
    far = not _FAR_RATIO[0] <= ratio <= _FAR_RATIO[1]
    if not far and (not near or len(N) < _FEWEST_RUNS):  # models of ten parameters are no mistake
        return None
    if near:
        best = ways[int(np.nanargmin(offs))]
        suspicion = f"It looks like {best.name}: so read, the losses are those that published curves give"
    else:
        named = list(dict.fromkeys(one.name for one in ways))
        suspicion = f"It looks like {' or '.join(named[:4])}" if named else "It looks like other units"
    seen = (
        f"N is {show(float(median(N)))} and D {show(float(median(D)))} in the middle, {show(ratio)} tokens a parameter"
    )
    return Finding(
        "D03", "WARN", f"{seen}: no published language model is like that. {suspicion}",
        "say the unit, as in --D 'tokens*1e6', --D 'steps*TOKENS_PER_STEP', or swap --N and --D; if these are no "
        "language models, go on",
    )  # fmt: skip


def _readings(N: Array, D: Array) -> Iterator[_Reading]:
    yield _Reading("N and D swapped", D, N)
    for scale, word in _SCALES.items():
        yield _Reading(f"D in {word}", N, D * scale)
        yield _Reading(f"N in {word}", N * scale, D)
        yield _Reading(f"N and D in {word}", N * scale, D * scale)
    yield _Reading("N in millions and D in billions", N * 1e6, D * 1e9)
    if not (D % 1).any():
        for batch in _BATCH:
            yield _Reading("D in steps", N, D * batch)


def _loss(N: Array, D: Array, loss: Array) -> Iterator[Finding]:
    """Yield the finding on a loss that is none in nats per token, where published curves say what it should be."""
    inside = all(
        low <= float(median(values)) <= high for values, (low, high) in zip((N, D), _KNOWN.values(), strict=True)
    )
    if not inside or len(loss) < _FEWEST_RUNS or median(loss) > _NO_LOSS:
        return
    expected = expected_loss(N, D)
    ratio = float(median(loss / expected))
    with np.errstate(all="ignore"):
        as_log = float(median(np.log(loss) / expected))
    kinds = {
        "a perplexity, whose logarithm is the loss": _PERPLEXITY[0] < ratio < _PERPLEXITY[1] and 0.8 < as_log < 1.25,
        "bits per token": _BITS[0] < ratio < _BITS[1],
        "a logarithm to base 10, or bits per byte": _LOG10[0] < ratio < _LOG10[1],
        "bits per byte, or a loss of single characters": _PER_BYTE[0] < ratio < _PER_BYTE[1],
    }
    kind = next((name for name, holds in kinds.items() if holds), None)
    if kind is None or _ORDINARY[0] <= ratio <= _ORDINARY[1]:
        return
    yield Finding(
        "D03", "WARN",
        f"the loss is {show(ratio, 2)} times that of published language models of these N and D: it looks like {kind}",
        "give nats per token: --loss 'ln(COLUMN)' of a perplexity, --loss 'COLUMN*0.693' of bits, --loss "
        "'COLUMN*2.303' of base 10; as it is, compare it with no published curve",
    )  # fmt: skip
