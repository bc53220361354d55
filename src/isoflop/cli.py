"""The command line: parse, call the public function of the same name, print its result.

stdout is data (`--json` everywhere), stderr is talk. Exit codes: 0 ok, 1 failure, 2 usage, 3 data refused,
4 fit not to be trusted (a BLOCK finding), 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

# Small problems only: a second BLAS thread costs CPU time and gains none. Before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from isoflop.asked import ONE_LAW, Asked, quantities, takes_runs
from isoflop.errors import IsoflopError, UntrustedError, UsageError, shown
from isoflop.units import parse_quantity

if TYPE_CHECKING:
    from rich.console import RenderableType

    from isoflop.findings import Finding
    from isoflop.forecast import Forecasts, Source
    from isoflop.record import Record
    from isoflop.sensitivity import Sensitivity

app = typer.Typer(name="isoflop", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"isoflop {version('isoflop')}")
        raise typer.Exit


@app.callback()
def _isoflop(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Fit scaling laws to your training runs, forecast the next one, plan the budget."""


Runs = Annotated[
    str,
    typer.Argument(metavar="RUNS", help="A table of runs (CSV, TSV, JSON, JSONL; - is stdin) or a dataset."),
]
Source_ = Annotated[
    str,
    typer.Argument(metavar="RUNS_OR_FIT_OR_CURVE", help="Runs, a fit saved with -o, or a curve such as besiroglu2024."),
]
Drawn = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="Draw it: a name ending in .png, .svg or .pdf.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@takes_runs
def fit(
    runs: Runs,
    asked: Asked,
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="FILE", help="Save the fit as JSON.")] = None,
    json: Json = False,
) -> None:
    """Fit a law to runs: the best curve, every parameter with its interval, and the findings."""
    from isoflop.saved import fit_as_dict, save

    if output is not None:
        _refuse_overwriting(runs, output)
    found = asked.fit(runs)
    if output is not None and not _blocked(found.findings):
        save(found, output, command=" ".join(["isoflop", *sys.argv[1:]]))
    if json:
        _print_json(fit_as_dict(found))
    else:
        _print(found)
    _stop_on_block(found.findings)


@app.command()
@takes_runs
def check(
    source: Annotated[str, typer.Argument(metavar="RUNS_OR_FIT", help="Runs, or a fit saved with -o.")],
    asked: Asked,
    flops: Annotated[str | None, typer.Option("--flops", help="The budget that matters, such as 1e24.")] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option("--profile", metavar="NAME", help="Profile a parameter, or N_opt, D_opt, exponent at --flops."),
    ] = None,
    checklist: Annotated[bool, typer.Option("--checklist", help="Show what a reader must know to repeat it.")] = False,
    json: Json = False,
) -> None:
    """Check whether a fit can be trusted: every finding about the runs, the fit and its residuals."""
    from isoflop.check import check
    from isoflop.fit import Fit
    from isoflop.profile import OF_BUDGET
    from isoflop.profile import profile as profile_of

    fitted = asked.source(source, one_law=True)
    if not isinstance(fitted, Fit):
        raise UsageError(f"{source} is a published curve; there are no runs to check it on. Give runs, or a fit.")
    budget = parse_quantity(flops) if flops else None
    at = {"flops": budget} if budget else {}
    traced = [profile_of(fitted, name, **(at if name in OF_BUDGET else {})) for name in profile or []]
    found = check(fitted, flops=budget)
    if json:
        _print_json({**found.as_dict(), "profiles": [one.as_dict() for one in traced]})
    else:
        for part in (found, *([found.checklist_table()] if checklist else []), *traced):
            _print(part)
    _stop_on_block(found.findings)


