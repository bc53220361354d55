"""The command that stays with a run: isoflop watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import takes
from isoflop.faces.cli.shared import Drawn, Json, print_answer, print_json
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.experiments.watch import Machines, Told, Watched
    from isoflop.experiments.watch.following import Asked

_RUN, _PLAN, _GO, _STAY = "The run", "Schedule", "Stop now or go on", "While it runs"
_SHAPE = "constant, cosine, linear, wsd, or a file of step,lr or tokens,lr; else as in the ladder."
_LADDER = "Smaller runs: a table of run,N,step,tokens,lr,loss, or logs; say it again for more."
_ON_ALARM = "Run it once for each new alarm, with the look as JSON on stdin."
ALARM = 5
"""The exit code of --exit-code where somebody should look."""


def _going(flag: str, text: str, *, metavar: str) -> Any:
    return typer.Option(flag, help=text, metavar=metavar, rich_help_panel=_GO)


@dataclass(frozen=True)
class OfRun:
    """What is said of the run, as typed."""

    N: Annotated[str | None, typer.Option("--N", help="Parameters.", rich_help_panel=_RUN)] = None
    D: Annotated[str | None, typer.Option("--D", help="Tokens of the whole run.", rich_help_panel=_RUN)] = None
    steps: Annotated[
        str | None, typer.Option("--steps", help="Where it ends, in the unit of its rows.", rich_help_panel=_RUN)
    ] = None
    schedule: Annotated[str | None, typer.Option("--schedule", help=_SHAPE, rich_help_panel=_PLAN)] = None
    warmup: Annotated[
        str, typer.Option("--warmup", help="Steps, or tokens, the rate rises.", rich_help_panel=_PLAN)
    ] = "0"
    final: Annotated[str, typer.Option("--final", help="The last rate over the highest.", rich_help_panel=_PLAN)] = "0"
    decay: Annotated[str, typer.Option("--decay", help="Share of wsd's decay.", rich_help_panel=_PLAN)] = "20%"

    def told(self, given: dict[str, str]) -> Told:
        """Return what is told of the run; --N comes before N=…."""
        from isoflop.experiments.watch import Told

        typed = {key: value for key in ("N", "D", "steps") if (value := getattr(self, key)) is not None}
        size = {key: parse_quantity(value) for key, value in (given | typed).items()}
        return Told(**size, schedule=self.schedule, warmup=parse_quantity(self.warmup), final=_share(self.final),
                    decay=_share(self.decay))  # fmt: skip


@dataclass(frozen=True)
class Staying:
    """How the run is stayed with, as typed."""

    once: Annotated[bool, typer.Option("--once", help="Look once, and end.", rich_help_panel=_STAY)] = False
    every: Annotated[float, typer.Option("--every", help="Seconds between looks, at least.", rich_help_panel=_STAY)] = (
        10.0
    )
    silent: Annotated[
        float, typer.Option("--silent", help="Minutes without a row after which that is said.", rich_help_panel=_STAY)
    ] = 30.0
    on_alarm: Annotated[
        str | None,
        typer.Option("--on-alarm", metavar="COMMAND", help=_ON_ALARM, rich_help_panel=_STAY),
    ] = None
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="End with 5 if above, in a spike, stalled, diverging.", rich_help_panel=_STAY),
    ] = False


@dataclass(frozen=True)
class Going:
    """What the ways to go on are asked for, as typed."""

    target: Annotated[str | None, _going("--target", "How likely is this loss?", metavar="LOSS")] = None
    stop: Annotated[
        str | None, _going("--stop", "Stop now, after a decay over 10% of what was made.", metavar="SHARE")
    ] = None
    gpus: Annotated[
        str | None, _going("--gpus", "What it trains on: 8xH100. For days and dollars.", metavar="COUNTxDEVICE")
    ] = None
    price: Annotated[str | None, _going("--price", "Dollars for an hour of one device.", metavar="DOLLARS")] = None
    mfu: Annotated[str | None, _going("--mfu", "Share of the peak reached.", metavar="SHARE")] = None

    @property
    def machines(self) -> Machines | None:
        """What it trains on; None where nobody said."""
        from isoflop.compute.devices import MFU
        from isoflop.experiments.watch import Machines

        if self.gpus is None:
            if self.price is not None or self.mfu is not None:
                raise UsageError("a price is of machines. Say which: --gpus 8xH100.")
            return None
        return Machines(
            gpus=self.gpus, price=None if self.price is None else parse_quantity(self.price),
            mfu=MFU if self.mfu is None else _share(self.mfu),
        )  # fmt: skip


@takes(OfRun, "of")
@takes(Going, "going")
@takes(Staying, "stay")
def watch(
    of: OfRun,
    going: Going,
    stay: Staying,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LOG] [N=… D=…]", help="The run's log, of any tracker; none before it starts."),
    ] = None,
    ladder: Annotated[list[str] | None, typer.Option("--ladder", metavar="CURVES", help=_LADDER)] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="FILE", help="A table of steps to tell the expected loss at.")
    ] = None,
    level: Annotated[float, typer.Option("--level", help="Level of the intervals.")] = 0.9,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Stay with a run: the curve that smaller runs foretell, the run beside it, since when it left, where it ends."""
    from isoflop.experiments.watch.following import Asked

    log, given = _words(words or [])
    if not ladder:
        raise UsageError("say the curves of smaller runs: --ladder curves.csv, with run, N, step, tokens, lr, loss.")
    asked = Asked(
        log=log, ladder=tuple(ladder), told=of.told(given), at=None if at is None else _places(at),
        target=None if going.target is None else parse_quantity(going.target),
        stop=None if going.stop is None else _share(going.stop), machines=going.machines, level=level,
    )  # fmt: skip
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
    command = None if stay.on_alarm is None else _command(stay.on_alarm)
    for last in follow(asked, every=stay.every, silent=60 * stay.silent, on_alarm=command):
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
    from isoflop.data.runs.cells import Cells, numbers

    raw = raw_source(path)
    name = next((one for one in raw.names if one.strip().lower() in {"step", "steps", "tokens"}), raw.names[0])
    found = numbers(Cells(raw.source, name, raw.rows, raw.columns[raw.names.index(name)]), quantities=True)
    return [float(one) for one in found]


def _share(word: str) -> float:
    return parse_quantity(word.removesuffix("%")) / (100 if word.endswith("%") else 1)


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
