"""Published models stand where a law puts them, and the step between two is split as the law splits it."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from rich.console import Console

import isoflop
from isoflop.errors import UsageError
from isoflop.faces.plot import landmarks_figure
from isoflop.laws import find_curve
from isoflop.planning.landmarks import MODELS, find_model, landmarks
from isoflop.quantities import show

pytest_plugins = ["commands"]
BESIROGLU = find_curve("besiroglu2024")


@pytest.fixture(scope="module")
def found():
    return landmarks()


@pytest.fixture(scope="module")
def runs():
    return isoflop.read("tinylm", where='role == "sweep"')


def named(found, name):
    return next(one for one in found if one.model.name == name)


def test_every_model_has_its_source_and_most_are_disclosed():
    assert len(MODELS) == len({one.name for one in MODELS})
    assert all(one.source for one in MODELS)
    assert all(bool(one.estimated_by) for one in MODELS if not one.known)
    assert sum(not one.estimated_by for one in MODELS) >= 30
    assert {one.year for one in MODELS} == set(range(2019, 2027))


def test_the_flops_that_developers_disclose_are_those_of_6nd():
    """Six models, within 15 % (attention, embeddings); LaMDA is noted to differ."""
    told = [one for one in MODELS if one.known and one.flops > 0 and one.name != "LaMDA"]
    assert len(told) >= 6
    for one in told:
        assert pytest.approx(one.flops, rel=0.15) == one.C


def test_a_landmark_is_what_the_closed_form_says(found):
    """Chinchilla's optimum is N = G (C/6)^(beta / (alpha + beta)), Hoffmann et al. 2022, eq. 4."""
    v = BESIROGLU.values
    one = named(found, "GPT-3")
    ratio = (v["alpha"] * v["A"] / (v["beta"] * v["B"])) ** (1 / (v["alpha"] + v["beta"]))
    size = ratio * (one.model.C / 6) ** (v["beta"] / (v["alpha"] + v["beta"]))
    best = BESIROGLU(size, one.model.C / 6 / size)
    assert one.best_size.value == pytest.approx(size, rel=1e-6)
    assert one.loss.value == pytest.approx(BESIROGLU(175e9, 300e9))
    assert one.given_up.value == pytest.approx(one.loss.value - best, abs=1e-9)
    assert one.trained == pytest.approx((300 / 175) / (one.model.C / 6 / size**2), rel=1e-6)


def test_enough_compute_reaches_the_same_loss_at_its_best(found):
    for one in list(found)[::5]:
        if one.model.known:
            again = isoflop.plan(BESIROGLU, flops=one.enough.value)
            assert again.loss.value == pytest.approx(one.loss.value, abs=5e-5), one.model.name


def test_a_model_at_the_optimum_gives_nothing_up():
    best = isoflop.plan(BESIROGLU, flops=1e22)
    (one,) = landmarks(models=[f"N={best.N.value!r},D={best.D.value!r}"])
    assert (one.trained, one.enough.value / 1e22) == (pytest.approx(1, abs=1e-4), pytest.approx(1, rel=1e-3))
    assert one.given_up.value == pytest.approx(0, abs=1e-9)


def test_what_is_not_disclosed_stays_unknown(found):
    one = named(found, "GPT-4")
    assert all(math.isnan(value) for value in (one.loss.value, one.given_up.value, one.trained, one.enough.value))
    assert one.best_size.value > 1e11
    assert one.model.estimated_by == "Epoch AI"


def test_mixtures_are_placed_by_active_parameters_and_warned_of(found):
    one = named(found, "DeepSeek-V3")
    assert (one.model.size, one.model.C) == (37e9, pytest.approx(6 * 37e9 * 14.8e12))
    codes = {finding.code: finding for finding in found.findings}
    assert " and 25 more" in codes["P16"].message
    assert codes["P01"].severity == "WARN"
    assert "P16" not in {finding.code for finding in landmarks(models=["gpt-3"]).findings}


def test_a_curve_with_a_caution_passes_it_on():
    assert "P11" in {one.code for one in landmarks("hoffmann2022-rounded", models=["gpt-3"]).findings}


