"""The command that writes a report: report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, takes_runs
from isoflop.faces.cli.shared import Json, print_json, refuse_overwriting, stop_on_block


@takes_runs
def report(
    source: Annotated[str, typer.Argument(metavar="RUNS_OR_FIT", help="Runs, or a fit saved with -o.")],
    asked: Asked,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="report.html, or report.md.")
    ] = "report.html",
    json: Json = False,
) -> None:
    """Write one page of what your runs say: the answer, a budget slider, findings, backtests, origin."""
    from isoflop.faces.report import report

    refuse_overwriting(source, output)
    found = asked.source(source)
    if found.runs is None:
        raise UsageError(f"{source} is a published curve, without runs. Say isoflop laws {source} -o law.png.")
    stop_on_block(found.findings)
    path = report(found, output, command=shlex.join(["isoflop", *sys.argv[1:]]), seed=asked.seed)
    if json:
        print_json({"report": str(path), "bytes": Path(path).stat().st_size})
    else:
        typer.echo(str(path))
