"""The report as PDF on A4, drawn by matplotlib: the decision on the first page, then tables, then a figure a page."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isoflop.display import SEVERITY_COLOURS, sentence
from isoflop.faces.plot.look import FAINT, INK, LAW_COLOURS, QUIET, Form, drawn_as, style
from isoflop.faces.plot.valley import valley
from isoflop.faces.report.decision import CHOICES, Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    from isoflop.faces.report.document import Document
    from isoflop.faces.report.figures import Exhibit
    from isoflop.faces.report.parts import Part

WIDTH, HEIGHT, MARGIN = 8.27, 11.69, 0.62
"""A4 and its margins, in inches."""
_POINT = 1 / 72
_LINE = 1.36
"""Height of a line, in sizes of its letters."""
_ABOVE = 0.3
"""Inches of the name of a figure, above it."""
_MOST_ROWS = 400
"""Rows of a table that are printed; more are for the HTML."""


def pdf(shown: Document) -> bytes:
    """Return a report as the bytes of a PDF; raises MissingExtraError without matplotlib."""
    content = io.BytesIO()
    with style():
        from matplotlib.backends.backend_pdf import PdfPages

        about = {"Title": shown.title, "Author": shown.origin.author, "Creator": "isoflop", "CreationDate": None}
        with PdfPages(content, metadata={key: value for key, value in about.items() if value != ""}) as pages:
            paper = Paper(pages=pages)
            if shown.decision is None:
                _words(paper, shown)
            else:
                _decision(paper, shown, shown.decision)
                paper.turn()
            _evidence(paper, shown)
            for one in shown.evidence:
                _figure(paper, one)
    return content.getvalue()


@dataclass(kw_only=True)
class Paper:
    """Pages that fill from above: `y` is where the next line begins, in inches from the bottom of this page."""

    pages: PdfPages
    page: Figure | None = None
    y: float = 0.0
    number: int = field(default=0)

    def sheet(self, needs: float) -> Figure:
        """Return the page on which so many inches find room: this one, or a new one."""
        from matplotlib.figure import Figure

        if self.page is not None and self.y - needs < MARGIN:
            self.turn()
        if self.page is None:
            self.page, self.y, self.number = Figure(figsize=(WIDTH, HEIGHT)), HEIGHT - MARGIN, self.number + 1
            _put(self.page, (WIDTH - MARGIN, 0.36), str(self.number), size=8, color=QUIET, ha="right")
        return self.page

    def turn(self) -> None:
        """Print this page."""
        if self.page is not None:
            self.pages.savefig(self.page)  # type: ignore[no-untyped-call]
        self.page = None

    def write(self, text: str, *, size: float = 9.5, room: float = 0.0, left: float = 0.0, right: float = 0.0,
              **look: Any) -> None:  # fmt: skip
        """Write a paragraph, as wide as the page leaves between `left` and `right`; `room` above it, in inches."""
        step = size * _LINE * _POINT
        self.sheet(room + step)
        self.y -= room
        for line in wrapped(text, WIDTH - 2 * MARGIN - left - right, size=size, weight=look.get("weight", "normal")):
            page = self.sheet(step)
            _put(page, (MARGIN + left, self.y), line, size=size, va="top", **look)
            self.y -= step

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], *, size: float = 8.5, bold: str = "") -> None:
        """Write a table whose columns are as wide as they need to be, the widest wrapped; each page has its head.

        bold  the first cell of a row that stands out
        """
        widths, step, before = _widths([head, *rows], size=size), size * _LINE * _POINT, -1
        above = _cells(head, widths, size=size) if any(head) else []
        for row in rows:
            weight = "bold" if bold and row[0] == bold else "normal"
            cells = _cells(row, widths, size=size, weight=weight)
            self.sheet(step * (max(map(len, cells)) + (len(above) > 0 and before != self.number)) + 0.12)
            if above and before != self.number:
                self._row(above, widths, size=size, color=QUIET, weight="normal")
            self._row(cells, widths, size=size, color=INK, weight=weight)
            before = self.number

    def _row(self, cells: Sequence[list[str]], widths: Sequence[float], *, size: float, **look: Any) -> None:
        """Write the lines of each cell of a row."""
        step, left = size * _LINE * _POINT, MARGIN
        page = self.sheet(step * max(map(len, cells)) + 0.06)
        for lines, width in zip(cells, widths, strict=True):
            for place, line in enumerate(lines):
                _put(page, (left, self.y - 0.03 - place * step), line, size=size, va="top", **look)
            left += width + _GAP
        self.y -= step * max(map(len, cells)) + 0.06
        _rule(page, self.y)


_GAP = 0.18
"""Inches between columns."""


def _cells(row: Sequence[str], widths: Sequence[float], *, size: float, weight: str = "normal") -> list[list[str]]:
    """Return each cell of a row as the lines that its column has room for."""
    return [wrapped(cell, width, size=size, weight=weight) for cell, width in zip(row, widths, strict=True)]


def _widths(rows: Sequence[Sequence[str]], *, size: float) -> list[float]:
    """Return the widths of columns: what they need, and for the widest what is left."""
    need = [
        max(width_of(cell, size=size, weight="bold") for cell in column) + 0.02 for column in zip(*rows, strict=True)
    ]
    over = sum(need) + _GAP * (len(need) - 1) - (WIDTH - 2 * MARGIN)
    while over > 1e-6:
        widest = need.index(max(need))
        second = max((one for place, one in enumerate(need) if place != widest), default=0.5)
        cut = min(over, max(need[widest] - second, 0.05))
        need[widest] -= cut
        over -= cut
    return need


def width_of(text: str, *, size: float, weight: str = "normal") -> float:
    """Return how wide a line is, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) * _POINT if text else 0.0


