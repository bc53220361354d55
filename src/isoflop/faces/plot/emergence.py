"""The figure of a jump: loss along scale, the same runs by accuracy and by a metric that cannot jump, the verdict."""

from __future__ import annotations

import math
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.emergence import BREAK, METRIC, Emergence, edit_distance
from isoflop.errors import UsageError
from isoflop.faces.plot.look import (
    FAINT,
    INK,
    LAW_COLOURS,
    QUIET,
    dark,
    decades,
    figure_of,
    head,
    of_ten,
    points,
    style,
)
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.emergence.result import Shown
    from isoflop.estimate import Estimate

_NAMES = {
    "best C": "training FLOPs of equal loss, best allocation",
    "C": "training FLOPs",
    "N": "parameters",
    "D": "training tokens",
}
_BEYOND = 3.0
"""How far beyond the largest run the curves are drawn."""
_WIDTH = 52


def emergence_figure(found: Emergence) -> Figure:
    """Return the figure of a verdict: loss, accuracy, a continuous metric, and the words.

    Raises UsageError where runs, loss or items are missing, so that there are no curves to draw.
    """
    shown = found.shown
    if shown is None:
        raise UsageError(f"there is nothing to draw: {found.reason[:1].lower()}{found.reason[1:]}")
    with style():
        figure = figure_of(10.4, 7.4)
        (loss, accuracy), (smooth, words) = figure.subplots(2, 2)
        shown = _near(shown)
        _loss(loss, found, shown)
        _accuracy(accuracy, found, shown)
        if math.isnan(found.scoring.tokens):
            _given_loss(smooth, found, shown)
        else:
            _edit_distance(smooth, found, shown)
        _words(words, found)
    return figure


def _near(shown: Shown) -> Shown:
    """Return the curves no farther than a little beyond the largest run."""
    near = shown.grid <= _BEYOND * shown.scale.max()
    names = ("grid", "loss_curve", "accuracy_curve", "low", "high")
    return replace(shown, **{name: getattr(shown, name)[near] for name in names})


def _loss(axes: Axes, found: Emergence, shown: Shown) -> None:
    """Draw the loss along scale."""
    axes.plot(shown.grid, shown.loss_curve, color=LAW_COLOURS[0], linewidth=2, zorder=2)
    axes.scatter(shown.scale, shown.loss, s=20, color=INK, zorder=3, linewidths=0)
    _scale(axes, found)
    axes.set(yscale="log", ylabel="loss (nats per token)")
    _few_ticks(axes)
    breaks = found.verdict == BREAK and "itself breaks" in found.reason
    title = (
        "The loss breaks" if breaks else "The loss falls smoothly" if found.verdict in {BREAK, METRIC} else "The loss"
    )
    head(axes, title, f"{found.runs} runs; line: the curve chosen")
    _breaks(axes, found)


