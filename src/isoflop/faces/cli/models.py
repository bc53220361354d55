"""The commands about published models: landmarks, compare-models."""

from __future__ import annotations

from typing import Annotated

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, takes_runs
from isoflop.faces.cli.shared import Drawn, Json, Words, give, option, refuse_figure

DEFAULT = "besiroglu2024"
BESIDE = ("hoffmann2022", "kaplan2020-ND")
"""Curves drawn beside the one that places the models, unless others are named."""

_NAMED = "gpt-3, 'llama 2 70b', or your own as N=8B,D=15T"
_Sources = Annotated[
    Words, option("--source", f"What places them: {DEFAULT} unless said.", metavar="CURVE_OR_FIT_OR_RUNS")
]


@takes_runs
def landmarks(
    asked: Asked,
    models: Annotated[Words, typer.Argument(metavar="[MODEL]…", help=f"Some models only: {_NAMED}.")] = None,
    source: _Sources = None,
    sort: Annotated[str, option("--sort", "year, compute or distance (from the frontier).")] = "year",
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Place published models against the compute-optimal frontier: how far off, and what that costs.

    With -o, --source may be given several times: the first places the models, and the figure has a frontier of each.
    """
    from isoflop.planning.landmarks import landmarks

    names = _sources(source, asked)
    refuse_figure(names[0], output)
    first = asked.source(names[0])
    found = landmarks(first, models=models or (), sort=sort, level=asked.level)
    if output is not None:
        from isoflop.faces.plot import landmarks_figure, save_figure

        beside = names[1:] or [name for name in (DEFAULT, *BESIDE) if name != names[0]][:2]
        save_figure(landmarks_figure(found, [first, *map(asked.source, beside)]), output)
    give(found, json=json)


@takes_runs
def compare_models(
    first: Annotated[str, typer.Argument(metavar="MODEL", help=f"Where one comes from: {_NAMED}.")],
    second: Annotated[str, typer.Argument(metavar="MODEL", help="Where one goes to.")],
    asked: Asked,
    source: _Sources = None,
    json: Json = False,
) -> None:
    """Compare two models: which factor was scaled by how much, and what a law attributes to each."""
    from isoflop.planning.landmarks import compare_models

    names = _sources(source, asked)
    if len(names) > 1:
        raise UsageError("a comparison is by one source. Say --source once.")
    found = compare_models(first, second, source=asked.source(names[0]), level=asked.level)
    give(found, json=json)


def _sources(given: list[str] | None, asked: Asked) -> list[str]:
    """Return the sources named; a curve may be named with --law, too."""
    from isoflop.laws import CURVES

    if given:
        return given
    if asked.law is None or asked.law in CURVES:
        return [asked.law or DEFAULT]
    raise UsageError(f"law {asked.law} has no numbers without runs. Say --source runs.csv, or a curve: isoflop laws.")
