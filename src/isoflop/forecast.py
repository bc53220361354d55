"""The loss of a run not yet trained: from several laws at once, from one fit, or from a published curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop import dual
from isoflop.backtest import FEWEST_ORIGINS, axis_of
from isoflop.baselines import baselines
from isoflop.ensemble import DRIFT, Ensemble, Outlook, combine, mean_loss, outlook, scale, shares
from isoflop.errors import UsageError, shown
from isoflop.estimate import LEVEL, Estimate, refuse_level, student
from isoflop.evidence import Evidence, evidence
from isoflop.findings import Finding
from isoflop.fit import Fit
from isoflop.law import Curve, Law, Several
from isoflop.laws import find_curve
from isoflop.metric import Metric
from isoflop.reach import AMBER, RED, decades, outside
from isoflop.record import Record, record
from isoflop.runs import Runs
from isoflop.units import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from rich.console import RenderableType

    Array = NDArray[np.float64]

Settled = Fit | Curve | Several | Ensemble
"""What gives a forecast: one fit, a published curve or several, or several laws on the same runs."""
Source = Settled | Runs
"""What can be asked for a forecast; runs are asked through several laws together."""

KINDS = {
    "statistical": "if the law is right and runs scatter as before",
    "calibrated": "if it errs as it did in backtests on these runs",
    "laws": "wherever one of the laws puts it",
}
"""The kinds of interval, and what each assumes."""
AT_ONCE = 1_000
"""New runs looked at together, so that a long list of them takes little memory."""
STEP, ROUNDING = 0.02, 1e-9
"""How much more N or D is tried to see whether the forecast has turned, and what of log loss is no rise."""
COUNTS = 0.05
"""A law with less than this share of the weight does not widen the spread of laws."""


@dataclass(frozen=True)
class Forecast:
    """The loss of one new run, with the interval a new run should fall into.

    decades     how far beyond the runs' largest compute (or input), in powers of ten; 0 inside
    calibrated  whether backtests on the user's own runs stand behind the interval
    baselines   what guesses without any law would say
    metric      what the loss was made of, if it is no loss
    """

    inputs: Mapping[str, float]
    loss: Estimate
    decades: float
    calibrated: bool = False
    baselines: Mapping[str, float] = field(default_factory=dict)
    metric: Metric | None = None

    @property
    def score(self) -> Estimate:
        """Give the forecast in the units that were measured: the metric's, or else the loss."""
        return self.loss if self.metric is None else self.metric.back(self.loss)

    def as_dict(self) -> dict[str, Any]:
        """Give the forecast as it stands in the JSON."""
        numbers = {"loss": self.loss.value, "low": self.loss.low, "high": self.loss.high}
        about = {"level": self.loss.level, "decades": self.decades, "calibrated": self.calibrated}
        kinds = {kind: list(ends) for kind, ends in self.loss.intervals.items()}
        own = {} if self.metric is None else {"metric": self.metric.as_dict(self.loss)}
        return {**self.inputs, **numbers, **about, "intervals": kinds, "baselines": dict(self.baselines), **own}


@dataclass(frozen=True)
class Forecasts(Sequence[Forecast]):
    """Forecasts of some new runs, from one source, what to know about them, and the backtests behind them."""

    rows: tuple[Forecast, ...]
    source: str
    findings: tuple[Finding, ...] = ()
    record: Record | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - Sequence's overloads
        return self.rows[index]

    def __rich__(self) -> RenderableType:
        """Give the forecasts as they look in a terminal: inputs, loss and interval, and how each is known."""
        from isoflop.tables import findings_list, group, heading, interval, table

        names = list(self[0].inputs) if self else []
        level = f"{self[0].loss.level:.0%} interval" if self else ""
        rows = [
            [*map(show, one.inputs.values()), _written(one), interval(one.score, 4), show(one.decades, 2)]
            for one in self
        ]
        measured = shown(self[0].metric.name) if self and self[0].metric else "loss"
        body = table([*names, measured, level, "decades beyond"], rows)
        parts: list[RenderableType] = [heading(self.source), body]
        if len(self) == 1 and self[0].loss.intervals:
            parts += ["", *_explained(self[0])]
        if self.record is not None and self.record.tests:
            parts += ["", self.record]
        return group(*parts, findings_list(self.findings))

    def __str__(self) -> str:
        from isoflop.tables import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from isoflop.tables import html

        return html(self)


