"""Train longer, train larger, or sample more? The best N, D and k for all that a model's life may cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.beyond.test_time.difficulty_densities import LOGITS, P
from isoflop.beyond.test_time.serving import FORWARD, Serving
from isoflop.compute.allocation import allocate
from isoflop.compute.terms import Terms
from isoflop.errors import DataError, UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.findings import json_of
from isoflop.formula.arrays import Array, median

if TYPE_CHECKING:
    from isoflop.beyond.test_time.answers import Choosing
    from isoflop.beyond.test_time.attempts import Attempts
    from isoflop.beyond.test_time.difficulty import Difficulty
    from isoflop.formula.law import Curve


_SHIFTS = np.linspace(-10.0, 10.0, 61)
_SAMPLES = np.unique(np.geomspace(1, 1e5, 45).round())
_GRID, _DRAWS = 80, 200
_TRAINING = 6.0
_FEWEST = 3


@dataclass(frozen=True)
class Lifetime:
    """The best run for all that training and answering queries may cost, each number with its interval.

    N, D, samples, accuracy   of the best run; training, the share of FLOPs that training takes
    alone                     accuracy of the best run that answers with one sample
    losses                    the loss of the best run by the curve, and the range of the models' losses
    """

    flops: float
    queries: float
    curve: str
    N: Estimate
    D: Estimate
    samples: Estimate
    accuracy: Estimate
    training: Estimate
    alone: Estimate
    loss: float
    losses: tuple[float, float]

    @property
    def beyond(self) -> bool:
        """Whether the best run's loss lies outside those of the models, so that its ability is extrapolated."""
        return not self.losses[0] <= self.loss <= self.losses[1]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        return json_of(self)


