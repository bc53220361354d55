"""The figure of a study: its isoFLOP curves, and what its laws said of larger runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.data.runs.costs import own_terms
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate
from isoflop.faces.plot.look import INK, LAW_COLOURS, MARKERS, QUIET, RUN, head, log_axes, of_ten, row, shades
from isoflop.faces.plot.names import End, name_ends
from isoflop.fitting.approaches import group_by_budget, isoflop_minima
from isoflop.fitting.fit import Fit
from isoflop.forecasting.ensemble import Ensemble, Evidence, evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.formula.law import Curve
from isoflop.quantities import is_date, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from isoflop.data.runs import Runs
    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array


AXES = {"N": "parameters N", "D": "tokens D", "C": "training compute C (FLOPs)"}
"""What an axis is called."""
_CALLED, _LARGER = {"N": "size", "D": "tokens", "C": "compute"}, "Larger runs: the forecast and what they reached"
_SAME_BUDGET = np.log(1.1)
_END = 1.6  # times the last run that lines reach: past forecasts that stand beside it
_SOME = 1.02  # room above and below where all losses are one
_STEP = 0.13  # between neighbours that stand side by side, in ln C


def overview(
    laws: Mapping[str, Fit | Curve | Ensemble], sweep: Runs, targets: Runs | None = None, *, loss: str = "loss"
) -> Figure:
    """Return the figure of a study: its isoFLOP curves, and the forecasts of its laws against compute.

    laws     name on the figure → fit, curve or ensemble of N and D; the first also draws the isoFLOP curves
    sweep    the runs that were fitted, isoFLOP budgets of at least three sizes each
    targets  larger runs, shown with what each law forecast for them and what they reached
    loss     what the loss axes are called, as in "loss (nats per byte)"
    """
    if not laws:
        raise UsageError('name at least one law to draw, as in overview({"chinchilla": fit}, runs).')
    with row((10.4, 4.7), (1, 1.12)) as (figure, (left, right)):
        together = next((one for one in laws.values() if one.runs is not None and len(one.labels) > 1), None)
        sources = {name: Shown(name, one, evidence(one, together)) for name, one in laws.items()}
        isoflop_panel(left, next(iter(sources.values())), sweep)
        compute_panel(right, list(sources.values()), sweep, targets=targets)
        for axes in (left, right):
            axes.set_ylabel(loss)
    return figure


class Shown(NamedTuple):
    """What is drawn under a name, and what stands behind its intervals."""

    name: str
    source: Predictor
    behind: Evidence

    def forecast(self, **at: ArrayLike) -> list[Estimate]:
        """Return the loss at these inputs."""
        return [one.loss for one in forecast_with(self.source, self.behind, level=LEVEL, at=at)]

    def best(self, along: str, values: Array) -> list[Estimate]:
        """Return the least loss at each compute, or the loss along the only input."""
        if along in self.source.inputs:
            return self.forecast(**{along: values})
        line = Allocation(self.source, own_terms(self.source.runs))
        best = line.best(values)
        return self.forecast(N=np.exp(best), D=line.tokens(best, values))


def needs_pair(source: Predictor, what: str) -> None:
    """Refuse a law that is not of N and D for a figure that is."""
    if not {"N", "D"} <= set(source.inputs):
        raise UsageError(f"{source.name} takes {', '.join(source.inputs)}; {what} need a law of N and D.")


def axis_of(source: Predictor) -> str:
    """Return what the loss is drawn against: the only input of a source, or compute C."""
    only = next(iter(source.inputs))
    return only if len(source.inputs) == 1 else "C"


def log_of(axes: Axes, along: str) -> None:
    """Make an axis of losses and the one of an input, or of compute, logarithmic."""
    log_axes(axes, AXES.get(along, along), of_ten if along == "C" else lambda value: show(value, 1))


def isoflop_panel(axes: Axes, law: Shown, runs: Runs) -> None:
    """Draw loss against parameters, a colour for each budget: runs, the law's curve, the lowest point.

    A diamond is the lowest point of a parabola through one budget's runs, where it lies among them:
    it knows nothing of the law.
    """
    needs_pair(law.source, "isoFLOP curves")
    budgets = [runs.take(member) for member in group_by_budget(runs).members]
    ends: list[End] = []
    for budget, colour in zip(budgets, shades(len(budgets)), strict=True):
        compute = float(np.exp(np.log(budget["C"]).mean()))
        sizes = np.geomspace(budget["N"].min() / 1.15, budget["N"].max() * 1.15, 120)
        loss = [one.value for one in law.forecast(N=sizes, D=own_terms(runs).rule.tokens(sizes, compute))]
        axes.plot(sizes, loss, color=colour, linewidth=1.6, zorder=2)
        axes.scatter(budget["N"], budget["loss"], s=28, color=colour, linewidths=0, zorder=3)
        ends.append(End(f"{of_ten(compute)} FLOPs", (float(sizes[-1]), loss[-1]), colour))
    lowest = isoflop_minima(runs, draws=0).usable
    axes.scatter(
        [one.N.value for one in lowest], [one.loss.value for one in lowest], s=54, marker="D",
        facecolors="white", edgecolors=INK, linewidths=1.1, zorder=2.5,
    )  # fmt: skip
    log_axes(axes, "parameters N", lambda value: show(value, 1))
    axes.set_xlim(right=runs["N"].max() * 3.8)
    name_ends(axes, ends, drop=True)
    one = len(law.source.labels) == 1
    fitted = f"the fitted {law.name} law" if one else "several laws together"
    head(axes, "At equal compute, one size is best", f"curves: {fitted}; ◇ lowest point of each budget")


def compute_panel(axes: Axes, laws: Sequence[Shown], runs: Runs, *, targets: Runs | None = None) -> None:
    """Draw loss against compute, or the only input: runs, each law's best loss, the first's band, and forecasts.

    Frontiers are dashed beyond the largest run. Forecasts of one target stand side by side around
    what it reached; only that one's compute is exact.
    """
    along = axis_of(laws[0].source)
    trained = float(runs[along].max())
    end = _END * max(trained, float(targets[along].max()) if targets is not None else trained * 10)
    reach = (float(runs[along].min()), trained, end)
    if not reach[0] > 0 or is_date(along, runs[along]):
        raise UsageError(f"the frontier is drawn against a size, tokens or compute, and {along} is none of them.")
    colours = _law_colours(len(laws))
    ends = [
        frontier_line(axes, law, (along, reach), colour=colour, band=law is laws[0])
        for law, colour in zip(laws, colours, strict=True)
    ]
    if targets is not None:
        _targets(axes, laws, targets, along=along)
    _frame(axes, (reach[0], end), np.array([*runs["loss"], *(targets["loss"] if targets is not None else ())]))
    log_of(axes, along)
    axes.set_xlim(right=end * 2.6)
    top = float(axes.get_ylim()[1]) * 1.06
    _runs_below(axes, (runs[along], runs["loss"]), top)
    name_ends(axes, [End(law.name, (end, height), colour)
                     for law, height, colour in zip(laws, ends, colours, strict=True)])  # fmt: skip
    _key(axes, with_targets=targets is not None, above=bool((runs["loss"] > top).any()))
    title = f"Loss falls with {_CALLED.get(along, along)}" if targets is None else _LARGER
    known = any(np.isfinite(ends))
    what = "loss" if along in laws[0].source.inputs else "best loss at each budget"
    under = f"lines: {what}, dashed beyond the runs; band: 90 %"
    head(axes, title if known else "Loss against compute", under if known else "these runs say no best size")


def _frame(axes: Axes, computes: tuple[float, float], losses: Array) -> None:
    """Hold the better half of the runs and the lines in the frame; a band that is wider than these are high is cut."""
    lines = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
    seen = lines[np.isfinite(lines)] if np.isfinite(lines).any() else losses
    low, high = min(seen.min(), losses.min()), max(seen.max(), float(np.median(losses)))
    axes.update_datalim(np.column_stack([computes, (low / _SOME, high * _SOME)]))
    axes.set(xscale="log", yscale="log")
    axes.autoscale_view()
    least, most = axes.get_ylim()
    axes.set_ylim(max(least, low * low / high / _SOME), min(most, high * high / low * _SOME))


def _runs_below(axes: Axes, runs: tuple[Array, Array], top: float) -> None:
    """Draw the runs, where and how high, up to a loss, and an arrowhead at the edge for each above it."""
    (place, loss), seen = runs, runs[1] <= top
    axes.scatter(place[seen], loss[seen], s=22, color=RUN, linewidths=0, zorder=2)
    axes.scatter(place[~seen], np.full(int((~seen).sum()), top), s=30, marker=6, color=RUN, linewidths=0, clip_on=False)
    axes.set_ylim(top=top)


def frontier_line(
    axes: Axes, law: Shown, where: tuple[str, tuple[float, float, float]], *, colour: str, band: bool
) -> float:
    """Draw the least loss a law gives, along what from where to where, and give its height at the end."""
    along, (first, trained, end) = where
    computes = np.unique(np.concatenate([np.geomspace(first, trained, 20), np.geomspace(trained, end, 20)]))
    expected = law.best(along, computes)
    loss, low, high = (np.array([getattr(one, part) for one in expected]) for part in ("value", "low", "high"))
    if band:
        axes.fill_between(computes, low, high, color=colour, alpha=0.13, linewidth=0, zorder=1)
    for part, dashes in ((computes <= trained, "-"), (computes >= trained, (0, (4, 2)))):
        axes.plot(computes[part], loss[part], color=colour, linewidth=1.6, linestyle=dashes, zorder=3)
    return float(loss[-1])


def _targets(axes: Axes, laws: Sequence[Shown], targets: Runs, *, along: str) -> None:
    """Draw each target where it ended, and on its sides what the laws had said; runs of equal inputs are one."""
    middle, keys = len(laws) // 2, list(laws[0].source.inputs)
    at = np.stack([targets[key] for key in keys])
    _, first, equal = np.unique(at, axis=1, return_index=True, return_inverse=True)
    for number, compute in enumerate(_side_by_side(targets[along][first], 1 + len(laws))):
        places = compute * np.exp(_STEP * (np.arange(1 + len(laws)) - middle))
        reached = targets["loss"][equal.ravel() == number]
        axes.scatter(np.full(reached.size, places[middle]), reached, s=34, color=INK, linewidths=0, zorder=6)
        marks = zip(np.delete(places, middle), laws, _law_colours(len(laws)), cycle(MARKERS), strict=False)
        for place, law, colour, marker in marks:
            (loss,) = law.forecast(**{key: targets[key][first[number]] for key in keys})
            axes.vlines(place, loss.low, loss.high, color=colour, linewidth=2, zorder=5)
            axes.scatter(
                place, loss.value, s=26, marker=marker, facecolors="white", edgecolors=colour, linewidths=1.4, zorder=6
            )


def _key(axes: Axes, *, with_targets: bool, above: bool) -> None:
    from matplotlib.lines import Line2D

    reached = Line2D([], [], color=INK, marker="o", markersize=5.5, linestyle="")
    said = Line2D([], [], color=QUIET, marker="o", markersize=5, markerfacecolor="white", linewidth=2)
    run = Line2D([], [], color=RUN, marker="o", markersize=4.5, linestyle="")
    marks = {f"runs that were fitted{', ▲ above the frame' if above else ''}": run}
    if with_targets:
        marks |= {"larger run: forecast beside it, 90 % interval": said, "larger run: reached": reached}
    axes.legend(marks.values(), marks.keys(), loc="lower left", handlelength=1.6, borderaxespad=0.2, labelspacing=0.5)


def _side_by_side(compute: Array, width: int) -> Array:
    """Return places in C for runs so that those of equal compute do not hide each other."""
    placed = np.array(compute, float)
    for group in _groups(compute):
        shift = np.arange(len(group)) - (len(group) - 1) / 2
        placed[group] *= np.exp(_STEP * (width + 0.6) * shift)
    return placed


def _groups(compute: Array) -> list[NDArray[np.intp]]:
    order = np.argsort(compute, kind="stable")
    return np.split(order, 1 + np.flatnonzero(np.diff(np.log(compute[order])) > _SAME_BUDGET))


def _law_colours(count: int) -> list[str]:
    return [LAW_COLOURS[position % len(LAW_COLOURS)] for position in range(count)]
