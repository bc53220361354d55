"""The command that prints what a command's --json obeys, as JSON Schema: schema."""

from __future__ import annotations

import json as json_
import re
from difflib import get_close_matches
from importlib.resources import files
from typing import Annotated, Any

import typer

from isoflop.display import table
from isoflop.errors import UsageError, shown
from isoflop.faces.cli.shared import Words, print_json, print_result

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = re.compile(r'"#/\$defs/(\w+)"')


def schema(
    command: Annotated[Words, typer.Argument(metavar="COMMAND", help="A command; none lists them.")] = None,
) -> None:
    """Print the JSON Schema of what a command prints with --json: isoflop schema plan, isoflop schema design next."""
    if command:
        print_json(schema_of(" ".join(command)))
        return
    version = str(_document()["version"])
    print_result(table(["command", "version of its schema"], [(name, version) for name in _document()["commands"]]))


def schema_of(command: str) -> dict[str, Any]:
    """Return the JSON Schema of what a command prints with --json, whole in itself; raises UsageError for others."""
    known = _document()
    if command not in known["commands"]:
        near = get_close_matches(command, known["commands"], n=1)
        hint = f'Did you mean "{near[0]}"?' if near else "isoflop schema lists them."
        raise UsageError(f'no command "{shown(command)}" prints JSON. {hint}')
    found: dict[str, Any] = {}
    own, wanted = known["commands"][command], {""}
    while wanted:  # what it refers to, and what that refers to
        found |= {name: known["$defs"][name] for name in wanted if name}
        wanted = set(_REFERENCE.findall(json_.dumps([own, found]))) - set(found)
    name = f"urn:isoflop:schema:{known['version']}:{command.replace(' ', '-')}"
    return {
        "$schema": _DRAFT,
        "$id": name,
        "title": f"isoflop {command} --json",
        **own,
        "$defs": dict(sorted(found.items())),
    }


def _document() -> dict[str, Any]:
    text = (files("isoflop") / "faces" / "cli" / "schemas.json").read_text(encoding="utf-8")
    return dict(json_.loads(text))
