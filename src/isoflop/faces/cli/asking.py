"""The commands that answer: forecast, solve, plan."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.data.runs.columns import LETTERS, meaning, normal
from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, inputs_for, pairs, quantities, takes_runs
from isoflop.faces.cli.shared import (
    Drawn,
    Full,
    Json,
    Source_,
    Text,
    Words,
    draw,
    give,
    in_full,
    option,
    print_json,
    print_result,
    refuse_figure,
    stop_on_block,
)

if TYPE_CHECKING:
    from isoflop.forecasting.predictor import Predictor
    from isoflop.forecasting.result import Forecasts


@takes_runs
def forecast(
    source: Source_,
    asked: Asked,
    at: Annotated[Words, typer.Argument(metavar="[N=… D=…]", help="The new run, such as N=8e9 D=15T.")] = None,
    targets: Annotated[Text, option("--at", "A table of new runs.", metavar="FILE")] = None,
    output: Drawn = None,
    full: Full = False,
    json: Json = False,
) -> None:
    """Forecast the loss of runs not yet trained, each with its interval and how far it extrapolates.

    --loss all, or --loss web,code, forecasts several losses at once.
    """
    refuse_figure(source, output)
    if several := asked.each_loss(source):
        if output is not None:
            raise UsageError("-o draws the forecast of one loss. Say one, as in --loss loss_web -o web.png.")
        _forecast_all(source, asked, at or [], several, json=json)
        return
    asked, words = _with_input(asked, source, _in_letters(at or []))
    found = _forecast(asked.source(source), words, targets, asked.level)
    draw(found, output)
    if json:
        rows = [row.as_dict() for row in found]
        print_json({"forecasts": rows, "findings": [one.as_dict() for one in found.findings]})
    else:
        print_result(in_full(found) if full else found)
    stop_on_block(found.findings)


def _in_letters(words: list[str]) -> dict[str, str]:
    """Return the words with the letters that names of columns stand for: compute=1e27 is C=1e27."""
    found = {}
    for key, value in pairs(words, "N=8e9").items():
        means = meaning(key)
        if means is None or means.rule > 2 or key == means.letter:
            found[key] = value
        else:
            factor = 1.0 if means.unit is None else means.unit.factor
            found[means.letter] = repr(quantities([f"{means.letter}={value}"], "N=8e9")[means.letter] * factor)
    return found


def _with_input(asked: Asked, source: str, at: dict[str, str]) -> tuple[Asked, list[str]]:
    """Return the options and words where one column is the only input, such as release_date=2027-07-01.

    A name that no formula could hold is made one: the column "Release Date" is called Release_Date.
    """
    alone = next(iter(at), "") if len(at) == 1 else ""
    if alone in {"", "N", "D"} or asked.law is not None or asked.input is not None:
        return asked, [f"{key}={value}" for key, value in at.items()]
    from isoflop.data.readers.table import raw_source

    names = raw_source(source).names if alone not in LETTERS and Path(source).is_file() else ()
    column = next((name for name in names if normal(name) == normal(alone)), alone)
    called = re.sub(r"\W+", "_", column).strip("_")
    renamed = [] if called == column else [f"{called}={column}"]
    return replace(asked, input=called, column=[*asked.column, *renamed]), [f"{called}={at[alone]}"]


def _forecast_all(source: str, asked: Asked, words: list[str], each: dict[str, Asked], *, json: bool) -> None:
    from isoflop.forecasting.every_loss import forecast_all

    if not words:
        raise UsageError("say where to forecast: N=8e9 D=15e12.")
    found = forecast_all(
        {name: one.source(source) for name, one in each.items()},
        level=asked.level,
        **inputs_for(forecast_all, words, "N=8e9"),
    )
    give(found, json=json)


def _forecast(source: Predictor, words: list[str], targets: str | None, level: float) -> Forecasts:
    from isoflop.data.read import read
    from isoflop.forecasting.forecast import forecast

    if bool(words) == bool(targets):
        raise UsageError("say where to forecast: N=8e9 D=15e12, or --at targets.csv.")
    if words:
        return forecast(source, level=level, **inputs_for(forecast, words, "N=8e9"))
    table = read(str(targets))
    names = dict.fromkeys([*source.inputs, *(name for name in ("N", "D") if name in table)])
    found = forecast(source, level=level, **{name: table[name] for name in names})
    return replace(found, findings=(*(one for one in table.findings if one.code == "D01"), *found.findings))


@takes_runs
def solve(
    unknown: Annotated[str, typer.Argument(metavar="UNKNOWN", help="What to solve for: D, N or C.")],
    source: Source_,
    at: Annotated[
        list[str], typer.Argument(metavar="loss=… [N=…]", help="The loss (or metric) to reach and what is given.")
    ],
    asked: Asked,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Solve for what reaches a loss: tokens at a size, a size at tokens, or compute at its best allocation."""
    from isoflop.forecasting.solve import solve

    refuse_figure(source, output)
    found = solve(unknown, asked.source(source), level=asked.level, **inputs_for(solve, at, "loss=2.0"))
    give(found, json=json, output=output)