@pytest.mark.parametrize(("sort", "key"), [
    ("year", lambda one: one.model.year),
    ("compute", lambda one: one.model.C),
    ("distance", lambda one: -one.distance if one.model.known else math.inf),
])  # fmt: skip
def test_models_stand_in_the_order_asked_for(sort, key):
    keys = [key(one) for one in landmarks(sort=sort)]
    assert keys == sorted(keys)


@pytest.mark.parametrize(("text", "name"), [
    ("gpt3", "GPT-3"), ("llama 2 70b", "Llama 2 70B"), ("CHINCHILLA", "Chinchilla"), ("llama-3.1", "Llama 3.1 405B"),
    ("deepseek_v3", "DeepSeek-V3"),
])  # fmt: skip
def test_names_may_be_written_loosely(text, name):
    assert find_model(text).name == name


@pytest.mark.parametrize(("text", "hint"), [
    ("chinchila", "Did you mean Chinchilla"), ("llama 2", "Llama 2 7B, Llama 2 13B, Llama 2 70B"), ("", "can be typed"),
    ("N=8B", "N=8B,D=15T"), ("N=8B,D=0", "above zero"), ("N=1B,D=1T,active=2B", "more parameters"),
])  # fmt: skip
def test_names_that_are_none_get_a_hint(text, hint):
    with pytest.raises(UsageError, match=hint):
        find_model(text)


def test_runs_give_intervals_over_the_laws_and_a_fit_over_its_draws(runs):
    own = ["N=400k,D=4M", "N=50k,D=40M"]
    for source, kind in ((runs, "laws"), (isoflop.fit("chinchilla", runs, draws=60), "statistical")):
        for one in landmarks(source, models=own):
            for estimate in (one.best_size, one.best_tokens, one.given_up, one.enough):
                assert estimate.low <= estimate.value <= estimate.high
                assert kind in estimate.intervals
            assert one.loss.low < one.loss.value < one.loss.high


def test_a_wide_table_shows_the_interval_of_the_best_size(runs, capsys):
    found = landmarks(runs, models=["N=400k,D=4M"])
    Console(width=120).print(found)
    low, high = (show(end) for end in (found[0].best_size.low, found[0].best_size.high))
    assert f"{low} – {high}" in capsys.readouterr().out


def test_chinchillas_step_from_gpt3_is_split_into_the_laws_terms():
    step = isoflop.compare_models("gpt-3", "chinchilla")
    v = BESIROGLU.values
    parameters = v["A"] * (175e9 ** -v["alpha"] - 70e9 ** -v["alpha"])
    tokens = v["B"] * (300e9 ** -v["beta"] - 1.4e12 ** -v["beta"])
    assert step.by_parameters.value == pytest.approx(parameters, abs=1e-12)
    assert step.by_tokens.value == pytest.approx(tokens, abs=1e-12)
    assert step.gain.value == pytest.approx(BESIROGLU(175e9, 300e9) - BESIROGLU(70e9, 1.4e12), abs=1e-12)
    assert step.separable
    assert step.factors == pytest.approx({"N": 0.4, "D": 14 / 3, "C": 28 / 15, "D/N": 35 / 3})
    assert "0.40 of the parameters of GPT-3 and 4.7 times its tokens" in step.words
    assert f"{tokens:.3f} nats gained to tokens" in step.words


def test_a_law_with_an_interaction_is_split_by_the_mean_of_both_orders():
    curve = find_curve("kaplan2020-ND")
    step = isoflop.compare_models("gpt-3", "chinchilla", source=curve)
    first = curve(175e9, 300e9) - curve(70e9, 300e9)
    last = curve(175e9, 1.4e12) - curve(70e9, 1.4e12)
    assert not step.separable
    assert step.order == pytest.approx((first, last))
    assert step.by_parameters.value == pytest.approx((first + last) / 2)
    assert step.by_parameters.value + step.by_tokens.value == pytest.approx(step.gain.value)


def test_the_way_back_is_the_same_with_the_sign_turned():
    there, back = isoflop.compare_models("gpt-3", "palm"), isoflop.compare_models("palm", "gpt-3")
    assert there.by_parameters.value == pytest.approx(-back.by_parameters.value)
    assert "lower" in there.words
    assert "higher" in back.words