def _explained(one: Forecast) -> list[RenderableType]:
    """Give the intervals with what each assumes, and the baselines."""
    from isoflop.tables import dim, interval, table

    kinds = [(kind, interval(Estimate(0.0, *ends), 4), KINDS[kind]) for kind, ends in one.score.intervals.items()]
    said = "   ".join(f"{name} {_written(one, value)}" for name, value in one.baselines.items())
    return [table(["interval", "", "holds"], kinds, words=True), *([dim(f"without any law: {said}")] if said else [])]


def _written(one: Forecast, loss: float | None = None) -> str:
    """Give the forecast, or another loss, in the units that were measured."""
    value = one.loss.value if loss is None else loss
    return f"{value:.4f}" if one.metric is None else one.metric.written(value)


def curve_of(source: Fit | Curve | Several) -> Curve:
    """Give the curve of a fit, the curve itself, or the first of several."""
    if isinstance(source, Several):
        return source.curves[0]
    return source.curve if isinstance(source, Fit) else source


def name_of(source: Settled) -> str:
    """Give the name of a source, as answers bear it."""
    return source.name if isinstance(source, Ensemble | Several) else curve_of(source).name


def values_of(source: Fit | Curve | Several) -> Array:
    """Give the best parameter values as one row (1, parameters)."""
    return curve_of(source).row


def forecast(source: Source, *, level: float = LEVEL, **at: ArrayLike) -> Forecasts:
    """Give the loss at these inputs, say N=8e9, D=15e12 (numbers, or arrays of new runs).

    Runs are forecast by several laws together, with an interval for a new run that past errors on
    the same runs calibrate. For one fit, the interval is the widest of three: statistical (delta
    method, HC3 covariance, the runs' noise, Student's t), calibrated, and the spread of laws. A
    published curve has no interval (nan).
    """
    settled = settle(source)
    return forecast_with(settled, evidence(settled), level=level, at=at)


def settle(source: Source | str) -> Settled:
    """Give what answers: a curve by its name, runs through several laws together, all else as it is."""
    named = find_curve(source) if isinstance(source, str) else source
    return combine(named) if isinstance(named, Runs) else named


def forecast_with(source: Settled, behind: Evidence, *, level: float, at: Mapping[str, ArrayLike]) -> Forecasts:
    """Give the forecast of a source whose evidence is at hand."""
    inputs = ("N", "D") if isinstance(source, Ensemble) else tuple(curve_of(source).law.inputs)
    law = "several laws" if isinstance(source, Ensemble) else f"law {curve_of(source).law.name}"
    metric = source.runs.metric if isinstance(source, Fit | Ensemble) else None
    refuse_level(level)
    if not isinstance(source, Ensemble) and metric is None:
        refuse(curve_of(source).law, level)
    columns = _columns(at, inputs, law)
    count = len(next(iter(columns.values())))
    blocks = [{key: column[first : first + AT_ONCE] for key, column in columns.items()}
              for first in range(0, count, AT_ONCE)]  # fmt: skip
    rows = tuple(row for block in blocks for row in _rows(source, behind, block, level=level))
    strayed = outside(curve_of(source), columns) if isinstance(source, Curve | Several) else []
    turned = _turned(source, blocks[0]) if metric is None or metric.falls else []
    found = (*source_findings(source, behind), *_findings(rows), *strayed, *turned)
    return Forecasts(rows, name_of(source), found, record(behind.own) if behind.own else None)


def _rows(source: Settled, behind: Evidence, columns: Mapping[str, Array], *, level: float) -> tuple[Forecast, ...]:
    """Give the forecast of each row of the inputs."""
    fitted_on = _ranges(source.runs) if isinstance(source, Ensemble) else curve_of(source).fitted_on
    far = decades(fitted_on, columns)
    value, kinds = _intervals(source, behind, columns, far=far, level=level)
    guesses = _baselines(behind, columns)
    calibrated = behind.own is not None and behind.own.backtest.calibrates
    low, high = _headline(source, kinds, len(far))
    return tuple(
        Forecast(
            {key: float(column[row]) for key, column in columns.items()},
            Estimate(
                float(np.exp(value[row])), float(low[row]), float(high[row]), level,
                {kind: (float(ends[0][row]), float(ends[1][row])) for kind, ends in kinds.items()},
            ),
            float(far[row]),
            calibrated,
            {key: float(np.exp(guess[row])) for key, guess in guesses.items()},
            source.runs.metric if isinstance(source, Fit | Ensemble) else None,
        )
        for row in range(len(far))
    )  # fmt: skip


