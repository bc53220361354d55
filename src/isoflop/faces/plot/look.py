"""How every figure looks, at the size and in the form that a paper asks for; equal figures give equal bytes."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from isoflop.errors import MissingExtraError, UsageError
from isoflop.files import STANDARD, write_output
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from isoflop.formula.arrays import Array


_STAMP = {"pdf": "CreationDate", "png": "Software", "svg": "Date"}
"""Format → the entry of its metadata that would differ from run to run, or from machine to machine."""

INK, QUIET, RUN, FAINT = "#1a1a1a", "#6b6b6b", "#9a9a9a", "#dedede"
LAW_COLOURS = ("#0650b9", "#c14f14", "#6d0f4d", "#399cbf", "#022701", "#f59d01")
"""One for each law. Every pair differs by 19 or more (CIEDE2000) to normal, protan, deutan and tritan eyes (Machado
et al. 2009), and by 11 or more in lightness, so that they stay apart in grey. Found by search; a test measures both."""
MARKERS = ("o", "s", "^", "D", "v", "P")
"""One for each law beside its colour."""
_MAP, _MAP_ENDS = "viridis", (0.05, 0.64)  # its light end cannot be read on white
_CONTRAST = 4.5
"""What letters need on white (WCAG 2.2, 1.4.3)."""
_SMALL = 7.0
"""The smallest letters that journals print, in points."""
_FULL_WIDTH = 7.2
"""Inches from which letters have their full size: two columns of a journal."""
_NARROW = 5.0
"""Inches below which panels stand below one another."""
_INCH, _LEFT = 72, 0.8
"""Points of an inch; inches left of a panel, where its axis is written."""
_LETTER, _LINE = 0.52, 1.25
"""Width of a letter and height of a line, in sizes of the letter."""
_MANY_DECADES = 2.0
"""Decades of an axis beyond which small ticks stand at 2 and 5 only: eight to a decade take longer than all else."""
_TENFOLD = 12.0
"""How many times the least loss shown the largest is, beyond which ticks stand at 1, 2 and 5 of each decade."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 11, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.titlepad": 26, "axes.labelsize": 10, "axes.labelcolor": INK,
    "axes.edgecolor": QUIET, "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.facecolor": "white", "figure.facecolor": "white", "savefig.facecolor": "white", "text.color": INK,
    "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "xtick.major.size": 4, "ytick.major.size": 4,
    "xtick.minor.size": 2, "ytick.minor.size": 2, "lines.solid_capstyle": "round", "legend.frameon": False,
    "legend.fontsize": 9, "svg.fonttype": "none", "svg.hashsalt": "isoflop", "pdf.fonttype": 42,
    "path.simplify": True, "text.usetex": False,
    "text.parse_math": False,  # a $ in the name of a run is a $
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form in which figures are drawn.

    width  inches across; None for each figure's own. Letters shrink with it, to 7 points and no further
    font   a family that is installed
    dpi    dots an inch of a PNG
    title  whether the title and the line beneath it stand above the figure, or are left to its caption
    panel  a letter in the corner: "a"
    grey   whether it is drawn without colours
    """

    width: float | None = None
    font: str = "DejaVu Sans"
    dpi: float = 300.0
    title: bool = True
    panel: str = ""
    grey: bool = False


_AS_IS = Form()
_FORM = ContextVar("form", default=_AS_IS)


@contextmanager
def drawn_as(form: Form) -> Iterator[None]:
    """Draw every figure within the block in this form, such as Form(width=3.5)."""
    before = _FORM.set(form)
    try:
        yield
    finally:
        _FORM.reset(before)


def points(size: float) -> float:
    """Return the size of letters, in points, that have this size in a figure of full width."""
    width = _FORM.get().width
    return size if width is None else max(_SMALL, size * min(1.0, width / _FULL_WIDTH))


@contextmanager
def style() -> Iterator[None]:
    """Draw in our own style and leave the caller's matplotlib settings as they were."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtraError(
            'a figure needs matplotlib, which is not installed. Type: pip install "isoflop[plot]"'
        ) from None
    form = _FORM.get()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        mpl.rcParams.update({name: points(_STYLE[name]) for name in _STYLE if name.endswith(("size", "fontsize"))
                             and not name.endswith(("major.size", "minor.size"))})  # fmt: skip
        mpl.rcParams.update({"font.family": [form.font, "sans-serif"]})
        yield


