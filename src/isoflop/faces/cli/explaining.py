"""The command that says what the code of a finding means: explain."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from isoflop.display import group, heading
from isoflop.errors import UsageError, shown
from isoflop.faces.cli.shared import Json, print_json, print_result
from isoflop.faces.pages.codes import explanations


def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code of a finding, such as D09.")],
    json: Json = False,
) -> None:
    """Say what a finding means, when it is raised and what to do: isoflop explain D09."""
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
