"""How results look in a terminal and in a notebook: the same tables, in colour where there is colour.

Rich is loaded where something is shown: who only computes need not wait for it.
"""

from __future__ import annotations

import io
import itertools
import math
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO, TypeAlias

from isoflop.quantities import digits_apart, show

if TYPE_CHECKING:
    from rich.console import Console, Group, RenderableType
    from rich.table import Table
    from rich.text import Text

    from isoflop.estimate import Estimate

View: TypeAlias = "RenderableType"
"""What can be shown: a table, a text, several of them, or a result."""


class Noted(Protocol):
    """What a finding is to a screen."""

    @property
    def code(self) -> str:
        """Its stable code."""

    @property
    def severity(self) -> str:
        """BLOCK, WARN or INFO."""

    @property
    def message(self) -> str:
        """What was found."""

    @property
    def remedy(self) -> str:
        """What to do about it."""


SEVERITY_COLOURS = {"BLOCK": "#eb0000", "WARN": "#b85c00", "INFO": "#767676"}
"""A severity → the colour of its code: each has a contrast of 4.5 at least on black and on white alike."""


_CELL = "text-align:{side};padding:0 0.8em 0 0;border:none;white-space:pre"
WIDEST = 400
"""Characters of a line in a notebook, which scrolls: no name is shortened there."""
_FACE = "font-family:monospace;line-height:1.35"


PATIENCE, _BETWEEN = 1.0, 0.1
"""Seconds after which work shows how much of it is done, and between two looks at it."""


def console(file: TextIO | None = None, *, stderr: bool = False, as_text: bool = False) -> Console:
    """Return where results are printed: text of others is text there, never markup, never an emoji.

    as_text  a hundred columns without colour, in a notebook too, where Rich would show it instead
    """
    from rich.console import Console

    if as_text:
        return Console(
            file=file, width=100, color_system=None, highlight=False, markup=False, emoji=False, force_jupyter=False
        )
    return Console(file=file, stderr=stderr, highlight=False, markup=False, emoji=False)


class Bar:
    """Shows how much is done of what takes more than a second: on stderr in a terminal, below its cell in a notebook.

    Of works within works only the outermost shows, and only that of the main thread.
    talks  whether elsewhere, as in the log of a job, one line says that it takes a while
    """

    _shows = False

    def __init__(self, what: str, *, talks: bool = False) -> None:
        self._what, self._talks, self._next = what, talks, time.monotonic() + PATIENCE
        self._clear: Callable[[], object] = int
        self._cell: Any = None

    def __enter__(self) -> Callable[[int, int], None]:
        self._mine = not Bar._shows and threading.current_thread() is threading.main_thread()
        Bar._shows = Bar._shows or self._mine
        return self._look

    def __exit__(self, *how: object) -> None:
        if self._mine:
            Bar._shows = False
            self._clear()

    def _look(self, done: int, total: int) -> None:
        if not self._mine or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _BETWEEN
        line = f"isoflop: {self._what} {'━' * (30 * done // total):<30} {done / total:4.0%} "
        if console(stderr=True).is_jupyter:
            self._in_notebook(f"{escape(self._what)} <progress value={done} max={total}></progress> {done / total:.0%}")
        elif sys.stderr.isatty():
            _overwrite(line)
            self._clear = lambda: _overwrite(f"{' ' * len(line)}\r")
        elif self._talks:
            sys.stderr.write(f"isoflop: {self._what} takes more than a moment\n")
            self._next = math.inf

    def _in_notebook(self, said: str) -> None:
        shown = import_module("IPython.display")
        if self._cell is None:
            self._cell = shown.display(shown.HTML(said), display_id=True)
            self._clear = lambda: self._cell.update(shown.HTML(""))
        else:
            self._cell.update(shown.HTML(said))


def _overwrite(line: str) -> None:
    sys.stderr.write(f"\r{line}")
    sys.stderr.flush()


def plain(renderable: View) -> str:
    """Return a table as text without colour, in a notebook too, where Rich would show it instead."""
    stream = io.StringIO()
    console(stream, as_text=True).print(renderable)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def html(renderable: View) -> str:
    """Return what a notebook shows: tables as tables, lines as lines, every text in them escaped."""
    return f'<div style="{_FACE}">{_html(renderable)}</div>'


def _html(renderable: View) -> str:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if isinstance(renderable, Group):
        return "".join(map(_html, renderable.renderables))
    if isinstance(renderable, Table):
        return _html_table(renderable)
    if isinstance(renderable, str | Text):
        return f'<div style="white-space:pre-wrap">{_html_text(renderable) or "&nbsp;"}</div>'
    if hasattr(renderable, "as_table"):
        return _html(renderable.as_table(WIDEST))
    if hasattr(renderable, "__rich__"):
        return _html(renderable.__rich__())
    return f'<pre style="{_FACE}">{escape(plain(renderable))}</pre>'


def _html_table(table: Table) -> str:
    sides = [column.justify for column in table.columns]
    rows = list(zip(*(list(column.cells) for column in table.columns), strict=True))
    heads = [tuple(column.header for column in table.columns)] if table.show_header else []
    lines = []
    for tag, row in [*(("th", head) for head in heads), *(("td", row) for row in rows)]:
        cells = (
            f'<{tag} style="{_CELL.format(side=side)}">{_html_text(cell)}</{tag}>'
            for cell, side in zip(row, sides, strict=True)
        )
        lines.append(f'<tr style="background:none">{"".join(cells)}</tr>')
    return f'<table style="border:none;border-collapse:collapse;margin:0.3em 0">{"".join(lines)}</table>'


