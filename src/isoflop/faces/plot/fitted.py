"""Figures of what fits some runs, one panel each: loss against compute, and isoFLOP curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from isoflop.errors import UsageError
from isoflop.faces.plot.look import panel
from isoflop.faces.plot.overview import Shown, compute_panel, isoflop_panel
from isoflop.forecasting.ensemble import evidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.data.runs import Runs
    from isoflop.forecasting.predictor import Predictor


def frontier_figure(source: Predictor, targets: Runs | None = None) -> Figure:
    """Return loss against compute: the runs, the best loss at each budget with its band, and larger runs if given."""
    with panel(6.8, 4.7) as (figure, axes):
        compute_panel(axes, [_shown(source)], runs_of(source), targets=targets)
        _name_loss(axes, source)
    return figure


def isoflops_figure(source: Predictor) -> Figure:
    """Return loss against size, a curve for each budget of the runs, each with the lowest point of its own parabola."""
    with panel(6.8, 4.7) as (figure, axes):
        isoflop_panel(axes, _shown(source), runs_of(source))
        _name_loss(axes, source)
    return figure


def runs_of(source: Predictor) -> Runs:
    """Return the runs behind a fit or several laws; raises UsageError where there are none."""
    if source.runs is None:
        raise UsageError("the fit was saved without its runs, which this figure shows. Give the runs instead.")
    return source.runs


def compute_behind(source: Predictor) -> tuple[float, float]:
    """Return the least and the largest compute of the runs behind a source, nan and inf where it is unknown."""
    ends = source.fitted_on
    if "C" in ends or not {"N", "D"} <= set(ends):
        return ends.get("C", (math.nan, math.inf))
    return 6 * ends["N"][0] * ends["D"][0], 6 * ends["N"][1] * ends["D"][1]


def _name_loss(axes: Axes, source: Predictor) -> None:
    """Say on the axis of losses what they are, if they are made of a metric."""
    if source.metric is not None:
        axes.set_ylabel(source.metric.loss)


def _shown(source: Predictor) -> Shown:
    return Shown(short_name(source), source, evidence(source))


def short_name(source: Predictor) -> str:
    """Return how a figure calls a source: by its law, or "several laws"."""
    return source.labels[0] if len(source.labels) == 1 else "several laws"
