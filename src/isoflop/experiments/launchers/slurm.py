"""slurm: the runs of a study as an array of Slurm jobs, a task for each, followed by the study's own files.

The job is our own script, given to sbatch as text: nothing is pickled, and nothing but sbatch is needed.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from isoflop.errors import IsoflopError, shown
from isoflop.experiments.launchers.local import Look
from isoflop.experiments.launchers.script import script, unfinished
from isoflop.experiments.study.claims import claims_in
from isoflop.experiments.study.planned import Study
from isoflop.experiments.study.progress import Progress, progress

LOGS = "slurm"
"""The folder in a study's folder where Slurm writes what the tasks themselves say."""
_BETWEEN_LOOKS, _SHARE = 1.0, 0.02
"""Seconds between two looks at the files, and the share of the time that looking may take."""
_BETWEEN_QUESTIONS = 10.0
"""Seconds between two questions to Slurm whether the job is still there."""
_OVER = {
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
    "REVOKED", "TIMEOUT",
}  # fmt: skip
"""Where a job is that will do nothing more; one that is to be requeued is pending again."""


def launch(
    study: Study, *, options: Sequence[str] = (), workers: int | None = None, look: Look | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> Progress:  # fmt: skip
    """Submit the runs that have not ended, wait for them, and give where the study stands then.

    options  words for sbatch: --partition=gpu, --time=2:00:00
    workers  tasks at a time; what study.toml says, or as many as Slurm starts
    look     called with the progress now and then
    say      called with a sentence when a job is submitted, and when waiting is interrupted: the job goes on

    Runs whose workers died are submitted again, as often as the study allows; what a person cancelled is not.
    Raises IsoflopError if sbatch is missing or refuses, or if the job has left Slurm and not all runs have ended.
    """
    found, seen = progress(study), set[Path]()
    while not found.over:
        job = submit(study, options=options, workers=workers)
        try:
            say(f"job {job} is submitted. Interrupted, this command leaves it running.")
            found = follow(study, job, look=look)
        except KeyboardInterrupt:
            say(f"job {job} goes on: isoflop study status {study.folder} shows how far it is, scancel {job} ends it.")
            raise
        died = _died(study)
        if not found.over and not died - seen:
            raise IsoflopError(
                f"job {job} has ended or was cancelled, and {found.count('waiting')} of {len(study)} runs have not "
                f"ended. Say isoflop study run again; what the tasks said is in {shown(str(study.folder / LOGS))}."
            )
        seen = died
    return found


def submit(study: Study, *, options: Sequence[str] = (), workers: int | None = None) -> str:
    """Submit the runs of a study that have not ended as an array of jobs, and give the job's number.

    Raises IsoflopError if sbatch is missing or refuses.
    """
    logs = (study.folder / LOGS).resolve()
    try:
        logs.mkdir(exist_ok=True)
    except OSError as error:
        raise IsoflopError(f"{shown(str(logs))}: cannot be made ({error.strerror}).") from None
    job_script = script(study, workers=workers)
    said = _ask("sbatch", "--parsable", f"--output={logs}/%A_%a.txt", *options, given=job_script)
    job = said.stdout.strip().partition(";")[0]
    if said.returncode or not job.isdigit():
        raise IsoflopError(f"sbatch submitted no job: {_reason(said.stderr) or 'it gave no number'}.")
    return job


def follow(study: Study, job: str, *, look: Look | None = None) -> Progress:
    """Return where a study stands once all its runs have ended, or the job has and nobody is at work any more.

    The files say how far the runs are; Slurm is asked now and then whether the job is still there. After it has
    gone, files of other machines get three heartbeats to arrive.
    """
    asked, gone = time.monotonic(), False
    while True:
        start = time.monotonic()
        found = progress(study)
        if look is not None:
            look(found)
        looked = time.monotonic() - start
        if found.over or (gone and not found.count("running") and start - asked > 3 * study.settings.heartbeat):
            return found
        if not gone and start - asked >= _BETWEEN_QUESTIONS:
            asked, gone = start, not _is_there(job)
        time.sleep(max(_BETWEEN_LOOKS, looked / _SHARE))


def _is_there(job: str) -> bool:
    """Return whether Slurm will still do something for a job; where it does not answer, it may."""
    said = _ask("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job}")
    if said.returncode:
        return "Invalid job id" not in said.stderr
    return bool(set(said.stdout.split()) - _OVER)


def _died(study: Study) -> set[Path]:
    """Return the last claims on the runs that are left whose workers died; not those that were interrupted."""
    folders = [study.folder_of(run) for run in unfinished(study)]
    return {one.path(folder) for folder in folders for one in claims_in(folder)[-1:] if one.ended is None}


def _ask(program: str, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run([program, *words], input=given, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise IsoflopError(
            f"{program} cannot be called ({error.strerror}). Say it where Slurm's programs are on the PATH, or say "
            "--launcher script and take the script there."
        ) from None


def _reason(said: str) -> str:
    """Return what sbatch complained of as one line."""
    lines = [line.partition("error: ")[2] or line for line in said.splitlines() if line.strip()]
    return shown("; ".join(lines)).rstrip(".")