def _html_text(cell: View) -> str:
    """Return a text with its parts in bold and those that step back, as in a terminal."""
    from rich.text import Text

    if not isinstance(cell, Text):
        return escape(cell if isinstance(cell, str) else plain(cell))
    cell = cell.copy()
    if cell.style:
        cell.stylize_before(cell.style)
    edges = sorted({0, len(cell), *(edge for span in cell.spans for edge in (span.start, span.end))})
    parts = []
    for start, end in itertools.pairwise(edges):
        styles = " ".join(str(span.style) for span in cell.spans if span.start <= start and end <= span.end)
        look = "font-weight:bold;" * ("bold" in styles) + "opacity:0.7;" * ("dim" in styles)
        text = escape(cell.plain[start:end])
        parts.append(f'<span style="{look}">{text}</span>' if look else text)
    return "".join(parts)


def group(*parts: View) -> Group:
    """Return the parts one below the other: what blocks first; a string is a line of text, whatever it looks like."""
    from rich.console import Group
    from rich.text import Text

    blocks = [line for part in parts if isinstance(part, Findings) for line in part.blocks]
    lines: list[View] = [*blocks, *([Text()] if blocks else [])]
    for part in parts:
        lines += part.others if isinstance(part, Findings) else [Text(part) if isinstance(part, str) else part]
    return Group(*lines)


def heading(name: str, rest: str = "") -> Text:
    """Return a line that begins with a name in bold."""
    from rich.text import Text

    return Text.assemble((name, "bold"), f"   {rest}" if rest else "")


def bold(text: str) -> Text:
    """Return a text that stands out."""
    from rich.text import Text

    return Text(text, style="bold")


def dim(text: str) -> Text:
    """Return a text that steps back."""
    from rich.text import Text

    return Text(text, style="dim")


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, words: bool = False, gap: int = 3) -> Table:
    """Return a table whose first column is left-aligned and whose others are numbers, or words."""
    from rich.table import Table
    from rich.text import Text

    found = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for position, column in enumerate(columns):
        side: Literal["left", "right"] = "right" if position and not words else "left"
        found.add_column(Text(column), justify=side, header_style="dim", no_wrap=position == 0)
    for row in rows:
        found.add_row(*[Text(cell) if isinstance(cell, str) else cell for cell in row])
    return found


@dataclass(frozen=True)
class Findings:
    """Findings as lines: a result shows what blocks before its numbers, and the others below them."""

    blocks: tuple[Text, ...]
    others: tuple[Text, ...]

    def __rich__(self) -> Group:
        from rich.console import Group

        return Group(*self.blocks, *self.others)


def findings_list(findings: Iterable[Noted]) -> Findings:
    """Return findings one below the other, the gravest first, each with its remedy; each said once."""
    blocks: list[Text] = []
    others: list[Text] = []
    for finding in _gravest_first(findings):
        (blocks if finding.severity == "BLOCK" else others).append(_whole(finding))
    return Findings(tuple(blocks), tuple(others))


def doubts(findings: Iterable[Noted]) -> Findings:
    """Return findings in one line for each code, its first clause and how many more there are; a block is whole."""
    from rich.text import Text

    blocks = tuple(_whole(one) for one in _gravest_first(findings) if one.severity == "BLOCK")
    by_code: dict[tuple[str, str], list[Noted]] = {}
    for one in _gravest_first(findings):
        if one.severity != "BLOCK":
            by_code.setdefault((one.severity, one.code), []).append(one)
    others = []
    for first, *more in by_code.values():
        line = Text.assemble(_code_of(first), first_clause(first.message), no_wrap=True, overflow="ellipsis")
        if more:
            line.append(f" (and {len(more)} more)")
        others.append(line)
    return Findings(blocks, tuple(others))


def first_clause(message: str) -> str:
    """Return what a message says before its first colon or semicolon, unless little stands there."""
    for mark in ("; ", ": "):
        start = message.partition(mark)[0]
        if len(start) >= _SHORTEST_CLAUSE:
            message = start
    return message.rstrip(".")


_SHORTEST_CLAUSE = 25
"""Letters from which a clause says something by itself."""


def _gravest_first(findings: Iterable[Noted]) -> list[Noted]:
    return sorted(dict.fromkeys(findings), key=lambda one: list(SEVERITY_COLOURS).index(one.severity))


def _code_of(finding: Noted) -> Text:
    from rich.text import Text

    return Text(f"{finding.severity:<5} {finding.code}  ", style=f"bold {SEVERITY_COLOURS[finding.severity]}")


def _whole(finding: Noted) -> Text:
    """Return a finding with its remedy, which is what to read: it is as dark as any other text."""
    from rich.text import Text

    return Text.assemble(_code_of(finding), f"{finding.message.rstrip('.')}. ", (sentence(finding.remedy), "bold"))


def sentence(text: str) -> str:
    """Return words as a sentence: a capital first, a full stop last; nothing of nothing."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def more_of(findings: Iterable[Noted], full: str) -> Text:
    """Return the last line of an answer on one screen: where the rest of it is.

    full  what the full answer shows besides, in words
    """
    codes = [one.code for one in _gravest_first(findings)]
    explained = f"what a code means: isoflop explain {codes[0]} · " if codes else ""
    return dim(f"{explained}--full (in Python .full()) shows {full}")


def interval(estimate: Estimate, digits: int = 3) -> str:
    """Return an estimate's interval, 1.79 – 1.87, in as many digits as its ends need to differ; a dash for none."""
    if estimate.low != estimate.low:  # nan
        return "–"
    enough = digits_apart(estimate.low, estimate.value, estimate.high, digits=digits)
    return f"{show(estimate.low, enough)} – {show(estimate.high, enough)}"
