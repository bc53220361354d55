"""What backtests showed, by how far beyond the fitted runs they looked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from isoflop.data.read import as_runs
from isoflop.data.runs import ColumnMapping, Runs
from isoflop.display import View, bold, dim, group, heading, table
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, refuse_level
from isoflop.findings import Answer, json_of
from isoflop.fitting.fit import Fit, fit
from isoflop.forecasting.ensemble import Ensemble, alone, combine
from isoflop.forecasting.sizes import SizeTest, size_tests
from isoflop.forecasting.weights import look_back
from isoflop.formula.arrays import Array, median
from isoflop.quantities import DECADES_A_YEAR, is_date, of_decades


class Scored(NamedTuple):
    """One forecast of a run beyond those fitted: of the first contender.

    origin  the number of the part of the runs that was fitted
    times   how many times the largest compute (or input) fitted
    error   log loss forecast minus measured
    reach   half the width in log loss of the calibrated interval at that distance
    """

    origin: int
    times: float
    error: float
    reach: float


@dataclass(frozen=True)
class Record(Answer):
    """What backtests showed: mean |error| in log loss by how many times the fitted compute was forecast.

    along      what was extrapolated: C, N, D or another input
    cuts       the largest compute (or input) fitted, one for each origin
    tests      how many forecasts were scored
    ratios     lowest and highest ratio of each column
    errors     contender → mean |error| for each ratio, nan where nothing was scored
    bias       mean error of the first contender for each ratio: above zero is too pessimistic
    inside     share of the scored runs inside the statistical interval of `level`, and inside the calibrated one
    scored     every forecast that was scored, from `backtest`
    sizes      every planned size that was tested on a budget beyond the runs it was planned from, from `backtest`

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> isoflop.backtest(runs).errors["together"][0] < 0.01
    True
    """

    source: str
    along: str
    cuts: tuple[float, ...]
    tests: int
    ratios: tuple[tuple[float, float], ...]
    errors: Mapping[str, tuple[float, ...]]
    bias: tuple[float, ...]
    inside: Mapping[str, float]
    level: float = LEVEL
    scored: tuple[Scored, ...] = ()
    sizes: tuple[SizeTest, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the record as it stands in the JSON."""
        return json_of(
            self, "source along origins=cuts tests ratios errors bias inside level scored sizes",
            sizes=self.sizes_as_dict()["each"],
        )  # fmt: skip

    def sizes_as_dict(self) -> dict[str, Any]:
        """Return how far off planned sizes were as it stands in the JSON of a plan."""
        return {
            "told": self.told_of_sizes(), "typical": self.typical_size_error,
            "inside": sum(one.inside for one in self.sizes), "level": self.level,
            "each": [one._asdict() | {"inside": one.inside} for one in self.sizes],
        }  # fmt: skip

    @property
    def typical_size_error(self) -> float:
        """By what factor planned sizes were typically off; nan where none was tested."""
        return math.exp(float(median([abs(one.error) for one in self.sizes]))) if self.sizes else math.nan

    def error_at(self, decades: float) -> float:
        """Return the mean error of forecasts that looked about so many decades beyond the runs fitted."""
        return next(iter(self.errors.values()))[self._column(decades)]

    def _column(self, decades: float) -> int:
        reached = [number for number, (low, _) in enumerate(self.ratios) if low <= 10**decades * (1 + 1e-9)]
        return reached[-1] if reached else 0

    def told(self, decades: float) -> str:
        """Say how far off forecasts were that looked about so many decades beyond the runs fitted."""
        ratio, error = self.ratios[self._column(decades)], percent(self.error_at(decades))
        where = f"at {ratio_name(ratio)} the {ALONG.get(self.along, self.along)}"
        where = f"{years_name(ratio)} years ahead" if self.dated else where
        return f"in backtests, losses forecast {where} were {error} off on average"

    @property
    def dated(self) -> bool:
        """Whether what was extrapolated is a date, in years."""
        return is_date(self.along, np.array(self.cuts))

    def told_of_sizes(self) -> str:
        """Return how far off planned sizes were at the lowest points of budgets beyond the runs they came from."""
        if not self.sizes:
            return ""
        count, held = len(self.sizes), sum(one.inside for one in self.sizes)
        return (
            f"{count} size{'s' * (count != 1)} planned beyond the runs: typically "
            f"{self.typical_size_error:.2f}× off, {held} in the {self.level:.0%} interval"
        )

    def __rich__(self) -> View:
        """Return the table of errors by ratio, the best of each column in bold."""
        what = ALONG.get(self.along, self.along)
        about = f"{self.tests} forecasts of runs beyond those fitted, from {_origins(len(self.cuts))}"
        if not self.tests:
            return heading("backtests", "none: too few runs, or budgets, to fit some and score others")
        best = [min(column) for column in zip(*self.errors.values(), strict=True)]
        rows = [
            (
                name,
                *(bold(percent(one)) if one == least else percent(one) for one, least in zip(row, best, strict=True)),
            )
            for name, row in self.errors.items()
        ]
        head, named = ("years ahead", years_name) if self.dated else (f"times the {what}", ratio_name)
        body = table([f"mean error, {head}", *map(named, self.ratios)], rows)
        held = self.inside
        told = (
            f"{held['calibrated']:.0%} of them fell inside the {self.level:.0%} interval forecast from the runs before"
        )
        return group(heading("backtests", about), body, dim(told), *([dim(self.told_of_sizes())] if self.sizes else []))