def _columns(at: Mapping[str, ArrayLike], inputs: Sequence[str], law: str) -> dict[str, Array]:
    """Give the inputs asked for as columns of equal length; refuse what is missing, strange or no size."""
    missing = [key for key in inputs if key not in at]
    if missing:
        verb = "need" if law.endswith("s") and not law.startswith("law ") else "needs"
        raise UsageError(f"{law} {verb} {', '.join(missing)}. Say {missing[0]}=..., as in {missing[0]}=8e9.")
    others = [key for key in at if key not in {*inputs, "N", "D"}]
    if others:
        raise UsageError(f"{law} takes {', '.join(inputs)}, not {', '.join(others)}.")
    columns = dict(
        zip(at, np.broadcast_arrays(*[np.atleast_1d(np.asarray(at[key], float)) for key in at]), strict=True)
    )
    for key, column in columns.items():
        refuse_nonpositive(key, column)
    return columns


def _ranges(runs: Runs) -> dict[str, tuple[float, float]]:
    return {key: (float(runs[key].min()), float(runs[key].max())) for key in ("N", "D", "C")}


_Ends = tuple["Array", "Array"]


def _intervals(
    source: Settled, behind: Evidence, columns: Mapping[str, Array], *, far: Array, level: float
) -> tuple[Array, dict[str, _Ends]]:
    """Give the log loss (targets,) and each kind of interval around the loss; a curve has none."""
    if isinstance(source, Curve):
        return _log_loss(source, columns), {}
    if isinstance(source, Several):
        each = np.array([_log_loss(one, columns) for one in source.curves])
        return each[0], {"laws": (np.exp(each.min(axis=0)), np.exp(each.max(axis=0)))}
    near = np.where(np.isfinite(far), far, 0.0)
    laws: Outlook | None = None
    if isinstance(source, Ensemble):
        laws = outlook(source, columns, near, level=level)
        value, statistical, calibrated = laws[:3]
    else:
        if behind.laws and {"N", "D"} <= set(columns):
            laws = outlook(behind.laws, columns, near, level=level)
        value = _log_loss(source, columns)
        statistical = _reach(source, columns, level)
        calibrated = np.full(value.shape, np.nan)
        if behind.own is not None and behind.own.backtest.calibrates:
            drift = NormalDist().inv_cdf((1 + level) / 2) * DRIFT * near
            calibrated = scale(behind.own, near) * np.hypot(statistical, drift)
    kinds = {"statistical": (value - statistical, value + statistical)}
    kinds["calibrated"] = (value - calibrated, value + calibrated)
    kinds["laws"] = (np.full(value.shape, np.nan), np.full(value.shape, np.nan))
    if laws is not None:
        counted = np.where(laws.weights >= COUNTS, laws.each, value)
        kinds["laws"] = (np.minimum(counted.min(axis=0), value), np.maximum(counted.max(axis=0), value))
    with np.errstate(over="ignore"):  # an interval may reach to infinity
        return value, {kind: (np.exp(low), np.exp(high)) for kind, (low, high) in kinds.items()}


def _headline(source: Settled, kinds: Mapping[str, _Ends], count: int) -> _Ends:
    """Give the widest interval; for several laws together the calibrated one, which holds their spread already."""
    if not kinds:
        return np.full(count, np.nan), np.full(count, np.nan)
    if isinstance(source, Ensemble):
        return kinds["calibrated"]
    lows, highs = (np.array([ends[side] for ends in kinds.values()]) for side in (0, 1))
    return np.asarray(np.fmin.reduce(lows)), np.asarray(np.fmax.reduce(highs))


def _baselines(behind: Evidence, columns: Mapping[str, Array]) -> dict[str, Array]:
    if behind.own is None:
        return {}
    runs, along = behind.own.runs, behind.own.backtest.along
    keys = [key for key in columns if key in runs]
    return baselines(
        {key: runs[key] for key in keys}, runs["loss"], axis_of(runs, along), at={key: columns[key] for key in keys}
    )


def refuse(law: Law, level: float) -> None:
    """Refuse a law of something else than loss, and a level that is none."""
    if law.output.name != "Nats":
        raise UsageError(f"law {law.name} gives {law.output.unit or law.output.name}, not a loss.")
    refuse_level(level)


def refuse_nonpositive(key: str, values: ArrayLike) -> None:
    """Refuse an input that is not a finite number above zero."""
    numbers = np.atleast_1d(np.asarray(values, float))
    bad = numbers[~((numbers > 0) & np.isfinite(numbers))]
    if bad.size:
        raise UsageError(f"{key}={bad[0]:g} must be a finite number above zero.")


