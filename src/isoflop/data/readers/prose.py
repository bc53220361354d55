"""The one Markdown table in a page of words."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile

from isoflop.data.readers.source import Text
from isoflop.errors import DataError

_DASHES = r"\s*(:?-{2,}:?|:-:?|-:)\s*"
RULE = re.compile(rf"\|?{_DASHES}(\|{_DASHES})*(\|\s*)?$")
"""The line under the header of a Markdown table."""


def table_in_prose(text: Text) -> Text:
    """Return a text with blank lines for all but its Markdown table; as it is where there is none, or no words.

    Raises DataError where there are several tables.
    """
    if "|" not in text.text or "-" not in text.text:
        return text
    lines = text.text.split("\n")
    rules = [row for row, line in enumerate(lines) if row and "|" in line and RULE.match(line.strip())]
    heads = [row - 1 for row in rules if "|" in lines[row - 1]]
    if heads and "\n".join(lines[: heads[0] + 1]).count('"') % 2:
        return text  # a table within a quoted cell
    if len(heads) > 1:
        told = ", ".join(str(row + 1) for row in heads[:5])
        raise DataError(f"{text.source}: has {len(heads)} tables, at lines {told}. Keep the one of the runs in a file.")
    if not heads:
        return text
    end = heads[0] + sum(1 for _ in takewhile(lambda line: "|" in line, lines[heads[0] :]))
    kept = [line if heads[0] <= row < end else "" for row, line in enumerate(lines)]
    return replace(text, text="\n".join(kept))