@app.command()
@takes_runs
def forecast(
    source: Source_,
    asked: Asked,
    at: Annotated[
        list[str] | None, typer.Argument(metavar="[N=… D=…]", help="The new run, such as N=8e9 D=15T.")
    ] = None,
    targets: Annotated[str | None, typer.Option("--at", metavar="FILE", help="A table of new runs.")] = None,
    json: Json = False,
) -> None:
    """Forecast the loss of runs not yet trained, each with its interval and how far it extrapolates."""
    found = _forecast(asked.source(source), at or [], targets, asked.level)
    if json:
        rows = [row.as_dict() for row in found]
        _print_json({"forecasts": rows, "findings": [one.as_dict() for one in found.findings]})
    else:
        _print(found)
    _stop_on_block(found.findings)


def _forecast(source: Source, words: list[str], targets: str | None, level: float) -> Forecasts:
    from isoflop.ensemble import Ensemble
    from isoflop.forecast import curve_of, forecast
    from isoflop.read import read
    from isoflop.runs import Runs

    if bool(words) == bool(targets):
        raise UsageError("say where to forecast: N=8e9 D=15e12, or --at targets.csv.")
    if words:
        return forecast(source, level=level, **quantities(words, "N=8e9"))
    table = read(str(targets))
    inputs = ("N", "D") if isinstance(source, Ensemble | Runs) else curve_of(source).law.inputs
    names = dict.fromkeys([*inputs, *(name for name in ("N", "D") if name in table)])
    found = forecast(source, level=level, **{name: table[name] for name in names})
    return replace(found, findings=(*(one for one in table.findings if one.code == "D01"), *found.findings))


@app.command()
@takes_runs
def solve(
    unknown: Annotated[str, typer.Argument(metavar="UNKNOWN", help="What to solve for: D, N or C.")],
    source: Source_,
    at: Annotated[list[str], typer.Argument(metavar="loss=… [N=…]", help="The loss to reach and what is given.")],
    asked: Asked,
    json: Json = False,
) -> None:
    """Solve for what reaches a loss: tokens at a size, a size at tokens, or compute at its best allocation."""
    from isoflop.law import Curve
    from isoflop.runs import Runs
    from isoflop.solve import solve

    given = quantities(at, "loss=2.0")
    if "loss" not in given:
        raise UsageError("say which loss to reach, as in loss=2.0.")
    origin = asked.source(source)
    found = solve(unknown, origin, level=asked.level, **given)
    if json:
        _print_json({unknown: found.as_dict()})
    else:
        typer.echo(f"{unknown} = {found}")
    _stop_on_block(() if isinstance(origin, Curve | Runs) else origin.findings)


@app.command()
@takes_runs
def plan(
    source: Source_,
    flops: Annotated[str, typer.Option("--flops", help="The budget in training FLOPs, such as 1e24.")],
    asked: Asked,
    json: Json = False,
) -> None:
    """Plan a budget: the best parameters and tokens, the loss to expect, and how flat the optimum is."""
    from isoflop.plan import plan

    found = plan(asked.source(source), flops=parse_quantity(flops), level=asked.level)
    if json:
        _print_json(found.as_dict())
    else:
        _print(found)
    _stop_on_block(found.findings)


