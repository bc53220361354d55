"""The command that turns a budget, or a loss to reach, into a run."""

from __future__ import annotations

import math
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, interval, option_of, quantities, takes_demand, takes_runs
from isoflop.faces.cli.shared import (
    Full,
    Json,
    Text,
    Words,
    dollars,
    draw,
    give,
    option,
    refuse_figure,
    refuse_overwriting,
)
from isoflop.planning.demand import TIERS, Demand
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.planning.result import Plan

TEXTS = ("precision", "gpus", "deadline")
"""Fields of a Demand that are words, not quantities."""


def _wanted(words: dict[str, str | None]) -> dict[str, Any]:
    """Return the keywords of a plan from its options as typed."""
    said = {key: value for key, value in words.items() if value is not None}
    if "dollars" in said:
        said["dollars"] = dollars(said["dollars"])
    if ":" in said.get("flops", ""):
        del said["flops"]
    return {key: value if key in TEXTS else parse_quantity(value) for key, value in said.items()}


def _budgets(text: str, points: int) -> list[float]:
    """Return budgets at equal ratios from the lowest to the highest of a range such as 1e20:1e26."""
    low, high = interval(text)
    if not (low > 0 and math.isfinite(high) and points > 1):
        raise UsageError(f'"{text}" with --points {points} is no frontier. Say two budgets, as in 1e20:1e26.')
    return [low * (high / low) ** (place / (points - 1)) for place in range(points)]


def _loss_to_reach(asked: Asked) -> tuple[Asked, dict[str, float]]:
    """Take a number that follows --loss for the loss to reach; anything else names the column of losses."""
    try:
        return replace(asked, loss=None), {"loss": float(asked.loss or "")}
    except ValueError:
        return asked, {}


Count = Annotated[int | None, option_of("tiers", TIERS["tiers"])]
Prices = Annotated[Text, option_of("prices", TIERS["prices"])]
ServeBatch = Annotated[float, option_of("serve_batch", TIERS["serve_batch"])]


def _tuned(found: Plan, sweep: str) -> Plan:
    """Return the plan with the best hyperparameters that a sweep foretells at its size."""
    from isoflop.beyond.tune import tune
    from isoflop.data.read import read

    if found.sheet is None:
        return found
    said = tune(read(sweep), at=[{"N": found.N.value, "D": found.D.value}])
    sheet = replace(found.sheet, tuned=said.targets[0].best)
    own = tuple(one for one in said.findings if one.code.startswith("H"))
    return replace(found, sheet=sheet, findings=(*found.findings, *own))


_PICTURES = {".png", ".svg"}
"""Endings of a plan's figure; a PDF is a document."""
Saved = Annotated[
    Text,
    option(
        "-o --output",
        "Save it: plan.html, plan.pdf or plan.md for people, plan.png or plan.svg for its figure, plan.toml, "
        "or study.toml to train the run.",
        metavar="FILE",
    ),
]
Author = Annotated[str, option("--author", "Who signs a document.", metavar="NAME")]


def demanded(
    source: str | None, words: list[str] | None, wanted: dict[str, str | None], *, asked: Asked
) -> tuple[str | None, Asked, dict[str, Any]]:
    """Return the source, the options of the runs and the keywords of a plan, from what was typed."""
    said = list(words or [])
    if source is not None and "=" in source:
        said, source = [source, *said], None
    asked, reach = _loss_to_reach(asked)
    return source, asked, _wanted(wanted) | quantities(said, "N=8B") | reach | {"flop_rule": asked.flop_rule}


def _save(found: Plan, path: str, *, author: str, seed: int) -> None:
    """Write a plan for people, or as TOML."""
    from isoflop.faces.report import FORMATS, report
    from isoflop.planning.export import save_plan

    if Path(path).suffix.lower() in FORMATS:
        report(found, path, command=shlex.join(["isoflop", *sys.argv[1:]]), author=author, seed=seed)
    else:
        save_plan(found, path)


@takes_runs
@takes_demand
def plan(
    source: Annotated[
        Text,
        typer.Argument(
            metavar="[RUNS_OR_FIT_OR_CURVE]",
            help="Runs, a fit, a curve or several (besiroglu2024,hoffmann2022); without any, published curves.",
        ),
    ] = None,
    words: Annotated[Words, typer.Argument(metavar="[N=… D=…]", help="What is settled already, such as N=8B.")] = None,
    *,
    wanted: dict[str, str | None],
    asked: Asked,
    points: Annotated[int, option("--points", "Budgets of a frontier.")] = 13,
    output: Saved = None,
    author: Author = "",
    tiers: Count = None,
    price_per_mtok: Prices = None,
    serve_batch: ServeBatch = 64,
    beyond: Annotated[bool, option("--beyond", "Use a curve beyond what its source states.")] = False,
    tune: Annotated[
        Text, option("--tune", "A sweep of lr, batch and such: its laws before published ones.", metavar="SWEEP")
    ] = None,
    full: Full = False,
    json: Json = False,
) -> None:
    """Plan a budget, or the cheapest run that reaches a loss: size, tokens, loss, shape, batch, time, money."""
    from isoflop.planning.frontier import frontier
    from isoflop.planning.plan import plan
    from isoflop.planning.result import Plan
    from isoflop.planning.tiers import tiers_for

    source, asked, demand = demanded(source, words, wanted, asked=asked)
    demand["beyond"] = beyond
    if output is not None:
        refuse_overwriting(source or "", output)
    known = asked.source(source) if source is not None else None
    if tiers is not None or price_per_mtok is not None:
        refuse_figure(source or "", output)
        sizes = tiers_for(known, Demand(**demand), count=tiers or 3, prices=price_per_mtok or "", batch=serve_batch)
        give(sizes, json=json, output=output)
        return
    if ":" in (wanted["flops"] or ""):
        found: Any = frontier(known, _budgets(wanted["flops"] or "", points), level=asked.level, **demand)
    else:
        found = plan(known, level=asked.level, **demand)
        found = _tuned(found, tune) if tune is not None else found
    if output is not None and (Path(output).suffix.lower() in _PICTURES or not isinstance(found, Plan)):
        draw(found, output)
    elif output is not None:
        _save(found, output, author=author, seed=asked.seed)
    give(found, json=json, full=full)
