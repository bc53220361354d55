"""What the code of each finding means, from the page of findings in the documentation."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

_ROW = re.compile(r"^\| ([A-Z]\d\d) \| (.*?) \|$", re.MULTILINE)


def explanations() -> dict[str, str]:
    """Return each code with what the page of findings says of it, as plain text."""
    text = _page()
    cells = ((code, rest.split(" | ")) for code, rest in _ROW.findall(text))
    return {code: ". ".join(cell.strip(" .") for cell in row if cell.strip()).replace("`", "") for code, row in cells}


def _page() -> str:
    """Return the page of findings: in the package, or in docs/ beside an editable install."""
    inside = files("isoflop") / "findings.md"
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return (Path(__file__).parents[4] / "docs" / "findings.md").read_text(encoding="utf-8")
