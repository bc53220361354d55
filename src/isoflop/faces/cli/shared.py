"""What the commands share: their arguments, how results are printed, how a BLOCK ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from isoflop.display import View, console, sentence
from isoflop.errors import UntrustedError, UsageError

if TYPE_CHECKING:
    from isoflop.findings import Finding


def _version(asked: bool) -> None:
    if asked:
        from isoflop import __version__

        typer.echo(" ".join(filter(None, [f"isoflop {__version__}", _commit()])))
        raise typer.Exit


def _commit() -> str:
    """Return the commit that is installed, in brackets, if it came from a checkout or a repository; else nothing."""
    import json
    import subprocess
    from importlib.metadata import PackageNotFoundError, distribution

    with suppress(PackageNotFoundError, ValueError, KeyError):
        origin = json.loads(distribution("isoflop").read_text("direct_url.json") or "{}")
        return f"({origin['vcs_info']['commit_id'][:12]})"
    home = Path(__file__).parents[4]
    with suppress(OSError, subprocess.SubprocessError):
        if (home / ".git").exists():
            asked = ["git", "-C", str(home), "rev-parse", "--short=12", "HEAD"]
            found = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=5)  # noqa: S603
            return f"({found.stdout.strip()})"
    return ""


def introduce(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Fit scaling laws to your training runs, forecast the next one, plan the budget."""


def option(flags: str, told: str, panel: str = "", *, metavar: str = "") -> Any:
    """Return an option of a command: "-o --output", what --help says of it and under which heading."""
    return typer.Option(*flags.split(), help=told, rich_help_panel=panel or None, metavar=metavar or None)


Text = str | None
"""What an option may be given; nothing unless said."""
Words = list[str] | None
"""What one may be given that can be said again."""

Runs = Annotated[
    str, typer.Argument(metavar="RUNS", help="A table of runs (- is stdin), logs of training, a study or a dataset.")
]
Source_ = Annotated[
    str,
    typer.Argument(metavar="RUNS_OR_FIT_OR_CURVE", help="Runs, a fit saved with -o, or a curve such as besiroglu2024."),
]
Where = Annotated[
    list[str] | None,
    option("--where", "Keep these runs: 'D/N > 0.5'; said twice, those for which both hold.", metavar="EXPR"),
]
Drawn = Annotated[str | None, option("-o --output", "Draw it: a name ending in .png, .svg or .pdf.", metavar="FILE")]
Json = Annotated[bool, option("--json", "Print JSON.")]
Full = Annotated[bool, option("--full", "Print everything, not the one screen of the answer.")]


class Answer(Protocol):
    """What a command finds: data, and how it looks in a terminal."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""

    def __rich__(self) -> View:
        """Return it as it looks in a terminal."""


def conjunction(conditions: Sequence[str] | None) -> str | None:
    """Return the condition that all of several conditions hold; None if there is none."""
    from isoflop.formula.parse import parse_condition

    if not conditions or len(conditions) == 1:
        return conditions[0] if conditions else None
    for one in conditions:
        parse_condition(one)  # so that a bracket too many cannot reach into the next
    return " and ".join(f"({one})" for one in conditions)


def print_result(renderable: View) -> None:
    """Print a result as it looks in this terminal; elsewhere without the spaces that fill its columns up."""
    screen = console()
    if screen.is_terminal:
        screen.print(renderable)
        return
    with screen.capture() as kept:
        screen.print(renderable)
    screen.file.write("".join(f"{line.rstrip()}\n" for line in kept.get().splitlines()))


def print_json(value: Any) -> None:
    """Print a result as one JSON document."""
    from isoflop.fitting.saved import to_json

    typer.echo(to_json(value))


def print_answer(found: Answer, *, json: bool, full: bool = False) -> None:
    """Print what a command found: as JSON, or as it looks in this terminal, in full where that is more."""
    if json:
        print_json(found.as_dict())
    else:
        print_result(in_full(found) if full else found)


def give(found: Any, *, json: bool, output: str | None = None, full: bool = False) -> None:
    """Draw an answer where -o said so, print it, and end with exit code 4 if one of its findings blocks."""
    draw(found, output)
    print_answer(found, json=json, full=full)
    stop_on_block(getattr(found, "findings", ()))


def draw(found: Any, output: str | None) -> None:
    """Draw an answer where -o said so."""
    if output is not None:
        from isoflop.faces.plot import save_figure

        save_figure(found.plot(), output)


def in_full(found: Any) -> View:
    """Return all that is known of an answer that shows one screen of it, and any other as it is."""
    whole: View = found.full() if hasattr(found, "full") else found
    return whole


def say_waiting(why: str) -> None:
    """Say on standard error why a command that follows a log has nothing to print yet, and how to end it."""
    typer.echo(f"isoflop: waiting for the first row (Ctrl-C ends it): {why}", err=True)


def blocked(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that stand in the way of an answer."""
    return [one for one in findings if one.severity == "BLOCK"]


def stop_on_block(findings: Iterable[Finding]) -> None:
    """End with exit code 4 if a finding blocks."""
    for one in blocked(findings):
        raise UntrustedError(f"not to be trusted ({one.code}): {one.message.rstrip('.')}. {sentence(one.remedy)}")


def dollars(text: str) -> str:
    """Take the currency off an amount: only dollars are known."""
    amount = text.strip().removeprefix("$").removesuffix("USD").removesuffix("dollars").strip()
    if (amount[-1:].isalpha() and amount[-2:-1].isalpha()) or any(sign in amount for sign in "€£¥"):
        raise UsageError(f"\"{text}\" is not in US dollars. Say --budget '2M USD'.")
    return amount


def refuse_overwriting(runs: str, output: str) -> None:
    """Refuse an output that is no name, or that is the very file the runs are in."""
    if not output:
        raise UsageError("-o needs the name of a file, as in -o fit.json.")
    with suppress(OSError, ValueError):  # one of them does not exist, or is a name that no file can have
        if Path(runs).samefile(output):
            raise UsageError(f"-o {output} would overwrite the runs. Say another name, as in -o fit.json.")


def refuse_figure(runs: str, output: str | None) -> None:
    """Refuse, before any work, a figure over the runs' own file, or of a format that is none of ours."""
    if output is None:
        return
    from isoflop.faces.plot import figure_format

    refuse_overwriting(runs, output)
    figure_format(output)
