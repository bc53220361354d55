"""A plan, a fit, or what runs say, as one document: HTML with figures that move, PDF on A4, or Markdown."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from isoflop.errors import UsageError
from isoflop.faces.report.document import Document, Origin, document
from isoflop.faces.report.markdown import markdown
from isoflop.faces.report.page import page
from isoflop.files import STANDARD, check_output, encoded, make_folder, write_output
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
    path     report.html, with a slider for the budget; report.pdf, to print on A4; report.md, with its
             figures in report_files/
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
    if suffix == ".pdf":
        from isoflop.faces.report.paper import pdf

        write_output(path, pdf(_document(source, origin)))
    elif suffix == ".md":
        shown = _document(source, origin)
        write_output(path, encoded(markdown(shown, _beside(shown, check_output(path)))))
    else:
        write_output(path, encoded(page(_document(source, origin))))
    return Path(path)


def report_text(source: Source | Plan, suffix: str = ".html", *, command: str = "", seed: int = 0) -> str:
    """Return the report as text, by the suffix of its file, without a date, Markdown without figures; see `report`."""
    origin = Origin(command=command, seed=seed)
    if suffix == ".md":
        return markdown(_document(source, origin, figures=False))
    return page(_document(source, origin))


def _document(source: Source | Plan, origin: Origin, *, figures: bool = True) -> Document:
    if not isinstance(source, Plan):
        return document(settle(source), plan=None, origin=origin, figures=figures)
    if source.answers is None:
        raise UsageError("this plan does not know what planned it. Make it again with isoflop.plan.")
    return document(source.answers, plan=source, origin=origin, figures=figures)


def _beside(shown: Document, target: Path) -> dict[str, str]:
    """Write the figures into a folder beside a document, and return where each lies, as the document calls it."""
    folder, places = target.with_name(f"{target.stem}_files"), {}
    for one in shown.exhibits:
        kind, content = one.picture(shown.runs)
        file = folder / f"{one.name.lower().replace(' ', '-')}.{kind}"
        make_folder(folder)
        write_output(file, content)
        places[one.name] = quote(f"{folder.name}/{file.name}")
    return places


def _today() -> str:
    """Return today, or the day of SOURCE_DATE_EPOCH, by which a build makes equal bytes."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdigit() else datetime.now().astimezone()
    return f"{now.day} {now:%B %Y}"