def figure_of(width: float, height: float, *, top: float = 1.0, wspace: float = 0.02, hspace: float = 0.02) -> Figure:
    """Return an empty figure of this size in inches, or of the form's width in the same proportions.

    top    the share of the height that panels may fill
    wspace, hspace  room between panels
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    form = _FORM.get()
    times = 1.0 if form.width is None else form.width / width
    margins = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, rect=(0, 0, 1, top), wspace=wspace, hspace=hspace)
    figure = Figure(figsize=(width * times, height * times), dpi=form.dpi, layout=margins)
    FigureCanvasAgg(figure)  # keeps what measures letters, which a figure without it makes anew for every text
    return figure


@contextmanager
def panel(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure of one panel, in inches, to draw on in our own style."""
    with style():
        figure = figure_of(width, height)
        yield figure, figure.subplots()


@contextmanager
def panels(
    shape: tuple[int, int], inches: tuple[float, float], *, title: str, under: str
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give a figure of (down, across) panels under one title, row by row, to draw on in our own style.

    Where the form is narrow, panels that stood side by side stand below one another.
    """
    with style():
        form, (down, across), (width, height) = _FORM.get(), shape, inches
        if form.width is not None and form.width < _NARROW and across > 1:
            down, across, width, height = down * across, 1, width / across, height * across
        top = 1 - 0.62 / height if form.title else 1.0  # what title and the line under it leave
        figure = figure_of(width, height, top=top, wspace=0.05, hspace=0.06)
        grid = figure.subplots(down, across, squeeze=False)
        if form.title:
            figure.text(0.012, 1 - 0.2 / height, title, fontsize=points(11), fontweight="bold", va="center")
            figure.text(0.012, 1 - 0.44 / height, under, fontsize=points(9), color=QUIET, va="center")
        yield figure, list(grid.flat)


@contextmanager
def row(inches: tuple[float, float], ratios: tuple[float, ...] = (1, 1)) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give a figure of panels side by side, of these widths in proportion; below one another in a narrow form."""
    with style():
        form, (width, height) = _FORM.get(), inches
        if form.width is not None and form.width < _NARROW:
            figure = figure_of(width / len(ratios), height * len(ratios), hspace=0.06)
            yield figure, list(figure.subplots(len(ratios), 1))
        else:
            figure = figure_of(width, height, wspace=0.06)
            yield figure, list(figure.subplots(1, len(ratios), width_ratios=ratios))


def shades(count: int) -> list[Any]:
    """Return colours from dark to light that stay in order for every kind of colour vision."""
    from matplotlib import colormaps

    return [colormaps[_MAP](low + (high - low) * rank / max(count - 1, 1)) for rank in range(count)
            for low, high in (_MAP_ENDS,)]  # fmt: skip


def dark(colour: Any) -> tuple[float, float, float]:
    """Return a colour as dark as letters of it need to be on white: thin strokes need more contrast than a line."""
    from matplotlib.colors import to_rgb

    shade = np.array(to_rgb(colour))
    while _contrast(shade) < _CONTRAST:
        shade = shade * 0.95
    return tuple(shade.tolist())


def _contrast(shade: Array) -> float:
    """Return the contrast of a colour with white: 1.05 / (luminance + 0.05), of linear light (WCAG 2.2)."""
    linear = np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)
    return float(1.05 / (linear @ (0.2126, 0.7152, 0.0722) + 0.05))


