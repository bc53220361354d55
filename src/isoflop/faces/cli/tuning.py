"""The command that reads a sweep of hyperparameters."""

from __future__ import annotations

from typing import Annotated

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, quantities, takes_runs
from isoflop.faces.cli.shared import Drawn, Json, Runs, Text, Words, give, option, refuse_figure


@takes_runs
def tune(
    source: Runs,
    at: Annotated[
        Words, typer.Argument(metavar="[N=8B D=160B]", help="A new size, to foretell the best values at.")
    ] = None,
    *,
    asked: Asked,
    of: Annotated[
        Text,
        option("--of", "The tuned columns: lr,batch. Unless said, those with such names.", metavar="COLUMNS"),
    ] = None,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Read a sweep of learning rate, batch and the like: the best at each size, and the laws they follow."""
    from isoflop.beyond.tune import tune

    if asked.fix or asked.bounds or asked.law or asked.objective != "robust":
        raise UsageError(
            "--law, --fix, --bounds and --objective belong to a fit of the loss, which tune does not make."
        )
    refuse_figure(source, output)
    columns = tuple(name.strip() for name in of.split(",")) if of else ()
    targets = [quantities(at, "N=8B D=160B")] if at else []
    found = tune(asked.read(source), of=columns, at=targets, level=asked.level, allow=asked.allow)
    give(found, json=json, output=output)
