"""The command of one run as a process: its environment, its end, and that nothing of it is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from isoflop.errors import UsageError, shown
from isoflop.experiments.study.claims import Owner
from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.results import CONFIG
from isoflop.files.system import KILL, signal_group

_USUAL = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH",
          "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")  # fmt: skip
"""What runs see of this process's environment; everything else, tokens and passwords too, stays out."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS", "TORCH_NUM_THREADS")  # fmt: skip


def command(study: Study, run: StudyRun) -> tuple[str, ...]:
    """Return the words that train a run."""
    folder = study.folder_of(run).resolve()
    given = {"python": sys.executable, "config": str(folder / CONFIG), "folder": str(folder)}
    return study.settings.argv(run.config, given | {"name": run.name, "id": run.id})


def environment(study: Study, run: StudyRun, metrics: Path) -> dict[str, str]:
    """Return the environment of a run: the usual variables, those that study.toml names, and our own."""
    wanted = {*_USUAL, *study.settings.environment}
    return {
        **{name: value for name, value in os.environ.items() if name in wanted},
        **dict.fromkeys(_THREADS, str(study.settings.threads)),
        "PYTHONUNBUFFERED": "1",  # so that a line arrives when it is printed
        "ISOFLOP_METRICS": str(metrics.resolve()),
        "ISOFLOP_RUN": run.name,
    }


def start(
    study: Study, argv: tuple[str, ...], *, environment: Mapping[str, str], errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, its stderr going to a file; raises UsageError if it cannot start."""
    directory = study.folder / study.settings.directory
    program = shutil.which(argv[0], path=environment.get("PATH")) if os.sep not in argv[0] else argv[0]
    try:
        return subprocess.Popen(  # noqa: S603 - a list of words from the user's own study.toml, and no shell
            [program or argv[0], *argv[1:]], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        where = f"directory {directory}" if not directory.is_dir() else f"program {argv[0]}"
        raise UsageError(
            f"the command cannot be started: {shown(where)} ({error.strerror}). Correct study.toml and say "
            "isoflop study run again."
        ) from None


def end_orphan(child: Owner | None) -> None:
    """Kill what a dead worker left running, if it is still the same process."""
    if child is not None and child.here and child.alive:
        signal_group(child.pid, KILL)


def exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """Return how a process ended, None while it runs; what it started and left running is killed."""
    code = process.poll()
    if code is not None:
        signal_group(process.pid, KILL)
    return code


def how_it_ended(code: int) -> str:
    """Return an exit code in words."""
    if code >= 0:
        return f"exit {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
