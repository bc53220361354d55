"""isoflop capabilities -o: every model held out stands there with its score and what each way says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection

import isoflop
from isoflop.beyond.downstream import observe
from isoflop.errors import DataError
from isoflop.faces.plot import capabilities_figure, save_figure

pytest_plugins = ["commands", "plain_numbers"]

FAMILIES = {"a": 0.3, "b": -0.4, "$c$": 0.0}


def scores():
    """Give 24 models of three families, whose five scores follow one ability and a little noise."""
    rng = np.random.default_rng(0)
    compute = np.geomspace(1e20, 1e24, 24)
    family = [list(FAMILIES)[place % 3] for place in range(24)]
    ability = np.log10(compute) - 22 + np.array([FAMILIES[name] for name in family])
    score = {
        name: 1 / (1 + np.exp(-(ability - shift) + 0.1 * rng.standard_normal(24)))
        for name, shift in (("maths", 1.0), ("reading", -1.0), ("code", 0.5), ("facts", 0.0), ("logic", 0.2))
    }
    return {"model": [f"{name}-{place}" for place, name in enumerate(family)], "family": family, "C": compute, **score}


@pytest.fixture(scope="module")
def found():
    return observe(isoflop.Runs.of(**scores()), "maths", family="family")


def places(axes, side=slice(None)):
    return np.concatenate([one.get_offsets() for one in axes.collections if isinstance(one, PathCollection)])[:, side]


def test_every_model_held_out_stands_there_with_its_score_and_what_each_way_says(found):
    left, _ = capabilities_figure(found).axes
    held = sorted(found.held, key=lambda one: one.compute)
    expected = [[one.capabilities.value, one.family, one.baseline, one.score] for one in held]
    assert np.allclose(places(left)[:, 0].reshape(4, -1).T, expected)
    assert [text.get_text() for text in left.get_yticklabels()] == [one.model for one in held]
    bars = [one.get_segments()[0][:, 0].tolist() for one in left.collections if isinstance(one, LineCollection)]
    assert bars == [[one.capabilities.low, one.capabilities.high] for one in held]


def test_the_errors_are_those_of_the_result(found):
    _, right = capabilities_figure(found).axes
    assert {text.get_text() for text in right.texts} >= {f"{100 * error:.1f}" for error in found.errors.values()}
    assert sorted(places(right, 0)) == pytest.approx(sorted(100 * error for error in found.errors.values()))


def test_a_way_that_says_nothing_has_no_mark(found):
    held = tuple(one._replace(family=np.nan) for one in found.held)
    _, right = capabilities_figure(replace(found, held=held, errors={**found.errors, "family line": np.nan})).axes
    assert len(places(right)) == 2


def test_equal_results_give_equal_bytes_and_too_many_models_are_refused(found, tmp_path):
    first, second = (
        save_figure(capabilities_figure(found), tmp_path / name).read_bytes() for name in ("a.svg", "b.svg")
    )
    assert first == second
    with pytest.raises(DataError, match="too many for one figure"):
        capabilities_figure(replace(found, held=found.held * 20))


def test_the_command_draws_it_and_refuses_another_format_before_any_work(run, refused, write, *, tmp_path):
    table = write(scores(), "models.csv")
    words = ("capabilities", table, "--target", "maths", "--family", "family")
    assert run(*words, "-o", tmp_path / "figure.png").code == 0
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert "figure.png" in refused(2, *words, "-o", tmp_path / "figure.gif")
