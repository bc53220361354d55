"""Fixtures: logs of the same three runs, written by the writers that people train with.

A writer takes seconds to load, so what it wrote is kept in pytest's cache until this file's writer or the
installed packages change, and shared by the workers of a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

WRITER = Path(__file__).with_name("write_logs.py")


@pytest.fixture(scope="session")
def logs(pytestconfig, tmp_path_factory):
    """Give a function that gives the folder with the logs of a kind; nobody may write there."""
    installed = sorted(f"{one.name} {one.version}" for one in distributions())
    key = hashlib.sha256("\n".join([WRITER.read_text(), *installed]).encode()).hexdigest()[:16]
    cache = getattr(pytestconfig, "cache", None)  # absent under -p no:cacheprovider
    kept = cache.mkdir(f"logs-{key}") if cache else tmp_path_factory.mktemp("logs")

    def written(kind):
        if not (kept / kind).exists():
            _write(kind, kept)
        return kept / kind

    return written


def _write(kind, kept):
    """Write the logs beside their place and rename them, so that no worker sees half of them."""
    with tempfile.TemporaryDirectory(dir=kept) as scratch:
        folder = Path(scratch) / kind
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, str(WRITER), kind, str(folder)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        with contextlib.suppress(OSError):  # another worker was first
            folder.rename(kept / kind)
