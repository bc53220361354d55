"""The command that reads proxy runs with shares of several sources."""

from __future__ import annotations

from typing import Annotated

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, quantities, takes_runs
from isoflop.faces.cli.shared import Drawn, Json, Runs, Text, Words, give, option, refuse_figure
from isoflop.quantities import parse_quantity


@takes_runs
def mix(
    source: Runs,
    scale: Annotated[
        Words, typer.Argument(metavar="[N=1B D=25B]", help="The scale asked for; unless said the largest.")
    ] = None,
    *,
    asked: Asked,
    target: Annotated[Text, option("--target", "The losses that count: loss_a,loss_b=2.", metavar="LOSSES")] = None,
    share: Annotated[Text, option("--share", "The shares, if not called share_*.", metavar="COLUMNS")] = None,
    at: Annotated[Text, option("--at", "Mixtures to foretell the losses of.", metavar="TABLE")] = None,
    limit: Annotated[Words, option("--limit", "Unique tokens there are: share_a=30B.", metavar="SHARE=TOKENS")] = None,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Find the best mixture of data: from proxy runs with shares of several sources and one or more losses."""
    from isoflop.beyond.mix import mix

    if asked.fix or asked.bounds or asked.law or asked.objective != "robust":
        raise UsageError("--law, --fix, --bounds and --objective belong to a fit. mix compares its laws by itself.")
    refuse_figure(source, output)
    place = quantities(scale, "N=1B D=25B") if scale else {}
    if wrong := set(place) - {"N", "D"}:
        raise UsageError(f"{min(wrong)} is no scale. Say N=1B, D=25B or both.")
    from isoflop.data.read import read

    found = mix(
        asked.read(source), targets=_weights(target), shares=_names(share), at=None if at is None else read(at),
        limits=quantities(limit, "share_a=30B") if limit else None, level=asked.level, seed=asked.seed,
        allow=asked.allow, **place,
    )  # fmt: skip
    give(found, json=json, output=output)


def _names(text: Text) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


def _weights(text: Text) -> dict[str, float]:
    """Read loss_a,loss_b=2 as weights, 1 unless said."""
    parts = [name.partition("=") for name in _names(text)]
    return {name: parse_quantity(weight) if sign else 1.0 for name, sign, weight in parts}
