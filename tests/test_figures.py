"""isoflop plot: each figure shows what its numbers are, and a wrong word is refused in one line."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from simulated import chinchilla_runs

import isoflop
from isoflop.beyond.recipes import recipes
from isoflop.data.metric import parse_metric
from isoflop.errors import UsageError
from isoflop.faces.cli.drawing import KINDS
from isoflop.faces.plot import (
    allocation_figure,
    contours_figure,
    frontier_figure,
    isoflops_figure,
    profiles_figure,
    recipes_figure,
    residuals_figure,
    save_figure,
)
from isoflop.faces.plot.look import figure_bytes, of_ten, panel
from isoflop.fitting.profile import profile
from isoflop.forecasting.ensemble import combine
from isoflop.laws import find_curve
from isoflop.planning.landmarks import MODELS

pytest_plugins = ["commands", "plain_numbers"]

MARKUP = r"--><script>$\frac{$ & <b>"
"""A name that would be a broken formula in TeX, and an element in SVG."""


@pytest.fixture(scope="module")
def several():
    return combine(isoflop.read("tinylm", where='role == "sweep"'))


@pytest.fixture(scope="module")
def fitted():
    return isoflop.fit("chinchilla", chinchilla_runs(60, noise=0.005), draws=200)


def dots(axes):
    """Give the places of all dots, (dots, 2)."""
    return np.concatenate(
        [np.asarray(one.get_offsets()) for one in axes.collections if isinstance(one, PathCollection)]
    )


def test_the_frontier_shows_every_run_below_its_edge_and_every_target(several):
    targets = isoflop.read("tinylm", where='role == "target"')
    axes = frontier_figure(several, targets).axes[0]
    seen = several.runs["loss"] < axes.get_ylim()[1]
    for runs in (several.runs.take(seen), targets):
        assert np.isin(np.round(runs["loss"], 9), np.round(dots(axes)[:, 1], 9)).all()
    assert "Larger runs" in axes.get_title(loc="left")
    assert "Larger runs" not in frontier_figure(several).axes[0].get_title(loc="left")


def test_the_isoflop_figure_has_a_curve_for_each_budget(several):
    axes = isoflops_figure(several).axes[0]
    budgets = {text.get_text() for text in axes.texts if text.get_text().endswith("FLOPs")}
    assert len(budgets) == len(axes.get_lines()) == 4


def test_contours_are_where_the_forecast_says(several):
    figure = contours_figure(several)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    (drawn,) = [one for one in axes.collections if hasattr(one, "levels")]
    level, path = next((lv, p) for lv, p in zip(drawn.levels, drawn.get_paths(), strict=True) if len(p.vertices))
    C, N = path.vertices[len(path.vertices) // 2]
    (said,) = isoflop.forecast(several, N=N, D=C / (6 * N))
    assert said.loss.value == pytest.approx(level, rel=2e-3)


def test_the_best_size_on_contours_is_that_of_the_plan(several):
    line = max(contours_figure(several).axes[0].get_lines(), key=lambda one: one.get_xdata()[-1])
    budget, size = line.get_xydata()[-1]
    assert size == pytest.approx(isoflop.plan(several, flops=float(budget)).N.value, rel=0.01)


def test_the_allocation_is_the_frontier_with_its_intervals(several):
    left, right = allocation_figure(several).axes
    planned = isoflop.plan(several, flops=100 * float(several.runs["C"].max()))
    for axes, said in ((left, planned.N), (right, planned.D)):
        assert axes.get_lines()[-1].get_ydata()[-1] == pytest.approx(said.value, rel=0.01)
        heights = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert np.isclose(heights, said.high, rtol=0.02).any()


def test_the_allocation_shows_the_published_models_within_its_budgets_and_no_others(several):
    left, right = allocation_figure(find_curve("besiroglu2024"), budgets=(1e20, 1e24)).axes
    within = [one for one in MODELS if one.known and 1e20 <= one.C <= 1e24]
    for axes, side in ((left, "size"), (right, "D")):
        assert dots(axes).tolist() == [[one.C, getattr(one, side)] for one in within]
    assert (
        {"GPT-3", "Gopher"}
        <= {text.get_text() for text in left.texts}
        <= {one.name for one in MODELS} | {"grows as $C^{0.51}$"}
    )
    assert not dots(allocation_figure(find_curve("besiroglu2024"), budgets=(1e20, 1e24), landmarks=False).axes[0]).size
    assert len(dots(allocation_figure(several).axes[0])) == len(several.runs)
    assert len(dots(allocation_figure(several, budgets=(1e10, 1e22)).axes[0])) > len(several.runs)


def test_the_names_of_an_allocation_cover_no_dot_and_no_other_name():
    figure = allocation_figure(find_curve("besiroglu2024"), budgets=(1e20, 1e26))
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) > 25
        assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]
        assert not [1 for box in boxes for place in axes.transData.transform(dots(axes)) if box.contains(*place)]


def test_a_published_curve_has_its_own_range_or_is_asked_for_one():
    left, _ = allocation_figure(find_curve("besiroglu2024")).axes
    solid, dashed = left.get_lines()[:2]
    assert solid.get_xdata()[-1] == dashed.get_xdata()[0]
    assert dashed.get_xdata()[-1] == pytest.approx(100 * dashed.get_xdata()[0])
    with pytest.raises(UsageError, match="Say --flops 1e20:1e26"):
        allocation_figure(replace(find_curve("besiroglu2024"), fitted_on={}))


def test_residuals_are_those_of_the_fit_on_every_axis(fitted):
    figure = residuals_figure(fitted)
    off = 100 * np.log(fitted.runs["loss"] / fitted.curve(N=fitted.runs["N"], D=fitted.runs["D"]))
    for axes, along in zip(figure.axes, ("C", "N", "D"), strict=False):
        found = dots(axes)
        assert sorted(found[:, 1]) == pytest.approx(sorted(off))
        assert sorted(found[:, 0]) == pytest.approx(sorted(fitted.runs[along]))


def test_a_strange_run_is_named_and_no_sound_one_is(fitted):
    def names(found):
        return {text.get_text() for axes in residuals_figure(found).axes for text in axes.texts}

    loss = np.array(fitted.runs["loss"])
    loss[7] *= 1.08
    runs = isoflop.Runs.of(N=fitted.runs["N"], D=fitted.runs["D"], loss=loss)
    assert names(fitted) == set()
    (said,) = names(isoflop.fit("chinchilla", runs, draws=0))
    assert re.fullmatch(rf"{re.escape(runs.names[7])} \+7\.\d+ %", said)


def test_a_profile_touches_its_limit_at_the_ends_of_its_interval(fitted):
    found = profile(fitted, "alpha")
    axes = profiles_figure([found]).axes[0]
    curve = next(line for line in axes.get_lines() if len(line.get_xdata()) > 2)
    limit = found.limit - found.objective.min()
    for end in (found.estimate.low, found.estimate.high):
        assert np.interp(end, *curve.get_xydata().T) == pytest.approx(limit, rel=0.05)
    assert curve.get_ydata().min() == pytest.approx(0, abs=0.01 * limit)


def test_residuals_of_several_laws_are_refused(several):
    with pytest.raises(UsageError, match="one law"):
        residuals_figure(several)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_from_a_table(kind, tmp_path, *, run):
    path = tmp_path / "figure.svg"
    words = ("tinylm", "--where", 'role == "sweep"', "--draws", "20")
    assert run("plot", kind, *words, "-o", path).out.strip() == str(path)
    assert path.read_bytes().startswith(b"<?xml")


def test_markup_in_a_name_is_text_in_every_format(tmp_path):
    found = recipes(chinchilla_runs(20, noise=0.003), chinchilla_runs(20, noise=0.003, seed=1), names=(MARKUP, "new"))
    figure = recipes_figure(found)
    assert MARKUP in {text.get_text() for text in figure.axes[0].texts}
    for kind in ("svg", "pdf", "png"):
        written = save_figure(figure, tmp_path / f"figure.{kind}").read_bytes()
        if kind == "svg":
            assert not [one for one in ET.fromstring(written).iter() if one.tag.endswith("script")]  # noqa: S314


def test_markup_in_the_name_of_a_metric_is_text(several):
    runs = replace(several.runs, metric=parse_metric(f"{MARKUP}:down"))
    figure = isoflops_figure(replace(several, runs=runs))
    figure.draw_without_rendering()
    assert MARKUP in figure.axes[0].get_ylabel()


def test_no_tick_is_mathematics_as_it_is_typed():
    """Matplotlib's own ticks of a logarithmic axis are: LaTeX, which an SVG shows in full."""
    with panel(4, 3) as (figure, axes):
        axes.plot([1.2, 1.9, 4e5], [0.012, 0.013, 0.019])
        axes.set(xscale="log", yscale="log")
    assert b"mathdefault" not in figure_bytes(figure, "svg")


