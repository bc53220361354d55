"""The commands on what a model can do: downstream, capabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.asked import Asked, pairs, quantities, takes_runs
from isoflop.cli.shared import Drawn, Json, Runs, print_json, print_result, refuse_overwriting
from isoflop.errors import UsageError

if TYPE_CHECKING:
    from isoflop.runs import Runs as Table

_TASKS = "Tasks"


@takes_runs
def downstream(
    runs: Runs,
    asked: Asked,
    at: Annotated[
        list[str] | None, typer.Argument(metavar="[N=… D=…]", help="The new run, such as N=8e9 D=15T, or its loss=2.1.")
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            "--tasks", metavar="A,B", help="Columns of accuracies; all shares unless said.", rich_help_panel=_TASKS
        ),
    ] = None,
    evals: Annotated[
        str | None,
        typer.Option(
            "--evals",
            metavar="FOLDER",
            help="Results of lm_eval, matched to the runs by model or run name.",
            rich_help_panel=_TASKS,
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", help="The metric of lm_eval, such as acc_norm.", rich_help_panel=_TASKS)
    ] = None,
    percent: Annotated[
        bool, typer.Option("--percent", help="The accuracies go to 100.", rich_help_panel=_TASKS)
    ] = False,
    chance: Annotated[
        list[str] | None,
        typer.Option("--chance", metavar="TASK=P", help="Accuracy of guessing, as arc=0.25.", rich_help_panel=_TASKS),
    ] = None,
    ceiling: Annotated[
        list[str] | None,
        typer.Option(
            "--ceiling",
            metavar="TASK=P",
            help="The highest accuracy there is; 1 unless said, or fit.",
            rich_help_panel=_TASKS,
        ),
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option("--items", metavar="TASK=n", help="How many test items, as arc=2376.", rich_help_panel=_TASKS),
    ] = None,
    losses: Annotated[
        list[str] | None,
        typer.Option(
            "--task-loss", metavar="TASK=COLUMN", help="The loss on a task's answers.", rich_help_panel=_TASKS
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option("--second", help="From loss to accuracy: exponential, sigmoid or both.", rich_help_panel=_TASKS),
    ] = "both",
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Forecast accuracy on tasks: N and D to loss, loss to accuracy, with a verdict on each task before."""
    from isoflop.downstream import FORMS, downstream
    from isoflop.plot import downstream_figure, figure_format, save_figure

    if output is not None:
        refuse_overwriting(runs, output)
        figure_format(output)
    table, known = _scored(asked.read(runs), evals, metric)
    names = tuple(tasks.split(",")) if tasks else tuple(known)
    counted = {name: count for name, count in known.items() if count >= 1 and name in (names or known)}
    found = downstream(
        _as_shares(table, names) if percent else table, tasks=names, chance=quantities(chance or [], "arc=0.25"),
        ceiling={key: float("nan") if word == "fit" else quantities([f"{key}={word}"], "arc=0.9")[key]
                 for key, word in pairs(ceiling or [], "arc=0.9").items()},
        items=counted | quantities(items or [], "arc=2376"), losses=pairs(losses or [], "arc=arc_loss"),
        forms=tuple(FORMS) if form == "both" else (form,), laws=asked.laws or ((asked.law,) if asked.law else ()),
        level=asked.level, seed=asked.seed, **quantities(at or [], "N=8e9"),
    )  # fmt: skip
    if output is not None:
        save_figure(downstream_figure(found), output)
    if json:
        print_json(found.as_dict())
    else:
        print_result(found)


def _scored(runs: Table, evals: str | None, metric: str | None) -> tuple[Table, dict[str, float]]:
    """Give the runs with the scores of lm_eval as columns, and the tasks with their numbers of items."""
    if evals is None:
        return runs, {}
    from isoflop.downstream.tasks import with_scores
    from isoflop.readers.lm_eval import read_lm_eval

    scores = read_lm_eval(evals, metric=metric)
    return with_scores(runs, scores), {one.task: one.items for one in scores}


def _as_shares(runs: Table, names: tuple[str, ...]) -> Table:
    from dataclasses import replace

    if not names:
        raise UsageError("--percent needs the tasks by name, as in --tasks arc,hellaswag.")
    return replace(runs, columns={**runs.columns, **{name: runs[name] / 100 for name in names}})


@takes_runs
def capabilities(
    models: Annotated[str, typer.Argument(metavar="MODELS", help="A table: a row a model, C and scores as shares.")],
    asked: Asked,
    target: Annotated[str, typer.Option("--target", metavar="COLUMN", help="The score to foretell.")],
    family: Annotated[str | None, typer.Option("--family", metavar="COLUMN", help="The families of models.")] = None,
    benchmarks: Annotated[
        str | None, typer.Option("--benchmarks", metavar="A,B,C", help="The scores behind the capabilities.")
    ] = None,
    components: Annotated[int, typer.Option("--components", help="How many capabilities.")] = 3,
    hold_out: Annotated[float, typer.Option("--hold-out", help="Share of the models, the largest, to test on.")] = 0.2,
    json: Json = False,
) -> None:
    """Say what capabilities of public models foretell of a score, tested on those of the largest compute."""
    from isoflop.downstream import observe

    found = observe(
        asked.read(models), target, family=family, benchmarks=tuple(benchmarks.split(",")) if benchmarks else (),
        components=components, hold_out=hold_out, level=asked.level,
    )  # fmt: skip
    if json:
        print_json(found.as_dict())
    else:
        print_result(found)
