"""A figure shows every run, every forecast and every truth, can be read, and is written whole or not at all."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.collections import PathCollection, PolyCollection

from isoflop import datasets
from isoflop.data.runs import Runs
from isoflop.errors import IsoflopError, MissingExtraError, UsageError
from isoflop.faces.plot import backtest_figure, overview, save_figure, sensitivity_figure
from isoflop.fitting.fit import fit
from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.forecast import forecast
from isoflop.forecasting.record import backtest
from isoflop.laws import find_curve
from isoflop.planning.sensitivity import sensitivity

LEADS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture(scope="module")
def ladder():
    runs = datasets.load("tinylm")
    return runs.where('role == "sweep"'), runs.where('role == "target"')


@pytest.fixture(scope="module")
def laws(ladder):
    formulas = {"coupled": "E + A*(N^-a + R*D^-b)^k", "chinchilla": "chinchilla"}
    return {name: fit(law, ladder[0], draws=0) for name, law in formulas.items()}


@pytest.fixture(scope="module")
def figure(laws, ladder):
    return overview(laws, *ladder, loss="loss (nats per byte)")


@pytest.fixture(scope="module")
def ways(ladder):
    return sensitivity(ladder[0], flops=1e13, draws=50)


def drawn(axes):
    """Give all points drawn as dots on some axes, (points, 2)."""
    return np.concatenate([np.asarray(dots.get_offsets()) for dots in axes.collections if hasattr(dots, "get_sizes")])


def words(axes):
    return [text.get_text() for text in axes.texts]


def contrast(colour):
    """Give the contrast of a colour with white, as the WCAG counts it."""
    from matplotlib.colors import to_rgb

    light = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 1.05 / (float(np.dot(light, (0.2126, 0.7152, 0.0722))) + 0.05)


def test_every_run_is_on_the_isoflop_panel(figure, ladder):
    dots = drawn(figure.axes[0])
    for run in np.stack([ladder[0]["N"], ladder[0]["loss"]], axis=1):
        assert np.isclose(dots, run).all(axis=1).any()


def test_every_budget_and_every_law_is_named_at_its_line(figure):
    left, right = figure.axes
    assert {text for text in words(left) if text.endswith("FLOPs")} == {
        f"{budget} FLOPs" for budget in ("5×10¹⁰", "1.25×10¹¹", "3×10¹¹", "7.5×10¹¹")
    }
    assert {"chinchilla", "coupled"} <= set(words(right))
    assert left.get_ylabel() == right.get_ylabel() == "loss (nats per byte)"


def test_budgets_without_a_minimum_get_no_diamond(figure):
    diamonds = next(dots for dots in figure.axes[0].collections if np.ptp(dots.get_facecolor()[:, :3]) == 0)
    assert len(diamonds.get_offsets()) == 4


def test_every_target_shows_what_it_reached_and_what_each_law_said(figure, laws, ladder):
    heights = drawn(figure.axes[1])[:, 1]
    for loss in ladder[1]["loss"]:
        assert np.isclose(heights, loss).any()
    for law in laws.values():
        for one in forecast(law, N=ladder[1]["N"], D=ladder[1]["D"]):
            assert np.isclose(heights, one.loss.value).any()


def test_runs_above_the_compute_panel_leave_a_mark(laws, ladder):
    sweep, first = ladder[0], ladder[0]["N"] == ladder[0]["N"].max()
    runs = Runs.of(N=sweep["N"], D=sweep["D"], C=sweep["C"], loss=np.where(first, 1.6, 1.0) * sweep["loss"])
    axes = overview(laws, runs).axes[1]
    top = axes.get_ylim()[1]
    hidden = runs["loss"] > top
    marks = drawn(axes)[np.isclose(drawn(axes)[:, 1], top)]
    assert hidden.sum() >= first.sum()
    assert sorted(marks[:, 0]) == sorted(runs["C"][hidden])


def test_no_words_overlap_and_all_can_be_read_on_white(figure):
    figure.draw_without_rendering()
    for axes in figure.axes:
        # With titlelocation "left" the title proper is one of three; the other two are empty.
        texts = [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, *axes.get_xticklabels()]
        boxes = {text.get_text(): text.get_window_extent() for text in texts if text.get_text()}
        if axes.get_legend():
            boxes["key"] = axes.get_legend().get_window_extent()
        for (one, here), (other, there) in combinations(boxes.items(), 2):
            assert not here.overlaps(there), f"{one} over {other}"
        for text in axes.texts:
            assert contrast(text.get_color()) > 4, text.get_text()


def test_without_targets_the_frontier_still_looks_a_decade_ahead(laws, ladder):
    axes = overview(laws, ladder[0]).axes[1]
    assert max(line.get_xdata().max() for line in axes.lines) > 10 * ladder[0]["C"].max()
    assert len(axes.get_legend().get_texts()) == 1


def test_a_published_curve_is_drawn_without_a_band(ladder):
    axes = overview({"besiroglu2024": find_curve("besiroglu2024")}, *ladder).axes[1]
    assert "besiroglu2024" in words(axes)


def test_many_laws_keep_their_names_apart(ladder):
    same = fit("chinchilla", ladder[0], draws=0)
    figure = overview(dict.fromkeys(("one", "two", "three", "four", "five"), same), *ladder)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[1].texts[:5]]
    assert not any(here.overlaps(there) for here, there in combinations(boxes, 2))


def test_a_figure_needs_a_law_of_parameters_and_tokens(ladder):
    with pytest.raises(UsageError, match="at least one law"):
        overview({}, ladder[0])
    with pytest.raises(UsageError, match="takes N"):
        overview({"size": fit("E + A/N^alpha", ladder[0], draws=0)}, ladder[0])


def test_the_callers_matplotlib_settings_stay(laws, ladder, tmp_path):
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 31.0}):
        save_figure(overview(laws, *ladder), tmp_path / "figure.png")
        assert mpl.rcParams["font.size"] == 31.0


@pytest.fixture(scope="module")
def twice(ladder):
    """Give two figures of the same, each drawn for itself."""
    law = {"chinchilla": fit("chinchilla", ladder[0], draws=0)}
    return [overview(law, *ladder) for _ in range(2)]


@pytest.mark.parametrize("kind", LEADS)
def test_equal_figures_give_equal_bytes_in_each_format(kind, twice, tmp_path):
    first, second = (
        save_figure(figure, tmp_path / f"{name}.{kind}").read_bytes() for name, figure in zip("ab", twice, strict=True)
    )
    assert first == second
    assert first.startswith(LEADS[kind])


def test_the_suffix_says_the_format_in_any_case(figure, tmp_path):
    assert save_figure(figure, str(tmp_path / "FIGURE.PNG")).read_bytes().startswith(LEADS["png"])


@pytest.mark.parametrize("name", ["figure", "figure.jpg", "figure.png.exe"])
def test_other_formats_are_refused(name, figure, tmp_path):
    with pytest.raises(UsageError, match=r"saved as pdf, png, svg. Say figure\.png"):
        save_figure(figure, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_said(figure, tmp_path):
    with pytest.raises(IsoflopError, match="No such file or directory"):
        save_figure(figure, tmp_path / "nowhere" / "figure.png")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(figure, tmp_path, monkeypatch):
    old = save_figure(figure, tmp_path / "figure.png")
    written, files = old.read_bytes(), sorted(tmp_path.iterdir())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(IsoflopError, match="No space left on device"):
        save_figure(figure, old)
    assert old.read_bytes() == written
    assert sorted(tmp_path.iterdir()) == files


def test_without_matplotlib_the_error_says_what_to_install(laws, ladder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r'pip install "isoflop\[plot\]"'):
        overview(laws, *ladder)


def test_every_choice_is_a_dot_on_both_panels_with_its_name_and_value(ways):
    figure = sensitivity_figure(ways)
    for axes, quantity in zip(figure.axes, ("N", "tokens_per_parameter"), strict=True):
        places = drawn(axes)[:, 0]
        for row in ways.rows:
            value = getattr(row, quantity).value
            assert np.isnan(value) or np.isclose(places, value, rtol=1e-9).any()
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert {"baseline: chinchilla, robust", "objective", "huber:1e-3", "gadre", "2: parabolas", "total"} <= set(named)
    assert "1: envelope" not in named


def test_the_words_of_a_sensitivity_keep_apart_and_can_be_read(ways):
    figure = sensitivity_figure(ways)
    figure.draw_without_rendering()
    boxes = {}
    for side, axes in enumerate(figure.axes):
        low, high = axes.get_xlim()
        ticks = [tick.label1 for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        texts = [*axes.texts, axes._left_title, axes.xaxis.label, *ticks, *([] if side else axes.get_yticklabels())]
        inside = [text for text in texts if text.get_text()]
        boxes |= {(side, place, text.get_text()): text.get_window_extent() for place, text in enumerate(inside)}
        assert all(contrast(text.get_color()) > 4 for text in axes.texts)
    for (one, here), (other, there) in combinations(boxes.items(), 2):
        assert not here.overlaps(there), f"{one} over {other}"
    width, height = figure.canvas.get_width_height()
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes.values())


def test_a_sensitivity_is_saved(ways, tmp_path):
    assert save_figure(sensitivity_figure(ways), tmp_path / "ways.svg").read_bytes().startswith(LEADS["svg"])


@pytest.fixture(scope="module")
def tried(laws):
    return backtest(laws["chinchilla"])


def test_the_laws_together_are_drawn_with_their_band_and_forecasts(ladder):
    together = combine(ladder[0])
    axes = overview({"together": together, "besiroglu2024": find_curve("besiroglu2024")}, *ladder).axes[1]
    heights = drawn(axes)[:, 1]
    for one in forecast(together, N=ladder[1]["N"], D=ladder[1]["D"]):
        assert np.isclose(heights, one.loss.value).any()
    assert {"together", "besiroglu2024"} <= set(words(axes))
    assert sum(isinstance(one, PolyCollection) for one in axes.collections) == 1


def test_every_backtest_is_a_point_hollow_where_it_fell_outside(tried):
    axes = backtest_figure(tried).axes[0]
    dots = [one for one in axes.collections if isinstance(one, PathCollection)]
    hollow = sum(len(one.get_offsets()) for one in dots if (one.get_facecolor()[:, :3] == 1).all())
    points = np.concatenate([np.asarray(one.get_offsets()) for one in dots])
    assert len(points) == tried.tests == len(tried.scored)
    assert hollow == sum(abs(one.error) > one.reach for one in tried.scored) > 0
    for one in tried.scored:
        assert np.isclose(points, (one.times, 100 * np.expm1(one.error))).all(axis=1).any()
    low, high = axes.get_ylim()
    assert (points[:, 1] > low).all()
    assert (points[:, 1] < high).all()


def test_every_contender_has_its_line_and_its_name(tried):
    axes = backtest_figure(tried).axes[1]
    lines = [100 * np.array(row) for row in tried.errors.values()]
    for row in lines:
        assert any(np.allclose(line.get_ydata(), row) for line in axes.lines)
    assert set(words(axes)) == {*tried.errors, "grey: guesses without any law"}


def test_the_words_of_a_backtest_keep_apart_and_can_be_read(tried):
    figure = backtest_figure(tried)
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    boxes = {}
    for side, axes in enumerate(figure.axes):
        low, high = axes.get_xlim()
        ticks = [tick.label1 for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        texts = [*axes.texts, axes._left_title, axes.xaxis.label, axes.yaxis.label, *ticks]
        boxes |= {(side, text.get_text()): text.get_window_extent() for text in texts}
        assert all(contrast(text.get_color()) > 4 for text in axes.texts)
    for (one, here), (other, there) in combinations(boxes.items(), 2):
        assert not here.overlaps(there), f"{one} over {other}"
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes.values())


def test_a_backtest_of_one_law_bears_its_name(ladder):
    axes = backtest_figure(backtest(ladder[0], laws=["chinchilla"])).axes[0]
    assert "chinchilla" in axes._left_title.get_text()


def test_without_any_backtest_there_is_nothing_to_draw(tried):
    with pytest.raises(IsoflopError, match="too few runs"):
        backtest_figure(replace(tried, scored=()))
