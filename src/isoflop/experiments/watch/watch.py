"""watch: a run's log so far and the curves of smaller runs → its state, since when, and where it will end."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs import ColumnMapping
from isoflop.data.runs.frames import is_table
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, refuse_level
from isoflop.experiments.watch.advice import advice
from isoflop.experiments.watch.changes import EARLY, Change, Rows, change, rows_of, threshold
from isoflop.experiments.watch.findings import findings_of
from isoflop.experiments.watch.judged import Judged, judge
from isoflop.experiments.watch.options import STOP, Goals, Machines, Standing, options, probability
from isoflop.experiments.watch.own import Own, own_laws
from isoflop.experiments.watch.planned import Planned, Told, planned
from isoflop.experiments.watch.result import Band, Watched
from isoflop.forecasting.curves.collapse import Expected, expect
from isoflop.forecasting.curves.deviation import (
    Deviation,
    LookBack,
    Widths,
    deviation,
    look_back,
    noise_beside,
    noise_of,
    sharpened,
    widths,
)
from isoflop.forecasting.curves.logged import LoggedRun, ladder_of, read_log, read_runs
from isoflop.forecasting.curves.sized import SizedCurve, points_of
from isoflop.forecasting.curves.spikes import Spike
from isoflop.formula.arrays import Array

Path = str | os.PathLike[str]

TENTHS = np.arange(1, 11) / 10
"""The shares of a run at which the expected loss is told unless others are asked for."""
ALONG = np.unique(np.concatenate([np.geomspace(0.01, 0.3, 40), np.linspace(0.3, 1, 71)]))
"""The shares at which figures draw the band."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Ladder:
    """What the smaller runs say of a larger one: its expected curve, their look-backs, the widths, the threshold."""

    plan: Planned
    curves: tuple[SizedCurve, ...]
    expected: Expected
    past: tuple[LookBack, ...]
    widths: Widths
    sure: float


def watch(
    log: LoggedRun | Path | ColumnMapping | None,
    ladder: Sequence[LoggedRun] | Path | ColumnMapping | Sequence[Path],
    *,
    told: Told | None = None,
    at: Sequence[float] | None = None,
    target: float | None = None,
    stop: float | None = None,
    machines: Machines | None = None,
    level: float = LEVEL,
) -> Watched:
    r"""Return a run beside the curve that smaller runs foretell for it.

    log     the run's rows, a log of any tracker, a DataFrame, or None before it starts
    ladder  finished runs of the same recipe: a table with run, N, step, tokens, lr, loss, logs, or a study
    told    size, length and schedule, where the log does not say them
    at      places, in the unit of the log's rows, at which the expected loss is told; the ten tenths otherwise
    target    a loss: the probability that the run ends at or below it
    stop      what stopping now would bring, after a last decay over this share of what was trained
    machines  what it trains on, for the days and dollars of the ways to go on

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> path, share = pathlib.Path(tempfile.mkdtemp()) / "ladder.csv", np.linspace(0.02, 1, 50)
    >>> rows = [f"{N},{round(2e4 * s)},{20 * N * s},{1.7 + 400 / N**0.34 + 410 / (20 * N * s) ** 0.28}"
    ...         for N in (20_000_000, 40_000_000, 80_000_000, 160_000_000) for s in share]
    >>> path.write_text("\n".join(["N,step,tokens,loss", *rows])) > 0
    True
    >>> found = isoflop.watch(None, path, told=isoflop.Told(N=320e6, D=6.4e9))
    >>> found.state
    'on track'
    """
    refuse_level(level)
    told = told or Told()
    run = log if log is None or isinstance(log, LoggedRun) else read_log(log, told.run)
    behind = climb(run, ladder, told)
    return look(run, behind, at=at, target=target, stop=stop, machines=machines, level=level)


def climb(
    run: LoggedRun | None, ladder: Sequence[LoggedRun] | Path | ColumnMapping | Sequence[Path], told: Told
) -> Ladder:
    """Return what a ladder says of a run: made once, and looked at as often as the log grows."""
    curves = ladder_of(_logged(ladder), _each(run, told))
    plan = planned(run, curves, told)
    curves = tuple(one for one in curves if run is None or one.name != run.name or one.N != plan.run.N) or curves
    past = tuple(look_back(curves))
    known = widths(curves, past, 6 * plan.run.N * plan.run.D)
    return Ladder(plan=plan, curves=curves, expected=expect(curves, plan.run), past=past, widths=known,
                  sure=threshold(past, known))  # fmt: skip