def wrapped(text: str, width: float, *, size: float, weight: str = "normal") -> list[str]:
    """Return a text as lines no wider than so many inches; a word that is wider is broken."""
    lines = [""]
    for word in text.split():
        for piece in _pieces(word, width, size=size, weight=weight):
            longer = f"{lines[-1]} {piece}".strip()
            if width_of(longer, size=size, weight=weight) <= width:
                lines[-1] = longer
            else:
                lines.append(piece)
    return [line for line in lines if line] or [""]


def _pieces(word: str, width: float, *, size: float, weight: str) -> Iterator[str]:
    while len(word) > 1 and width_of(word, size=size, weight=weight) > width:
        share = width / width_of(word, size=size, weight=weight)
        cut = max(int(len(word) * share * 0.95), 1)
        yield word[:cut]
        word = word[cut:]
    yield word


def _put(page: Figure, at: tuple[float, float], text: str, *, size: float, **look: Any) -> None:
    page.text(at[0] / WIDTH, at[1] / HEIGHT, text, fontsize=size, **look)


def _rule(page: Figure, y: float) -> None:
    from matplotlib.lines import Line2D

    across = [MARGIN / WIDTH, 1 - MARGIN / WIDTH]
    page.add_artist(Line2D(across, [y / HEIGHT] * 2, color=FAINT, linewidth=0.5))


def _box(page: Figure, corner: tuple[float, float], size: tuple[float, float], *, colour: str) -> None:
    from matplotlib.patches import Rectangle

    (left, bottom), (width, height) = corner, size
    page.add_artist(Rectangle(
        (left / WIDTH, bottom / HEIGHT), width / WIDTH, height / HEIGHT, facecolor=colour, edgecolor="none", zorder=-1,
    ))  # fmt: skip


def _heading(paper: Paper, shown: Document, kind: str, *, size: float) -> None:
    paper.write(kind, size=10, color=LAW_COLOURS[0], weight="bold")
    if shown.origin.byline:
        paper.write(shown.origin.byline, size=9, color=QUIET)
    paper.write(shown.title, size=size, weight="bold", room=0.04)


def _words(paper: Paper, shown: Document) -> None:
    _heading(paper, shown, "Scaling report", size=19)
    if shown.words:
        paper.write(shown.words, size=11, room=0.1)


def _decision(paper: Paper, shown: Document, one: Decision) -> None:
    """Write the page for whoever decides."""
    _heading(paper, shown, "Decision", size=18)
    above = paper.y
    paper.write(one.answer, size=13, weight="bold", room=0.2, left=0.18, right=0.18)
    paper.y -= 0.12
    page = paper.sheet(0)
    _box(page, (MARGIN, paper.y), (WIDTH - 2 * MARGIN, above - paper.y - 0.08), colour="#f1f4f7")
    _box(page, (MARGIN, paper.y), (0.05, above - paper.y - 0.08), colour=LAW_COLOURS[0])
    _cards(paper, one)
    _sure(paper, shown, one)
    paper.write("What could go wrong?", size=11.5, weight="bold", room=0.12)
    for each in one.doubts:
        paper.write(f"{each.severity} {each.code}", size=9, weight="bold", room=0.05,
                    color=SEVERITY_COLOURS[each.severity])  # fmt: skip
        paper.write(f"{sentence(each.message)} {sentence(each.remedy)}", size=9, left=0.12)
    if one.left > 0 or not one.doubts:
        paper.write(f"{one.left} notes more stand on the next page." if one.left else "Nothing was found against it.",
                    size=9, room=0.05)  # fmt: skip
    if one.choices:
        paper.write("What else could be done?", size=11.5, weight="bold", room=0.12)
        paper.table(CHOICES, one.choices, size=9, bold="this plan")
    origin = " · ".join(f"{name}: {value}" for name, value in shown.parts[-1].rows if name not in ("on", "author"))
    paper.write(origin, size=7, color=QUIET, room=0.12)


