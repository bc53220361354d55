"""Forecast and Forecasts: the losses expected of new runs, how each is known, and how they look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from isoflop.data.metric import Metric
from isoflop.display import View, dim, doubts, findings_list, group, heading, interval, more_of, table
from isoflop.errors import shown
from isoflop.estimate import Estimate
from isoflop.findings import Finding, Listed, Whole, json_of
from isoflop.forecasting.intervals import KINDS
from isoflop.forecasting.record import Record
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.forecasting.predictor import Predictor


@dataclass(frozen=True)
class Forecast:
    """The loss of one new run, with the interval a new run should fall into.

    decades     how far beyond the runs' largest compute (or input), in powers of ten; 0 inside
    calibrated  whether backtests on the user's own runs stand behind the interval
    baselines   what guesses without any law would say
    metric      what the loss was made of, if it is no loss

    >>> (one,) = isoflop.forecast("besiroglu2024", N=70e9, D=1.4e12)
    >>> round(one.loss.value, 3)
    1.974
    """

    inputs: Mapping[str, float]
    loss: Estimate
    decades: float
    calibrated: bool = False
    baselines: Mapping[str, float] = field(default_factory=dict)
    metric: Metric | None = None

    def unknown(self) -> Forecast:
        """Return the forecast without its loss, which the runs do not tell."""
        return replace(self, loss=Estimate(math.nan, level=self.loss.level))

    @property
    def score(self) -> Estimate:
        """Return the forecast in the units that were measured: the metric's, or else the loss."""
        return self.loss if self.metric is None else self.metric.back(self.loss)

    def as_dict(self) -> dict[str, Any]:
        """Return the forecast as it stands in the JSON."""
        numbers = {"loss": self.loss.value, "low": self.loss.low, "high": self.loss.high}
        about = {"level": self.loss.level, "decades": self.decades, "calibrated": self.calibrated}
        kinds = {kind: list(ends) for kind, ends in self.loss.intervals.items()}
        own = {} if self.metric is None else {"metric": self.metric.as_dict(self.loss)}
        return {**self.inputs, **numbers, **about, "intervals": kinds, "baselines": dict(self.baselines), **own}


@dataclass(frozen=True)
class Forecasts(Listed[Forecast]):
    """Forecasts of some new runs, from one source, what to know about them, and the backtests behind them.

    >>> found = isoflop.forecast("besiroglu2024", N=[1e9, 1e10], D=2e11)
    >>> [round(one.loss.value, 2) for one in found]
    [2.33, 2.13]
    """

    rows: tuple[Forecast, ...]
    source: str
    findings: tuple[Finding, ...] = ()
    record: Record | None = None
    answers: Predictor | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the forecasts and what to know about them as they stand in the JSON."""
        return json_of(self, "forecasts=rows findings")

    def _parts(self) -> tuple[Forecast, ...]:
        return self.rows

    def __rich__(self) -> View:
        """Return the forecasts on one screen: loss and interval, what stands behind them, a line for each doubt."""
        notes = [*(_behind(self[0]) if len(self) == 1 else []), *self._looked_back()]
        more = more_of(self.findings, "each interval, baselines without a law, backtests, remedies")
        return self._with(notes, doubts(self.findings), more)

    def full(self) -> Whole:
        """Return all there is to see: how each interval is known, the baselines, the backtests, every remedy."""
        parts: list[View] = []
        if len(self) == 1 and self[0].loss.intervals:
            parts += ["", *_explained(self[0])]
        if self.record is not None and self.record.tests:
            parts += ["", self.record]
        return Whole(self._with(parts, findings_list(self.findings)))

    def _with(self, notes: Sequence[View], *rest: View) -> View:
        """Return the table of forecasts, notes below it, and what is to be said of all."""
        names = list(self[0].inputs) if self else []
        level = self[0].loss.meaning if self else ""
        rows = [
            [*map(show, one.inputs.values()), _written(one), interval(one.score, 4), show(one.decades, 2)]
            for one in self
        ]
        measured = shown(self[0].metric.name) if self and self[0].metric else "loss"
        body = table([*names, measured, level, "decades beyond"], rows)
        return group(heading(self.source), body, *notes, *rest)

    def _looked_back(self) -> list[View]:
        """Return how far off forecasts from the same runs were, as far beyond as the farthest asked for."""
        if self.record is None or not self.record.tests:
            return []
        far = max((one.decades for one in self if not math.isnan(one.decades)), default=0.0)
        return [dim(self.record.told(far))]


def _behind(one: Forecast) -> list[View]:
    """Return what the interval assumes, in one line."""
    ends = (one.loss.low, one.loss.high)
    held = [KINDS[kind] for kind, known in one.loss.intervals.items() if known == ends]
    return [dim(f"the interval holds {held[0]}")] if held else []


def _explained(one: Forecast) -> list[View]:
    """Return the intervals with what each assumes, and the baselines."""
    kinds = [(kind, interval(Estimate(0.0, *ends), 4), KINDS[kind]) for kind, ends in one.score.intervals.items()]
    said = "   ".join(f"{name} {_written(one, value)}" for name, value in one.baselines.items())
    return [table(["interval", "", "holds"], kinds, words=True), *([dim(f"without any law: {said}")] if said else [])]


def _written(one: Forecast, loss: float | None = None) -> str:
    """Return the forecast, or another loss, in the units that were measured."""
    value = one.loss.value if loss is None else loss
    if math.isnan(value):
        return "unknown"
    return f"{value:.4f}" if one.metric is None else one.metric.written(value)
