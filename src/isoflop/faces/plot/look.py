"""How every figure looks, and how it is saved: equal figures give equal bytes."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop.errors import MissingExtraError, UsageError
from isoflop.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_STAMP = {"pdf": "CreationDate", "png": "Software", "svg": "Date"}
"""Format → the entry of its metadata that would differ from run to run, or from machine to machine."""

INK, QUIET, RUN, FAINT = "#1a1a1a", "#6b6b6b", "#9a9a9a", "#dedede"
LAW_COLOURS = ("#0072b2", "#d55e00", "#8e4a9e", "#5a5a5a", "#00795a")
"""One for each law: told apart by every kind of colour vision (after Okabe and Ito 2008)."""
_MAP, _MAP_ENDS = "viridis", (0.05, 0.64)  # its light end cannot be read on white
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 11, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.titlepad": 26, "axes.labelsize": 10, "axes.labelcolor": INK,
    "axes.edgecolor": QUIET, "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.facecolor": "white", "figure.facecolor": "white", "savefig.facecolor": "white", "text.color": INK,
    "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "xtick.major.size": 4, "ytick.major.size": 4,
    "xtick.minor.size": 2, "ytick.minor.size": 2, "lines.solid_capstyle": "round", "legend.frameon": False,
    "legend.fontsize": 9, "svg.fonttype": "path", "svg.hashsalt": "isoflop", "pdf.fonttype": 42,
    "path.simplify": True, "text.usetex": False,
    "text.parse_math": False,  # a $ in the name of a run is a $
}  # fmt: skip


@contextmanager
def style() -> Iterator[None]:
    """Draw in our own style and leave the caller's matplotlib settings as they were."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtraError(
            'a figure needs matplotlib, which is not installed. Type: pip install "isoflop[plot]"'
        ) from None
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


@contextmanager
def panel(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure of one panel, in inches, to draw on in our own style."""
    with style():
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        figure = Figure(figsize=(width, height), dpi=200, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
        yield figure, figure.subplots()


@contextmanager
def panels(
    shape: tuple[int, int], inches: tuple[float, float], *, title: str, under: str
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give a figure of (down, across) panels under one title, row by row, to draw on in our own style."""
    with style():
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        top = 1 - 0.62 / inches[1]  # what title and the line under it leave
        margins = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, wspace=0.05, hspace=0.06, rect=(0, 0, 1, top))
        figure = Figure(figsize=inches, dpi=200, layout=margins)
        grid = figure.subplots(*shape, squeeze=False)
        figure.text(0.012, 1 - 0.2 / inches[1], title, fontsize=11, fontweight="bold", va="center")
        figure.text(0.012, 1 - 0.44 / inches[1], under, fontsize=9, color=QUIET, va="center")
        yield figure, list(grid.flat)


def shades(count: int) -> list[Any]:
    """Give colours from dark to light that stay in order for every kind of colour vision."""
    from matplotlib import colormaps

    return [colormaps[_MAP](low + (high - low) * rank / max(count - 1, 1)) for rank in range(count)
            for low, high in (_MAP_ENDS,)]  # fmt: skip


def dark(colour: Any) -> tuple[float, float, float]:
    """Give a colour a little darker: thin strokes of letters need more contrast than a line."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return 0.78 * red, 0.78 * green, 0.78 * blue


def head(axes: Axes, title: str, under: str) -> None:
    """Give a panel its title and the line beneath it."""
    axes.set_title(title)
    axes.annotate(
        under, (0, 1), xytext=(0, 9), xycoords="axes fraction", textcoords="offset points", color=QUIET,
        fontsize=9, annotation_clip=False,
    )  # fmt: skip


def label(axes: Axes, end: tuple[float, float], text: str, *, colour: Any) -> None:
    """Write a name at the end of its line."""
    axes.annotate(
        text, end, xytext=(6, 0), textcoords="offset points", color=dark(colour), va="center", fontsize=9,
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
    axes.xaxis.set_minor_locator(ticker.LogLocator(subs=range(1, 10)))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.yaxis.set_major_locator(ticker.MaxNLocator(7, steps=(1, 2, 2.5, 5, 10)))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    axes.grid(visible=True, which="major", axis="y", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)


def decades(axis: Axis, written: Callable[[float], str] | None = None) -> None:
    """Write the numbers of a logarithmic axis whose limits are set, as 10²² unless said; more where it is short."""
    from matplotlib import ticker

    low, high = axis.get_view_interval()
    reach, how = math.log10(high / low), written or of_ten
    subs = (1.0,) if reach > 1.5 else (1.0, 3.0) if reach > 0.8 else (1.0, 2.0, 5.0)
    axis.set_major_locator(ticker.LogLocator(subs=subs))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: how(value)))
    axis.set_minor_formatter(ticker.NullFormatter())


def of_ten(value: float) -> str:
    """Write a number of one digit as people do: 0.02, 50, and a power of ten beyond, 10²², 3×10⁻⁵."""
    if 1e-3 < value < 1e4:
        return f"{value:g}"
    digit, exponent = f"{value:.0e}".split("e")
    raised = "10" + str(int(exponent)).translate(_RAISED)
    return raised if digit == "1" else f"{digit}×{raised}"


def power(value: float) -> str:
    """Write compute as on the command line: 3e10, 1.25e11."""
    return f"{value:.3g}".replace("e+", "e").replace("e0", "e")


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG, SVG or PDF, by the suffix, whole or not at all; equal figures give equal bytes.

    Raises UsageError for another suffix and DataError if the file cannot be written.
    """
    kind = figure_format(path)
    content = io.BytesIO()
    with style():
        figure.savefig(content, format=kind, metadata={_STAMP[kind]: None})
    write_whole(path, content.getvalue())
    return Path(path)


def figure_format(path: str | os.PathLike[str]) -> str:
    """Give the format that a file's suffix asks for; raises UsageError if it is none of ours."""
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in _STAMP:
        raise UsageError(f'"{path}": a figure is saved as {", ".join(_STAMP)}. Say figure.png.')
    return kind
