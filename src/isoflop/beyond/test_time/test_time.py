"""test_time: samples of some models → what more samples bring, which model is the better buy, where that flips."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from isoflop.beyond.test_time.answers import HOWS, Choosing
from isoflop.beyond.test_time.attempts import Attempts, power_law
from isoflop.beyond.test_time.coverage import with_tails
from isoflop.beyond.test_time.difficulty import Difficulty, difficulty
from isoflop.beyond.test_time.difficulty_densities import P
from isoflop.beyond.test_time.findings import notice
from isoflop.beyond.test_time.from_pass1 import CONCENTRATION, aligned, assumed, concentrations
from isoflop.beyond.test_time.lifetime import Lifetime, lifetime
from isoflop.beyond.test_time.result import Budget, Flip, Inference, Offer, Reach, Sampled
from isoflop.beyond.test_time.rewards import best_of, separation_of
from isoflop.beyond.test_time.serving import MOST, Serving
from isoflop.beyond.test_time.tables import read_attempts
from isoflop.data.runs import ColumnMapping
from isoflop.data.runs.frames import is_table
from isoflop.errors import DataError, UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws, refuse_level
from isoflop.formula.arrays import Array, median
from isoflop.laws import find_curve

FARTHEST = 100
"""Forecasts are made for up to so many times the samples drawn; with pass@1 alone, for a hundred times that."""
_GRID, _TIE = 140, 0.002
"""Budgets looked at for flips, and by how much accuracy the better model must be better."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the samples: at which k, by what choice among them, and what the queries may cost.

    choosing  a perfect verifier unless said; of lengths of thinking to choose from, one sample
    budgets   of one query, in the unit of the serving
    lifetime  FLOPs for training a model and answering all its queries; `curve` says what loss N and D give
    """

    samples: tuple[float, ...] = ()
    budgets: tuple[float, ...] = ()
    lifetime: float = math.nan
    curve: str = "besiroglu2024"
    choosing: Choosing | None = None
    serving: Serving = field(default_factory=Serving)


def test_time(
    source: str | os.PathLike[str] | ColumnMapping | Sequence[Attempts],
    *,
    asked: Asked | None = None,
    concentration: tuple[float, float] | None = None,
    like: Sequence[Attempts] = (),
    level: float = LEVEL,
    seed: int = 0,
    name: str = "",
) -> Inference:
    r"""Return what k samples bring for each model of a table and, for budgets of one query, which model to sample.

    source         a table (see `read_attempts`), or attempts
    concentration  a range of a + b to assume where only pass@1 is known, in place of the families' own priors
    like           models with counts, to learn that spread from

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.csv"
    >>> counts = {"1B": (1, 9, 40), "7B": (31, 39, 70)}
    >>> rows = "".join(f"{m},{q},100,{c}\n" for m in counts for q, c in enumerate(counts[m]))
    >>> path.write_text(f"model,problem,samples,correct\n{rows}") > 0
    True
    >>> len(isoflop.test_time(path).models)
    2
    """
    refuse_level(level)
    models = _models(source)
    if not models:
        raise DataError("there are no attempts. Give those of one model at least.")
    asked = _settled(asked or Asked(), models)
    choosing = asked.choosing or Choosing()
    _refuse(asked, models)
    spreads = _difficulties(models, concentration=concentration, like=like, level=level, seed=seed)
    choosings = [_ranked(one, spread, choosing) for one, spread in zip(models, spreads, strict=True)]
    if choosing.how == "best-of-n" and any(math.isnan(one.separation) for one in choosings):
        raise UsageError("nothing tells how well the rewards rank samples. Say --separation 1, or give the table a "
                         "column of rewards (a row a sample) or of best_of_n.")  # fmt: skip
    shown = tuple(
        _sampled(one, spread, how, asked=asked, level=level)
        for one, spread, how in zip(models, spreads, choosings, strict=True)
    )
    name = name or (os.fspath(source) if isinstance(source, str | os.PathLike) else "attempts")
    budgets: tuple[Budget, ...] = ()
    flips: tuple[Flip, ...] = ()
    if asked.budgets:
        offered = list(zip(models, spreads, choosings, strict=True))
        budgets = tuple(_offers(offered, asked, budget=one, level=level) for one in asked.budgets)
        flips = _flips(offered, asked, level=level)
    whole = None if math.isnan(asked.lifetime) else _lifetime(models, spreads, asked, level=level, seed=seed)
    found = Inference(name, shown, budgets, flips, choosing, asked.serving, level, whole, draws=spreads)
    return notice(found, concentration=concentration, learnt=bool(like))


def _models(source: str | os.PathLike[str] | ColumnMapping | Sequence[Attempts]) -> tuple[Attempts, ...]:
    if isinstance(source, str | os.PathLike) or is_table(source):
        return read_attempts(source)
    models: tuple[Any, ...] = tuple(source)  # type: ignore[arg-type]
    if not all(isinstance(one, Attempts) for one in models):
        raise UsageError("source must be a path, a table or Attempts, as read_attempts gives them.")
    return models


def _settled(asked: Asked, models: Sequence[Attempts]) -> Asked:
    """Return what is asked with what nobody said: one sample of each length of thinking, at budgets that buy them.

    Budgets are then what one sample costs of the cheapest, the middle and the dearest.
    """
    if not any(one.thinking for one in models):
        return asked
    serving = asked.serving
    if serving.unit == "FLOPs" and all(one.method and math.isnan(serving.parts(one)[1]) for one in models):
        serving = replace(serving, unit="tokens")  # of which model does not matter where it is one
    known = all(not math.isnan(serving.parts(one)[1]) for one in models)
    costs = np.sort([serving.of(one, 1) for one in models]) if known else np.zeros(0)
    budgets = asked.budgets or tuple(
        costs[[0, costs.size // 4, costs.size // 2, 3 * costs.size // 4, -1]].tolist() if known else ()
    )
    return replace(
        asked, serving=serving, budgets=tuple(dict.fromkeys(budgets)), choosing=asked.choosing or Choosing("one")
    )


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
                "column N, or --price and --gpus, or --price-per-Mtok."
            )


def _difficulties(
    models: Sequence[Attempts],
    *,
    concentration: tuple[float, float] | None,
    like: Sequence[Attempts],
    level: float,
    seed: int,
) -> tuple[Difficulty, ...]:
    """Return each model's difficulty, by its counts, or by pass@1 and what is assumed of all models together."""
    if any(not one.counted for one in like):
        raise DataError("the models to learn the spread from must have counts problem by problem.")
    told = concentration is not None or bool(like)
    shared = np.zeros(0)
    if told and not all(one.counted or one.rated for one in models):
        known = [difficulty(one, seed=seed) for one in like]
        shared = concentrations(concentration or CONCENTRATION, like=known, seed=seed)
    founds = [
        _difficulty(one, shared, level=level, seed=seed + (place if told else 0)) for place, one in enumerate(models)
    ]
    return with_tails(models, founds, seed=seed)


