"""The state of a run from its rows: on its curve, above, below, in a spike, stalled, diverging."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isoflop.experiments.watch.changes import Change, Rows
from isoflop.experiments.watch.result import State
from isoflop.forecasting.curves.deviation import Widths
from isoflop.formula.arrays import Array

SHORT = 0.01
"""A rise that has lasted less than this share of the run, or three rows if that is more, may still be a spike."""
TALL = 0.02
"""In log loss: what a spike in progress is high at least."""
AWAY = 0.05
"""In log loss: a run that lies so far above its lowest loss and still rises diverges."""
FLAT = 0.25
"""A run that falls by less than this share of what was expected, over the last stretch, has stalled."""
STRETCH = 0.1
"""The last stretch, as a share of the rows so far."""


@dataclass(frozen=True)
class Judged:
    """A state, where it began (a share of the run) and the change that says so."""

    state: State
    since: float | None = None
    change: Change | None = None


def judge(
    rows: Rows, known: Widths, change: Change | None, *, losses: Array, expected: Array, lost: bool, ended: bool
) -> Judged:
    """Return the state of a run.

    losses, expected  log losses of the tested rows, as logged and as expected
    lost              the last rows have a loss that is no number
    """
    if lost:
        return Judged(
            "diverging", change.share if change else float(rows.share[-1]) if len(rows.share) else None, change
        )
    if ended:
        return Judged("ended", None, change)
    if change is None or not len(rows.share):
        return Judged("on track")
    if change.size < 0:
        return Judged("below", change.share, change)
    since = int(np.searchsorted(rows.share, change.share))
    lasted = rows.share[-1] - change.share
    few = len(rows.share) - since <= 3 or lasted < SHORT * rows.share[-1]
    rising = _rises(rows, known, losses)
    if rising and losses[-1] - losses.min() > AWAY and not few:
        return Judged("diverging", change.share, change)
    if few and float(np.max(rows.deviation[since:])) - _level(rows, since) > TALL:
        return Judged("spike", change.share, change)
    if rising and change.kind == "ramp" and losses[-1] - losses.min() > 4 * known.noise:
        return Judged("diverging", change.share, change)
    if not few and _flat(rows, known, since, losses=losses, expected=expected):
        return Judged("stalled", change.share, change)
    return Judged("above", change.share, change)


def _level(rows: Rows, since: int) -> float:
    """Return where the deviation lay before a change."""
    return float(np.median(rows.deviation[max(0, since - 10) : since])) if since else 0.0


def _stretch(rows: Rows, since: int = 0) -> slice:
    count = max(4, int(STRETCH * len(rows.share)))
    return slice(max(since, len(rows.share) - count), None)


def _rises(rows: Rows, known: Widths, losses: Array) -> bool:
    """Return whether the loss itself rises over the last stretch, by more than its noise."""
    last = losses[_stretch(rows)]
    half = len(last) // 2
    if half < 1:
        return False
    noise = known.noise * np.sqrt(2 / half / float(np.median(rows.count)))
    return bool(last[-half:].mean() - last[:half].mean() > 3 * noise)


def _flat(rows: Rows, known: Widths, since: int, *, losses: Array, expected: Array) -> bool:
    """Return whether the loss has all but stopped to fall since a change, where it should have gone on."""
    part = slice(since, None)
    own, plan = losses[part], expected[part]
    half = len(own) // 2
    if half < 2:
        return False
    fell, should = own[:half].mean() - own[-half:].mean(), plan[:half].mean() - plan[-half:].mean()
    noise = known.noise * np.sqrt(2 / half / float(np.median(rows.count)))
    return bool(should > 4 * noise and fell < FLAT * should)
