"""The figures of a report: the plan's valley, runs and frontier, isoFLOP curves, residuals, backtests."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isoflop.errors import DataError, UsageError
from isoflop.faces import plot
from isoflop.faces.plot import plan_figure
from isoflop.faces.plot.look import Form, drawn_as, figure_bytes
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from isoflop.fitting.fit import Fit
    from isoflop.forecasting.predictor import Predictor
    from isoflop.planning.result import Plan

_AROUND = (1e-3, 10.0)
"""Of the plan's budget, what is drawn of published curves."""
_BESIDE = 3.6
"""Inches across of the figure on the first page."""
MOST_AS_LINES = 500
"""Runs up to which a figure is drawn as lines; more are dots of a picture, which weighs less."""


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A figure of a report, its name, and what it tells."""

    name: str
    said: str
    figure: Figure = field(repr=False)

    @property
    def alt(self) -> str:
        """What is said in place of the figure."""
        return f"{self.name}: {self.said}"

    def picture(self, runs: int) -> tuple[str, bytes]:
        """Return its format and bytes: SVG whose letters are outlines, alike wherever it is read; PNG of many runs."""
        if runs > MOST_AS_LINES:
            return "png", figure_bytes(self.figure, "png")
        return "svg", figure_bytes(self.figure, "svg", **{"svg.fonttype": "path"})


def exhibits(source: Predictor, one_law: Fit | None, plan: Plan | None) -> tuple[Exhibit, ...]:
    """Return the figures that there is something to show on; raises MissingExtraError without matplotlib.

    one_law  the law in detail, whose residuals are shown
    """
    found, own = [], evidence(source).own
    if plan is not None:
        found.append(("The valley", "Loss against size at this budget.", lambda: _small(plan)))
    if source.runs is not None:
        found += [
            (
                "Loss against compute",
                "The runs, and the best loss at each budget.",
                lambda: plot.frontier_figure(source),
            ),
            ("IsoFLOP curves", "At each budget of the runs, one size is best.", lambda: plot.isoflops_figure(source)),
        ]
    low, high = _AROUND
    budgets = (plan.budget.value * low, plan.budget.value * high) if plan and source.runs is None else None
    found.append(("What each budget trains", "The best size and its tokens.",
                  lambda: plot.allocation_figure(source, budgets=budgets)))  # fmt: skip
    if own is not None:
        told = "Blind tests: small runs were fitted, large ones forecast."
        found.append(("Forecasts against what runs reached", told, lambda: plot.backtest_figure(record(own))))
    if one_law is not None:
        found.append(
            ("Residuals", "What the law in detail leaves of each run.", lambda: plot.residuals_figure(one_law))
        )
    return tuple(filter(None, (_exhibit(*one) for one in found)))


def _small(plan: Plan) -> Figure:
    """Return the valley at the size at which it stands beside text."""
    with drawn_as(Form(width=_BESIDE)):
        return plan_figure(plan)


def _exhibit(name: str, said: str, draw: Callable[[], Figure]) -> Exhibit | None:
    """Return a figure; None where the runs do not carry it."""
    with suppress(UsageError, DataError, ValueError):
        return Exhibit(name=name, said=said, figure=draw())
    return None