def _reach(source: Fit, columns: Mapping[str, Array], level: float) -> Array:
    """Give half the statistical interval's width in log loss, for each row."""
    shape = next(iter(columns.values())).shape
    law = source.curve.law
    given = {key: np.asarray(value) for key, value in source.curve.values.items()} | dict(columns)
    value, slopes = dual.gradient(law.formula, given, tuple(law.parameters))
    zero = np.zeros(shape)
    gradient = np.array([np.broadcast_to(slopes.get(key, zero) / value, shape) for key in law.parameters])
    with np.errstate(all="ignore"):
        variance = np.einsum("pn,pq,qn->n", gradient, source.covariance, gradient) + source.noise**2
    return np.asarray(student(level, source.freedom) * np.sqrt(np.maximum(variance, 0.0)))


def _findings(rows: Sequence[Forecast]) -> list[Finding]:
    found = []
    far = max((one.decades for one in rows if not math.isnan(one.decades)), default=0.0)
    if far > AMBER:
        found.append(Finding(
            "P01", "WARN" if far > RED else "INFO",
            f"{far:.1f} decades beyond the largest run" + (": a guess" if far > RED else ""),
            "train a run in between and refit",
        ))  # fmt: skip
    spread = [one for one in rows if _apart(one)]
    if spread:
        low, high = spread[0].score.intervals["laws"]
        found.append(Finding(
            "P04", "WARN",
            f"the laws disagree by more than the runs' noise explains: {low:.4g} to {high:.4g}",
            "the interval holds them all; a run between the largest and this one would tell them apart",
        ))  # fmt: skip
    return found


def _turned(source: Settled, columns: Mapping[str, Array]) -> list[Finding]:
    """Give the finding P10 where the loss forecast would rise with more parameters or more tokens."""
    here, found = _log_loss(source, columns), []
    for key in (key for key in ("N", "D") if key in columns):
        rises = _log_loss(source, {**columns, key: columns[key] * (1 + STEP)}) > here + ROUNDING
        if rises.any():
            where = ", ".join(f"{name} = {show(float(column[np.argmax(rises)]))}" for name, column in columns.items())
            found.append(Finding(
                "P10", "WARN",
                f"at {where} the forecast rises with {key}: beyond its runs the law has turned",
                "choose a law that cannot turn, such as chinchilla, or forecast nearer to the runs",
            ))  # fmt: skip
    return found


def _log_loss(source: Settled, columns: Mapping[str, Array]) -> Array:
    if isinstance(source, Ensemble):
        return mean_loss(source, shares(source, decades(_ranges(source.runs), columns)), columns)
    curve = curve_of(source)
    loss = curve(**{key: columns[key] for key in curve.law.inputs})
    with np.errstate(all="ignore"):
        return np.asarray(np.log(np.broadcast_to(loss, next(iter(columns.values())).shape)))


def _apart(one: Forecast) -> bool:
    """Say whether the laws spread wider than the interval that takes the law for right."""
    (low, high), (least, most) = (one.loss.intervals.get(key, (math.nan, math.nan)) for key in ("statistical", "laws"))
    return most - least > high - low


def source_findings(source: Settled, behind: Evidence) -> tuple[Finding, ...]:
    """Give what to know about any answer from this source."""
    if isinstance(source, Curve | Several):
        known = "published curves without covariances: the interval spans them and knows nothing of their errors"
        alone = f"{source.name} is a published curve without a covariance, so there is no interval"
        text = known if isinstance(source, Several) else alone
        found, first = [Finding("P12", "INFO", text, "fit your own runs to get one")], curve_of(source)
        if first.caution:
            found.append(Finding("P11", "WARN", f"{first.name}: {first.caution}", "see isoflop laws for other curves"))
        return tuple(found)
    own = behind.own
    if own is None and isinstance(source, Fit) and len(source.runs):  # nobody asked for backtests
        return source.findings
    if own is not None and own.backtest.calibrates:
        return source.findings
    origins = 0 if own is None else len(own.backtest.cuts)
    return (*source.findings, Finding(
        "P03", "WARN",
        f"uncalibrated: these runs allow {origins} backtest{'s' * (origins != 1)} where {FEWEST_ORIGINS} are needed, "
        "so nothing says how far off such a forecast is",
        "add runs at smaller budgets, so that the larger ones can be forecast from them",
    ))  # fmt: skip
