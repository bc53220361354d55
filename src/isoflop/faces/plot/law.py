"""The figure of a law: its published curves over the ranges they were fitted on, and a little beyond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.look import QUIET, head, lines_behind, of_ten, panel, points, shades
from isoflop.faces.plot.names import End, name_ends
from isoflop.formula.arrays import Array
from isoflop.formula.law import Curve, Law
from isoflop.laws import CURVES
from isoflop.quantities import Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TYPICAL = {
    "Params": (1e7, 1e11), "Tokens": (1e9, 1e13), "Flops": (1e18, 1e25), "Steps": (1e3, 1e6), "Nats": (1.8, 4.0),
    "Experts": (1.0, 256.0), "Granularity": (1.0, 32.0), "Bits": (2.0, 16.0), "Share": (0.05, 0.95),
    "Sequences": (16.0, 8192.0), "LearningRate": (1e-5, 1e-2), "ErrorRate": (0.01, 0.9), "Accuracy": (0.05, 0.95),
    "Score": (100.0, 2000.0),
}  # fmt: skip
"""Kind of input → where a curve is drawn whose range is not known."""
OF_INPUTS = {"context": (512.0, 65536.0), "length": (1.0, 20.0), "U": (1e9, 1e12), "k": (1.0, 1e4), "d": (0.1, 12.0)}
"""The same for inputs that their kind says too little of."""
ANYTHING = (1e3, 1e9)
LINES, MOST = 4, 12
"""Lines for the second input of one curve; curves of one law that can be told apart."""
BEYOND, POINTS = 10.0, 200
"""How far beyond the fitted range a line is drawn, dashed; points of a line."""
_ROOM = 88
"""Characters of a formula, and of the inputs that are held, that fit above the picture."""
_WIDE, _STEEP = 20.0, 4.0
"""Ratios of ends, along and up, from which an axis is logarithmic."""


class _Line(NamedTuple):
    """One line of the figure: inside its fitted range up to `end`, dashed beyond."""

    name: str
    x: Array
    y: Array
    end: float
    known: bool


def law_figure(found: object) -> Figure:
    """Return the figure of a curve, or of a law's published curves.

    Of two inputs the second is held at a few values, each a line; all others stay in the middle of their range.
    Raises UsageError for a law without published curves, and for anything that is no single law or curve.
    """
    if not isinstance(found, Law | Curve):
        raise UsageError("several laws are called so. Name one, as in isoflop laws besiroglu2024 -o law.png.")
    law = found if isinstance(found, Law) else found.law
    curves = [found] if isinstance(found, Curve) else [curve for curve in CURVES.values() if curve.law is law]
    if not curves:
        raise UsageError(f"{law.name} has no published curve to draw. Fit it to your runs: isoflop fit --law.")
    curves = curves[:MOST]
    lines, held = _lines(curves)
    with panel(6.6, 4.4) as (figure, axes):
        _draw(axes, lines, law)
        at = ", ".join(f"{key} = {_number(value)}" for key, value in held.items())
        head(axes, found.name, "   ".join(filter(None, [at, _short(str(law.formula), most=_ROOM - len(at))])))
    return figure


def _lines(curves: Sequence[Curve]) -> tuple[list[_Line], dict[str, float]]:
    """Return the lines of one curve, or one of each of several, and the inputs that all of them hold at one value."""
    law = curves[0].law
    others = [*law.inputs][1:]
    middle = {key: _rounded(float(np.sqrt(np.prod(_range(curves[0], key)))), law.inputs[key]) for key in others}
    if len(curves) > 1 or not others:
        return [_line(curve, name, middle) for curve, name in zip(curves, _apart(curves), strict=True)], middle
    second = others[0]
    values = [_rounded(float(value), law.inputs[second]) for value in np.geomspace(*_range(curves[0], second), LINES)]
    lines = [
        _line(curves[0], f"{second} = {_number(value)}", middle | {second: value}) for value in dict.fromkeys(values)
    ]
    return lines, {key: value for key, value in middle.items() if key != second}


def _apart(curves: Sequence[Curve]) -> list[str]:
    """Return the curves' names without what all of them begin or end with, cut at dashes."""
    parts = [curve.name.split("-") for curve in curves]
    while len(parts) > 1 and min(map(len, parts)) > 1 and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    while len(parts) > 1 and min(map(len, parts)) > 1 and len({part[-1] for part in parts}) == 1:
        parts = [part[:-1] for part in parts]
    return ["-".join(part) for part in parts]