def head(axes: Axes, title: str, under: str) -> None:
    """Give a panel its title and the line beneath it, unless the form leaves them to the caption."""
    if not _FORM.get().title:
        return
    lines = wrap(under, int(_room(axes) / (_LETTER * points(9))))
    axes.set_title(title, pad=_STYLE["axes.titlepad"] + max(len(lines) - 1, 0) * _LINE * points(9))
    axes.annotate(
        "\n".join(lines), (0, 1), xytext=(0, 9), xycoords="axes fraction", textcoords="offset points", color=QUIET,
        fontsize=points(9), annotation_clip=False,
    )  # fmt: skip


def _room(axes: Axes) -> float:
    """Return about how wide a panel is, in points: its share of the figure, less what stands left of it."""
    spec = axes.get_subplotspec()
    columns = 1.0 if spec is None else spec.get_gridspec().ncols / len(spec.colspan)
    return _INCH * (axes.figure.get_figure(root=True).get_figwidth() / columns - _LEFT)


def label(axes: Axes, end: tuple[float, float], text: str, *, colour: Any) -> None:
    """Write a name at the end of its line."""
    axes.annotate(
        text, end, xytext=(6, 0), textcoords="offset points", color=dark(colour), va="center", fontsize=points(9),
        annotation_clip=False,
    )  # fmt: skip


def log_axes(axes: Axes, name: str, written: Callable[[float], str]) -> None:
    """Make both axes logarithmic, loss upwards, with few ticks at round numbers."""
    from matplotlib import ticker

    axes.set(xscale="log", yscale="log", xlabel=name, ylabel="loss")
    low, high = axes.get_xlim()
    steps = (1.0, 3.0) if math.log10(high / low) < 2.4 else (1.0,)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=steps))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: written(value)))
    axes.xaxis.set_minor_locator(
        ticker.LogLocator(subs=range(1, 10) if math.log10(high / low) < _MANY_DECADES else (2.0, 5.0))
    )
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    least, most = axes.get_ylim()
    axes.yaxis.set_major_locator(
        ticker.LogLocator(subs=(1.0, 2.0, 5.0) if most / least < 1e3 else (1.0,)) if most / least > _TENFOLD
        else ticker.MaxNLocator(9, steps=(1, 2, 2.5, 5, 10))
    )  # fmt: skip
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: of_ten(value)))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    lines_behind(axes, "y")


def decades(axis: Axis, written: Callable[[float], str] | None = None) -> None:
    """Write the numbers of a logarithmic axis whose limits are set, as 10²² unless said; more where it is short."""
    from matplotlib import ticker

    low, high = axis.get_view_interval()
    reach, how = math.log10(high / low), written or of_ten
    powers = 10.0 ** np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = [(1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)][0 if reach > 1.5 else 1 if reach > 0.8 else 2 :]
    many = [((low <= np.outer(powers, one)) & (np.outer(powers, one) <= high)).sum() > 1 for one in steps]
    subs = next((one for one, enough in zip(steps, many, strict=True) if enough), steps[-1])
    axis.set_major_locator(ticker.LogLocator(subs=subs))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: how(value)))
    if reach > _MANY_DECADES:
        axis.set_minor_locator(ticker.LogLocator(subs=(2.0, 5.0)))
    axis.set_minor_formatter(ticker.NullFormatter())


def of_ten(value: float) -> str:
    """Write a number of few digits as people do: 0.02, 50, and a power of ten beyond: 10²², 3×10⁻⁵, 1.25×10¹¹."""
    if value == 0 or 0.9e-3 < abs(value) < 1e4:
        return f"{value:g}"
    if not math.isfinite(value):
        return show(value)
    digits, exponent = f"{value:.2e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    raised = "10" + str(int(exponent)).translate(_RAISED)
    return raised if digits == "1" else f"{digits}×{raised}"


def lines_behind(axes: Axes, along: Literal["x", "y", "both"] = "both") -> None:
    """Draw faint lines at the ticks of an axis, or of both, behind everything."""
    axes.grid(visible=True, which="major", axis=along, color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)


