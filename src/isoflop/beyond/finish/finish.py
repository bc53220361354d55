"""finish: a run in progress -> its final loss, by laws of its whole schedule, or by its trend where none is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from isoflop.beyond.finish.result import Finish, Other, Path
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, refuse_level
from isoflop.findings import Finding
from isoflop.forecasting.curves.average import Mixed, Past
from isoflop.forecasting.curves.known_schedule import FALLEN, STRANGE, Followed, follow
from isoflop.forecasting.curves.loss_curve import CurveSource, LossCurve, read_curve, spikes_of, thinned
from isoflop.forecasting.curves.schedules import Schedule, changed, finished_rates, stopped, whole_rates
from isoflop.forecasting.curves.spikes import Spike
from isoflop.forecasting.curves.unknown_schedule import NAMES, extrapolate
from isoflop.formula.arrays import Array

PLACES = 80
"""Places at which a path is drawn."""
ROSE = 0.02
"""A loss that far, in log, above its lowest is no longer on its way down, unless that is noise."""


def finish(
    run: CurveSource,
    *,
    end: float | None = None,
    schedule: Schedule | None = None,
    like: Sequence[CurveSource] = (),
    what_if: Sequence[str] = (),
    stop: float | None = None,
    level: float = LEVEL,
) -> Finish:
    """Return the loss that a run in progress will end at, with the interval one logged loss should fall into.

    run       a curve, or what `read_curve` reads: a log, a table, a DataFrame
    end       where it ends, in the unit of its rows, where neither a schedule nor the log says so
    schedule  its learning rates to the end, by steps; without it the trend of the curve alone goes on
    like      finished runs of the same model, data and batch size: the laws are fitted to all together
    what_if   other shapes of the schedule from here on: constant, cosine, linear, wsd
    stop      what stopping now would cost, after a last decay over this share of the steps made

    >>> found = isoflop.finish(isoflop.read_curve("tinylm-2m"), end=1.2 * isoflop.read_curve("tinylm-2m").last)
    >>> found.loss.low < found.loss.value < found.loss.high
    True
    """
    refuse_level(level)
    run, spikes = spikes_of(_curve(run))
    finished = [spikes_of(_curve(one))[0] for one in like]
    if schedule is None:
        trended = _by_trend(run, end, level=level, asked=bool(finished or what_if or stop))
        return replace(trended, findings=(*trended.findings, *_spikes(run, spikes)))
    _refuse_asked((run, *finished), schedule, stop)
    rates = whole_rates(run, schedule)
    past = [(one, finished_rates(one, schedule)) for one in finished]
    followed = follow(run, rates, past)
    path, found = _path(followed, rates, level)
    plan = path.end(level)
    ways = [(shape, changed(rates, int(run.last), replace(schedule, shape=shape))) for shape in what_if]
    if stop is not None:
        ways.append((f"stop, decay {stop:.0%}", stopped(rates, int(run.last), decay=stop, final=schedule.final)))
    others = tuple(_other(name, followed, way, plan=plan) for name, way in ways)
    trend, _ = extrapolate(run, np.array([float(schedule.steps)]))
    guesses = {"last loss": _last(run), "trend without the schedule": float(np.exp(trend.mean[0]))}
    weights = dict(zip(followed.names, found.weights[:, -1].tolist(), strict=True))
    findings = (
        *_fell_little(rates, run, past),
        *_not_alike(followed, past),
        *_not_falling(run),
        *_no_numbers(run),
        *_spikes(run, spikes),
    )
    return Finish(run, float(schedule.steps), plan, path, schedule.shape, weights, guesses, followed.past.origins,
                  others, findings)  # fmt: skip


def _curve(run: CurveSource) -> LossCurve:
    """Return a curve as it is, and that in a log or a table."""
    return run if isinstance(run, LossCurve) else read_curve(run)


def _by_trend(run: LossCurve, end: float | None, *, level: float, asked: bool) -> Finish:
    """Return the forecast where no schedule is known."""
    if asked:
        raise UsageError("other schedules, stopping and past runs need the run's own schedule. Say --schedule cosine.")
    end = run.planned if end is None else end
    if np.isnan(end):
        raise UsageError(f"say where the run ends, in {run.unit}, as in --steps 24000, and its --schedule if known.")
    if not run.last < end < np.inf:
        raise UsageError(f"the run is at {run.last:g} {run.unit} already; --steps {end:g} must lie beyond.")
    at = np.geomspace(run.last, end, PLACES + 1)[1:]
    found, past = extrapolate(run, at)
    path = _banded(at, found, noise=thinned(run).noise, level=level)
    weights = dict(zip(NAMES, found.weights[:, -1].tolist(), strict=True))
    findings = (
        *_uncalibrated(past, float(np.log(end / run.last))),
        *_no_schedule(),
        *_not_falling(run),
        *_no_numbers(run),
    )
    return Finish(run, end, path.end(level), path, "no schedule known", weights, {"last loss": _last(run)},
                  past.origins, (), findings)  # fmt: skip


def _refuse_asked(runs: Sequence[LossCurve], schedule: Schedule, stop: float | None) -> None:
    run = runs[0]
    for one in runs:
        if one.unit != "steps":
            raise UsageError(f"{one.name} counts {one.unit}, and a schedule goes by steps. Say --x with their column.")
    if schedule.steps <= run.last:
        raise UsageError(f"the run is at step {run.last:g} already; --steps {schedule.steps} must lie beyond.")
    if stop is not None and not 0 < stop <= 1:
        raise UsageError(f"a last decay over {stop:g} of the steps made must be above 0 and at most 1, as in 0.1.")


def _path(followed: Followed, rates: Array, level: float) -> tuple[Path, Mixed]:
    """Return the forecast at places from now to the end of a schedule."""
    at = np.unique(np.round(np.linspace(followed.run.last, rates.size, PLACES + 1))[1:])
    found = followed.forecast(rates, at)
    return _banded(at, found, noise=followed.noise, level=level), found


def _banded(at: Array, found: Mixed, *, noise: float, level: float) -> Path:
    reach = NormalDist().inv_cdf((1 + level) / 2) * np.hypot(found.error, noise)
    return Path(at, np.exp(found.mean), np.exp(found.mean - reach), np.exp(found.mean + reach))


def _other(name: str, followed: Followed, rates: Array, *, plan: Estimate) -> Other:
    """Return another way to go on, and how much higher than the plan it ends."""
    path, _ = _path(followed, rates, plan.level)
    apart = followed.difference(rates, followed.rates)
    reach = NormalDist().inv_cdf((1 + plan.level) / 2) * float(apart.error[0])
    value, low, high = (plan.value * float(np.expm1(apart.mean[0] + way * reach)) for way in (0, -1, 1))
    return Other(name, path, path.end(plan.level), Estimate(value, low, high, plan.level))


def _last(run: LossCurve) -> float:
    return float(np.exp(thinned(run).y[-1]))


# Findings


def _uncalibrated(past: Past, far: float) -> list[Finding]:
    """Say so if fewer than two earlier forecasts of the run looked as far ahead, in log x, as this one."""
    looked = [float(past.far[past.origin == one].max()) for one in np.unique(past.origin)]
    if sum(one >= 0.7 * far for one in looked) >= 2:
        return []
    reach = f"{np.exp(max(looked)):.2g}"
    return [Finding(
        "S07", "WARN",
        f"the end is {np.exp(far):.2g} times as far as the run has come, and earlier forecasts of it could only be "
        f"tested to {reach} times, or once: the interval is not calibrated there",
        "look again when more rows are there, or log more of the beginning",
    )]  # fmt: skip


def _no_schedule() -> list[Finding]:
    return [Finding(
        "S08", "INFO", "no schedule is known: the trend goes on as if the learning rate went on as it did",
        "if the rate falls later, the run ends lower than this: say --schedule",
    )]  # fmt: skip


def _fell_little(rates: Array, run: LossCurve, past: Sequence[tuple[LossCurve, Array]]) -> list[Finding]:
    """Say so if the rate will fall, but has not in any row."""
    will = rates[-1] < (1 - FALLEN) * rates.max()
    made = [rates[: int(run.last)], *(some for _, some in past)]
    if not will or any(some[-1] < (1 - FALLEN) * some.max() for some in made):
        return []
    return [Finding(
        "S09", "WARN", "the learning rate has not fallen yet: what its fall brings is taken from other models",
        "give a finished run of the same model and data, with its decay: --like past.csv",
    )]  # fmt: skip


def _not_alike(followed: Followed, past: Sequence[tuple[LossCurve, Array]]) -> list[Finding]:
    """Say so if the run lies off the curve that was fitted to it and the finished ones together."""
    if not past or abs(followed.alike) < STRANGE:
        return []
    side = "above" if followed.alike > 0 else "below"
    return [Finding(
        "S10", "WARN", f"the run lies {abs(followed.alike):.1%} {side} what it and the finished runs have in common: "
        "they count for nothing",
        "use finished runs of the same model, data, batch size and peak rate only",
    )]  # fmt: skip


def _not_falling(run: LossCurve) -> list[Finding]:
    points = thinned(run)
    risen, scatter = points.y[-1] - points.y.min(), points.noise / np.sqrt(points.rows[-1])
    if risen < max(ROSE, 4 * scatter):
        return []
    return [Finding(
        "S11", "WARN", f"the loss is {np.expm1(risen):.1%} above its lowest: a spike, or the run diverges",
        "wait until it has come down, or go back to a checkpoint with a lower rate",
    )]  # fmt: skip


def _spikes(run: LossCurve, found: Sequence[Spike]) -> list[Finding]:
    if not found:
        return []
    worst = max(found, key=lambda one: one.height)
    more = "" if len(found) == 1 else f", and {len(found) - 1} more"
    return [Finding(
        "S13", "INFO", f"a spike of {np.expm1(worst.height):.1%} at {worst.top:g} {run.unit} came back by "
        f"{worst.end:g}{more}: its rows are left out",
        "none, unless spikes come more often",
    )]  # fmt: skip


def _no_numbers(run: LossCurve) -> list[Finding]:
    if not run.lost:
        return []
    rows = "1 row has" if run.lost == 1 else f"{run.lost} rows have"
    return [Finding(
        "S12", "WARN", f"{rows} a loss that is no number: left out",
        "look at the log: if they are its last, the run has diverged, and no forecast of it holds",
    )]  # fmt: skip
