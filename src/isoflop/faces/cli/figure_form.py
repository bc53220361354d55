"""The options of every command that draws: how wide, in which letters, with or without title and colours."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from isoflop.errors import UsageError

_PANEL = "Figures"
_DRAWN = {".png", ".svg", ".pdf"}


def _option(name: str, kind: Any, default: Any, words: str, *, metavar: str | None = None) -> inspect.Parameter:
    said = typer.Option(f"--{name.replace('_', '-')}", help=words, metavar=metavar, rich_help_panel=_PANEL)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, said])


OPTIONS = (
    _option("width", str | None, None, "Inches, cm or mm across: 3.5in, 89mm. Letters shrink to 7 points at least.",
            metavar="WIDTH"),
    _option("font", str | None, None, "A family that is installed.", metavar="NAME"),
    _option("dpi", int, 300, "Dots an inch of a PNG."),
    _option("no_title", bool, False, "Leave title and explanation to the caption."),
    _option("panel", str, "", "A letter in the corner.", metavar="LETTER"),
    _option("grey", bool, False, "Draw without colours."),
)  # fmt: skip
"""What the signature of a command that draws is given."""


def draws(signature: inspect.Signature) -> bool:
    """Return whether a command with this signature draws what -o names: its help speaks of a PNG."""
    output = signature.parameters.get("output")
    said = getattr(output.annotation, "__metadata__", ()) if output else ()
    return any(".png" in (getattr(one, "help", None) or "") for one in said)


@contextmanager
def form_said(given: dict[str, Any]) -> Iterator[None]:
    """Take the options above out of what a command was given, and draw in the form that they say."""
    said: Mapping[str, Any] = {one.name: given.pop(one.name, one.default) for one in OPTIONS}
    changed = [one.name for one in OPTIONS if said[one.name] != one.default]
    if not changed:
        yield
        return
    output = given.get("output")
    if (given["output"] is None and "kind" not in given) or (output and Path(output).suffix.lower() not in _DRAWN):
        raise UsageError(f"--{changed[0].replace('_', '-')} is for figures. Name one with -o, as in -o figure.pdf.")
    from isoflop.faces.plot.look import Form, drawn_as, inches

    width = None if said["width"] is None else inches(said["width"])
    if not 30 <= said["dpi"] <= 2400:
        raise UsageError(f"--dpi {said['dpi']} is no resolution. Say one from 30 to 2400, as in --dpi 300.")
    form = Form(
        width=width, font=said["font"] or Form.font, dpi=said["dpi"], title=not said["no_title"], panel=said["panel"],
        grey=said["grey"],
    )  # fmt: skip
    with drawn_as(form):
        yield
