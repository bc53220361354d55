"""The loss of a run not yet trained, with three intervals."""

from isoflop.forecast.intervals import COUNTS
from isoflop.forecast.result import Forecast, Forecasts
from isoflop.forecast.source import (
    Settled,
    Source,
    curve_of,
    name_of,
    refuse,
    refuse_nonpositive,
    settle,
    values_of,
)
from isoflop.forecast.verb import forecast, forecast_with

__all__ = [
    "COUNTS",
    "Forecast",
    "Forecasts",
    "Settled",
    "Source",
    "curve_of",
    "forecast",
    "forecast_with",
    "name_of",
    "refuse",
    "refuse_nonpositive",
    "settle",
    "values_of",
]
