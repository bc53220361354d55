"""inference: samples of some models → what more samples bring, which model is the better buy, where that flips."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.test_time.answers import HOWS, Choosing
from isoflop.beyond.test_time.attempts import Attempts, measured, power_law, read_attempts
from isoflop.beyond.test_time.difficulty import Difficulty, difficulty
from isoflop.beyond.test_time.difficulty_densities import P
from isoflop.beyond.test_time.findings import notice
from isoflop.beyond.test_time.from_pass1 import CONCENTRATION, assumed, concentrations
from isoflop.beyond.test_time.lifetime import Lifetime, lifetime
from isoflop.beyond.test_time.result import Budget, Flip, Inference, Offer, Reach, Sampled
from isoflop.beyond.test_time.serving import MOST, Serving
from isoflop.errors import DataError, UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws, median, refuse_level
from isoflop.laws import find_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FARTHEST = 100
"""Forecasts are made for up to so many times the samples drawn; with pass@1 alone, for a hundred times that."""
_GRID, _TIE = 140, 0.002
"""Budgets looked at for flips, and by how much accuracy the better model must be better."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the samples: at which k, by what choice among them, and what the queries may cost.

    budgets   of one query, in the unit of the serving
    lifetime  FLOPs for training a model and answering all its queries; `curve` says what loss N and D give
    """

    samples: tuple[float, ...] = ()
    budgets: tuple[float, ...] = ()
    lifetime: float = math.nan
    curve: str = "besiroglu2024"
    choosing: Choosing = field(default_factory=Choosing)
    serving: Serving = field(default_factory=Serving)


def inference(
    source: str | os.PathLike[str] | Sequence[Attempts],
    *,
    asked: Asked | None = None,
    concentration: tuple[float, float] = CONCENTRATION,
    like: Sequence[Attempts] = (),
    level: float = LEVEL,
    seed: int = 0,
    name: str = "",
) -> Inference:
    """Give what k samples bring for each model of a table and, for budgets of one query, which model to sample.

    source         a table (see `read_attempts`), or attempts
    concentration  the range of a + b assumed where only pass@1 is known; `like` has models to learn it from instead
    """
    refuse_level(level)
    asked = asked or Asked()
    models = tuple(read_attempts(source) if isinstance(source, str | os.PathLike) else source)
    if not models:
        raise DataError("there are no attempts. Give those of one model at least.")
    _refuse(asked, models)
    spreads = _difficulties(models, concentration=concentration, like=like, level=level, seed=seed)
    shown = tuple(_sampled(one, spread, asked, level=level) for one, spread in zip(models, spreads, strict=True))
    name = name or (os.fspath(source) if isinstance(source, str | os.PathLike) else "attempts")
    budgets: tuple[Budget, ...] = ()
    flips: tuple[Flip, ...] = ()
    if asked.budgets:
        budgets = tuple(_offers(models, spreads, asked, budget=one, level=level) for one in asked.budgets)
        flips = _flips(models, spreads, asked, level=level)
    whole = None if math.isnan(asked.lifetime) else _lifetime(models, spreads, asked, level=level, seed=seed)
    found = Inference(name, shown, budgets, flips, asked.choosing, asked.serving, level, whole, draws=spreads)
    return notice(found, concentration=concentration, learnt=bool(like))


def _refuse(asked: Asked, models: Sequence[Attempts]) -> None:
    for name, values in (("samples", asked.samples), ("budget", asked.budgets)):
        if not all(0 < one < math.inf for one in values):
            raise UsageError(f"{name} must be numbers above zero.")
    if any(one < 1 or one != round(one) for one in asked.samples):
        raise UsageError("samples must be whole numbers, as in 1,10,100.")
    if not asked.budgets:
        return
    for one in models:
        if math.isnan(asked.serving.length(one)):
            raise UsageError("how long is a sample? Say --tokens 512, or give the table a column tokens_per_sample.")
        if math.isnan(asked.serving.parts(one)[1]):
            raise UsageError(
                f"{one.name}: neither its parameters nor a price are known, so what a sample costs is not. Give a "
                "column N, or --price and --hardware, or --price-per-million."
            )


def _difficulties(
    models: Sequence[Attempts],
    *,
    concentration: tuple[float, float],
    like: Sequence[Attempts],
    level: float,
    seed: int,
) -> tuple[Difficulty, ...]:
    """Give each model's difficulty, by its counts, or by pass@1 and what is assumed of all models together."""
    if any(not one.counted for one in like):
        raise DataError("the models to learn the spread from must have counts problem by problem.")
    shared = np.zeros(0)
    if not all(one.counted for one in models):
        known = [difficulty(one, seed=seed, level=level) for one in like]
        shared = concentrations(concentration, like=known, seed=seed)
    return tuple(
        difficulty(one, seed=seed, level=level) if one.counted else assumed(one, shared, seed=seed + place)
        for place, one in enumerate(models)
    )


def _steps(model: Attempts) -> tuple[float, ...]:
    """Give 1, 10, 100, … as far as forecasts go, with the samples drawn among them."""
    most = FARTHEST * (model.usual if model.counted else FARTHEST)
    tens = {10.0**power for power in range(round(math.log10(MOST)) + 1) if 10.0**power <= most}
    return tuple(sorted(tens | {float(max(model.fewest, 1)), float(max(model.usual, 1)), float(most)}))


