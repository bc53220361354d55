"""script: a shell script that runs a study, here or as an array of Slurm jobs, for the user to start."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.progress import folders, run_status

_MOST_TASKS = 1000
"""Slurm takes arrays of up to 1,001 tasks unless its administrator allows more."""

_HEAD = """\
#!/bin/sh
#SBATCH --job-name={name}
#SBATCH --array=1-{tasks}{at_once}
#SBATCH --cpus-per-task={threads}
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
# {count} runs. Here: sh {script}. On Slurm: sbatch {script}, with the options your cluster wants.
# Every line can be run anywhere, any number of times: a run that has ended, or is at work, is left alone.
tasks={tasks}
task=${{SLURM_ARRAY_TASK_ID:-}}
number=0
status=0
child=
trap 'if [ -n "$child" ]; then kill -TERM "$child"; else exit 130; fi' TERM
trap : INT # the worker is interrupted too, and says so

work() {{
    {worker} {study} "$1" &
    child=$!
    wait "$child"
    code=$?
    while kill -0 "$child" 2>/dev/null; do # a signal ended the wait, not the worker
        wait "$child"
        code=$?
    done
    child=
    if [ "$code" -eq 130 ]; then exit 130; fi
}}

run() {{
    number=$((number + 1))
    if [ -n "$task" ] && [ $(((number - 1) % tasks + 1)) -ne "$task" ]; then return; fi
    work "$1"
    again={retries}
    while [ "$code" -gt 128 ] && [ "$again" -ge 0 ]; do # the worker was killed, perhaps for its memory
        again=$((again - 1))
        work "$1"
    done
    if [ "$code" -ne 0 ]; then status=$code; fi
}}

"""


def script(study: Study, name: str = "run.sh", *, workers: int | None = None) -> str:
    """Return a shell script with a line for every run that has not ended; Slurm takes it as an array job.

    workers  tasks at a time; what study.toml says, or as many as Slurm starts

    Each line calls `isoflop study worker STUDY RUN`, so lines can be spread over any scheduler.
    """
    left = unfinished(study)
    most = workers or study.settings.workers
    head = _HEAD.format(
        name=study.settings.name, tasks=max(1, min(_MOST_TASKS, len(left))), at_once=f"%{most}" if most else "",
        threads=study.settings.threads,
        retries=study.settings.retries, count=len(left), script=shlex.quote(Path(name).name),
        study=shlex.quote(str(study.folder.resolve())),
        worker=f"{shlex.quote(sys.executable)} -m isoflop study worker",
    )  # fmt: skip
    return head + "".join(f"run {run.id} # {run.name}\n" for run in left) + 'exit "$status"\n'


def unfinished(study: Study) -> list[StudyRun]:
    """Return the runs of a study that have not ended."""
    begun = folders(study)
    return [run for run in study.runs if run.id not in begun or run_status(study, run).state in {"waiting", "running"}]
