"""The verb: runs of two or more recipes → Recipes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from isoflop.beyond.recipes.comparability import alike, on_contests
from isoflop.beyond.recipes.multiplier import losses, multipliers, trend
from isoflop.beyond.recipes.paths import PLAIN, Path, best_run, price
from isoflop.beyond.recipes.prices import COMPUTE, FREE, PARAMETERS, TOKENS, Price, Prices, Worth, marginal, step
from isoflop.beyond.recipes.result import UNITS, Contest, Recipes, Row
from isoflop.beyond.recipes.shared_parameters import FREE as UNHELD
from isoflop.beyond.recipes.shared_parameters import Hold
from isoflop.beyond.recipes.two_curves import Duel, duel
from isoflop.data.read import as_runs
from isoflop.data.runs import ColumnMapping, Runs
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, refuse_level
from isoflop.findings import allow_codes
from isoflop.forecasting.ensemble import Ensemble, combine
from isoflop.quantities import show

DRAWS, FAR, POINTS = 400, 10.0, 49
"""Draws of each law; how far beyond the runs the last of the default scales lies; points of a figure's curve."""


def recipes(
    *runs: Runs | ColumnMapping,
    names: Sequence[str] = (),
    laws: Sequence[str] = (),
    at: Sequence[float] = (),
    path: Path = PLAIN,
    hold: Hold = UNHELD,
    flops: float = math.nan,
    prices: Prices = FREE,
    level: float = LEVEL,
    seed: int = 0,
    allow: Sequence[str] = (),
) -> Recipes:
    """Compare recipes: how many times the compute the first needs to reach the loss of each other one.

    names   what the recipes are called; unless said, as their runs' sources
    laws    laws to take instead of those that forecast together
    at      scales to say it at; unless said the lowest, middle and highest that both have runs at, and ten times that
    path    where they are compared: at each budget's best allocation, at a ratio, or with N or D held (then the
            multiplier is one of tokens, or of parameters)
    hold    what the recipes have in common: a floor, pinned or shared, or exponents
    flops   where the first recipe stands, for the prices; unless said its largest run
    prices  what FLOPs, tokens and a change of recipe cost

    Laws are fitted together to each recipe's runs, as in `forecast`. The interval holds the runs' errors
    (Student's t; alike where runs are paired by N and D; of whole runs where rows share one), what the laws
    disagree about, and a drift beyond the runs. Raises DataError where a recipe has fewer than 6 usable runs.

    >>> one, three = isoflop.read("tinytables").split("recipe").values()
    >>> isoflop.recipes(one, three, names=("one", "three"))[0].multiplier.value > 1
    True
    """
    tables = tuple(map(as_runs, runs))
    refuse_level(level)
    called = _names(tables, names)
    fitted = [combine(one, laws=laws) for one in tables]
    duels = [duel(fitted[0], other, path, hold=hold, draws=DRAWS, seed=seed) for other in fitted[1:]]
    contests = tuple(
        _contest(found, (called[0], name), (tables[0], other), at=at, level=level)
        for found, name, other in zip(duels, called[1:], tables[1:], strict=True)
    )
    stands = float(tables[0]["C"].max()) if math.isnan(flops) else flops
    worth = _worth(fitted, called, stands, prices=prices, hold=hold, level=level, seed=seed)
    on_runs = [one for each in fitted for one in each.findings if one.code != "D06"]
    findings = allow_codes(
        [*on_runs, *alike(tables, called), *on_contests(contests, stands / float(tables[0]["C"].max()))], allow
    )
    return Recipes(contests, worth, findings, _assumed(path, hold))


def _assumed(path: Path, hold: Hold) -> str:
    """Say what the numbers hold under."""
    where = "at each recipe's best N and D for its compute"
    if path.along != "C":
        where = f"at N = {show(path.N)}" if path.along == "D" else f"at D = {show(path.D)}"
    elif not math.isnan(path.ratio):
        where = f"at {show(path.ratio)} tokens per parameter"
    common = [f"one floor of {hold.floor:g}"] if hold.pinned else ["one floor"] if hold.floor == "shared" else []
    common += ["one set of exponents"] if hold.exponents else []
    told = f", with {' and '.join(common)} for all" if common else ""
    return (
        f"{where}{told}; holds if losses are of one evaluation set and tokenizer, if N and C are counted alike, and if "
        "batch size and learning rate were tuned alike; tokens do not repeat"
    )


