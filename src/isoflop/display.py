"""How results look in a terminal and in a notebook: the same tables, in colour where there is colour."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.estimate import Estimate
    from isoflop.findings import Finding

_COLOUR = {"BLOCK": "bold red", "WARN": "yellow", "INFO": "dim"}


def plain(renderable: RenderableType) -> str:
    """Give a table as text without colour."""
    stream = io.StringIO()
    Console(file=stream, width=100, color_system=None, highlight=False).print(renderable)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def html(renderable: RenderableType) -> str:
    """Give a table as HTML for a notebook, every text in it escaped."""
    console = Console(file=io.StringIO(), record=True, width=100, highlight=False)
    console.print(renderable)
    return console.export_html(inline_styles=True, code_format='<pre style="line-height:1.3">{code}</pre>')


def group(*parts: RenderableType) -> Group:
    """Give the parts one below the other."""
    return Group(*parts)


def heading(name: str, rest: str = "") -> Text:
    """Give a line that begins with a name in bold."""
    return Text.assemble((name, "bold"), f"   {rest}" if rest else "")


def bold(text: str) -> Text:
    """Give a text that stands out."""
    return Text(text, style="bold")


def dim(text: str) -> Text:
    """Give a text that steps back."""
    return Text(text, style="dim")


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, words: bool = False, gap: int = 3) -> Table:
    """Give a table whose first column is left-aligned and whose others are numbers, or words."""
    found = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for position, column in enumerate(columns):
        side: Literal["left", "right"] = "right" if position and not words else "left"
        found.add_column(column, justify=side, header_style="dim", no_wrap=position == 0)
    for row in rows:
        found.add_row(*[Text(cell) if isinstance(cell, str) else cell for cell in row])
    return found


def findings_list(findings: Iterable[Finding]) -> Group:
    """Give findings one below the other, the gravest first, each with its remedy; each said once."""
    lines = []
    for finding in sorted(dict.fromkeys(findings), key=lambda one: list(_COLOUR).index(one.severity)):
        line = Text(f"{finding.severity:<5} {finding.code}  ", style=_COLOUR[finding.severity])
        line.append(f"{finding.message.rstrip('.')}. ", style="default")
        line.append(f"{finding.remedy[:1].upper()}{finding.remedy[1:].rstrip('.')}.", style="dim")
        lines.append(line)
    return Group(*lines)


def interval(estimate: Estimate, digits: int = 3) -> str:
    """Give an estimate's interval: 1.79 – 1.87, or a dash where there is none."""
    if estimate.low != estimate.low:  # nan
        return "–"
    return f"{show(estimate.low, digits)} – {show(estimate.high, digits)}"
