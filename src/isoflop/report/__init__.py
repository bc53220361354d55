"""A fit, or what runs say, as one HTML page that needs nothing else: the answer, figures that move, doubts, origin."""

from __future__ import annotations

import os
from pathlib import Path

from isoflop.ensemble import Ensemble
from isoflop.errors import UsageError
from isoflop.files import write_whole
from isoflop.fit import Fit
from isoflop.report.page import page
from isoflop.runs import Runs

__all__ = ["page", "report"]


def report(source: Fit | Ensemble | Runs, path: str | os.PathLike[str], *, command: str = "", seed: int = 0) -> Path:
    """Write the report of a fit, or of several laws together on some runs, to one HTML file, and give its path.

    command  what a reader should type to make it again; seed  of the one law that is checked

    Raises UsageError for a name that does not end in .html, and for a law that is not one of N and D.
    """
    if Path(path).suffix.lower() != ".html":
        raise UsageError(f'"{os.fspath(path)}": a report is an HTML file. Say report.html.')
    write_whole(path, page(source, command=command, seed=seed).encode())
    return Path(path)
