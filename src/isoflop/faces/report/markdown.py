"""The report as Markdown, for a repository or a wiki: the same words and tables, without what moves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from isoflop.faces.report.parts import Part, parts

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|&~$!])")


def markdown(data: Mapping[str, Any], command: str) -> str:
    """Return the report of what `isoflop.pages.content` gives as Markdown; text from the runs stays text."""
    doubts = [f"- **{one['severity']} {one['code']}** {_text(one['message'])} *{_text(one['remedy'])}*"
              for one in data["findings"]]  # fmt: skip
    blocks = [
        f"# {_text(data['name'])}", _text(data["words"]),
        "## What to doubt", "\n".join(doubts) or "Nothing was found against it.",
        *(block for part in parts(data, command) for block in _blocks(part)),
    ]  # fmt: skip
    return "\n\n".join(blocks) + "\n"


def _blocks(part: Part) -> list[str]:
    formula = [f"    {part.formula}"] if part.formula else []  # indented: code, whatever is in it
    return [f"## {_text(part.title)}", *filter(None, [_text(part.said)]), *formula, _table(part.head, part.rows)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str) -> str:
    """Return text on one line, in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
