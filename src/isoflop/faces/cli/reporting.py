"""The command that writes a report: report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, takes_demand, takes_runs
from isoflop.faces.cli.planning import Author, demanded
from isoflop.faces.cli.shared import Json, Text, Words, option, print_json, refuse_overwriting, stop_on_block


@takes_runs
@takes_demand
def report(
    source: Annotated[
        Text,
        typer.Argument(
            metavar="[RUNS_OR_FIT_OR_CURVE]", help="Runs, a fit saved with -o, or, with a budget, published curves."
        ),
    ] = None,
    words: Annotated[Words, typer.Argument(metavar="[N=… D=…]", help="What is settled already, such as N=8B.")] = None,
    *,
    wanted: dict[str, str | None],
    asked: Asked,
    output: Annotated[
        str, option("-o --output", "report.html, report.pdf, or report.md.", metavar="FILE")
    ] = "report.html",
    author: Author = "",
    json: Json = False,
) -> None:
    """Write what your runs say, and with a budget the decision on one page: report tinylm --budget '2M USD'."""
    from isoflop.faces.report import report

    source, asked, demand = demanded(source, words, wanted, asked=asked)
    refuse_overwriting(source or "", output)
    about = _about(source, asked, {key: value for key, value in demand.items() if key != "flop_rule"})
    path = report(about, output, command=shlex.join(["isoflop", *sys.argv[1:]]), author=author, seed=asked.seed)
    if json:
        print_json({"report": str(path), "bytes": Path(path).stat().st_size})
    else:
        typer.echo(str(path))


def _about(source: str | None, asked: Asked, demand: dict[str, Any]) -> Any:
    """Return what the report is about: a plan where a budget was said, else what the runs say."""
    from isoflop.planning.plan import plan

    found = None if source is None else asked.source(source)
    if demand:
        planned = plan(found, level=asked.level, flop_rule=asked.flop_rule, **demand)
        stop_on_block(planned.findings)
        return planned
    if found is None or found.runs is None:
        said = "without a source" if source is None else f"{source} is a published curve, without runs"
        raise UsageError(f"{said}. Say what there is to spend, as in --budget '2M USD'.")
    stop_on_block(found.findings)
    return found