def test_gpt4_is_compared_by_its_compute_and_what_no_law_can_say_is_said():
    step = isoflop.compare_models("gpt-3", "gpt-4")
    known, other = find_model("gpt-3"), find_model("gpt-4")
    assert step.factors == {"C": pytest.approx(other.C / known.C)}
    assert step.compute.low < step.compute.value < step.compute.high
    assert step.by_compute.value + step.by_allocation.value == pytest.approx(step.gain.value)
    start, best = BESIROGLU(known.N, known.D), named(landmarks(models=["gpt-3", "gpt-4"]), "GPT-4").best_loss
    assert step.gain.value == pytest.approx(start - best.value)
    assert step.gain.low < step.gain.value < step.gain.high
    text = " ".join(str(step).split())
    for part in ("67 times", "reported by others", "not disclosed", "No law of loss can say", "Epoch AI"):
        assert part in text, part
    assert "reported by others" in step.as_dict()["notes"][0]


def test_a_way_by_compute_has_a_way_back():
    there, back = isoflop.compare_models("gpt-3", "gpt-4"), isoflop.compare_models("gpt-4", "gpt-3")
    assert back.gain.value == pytest.approx(-there.gain.value)
    assert isoflop.compare_models("grok 3", "gpt-4.5").by_allocation.value == 0


@pytest.mark.parametrize("name", ["claude", "gemini", "o3", "mistral 7b", "Claude Opus 4.5", "deepseek-v4-pro"])
def test_a_model_of_which_nothing_is_known_says_so(name):
    with pytest.raises(UsageError, match="Type a guess"):
        find_model(name)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal_one_line_a_model(found, width, capsys):
    Console(width=width).print(found)
    lines = capsys.readouterr().out.splitlines()
    for one in found:
        assert sum(bool(re.match(rf"{re.escape(one.model.name)}[*~ ]+{one.model.year}", line)) for line in lines) == 1
    assert "best D" in lines[1] or width < 100


def test_the_commands_give_what_the_functions_give(good, refused, tmp_path):
    told = good("landmarks", "gpt-3", "N=8B,D=15T", "--source", "hoffmann2022", "-o", tmp_path / "figure.png")
    assert [one["model"] for one in told["models"]] == ["N=8B, D=15T", "GPT-3"]
    assert told["models"][1]["best_N"]["value"] == pytest.approx(
        landmarks("hoffmann2022", models=["gpt3"])[0].best_size.value
    )
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    step = good("compare-models", "gpt3", "chinchilla", "--law", "hoffmann2022")
    assert step["source"] == "hoffmann2022"
    assert step["gain"]["value"] == pytest.approx(step["by_parameters"]["value"] + step["by_tokens"]["value"])
    assert "Did you mean Chinchilla" in refused(2, "compare-models", "gpt3", "chinchila")
    assert "no order" in refused(2, "landmarks", "--sort", "size")
    assert "--source runs.csv" in refused(2, "landmarks", "--law", "coupled")


def test_the_figure_names_models_apart_and_draws_every_one(found):
    figure = landmarks_figure(found, ["besiroglu2024", "hoffmann2022", "kaplan2020-ND"])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    dots = np.concatenate([np.asarray(one.get_offsets()) for one in axes.collections])
    known = [one for one in found if one.model.known]
    assert len(dots) == len(known)
    written = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert {"besiroglu2024", "hoffmann2022", "kaplan2020-ND", "GPT-3", "Llama 3.1 405B"} <= set(written)
    assert len(written) > 0.75 * len(known)
    places = axes.transData.transform(dots)
    for (one, here), (other, there) in combinations(written.items(), 2):
        assert not here.overlaps(there), f"{one} over {other}"
    for name, box in written.items():
        assert not box.count_contains(places), f"{name} over a dot"
    width, height = figure.canvas.get_width_height()
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in written.values())


def test_there_must_be_something_to_draw(found):
    with pytest.raises(UsageError, match="no model of known size"):
        landmarks_figure(replace(found, rows=(named(found, "GPT-4"),)), ["besiroglu2024"])
    with pytest.raises(UsageError, match="1 to 3 frontiers"):
        landmarks_figure(found, ["besiroglu2024"] * 4)
