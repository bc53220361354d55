"""The command that says what the code of a finding means: explain."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from isoflop.errors import UsageError, shown
from isoflop.faces.cli.shared import Json, print_json, print_result

_ROW = re.compile(r"^\| ([A-Z]\d\d) \| (.*?) \|$", re.MULTILINE)


def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code of a finding, such as D09.")],
    json: Json = False,
) -> None:
    """Say what a finding means, when it is raised and what to do: isoflop explain D09."""
    from isoflop.display import group, heading

    found = explanations()
    wanted = code.strip().upper()
    if wanted not in found:
        near = get_close_matches(wanted, found, n=1)
        hint = f" Did you mean {near[0]}?" if near else " Findings print their code beside them."
        raise UsageError(f'there is no finding "{shown(code)}".{hint}')
    if json:
        print_json({"code": wanted, "explanation": found[wanted]})
    else:
        print_result(group(heading(wanted), found[wanted]))


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