ALONG = {"C": "compute", "N": "parameters", "D": "tokens"}
"""What is extrapolated, in words."""
RATIOS = ((1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0), (16.0, math.inf))


def percent(share: float) -> str:
    """Write a share with two digits: 0.53 %, 1.1 %, 23 %."""
    if math.isnan(share):
        return ""
    size = 100 * abs(share)
    return f"{100 * share:.{2 if size < 0.995 else 1 if size < 9.95 else 0}f} %"


def ratio_name(ratio: tuple[float, float]) -> str:
    """Write a ratio of two computes: 2–4×, >16×."""
    low, high = ratio
    return f"{low:g}–{high:g}×" if math.isfinite(high) else f">{low:g}×"


def years_name(ratio: tuple[float, float]) -> str:
    """Write how many years of a date a ratio of computes stands for: 1.2–1.8."""
    low, high = (math.log10(one) / DECADES_A_YEAR for one in ratio)
    return f"{low:.1f}–{high:.1f}" if math.isfinite(high) else f">{low:.1f}"


def _origins(count: int) -> str:
    return f"{count} origin{'s' * (count != 1)}"


def record(ensemble: Ensemble, *, level: float = LEVEL) -> Record:
    """Score the ensemble, each of its laws and the baselines by how far beyond the fitted runs they looked."""
    past, seen = ensemble.backtest, look_back(ensemble.backtest, level=level)
    several = len(past.members) > 1
    rows = ({"together": seen.error} if several else {}) | dict(zip(past.members, past.error, strict=True))
    rows |= dict(past.baselines)
    edges = np.log10([low for low, _ in RATIOS])
    column = np.maximum(np.searchsorted(edges, past.decades + 1e-9, side="right") - 1, 0)
    used = [number for number in range(len(RATIOS)) if (column == number).any()]
    halves = {"statistical": NormalDist().inv_cdf((1 + level) / 2) * seen.known, "calibrated": seen.factor * seen.width}
    reach = halves["calibrated"]
    dated = is_date(past.along, ensemble.runs[past.along])
    return Record(
        source=ensemble.runs.source,
        along=past.along,
        cuts=tuple(of_decades(past.cuts, dated=dated).tolist()),
        tests=past.row.size,
        ratios=tuple(RATIOS[number] for number in used),
        errors={name: tuple(_mean_size(row[column == number]) for number in used) for name, row in rows.items()},
        bias=tuple(float(seen.error[column == number].mean()) for number in used),
        inside={kind: float((np.abs(seen.error) <= half).mean()) for kind, half in halves.items() if past.row.size},
        level=level,
        scored=tuple(
            map(Scored, past.origin.tolist(), (10**past.decades).tolist(), seen.error.tolist(), reach.tolist())
        ),
    )


def _mean_size(errors: Array) -> float:
    known = errors[np.isfinite(errors)]
    return float(np.abs(known).mean()) if known.size else math.nan


def backtest(
    source: Runs | Fit | ColumnMapping,
    *,
    laws: Sequence[str] = (),
    along: str | None = None,
    level: float = LEVEL,
) -> Record:
    """Fit the small runs and score on the larger ones, from every budget on: several laws, those named, or one fit.

    Rolling origin with a growing window; the baselines are scored beside. One law may take other
    inputs than N and D.

    along  what is extrapolated: C unless one law takes other inputs, then its first

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> isoflop.backtest(runs).errors["together"][0] < 0.01
    True
    """
    refuse_level(level)
    if isinstance(source, Fit):
        found = alone(source, along=along)
    else:
        runs = as_runs(source)
        _refuse_column(runs, along)
        one = fit(laws[0], runs, draws=0) if len(laws) == 1 else None
        found = alone(one, along=along) if one else combine(runs, laws=laws, along=along or "C")
    return with_sizes(record(found, level=level), found)


def with_sizes(past: Record, ensemble: Ensemble) -> Record:
    """Return a record of the ensemble with the sizes that its parts planned, beside those that were best."""
    return replace(past, sizes=size_tests(ensemble, level=past.level))


def _refuse_column(runs: Runs, along: str | None) -> None:
    """Refuse to extrapolate along what the runs do not have, or what is no size."""
    if along is None:
        return
    column = runs[along]
    if column.dtype.kind not in "fiu" or not (column > 0).all():
        raise UsageError(f"cannot extrapolate along {along}: not every run has a number above zero there.")
