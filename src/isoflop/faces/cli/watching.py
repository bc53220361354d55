"""The command that stays with a run: isoflop watch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.data.runs.cells import Cells, numbers
from isoflop.errors import UsageError
from isoflop.faces.cli.options import share_of, takes
from isoflop.faces.cli.serving import PORT, Browser, Port, open_page
from isoflop.faces.cli.shared import Drawn, Json, Text, Words, option, print_answer, print_json, say_waiting
from isoflop.faces.cli.watched_run import EVERY, LADDER, SILENT, Going, OfRun, curves_behind
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.experiments.watch import Watched
    from isoflop.experiments.watch.following import Asked

_STAY = "While it runs"
_ON_ALARM = "Run it once for each new alarm, with the look as JSON on stdin."
ALARM = 5
"""The exit code of --exit-code where somebody should look."""


@dataclass(frozen=True)
class Staying:
    """How the run is stayed with, as typed."""

    once: Annotated[bool, option("--once", "Look once, and end.", _STAY)] = False
    every: Annotated[float, option("--every", "Seconds between looks, at least.", _STAY)] = EVERY
    silent: Annotated[float, option("--silent", "Minutes without a row after which that is said.", _STAY)] = SILENT
    on_alarm: Annotated[
        Text,
        option("--on-alarm", _ON_ALARM, _STAY, metavar="COMMAND"),
    ] = None
    exit_code: Annotated[
        bool,
        option("--exit-code", "End with 5 if above, in a spike, stalled, diverging.", _STAY),
    ] = False

    @property
    def command(self) -> list[str] | None:
        """The words of --on-alarm; None where it is not said."""
        return None if self.on_alarm is None else _command(self.on_alarm)


@takes(OfRun, "of")
@takes(Going, "going")
@takes(Staying, "stay")
def watch(
    of: OfRun,
    going: Going,
    stay: Staying,
    words: Annotated[
        Words,
        typer.Argument(metavar="[LOG] [N=… D=…]", help="The run's log, of any tracker; none before it starts."),
    ] = None,
    ladder: Annotated[Words, option("--ladder", LADDER, metavar="CURVES")] = None,
    at: Annotated[Text, option("--at", "A table of steps to tell the expected loss at.", metavar="FILE")] = None,
    level: Annotated[float, option("--level", "Level of the intervals.")] = 0.9,
    web: Annotated[bool, option("--web", "Follow it on a page, served on this machine for you alone.")] = False,
    port: Port = PORT,
    browser: Browser = True,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Stay with a run: the curve that smaller runs foretell, the run beside it, since when it left, where it ends."""
    from isoflop.experiments.watch.following import Asked

    log, given = _words(words or [])
    asked = Asked(
        log=log, ladder=curves_behind(ladder), told=of.told(given), at=None if at is None else _places(at),
        target=None if going.target is None else parse_quantity(going.target),
        stop=None if going.stop is None else share_of(going.stop), machines=going.machines, level=level,
    )  # fmt: skip
    if web:
        if log is None or output or json or stay.once or stay.exit_code:
            raise UsageError(
                "--web follows a log on a page. Name the log, and leave out --once, --json, -o, --exit-code."
            )
        from isoflop.experiments.watch.options import STOP

        asked = replace(asked, stop=STOP if asked.stop is None else asked.stop)
        open_page({}, port=port, browser=browser, asked=asked, every=stay.every, silent=60 * stay.silent,
                  on_alarm=stay.command)  # fmt: skip
        return
    if output:
        from isoflop.faces.plot import figure_format

        figure_format(output)
    found = _stay(asked, stay, output=output, json=json)
    if stay.exit_code and found is not None and found.alarming:
        raise typer.Exit(ALARM)


def _stay(asked: Asked, stay: Staying, *, output: str | None, json: bool) -> Watched | None:
    """Look once, or as often as the log grows, print each look, and return the last."""
    from isoflop.experiments.watch.following import follow, look_once

    if stay.once or asked.log is None:
        found = look_once(asked)
        _give(found, output, json=json)
        return found
    last: Watched | None = None
    for last in follow(asked, every=stay.every, silent=60 * stay.silent, on_alarm=stay.command, waiting=say_waiting):
        _give(last, output, json=json, line=True)
    return last


def _words(words: list[str]) -> tuple[str | None, dict[str, str]]:
    """Return the log, if one is named, and what is told as N=… D=…."""
    given = dict(word.split("=", 1) for word in words if word.split("=", 1)[0] in {"N", "D", "steps"} and "=" in word)
    logs = [word for word in words if word.split("=", 1)[0] not in {"N", "D", "steps"} or "=" not in word]
    if len(logs) > 1:
        raise UsageError(f"watch takes one log; {len(logs)} are named ({', '.join(logs[:4])}). Smaller runs: --ladder.")
    return (logs[0] if logs else None), given


def _places(path: str) -> list[float]:
    """Return the column step (or tokens, or the only one) of a table of places."""
    from isoflop.data.readers.table import raw_source

    raw = raw_source(path)
    name = next((one for one in raw.names if one.strip().lower() in {"step", "steps", "tokens"}), raw.names[0])
    found = numbers(Cells(raw.source, name, raw.rows, raw.columns[raw.names.index(name)]), quantities=True)
    return [float(one) for one in found]


def _command(text: str) -> list[str]:
    """Return the words of a command: no shell ever sees them."""
    import shlex

    try:
        found = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--on-alarm {text}: {error}. Quote it as a shell would.") from None
    if not found:
        raise UsageError("--on-alarm needs a command, as in --on-alarm ./tell-me.")
    return found


def _give(found: Watched, output: str | None, *, json: bool, line: bool = False) -> None:
    """Print a look, and draw it if asked: whole, or in one line while the run goes on."""
    if output:
        from isoflop.faces.plot import save_figure, watch_figure

        save_figure(watch_figure(found), output)
    if line and json:
        from isoflop.fitting.saved import to_json

        typer.echo(" ".join(to_json(found.as_dict()).split("\n")))
    elif line:
        typer.echo(found.line())
    elif json:
        print_json(found.as_dict())
    else:
        print_answer(found, json=False)
