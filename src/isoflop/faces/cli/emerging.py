"""The command about jumps: emergence."""

from __future__ import annotations

from typing import Annotated

import typer

from isoflop.faces.cli.options import Asked, takes_runs
from isoflop.faces.cli.shared import Drawn, Json, Runs, give, refuse_figure


@takes_runs
def emergence(
    runs: Runs,
    asked: Asked,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric", metavar="COLUMN", help="The accuracies, from 0 to 1; without it, worked out from loss."
        ),
    ] = None,
    items: Annotated[
        int | None, typer.Option("--items", help="Items of the test; left out, read off the accuracies if they tell.")
    ] = None,
    target_tokens: Annotated[
        float | None,
        typer.Option(
            "--target-tokens",
            help="Tokens of an answer that must all be right, where the loss is of these tokens, in nats each.",
        ),
    ] = None,
    chance: Annotated[float, typer.Option("--chance", help="The accuracy of guessing: 0.25 of four options.")] = 0.0,
    ceiling: Annotated[float, typer.Option("--ceiling", help="The highest accuracy there is.")] = 1.0,
    along: Annotated[
        str | None, typer.Option("--along", metavar="INPUT", help="What scale is measured by: C (unless said), N or D.")
    ] = None,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Say whether a jump in accuracy is made by the metric or is a break in the model, and where it lies."""
    from isoflop.beyond.emergence import emergence

    refuse_figure(runs, output)
    found = emergence(
        asked.read(runs), metric=metric, items=items, target_tokens=target_tokens, chance=chance, ceiling=ceiling,
        along=along, level=asked.level, seed=asked.seed,
    )  # fmt: skip
    give(found, json=json, output=output)