def _difficulty(model: Attempts, shared: Array, *, level: float, seed: int) -> Difficulty:
    """Return the difficulty of a model's problems: of counts and rates, or of pass@1 alone."""
    if model.counted or model.rated:
        return difficulty(model, seed=seed, level=level)
    return assumed(model, shared, seed=seed) if shared.size else aligned(difficulty(model, seed=seed, level=level))


def _steps(model: Attempts) -> tuple[float, ...]:
    """Return 1, 10, 100, … as far as forecasts go, with the samples drawn among them."""
    most = FARTHEST * (model.usual or FARTHEST)
    tens = {10.0**power for power in range(round(math.log10(MOST)) + 1) if 10.0**power <= most}
    return tuple(sorted(tens | {float(max(model.fewest, 1)), float(max(model.usual, 1)), float(most)}))


def _sampled(model: Attempts, spread: Difficulty, choosing: Choosing, *, asked: Asked, level: float) -> Sampled:
    line = power_law(model)
    rows = []
    for k in asked.samples or _steps(model):
        each = {how: spread.at(_by(choosing, how), k, level=level) for how in _hows(choosing)}
        rows.append(Reach(k, model.measured(k), each, line(k)))
    limits = {how: spread.limit(_by(choosing, how), level=level) for how in _hows(choosing)}
    limits["coverage"] = _at_least(limits["coverage"], spread.at(_by(choosing, "coverage"), _steps(model)[-1]))
    return Sampled(model, tuple(rows), limits, line, dict(spread.families), dict(spread.parameters), spread.tail,
                   choosing.separation)  # fmt: skip


def _at_least(limit: Estimate, farthest: Estimate) -> Estimate:
    """Return the coverage of samples without end: no data tell of it more than of the farthest forecast."""
    kinds = {kind: (min(low, farthest.intervals[kind][0]), high) for kind, (low, high) in limit.intervals.items()}
    return replace(limit, low=min(limit.low, farthest.low), intervals=kinds)


