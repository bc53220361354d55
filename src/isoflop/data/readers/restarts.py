"""Restarts: a job that died and went on from an earlier step has left an end that no longer counts.

A source writes points in order: (position, step) for each metric. Where a metric comes again at an earlier step than
it had reached, the job went back to a checkpoint, and with it every metric: what any of them had at that step or
beyond, written before, is of the abandoned attempt. An evaluation that is only logged late does not go back: its own
steps still rise. A source may also say itself where it restarted (TensorBoard's purge_step).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from isoflop.data.readers.logs import Logged, Series, series
from isoflop.errors import shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

_PIECE = 2.0**40
"""More points than any piece of a run has."""
_NOT_FIRST, _NEXT = 3, 2
"""A run that begins so many logging intervals in was resumed; so many after another's end, it goes on from there."""
Written = tuple[Array, Array, Array]
"""Of one metric, in the order of writing: position in the source, step, value; each (points,)."""


def standing(written: Mapping[str, Written], purges: Iterable[tuple[float, float]] = ()) -> dict[str, Series]:
    """Return the metrics without what a restart has made void.

    purges  (position, step) at which the source itself says that it restarted
    """
    events = _restarts(written, sorted(purges))
    if not events:
        return {key: series(steps, values) for key, (_, steps, values) in written.items()}
    places = np.array([place for place, _ in events])
    # The lowest step that any restart after a position went back to, by suffix minimum: beyond it nothing stands.
    lowest = np.append(np.minimum.accumulate(np.array([step for _, step in events])[::-1])[::-1], np.inf)
    kept: dict[str, Series] = {}
    for key, (where, steps, values) in written.items():
        stands = steps < lowest[np.searchsorted(places, where, side="right")]
        if stands.any():
            kept[key] = series(steps[stands], values[stands])
    return kept


def _restarts(written: Mapping[str, Written], purges: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return (position, step) of each restart, by position: those the source states and those its metrics show."""
    shown: list[tuple[float, float, float, float]] = []
    for where, steps, _ in written.values():
        back = np.flatnonzero(np.diff(steps) < 0)
        rows = zip(where[back + 1], steps[back + 1], where[back], steps[back], strict=True)
        shown += [(float(place), float(step), float(before), float(reached)) for place, step, before, reached in rows]
    shown += [(place, step, -np.inf, np.inf) for place, step in purges]
    found: list[tuple[float, float]] = []
    for place, step, before, reached in sorted(shown):
        if before == -np.inf or not _void_already(found, before, reached):
            found.append((place, step))
    return found


def _void_already(found: list[tuple[float, float]], before: float, reached: float) -> bool:
    """Return whether the point (before, reached) was made void by a restart that came after it."""
    for place, step in reversed(found):
        if place <= before:
            return False
        if step <= reached:
            return True
    return False


def one_run(pieces: Sequence[Logged]) -> Logged:
    """Return the run that was logged in several pieces, in order: what a later one logged again counts."""
    if len(pieces) == 1:
        return pieces[0]
    written: dict[str, list[Written]] = {}
    for number, piece in enumerate(pieces):
        for key, found in piece.metrics.items():
            places = number * _PIECE + np.arange(len(found.steps), dtype=np.float64)
            written.setdefault(key, []).append((places, found.steps, found.values))
    metrics = standing({key: _concatenated(parts) for key, parts in written.items()})
    last = pieces[-1]
    said = Finding(
        "D22", "INFO", f"{shown(last.name)} was resumed: what {len(pieces)} files hold of it is read as one run",
        "name one file to read that piece alone",
    )  # fmt: skip
    config = {key: cell for piece in pieces for key, cell in piece.config.items()}
    summary = {key: cell for piece in pieces for key, cell in piece.summary.items()}
    again = any(len(parts) > 1 for parts in written.values())
    doubts = tuple(dict.fromkeys([*(one for piece in pieces for one in piece.doubts), *([said] if again else [])]))
    return replace(last, config=config, summary=summary, metrics=metrics, doubts=doubts)


def _concatenated(parts: Sequence[Written]) -> Written:
    where, steps, values = zip(*parts, strict=True)
    return np.concatenate(where), np.concatenate(steps), np.concatenate(values)


def goes_on(later: Logged, earlier: Logged) -> bool:
    """Say whether a run goes on where another stopped: it does not begin at the beginning, but right after its end."""
    steps = [found.steps for found in later.metrics.values() if len(found.steps)]
    if not steps or math.isnan(earlier.last_step):
        return False
    first = min(float(one[0]) for one in steps)
    between = min((float(np.median(np.diff(one))) for one in steps if len(one) > 1), default=0.0)
    gap = first - earlier.last_step
    return first > _NOT_FIRST * max(between, 1.0) and 0 < gap <= _NEXT * max(between, 1.0)


class Recorder:
    """Takes in points in the order of writing, for readers that go through a source line by line."""

    def __init__(self) -> None:
        self.points: dict[str, tuple[list[float], list[float], list[float]]] = {}
        self.purges: list[tuple[float, float]] = []
        self.count = 0

    def add(self, key: str, step: float, value: float) -> None:
        """Take in one value of a metric at a step."""
        places, steps, values = self.points.setdefault(key, ([], [], []))
        places.append(float(self.count))
        steps.append(step)
        values.append(value)
        self.count += 1

    def metrics(self) -> dict[str, Series]:
        """Return the metrics, without what a restart has made void."""
        arrays = {
            key: (np.array(at), np.array(steps), np.array(values)) for key, (at, steps, values) in self.points.items()
        }
        return standing(arrays, self.purges)
