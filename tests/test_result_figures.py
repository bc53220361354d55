"""A result draws itself: one place knows which figure, no words of it overlap, a notebook shows it."""

import importlib
import pkgutil
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import isoflop
from isoflop.faces.plot.results import KINDS
from isoflop.planning.tiers import tiers

DOCS = Path(__file__).parents[1] / "docs"
SLACK = 1.0
"""Dots by which boxes of letters may touch: they are wider than the letters."""


@pytest.fixture(scope="module")
def sweep():
    return isoflop.read("tinylm", where='role == "sweep"')


@pytest.fixture(scope="module")
def found(sweep):
    fit = isoflop.fit("chinchilla", sweep, draws=50)
    return {
        "Fit": fit,
        "Ensemble": isoflop.combine(sweep),
        "Plan": isoflop.plan(gpus="256xH100", days=21),
        "Forecasts": isoflop.forecast(sweep, N=[221184, 4e5], D=[4520960, 1e7]),
        "Frontier": isoflop.frontier("besiroglu2024", [1e20, 1e21, 1e22, 1e23, 1e24]),
        "Record": isoflop.backtest(sweep),
        "Curve": isoflop.laws.CURVES["besiroglu2024"],
        "Design": isoflop.design.ladder([1e7, 1e8, 1e9], multiples=[10, 20, 80]),
        "Hyperparameters": isoflop.hyperparameters(N=1e9, D=2e10),
        "Landmarks": isoflop.landmarks(models=["gpt-3", "chinchilla", "llama 3 8b", "llama 2 70b"]),
        "Quote": isoflop.quote(7e9, 2e12, device="H100", count=8),
        "Solution": isoflop.solve("D", fit, loss=1.35, N=98304),
        "Tiers": tiers(flops=1e24, count=4),
    }


DRAWN = [
    (name, kind) for name in ("Fit", "Ensemble", "Plan", "Forecasts", "Frontier", "Record", "Curve", "Design",
                              "Hyperparameters", "Landmarks", "Quote", "Solution", "Tiers")
    for kind in KINDS[name] if name != "Fit" or kind not in KINDS["Ensemble"]
]  # fmt: skip
"""What is drawn once each; a Fit's figures that an Ensemble has, too, are drawn of that."""


def corners(text):
    """Return the corners of a text's box as it lies on the figure, turned as the text is (4, 2)."""
    middle, turn = text.get_window_extent(), text.get_rotation()
    text.set_rotation(0)
    flat = text.get_window_extent()
    text.set_rotation(turn)
    half = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (flat.width / 2 - SLACK, flat.height / 2 - SLACK)
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    centre = np.array([(middle.x0 + middle.x1) / 2, (middle.y0 + middle.y1) / 2])
    return centre + half @ np.array([[cosine, sine], [-sine, cosine]])


def overlap(one, other):
    """Return whether two turned boxes share a place: no line along a side of either has them apart."""
    for box in (one, other):
        for side in (box[1] - box[0], box[3] - box[0]):
            here, there = one @ side, other @ side
            if here.max() <= there.min() or there.max() <= here.min():
                return False
    return True


