"""What every command is: an option is said once, and -o writes where it may and nowhere else."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from isoflop.errors import UsageError
from isoflop.faces.cli.figure_form import OPTIONS, draws, form_said
from isoflop.files import STANDARD, check_output, replacing
from isoflop.quantities import refuse_beyond

ALIASES = {"inference": "test-time"}
"""Other names of commands; --help does not show them."""
_EMOJI = re.compile(r":(?=\w+:)")
"""The colon before what Rich may take for the name of an emoji."""
_GROWS = "study.toml"
"""A file that commands may add to, so that what stands there need not be isoflop's."""
_FORCE = inspect.Parameter(
    "force", inspect.Parameter.KEYWORD_ONLY, default=False,
    annotation=Annotated[bool, typer.Option("--force", help="Let -o replace any file; the old one is kept as .bak.")],
)  # fmt: skip


_POWER = re.compile(r"(?<![\w.])[+-]?[0-9.]+[eE][+-]?[0-9]+(?![\w.])")
"""A number with an exponent, alone or within the words of an option: 1e22, huber:1e-3, 1e20:1e22, alpha=0.3e0."""
_DRAWN = {".png", ".svg"}
"""Suffixes of files that are figures and nothing else."""
_FORMULAS = {"law", "where"}
"""Options whose numbers are constants of a formula, of whatever size."""


def _refuse_slips(name: str, value: Any) -> None:
    """Refuse numbers that count nothing there is, whatever option they were typed for."""
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, float):
            refuse_beyond(f"{name} {one:g}", one)
        for found in _POWER.findall(one) if isinstance(one, str) else ():
            with suppress(ValueError):
                refuse_beyond(f'"{found}"', float(found))


RENAMED = {
    "cost": {"--on": "--gpus", "--experts-per-token": "--top-k"},
    "grid": {"--budgets": "--flops"},
    "plan": {"--hardware": "--gpus"},
    "recipes": {"--hardware": "--gpus"},
    "report": {"--hardware": "--gpus"},
    "test-time": {"--hardware": "--gpus", "--price-per-million": "--price-per-Mtok"},
}
"""A command's options by their old names, which go with version 1.0, and what they are called now."""


def _now(word: str, names: Mapping[str, str]) -> str:
    """Return a word with the name that an option has now, and say so on standard error."""
    option, sign, value = word.partition("=")
    if option not in names:
        return word
    typer.echo(f"isoflop: {option} is called {names[option]} now, and goes with version 1.0.", err=True)
    return f"{names[option]}{sign}{value}"


class Command(TyperCommand):
    """A command that refuses an option said twice, unless it gathers what it is told: the first would be forgotten.

    And numbers that are slips, in whatever option. An option's old name is taken for its new one.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of a command, each option of one value at most once."""
        name = self.name or ""
        args = [_now(word, RENAMED.get(ALIASES.get(name, name), {})) for word in args]
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for place, one in enumerate(order):
            if one in order[:place] and not getattr(one, "multiple", False):
                raise UsageError(f"{max(one.opts, key=len)} is given twice. Say it once.")
        rest = super().parse_args(ctx, args)
        for one in self.params:
            if one.name not in _FORMULAS:
                _refuse_slips(f"--{one.name}".replace("_", "-"), ctx.params.get(one.name or ""))
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show what options do as it is written: no brackets are lost, and accuracy:up:1 is no emoji."""
        from rich.markup import escape

        for one in self.params:
            if text := getattr(one, "help", None):
                one.help = _EMOJI.sub(":[bold][/bold]", escape(text))  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


def add(app: typer.Typer, name: str, command: Callable[..., Any] | typer.Typer, *, panel: str | None = None) -> None:
    """Add a command, or a group of commands, to the command line by its name; --help leaves out one without a panel."""
    if not isinstance(command, typer.Typer):
        settings = getattr(command, "settings", None)
        app.command(name, cls=Command, hidden=panel is None, rich_help_panel=panel, context_settings=settings)(
            _writing(command)
        )
        return
    group = typer.Typer(no_args_is_help=True, help=command.info.help)
    for one in command.registered_commands:
        if one.callback is not None:
            add(group, one.name or one.callback.__name__.replace("_", "-"), one.callback, panel="Commands")
    app.add_typer(group, name=name, rich_help_panel=panel)


def _writing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that has -o its --force, and see to where it writes before any work is done.

    With `-o -` the file goes to standard output, and what the command would print there to standard error.
    """
    signature = inspect.signature(command, eval_str=True)
    if "output" not in signature.parameters:
        return command

    figure = draws(signature)
    tabled = not figure and signature.parameters["output"].default is None  # a demo draws, in a form of its own

    @wraps(command)
    def called(*, force: bool, **given: Any) -> Any:
        if not figure:
            return written(given, force=force)
        with form_said(given):
            return written(given, force=force)

    def written(given: dict[str, Any], *, force: bool) -> Any:
        output = given["output"]
        if output and tabled and Path(output).suffix.lower() in _DRAWN:
            raise UsageError(f"{output}: this command writes no figure. isoflop plot draws one.")
        if output != STANDARD:
            with replacing(force=force):
                if output and Path(output).name != _GROWS:
                    check_output(output)
                return command(**given)
        if given.get("json"):
            raise UsageError("--json and -o - would both write to standard output. Say one of them.")
        with replacing(force=force, stdout=sys.stdout.buffer), redirect_stdout(sys.stderr):
            return command(**given)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in signature.parameters.values()]
    parameters += [_FORCE, *(OPTIONS if figure else ())]
    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in parameters}
    return called