def ticks_apart(axis: Axis, count: int = 5) -> None:
    """Put round numbers on a linear axis, each written with the digits that tell it from its neighbours."""
    from matplotlib import ticker

    axis.set_major_locator(ticker.MaxNLocator(count, steps=(1, 2, 2.5, 5, 10)))
    most = float(np.abs(axis.get_view_interval()).max())
    axis.set_major_formatter(
        ticker.ScalarFormatter(useOffset=False) if 1e-3 < most < 1e5
        else ticker.FuncFormatter(lambda value, _: of_ten(value))
    )  # fmt: skip


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG, SVG or PDF, by the suffix, whole or not at all; equal figures give equal bytes.

    Raises UsageError for another suffix and DataError if the file cannot be written.
    """
    write_output(path, figure_bytes(figure, figure_format(path)))
    return Path(path)


def figure_bytes(figure: Figure, kind: str, **settings: Any) -> bytes:
    """Return a figure as "png", "svg" or "pdf"; settings  of matplotlib, beside those of our style."""
    import matplotlib as mpl

    content = io.BytesIO()
    with style():
        mpl.rcParams.update(settings)  # type: ignore[arg-type]  # a name that is none is refused by matplotlib
        _finish(figure)
        if engine := figure.get_layout_engine():  # which savefig would draw everything for once more
            engine.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(content, format=kind, metadata={_STAMP[kind]: None})
        figure.set_layout_engine(engine)
    return content.getvalue()


def figure_format(path: str | os.PathLike[str]) -> str:
    """Return the format that a file's suffix asks for; raises UsageError if it is none of ours."""
    kind = "png" if os.fspath(path) == STANDARD else Path(path).suffix.lower().removeprefix(".")
    if kind not in _STAMP:
        raise UsageError(f'"{path}": a figure is saved as {", ".join(_STAMP)}. Say figure.png.')
    return kind


def inches(text: str) -> float:
    """Return a width in inches: "3.5in", "89mm", "8.9cm", "3.5"; raises UsageError for anything else."""
    units = {"in": 1.0, "mm": 1 / 25.4, "cm": 1 / 2.54, "": 1.0}
    number = text.strip().rstrip("inmc")
    unit = text.strip()[len(number) :]
    try:
        width = float(number) * units[unit]
    except (KeyError, ValueError):
        raise UsageError(f'"{text}" is no width. Say it like 3.5in, 89mm or 8.9cm.') from None
    if not 1 <= width <= 40:
        raise UsageError(f'"{text}" is no width of a figure. Say one between 1in and 40in.')
    return width


def _finish(figure: Figure) -> None:
    """Give a figure the letter of its panel, and take its colours, as the form says."""
    form = _FORM.get()
    _plain_ticks(figure)
    if form.panel:
        figure.text(0.0, 1.0, form.panel, fontsize=points(12), fontweight="bold", ha="left", va="top")
    if form.grey:
        for artist in figure.findobj():
            _take_colours(artist)


def _plain_ticks(figure: Figure) -> None:
    """Write ticks that matplotlib would write as mathematics, which SVG shows as it is typed, as 0.02 and 10²²."""
    from matplotlib import ticker

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_formatter(), ticker.LogFormatter):
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: of_ten(value)))
        if isinstance(axis.get_minor_formatter(), ticker.LogFormatter):
            axis.set_minor_formatter(ticker.NullFormatter())


def _take_colours(artist: Any) -> None:
    """Replace every colour of an artist by the grey of equal luminance."""
    from matplotlib.colors import to_rgba_array

    for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
        get, put = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
        if get is None or put is None:
            continue
        found = to_rgba_array(get())
        light = found[:, :3] @ np.array((0.2126, 0.7152, 0.0722))
        greys = np.column_stack([light, light, light, found[:, 3]])
        if len(greys):
            put(greys if len(greys) > 1 else tuple(greys[0]))