def test_the_numbers_of_an_axis_are_written_as_people_write_them():
    assert [of_ten(value) for value in (0.01, 1, 300, 1e4, 3e22, 1e-5)] == ["0.01", "1", "300", "10⁴", "3×10²²", "10⁻⁵"]


def test_a_wrong_word_is_refused_in_one_line(refused, table, tmp_path):
    assert "There are frontier" in refused(2, "plot", "contour", table)
    assert "published curve" in refused(2, "plot", "contours", "besiroglu2024")
    assert "--targets belongs to frontier" in refused(2, "plot", "contours", table, "--targets", "N > 1")
    assert "figure.png" in refused(2, "plot", "contours", table, "-o", tmp_path / "x.gif")
    assert "--flops belongs to allocation" in refused(2, "plot", "contours", table, "--flops", "1e20:1e26")
    assert "is no range of budgets" in refused(2, "plot", "allocation", "besiroglu2024", "--flops", "1e20:")
    assert "a plan needs a law of N and D" in refused(2, "plot", "allocation", "kaplan2020-N", "--flops", "1e20:1e22")


def test_a_published_curve_is_drawn_over_the_budgets_asked_for(run, tmp_path):
    for name, more in (("with.svg", ()), ("without.svg", ("--no-landmarks",))):
        words = ("besiroglu2024", "--flops", "1e23:1e24", *more, "-o", tmp_path / name)
        assert run("plot", "allocation", *words).code == 0
    assert b"Gopher" in (tmp_path / "with.svg").read_bytes()
    assert b"Gopher" not in (tmp_path / "without.svg").read_bytes()
