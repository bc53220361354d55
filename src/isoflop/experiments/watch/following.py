"""follow: look again as the log grows, at no cost worth naming; what rotates, shrinks or falls silent is no end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from isoflop.data.readers.address import is_address
from isoflop.errors import DataError, UsageError, shown
from isoflop.experiments.watch.options import Machines
from isoflop.experiments.watch.planned import Told
from isoflop.experiments.watch.result import Watched
from isoflop.experiments.watch.watch import Ladder, climb, look
from isoflop.findings import Finding
from isoflop.forecasting.curves.logged import LoggedRun, read_log, read_runs
from isoflop.quantities import show

RARE, CREDIT = 100.0, 20.0
"""Watching takes one in so many seconds of a core at most, beyond so many seconds of it at first: a short run is looked
at often, and one of weeks costs nothing worth naming."""
PATIENCE = 60.0
"""Seconds that a command of --on-alarm may take."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is watched, and what is asked of every look."""

    log: str | None
    ladder: tuple[str, ...]
    told: Told
    at: Sequence[float] | None = None
    target: float | None = None
    stop: float | None = None
    machines: Machines | None = None
    level: float = 0.9

    def look(self, run: LoggedRun | None, behind: Ladder) -> Watched:
        """Return one look at the run."""
        return look(run, behind, at=self.at, target=self.target, stop=self.stop, machines=self.machines,
                    level=self.level)  # fmt: skip


def look_once(asked: Asked) -> Watched:
    """Return the run as it stands in its log now."""
    run = None if asked.log is None else read_log(asked.log, asked.told.run)
    return asked.look(run, climb(run, read_runs(asked.ladder), asked.told))


def looks_back(asked: Asked, count: int) -> list[Watched]:
    """Return what looks at a log would have said: before its first row, and at so many of its rows up to the last.

    They say state and end alone, not what the ways to go on bring.
    """
    run = read_log(str(asked.log), asked.told.run)
    behind = climb(run, read_runs(asked.ladder), asked.told)
    rows = np.unique(np.linspace(0, len(run.at), count + 1).round().astype(int))
    return [look(as_it_was(run, row) if row else None, behind, level=asked.level) for row in rows.tolist()]


def as_it_was(run: LoggedRun, rows: int) -> LoggedRun:
    """Return a run as it stood when it had so many rows."""

    def first(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[:rows]

    last = float(run.at[rows - 1])
    return replace(run, loss=run.loss[:rows], step=first(run.step), tokens=first(run.tokens), rates=first(run.rates),
                   lost=tuple(one for one in run.lost if one <= last))  # fmt: skip


def follow(
    asked: Asked,
    *,
    every: float,
    silent: float,
    on_alarm: Sequence[str] | None = None,
    waiting: Callable[[str], None] = lambda _: None,
) -> Iterator[Watched]:
    """Yield a look whenever the log has grown, until the run has ended; a look that it has fallen silent, once.

    every     seconds between looks at least
    silent    seconds without a new row after which that is said
    on_alarm  a command that gets each new alarm, as JSON on its standard input
    waiting   is told why there is nothing to look at yet, and again only where the reason is another
    """
    if every <= 0:
        raise UsageError(f"--every {every:g} must be some seconds above zero.")
    if asked.log == "-":
        raise UsageError("watch reads a file again and again. Name it, or say --once.")
    if is_address(asked.log):
        raise UsageError("watch follows a log on this machine. Copy it here as it grows, or say --once.")
    curves = read_runs(asked.ladder)
    behind: Ladder | None = None
    kept: LoggedRun | None = None
    told: object = None
    seen: object = None
    reason = ""
    begun = grew = time.monotonic()
    spent, quiet = time.thread_time(), False
    while True:
        mark = _mark(str(asked.log))
        run, why = _try(str(asked.log), asked.told.run) if mark != seen else (None, "")
        if kept is None and why and why != reason:
            reason = why
            waiting(why)
        if run is not None:
            before, kept = kept, joined(kept, run)
            seen = mark
            if before is None or kept.at[-1:].tolist() != before.at[-1:].tolist() or kept.lost != before.lost:
                grew, quiet = time.monotonic(), False
                behind = behind or climb(kept, curves, asked.told)
                found = asked.look(kept, behind)
                told = _tell(found, told, on_alarm)
                yield found
                if found.state == "ended":
                    return
        if kept is not None and behind is not None and not quiet and time.monotonic() - grew > silent:
            quiet = True
            found = _silent(asked.look(kept, behind), time.monotonic() - grew)
            _run(on_alarm, found)
            yield found
        owed = time.thread_time() - spent - CREDIT - (time.monotonic() - begun) / RARE
        time.sleep(max(every, RARE * owed))


def joined(before: LoggedRun | None, now: LoggedRun) -> LoggedRun:
    """Return the rows of a log with those of before that a rotation took away; what was written anew stands."""
    if before is None or not len(now.at) or not len(before.at) or before.unit != now.unit or now.at[0] <= before.at[0]:
        return now
    old = before.at < now.at[0]

    def both(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
        return None if first is None or second is None else np.concatenate([first[old], second])

    return replace(now, loss=np.concatenate([before.loss[old], now.loss]), step=both(before.step, now.step),
                   tokens=both(before.tokens, now.tokens), rates=both(before.rates, now.rates))  # fmt: skip


def _mark(log: str) -> tuple[object, ...]:
    """Return what changes when a log does: of a folder, the newest and the size of all in it."""
    path = Path(log)
    try:
        files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
        stats = [one.stat() for one in files]
    except OSError:
        return ()
    return (len(files), sum(one.st_size for one in stats), max((one.st_mtime_ns for one in stats), default=0),
            tuple(one.st_ino for one in stats[:8]))  # fmt: skip


def _try(log: str, name: str | None) -> tuple[LoggedRun | None, str]:
    """Return the run in a log; None, and why, while it is away, torn, or has no rows yet."""
    try:
        found = read_log(log, name)
    except DataError as error:
        return None, str(error)
    except OSError as error:
        return None, f"{shown(log)}: cannot be read ({error.strerror})."
    return (found, "") if len(found.at) or found.lost else (None, f"{shown(log)}: has no row yet.")


def _tell(found: Watched, told: object, command: Sequence[str] | None) -> object:
    """Run the command for an alarm that is new, and return what was told."""
    if not found.alarming:
        return None
    if found.state != told:
        _run(command, found)
    return found.state


def _run(command: Sequence[str] | None, found: Watched) -> None:
    if command is None:
        return
    from isoflop.fitting.saved import to_json

    try:
        subprocess.run(  # noqa: S603 - the user's own words, and no shell
            list(command), input=to_json(found.as_dict()).encode(), timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        os.write(2, f"isoflop: --on-alarm did not run ({type(error).__name__}).\n".encode())


def _silent(found: Watched, seconds: float) -> Watched:
    """Return a look with the finding that no row has come for some time."""
    said = Finding("W13", "WARN", f"no new row for {show(seconds / 60)} minutes: the run, or its log, has stopped",
                   "see whether the job still runs")  # fmt: skip
    return replace(found, findings=(*found.findings, said))