def ticks(axis):
    """Return the labels of the ticks that lie on the axis; others are never drawn."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


def boxes_of(figure):
    """Return every text that is seen, (axes, words, number) → its corners."""
    figure.draw_without_rendering()
    texts = {("", text.get_text()): text for text in figure.texts}
    for place, axes in enumerate(figure.axes):
        legend = axes.get_legend().get_texts() if axes.get_legend() else []
        names = [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        own = [*axes.texts, *names, *ticks(axes.xaxis), *ticks(axes.yaxis), *legend]
        texts |= {(place, text.get_text(), number): text for number, text in enumerate(own)}
    return {key: corners(text) for key, text in texts.items() if key[1].strip() and text.get_visible()}


@pytest.mark.parametrize(("name", "kind"), DRAWN, ids=[f"{name}-{kind}" for name, kind in DRAWN])
def test_no_words_overlap_and_no_panel_is_empty(found, name, kind):
    figure = found[name].plot(kind)
    for (one, here), (other, there) in combinations(boxes_of(figure).items(), 2):
        assert not overlap(here, there), f"{one} over {other}"
    for axes in figure.axes:
        assert not axes.get_visible() or axes.lines or axes.collections or axes.patches
        assert not axes.get_visible() or axes.get_xlabel() or axes.get_ylabel()


def test_the_measure_sees_words_that_cross_and_not_those_side_by_side():
    from matplotlib.figure import Figure

    figure = Figure()
    crossing = [figure.text(0.5, 0.5, "across", ha="center"), figure.text(0.5, 0.5, "up", rotation=90, va="center")]
    beside = [figure.text(0.2, 0.2, "a long line", rotation=45), figure.text(0.25, 0.18, "another", rotation=45)]
    figure.draw_without_rendering()
    assert overlap(*map(corners, crossing))
    assert not overlap(*map(corners, beside))


def test_every_result_with_a_figure_is_a_result():
    named = set()
    for module in pkgutil.walk_packages(isoflop.__path__, "isoflop."):
        if ".faces" not in module.name and not module.name.endswith("__main__"):
            named |= {name for name, one in vars(importlib.import_module(module.name)).items() if hasattr(one, "plot")}
    assert set(KINDS) <= named


def test_a_notebook_shows_the_figure(found):
    assert found["Plan"].plot()._repr_png_().startswith(b"\x89PNG")


def test_what_has_no_figure_says_what_has():
    with pytest.raises(isoflop.UsageError, match=r"has no figure\..*Forecasts"):
        isoflop.compare_models("gpt-3", "chinchilla").plot()
    with pytest.raises(isoflop.UsageError, match="Say one of law, allocation"):
        isoflop.laws.CURVES["besiroglu2024"].plot("residuals")


def test_without_matplotlib_it_says_what_to_type(found, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(isoflop.MissingExtraError, match=r'pip install "isoflop\[plot\]"'):
        found["Plan"].plot()


def test_the_gallery_shows_what_its_commands_draw():
    """The pictures themselves are made by `make gallery`."""
    sys.path.insert(0, str(DOCS))
    entries = importlib.import_module("gallery").entries()
    shown = {name for _, name in entries}
    assert shown == {path.stem for path in (DOCS / "gallery").glob("*.png")}
    assert len(entries) == (DOCS / "figures.md").read_text().count("](gallery/")


C = np.repeat([1e17, 1e18, 1e19, 1e20], 5)
N = np.tile(np.geomspace(0.25, 4, 5), 4) * np.sqrt(C / 120)
D = C / 6 / N
WAVE = np.sin(np.arange(20.0))
"""Four budgets of five sizes, and what stands for noise."""


def runs_with(loss):
    return isoflop.read({"N": N, "D": D, "loss": loss})


def test_runs_whose_loss_hardly_changes_are_shown_and_other_figures_say_why_not():
    flat = isoflop.combine(runs_with(2 + 1e-4 * WAVE))
    (axes,) = flat.plot("frontier").axes
    low, high = axes.get_ylim()
    assert low < 2 < high
    for kind in ("contours", "allocation"):
        with pytest.raises(isoflop.UsageError):
            flat.plot(kind)


def test_a_band_however_wide_leaves_the_runs_and_the_lines_their_room():
    steep = isoflop.combine(runs_with(0.05 + 0.9 * (N / 1e6) ** -0.3))
    (axes,) = steep.plot("frontier").axes
    shown = np.log(axes.get_ylim())
    lines = np.log(np.concatenate([line.get_ydata() for line in axes.lines]))
    assert np.ptp(shown) < 3 * max(np.ptp(lines), np.ptp(np.log(steep.runs["loss"])))


def test_one_wild_run_does_not_flatten_the_residuals_of_all_others():
    loss = 1.8 + 400 / N**0.34 + 2000 / D**0.36 + 0.005 * WAVE
    loss[7] *= 1.6
    figure = isoflop.fit("chinchilla", runs_with(loss), draws=0).plot("residuals")
    assert all(axes.get_ylim()[1] < 10 for axes in figure.axes)
    assert any("%" in text.get_text() for text in figure.axes[0].texts)


def test_a_table_with_one_input_is_drawn_along_it():
    size = np.geomspace(1e6, 1e9, 10)
    runs = isoflop.read({"N": size, "loss": 1.8 + 200 / size**0.277 + 0.003 * WAVE[:10]})
    fit = isoflop.fit("E + A/N^alpha", runs, draws=0)
    for found, kind in ((isoflop.combine(runs), "frontier"), (fit, "residuals")):
        axes = found.plot(kind).axes[0]
        assert axes.get_xlabel() == "parameters N"
        dots = np.concatenate([drawn.get_offsets() for drawn in axes.collections if len(drawn.get_offsets()) == 10])
        assert np.allclose(dots[:, 0], size)
    with pytest.raises(isoflop.UsageError, match="N and D"):
        fit.plot("contours")
