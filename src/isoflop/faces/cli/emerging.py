"""The command about jumps: emergence."""

from __future__ import annotations

from typing import Annotated

from isoflop.faces.cli.options import Asked, takes_runs
from isoflop.faces.cli.shared import Drawn, Json, Runs, Text, give, option, refuse_figure


@takes_runs
def emergence(
    runs: Runs,
    asked: Asked,
    metric: Annotated[
        Text,
        option("--metric", "The accuracies, from 0 to 1; without it, worked out from loss.", metavar="COLUMN"),
    ] = None,
    items: Annotated[
        int | None, option("--items", "Items of the test; left out, read off the accuracies if they tell.")
    ] = None,
    target_tokens: Annotated[
        float | None,
        option(
            "--target-tokens",
            "Tokens of an answer that must all be right, where the loss is of these tokens, in nats each.",
        ),
    ] = None,
    chance: Annotated[float, option("--chance", "The accuracy of guessing: 0.25 of four options.")] = 0.0,
    ceiling: Annotated[float, option("--ceiling", "The highest accuracy there is.")] = 1.0,
    along: Annotated[
        Text, option("--along", "What scale is measured by: C (unless said), N or D.", metavar="INPUT")
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
