"""run.json: what a run is, on what it runs, and what it counts, written before it starts."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.results import ABOUT, training_flops
from isoflop.files import encoded, write_whole
from isoflop.files.system import memory, processor


def write_about(study: Study, run: StudyRun, *, argv: Sequence[str], attempt: int) -> None:
    """Write a run's configuration and provenance into its folder."""
    settings = study.settings
    N, D = (settings.letter(letter, run.config) for letter in "ND")
    about = {
        "id": run.id, "name": run.name, "study": settings.name, "config": dict(run.config), "argv": list(argv),
        "attempt": attempt, "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "code": settings.code,
        "data": settings.data, "N": N, "D": D, "C": training_flops(study, N, D), "flop_rule": settings.flop_rule,
        "threads": settings.threads, **machine(),
    }  # fmt: skip
    content = encoded(json.dumps(about, indent=2, ensure_ascii=False)) + b"\n"
    write_whole(study.folder_of(run) / ABOUT, content)


@cache
def machine() -> dict[str, Any]:
    """Return the versions and the hardware that this process sees."""
    return {
        "versions": {"isoflop": version("isoflop"), "python": platform.python_version(), "system": platform.platform()},
        "hardware": {
            "host": platform.node(), "processor": processor(), "cores": cores(), "memory": memory(),
            "visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        },
        "python": sys.executable,
    }  # fmt: skip


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
