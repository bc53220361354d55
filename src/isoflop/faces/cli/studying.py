"""The commands that hold a sweep and run it: study new, run, status, repair, export, worker, verify."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.display import Bar, console
from isoflop.errors import IsoflopError, UsageError, shown
from isoflop.faces.cli.shared import (
    Drawn,
    Json,
    Text,
    Where,
    Words,
    blocked,
    conjunction,
    give,
    option,
    print_json,
    print_result,
)
from isoflop.files import as_csv, encoded, make_folder, write_output, write_whole
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.experiments.launchers.local import Look
    from isoflop.experiments.study.planned import Study
    from isoflop.experiments.study.progress import Progress

study = typer.Typer(no_args_is_help=True, help="Run a sweep of training runs, resume it after anything, read it.")

Folder = Annotated[str, typer.Argument(metavar="STUDY", help="The folder with study.toml.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Runs at a time; one for each core unless said.")]


def _talk(line: str) -> None:
    typer.echo(f"isoflop: {shown(line)}", err=True)


@study.command()
def new(folder: Folder, json: Json = False) -> None:
    """Plan the study that study.toml describes; where there is none, write an example to start from."""
    from isoflop.experiments.study.description import check_name, example
    from isoflop.experiments.study.planned import DESCRIPTION, plan_study, study_folder
    from isoflop.experiments.study.progress import progress

    place = study_folder(folder)
    if not (place / DESCRIPTION).exists():
        name = place.resolve().name
        check_name(name, "a study")
        make_folder(place)
        write_whole(place / DESCRIPTION, encoded(example(name)))
        _talk(f"{place / DESCRIPTION} is an example. Edit it, then say isoflop study run {folder}.")
    with Bar("planning its runs", talks=True) as look:
        planned = plan_study(place, look=look)
    _print(progress(planned), json=json)


@study.command()
def run(
    folder: Folder,
    launcher: Annotated[str, option("--launcher", "local, slurm, ray, or script: write a shell script.")] = "local",
    workers: Workers = None,
    sbatch: Annotated[Text, option("--sbatch", "For slurm: '--partition=gpu --time=2:00:00'.", metavar="WORDS")] = None,
    no_wait: Annotated[bool, option("--no-wait", "For slurm: submit, and do not wait.")] = False,
    address: Annotated[
        Text, option("--address", "For ray: of a cluster that runs; one on this machine, unless said.")
    ] = None,
    cpus: Annotated[
        float | None, typer.Option("--cpus-per-run", min=0.0, help="For ray: cores; the study's threads, unless said.")
    ] = None,
    gpus: Annotated[float | None, typer.Option("--gpus-per-run", min=0.0, help="For ray; 0 unless said.")] = None,
    output: Annotated[
        Text, option("-o --output", "For script: where it goes; run.sh, unless said.", metavar="FILE")
    ] = None,
    json: Json = False,
) -> None:
    """Run every run that has not ended; say it again after anything, and it goes on from there."""
    from isoflop.experiments.study.planned import open_study

    given = {
        "--sbatch": ("slurm", sbatch), "--no-wait": ("slurm", no_wait or None), "--address": ("ray", address),
        "--cpus-per-run": ("ray", cpus), "--gpus-per-run": ("ray", gpus), "-o": ("script", output),
    }  # fmt: skip
    _check_launcher(launcher, given)
    found = open_study(folder)
    if launcher == "script":
        _write_script(found, output or "run.sh", workers=workers)
    elif launcher == "slurm" and no_wait:
        _submit(found, sbatch or "", workers=workers, json=json)
    else:
        with _view() as look:
            if launcher == "slurm":
                from isoflop.experiments.launchers import slurm

                ended = slurm.launch(found, options=_words(sbatch or ""), workers=workers, look=look, say=_talk)
            elif launcher == "ray":
                from isoflop.experiments.launchers import ray

                with redirect_stdout(sys.stderr):  # Ray prints there what happens to its workers
                    ended = ray.launch(found, address=address, cpus=cpus, gpus=gpus or 0.0, workers=workers, look=look)
            else:
                from isoflop.experiments.launchers import launch

                ended = launch(found, workers=workers, look=look)
        _print(ended, json=json)
        _end(ended)


_LAUNCHERS = ("local", "slurm", "ray", "script")


def _check_launcher(launcher: str, given: Mapping[str, tuple[str, object]]) -> None:
    """Refuse a launcher that there is not, and an option of another one."""
    if launcher not in _LAUNCHERS:
        raise UsageError(f'"{shown(launcher)}" is not a launcher. Say local, slurm, ray or script.')
    for flag, (goes_with, value) in given.items():
        if value is not None and launcher != goes_with:
            raise UsageError(f"{flag} goes with --launcher {goes_with}, not with {launcher}.")


def _words(text: str) -> list[str]:
    """Return what --sbatch says as words, as a shell would split them."""
    import shlex

    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--sbatch {shown(text)}: {str(error).lower()}. Close it.") from None


def _write_script(study: Study, output: str, *, workers: int | None) -> None:
    from isoflop.experiments.launchers import script

    write_output(output, encoded(script(study, output, workers=workers)))
    typer.echo(f"{output}: sh {output} here, sbatch {output} on Slurm.")


def _submit(study: Study, options: str, *, workers: int | None, json: bool) -> None:
    """Submit a study to Slurm, if anything of it is left, and show where it stands."""
    from isoflop.experiments.launchers import slurm
    from isoflop.experiments.study.progress import progress

    if not progress(study).over:
        job = slurm.submit(study, options=_words(options), workers=workers)
        _talk(
            f"job {job} is submitted: isoflop study status {study.folder} shows how far it is, scancel {job} ends it."
        )
    _print(progress(study), json=json)


@study.command()
def worker(
    folder: Folder,
    runs: Annotated[Words, typer.Argument(metavar="[RUN]…", help="Names or ids; all, unless said.")] = None,
    workers: Workers = 1,
) -> None:
    """Run some runs, or whatever is left: any number of workers on any machines may share a study."""
    from isoflop.experiments.launchers.local import work
    from isoflop.experiments.study.planned import open_study

    found = open_study(folder)
    wanted = [found.run_called(name) for name in runs] if runs else None
    with _view() as look:
        ended = work(found, wanted, workers=workers or 1, look=look)
    _end(ended, {one.id for one in wanted or found.runs})


@study.command()
def status(
    folder: Folder,
    every: Annotated[bool, option("--all", "Show every run, however many.")] = False,
    json: Json = False,
) -> None:
    """Show where a study stands: what is done, at work, failed or waiting, when it will be over, what it cost."""
    from isoflop.experiments.study.planned import open_study
    from isoflop.experiments.study.progress import progress

    _print(progress(open_study(folder)), json=json, every=every)


@study.command()
def repair(
    folder: Folder,
    retry: Annotated[bool, option("--retry", "Let runs that failed be tried again.")] = False,
    json: Json = False,
) -> None:
    """Put a study in order: write its plan again, free the runs of dead workers, mend damaged results."""
    from isoflop.experiments.study.planned import study_folder
    from isoflop.experiments.study.progress import progress
    from isoflop.experiments.study.repair import repair

    found, done = repair(study_folder(folder), retry=retry)
    for line in done or ["nothing was out of order."]:
        _talk(line)
    _print(progress(found), json=json)


@study.command()
def pack(
    folder: Folder,
    undo: Annotated[bool, option("--undo", "Write the packed files back to where they were.")] = False,
    json: Json = False,
) -> None:
    """Move the logs of runs that are done into one zip file, so that each run uses two inodes: its folder and DONE.

    Everything goes on as before: status, export, fits and curves. Checkpoints of your own stay where they are.
    """
    from isoflop.experiments.study.pack import pack, unpack
    from isoflop.experiments.study.planned import open_study

    found = (unpack if undo else pack)(open_study(folder))
    if json:
        print_json(asdict(found))
    else:
        typer.echo(str(found))


@study.command()
def export(
    folder: Folder,
    output: Annotated[Text, option("-o --output", "Where the table goes; stdout, unless said.", metavar="FILE")] = None,
    columns: Annotated[
        str, option("--columns", "These columns alone, in this order; all, unless said.", metavar="A,B,…")
    ] = "",
    json: Json = False,
) -> None:
    """Write the runs that have ended as a table that `isoflop fit` reads."""
    from isoflop.experiments.study.export import rows
    from isoflop.experiments.study.planned import open_study

    found = open_study(folder)
    table = rows(found)
    lost = [f"{row['run']} ({row['status']})" for row in table if row["status"] != "done"]
    if columns:
        table = rows(found, columns.split(","))
    if lost:
        _talk(f"without a loss: {', '.join(lost[:10])}{f' and {len(lost) - 10} more' if len(lost) > 10 else ''}.")
    if len(table) < len(found):
        _talk(f"{len(found) - len(table)} of {len(found)} runs have not ended and are not in the table.")
    if json:
        print_json(table)
    elif output is None:
        typer.echo(as_csv(table), nl=False)
    else:
        write_output(output, encoded(as_csv(table)))


@study.command()
def verify(
    folder: Folder,
    flops: Annotated[
        Text, option("--flops", "Budget of the run to train; 3 times the study's largest, unless said.")
    ] = None,
    told: Annotated[Words, option("--set", "A setting of that run (width=80).", metavar="NAME=VALUE")] = None,
    train: Annotated[bool, typer.Option(" /--no-train", help="Only forecast; write nothing.")] = True,
    where: Where = None,
    level: Annotated[float, option("--level", "Level of the intervals.")] = 0.9,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Forecast the largest runs from the smaller ones; then train the best larger run, and compare.

    Exit code 0 whether the forecast held or not: of 90 % intervals one in ten does not. `held` in --json says it.
    """
    from isoflop.experiments.verify import verify
    from isoflop.faces.cli.options import pairs
    from isoflop.faces.plot import figure_format

    if output is not None:
        figure_format(output)
    asked = partial(
        verify, folder, flops=None if flops is None else parse_quantity(flops), settings=pairs(told or [], "width=80"),
        where=conjunction(where), level=level,
    )  # fmt: skip
    found = asked(train=False)
    if train and not blocked(found.findings):
        expected = found.trial.forecast.loss
        _talk(f"{found.trial.run}: {expected.value:.4f} ({expected.low:.4f} to {expected.high:.4f}) is forecast.")
        with _view() as look:
            found = asked(look=look)
    give(found, json=json, output=output)