def _names(runs: Sequence[Runs], names: Sequence[str]) -> tuple[str, ...]:
    """Return the recipes' names, each another; refuse fewer than two recipes."""
    if len(runs) < 2:
        raise UsageError("recipes are compared: give the runs of two or more, as in isoflop recipes a.csv b.csv.")
    called = tuple(names) or tuple(PurePath(one.source).stem for one in runs)
    if len(called) != len(runs):
        raise UsageError(f"{len(runs)} recipes need {len(runs)} names, not {len(called)}.")
    if len(set(called)) < len(called):
        return tuple(f"{name} ({place})" for place, name in enumerate(called, 1))
    return called


def _contest(
    found: Duel, names: tuple[str, str], runs: tuple[Runs, Runs], *, at: Sequence[float], level: float
) -> Contest:
    low, high = found.common
    scales = list(at) or list(dict.fromkeys([low, math.sqrt(low * high), high, FAR * high]))
    for scale in scales:
        _refuse_far(found, scale)
    points = tuple((tuple(one[found.path.along].tolist()), tuple(one["loss"].tolist())) for one in runs)
    ends = min(span[0] for span in found.spans), FAR * max(span[1] for span in found.spans)
    return Contest(
        *names, found.path.along, _rows(found, scales, level), _rows(found, [high], level)[0], trend(found, level),
        found.pairs.first.size, found.likeness, _rows(found, np.geomspace(*ends, POINTS).tolist(), level), points,
    )  # fmt: skip


def _refuse_far(found: Duel, scale: float) -> None:
    if not found.x[0] < scale < found.x[-1]:
        ends = f"from {found.x[0]:.2g} to {found.x[-1]:.2g} {UNITS[found.path.along]}"
        raise UsageError(f"{scale:g} lies too far from the recipes' runs to say anything. Say one {ends}.")


def _rows(found: Duel, scales: Sequence[float], level: float) -> tuple[Row, ...]:
    at = np.asarray(scales, float)
    times, both = multipliers(found, at, level), losses(found, at, level)
    return tuple(
        Row(float(scale), one, *pair, max(0.0, *(
            math.log10(x / span[1]) if x > 0 else 0.0
            for x, span in zip((scale * one.value, scale), found.spans, strict=True)
        )))
        for scale, one, pair in zip(at.tolist(), times, both, strict=True)
    )  # fmt: skip


def _worth(
    fitted: Sequence[Ensemble],
    names: Sequence[str],
    flops: float,
    *,
    prices: Prices,
    hold: Hold,
    level: float,
    seed: int,
) -> Worth:
    """Return every way to a lower loss from the first recipe's best run at so many FLOPs."""
    unknown = [name for name in prices.recipes if name not in names[1:]]
    if unknown:
        raise UsageError(f"{unknown[0]} is no recipe to change to. They are {', '.join(names[1:])}.")
    first, per = fitted[0], 6 * price(fitted[0].runs)
    size, tokens = best_run(first, flops)
    flop = 1.0 if math.isnan(prices.flop) else prices.flop
    token = 0.0 if math.isnan(prices.data.token) else prices.data.token
    duels = [duel(first, other, hold=hold, draws=DRAWS, seed=seed) for other in fitted[1:]]
    for found in duels:
        _refuse_far(found, flops)
    held = {
        TOKENS: (Path(N=size), tokens, per * size * flop + token),
        PARAMETERS: (Path(D=tokens), size, per * tokens * flop),
    }
    options = [marginal(duels[0], COMPUTE, flops, each=flop, level=level)]
    for what, (path, x, each) in held.items():
        along = duel(first, fitted[1], path, hold=hold, draws=DRAWS, seed=seed)
        options.append(marginal(along, what, x, each=each, level=level))
    for name, found in zip(names[1:], duels, strict=True):
        total = prices.recipes.get(name, Price()).total(tokens)
        options.append(step(found, name, flops, each=flop, total=total, level=level))
    options.sort(key=lambda one: (math.isnan(one.price.value), one.price.value))
    loss = losses(duels[0], np.array([flops]), level)[0][0]
    return Worth(names[0], flops, loss, tuple(options), prices.unit, first.runs.loss_in)