@app.command()
@takes_runs
def sensitivity(
    runs: Runs,
    flops: Annotated[str, typer.Option("--flops", help="The budget in training FLOPs, such as 1e24.")],
    asked: Asked,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Say how much of a plan is the choice of method: objective, runs left out, law, approach, count of N."""
    from isoflop.sensitivity import sensitivity

    if asked.fix or asked.bounds:
        raise UsageError("--fix and --bounds belong to one law, and sensitivity compares several. Leave them out.")
    save = _figure_saver(runs, output)
    found = sensitivity(
        asked.read(runs), flops=parse_quantity(flops), law=asked.law or ONE_LAW, objective=asked.objective,
        draws=asked.draws, seed=asked.seed, starts=asked.starts, level=asked.level,
    )  # fmt: skip
    save(found)
    if json:
        _print_json(found.as_dict())
    else:
        _print(found)
    _stop_on_block(found.findings)


def _figure_saver(runs: str, output: str | None) -> Callable[[Sensitivity | Record], object]:
    """Refuse a figure that cannot be before any work; give what writes it afterwards."""
    if output is None:
        return lambda _: None
    from isoflop.plot import backtest_figure, figure_format, save_figure, sensitivity_figure
    from isoflop.record import Record

    _refuse_overwriting(runs, output)
    figure_format(output)
    return lambda found: save_figure(
        backtest_figure(found) if isinstance(found, Record) else sensitivity_figure(found), output
    )


@app.command()
@takes_runs
def backtest(
    runs: Runs,
    asked: Asked,
    along: Annotated[
        str | None,
        typer.Option("--along", metavar="INPUT", help="What to extrapolate: C (unless said), N, D or another input."),
    ] = None,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Fit the small runs, score on the larger ones: what forecasts from these runs have been worth."""
    from isoflop.record import backtest

    save = _figure_saver(runs, output)
    found = backtest(asked.fit_or_runs(runs), laws=asked.laws, along=along, level=asked.level)
    save(found)
    if json:
        _print_json(found.as_dict())
    else:
        _print(found)


@app.command()
def laws(
    name: Annotated[str | None, typer.Argument(help="A law, a curve or a formula to explain.")] = None,
    json: Json = False,
) -> None:
    """List the laws and published curves, or explain one: formula, letters, source, range, caution."""
    from isoflop.catalogue import as_dict, explain, overview

    if json:
        _print_json(as_dict(name))
    else:
        _print(explain(name) if name else overview())


@app.command()
def data(
    name: Annotated[str | None, typer.Argument(help="A dataset; none lists them.")] = None,
    where: Annotated[str | None, typer.Option("--where", metavar="EXPR", help="Keep these runs.")] = None,
    json: Json = False,
) -> None:
    """Show a dataset of real runs as a table, or list the datasets."""
    from isoflop import datasets
    from isoflop.catalogue import dataset, datasets_overview

    if not name:
        if json:
            known = [datasets.describe(one) for one in datasets.NAMES]
            _print_json([{"name": one.name, "title": one.title, "licence": one.licence} for one in known])
        else:
            _print(datasets_overview())
        return
    about, runs = datasets.describe(name), datasets.load(name, where)
    if json:
        _print_json({"name": name, "source": about.source, "licence": about.licence, "rows": runs.as_rows()})
    else:
        _print(dataset(about, runs))


@app.command()
def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where the figure goes.")
    ] = "isoflop-demo.png",
) -> None:
    """Show what isoflop is for, on real runs that ship with it: fit, forecast, compare, plan."""
    from isoflop.demo import demo

    for part in demo(output):
        _print(part)


def main() -> None:
    """Run the command line; never show a traceback for what a user can mend."""
    try:
        app(standalone_mode=True)
    except IsoflopError as error:
        typer.echo("\n".join(map(shown, f"isoflop: {error}".split("\n"))), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:  # of stdout: files are read and written with errors of our own
        if not isinstance(error, BrokenPipeError):
            typer.echo(f"isoflop: the result cannot be written ({error.strerror}).", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in its buffer goes nowhere
        sys.exit(1)


def _print(renderable: RenderableType) -> None:
    from rich.console import Console

    Console(highlight=False, soft_wrap=False).print(renderable)


def _print_json(value: Any) -> None:
    from isoflop.saved import to_json

    typer.echo(to_json(value))


def _blocked(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity == "BLOCK"]


def _stop_on_block(findings: Iterable[Finding]) -> None:
    for one in _blocked(findings):
        remedy = one.remedy[:1].upper() + one.remedy[1:].rstrip(".")
        raise UntrustedError(f"not to be trusted ({one.code}): {one.message.rstrip('.')}. {remedy}.")


def _refuse_overwriting(runs: str, output: str) -> None:
    if not output:
        raise UsageError("-o needs the name of a file, as in -o fit.json.")
    with suppress(OSError, ValueError):  # one of them does not exist, or is a name that no file can have
        if Path(runs).samefile(output):
            raise UsageError(f"-o {output} would overwrite the runs. Say another name, as in -o fit.json.")


if __name__ == "__main__":
    main()