def lifetime(
    models: Sequence[Attempts],
    spreads: Sequence[Difficulty],
    *,
    curve: Curve,
    flops: float,
    serving: Serving,
    choosing: Choosing,
    level: float = LEVEL,
    seed: int = 0,
) -> Lifetime:
    """Return the N, D and k of highest accuracy whose training and queries together take so many FLOPs.

    A better model is the same problems made easier: every logit of p moves by a step that is linear in the loss
    that the curve gives for N and D (a line through the models). Draws differ in difficulty, in that line, and in
    how far models lie from it.
    """
    _refuse(models, serving, flops=flops)
    loss = np.array([float(curve(one.used, one.D)) for one in models])
    base = int(np.argsort([one.pass1 for one in models])[len(models) // 2])
    rows = np.linspace(0, len(spreads[base].these) - 1, _DRAWS).round().astype(int)
    weights, shares = spreads[base].these[rows], [one.these[rows] @ P for one in spreads]
    easier = np.concatenate([np.zeros((_SHIFTS.size, 1)), 1 / (1 + np.exp(-(LOGITS + _SHIFTS[:, None])))], axis=1)
    pass1 = weights @ easier.T
    steps = [[np.interp(mean, line, _SHIFTS) for mean, line in zip(one, pass1, strict=True)] for one in shares]
    slope, middle, apart = _lines(loss, np.array(steps))
    noise = np.random.default_rng(seed).standard_normal(_DRAWS) * apart
    chance = np.stack([choosing.chance(easier, k) for k in _SAMPLES])  # (samples, shifts, points)
    reached = np.einsum("ksp,dp->dks", chance, weights)
    N, D = _runs(models, flops)
    k = _bought(N, D, flops=flops, serving=serving)
    able = k >= 1
    if not able.any():
        raise UsageError(f"{flops:.3g} FLOPs train no model that could answer {serving.queries:.3g} queries once.")
    at, logs = np.asarray(curve(N[able], D[able])), np.log(k[able])
    best, alone = [], []
    for draw in range(_DRAWS):
        shift = middle[draw] + noise[draw] + slope[draw] * at
        value = _looked_up(reached[draw], logs, shift)
        place = int(np.argmax(value))
        best.append((N[able][place], D[able][place], k[able][place], value[place]))
        alone.append(float(_looked_up(reached[draw], np.zeros(shift.size), shift).max()))
    table = np.array(best)
    share = np.minimum(_TRAINING * table[:, 0] * table[:, 1] / flops, 1.0)
    size, tokens, samples, accuracy, training, single = (
        from_draws(float(median(draws)), draws, level) for draws in (*table.T, share, np.array(alone))
    )
    ends = float(loss.min()), float(loss.max())
    best_loss = float(curve(size.value, tokens.value))
    return Lifetime(
        flops, serving.queries, curve.name, size, tokens, samples, accuracy, training, single, best_loss, ends
    )


def _refuse(models: Sequence[Attempts], serving: Serving, *, flops: float) -> None:
    if not 0 < flops < math.inf:
        raise UsageError(f"lifetime-flops {flops:g} must be a finite number above zero, as in 1e22.")
    if not math.isfinite(serving.queries) or math.isnan(serving.tokens):
        raise UsageError("how many queries will there be, of how many tokens a sample? Say --queries 1e9 --tokens 512.")
    bare = [one.name for one in models if math.isnan(one.used) or math.isnan(one.D)]
    if bare or len(models) < _FEWEST:
        raise DataError(
            f"{bare[0] if bare else f'{len(models)} models'}: a joint optimum needs {_FEWEST} models or more, each "
            "with its parameters N and its training tokens D, to learn how ability follows from the loss."
        )


def _lines(loss: Array, moved: Array) -> tuple[Array, Array, Array]:
    """Return slope, intercept and residual standard deviation of steps (models, draws) over loss, for each draw."""
    away = loss - loss.mean()
    if not away @ away > 0:
        raise DataError("all models have the same loss by this curve. Give models that differ in N or D.")
    slope = away @ moved / (away @ away)
    middle = moved.mean(axis=0) - slope * loss.mean()
    rest = moved - (middle + slope * loss[:, None])
    return slope, middle, np.sqrt((rest**2).sum(axis=0) / max(len(loss) - 2, 1))


def _runs(models: Sequence[Attempts], flops: float) -> tuple[Array, Array]:
    """Return N and D of all runs looked at: a grid around the models' own, as far as the budget reaches."""
    sizes, tokens = [one.used for one in models], [one.D for one in models]
    N = np.geomspace(min(sizes) / 30, max(sizes) * 30, _GRID)
    D = np.geomspace(min(tokens) / 100, max(tokens) * 100, _GRID)
    both = np.meshgrid(N, D, indexing="ij")
    kept = _TRAINING * both[0] * both[1] < flops
    return both[0][kept], both[1][kept]


def _bought(N: Array, D: Array, *, flops: float, serving: Serving) -> Array:
    """Return the samples of each query that are left after training, and after reading the question."""
    each = (flops - _TRAINING * N * D) / serving.queries / (FORWARD * N)
    prompt = serving.prompt
    return np.asarray((each - prompt) / serving.tokens if serving.reuse else each / (serving.tokens + prompt))


def _looked_up(reached: Array, steps: Array, shift: Array) -> Array:
    """Return accuracy at log samples and steps (runs,), between the points of a table (samples, shifts)."""
    logs = np.log(_SAMPLES)
    row = np.interp(steps, logs, np.arange(logs.size)).clip(0, logs.size - 1 - 1e-9)
    column = np.interp(shift, _SHIFTS, np.arange(_SHIFTS.size)).clip(0, _SHIFTS.size - 1 - 1e-9)
    i, j = row.astype(int), column.astype(int)
    up, right = row - i, column - j
    return np.asarray(
        reached[i, j] * (1 - up) * (1 - right) + reached[i + 1, j] * up * (1 - right)
        + reached[i, j + 1] * (1 - up) * right + reached[i + 1, j + 1] * up * right
    )  # fmt: skip


@dataclass(frozen=True)
class Sampling:
    """The run of least loss by a law that takes samples: parameters, tokens, samples of a query, and the loss."""

    N: float
    D: float
    samples: float
    loss: float

    def as_dict(self) -> dict[str, float]:
        """Return it as it stands in the JSON."""
        return json_of(self)


def sampling(curve: Curve, *, flops: float, queries: float, tokens: float) -> Sampling:
    """Return the best N, D and samples by a curve of the law t2, or another of N, D and samples, for so many FLOPs.

    Training takes 6 N D, and each query 2 N `tokens` for a sample.
    """
    if set(curve.law.inputs) != {"N", "D", "samples"}:
        raise UsageError(f"law {curve.law.name} takes {', '.join(curve.law.inputs)}. Give a curve of N, D and samples.")

    def at(log_k: float) -> Sampling:
        k = math.exp(log_k)
        terms = Terms(serving=FORWARD * tokens * queries * k, held={"samples": k})
        best = allocate(curve.law, curve.row, flops, terms=terms)
        return Sampling(float(best.N[0]), float(best.D[0]), k, float(best.loss[0]))

    most = max(math.log(flops / (FORWARD * tokens * queries)), 0.0)
    low, high, found = 0.0, most, at(0.0)
    for _ in range(4):  # each round looks at 13 numbers of samples and keeps the sixth about the best
        looked = []
        for step in np.linspace(low, high, 13).tolist():
            try:
                looked.append((at(step).loss, step))
            except UsageError:  # not even the smallest model could serve so many
                break
        place = min(looked)[1]
        found = min(found, at(place), key=lambda one: one.loss)
        width = (high - low) / 12
        low, high = max(place - width, 0.0), min(place + width, most)
    return found
