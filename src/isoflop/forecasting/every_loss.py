"""Several losses of the same runs, forecast together: each with its interval, and how far their errors go together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.errors import UsageError, shown
from isoflop.estimate import LEVEL, Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.fitting.every_loss import TOGETHER, correlations_of, together_table, told_of
from isoflop.forecasting.forecast import forecast
from isoflop.forecasting.result import Forecasts
from isoflop.forecasting.source import Source, settle
from isoflop.formula.arrays import Array
from isoflop.quantities import show


@dataclass(frozen=True, kw_only=True)
class LossForecasts(Answer):
    """Forecasts of several losses at the same new runs.

    each          loss → its forecasts
    mean          the mean of the losses at each new run; its interval counts what their errors have in common
    correlations  (losses, losses): of the runs' distances from their curves; nan where too few runs have both

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> found = isoflop.forecast_all({"nats": runs, "again": runs}, N=1e7, D=1e9)
    >>> list(found.each), found.correlations.shape
    (['nats', 'again'], (2, 2))
    """

    each: Mapping[str, Forecasts]
    mean: tuple[Estimate, ...]
    correlations: Array = field(repr=False)

    def __getitem__(self, name: str) -> Forecasts:
        """Return the forecasts of one loss."""
        return self.each[name]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be known: once where every loss says it, else with the name of the loss."""
        return told_of({name: found.findings for name, found in self.each.items()})

    def as_dict(self) -> dict[str, Any]:
        """Return everything as it stands in the JSON."""
        correlations = dict(zip(self.each, self.correlations.tolist(), strict=True))
        losses = {name: [row.as_dict() for row in found] for name, found in self.each.items()}
        return json_of(self, "losses mean correlations findings", losses=losses, correlations=correlations)

    def __rich__(self) -> View:
        """Return one table of all losses, the mean last, and the correlations below."""
        first = next(iter(self.each.values()))
        rows = [
            [shown(name), *map(show, row.inputs.values()), f"{row.loss.value:.4f}", interval(row.loss, 4)]
            for place in range(len(first)) for name, row in [(name, found[place]) for name, found in self.each.items()]
        ]  # fmt: skip
        rows += [["mean", *map(show, first[place].inputs.values()), f"{one.value:.4f}", interval(one, 4)]
                 for place, one in enumerate(self.mean)]  # fmt: skip
        body = table(["loss", *first[0].inputs, "forecast", first[0].loss.meaning], rows)
        together = together_table([*self.each], self.correlations)
        said = f"{TOGETHER}; the mean's interval counts them"
        return group(heading(f"{len(self.each)} losses, each by {shown(first.source)}"), body, "", together, dim(said),
                     findings_list(self.findings))  # fmt: skip


def forecast_all(sources: Mapping[str, Source], *, level: float = LEVEL, **at: ArrayLike) -> LossForecasts:
    """Return the forecast of several losses at the same new runs, each from its own source, as `forecast` would.

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> found = isoflop.forecast_all({"nats": runs, "again": runs}, N=1e7, D=1e9)
    >>> found["nats"][0].loss.value == found["again"][0].loss.value
    True
    """
    if not sources:
        raise UsageError('name the losses to forecast, as in {"web": runs_of_web, "code": runs_of_code}.')
    settled = {name: settle(source) for name, source in sources.items()}
    each = {name: forecast(one, level=level, **at) for name, one in settled.items()}
    together = correlations_of(list(settled.values()))
    count = len(next(iter(each.values())))
    mean = tuple(_mean([found[place].loss for found in each.values()], together) for place in range(count))
    return LossForecasts(each=each, mean=mean, correlations=together)


def _mean(losses: Sequence[Estimate], together: Array) -> Estimate:
    """Return the mean loss, its interval by s² = Σᵢⱼ sᵢ sⱼ rᵢⱼ / n²; unknown correlations count as 1."""
    level = losses[0].level
    quantile = NormalDist().inv_cdf((1 + level) / 2)
    spread = np.array([(one.high - one.low) / 2 / quantile for one in losses]) / len(losses)
    value = float(np.mean([one.value for one in losses]))
    half = quantile * math.sqrt(max(float(spread @ np.nan_to_num(together, nan=1.0) @ spread), 0.0))
    return Estimate(value, value - half, value + half, level)
