"""Putting a study in order: the plan written again, dead claims released, damaged results made from metrics."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from isoflop.errors import DataError
from isoflop.experiments.study.claims import claims_in, lost, seems_alive
from isoflop.experiments.study.pack import unpack
from isoflop.experiments.study.planned import RUNS, Study, StudyRun, plan_study, read_plan
from isoflop.experiments.study.progress import folders
from isoflop.experiments.study.reported import Record, merge, read_records
from isoflop.experiments.study.results import ENDINGS, METRICS, Ending, Result, conclude, read_result, save_result
from isoflop.files import TEMPORARY

_MENDED = "made again from its metrics"
_OLD = 3600.0
"""Seconds after which a file that never became whole is nobody's work any more."""


def repair(path: Path, *, retry: bool = False) -> tuple[Study, list[str]]:
    """Return the study, and what was done to put it in order, one sentence each.

    retry  also let runs that failed be tried again, with all their retries
    """
    done: list[str] = []
    try:
        before = read_plan(path)
    except DataError:
        before = None
    study = plan_study(path)
    if study != before:
        done.append(f"plan.jsonl is written again: {len(study)} runs.")
    begun = folders(study)
    for run in study.runs:
        if run.id in begun:
            done += [f"{run.name}: {what}." for what in _run(study, run, retry=retry)]
    removed = _sweep(path) + _sweep(path / RUNS, "*/")
    return study, done + ([f"{removed} unfinished files are removed."] if removed else [])


def sound_result(study: Study, run: StudyRun) -> Result | None:
    """Return how a run ended, a damaged result mended first; None if it has not ended, or is to be run again."""
    return _sound(study, run)[0]


def _sound(study: Study, run: StudyRun) -> tuple[Result | None, list[str]]:
    """Return how a run ended, and what was done to know it."""
    folder = study.folder_of(run)
    try:
        return read_result(folder), []
    except DataError:
        done = [_mend(study, run)]
        return read_result(folder), done


def _run(study: Study, run: StudyRun, *, retry: bool) -> list[str]:
    folder = study.folder_of(run)
    result, done = _sound(study, run)
    if result is not None and result.ending == "FAILED" and retry:
        _forgive(folder)
        return ["it failed, and will be tried again"]
    claims = claims_in(folder)
    if not claims or claims[-1].ended is not None or seems_alive(claims[-1], folder, study.settings.heartbeat):
        return done
    ended = result is not None or bool(done)
    lost(claims[-1], folder).save(folder)
    return done if ended else [*done, f"its worker (process {claims[-1].owner.pid}) died; the run is free again"]


def _mend(study: Study, run: StudyRun) -> str:
    """Make a damaged result again from the metrics: its name says how the run ended, they say with what."""
    folder = study.folder_of(run)
    if not (folder / METRICS).exists():
        unpack(study, run)
    ending: Ending = next((one for one in ENDINGS if (folder / one).exists()), "DONE")
    reported: Record = {}
    for record in read_records(folder / METRICS):
        merge(reported, record)
    claims = claims_in(folder)
    with suppress(FileNotFoundError):  # another worker was faster
        (folder / ending).replace(folder / f"{ending}.damaged")
    result = conclude(
        study, run, reported, ending=ending, reason="" if ending == "DONE" else _MENDED, attempts=len(claims),
        seconds=sum(one.seconds for one in claims), ended=time.time(),
    )  # fmt: skip
    if ending == "DONE" and result.loss is None:
        return "its result was damaged and its metrics have no loss: it will be run again"
    save_result(result, folder)
    return f"its damaged result is {_MENDED}"


def _forgive(folder: Path) -> None:
    for claim in claims_in(folder):
        replace(claim, counted=False, ended=claim.ended or "failed").save(folder)
    (folder / "FAILED").replace(folder / f"FAILED-{int(time.time())}")


def _sweep(folder: Path, inside: str = "") -> int:
    """Remove what writers left that were killed before their file was whole."""
    removed = 0
    for path in folder.glob(f"{inside}{TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _OLD:
                path.unlink()
                removed += 1
    return removed
