"""The commands that show what is there: laws, data, demo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import pairs, spread
from isoflop.faces.cli.shared import (
    Drawn,
    Json,
    Text,
    Where,
    Words,
    conjunction,
    give,
    option,
    print_json,
    print_result,
)


def laws(
    name: Annotated[Text, typer.Argument(help="A law, a curve, part of a name, or a formula to explain.")] = None,
    at: Annotated[
        Words,
        typer.Argument(metavar="[C=1e24]", help="Inputs to evaluate a curve at; C=1e20:1e24 is a range."),
    ] = None,
    *,
    family: Annotated[Text, option("--family", "The laws of this family.")] = None,
    search: Annotated[Text, option("--search", "Laws and curves about this.", metavar="WORDS")] = None,
    inputs: Annotated[Text, option("--inputs", "Laws that take all these.", metavar="N,D,U")] = None,
    claims: Annotated[bool, option("--claims", "What people say about scaling laws, checked.")] = False,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """List the laws by family, find some, or explain one: formula, letters, range, caution, source, a picture."""
    from isoflop.faces.cli import listing as catalogue

    if claims:
        from isoflop.faces import claims as checked

        print_json(checked.as_dict()) if json else print_result(checked.claims())
        return
    some = family or search or inputs
    if name and some:
        raise UsageError(f"explain {name}, or list laws with --family, --search and --inputs: not both.")
    if output is not None and not name:
        raise UsageError("-o draws one law or curve. Name it, as in isoflop laws besiroglu2024 -o law.png.")
    if some:
        found = catalogue.listed(family=family, search=search, inputs=(inputs or "").replace(",", " ").split())
        print_json(catalogue.as_dict(found)) if json else print_result(found)
        return
    if name and at:
        _evaluate(name, at, output=output, json=json)
        return
    if name and output is not None:
        from isoflop.faces.plot import law_figure, save_figure

        save_figure(law_figure(catalogue.named(name)), output)
    if json:
        print_json(catalogue.as_dict(catalogue.named(name) if name else None))
    else:
        print_result(catalogue.explain(name) if name else catalogue.overview())


def _evaluate(name: str, at: Sequence[str], *, output: str | None, json: bool) -> None:
    """Print what a curve, or each of a law or paper that takes these inputs, gives at them; draw it along a range."""
    from isoflop.faces.cli.listing import curves_named
    from isoflop.formula.value import Values, evaluate

    inputs = {key: spread(text) for key, text in pairs(at, "C=1e24").items()}
    each: list[Values] = []
    refused: list[UsageError] = []
    for curve in curves_named(name):
        try:
            each.append(evaluate(curve, inputs))
        except UsageError as error:
            refused.append(error)
    if not each:
        raise refused[0]
    found = Values(
        rows=tuple(one for some in each for one in some), notes=tuple({n: 0 for some in each for n in some.notes})
    )
    give(found, json=json, output=output)


def data(
    name: Annotated[Text, typer.Argument(help="A dataset; none lists them.")] = None,
    where: Where = None,
    json: Json = False,
) -> None:
    """Show a dataset of real runs as a table, or list the datasets."""
    from isoflop.data import datasets
    from isoflop.faces.cli.listing import dataset, datasets_overview

    if not name:
        if json:
            known = [datasets.describe(one) for one in datasets.NAMES]
            print_json([{"name": one.name, "title": one.title, "licence": one.licence} for one in known])
        else:
            print_result(datasets_overview())
        return
    about, runs = datasets.describe(name), datasets.load(name, conjunction(where))
    if json:
        print_json({"name": name, "source": about.source, "licence": about.licence, "rows": runs.as_rows()})
    else:
        print_result(dataset(about, runs))


def demo(
    output: Annotated[str, option("-o --output", "Where the figure goes.", metavar="FILE")] = "isoflop-demo.png",
) -> None:
    """Show what isoflop is for, on real runs that ship with it: fit, forecast, compare, plan."""
    from isoflop.faces.demo import demo

    for part in demo(output):
        print_result(part)
