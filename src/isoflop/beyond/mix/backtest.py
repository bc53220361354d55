"""How far laws of mixing are off on mixtures held out, and what that says of their weights and intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from isoflop.beyond.mix.laws import AVERAGED, LAWS, Said, average
from isoflop.beyond.mix.mixtures import Mixtures
from isoflop.findings import json_of
from isoflop.formula.arrays import Array

FOLDS, MOST = 5, 200
"""Parts that are held out in turn; of more mixtures than this, so many are taken. Fewer mixtures than sources are held
out one by one: without a fifth of them the laws are others. Intervals then hold 87 to 92 %, by fifths 81 to 91 (14 of
a public table of 17 sources, four draws: python benchmarks/mix.py --proxies 14 --draws 4)."""
NARROWEST, HELD = 0.8, 0.9
"""Intervals are made no narrower than this share of what the laws say of themselves; the level they are fitted at."""
NORMAL = 1.645
FEWEST = 0.1
"""No law of the average weighs less than this."""


@dataclass(frozen=True, kw_only=True)
class Tested:
    """A law on mixtures that it had not seen.

    error  mean error of the loss, as a share of it
    rank   rank correlation of foretold and measured losses, mean over targets
    """

    name: str
    formula: str
    error: float
    rank: float
    weight: float = 0.0

    def as_dict(self) -> dict[str, float | str]:
        """Return the test as it stands in the JSON."""
        return json_of(self)


def backtest(given: Mixtures, *, seed: int = 0) -> tuple[tuple[Tested, ...], Mapping[str, float], float]:
    """Return every law's errors on held-out mixtures, the weights of those averaged, and how much wider intervals are.

    A law's weight is one over its squared error, shared by all targets; with fewer mixtures than sources, where the
    test itself is of too few, both weigh alike.
    """
    order = np.random.default_rng(seed).permutation(len(given))[:MOST]
    few = len(given) < len(given.sources)
    folds = len(order) if few else min(FOLDS, len(order) // 2)
    parts = [order[place::folds] for place in range(folds)]
    said: dict[str, list[tuple[Array, Array]]] = {name: [] for name in LAWS}
    for held in parts:
        kept = given.take(np.setdiff1d(order, held))
        for name, (fit, _) in LAWS.items():
            said[name].append(fit(kept)(given.shares[held]))
    logs = {name: np.concatenate([log for log, _ in each]) for name, each in said.items()}
    errors = {name: np.concatenate([error for _, error in each]) for name, each in said.items()}
    true = given.logs[np.concatenate(parts)]
    weights = _weights({name: logs[name] - true for name in AVERAGED}, few=few)
    known: dict[str, Said] = {name: partial(_as_told, told=(logs[name], errors[name])) for name in AVERAGED}
    both, spread = average(known, weights, 1.0)(true)
    off = np.sort((np.abs(both - true) / spread).ravel())
    wider = max(float(off[int(HELD * (len(off) - 1))]) / NORMAL, NARROWEST)
    tests = [_tested(name, formula, logs=logs[name], true=true) for name, (_, formula) in LAWS.items()]
    told = " and ".join(f"{weight:.0%} {name}" for name, weight in weights.items())
    together = _tested("average", told, logs=both, true=true)
    return (*tests, together), weights, wider


def _weights(off: Mapping[str, Array], *, few: bool) -> dict[str, float]:
    if few:
        return {name: 1 / len(off) for name in off}
    raw = {name: 1 / float((one**2).mean()) for name, one in off.items()}
    shares = {name: max(weight / sum(raw.values()), FEWEST) for name, weight in raw.items()}
    return {name: share / sum(shares.values()) for name, share in shares.items()}


def _as_told(_: Array, told: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return what was foretold and its error, whatever the place asked."""
    return told


def _tested(name: str, formula: str, *, logs: Array, true: Array) -> Tested:
    ranks = [rank_correlation(one, other) for one, other in zip(logs.T, true.T, strict=True)]
    error = float(np.abs(np.expm1(np.clip(logs - true, -5, 5))).mean())
    return Tested(name=name, formula=formula, error=error, rank=float(np.mean(ranks)))


def rank_correlation(one: Array, other: Array) -> float:
    """Return Spearman's rank correlation."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    ranks = [np.argsort(np.argsort(values)).astype(float) for values in (one, other)]
    return float(np.corrcoef(np.stack(ranks))[0, 1])
