"""What backtests showed, by how far beyond the fitted runs they looked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.ensemble import Ensemble, alone, combine, shares, widths
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, refuse_level
from isoflop.fit import Fit, fit
from isoflop.runs import Runs

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Record:
    """What backtests showed: mean |error| in log loss by how many times the fitted compute was forecast.

    along      what was extrapolated: C, N, D or another input
    cuts       the largest compute (or input) fitted, one for each origin
    tests      how many forecasts were scored
    ratios     lowest and highest ratio of each column
    errors     contender → mean |error| for each ratio, nan where nothing was scored
    bias       mean error of the first contender for each ratio: above zero is too pessimistic
    inside     share of the scored runs inside the statistical interval of `level`, and inside the full one
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

    def as_dict(self) -> dict[str, Any]:
        """Give the record as it stands in the JSON."""
        return {
            "source": self.source, "along": self.along, "origins": list(self.cuts), "tests": self.tests,
            "ratios": [list(pair) for pair in self.ratios],
            "errors": {name: list(row) for name, row in self.errors.items()},
            "bias": list(self.bias), "inside": dict(self.inside), "level": self.level,
        }  # fmt: skip

    def __rich__(self) -> RenderableType:
        """Give the table of errors by ratio, the best of each column in bold."""
        from isoflop.tables import dim, group, table

        columns = [f"{low:g}-{high:g}x" if math.isfinite(high) else f">{low:g}x" for low, high in self.ratios]
        rows = [(name, *(_percent(one) for one in row)) for name, row in self.errors.items()]
        times = f"{len(self.cuts)} origin{'s' * (len(self.cuts) != 1)}"
        about = f"backtests on {self.source}: mean error beyond the runs fitted, {self.tests} forecasts from {times}"
        shares = ", ".join(
            f"{share:.0%} in the {kind} {self.level:.0%} interval" for kind, share in self.inside.items()
        )
        return group(
            dim(about), table([f"times the {_ALONG.get(self.along, self.along)}", *columns], rows), dim(shares)
        )

    def __str__(self) -> str:
        from isoflop.tables import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from isoflop.tables import html

        return html(self)


_ALONG = {"C": "compute", "N": "parameters", "D": "tokens"}
RATIOS = ((1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0), (16.0, math.inf))


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.2%}"


def record(ensemble: Ensemble, *, level: float = LEVEL) -> Record:
    """Score the ensemble, each of its laws and the baselines by how far beyond the fitted runs they looked."""
    past = ensemble.backtest
    weights = shares(ensemble, past.decades)
    mean, known, width = widths(past.error, past.spread, weights=weights, noise=past.noise, decades=past.decades)
    several = len(past.members) > 1
    rows = ({"together": mean} if several else {}) | dict(zip(past.members, past.error, strict=True))
    rows |= dict(past.baselines)
    edges = np.log10([low for low, _ in RATIOS])
    column = np.maximum(np.searchsorted(edges, past.decades + 1e-9, side="right") - 1, 0)
    used = [number for number in range(len(RATIOS)) if (column == number).any()]
    reach = NormalDist().inv_cdf((1 + level) / 2)
    inside = {"statistical": np.abs(mean) <= reach * known, "full": np.abs(mean) <= reach * width}
    return Record(
        source=ensemble.runs.source,
        along=past.along,
        cuts=tuple((10**past.cuts).tolist()),
        tests=past.row.size,
        ratios=tuple(RATIOS[number] for number in used),
        errors={
            name: tuple(float(np.abs(row[column == number]).mean()) for number in used) for name, row in rows.items()
        },
        bias=tuple(float(mean[column == number].mean()) for number in used),
        inside={kind: float(held.mean()) for kind, held in inside.items()} if past.row.size else {},
        level=level,
    )


def backtest(source: Runs | Fit, *, laws: Sequence[str] = (), along: str | None = None, level: float = LEVEL) -> Record:
    """Fit the small runs and score on the larger ones, from every budget on: several laws, those named, or one fit.

    Rolling origin with a growing window; the baselines are scored beside. One law may take other
    inputs than N and D.

    along  what is extrapolated: C unless one law takes other inputs, then its first
    """
    refuse_level(level)
    if isinstance(source, Runs):
        _refuse_column(source, along)
        source = fit(laws[0], source, draws=0) if len(laws) == 1 else source
    if isinstance(source, Fit):
        return record(alone(source, along=along), level=level)
    return record(combine(source, laws=laws, along=along or "C"), level=level)


def _refuse_column(runs: Runs, along: str | None) -> None:
    """Refuse to extrapolate along what the runs do not have, or what is no size."""
    if along is None:
        return
    column = runs[along]
    if column.dtype.kind not in "fiu" or not (column > 0).all():
        raise UsageError(f"cannot extrapolate along {along}: not every run has a number above zero there.")
