"""Tao et al. 2024, Scaling Laws with Vocabulary, arXiv:2407.13623.

N counts the parameters outside the vocabulary, N_vocab those in it: vocabulary size times width.
Constants: the paper's script optimal_Nv_predict.py, which has more digits than the paper.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from isoflop.errors import UsageError
from isoflop.formula.arrays import Array, Bools, bisect
from isoflop.formula.law import law
from isoflop.quantities import Difference, Exponent, Flops, Params, Real, Scale, Tokens

CITE = "Tao et al. 2024, arXiv:2407.13623"
_MILLION, _BILLION = 1e6, 1e9


@law(cite=f"{CITE}, approach 3", family="vocabulary")
def tao(
    N: Params, N_vocab: Params, D: Tokens,
    *, E: Real, A1: Scale, alpha1: Exponent, A2: Scale, alpha2: Exponent, B: Scale, beta: Exponent,
) -> Difference:  # fmt: skip
    """Loss less that of a unigram model, below zero: comparable between vocabularies of any size."""
    return E + A1 / N**alpha1 + A2 / N_vocab**alpha2 + B / D**beta


@law(cite=f"{CITE}, approach 1", family="vocabulary", name="tao-N-vocab")
def tao_n_vocab(C: Flops, *, k: Scale, p: Exponent) -> Params:
    """Best number of parameters in the vocabulary for C training FLOPs."""
    return k * C**p


@law(cite=f"{CITE}, approach 1", family="vocabulary", name="tao-N")
def tao_n(C: Flops, *, k: Scale, p: Exponent) -> Params:
    """Best number of parameters outside the vocabulary for C training FLOPs."""
    return k * C**p


tao2024 = tao.at(
    "tao2024", E=-5.5327846803337435, A1=1.8313851559554126 * _MILLION**0.44660634152009615,
    alpha1=0.44660634152009615, A2=0.19584238398665638 * _MILLION**0.6707374679896795, alpha2=0.6707374679896795,
    B=2.1241123120064955 * _BILLION**0.44660634152009615, beta=0.44660634152009615,
    cite=f"{CITE}, approach 3",
    caution="For comparing vocabularies. Its tokens are not those of a tokenizer: the script that fitted it gave its "
            "formula for tokens per character the vocabulary divided by 1000.",
    fitted_on={"N": (33e6, 3e9)},
    checks=[({"N": 1.13e9, "N_vocab": 65.5e6, "D": 2e10}, -4.8842872)],
)  # fmt: skip
tao2024_N_vocab = tao_n_vocab.at(
    "tao2024-N-vocab", k=math.exp(-1.589031299255507), p=0.4163622634135234, cite=f"{CITE}, approach 1",
    checks=[({"C": 1e22}, 295027340.0)],
)  # fmt: skip
tao2024_N = tao_n.at(
    "tao2024-N", k=math.exp(-2.4846510161625193), p=0.5, cite=f"{CITE}, approach 1",
    checks=[({"C": 1e22}, 8335463900.0)],
)  # fmt: skip


def best_vocabulary(N: ArrayLike, width: ArrayLike, *, approach: int = 3, flops: ArrayLike | None = None) -> Array:
    """Return the best vocabulary size of a model with N parameters outside its vocabulary, so wide.

    approach  1 a power of the budget; 2 a power of N; 3 the vocabulary of least loss, `tao2024`, for the budget
    flops     the training budget; unless told, the one at which N is best by approach 1 (approach 2 has no budget)

    >>> bool(10e3 < float(isoflop.best_vocabulary(2e9, 2048)) < 200e3)
    True
    """
    size, width = np.asarray(N, float), np.asarray(width, float)
    constants = tao2024_N.values
    budget = np.asarray(flops, float) if flops is not None else (size / constants["k"]) ** (1 / constants["p"])
    if approach == 1:
        return np.asarray(tao2024_N_vocab(budget) / width)
    if approach == 2:
        return np.asarray(3145728 * (size / 33e6) ** 0.8353974035228025 / width)
    if approach == 3:
        return np.asarray(_of_least_loss(size, budget) / width)
    raise UsageError(f"approach {approach} is none of Tao et al.'s three. Say approach=1, 2 or 3.")


def _of_least_loss(N: Array, C: Array) -> Array:
    """Return the N_vocab at which tao2024's loss stops falling while C = 6 (N + N_vocab) D holds, by bisection."""
    v, shape = tao2024.values, np.broadcast(N, C).shape

    def gains(log_vocab: Array) -> Bools:
        N_vocab = np.exp(log_vocab)
        D = C / (6 * (N + N_vocab))
        gained = v["alpha2"] * v["A2"] / N_vocab ** (v["alpha2"] + 1)
        lost = v["beta"] * v["B"] / D ** v["beta"] / (N + N_vocab)
        return np.asarray(gained > lost)

    return np.exp(bisect(gains, np.zeros(shape), np.full(shape, np.log(1e15))))


def tokens_per_character(vocabulary: ArrayLike) -> Array:
    """Return how many tokens a tokenizer with that many entries makes of one character (the paper's f(V))."""
    log = np.log(np.asarray(vocabulary, float))
    return np.asarray(0.00639222 * log**2 - 0.15811069 * log + 1.20470122)