def look(
    run: LoggedRun | None,
    ladder: Ladder,
    *,
    at: Sequence[float] | None = None,
    target: float | None = None,
    stop: float | None = None,
    machines: Machines | None = None,
    level: float = LEVEL,
) -> Watched:
    """Return a run at one look, by a ladder that stands."""
    plan = ladder.plan
    curve = _curve(run, plan)
    seen = _see(run, curve, ladder)
    places = plan.total * TENTHS if at is None else _asked(at)
    own = own_laws(curve, plan, seen.spiked) if curve is not None else None
    band = _band(seen, own, plan, places=places, level=level)
    end, before = (_estimate(_band(one, other, plan, places=np.array([plan.total]), level=level), level)
                   for one, other in ((seen, own), (_unseen(ladder), None)))  # fmt: skip
    asked = any(one is not None for one in (stop, machines, target))
    other = () if not asked or curve is None else options(
        Standing(ladder=ladder.curves, plan=plan, curve=curve, beside=seen.deviation, end=end),
        Goals(stop=STOP if stop is None else stop, target=target, machines=machines),
    )  # fmt: skip
    reach, weights = probability(end, target), _weights(seen, own)
    found = Watched(
        name=plan.name, N=plan.run.N, D=plan.run.D, total=plan.total, unit=plan.unit, state=seen.judged.state,
        since=None if seen.judged.since is None else _place(run, seen.judged.since * plan.total),
        step=0.0 if run is None or not len(run.at) else float(run.at[-1]), end=end, before=before, expected=band,
        band=_band(seen, own, plan, places=ALONG * plan.total, level=level),
        first=_band(_unseen(ladder), None, plan, places=ALONG * plan.total, level=level),
        rows=(np.zeros(0), np.zeros(0)) if run is None else (run.at, run.loss), residual=_residual(seen),
        weights=weights, ladder=tuple(one.name for one in ladder.curves), target=math.nan if target is None else target,
        reach=reach, options=other, advice=advice(
            seen.judged.state, other, target=math.nan if target is None else target, reach=reach, weights=weights,
            curves=len(ladder.curves)),
    )  # fmt: skip
    return replace(
        found,
        findings=findings_of(found, run, ladder.curves, change=seen.change, spikes=seen.spikes, rates=plan.run.rates),
    )


# What was seen


@dataclass(frozen=True, eq=False, kw_only=True)
class Seen:
    """What the rows so far say: the expected curve, the deviation from it, the state, the change and the spikes."""

    expected: Expected
    deviation: Deviation
    judged: Judged
    change: Change | None
    spikes: tuple[Spike, ...]
    rows: Rows | None
    spiked: NDArray[np.bool_]


def _see(run: LoggedRun | None, curve: SizedCurve | None, ladder: Ladder) -> Seen:
    expected = ladder.expected
    if run is None or curve is None:
        lost = run is not None and bool(run.lost)
        return replace(_unseen(ladder), judged=Judged("diverging" if lost else "on track"))
    noise = noise_of([*(one.noise for one in ladder.past), noise_beside(expected, curve)])
    known = replace(ladder.widths, noise=noise)
    rows, spikes = rows_of(expected, curve, known)
    sound = replace(curve, share=curve.share[~_whole(rows, curve)], loss=curve.loss[~_whole(rows, curve)])
    points = points_of(sound)
    known = sharpened(known, points, points.y - expected.log_loss(points.share))
    found = change(rows, known, ladder.sure)
    smooth = expected.log_loss(rows.share) if len(rows.share) else rows.share
    judged = judge(rows, known, found, losses=smooth + rows.deviation, expected=smooth, lost=_lost(run),
                   ended=curve.last >= 1 - 1e-9)  # fmt: skip
    beside = deviation(expected, known, points)
    if found is not None and found.share > max(EARLY, float(rows.share[0])):
        beside = beside.after(found.share, max(abs(found.size), 2 * known.noise))
    return Seen(expected=expected, deviation=beside, judged=judged, change=found, spikes=spikes, rows=rows,
                spiked=_whole(rows, curve))  # fmt: skip


