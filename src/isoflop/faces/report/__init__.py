"""A plan, a fit, or what runs say, as one document: HTML with figures that move, PDF on A4, or Markdown."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from isoflop.errors import UsageError
from isoflop.faces.report.document import Document, Origin, document
from isoflop.faces.report.markdown import markdown
from isoflop.faces.report.page import page
from isoflop.files import STANDARD, encoded, write_output
from isoflop.forecasting.source import Source, settle
from isoflop.planning.result import Plan

__all__ = ["FORMATS", "report", "report_text"]

FORMATS = (".html", ".md", ".pdf")


def report(
    source: Source | Plan,
    path: str | os.PathLike[str],
    *,
    command: str = "",
    author: str = "",
    date: str | None = None,
    seed: int = 0,
) -> Path:
    """Write the report of runs, a fit or a plan to one file, and give its path.

    source   runs, through several laws together; a fit or a curve; a plan, of which the first page is the decision
    path     report.html, with a slider for the budget; report.pdf, to print on A4; report.md
    command  what a reader should type to make it again
    author, date  who made it and when: today unless said, SOURCE_DATE_EPOCH where that is set
    seed     of the one law that is checked

    Raises UsageError for another kind of file, and, without a plan, for a law that is not one of N and D.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "plan.md"
    >>> isoflop.report(isoflop.plan("besiroglu2024", flops=1e22), path).name
    'plan.md'
    """
    suffix = FORMATS[0] if os.fspath(path) == STANDARD else Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f'"{os.fspath(path)}": a report is {", ".join(FORMATS)}. Say report.html.')
    origin = Origin(command=command, author=author, date=_today() if date is None else date, seed=seed)
    shown = _document(source, origin, suffix)
    if suffix == ".pdf":
        from isoflop.faces.report.paper import pdf

        write_output(path, pdf(shown))
    else:
        write_output(path, encoded(_text(shown, suffix)))
    return Path(path)


def report_text(source: Source | Plan, suffix: str = ".html", *, command: str = "", seed: int = 0) -> str:
    """Return the report as text, by the suffix of its file, without a date; see `report`."""
    return _text(_document(source, Origin(command=command, seed=seed), suffix), suffix)


def _document(source: Source | Plan, origin: Origin, suffix: str) -> Document:
    figures = suffix != ".md"
    if not isinstance(source, Plan):
        return document(settle(source), plan=None, origin=origin, figures=figures)
    if source.answers is None:
        raise UsageError("this plan does not know what planned it. Make it again with isoflop.plan.")
    return document(source.answers, plan=source, origin=origin, figures=figures)


def _text(shown: Document, suffix: str) -> str:
    return markdown(shown) if suffix == ".md" else page(shown)


def _today() -> str:
    """Return today, or the day of SOURCE_DATE_EPOCH, by which a build makes equal bytes."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdigit() else datetime.now().astimezone()
    return f"{now.day} {now:%B %Y}"
