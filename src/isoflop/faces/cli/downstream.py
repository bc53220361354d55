"""The commands on what a model can do: downstream, capabilities."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import typer

from isoflop.data.runs import Runs as Table
from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, inputs_for, pairs, quantities, takes, takes_runs
from isoflop.faces.cli.shared import Drawn, Json, Runs, Text, Words, give, option, refuse_figure


def _option(name: str, words: str, metavar: str | None = None) -> Any:
    return typer.Option(name, help=words, metavar=metavar, rich_help_panel="Tasks")


@dataclass(frozen=True)
class Scored:
    """The options that say what the tasks are and how their scores are to be read, as typed."""

    tasks: Annotated[Text, _option("--tasks", "Columns of accuracies; all shares unless said.", "A,B")] = None
    evals: Annotated[Text, _option("--evals", "Results of lm_eval, matched to the runs by their names.", "FOLDER")] = (
        None
    )
    metric: Annotated[Text, _option("--metric", "The metric of lm_eval, such as acc_norm.")] = None
    percent: Annotated[bool, _option("--percent", "The accuracies go to 100.")] = False
    chance: Annotated[list[str], _option("--chance", "Accuracy of guessing, as arc=0.25.", "TASK=P")] = field(
        default_factory=list
    )
    ceiling: Annotated[
        list[str], _option("--ceiling", "The highest accuracy there is: 1 unless said, or fit.", "TASK=P")
    ] = field(default_factory=list)
    items: Annotated[list[str], _option("--items", "How many test items, as arc=2376.", "TASK=n")] = field(
        default_factory=list
    )
    losses: Annotated[
        list[str], _option("--task-loss", "The column of the loss on a task's answers.", "TASK=COLUMN")
    ] = field(default_factory=list)
    second: Annotated[str, _option("--second", "Loss to accuracy: exponential, sigmoid, saturating or all.")] = "all"

    def table(self, runs: Table) -> tuple[Table, dict[str, Any]]:
        """Return the runs with a column for each task, and what else is known of the tasks."""
        from isoflop.beyond.downstream import FORMS, widened, with_scores
        from isoflop.beyond.downstream.scores import as_shares
        from isoflop.data.readers.lm_eval import read_lm_eval

        names = listed(self.tasks)
        counted: dict[str, float] = {}
        if self.metric is not None and self.evals is None:
            raise UsageError("--metric is of the results of lm_eval. Name them: --evals FOLDER.")
        if self.evals is not None:
            scores = read_lm_eval(self.evals, metric=self.metric)
            runs, names = with_scores(runs, scores), names or tuple(dict.fromkeys(one.task for one in scores))
            counted = {one.task: one.items for one in scores if one.items >= 1 and one.task in names}
        runs = widened(runs)
        limits = pairs(self.ceiling, "arc=0.9")
        return as_shares(runs, names, all_per_cent=True) if self.percent else runs, {
            "tasks": names, "chance": quantities(self.chance, "arc=0.25"),
            "ceiling": {key: float("nan") if word == "fit" else quantities([f"{key}={word}"], "arc=0.9")[key]
                        for key, word in limits.items()},
            "items": counted | quantities(self.items, "arc=2376"), "losses": pairs(self.losses, "arc=arc_loss"),
            "forms": tuple(FORMS) if self.second in {"all", "both"} else (self.second,),
        }  # fmt: skip


def listed(text: str | None) -> tuple[str, ...]:
    """Split names at commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _read(asked: Asked, source: str, scored: Scored) -> Table:
    from isoflop.beyond.downstream.reading import read_scored

    return read_scored(
        lambda given, **said: replace(asked, **said).read(given), source, tasks=listed(scored.tasks),
        lossless=asked.loss is None and scored.evals is None,
    )  # fmt: skip


@takes_runs
@takes(Scored, "scored")
def downstream(
    runs: Runs,
    asked: Asked,
    scored: Scored,
    at: Annotated[
        Words, typer.Argument(metavar="[N=… D=…]", help="The new run, such as N=8e9 D=15T, or its loss=2.1.")
    ] = None,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Forecast accuracy on tasks: N and D to loss, loss to accuracy, with a verdict on each task before."""
    from isoflop.beyond.downstream import downstream

    refuse_figure(runs, output)
    table, about = scored.table(_read(asked, runs, scored))
    said: dict[str, Any] = inputs_for(downstream, at or [], "N=8e9")
    found = downstream(
        table, laws=asked.laws or ((asked.law,) if asked.law else ()), level=asked.level, draws=asked.draws,
        seed=asked.seed, **about, **said,
    )  # fmt: skip
    give(found, json=json, output=output)


@takes_runs
def capabilities(
    models: Annotated[str, typer.Argument(metavar="MODELS", help="A table: a row a model, C and scores as shares.")],
    asked: Asked,
    target: Annotated[str, option("--target", "The score to foretell.", metavar="COLUMN")],
    family: Annotated[Text, option("--family", "The families of models.", metavar="COLUMN")] = None,
    benchmarks: Annotated[Text, option("--benchmarks", "The scores behind the capabilities.", metavar="A,B,C")] = None,
    components: Annotated[int, option("--components", "How many capabilities.")] = 3,
    hold_out: Annotated[float, option("--hold-out", "Share of the models, the largest, to test on.")] = 0.2,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Say what capabilities of public models foretell of a score, tested on those of the largest compute."""
    from isoflop.beyond.downstream import observe

    refuse_figure(models, output)
    found = observe(
        asked.read(models), target, family=family, benchmarks=listed(benchmarks), components=components,
        hold_out=hold_out, level=asked.level,
    )  # fmt: skip
    give(found, json=json, output=output)