def _whole(rows: Rows, curve: SizedCurve) -> NDArray[np.bool_]:
    """Return which rows of a curve lie in a spike: those that are tested say so, the beginning does not."""
    return np.concatenate([np.zeros(len(curve.share) - len(rows.spiked), bool), rows.spiked])


def _unseen(ladder: Ladder) -> Seen:
    """Return what is known before a run starts."""
    return Seen(expected=ladder.expected, deviation=deviation(ladder.expected, ladder.widths, None),
                judged=Judged("on track"), change=None, spikes=(), rows=None, spiked=np.zeros(0, bool))  # fmt: skip


def _lost(run: LoggedRun) -> bool:
    """Return whether the last rows of a run have a loss that is no number."""
    return bool(run.lost) and (not len(run.at) or run.lost[-1] > run.at[-1])


# What is foretold


def _band(seen: Seen, own: Own | None, plan: Planned, *, places: Array, level: float) -> Band:
    """Return the band at places: the ladder's and, ahead of the last row, the run's own laws, by their precisions."""
    share = np.clip(plan.share(places), 1e-4, None)
    mean, error = seen.deviation.at(np.minimum(share, 1.0))
    mean = mean + seen.expected.log_loss(np.minimum(share, 1.0))
    if own is not None:
        mean, error = own.joined(share, mean, error)
    reach = NormalDist().inv_cdf((1 + level) / 2) * np.hypot(error, seen.deviation.widths.noise)
    return Band(at=np.asarray(places, float), loss=np.exp(mean), low=np.exp(mean - reach), high=np.exp(mean + reach))


def _estimate(band: Band, level: float) -> Estimate:
    return Estimate(float(band.loss[-1]), float(band.low[-1]), float(band.high[-1]), level)


def _residual(seen: Seen) -> tuple[float, float]:
    """Return how far the last rows lie above the curve as expected before the run, in log loss and standard errors."""
    if seen.rows is None or not len(seen.rows.share):
        return 0.0, 0.0
    last = slice(-3, None)
    off = float(seen.rows.deviation[last].mean())
    _, error = Deviation(seen.deviation.widths, np.zeros(0), np.zeros(0), np.zeros(0)).at(seen.rows.share[-1:])
    return float(np.expm1(off)), off / float(np.hypot(error[0], seen.deviation.widths.noise))


def _weights(seen: Seen, own: Own | None) -> dict[str, float]:
    _, error = seen.deviation.at(np.ones(1))
    share = 0.0 if own is None else own.weight(float(error[0]))
    return {"the ladder's curves": 1 - share, "the run's own laws": share}


# What is asked


def _logged(ladder: Sequence[LoggedRun] | Path | ColumnMapping | Sequence[Path]) -> Sequence[LoggedRun]:
    if isinstance(ladder, str | os.PathLike) or is_table(ladder):
        return read_runs([ladder])
    several: list[Any] = [*ladder]  # type: ignore[misc]
    runs = [one for one in several if isinstance(one, LoggedRun)]
    return [*runs, *read_runs([one for one in several if not isinstance(one, LoggedRun)])]


def _each(run: LoggedRun | None, told: Told) -> float:
    """Return the tokens of a step, for a ladder that does not say them; nan where nothing does."""
    if told.D is not None and told.steps is not None:
        return told.D / told.steps
    return run.tokens_per_step if run is not None else float("nan")


def _curve(run: LoggedRun | None, plan: Planned) -> SizedCurve | None:
    if run is None or not len(run.at):
        return None
    if np.any(run.loss <= 0):
        raise UsageError(f"{run.name}: a loss of {run.loss.min():g}; every loss must be above zero. Name its column.")
    share = np.minimum(plan.share(run.at), 1.0)
    return SizedCurve(name=run.name, N=plan.run.N, D=plan.run.D, share=share, loss=run.loss, steps=plan.run.steps)


def _asked(at: Sequence[float]) -> Array:
    places = np.asarray(at, float)
    if places.ndim != 1 or not len(places) or not np.isfinite(places).all() or places.min() <= 0:
        raise UsageError("the places asked for must be numbers above zero, as in a column step.")
    return places


def _place(run: LoggedRun | None, at: float) -> float:
    """Return the row of a run that stands nearest to a place."""
    if run is None or not len(run.at):
        return at
    return float(run.at[int(np.argmin(np.abs(run.at - at)))])
