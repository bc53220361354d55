"""The command that draws what fits some runs: plot."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.errors import UsageError, shown
from isoflop.faces.cli.options import Asked, interval, takes_runs
from isoflop.faces.cli.shared import Source_, Text, option, refuse_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isoflop.data.runs import Runs
    from isoflop.fitting.fit import Fit
    from isoflop.forecasting.predictor import Predictor

KINDS = {
    "frontier": "loss against compute, with the best loss at each budget and its band",
    "isoflops": "loss against size, a curve for each budget",
    "contours": "lines of equal loss over compute and size, and the cheapest way down",
    "allocation": "the best size and its tokens at each budget, with intervals",
    "residuals": "what one law leaves of each run",
    "profiles": "how far each parameter of one law can be pushed",
}
"""What `isoflop plot` draws. Backtests, sensitivity, landmarks and laws are drawn by their own commands, with -o."""
_ONE_LAW = ("residuals", "profiles")


@takes_runs
def plot(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{', '.join(KINDS)}.")],
    source: Source_,
    asked: Asked,
    output: Annotated[Text, option("-o --output", "KIND.png unless said; also .svg and .pdf.", metavar="FILE")] = None,
    targets: Annotated[Text, option("--targets", "Larger runs, shown beside their forecasts.", metavar="EXPR")] = None,
    flops: Annotated[Text, option("--flops", "The budgets drawn (allocation): 1e20:1e26.", metavar="LOW:HIGH")] = None,
    landmarks: Annotated[
        bool, option("--landmarks/--no-landmarks", "Published models within them (allocation).")
    ] = True,
) -> None:
    """Draw what fits your runs, fit for a paper: the frontier, isoFLOP curves, contours, residuals and more."""
    from isoflop.faces.plot import allocation_figure, save_figure

    if kind not in KINDS:
        listed = "; ".join(f"{name} ({what})" for name, what in KINDS.items())
        raise UsageError(f'"{shown(kind)}" is no figure. There are {listed}.')
    for flag, given, of in (("--targets", targets, "frontier"), ("--flops", flops, "allocation")):
        if given is not None and kind != of:
            raise UsageError(f"{flag} belongs to {of}. Leave it out.")
    name = output or f"{kind}.png"
    refuse_figure(source, name)
    if kind == "allocation":
        budgets = None if flops is None else _budgets(flops)
        found = asked.source(source)
        typer.echo(str(save_figure(allocation_figure(found, budgets=budgets, landmarks=landmarks), name)))
        return
    if kind in _ONE_LAW:
        drawn = _one_law(kind, asked.one_fit(source))
    else:
        drawn = _figure(
            kind, _with_runs(source, asked), replace(asked, where=[targets]).read(source) if targets else None
        )
    typer.echo(str(save_figure(drawn, name)))


def _budgets(text: str) -> tuple[float, float]:
    low, high = interval(text)
    if not (low > 0 and high < float("inf")):
        raise UsageError(f'"{text}" is no range of budgets. Say the least and the largest, as in --flops 1e20:1e26.')
    return low, high


def _with_runs(source: str, asked: Asked) -> Predictor:
    found = asked.source(source)
    if found.runs is None and math.isinf(found.freedom):
        raise UsageError(f"{source} is a published curve, without runs. Say isoflop laws {source} -o law.png.")
    return found


def _one_law(kind: str, fit: Fit) -> Figure:
    from isoflop.faces import plot
    from isoflop.fitting.profile import profile

    if kind == "residuals":
        return plot.residuals_figure(fit)
    return plot.profiles_figure([profile(fit, name) for name in fit.curve.law.parameters])


def _figure(kind: str, source: Predictor, targets: Runs | None) -> Figure:
    from isoflop.faces import plot

    if kind == "frontier":
        return plot.frontier_figure(source, targets)
    draw = {"isoflops": plot.isoflops_figure, "contours": plot.contours_figure}
    return draw[kind](source)
