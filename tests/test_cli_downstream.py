# ruff: noqa: F811 - a fixture is imported, and named again where it is asked for
"""isoflop downstream and isoflop capabilities in a terminal: each way in, each mistake in a line, the figure."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from commands import run  # noqa: F401 - a fixture
from matplotlib.collections import PathCollection
from scored import CHANCE, scored, sound, true_loss

from isoflop import downstream
from isoflop.errors import DataError
from isoflop.faces.plot import downstream_figure, save_figure

AT = ("N=2B", "D=40B")


def written(path, runs, names):
    rows = [",".join(f"{runs[name][row]:.6g}" for name in names) for row in range(len(runs))]
    lines = [f"m{number},{row}" for number, row in enumerate(rows)]
    path.write_text("\n".join([",".join(("model", *names)), *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def runs():
    return scored("sound", "flat")


@pytest.fixture(scope="module")
def table(tmp_path_factory, runs):
    return written(tmp_path_factory.mktemp("scores") / "runs.csv", runs, ("N", "D", "loss", "sound", "flat"))


def test_the_json_says_what_the_library_says(run, table, runs):
    done = run("downstream", table, *AT, "--chance", "sound=0.25", "--chance", "flat=0.25", "--json")
    found = downstream(runs, chance=CHANCE_OF, N=2e9, D=4e10)
    sound_, flat = done.json["tasks"]
    assert sound_["accuracy"]["value"] == pytest.approx(found["sound"].accuracy.value, abs=1e-3)
    assert sound_["verdict"]["predictable"]
    assert set(sound_["baselines"]) == {"largest run", "log-linear", "sigmoid in C"}
    assert flat["accuracy"] == {"value": None, "low": 0.25, "high": 1.0}
    assert (flat["verdict"]["code"], done.json["predictable"]) == ("A01", 1)
    assert done.json["average"] is None  # an average is of tasks that can be forecast, and there is one
    assert done.code == 0


CHANCE_OF = {"sound": CHANCE["sound"], "flat": CHANCE["flat"]}


def test_a_terminal_of_80_columns_shows_verdict_forecast_and_baselines(run, table, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = run("downstream", table, *AT, "--chance", "flat=0.25")
    assert max(map(len, done.out.splitlines())) <= 80
    for words in ("scales: rises", "at chance", "no forecast", "without a loss", "largest run", "sigmoid in C", "A01"):
        assert words in done.out
    assert "…" not in done.out


def test_per_cent_are_read_as_shares(run, tmp_path, *, runs, table):
    columns = {**runs.columns, "sound": 100 * runs["sound"]}
    hundred = written(tmp_path / "hundred.csv", columns_only(runs, columns), ("N", "D", "loss", "sound"))
    one, other = (
        run("downstream", path, *AT, "--tasks", "sound", *more, "--json").json["tasks"][0]["accuracy"]["value"]
        for path, more in ((table, ()), (hundred, ("--percent",)))
    )
    assert one == pytest.approx(other, abs=1e-3)


def test_a_table_with_losses_on_answers_alone_is_read_and_each_is_its_tasks_middle_step(run, tmp_path, runs):
    own = {"N": runs["N"], "D": runs["D"]}
    for task, shift in (("sound", 0.0), ("flat", 0.2)):
        own |= {f"{task}_acc": runs[task], f"{task}_bpb": runs["loss"] / 3 + shift}
    rows = zip(*(values.tolist() for values in own.values()), strict=True)
    table = tmp_path / "ladder.csv"
    table.write_text(",".join(own) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    done = run("downstream", table, *AT, "--json")
    sound_, flat = done.json["tasks"]
    assert (sound_["task"], flat["task"]) == ("sound_acc", "flat_acc")
    assert flat["loss"]["value"] - sound_["loss"]["value"] == pytest.approx(0.2, abs=0.02)


def columns_only(runs, columns):
    return replace(runs, columns=columns)


def test_results_of_lm_eval_find_their_runs_and_bring_their_items(run, tmp_path, runs):
    bare = written(tmp_path / "bare.csv", runs, ("N", "D", "loss"))
    for number, score in enumerate(runs["sound"]):
        (tmp_path / "evals" / f"m{number}").mkdir(parents=True)
        content = {
            "results": {"arc": {"alias": "arc", "acc,none": score, "acc_stderr,none": 0.01}},
            "config": {"model": "hf", "model_args": f"pretrained=org/m{number}"},
            "n-samples": {"arc": {"original": 1000, "effective": 1000}},
        }
        (tmp_path / "evals" / f"m{number}" / "results_2025.json").write_text(json.dumps(content))
    done = run("downstream", bare, *AT, "--evals", tmp_path / "evals", "--chance", "arc=0.25", "--json")
    (arc,) = done.json["tasks"]
    assert (arc["task"], arc["items"], arc["runs"]) == ("arc", 1000, 18)
    truth = sound(true_loss(2e9, 4e10))
    assert arc["accuracy"]["low"] < truth < arc["accuracy"]["high"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "say the run to forecast"),
        (("N=2B",), 2, "say the run to forecast"),
        ((*AT, "seed=3"), 2, '"seed" is no input'),
        ((*AT, "size=3"), 2, "not size"),
        ((*AT, "--chance", "sound=2"), 2, "a share from 0 to 1"),
        ((*AT, "--chance", "sound"), 2, "NAME=VALUE"),
        ((*AT, "--ceiling", "sound=high"), 2, "high"),
        ((*AT, "--items", "sound=0"), 2, "number of test items"),
        ((*AT, "--second", "line"), 2, "exponential or sigmoid or saturating"),
        ((*AT, "--percent", "--tasks", "model"), 3, "holds text"),
        ((*AT, "--metric", "acc"), 2, "--evals FOLDER"),
        ((*AT, "--tasks", "model"), 3, "holds text"),
        ((*AT, "--tasks", "nix"), 3, "is missing"),
        ((*AT, "--task-loss", "sound=nix"), 3, "is missing"),
        ((*AT, "--evals", "/nowhere/evals"), 3, "no such file"),
        ((*AT, "--law", "nolaw"), 2, "no law"),
        ((*AT, "--draws", "5"), 2, "too few for an interval"),
        ((*AT, "-o", "figure.gif"), 2, "png"),
    ],
)
def test_each_mistake_is_one_line_and_its_exit_code(run, table, *, words, code, said):
    done = run("downstream", table, *words)
    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert len(done.err.strip().splitlines()) == 1


def test_the_figure_shows_every_run_and_each_forecast(runs, tmp_path):
    found = downstream(runs, chance=CHANCE_OF, N=2e9, D=4e10)
    figure = downstream_figure(found)
    loss, first, flat = (axes for axes in figure.axes if axes.get_visible())
    for axes in (loss, first, flat):
        runs_drawn = next(one for one in axes.collections if isinstance(one, PathCollection))
        assert len(runs_drawn.get_offsets()) == 18
    marker = [one for one in first.collections if isinstance(one, PathCollection)][-1]
    assert marker.get_offsets()[0].tolist() == pytest.approx([found["sound"].loss.value, found["sound"].accuracy.value])
    assert [axes.get_title(loc="left") for axes in (loss, first, flat)] == ["Loss", "sound", "flat"]
    assert any("no forecast" in text.get_text() for text in flat.texts)
    assert save_figure(figure, tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_known_loss_has_no_panel_of_its_own(runs):
    figure = downstream_figure(downstream(runs, tasks=["sound"], loss=2.5))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["sound"]


def test_more_tasks_than_a_figure_holds_are_refused(runs):
    found = downstream(runs, tasks=["sound"], loss=2.5)
    with pytest.raises(DataError, match="too many for one figure"):
        downstream_figure(replace(found, tasks=found.tasks * 30))


def models(path):
    """Write 40 models of two families whose five scores follow one ability, which follows compute."""
    generator = np.random.default_rng(0)
    lines = ["model,family,C,a,b,c,d,target"]
    for number in range(40):
        ability = number / 20 - 1 + 0.5 * (number % 2) + generator.standard_normal()
        scores = [1 / (1 + math.exp(-ability + shift)) for shift in (-0.5, 0.0, 0.3, 0.6, 0.2)]
        shown = ",".join(f"{np.clip(score + 0.01 * generator.standard_normal(), 0, 1):.4f}" for score in scores)
        lines.append(f"org/m{number},{'ab'[number % 2]},{10 ** (20 + number / 10):.4g},{shown}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_capabilities_foretell_held_out_models_better_than_compute_alone(run, tmp_path):
    done = run("capabilities", models(tmp_path / "models.csv"), "--target", "target", "--family", "family",
               "--components", "1", "--json")  # fmt: skip
    errors = done.json["errors"]
    assert errors["capabilities"] < 0.5 * errors["compute alone"]
    assert len(done.json["held"]) == 8
    assert done.json["benchmarks"] == ["a", "b", "c", "d"]
    assert set(done.json["lines"]) == {"a", "b"}


def test_capabilities_fit_a_terminal_of_80_columns(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = run("capabilities", models(tmp_path / "models.csv"), "--target", "target", "--family", "family")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "compute alone" in done.out
    assert "m39" in done.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--target", "nix"), 3, "is missing"),
        (("--target", "model"), 3, "does not hold shares"),
        (("--target", "target", "--hold-out", "0.9"), 2, "below 0.6"),
        (("--target", "target", "--components", "9"), 2, "from 1 to 4"),
        (("--target", "target", "--benchmarks", "a"), 2, "3 benchmarks"),
        (("--target", "target", "--family", "nix"), 3, "is missing"),
        (("--target", "target", "--where", "C > 5e23"), 3, "models with C"),
    ],
)
def test_each_mistake_about_capabilities_is_one_line(run, tmp_path, *, words, code, said):
    done = run("capabilities", models(tmp_path / "models.csv"), *words)
    assert done.code == code
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_table_without_any_loss_is_forecast_from_the_mean_error_and_says_so(run, tmp_path, runs):
    table = written(tmp_path / "no_loss.csv", runs, ("N", "D", "sound"))
    with_loss = written(tmp_path / "with_loss.csv", runs, ("N", "D", "loss", "sound"))
    found, known = (run("downstream", path, *AT, "--tasks", "sound", "--json").json for path in (table, with_loss))
    assert "A11" in {one["code"] for one in found["findings"]}
    assert found["tasks"][0]["accuracy"]["value"] == pytest.approx(known["tasks"][0]["accuracy"]["value"], abs=0.03)
