"""The report as Markdown, for a repository or a wiki: the same words and tables, without what moves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isoflop.faces.pages.content import told
from isoflop.faces.report.decision import CHOICES, Decision

if TYPE_CHECKING:
    from isoflop.faces.report.document import Document
    from isoflop.faces.report.parts import Part

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|&~$!])")


def markdown(shown: Document, pictures: Mapping[str, str] | None = None) -> str:
    """Return a report as Markdown; text from the runs stays text.

    pictures  the name of each figure → where it lies beside the document
    """
    drawn = {one.name: f"![{_text(one.alt)}]({pictures[one.name]})" for one in shown.exhibits} if pictures else {}
    above = _decision(shown, shown.decision, drawn) if shown.decision else [_text(shown.words)]
    doubts = [_doubt(one) for one in shown.doubts]
    blocks = [
        f"# {_text(shown.title)}", _text(shown.origin.byline), *above,
        "## What to doubt", "\n".join(doubts) or "Nothing was found against it.",
        *(["## Figures", *(drawn[one.name] for one in shown.evidence)] if drawn and shown.evidence else []),
        *(block for part in shown.parts for block in _blocks(part)),
    ]  # fmt: skip
    return "\n\n".join(filter(None, blocks)) + "\n"


def _decision(shown: Document, one: Decision, drawn: Mapping[str, str]) -> list[str]:
    """Return the answer, how sure it is, what could go wrong and the alternatives."""
    cards = [(card.name, card.value, card.under) for card in one.cards]
    doubts = [_doubt(each) for each in told(one.doubts)]
    return [
        f"**{_text(one.answer)}**", *([_table(("", "", ""), cards)] if cards else []),
        "## How sure is that?", "\n".join(f"- {_text(each)}" for each in one.trust),
        *(drawn[each.name] for each in shown.beside if drawn),
        "## What could go wrong?", "\n".join(doubts) or "Nothing was found against it.",
        *(["## What else could be done?", _table(CHOICES, one.choices)] if one.choices else []),
    ]  # fmt: skip


def _doubt(one: Mapping[str, Any]) -> str:
    return f"- **{one['severity']} {one['code']}** {_text(one['message'])} *{_text(one['remedy'])}*"


def _blocks(part: Part) -> list[str]:
    formula = [f"    {part.formula}"] if part.formula else []  # indented: code, whatever is in it
    return [f"## {_text(part.title)}", *filter(None, [_text(part.said)]), *formula, _table(part.head, part.rows)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str) -> str:
    """Return text on one line, in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
