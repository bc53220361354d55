"""A fit, or what runs say, as one page: the answer, figures that move, doubts, origin; or the same as Markdown."""

from __future__ import annotations

import os
from pathlib import Path

from isoflop.errors import UsageError
from isoflop.faces.pages.content import content
from isoflop.faces.report.markdown import markdown
from isoflop.faces.report.page import page
from isoflop.files import STANDARD, write_output
from isoflop.forecasting.source import Source, settle

__all__ = ["report", "report_text"]

FORMATS = (".html", ".md")


def report(source: Source, path: str | os.PathLike[str], *, command: str = "", seed: int = 0) -> Path:
    """Write the report of a fit, or of several laws together on some runs, to one file, and give its path.

    path     report.html, with a slider for the budget, or report.md
    command  what a reader should type to make it again; seed  of the one law that is checked

    Raises UsageError for another kind of file, and for a law that is not one of N and D.

    >>> import tempfile, pathlib
    >>> runs = isoflop.Runs.of(N=[1e7, 2e7, 4e7, 8e7], D=[2e9, 1e9, 4e9, 2e9], loss=[4.2, 3.9, 3.65, 3.45])
    >>> isoflop.report.__name__
    'report'
    """
    suffix = FORMATS[0] if os.fspath(path) == STANDARD else Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f'"{os.fspath(path)}": a report is {" or ".join(FORMATS)}. Say report.html.')
    write_output(path, report_text(source, suffix, command=command, seed=seed).encode())
    return Path(path)


def report_text(source: Source, suffix: str = ".html", *, command: str = "", seed: int = 0) -> str:
    """Return the report as text, by the suffix of its file; see `report`."""
    settled = settle(source)
    data = content(settled, seed=seed)
    return markdown(data, command) if suffix == ".md" else page(settled, data, command)