def _sampled(model: Attempts, spread: Difficulty, asked: Asked, *, level: float) -> Sampled:
    line = power_law(model)
    rows = []
    for k in asked.samples or _steps(model):
        each = {how: spread.mean(_by(asked.choosing, how).chance(P, k), level=level) for how in _hows(asked.choosing)}
        rows.append(Reach(k, measured(model, int(k)), each, line(k)))
    limits = {how: spread.mean(_by(asked.choosing, how).limit(P), level=level) for how in _hows(asked.choosing)}
    return Sampled(model, tuple(rows), limits, line, dict(spread.families), dict(spread.parameters))


def _hows(choosing: Choosing) -> list[str]:
    """Give the ways to choose that are shown: a verifier only where its errors are told."""
    told = choosing.how == "verifier" or choosing.recall < 1 or choosing.false > 0
    return [how for how in HOWS if how != "verifier" or told]


def _by(choosing: Choosing, how: str) -> Choosing:
    return Choosing(how, choosing.rival, choosing.recall, choosing.false)  # type: ignore[arg-type]


def _accuracy(spread: Difficulty, choosing: Choosing, samples: Sequence[float]) -> Array:
    """Give draws of the accuracy at each number of samples (draws, samples); 0 for none."""
    different, of = np.unique(np.asarray(samples), return_inverse=True)
    chance = np.stack([choosing.chance(P, k) if k else np.zeros(P.size) for k in different.tolist()])
    return np.asarray((spread.these @ chance.T)[:, of])


def _lifetime(
    models: Sequence[Attempts], spreads: Sequence[Difficulty], asked: Asked, *, level: float, seed: int
) -> Lifetime:
    return lifetime(
        models, spreads, curve=find_curve(asked.curve), flops=asked.lifetime, serving=asked.serving,
        choosing=asked.choosing, level=level, seed=seed,
    )  # fmt: skip


def _offers(
    models: Sequence[Attempts], spreads: Sequence[Difficulty], asked: Asked, *, budget: float, level: float
) -> Budget:
    """Give what each model reaches for a budget of one query, and how likely each is the best buy."""
    samples = [int(asked.serving.affordable(one, budget) + 1e-9) for one in models]
    draws = np.stack([_accuracy(one, asked.choosing, [k])[:, 0] for one, k in zip(spreads, samples, strict=True)])
    first = np.argmax(draws, axis=0)
    offers = []
    for place, (model, spread, k) in enumerate(zip(models, spreads, samples, strict=True)):
        reached = spread.mean(asked.choosing.chance(P, k), level=level) if k else Estimate(math.nan, level=level)
        cost = asked.serving.of(model, k) if k else math.nan
        offers.append(Offer(model.name, k, reached, cost, float((first == place).mean()) if k else 0.0))
    able = [one for one in offers if one.samples]
    best = max(able, key=lambda one: one.accuracy.value).model if able else ""
    return Budget(budget, tuple(offers), best)


def _flips(
    models: Sequence[Attempts], spreads: Sequence[Difficulty], asked: Asked, *, level: float
) -> tuple[Flip, ...]:
    """Give the budgets from which another model is the best buy, from one sample of the cheapest on.

    Samples count with their fractions, or the best buy would flip back and forth with every sample that is bought.
    """
    grid = budgets_shown(models, asked)
    each = [[asked.serving.affordable(one, float(budget)) for budget in grid] for one in models]
    draws = np.stack([_accuracy(*one) for one in zip(spreads, [asked.choosing] * len(each), each, strict=True)])
    middle = np.stack([median(one, axis=0) for one in draws])
    order = [int(np.argmax(middle[:, 0]))]
    places = [0]
    for place in range(grid.size):
        best = int(np.argmax(middle[:, place]))
        if middle[best, place] > middle[order[-1], place] + _TIE:
            order.append(best)
            places.append(place)
    found = []
    for (before, after), place in zip(pairwise(order), places[1:], strict=True):
        ahead = draws[after] - draws[before]
        last = np.where(ahead <= 0, np.arange(grid.size), -1)[:, : _until(places, place, grid.size)].max(axis=1)
        at = np.append(grid, math.inf)[last + 1]
        reached = Estimate(*_ends(draws[after][:, place], level), level)
        found.append(Flip(models[before].name, models[after].name, from_draws(float(grid[place]), at, level), reached))
    return tuple(found)


def _until(places: Sequence[int], place: int, end: int) -> int:
    """Give where the stretch that begins at a flip ends: at the next flip."""
    return next((one for one in places if one > place), end)


def _ends(draws: Array, level: float) -> tuple[float, float, float]:
    one = from_draws(float(median(draws)), draws, level)
    return one.value, one.low, one.high


def budgets_shown(models: Sequence[Attempts], asked: Asked) -> Array:
    """Give the budgets from one sample of the cheapest model to where forecasts end, or ten times the largest asked."""
    costs = [(asked.serving.of(one, 1), asked.serving.of(one, _steps(one)[-1])) for one in models]
    low, high = min(first for first, _ in costs), max(last for _, last in costs)
    high = max(min(high, max(asked.budgets) * 10), 100 * low)
    firsts = [first for first, _ in costs if first <= high]  # a flip may lie where a model's first sample is paid
    return np.unique(np.append(np.geomspace(low, high, _GRID), firsts))