def _line(curve: Curve, name: str, others: Mapping[str, float]) -> _Line:
    """Return a curve along its first input, all others held."""
    first = next(iter(curve.law.inputs))
    low, high = _range(curve, first)
    far = high * BEYOND if first in curve.fitted_on and high / low > _WIDE else high
    spaced = np.geomspace if high / low > _WIDE else np.linspace
    x = np.unique([*spaced(low, far, POINTS), high])
    y = np.broadcast_to(curve(**{first: x}, **{key: np.full(x.shape, value) for key, value in others.items()}), x.shape)
    return _Line(name, x, np.asarray(y), high, first in curve.fitted_on)


def _range(curve: Curve, key: str) -> tuple[float, float]:
    """Return where an input is drawn: where its curve was fitted, or where such inputs usually lie."""
    if key in curve.fitted_on:
        return curve.fitted_on[key]
    return OF_INPUTS.get(key) or TYPICAL.get(curve.law.inputs[key].name, ANYTHING)


def _rounded(value: float, kind: Kind) -> float:
    """Return a number as people would choose it: whole where things are counted, two digits below a hundred."""
    if value >= 1 and kind.name not in ("Nats", "Score"):
        value = round(value)
    return float(f"{value:.1e}") if value < 100 else float(f"{value:.0e}")


def _draw(axes: Axes, lines: Sequence[_Line], law: Law) -> None:
    """Draw the lines, solid where they were fitted and dashed beyond, each with its name at its end."""
    ranks = np.argsort(np.argsort([-line.y[-1] for line in lines]))
    colours = [shades(len(lines))[rank] for rank in ranks]
    for line, colour in zip(lines, colours, strict=True):
        for inside, dashes in ((line.x <= line.end, "-"), (line.x >= line.end, (0, (2, 2)))):
            axes.plot(line.x[inside], line.y[inside], color=colour, linewidth=1.8, linestyle=dashes)
    x, y = (np.concatenate([np.asarray(getattr(line, name)) for line in lines]) for name in ("x", "y"))
    first, kind = next(iter(law.inputs.items()))
    axes.set(xlabel=_label(first, kind), ylabel=_label("", law.output))
    _scale(axes, "x", x, wide=_WIDE)
    _scale(axes, "y", y[np.isfinite(y)], wide=_STEEP)
    axes.margins(x=0.02)
    lines_behind(axes)
    if len(lines) > 1:
        axes.autoscale_view()
        ends = [End(line.name, (line.x[-1], line.y[-1]), colour) for line, colour in zip(lines, colours, strict=True)]
        name_ends(axes, ends, size=8.5, at=axes.get_xlim()[1])
    _say_range(axes, lines)


def _say_range(axes: Axes, lines: Sequence[_Line]) -> None:
    """Say what is dashed, or that nothing is known of the runs behind the curves."""
    if any(line.x[-1] > line.end for line in lines):
        said = "dashed: beyond the runs it was fitted on"
    elif not any(line.known for line in lines):
        said = "the range of its runs is not known"
    else:
        return
    axes.annotate(
        said, (1, 1), xytext=(0, 28), xycoords="axes fraction", textcoords="offset points", ha="right", color=QUIET,
        fontsize=points(8), annotation_clip=False,
    )  # fmt: skip


def _label(key: str, kind: Kind) -> str:
    unit = {"nats per token": "loss (nats per token)"}.get(kind.unit, kind.unit or kind.name.lower())
    if not key or unit.startswith("loss"):
        return unit
    return key if not kind.unit else f"{unit} {key}" if len(key) == 1 else key if key == unit else f"{key} ({unit})"


def _scale(axes: Axes, side: str, values: Array, *, wide: float) -> None:
    """Make an axis logarithmic where its values are far apart, and write its numbers as people do."""
    from matplotlib import ticker

    axis = axes.xaxis if side == "x" else axes.yaxis
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low > wide:
        (axes.set_xscale if side == "x" else axes.set_yscale)("log")
        few = high / low < 100
        axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=9))
        axis.set_minor_formatter(ticker.NullFormatter())
        if few:
            axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: _number(value)))


def _number(value: float) -> str:
    """Return a tick's number: 10B, 0.5, and powers of ten where letters end."""
    if value and (abs(value) >= 1e15 or abs(value) < 1e-3):
        return of_ten(value)
    for limit, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if suffix == 'k' else limit):g}{suffix}"
    return f"{value:.4g}"


def _short(text: str, *, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