def _accuracy(axes: Axes, found: Emergence, shown: Shown) -> None:
    """Draw the accuracy along scale, with what the items cannot show."""
    scoring = found.scoring
    axes.fill_between(shown.grid, shown.low, shown.high, color=LAW_COLOURS[1], alpha=0.15, linewidth=0, zorder=1)
    axes.plot(shown.grid, shown.accuracy_curve, color=LAW_COLOURS[1], linewidth=2, zorder=2)
    wrong = shown.accuracy <= 0
    axes.scatter(shown.scale[~wrong], shown.accuracy[~wrong], s=20, color=INK, zorder=3, linewidths=0)
    axes.scatter(
        shown.scale[wrong], shown.accuracy[wrong], s=20, facecolors="white", edgecolors=INK, linewidths=0.9, zorder=3,
        clip_on=False,
    )  # fmt: skip
    if scoring.chance:
        axes.axhline(scoring.chance, color=QUIET, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
    _scale(axes, found)
    top = min(1.02, 1.18 * max(float(shown.accuracy.max()), 2 / scoring.items))
    axes.set(ylim=(-0.015 * top, top), ylabel=scoring.metric or "accuracy, worked out from the loss")
    zeros = f"; hollow: {int(wrong.sum())} of {wrong.size} do" if wrong.any() else ""
    axes.axhline(found.resolution, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    _breaks(axes, found)
    name = f"By exact match of {scoring.tokens:g} tokens" if not math.isnan(scoring.tokens) else "By accuracy"
    head(axes, name, f"{scoring.items:,} items: below {show(found.resolution, 2)} it reads 0{zeros}")


def _edit_distance(axes: Axes, found: Emergence, shown: Shown) -> None:
    """Draw the wrong tokens of an answer along scale: what counts tokens, and cannot jump."""
    tokens = found.scoring.tokens
    curve = edit_distance(shown.loss_curve, tokens)
    axes.plot(shown.grid, curve, color=LAW_COLOURS[4], linewidth=2, zorder=2)
    axes.scatter(shown.scale, edit_distance(shown.loss, tokens), s=20, color=INK, zorder=3, linewidths=0)
    _scale(axes, found)
    axes.set(ylabel=f"wrong tokens of {tokens:g}", ylim=(0, 1.03 * tokens))
    head(
        axes,
        "The same runs by a continuous metric",
        "expected edit distance, T (1 - exp(-loss)): it counts single tokens",
    )
    _breaks(axes, found)


def _given_loss(axes: Axes, found: Emergence, shown: Shown) -> None:
    """Draw the accuracy above chance against the loss: what a metric makes of the loss is smooth here."""
    scoring = found.scoring
    above, curve = shown.accuracy - scoring.chance, shown.accuracy_curve - scoring.chance
    seen = above > 0
    order = np.argsort(shown.loss_curve)
    axes.plot(shown.loss_curve[order], curve[order], color=LAW_COLOURS[4], linewidth=2, zorder=2)
    axes.scatter(shown.loss[seen], above[seen], s=20, color=INK, zorder=3, linewidths=0)
    low = 0.5 / scoring.items
    axes.scatter(
        shown.loss[~seen], np.full(int((~seen).sum()), low), s=20, facecolors="white", edgecolors=INK, linewidths=0.9,
        zorder=3, clip_on=False,
    )  # fmt: skip
    axes.axhspan(low, 1 / scoring.items, color=FAINT, alpha=0.5, linewidth=0, zorder=0)
    axes.set(yscale="log", ylim=(low, 1.3), ylabel="accuracy" + (" above chance" if scoring.chance else ""))
    axes.set(xlabel="loss (nats per token)", xlim=axes.get_xlim()[::-1])
    decades(axes.yaxis)
    none = f"; hollow: {int((~seen).sum())} not above {'chance' if scoring.chance else '0'}" if not seen.all() else ""
    head(axes, "Accuracy at a given loss", f"grey: below one item of {scoring.items}{none}")


def _words(axes: Axes, found: Emergence) -> None:
    """Write the verdict, its reason and the thresholds."""
    axes.axis("off")
    axes.set_title(f"Verdict: {found.verdict}", color=dark(LAW_COLOURS[1 if found.verdict == BREAK else 0]))
    lines = textwrap.wrap(found.reason, _WIDTH)
    for one in [mark for mark in found.thresholds if 0 < mark.along.value < math.inf]:
        lines += ["", f"accuracy {one.what} at {found.along} = {_value(one.along, found.along)},"]
        lines += [f"loss = {_value(one.loss, 'loss')}"]
    if len(lines) > len(textwrap.wrap(found.reason, _WIDTH)):
        lines += ["", f"in brackets: {_level(found)} intervals"]
    text = axes.text(0, 1.0, "\n".join(lines), va="top", ha="left", fontsize=points(9.5), linespacing=1.35)
    text.set_transform(axes.transAxes)
    text.set_in_layout(False)


def _value(estimate: Estimate, along: str) -> str:
    """Write an estimate in the words of its scale."""
    if math.isinf(estimate.value):
        return "out of reach"
    if along in {"C", "best C"}:
        return f"{of_ten(estimate.value)} [{of_ten(estimate.low)}, {of_ten(estimate.high)}]"
    return str(estimate)


def _breaks(axes: Axes, found: Emergence) -> None:
    """Draw where a break lies, as a band over its interval."""
    for one in found.thresholds:
        if one.what == "breaks":
            axes.axvspan(one.along.low, one.along.high, color=LAW_COLOURS[2], alpha=0.18, linewidth=0, zorder=0)


def _scale(axes: Axes, found: Emergence) -> None:
    axes.set(xscale="log", xlabel=_NAMES.get(found.along, found.along))
    decades(axes.xaxis)


def _few_ticks(axes: Axes) -> None:
    """Label a short logarithmic axis with plain numbers."""
    from matplotlib import ticker

    low, high = axes.get_ylim()
    if high / low < 30:
        axes.yaxis.set_major_locator(ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_minor_locator(ticker.NullLocator())
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        decades(axes.yaxis)


def _level(found: Emergence) -> str:
    return f"{found.thresholds[0].along.level:.0%}" if found.thresholds else "90%"