def _cards(paper: Paper, one: Decision) -> None:
    if not one.cards:
        return
    page, gap, tall = paper.sheet(1.0), 0.12, 0.86
    wide = (WIDTH - 2 * MARGIN - gap * (len(one.cards) - 1)) / len(one.cards)
    paper.y -= 0.12
    for place, card in enumerate(one.cards):
        left = MARGIN + place * (wide + gap)
        _box(page, (left, paper.y - tall), (wide, tall), colour="#f1f4f7")
        _put(page, (left + 0.1, paper.y - 0.08), card.name, size=8, color=QUIET, va="top")
        _put(page, (left + 0.1, paper.y - 0.23), card.value, size=16, weight="bold", va="top")
        for line, text in enumerate(wrapped(card.under, wide - 0.15, size=7.5)[:2]):
            _put(page, (left + 0.1, paper.y - 0.54 - line * 0.13), text, size=7.5, color=QUIET, va="top")
    paper.y -= tall


def _sure(paper: Paper, shown: Document, one: Decision) -> None:
    """Write how sure the answer is, beside the valley."""
    beside = 3.3 if shown.plan is not None and one.cards else 0.0
    paper.write("How sure is that?", size=11.5, weight="bold", room=0.16)
    page, top = paper.sheet(0), paper.y
    for each in one.trust:
        paper.write(each, size=9, room=0.04, right=beside)
    if beside and shown.plan is not None:
        with drawn_as(Form(width=3.3, title=False)), style():
            place = (
                (WIDTH - MARGIN - beside + 0.62) / WIDTH,
                (top - 1.95) / HEIGHT,
                (beside - 0.66) / WIDTH,
                1.9 / HEIGHT,
            )
            valley(page.add_axes(place), shown.plan)
        paper.y = min(paper.y, top - 2.3)


def _evidence(paper: Paper, shown: Document) -> None:
    """Write all doubts and tables."""
    paper.write("What to doubt", size=12, weight="bold", room=0.1)
    for one in shown.doubts:
        paper.write(f"{one['severity']} {one['code']}", size=9, weight="bold", room=0.05,
                    color=SEVERITY_COLOURS[one["severity"]])  # fmt: skip
        paper.write(f"{one['message']} {one['remedy']}", size=9, left=0.12)
    for part in shown.parts:
        _part(paper, part)
    paper.turn()


def _part(paper: Paper, part: Part) -> None:
    paper.sheet(1.2)  # its name, what it is, and the first rows
    paper.write(part.title, size=12, weight="bold", room=0.22)
    for text in filter(None, (part.said, part.formula)):
        paper.write(text, size=9, room=0.03)
    rows = part.rows[:_MOST_ROWS]
    if rows:
        paper.y -= 0.04
        paper.table(part.head, rows)
    if len(part.rows) > len(rows):
        paper.write(f"and {len(part.rows) - len(rows)} more", size=9, color=QUIET)


def _figure(paper: Paper, one: Exhibit) -> None:
    """Print a figure on a page of its own, as it was drawn, with its name above it and what it tells below.

    A wide one lies on its side, so that its letters keep their size.

    Matplotlib cannot lay one figure on another; the page is the rectangle around the figure that it is asked to save.
    """
    from matplotlib.transforms import Bbox

    (across, up), paper.number = one.figure.get_size_inches(), paper.number + 1
    wide, tall = (WIDTH, HEIGHT) if across <= WIDTH - 2 * MARGIN else (HEIGHT, WIDTH)
    left, bottom = (wide - across) / 2, tall - MARGIN - _ABOVE - up
    written: list[tuple[tuple[float, float], str, dict[str, Any]]] = [
        ((MARGIN, tall - MARGIN), one.name, {"size": 12, "weight": "bold", "va": "top"}),
        ((MARGIN, bottom - 0.1), one.said, {"size": 9, "va": "top"}),
        ((wide - MARGIN, 0.36), str(paper.number), {"size": 8, "color": QUIET, "ha": "right"}),
    ]
    for at, text, look in written:
        one.figure.text((at[0] - left) / across, (at[1] - bottom) / up, text, in_layout=False, **look)
    page = Bbox.from_bounds(-left, -bottom, wide, tall)
    paper.pages.savefig(one.figure, bbox_inches=page)  # type: ignore[no-untyped-call]
