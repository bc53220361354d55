"""Fixtures: logs of the same three runs, written once a session by the writers that people train with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WRITER = Path(__file__).with_name("write_logs.py")


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    """Give a function that gives the folder with the logs of a kind; nobody may write there."""
    made = {}

    def written(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            done = subprocess.run(
                [sys.executable, str(WRITER), kind, str(folder)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr[-2000:]
            made[kind] = folder
        return made[kind]

    return written
