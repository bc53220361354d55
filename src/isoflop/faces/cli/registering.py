"""The command of a register of forecasts: isoflop register."""

from __future__ import annotations

import hashlib
import io
import json as json_
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.errors import UsageError, shown
from isoflop.estimate import LEVEL
from isoflop.faces.cli import application
from isoflop.faces.cli.shared import Json, Words, give, option, print_json

if TYPE_CHECKING:
    from isoflop.experiments.register import Foretold

VERBS = ("forecast", "plan", "watch", "downstream")
"""Commands whose answer can be registered."""
_NOT_INPUTS = {"loss", "low", "high", "level", "decades", "calibrated"}
"""Keys of a forecast in JSON that are no inputs of the run."""
_SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def register(
    words: Annotated[
        Words,
        typer.Argument(metavar="[NAME COMMAND … | score RUNS]", help="NAME forecast RUNS N=… D=…, or score RUNS."),
    ] = None,
    file: Annotated[str, option("--file", "The register's file.")] = "forecasts.jsonl",
    who: Annotated[str, option("--who", "Who may be asked about it.")] = "",
    json: Json = False,
) -> None:
    """Freeze a forecast before its run, score it when the run has ended, see how good the forecasts have been.

    isoflop register "the 7B run" forecast runs.csv N=7e9 D=2e12

    isoflop register score finished.csv

    isoflop register
    """
    from isoflop.experiments.register import history, open_ledger

    said, own = _own(words or [])
    file, who, json = own.get("--file", file), own.get("--who", who), json or "--json" in own
    if not said:
        found = history(open_ledger(file))
        give(found, json=json)
    elif said[0] == "score":
        _score(said[1:], file, json=json)
    else:
        _freeze(said[0], said[1:], file=file, who=who, json=json)


register.settings = _SETTINGS  # type: ignore[attr-defined]


def _own(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words without the register's own options, which may stand behind a command's, and those."""
    rest, own, left = [], {}, iter(words)
    for word in left:
        key, sign, value = word.partition("=")
        if key in {"--file", "--who"}:
            own[key] = value if sign else next(left, "")
        elif word == "--json":
            own[word] = ""
        else:
            rest.append(word)
    return rest, own


def _score(words: Sequence[str], file: str, *, json: bool) -> None:
    from isoflop.data.read import read
    from isoflop.experiments.register import score

    if len(words) != 1:
        raise UsageError("say the runs that have ended: isoflop register score RUNS.")
    found = score(read(words[0]), file)
    if json:
        print_json({"scored": [{"name": one.name, "value": one.value, "time": one.time} for one in found]})
        return
    for one in found:
        typer.echo(f"{shown(one.name)}: {one.value:.6g}")
    if not found:
        typer.echo("no open forecast is about one of these runs", err=True)


def _freeze(name: str, command: Sequence[str], *, file: str, who: str, json: bool) -> None:
    if not name.strip() or name in VERBS:
        raise UsageError('a forecast needs a name first, as in: isoflop register "the 7B run" forecast runs.csv N=7e9.')
    if not command or command[0] not in VERBS:
        raise UsageError(f"say what foretells it after its name: {', '.join(VERBS)}.")
    from isoflop.experiments.register.ledger import add

    answer = _answer(command)
    entries = list(_entries(name, command, answer, who=who))
    if not entries:
        raise UsageError(f"{command[0]} gave no number with an interval; there is nothing to register.")
    added = [add(file, one) for one in entries]
    if json:
        print_json({"registered": [{"name": one.name, "time": one.time} for one in added], "file": file})
        return
    for one in entries:
        typer.echo(f"{shown(one.name)}: {one.value:.4g} [{one.low:.4g}, {one.high:.4g}]   in {shown(file)}")


def _answer(command: Sequence[str]) -> dict[str, Any]:
    """Return what a command prints as JSON."""
    printed = io.StringIO()
    more = ["--once"] if command[0] == "watch" and "--once" not in command else []
    with redirect_stdout(printed):
        application(command[0])([*command, *more, "--json"], standalone_mode=False)
    found = json_.loads(printed.getvalue())
    if not isinstance(found, dict):
        raise UsageError(f"{command[0]} gave no answer that can be registered.")
    return found


def _entries(name: str, command: Sequence[str], answer: Mapping[str, Any], *, who: str) -> Iterator[Foretold]:
    """Yield the forecasts in an answer; where there are several, each has its number behind the name."""
    from isoflop.experiments.register import Foretold

    told = list(_told(command[0], answer))
    for number, (at, metric, loss, decades) in enumerate(told, start=1):
        if loss.get("low") is None or loss.get("high") is None:
            continue
        level = loss.get("level") or answer.get("level") or LEVEL
        yield Foretold(
            name=name if len(told) == 1 else f"{name} {number}", verb=command[0], at=at, metric=metric,
            value=loss["value"], low=loss["low"], high=loss["high"], level=level,
            decades=math.nan if decades is None else decades, digest=_digest(command[1:]), asked=tuple(command),
            who=who,
        )  # fmt: skip


def _told(verb: str, answer: Mapping[str, Any]) -> Iterator[tuple[dict[str, float], str, dict[str, Any], float | None]]:
    """Yield inputs, metric, estimate and distance of each number that a command foretold."""
    if verb == "watch":
        yield {"N": answer["N"], "D": answer["D"]}, "loss", answer["end"] | {"level": answer["level"]}, None
    for row in answer.get("forecasts", []):
        inputs = {key: float(row[key]) for key in row if key not in _NOT_INPUTS and isinstance(row[key], int | float)}
        yield (
            inputs,
            "loss",
            {"value": row["loss"], **{key: row[key] for key in ("low", "high", "level")}},
            row["decades"],
        )
    if verb == "plan" and isinstance(answer.get("loss"), dict):
        size = {key: float(answer[key]["value"]) for key in ("N", "D") if isinstance(answer.get(key), dict)}
        yield size, "loss", dict(answer["loss"]), answer.get("decades")
    if verb == "downstream":
        for task in answer.get("tasks", []):
            if isinstance(task, dict) and isinstance(task.get("accuracy"), dict):
                yield {}, str(task.get("task") or task.get("name")), dict(task["accuracy"]), None


def _digest(words: Sequence[str]) -> str:
    """Return the SHA-256 of the files that a command names, one after the other; empty where it names none."""
    found = hashlib.sha256()
    files = [Path(word) for word in words if not word.startswith("-") and Path(word).is_file()]
    for path in files:
        found.update(path.read_bytes())
    return found.hexdigest() if files else ""