def _hows(choosing: Choosing) -> list[str]:
    """Return the ways to choose that are shown: a verifier only where its errors are told."""
    told = choosing.how == "verifier" or choosing.recall < 1 or choosing.false > 0
    ranked = not math.isnan(choosing.separation)
    shown = {"coverage", "majority", choosing.how if choosing.how == "one" else ""}
    return [how for how in HOWS if how in shown or (how == "verifier" and told) or (how == "best-of-n" and ranked)]


def _by(choosing: Choosing, how: str) -> Choosing:
    return replace(choosing, how=how)  # type: ignore[arg-type]  # one of HOWS


def _ranked(model: Attempts, spread: Difficulty, asked: Choosing) -> Choosing:
    """Return how a model's samples are chosen: with the separation of its rewards, where none was told."""
    if model.picked is None or not math.isnan(asked.separation):
        return asked
    told = model.picked.separation
    if math.isnan(told):
        mean = spread.these.mean(axis=0)
        told = separation_of(model.picked, lambda k, d: float(mean @ best_of(P, k, separation=d)))
    return replace(asked, separation=told)


def _accuracy(spread: Difficulty, choosing: Choosing, samples: Sequence[float]) -> Array:
    """Return draws of the accuracy at each number of samples (draws, samples); 0 for none."""
    different, of = np.unique(np.asarray(samples), return_inverse=True)
    return np.stack([spread.reached(choosing, k)[0] for k in different.tolist()], axis=1)[:, of]


def _lifetime(
    models: Sequence[Attempts], spreads: Sequence[Difficulty], asked: Asked, *, level: float, seed: int
) -> Lifetime:
    return lifetime(
        models, spreads, curve=find_curve(asked.curve), flops=asked.lifetime, serving=asked.serving,
        choosing=asked.choosing or Choosing(), level=level, seed=seed,
    )  # fmt: skip


Offered = tuple[Attempts, Difficulty, Choosing]
"""A model, the difficulty of its problems, and how one of its samples is chosen."""


def _offers(offered: Sequence[Offered], asked: Asked, *, budget: float, level: float) -> Budget:
    """Return what each model reaches for a budget of one query, and how likely each is the best buy."""
    most = [1 if how.how == "one" else MOST for _, _, how in offered]
    paid = [int(asked.serving.affordable(one, budget) + 1e-9) for one, _, _ in offered]
    samples = [min(pair) for pair in zip(paid, most, strict=True)]
    draws = np.stack([_accuracy(spread, how, [k])[:, 0] for (_, spread, how), k in zip(offered, samples, strict=True)])
    first = np.argmax(draws, axis=0)
    offers = []
    for place, ((model, spread, how), k) in enumerate(zip(offered, samples, strict=True)):
        reached = spread.at(how, k, level=level) if k else Estimate(math.nan, level=level)
        cost = asked.serving.of(model, k) if k else math.nan
        offers.append(Offer(model.name, k, reached, cost, float((first == place).mean()) if k else 0.0))
    able = [one for one in offers if one.samples]
    best = max(able, key=lambda one: one.accuracy.value).model if able else ""
    return Budget(budget, tuple(offers), best)


def _flips(offered: Sequence[Offered], asked: Asked, *, level: float) -> tuple[Flip, ...]:
    """Return the budgets from which another model is the best buy, from one sample of the cheapest on.

    Samples count with their fractions, or the best buy would flip back and forth with every sample that is bought.
    """
    models = [model for model, _, _ in offered]
    grid = budgets_shown(models, asked)
    each = [[asked.serving.affordable(one, float(budget)) for budget in grid] for one in models]
    draws = np.stack([_accuracy(spread, how, k) for (_, spread, how), k in zip(offered, each, strict=True)])
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
    """Return where the stretch that begins at a flip ends: at the next flip."""
    return next((one for one in places if one > place), end)


def _ends(draws: Array, level: float) -> tuple[float, float, float]:
    one = from_draws(float(median(draws)), draws, level)
    return one.value, one.low, one.high


def budgets_shown(models: Sequence[Attempts], asked: Asked) -> Array:
    """Return the budgets from one sample of the cheapest model to where forecasts end, or 10 times the most asked."""
    costs = [(asked.serving.of(one, 1), asked.serving.of(one, _steps(one)[-1])) for one in models]
    low, high = min(first for first, _ in costs), max(last for _, last in costs)
    high = max(min(high, max(asked.budgets) * 10), 100 * low)
    firsts = [first for first, _ in costs if first <= high]  # a flip may lie where a model's first sample is paid
    return np.unique(np.append(np.geomspace(low, high, _GRID), firsts))
