"""The commands that say which runs to train next: isoflop design grid, ladder, next."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.errors import UsageError, shown
from isoflop.faces.cli.options import Asked, quantities, takes_runs
from isoflop.faces.cli.shared import Json, Text, Words, option, print_answer, refuse_overwriting
from isoflop.files import STANDARD, encoded, read_limited, restored
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.experiments.design import Design

design = typer.Typer(name="design", no_args_is_help=True, help="Design the runs to train next.")

Planned = Annotated[
    Text, option("-o --output", "Write the runs: .csv, .json, or add them to a study.toml.", metavar="FILE")
]
DESCRIPTION = "study.toml"
_PRIOR = "What centres the sizes: a curve, a fit, or the runs so far."


@design.command()
@takes_runs
def grid(
    asked: Asked,
    flops: Annotated[str, option("--flops", "Budgets, as 1e17:1e19 or 1e17,3e17.", metavar="LO:HI")],
    count: Annotated[int, option("--count", "Budgets between the lowest and the highest.")] = 4,
    sizes: Annotated[int, option("--sizes", "Sizes at each budget.")] = 5,
    step: Annotated[float | None, option("--step", "Factor between sizes; 2 or what --off asks.")] = None,
    prior: Annotated[str, option("--prior", _PRIOR, metavar="CURVE_OR_FIT_OR_RUNS")] = "besiroglu2024",
    off: Annotated[float, option("--off", "Factor by which the prior's best size may be off.")] = 2.0,
    min_tokens: Annotated[str, option("--min-tokens", "Leave out runs on fewer.")] = "1",
    output: Planned = None,
    json: Json = False,
) -> None:
    """Lay an isoFLOP grid: at each budget, sizes about the one that a prior puts best."""
    from isoflop.experiments.design import grid

    _check_output(output, prior)
    found = grid(
        _scale(flops, count), sizes=sizes, step=step, prior=asked.source(prior), off=off,
        min_tokens=parse_quantity(min_tokens), flop_rule=asked.flop_rule,
    )  # fmt: skip
    _give(found, output, json=json)


@design.command()
def ladder(
    sizes: Annotated[str, option("--sizes", "Parameters, as 10M:1B or 10M,30M.", metavar="LO:HI")],
    count: Annotated[int, option("--count", "Sizes between the smallest and the largest.")] = 5,
    multiples: Annotated[str, option("--multiples", "Tokens per parameter, as 10,20,80.")] = "20",
    flop_rule: Annotated[str, option("--flop-rule", "How C follows from N and D.")] = "6ND",
    output: Planned = None,
    json: Json = False,
) -> None:
    """Lay a ladder: sizes at equal factors, each on fixed multiples of tokens per parameter."""
    from isoflop.experiments.design import ladder

    _check_output(output)
    found = ladder(_scale(sizes, count), multiples=_scale(multiples, count), flop_rule=flop_rule)
    _give(found, output, json=json)


@design.command(name="next")
@takes_runs
def next_runs(
    source: Annotated[
        str, typer.Argument(metavar="RUNS_OR_FIT_OR_CURVE", help="The runs so far, a saved fit, or a curve.")
    ],
    asked: Asked,
    spend: Annotated[str, option("--spend", "FLOPs for all the next runs together, such as 1e20.")],
    target: Annotated[
        Words, typer.Argument(metavar="[N=… D=…]", help="The run to know about, such as N=8B D=1T.")
    ] = None,
    flops: Annotated[Text, option("--target-flops", "The budget whose best run to know about, such as 1e22.")] = None,
    want: Annotated[str, option("--want", "loss, or N: the best size for --target-flops.")] = "loss",
    among: Annotated[Text, option("--among", "Candidates: a CSV with columns N and D.", metavar="FILE")] = None,
    most: Annotated[int, option("--most", "Most runs.")] = 12,
    repeats: Annotated[bool, option("--repeats", "A run may be chosen again, as another seed.")] = False,
    output: Planned = None,
    json: Json = False,
) -> None:
    """Choose the next runs: those that most narrow a forecast, or the best size, for so much compute."""
    from isoflop.experiments.design import informative

    _check_output(output, source)
    if bool(target) == bool(flops):
        raise UsageError("say what to know about: --target-flops 1e22, or a run as N=8e9 D=1e12.")
    wanted = {"C": parse_quantity(flops)} if flops else quantities(target or [], "N=8e9")
    found = informative(
        asked.source(source), target=wanted, budget=parse_quantity(spend), want=want,
        candidates=_candidates(among), most=most, repeats=repeats, seed=asked.seed, level=asked.level,
        flop_rule=asked.flop_rule,
    )  # fmt: skip
    _give(found, output, json=json)


def _scale(text: str, count: int) -> list[float]:
    """Read 1e17:1e19 as `count` numbers at equal ratios, and 1e17,3e17 as they stand."""
    if ":" not in text:
        return [parse_quantity(one) for one in text.split(",")]
    low, _, high = text.partition(":")
    ends = parse_quantity(low), parse_quantity(high)
    if not (0 < ends[0] < ends[1] < math.inf and 2 <= count <= 1000):
        raise UsageError(f'"{text}" with --count {count} is no range. Say two numbers and 2 or more, as in 1e17:1e19.')
    return [ends[0] * (ends[1] / ends[0]) ** (place / (count - 1)) for place in range(count)]


def _candidates(path: str | None) -> dict[str, list[float | str]] | None:
    """Read a CSV of candidates, which have no loss yet; N and D may be typed as 70M."""
    if path is None:
        return None
    import csv

    try:
        rows = list(csv.DictReader(read_limited(path, 1 << 24).decode("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}). Say a CSV file, as in --among candidates.csv.") from None
    if not rows or any(None in row or None in row.values() for row in rows):
        raise UsageError(f"{path} has no rows, or rows that do not match its header. Give columns N and D.")
    return {restored(name): [_number(restored(row[name]), name) for row in rows] for name in rows[0]}


def _number(text: str, name: str) -> float | str:
    try:
        return parse_quantity(text)
    except UsageError:
        if name in {"N", "D", "C"}:
            raise
        return text


def _check_output(output: str | None, source: str = "") -> None:
    if output is None:
        return
    refuse_overwriting(source, output)
    if not (output.endswith((".csv", ".json", STANDARD)) or Path(output).name == DESCRIPTION):
        raise UsageError(f"-o {output}: say a name ending in .csv or .json, as in -o runs.csv, or STUDY/study.toml.")


def _give(found: Design, output: str | None, *, json: bool) -> None:
    """Write the runs where asked, and print the design."""
    if output is not None and Path(output).name == DESCRIPTION:
        from isoflop.experiments.study.growing import add_runs

        study, added = add_runs(output, found.as_rows())
        typer.echo(f"isoflop: {shown(output)} has {len(study)} runs, {len(added)} of them new.", err=True)
    elif output is not None:
        from isoflop.files import write_output
        from isoflop.fitting.saved import to_json

        text = to_json(found.as_dict()) + "\n" if output.endswith(".json") else found.as_csv()
        write_output(output, encoded(text))
    print_answer(found, json=json)
