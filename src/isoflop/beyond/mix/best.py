"""The best shares for a weighted target, among mixtures like those tried, under limits of each source's tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from isoflop.beyond.mix.laws import Said
from isoflop.errors import UsageError
from isoflop.formula.arrays import Array
from isoflop.laws.repetition import effective_tokens

CANDIDATES, ROUNDS, KEPT, EACH = 2000, 24, 20, 60
"""Mixtures drawn at first; rounds of changes to the best kept, and changes of each."""
FIRST_STEP, LAST_STEP = 0.5, 0.01
"""Standard deviation of a change of ln share, in the first round and in the last."""
APART, TAKEN = 0.1, 5
"""How far mixtures to run next lie from each other (half the sum of differences), and how many there are."""
LITTLE = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class Aim:
    """What is minimised: the weighted mean of the losses, with shares up to a most and tokens that may repeat.

    most    the largest share of each source that is considered (sources,)
    unique  unique tokens of each source as a share of all tokens, inf where unlimited (sources,)
    """

    said: Said
    weights: Array
    most: Array
    unique: Array

    def losses(self, shares: Array) -> tuple[Array, Array]:
        """Return logarithms of the losses and their errors, where repeated tokens count less."""
        return self.said(worth_of(shares, self.unique))

    def value(self, shares: Array) -> tuple[Array, Array]:
        """Return the weighted mean of the losses and its error (points,); errors of targets are one."""
        logs, errors = self.losses(shares)
        loss = np.exp(logs)
        return loss @ self.weights, (loss * errors) @ self.weights


def worth_of(shares: Array, unique: Array) -> Array:
    """Return shares as they count: beyond a source's unique tokens they repeat (Muennighoff et al. 2023)."""
    limited = np.isfinite(unique)
    found = np.array(shares)
    found[:, limited] = effective_tokens(np.maximum(shares[:, limited], 1e-12), unique[limited])
    return found


def unique_tokens(limits: Mapping[str, float], sources: Sequence[str], tokens: float) -> Array:
    """Return each source's unique tokens as a share of all tokens; inf without a limit."""
    for name in limits:
        if name not in sources:
            raise UsageError(f'"{name}" is no source. They are {", ".join(sources)}.')
    if limits and not np.isfinite(tokens):
        raise UsageError("limits need the tokens of the run: the table has no D. Say D=100B.")
    return np.array([limits.get(name, np.inf) / tokens if name in limits else np.inf for name in sources])


def search(aim: Aim, tried: Array, seed: int) -> tuple[Array, Array]:
    """Return the best shares found (sources,), and every mixture looked at (candidates, sources)."""
    draw = np.random.default_rng(seed)
    tried = within(tried, aim.most)
    order = np.argsort(aim.value(tried)[0])
    parents = tried[order[: max(len(order) // 4, 2)]]
    pairs = draw.integers(len(parents), size=(2, CANDIDATES))
    blend = draw.random((CANDIDATES, 1))
    looked = [tried, within(blend * parents[pairs[0]] + (1 - blend) * parents[pairs[1]], aim.most)]
    pool = np.concatenate(looked)
    for step in np.geomspace(FIRST_STEP, LAST_STEP, ROUNDS):
        best = pool[np.argsort(aim.value(pool)[0])[:KEPT]]
        moved = np.repeat(best, EACH, axis=0)
        moved = (moved + LITTLE * step * draw.random(moved.shape)) * np.exp(draw.normal(0, step, moved.shape))
        moved *= draw.random(moved.shape) > LITTLE  # now and then a source is left out
        pool = np.concatenate([best, within(moved, aim.most)])
        looked.append(pool[KEPT:])
    best = pool[np.argmin(aim.value(pool)[0])]
    return best, np.concatenate(looked)


def within(shares: Array, most: Array) -> Array:
    """Return shares that add up to 1, none above its most: what is cut off goes to the others."""
    found = np.maximum(shares, 0)
    empty = found.sum(1) <= 0
    found[empty] = most
    for _ in range(20):
        found = np.minimum(found / found.sum(1, keepdims=True), most)
        if np.all(np.abs(found.sum(1) - 1) < 1e-9):
            break
    return np.asarray(found / found.sum(1, keepdims=True), float)


def near_best(aim: Aim, best: Array, looked: Array) -> Array:
    """Return the lowest and highest share of each source among mixtures not to be told from the best (2, sources)."""
    value, error = aim.value(np.vstack([best, looked]))
    alike = np.vstack([best, looked])[value <= value[0] + error[0]]
    return np.array([alike.min(0), alike.max(0)])


def gains(aim: Aim, best: Array) -> Array:
    """Return the change of the weighted loss, as a share of it, by 1 % more of each source, from all others alike."""
    rows = (1 - LITTLE) * np.tile(best, (len(best), 1)) + LITTLE * np.eye(len(best))
    base = float(aim.value(best[None])[0][0])
    return np.asarray(aim.value(rows)[0] / base - 1, float)


def next_mixtures(aim: Aim, looked: Array) -> Array:
    """Return the mixtures to run next: where the loss may be lowest, one error down, and apart from each other."""
    value, error = aim.value(looked)
    chosen: list[Array] = []
    for row in np.argsort(value - error):
        if all(np.abs(looked[row] - one).sum() / 2 > APART for one in chosen):
            chosen.append(looked[row])
        if len(chosen) == TAKEN:
            break
    return np.array(chosen)
