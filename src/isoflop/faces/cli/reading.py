"""The command that reads: what a source holds, and one table of it."""

from __future__ import annotations

from typing import Annotated

import typer

from isoflop.errors import DataError
from isoflop.faces.cli.options import pairs
from isoflop.faces.cli.shared import Json, Text, Where, Words, conjunction, option, print_answer, refuse_overwriting
from isoflop.files import as_csv, encoded, write_output

_KEY = "A key, such as config.n_params or val/loss, or a product: 'step*524288'."


def read(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="What a training wrote, wandb:ENTITY/PROJECT, a table, a study, a dataset."
        ),
    ],
    N: Annotated[Text, option("--N", f"The parameters. {_KEY}", metavar="KEY")] = None,
    D: Annotated[Text, option("--D", "The tokens.", metavar="KEY")] = None,
    C: Annotated[Text, option("--C", "The training FLOPs.", metavar="KEY")] = None,
    loss: Annotated[Text, option("--loss", "The loss.", metavar="KEY")] = None,
    column: Annotated[Words, option("--column", "Any other column (U=config.unique).", metavar="NAME=KEY")] = None,
    per_run: Annotated[
        Text, option("--per-run", "A table with a column run and what the logs lack, such as N.", metavar="FILE")
    ] = None,
    line: Annotated[
        Words,
        option("--line", "How a line of a printed log looks: 'step {step} loss {loss}'.", metavar="PATTERN"),
    ] = None,
    final: Annotated[str, option("--final", "The loss of a run: last, best or mean:K.")] = "last",
    smooth: Annotated[int, option("--smooth", "Smooth evaluations over K of them.", metavar="K")] = 1,
    curves: Annotated[bool, option("--curves", "Keep every evaluation, a row each.")] = False,
    metric: Annotated[Text, option("--metric", "What was measured, if no loss: accuracy:up:1.", metavar="SPEC")] = None,
    where: Where = None,
    flop_rule: Annotated[str, option("--flop-rule", "How C follows from N and D.")] = "6ND",
    allow: Annotated[Words, option("--allow", "Go on in spite of it.", metavar="CODE")] = None,
    output: Annotated[Text, option("-o --output", "Write the table: CSV.", metavar="FILE")] = None,
    json: Json = False,
) -> None:
    """Read what a training wrote: the runs in it, which key is N, D, C and the loss, and one table of them."""
    from dataclasses import replace

    from isoflop.data.question import question
    from isoflop.data.read import find_runs

    if output is not None:
        refuse_overwriting(source, output)
    letters = {"N": N, "D": D, "C": C, "loss": loss}
    asked = {name: key for name, key in letters.items() if key is not None} | pairs(column or [], "x=Examples")
    condition = conjunction(where)
    found = find_runs(
        source, columns=asked, flop_rule=flop_rule, allow=allow or (), final=final, smooth=smooth, curves=curves,
        per_run=per_run, line=line or (), where=() if condition is None or metric else (condition,),
        of_loss=metric is None,
    )  # fmt: skip
    if metric is not None:
        runs = found.runs.measured(metric)
        found = replace(found, runs=runs, missing=question(runs))
    found = found if condition is None else replace(found, runs=found.runs.where(condition))
    print_answer(found, json=json)
    if found.missing:
        raise DataError(f"{found.runs.source}: {found.missing}")
    if output is not None:
        write_output(output, encoded(as_csv(found.runs.as_rows())))