def _print(found: Progress, *, json: bool, every: bool = False) -> None:
    if json:
        print_json(found.as_dict())
    else:
        print_result(found.table(every=every))


def _end(found: Progress, among: set[str] | None = None) -> None:
    """End with exit code 1 if a run failed."""
    failed = [one.name for one in found.runs if one.state == "failed" and (among is None or one.id in among)]
    if failed:
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        raise IsoflopError(
            f"{', '.join(failed[:5])}{more} failed; the logs are in the runs' folders. Mend the cause and say "
            "isoflop study repair --retry STUDY."
        )


def _view() -> AbstractContextManager[Look | None]:
    """Return what shows progress on stderr: a table drawn anew in a terminal, else a line for each run that ends."""
    if sys.stderr.isatty():
        return _Live()
    return nullcontext(_Lines())


class _Lines:
    """Prints a line for each run that has ended since the last look."""

    def __init__(self) -> None:
        self._seen: set[str] | None = None

    def __call__(self, found: Progress) -> None:
        ended = {one.id: one for one in found.runs if one.state in {"done", "failed", "diverged"}}
        news = [one for one in ended.values() if self._seen is not None and one.id not in self._seen]
        for count, one in enumerate(news, start=len(ended) - len(news) + 1):
            note = f" ({one.note})" if one.note else ""
            loss = "" if one.loss is None else f" loss {one.loss:.5g}"
            _talk(f"{one.name} {one.state}{loss}{note}, {count} of {len(found.runs)}")
        self._seen = set(ended)


class _Live:
    """Draws the table of a study anew at each look; no thread of its own, so that forks stay safe."""

    def __enter__(self) -> Look:
        from rich.live import Live

        self._live = Live(console=console(stderr=True), auto_refresh=False, transient=True)
        self._live.start()
        return lambda found: self._live.update(found.table(), refresh=True)

    def __exit__(self, *how: object) -> None:
        self._live.stop()
