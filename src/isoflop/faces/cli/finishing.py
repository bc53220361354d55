"""The command for a run in progress: isoflop finish."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.errors import DataError, UsageError
from isoflop.faces.cli.options import share_of
from isoflop.faces.cli.shared import (
    Drawn,
    Full,
    Json,
    Text,
    Words,
    give,
    option,
    print_answer,
    refuse_figure,
    say_waiting,
)
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.beyond.finish import Finish, LossCurve, Schedule

_SHAPE = "How the learning rate goes to the end: constant, cosine, linear, wsd, or a file of step,lr."
_COLUMNS, _PLAN = "Columns", "Schedule"
_SIGMOID = "What was measured, if it is no loss: reward:as-is (a sigmoid), or any other metric."
_FINISHED = "A finished run of the same model and data."
_Measured = Annotated[Text, option("--metric", _SIGMOID, metavar="SPEC")]
_Like = Annotated[Words, option("--like", _FINISHED, metavar="FILE")]
_Stop = Annotated[Text, option("--stop", "Stop now, after a decay over 10% of the steps.", metavar="SHARE")]


def finish(
    curve: Annotated[
        str,
        typer.Argument(
            metavar="CURVE", help="The run's log so far: a tracker's, what it printed, or a table; - is stdin."
        ),
    ],
    steps: Annotated[
        Text, option("--steps", "Where the run ends, in the unit of its rows. [default: as logged]")
    ] = None,
    schedule: Annotated[Text, option("--schedule", _SHAPE, _PLAN)] = None,
    warmup: Annotated[str, option("--warmup", "Steps the rate rises.", _PLAN)] = "0",
    final: Annotated[str, option("--final", "The last rate over the highest.", _PLAN)] = "0",
    decay: Annotated[str, option("--decay", "Share of wsd's decay.", _PLAN)] = "20%",
    peak: Annotated[Text, option("--peak", "The highest rate, if not yet logged.", _PLAN)] = None,
    like: _Like = None,
    what_if: Annotated[Words, option("--what-if", "Another schedule from here on.", metavar="SHAPE")] = None,
    stop: _Stop = None,
    until: Annotated[Text, option("--until", "Leave out rows beyond: what was known then?")] = None,
    x: Annotated[Text, option("--x", "Column of steps.", _COLUMNS)] = None,
    loss: Annotated[Text, option("--loss", "Column of losses.", _COLUMNS)] = None,
    run: Annotated[Text, option("--run", "Which run, of several.", _COLUMNS)] = None,
    rate: Annotated[Text, option("--lr", "Column of rates.", _COLUMNS)] = None,
    metric: _Measured = None,
    level: Annotated[float, option("--level", "Level of the intervals.")] = 0.9,
    follow: Annotated[bool, option("--follow", "Read again as rows arrive, until the end.")] = False,
    every: Annotated[float, option("--every", "Seconds between readings.")] = 5.0,
    output: Drawn = None,
    json: Json = False,
    full: Full = False,
) -> None:
    """Forecast the final loss of a run in progress, under its schedule, others, and if it stopped now."""
    from isoflop.beyond.finish import finish, read_curve

    log = _Log(curve, x, loss, rate, run, None if until is None else parse_quantity(until))
    first = log.read() if steps is None and metric is None else None
    end = _end(steps, first)
    if metric is not None:
        _finish_metric(curve, metric, end, x=x, run=run, until=until, level=level, json=json, full=full)
        return
    plan = None if schedule is None else _schedule(
        schedule, end, warmup=warmup, final=final, decay=decay, peak=peak
    )  # fmt: skip
    past = [read_curve(one, at=x, loss=loss, rate=rate) for one in like or []]
    stopping = None if stop is None else share_of(stop)

    def ask(run: LossCurve) -> Finish:
        return finish(
            run, end=end, schedule=plan, like=past, what_if=what_if or (), stop=stopping, level=level
        )  # fmt: skip

    refuse_figure(curve, output)
    if follow:
        _follow(log, ask, end, every=every, output=output, json=json)
    else:
        _give(ask(log.read() if first is None else first), output, json=json)


def _end(steps: str | None, run: LossCurve | None) -> float:
    """Return where the run ends, as it was said or as its log says it."""
    if steps is not None:
        return parse_quantity(steps)
    if run is None or math.isnan(run.planned):
        raise UsageError("the log does not say where the run ends. Say it, in the unit of its rows: --steps 24000.")
    if run.last >= run.planned:
        raise UsageError(
            f"{run.name} has ended, by its log: at {run.last:g} of {run.planned:g} steps, at a loss of "
            f"{run.loss[-1]:.4f}. Say a later end to go on from there: --steps {2 * run.planned:g}."
        )
    return run.planned


def _finish_metric(
    curve: str,
    metric: str,
    end: float,
    *,
    x: str | None,
    run: str | None,
    until: str | None,
    level: float,
    json: bool,
    full: bool,
) -> None:
    from isoflop.beyond.finish.metric import finish_metric

    last = None if until is None else parse_quantity(until)
    found = finish_metric(curve, metric=metric, end=end, x=x, run=run, until=last, level=level)
    give(found, json=json, full=full)


@dataclass(frozen=True)
class _Log:
    """A run's log, and how to read it."""

    source: str
    x: str | None
    loss: str | None
    rate: str | None
    run: str | None
    until: float | None

    def read(self) -> LossCurve:
        """Return the curve in it; the run goes on, and its last line may be half written."""
        from isoflop.beyond.finish import read_curve

        found = read_curve(self.source, at=self.x, loss=self.loss, rate=self.rate, run=self.run, growing=True)
        return found if self.until is None else found.until(self.until)


def _schedule(shape: str, end: float, *, warmup: str, final: str, decay: str, peak: str | None) -> Schedule:
    from isoflop.beyond.finish import Schedule

    if end != int(min(end, 2**53)) or parse_quantity(warmup) != int(parse_quantity(warmup)):
        raise UsageError("--steps and --warmup must be whole numbers where there is a schedule.")
    highest = None if peak is None else parse_quantity(peak)
    return Schedule(shape, int(end), int(parse_quantity(warmup)), share_of(final), share_of(decay), highest)


def _follow(
    log: _Log, ask: Callable[[LossCurve], Finish], end: float, *, every: float, output: str | None, json: bool
) -> None:
    """Give the forecast again whenever the log has grown, until the run has come to its end."""
    if log.source == "-" or every <= 0:
        raise UsageError("--follow reads a file again, every so many seconds above zero. Name the file.")
    seen, failed = -1.0, ""
    while seen < end:
        try:
            run = log.read()
        except DataError as error:
            # At first there are too few rows; later, a log that is just being replaced is away for one look.
            if (str(error) == failed) if seen >= 0 else not Path(log.source).is_file():
                raise
            if seen < 0 and str(error) != failed:
                say_waiting(str(error))
            failed = str(error)
        else:
            failed = ""
            if run.last > seen:
                seen = run.last
                if seen >= end:
                    typer.echo(f"{run.name} has ended at a loss of {run.loss[-1]:.4f}.", err=json)
                else:
                    _give(ask(run), output, json=json)
                continue
        time.sleep(every)


def _give(found: Finish, output: str | None, *, json: bool) -> None:
    """Print a forecast, and draw it if asked."""
    if output:
        from isoflop.faces.plot import finish_figure, save_figure

        save_figure(finish_figure(found), output)
    print_answer(found, json=json)
