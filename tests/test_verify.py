"""The loop on a command that trains nothing: what is held out and chosen, that it is run once, what is said."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
from lawful import TRAIN, best_size, lawful

import isoflop
from isoflop.errors import UsageError
from isoflop.experiments.register import history, open_ledger
from isoflop.experiments.study.planned import read_plan
from isoflop.faces.plot import verify_figure

pytest_plugins = ["commands"]

BUDGETS, WIDTHS = (1e16, 4e16, 1.6e17), (512, 768, 1024, 1536, 2048)
COMMAND = ["--width", "{width}", "--tokens", "{D}"]


def grid(budgets=BUDGETS, widths=WIDTHS):
    return "".join(
        f'[[run]]\nname = "c{c / 1e16:g}-{w}"\nwidth = {w}\nD = {round(c / (6 * 24 * w**2))}\n'
        for c in budgets
        for w in widths
    )


def started(study):
    return (study.folder / "started.txt").read_text().splitlines()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    found = lawful(tmp_path_factory.mktemp("trained") / "s", COMMAND, grid())
    isoflop.launch(found)
    return found.folder


@pytest.fixture
def study(trained):
    """Give a study as it was trained, always at one place, so that what is worked out from it is remembered."""
    place = trained.parent / "fresh"
    shutil.rmtree(place, ignore_errors=True)
    return isoflop.open_study(shutil.copytree(trained, place))


def test_the_largest_budget_is_forecast_from_the_smaller_ones_alone(study):
    found = isoflop.verify(study, train=False)
    smaller = isoflop.read(study.folder, where="C < 1e17")
    larger = isoflop.read(study.folder, where="C > 1e17")
    expected = isoflop.forecast(smaller, N=larger["N"], D=larger["D"])
    assert [one.forecast for one in found.held_out] == list(expected)
    assert [one.loss for one in found.held_out] == larger["loss"].tolist()
    assert [one.run for one in found.held_out] == [f"c16-{width}" for width in WIDTHS]
    assert "held out: 5 runs, forecast from the 10 up to 4e16 FLOPs" in found.notes
    for one in found.held_out:
        assert one.error == pytest.approx(one.forecast.loss.value / one.loss - 1)
        assert one.held is bool(one.forecast.loss.low <= one.loss <= one.forecast.loss.high)


def test_the_best_larger_run_is_trained_once_and_compared(study):
    expected = isoflop.verify(study, train=False)
    assert not (study.folder / "verify").exists()
    assert expected.held is None
    found = isoflop.verify(study.folder)
    assert len(started(study)) == 16
    assert pytest.approx(4.8e17, rel=1e-4) == found.trial.C
    assert found.trial.forecast == expected.trial.forecast
    assert found.held is True
    (came,) = history(open_ledger(study.folder / "forecasts.jsonl")).came
    assert came.foretold.value == found.trial.forecast.loss.value
    assert came.scored.value == found.trial.loss
    low, high = found.plan.flat_range
    assert low <= found.trial.forecast.inputs["N"] <= high or not found.sizing.tried
    assert 0.5 < found.trial.forecast.inputs["N"] / best_size(4.8e17) < 2
    again = isoflop.verify(study)
    assert len(started(study)) == 16
    assert again.as_dict() == found.as_dict()
    assert len(isoflop.read(study.folder)) == 15  # what verifies is never among what is fitted


def test_another_budget_is_another_run_beside_the_first(study):
    isoflop.verify(study, flops=4.8e17)
    isoflop.verify(study, flops=1e18)
    isoflop.verify(study, flops=1e18, settings={"width": "1280"})
    assert [run.name for run in read_plan(study.folder / "verify").runs] == ["c4.8e17", "c1e18", "c1e18-width1280"]
    assert len(started(study)) == 18


def test_it_goes_on_after_an_interruption(study, monkeypatch):
    def interrupted(*words, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["isoflop.experiments.verify.verify"], "launch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            isoflop.verify(study)
    assert len(started(study)) == 15
    assert isoflop.verify(study, train=False).held is None
    assert isoflop.verify(study).held
    assert len(started(study)) == 16


def test_the_forecast_is_of_the_run_as_it_came_out(study):
    wider = TRAIN.replace('told.get("--width") or', '8 + told["--width"] if "--width" in told else')
    (study.folder / "train.py").write_text(wider)
    planned, found = isoflop.verify(study, train=False), isoflop.verify(study)
    width = found.sizing.chosen["width"]
    assert planned.trial.forecast.inputs["N"] == pytest.approx(24 * width**2)
    assert found.trial.forecast.inputs["N"] == 24 * (width + 8) ** 2


def test_a_forecast_that_did_not_hold_is_said_and_is_no_failure(study, run, tmp_path):
    (study.folder / "train.py").write_text(TRAIN.replace("(1.6 + 2000", "(2.1 + 2000"))
    done = run("study", "verify", study.folder, "-o", tmp_path / "v.png")
    assert done.code == 0
    assert "NOT held: the loss fell outside the 90 % interval" in " ".join(done.out.split())
    assert (tmp_path / "v.png").read_bytes().startswith(b"\x89PNG")
    assert done.err.startswith("isoflop: c4.8e17: ")
    found = json.loads(run("study", "verify", study.folder, "--json").out)
    assert (found["held"], found["target"]["held"]) == (False, False)
    assert found["target"]["error"] < 0
    assert found["settings"].keys() == {"width", "D"}


@pytest.mark.parametrize(
    ("line", "why"),
    [("raise SystemExit('no room')", "failed: exit 1: no room"), ("print('{\"loss\": NaN}')", "diverged: loss is nan")],
)
def test_a_larger_run_without_a_loss_is_a_failure_that_says_what_to_do(study, run, *, line, why):
    (study.folder / "train.py").write_text(line)
    (study.folder / "study.toml").write_text("retries = 0\n" + (study.folder / "study.toml").read_text())
    done = run("study", "verify", study.folder)
    assert (done.code, done.out) == (1, "")
    last = done.err.splitlines()[-1]
    assert f"c4.8e17 {why}, so there is nothing to compare." in last
    assert f"isoflop study repair --retry {study.folder}/verify" in last
    if why.startswith("failed"):
        (study.folder / "train.py").write_text(TRAIN)
        assert run("study", "repair", "--retry", study.folder / "verify").code == 0
        assert run("study", "verify", study.folder).code == 0


def test_settings_that_the_runs_do_not_show_are_asked_for(tmp_path, run):
    text = "".join(
        f"[[run]]\nwidth = {w}\ndepth = {w // 64}\nD = {round(c / (6 * 24 * w**2))}\n" for c in BUDGETS for w in WIDTHS
    )
    study = lawful(tmp_path / "s", COMMAND, text)
    isoflop.launch(study)
    with pytest.raises(UsageError, match=r"Say what gives it: --set depth=… --set width=…\."):
        isoflop.verify(study, flops=2e18, train=False)
    done = run("study", "verify", study.folder, "--flops", "2e18", "--set", "width=2560", "--set", "depth=40")
    assert done.code == 0
    assert started(study)[-1].startswith("--width 2560 --tokens ")


def test_runs_that_have_not_ended_and_budgets_too_thin_are_said(tmp_path):
    study = lawful(tmp_path / "s", COMMAND, grid(BUDGETS[:2]))
    isoflop.launch(study)
    lawful(tmp_path / "s", COMMAND, grid(BUDGETS[:2]) + "[[run]]\nwidth = 4096\nD = 1e9\n")
    found = isoflop.verify(study.folder, train=False)
    assert found.held_out == ()
    assert found.notes == (
        "1 of 11 runs has no loss and is not fitted",
        "nothing is held out: there are 5 runs below the largest budget, and a forecast needs 6",
    )
    assert "not trained yet" in str(found)


def test_names_and_settings_are_printed_as_they_are(tmp_path):
    study = lawful(tmp_path / "s", COMMAND, '[config]\nnote = "[red]\\u001b[0m"\n' + grid(BUDGETS[:2]))
    isoflop.launch(study)
    shown = str(isoflop.verify(study, train=False, settings={"note": "[bold]\x1b[31m"}))
    assert r"note = [bold]\x1b[31m" in " ".join(shown.split())
    assert "\x1b" not in shown


def test_a_condition_keeps_runs_from_being_known(study):
    found = isoflop.verify(study, where="C < 1e17", train=False)
    assert len(found.runs) == 10
    assert found.plan.budget.value == pytest.approx(3 * 4e16, rel=1e-3)


def test_nothing_is_trained_on_the_word_of_runs_that_show_no_law(tmp_path, run):
    study = lawful(tmp_path / "s", COMMAND, grid(BUDGETS[:2]))
    (study.folder / "train.py").write_text(TRAIN.replace("2000 /", "0 /").replace("1500 /", "0 /"))
    isoflop.launch(study)
    done = run("study", "verify", study.folder)
    assert done.code == 4
    assert "not trained yet" in done.out
    assert done.err.startswith("isoflop: not to be trusted (F14)")
    assert len(started(study)) == 10


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--flops", "0"), "flops=0 is no budget"),
        (("--set", "width"), '"width" is not of the form NAME=VALUE'),
        (("--set", "widht=3"), 'Did you mean "width"'),
        (("--set", "D=-5"), "D=-5 must be a number above zero"),
        (("--level", "2"), "level=2 must be between 0 and 1"),
        (("-o", "v.txt"), "a figure is saved as"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_trains_nothing(study, refused, *, words, why):
    assert why in refused(2, "study", "verify", study.folder, *words)
    assert len(started(study)) == 15


def test_every_run_is_on_the_figure_and_a_miss_is_hollow(study):
    found = isoflop.verify(study, train=False)
    assert len(dots(found)) == 5
    found = isoflop.verify(study)
    shown = dots(found)
    trials = [*found.held_out, found.trial]
    assert sorted(x for x, _ in shown) == pytest.approx(sorted(one.loss for one in trials))
    assert sum(hollow for _, hollow in shown) == sum(one.held is False for one in trials)
    (axes,) = verify_figure(found).axes
    assert all(text.get_text().startswith("N = ") for text in axes.get_yticklabels())
    assert any("held out" in text.get_text() for text in axes.texts)


def dots(found):
    """Give the losses drawn, and whether each dot is hollow."""
    (axes,) = verify_figure(found).axes
    lines = [line for line in axes.lines if line.get_marker() == "o" and np.isfinite(line.get_xdata()[0])]
    return [(float(line.get_xdata()[0]), line.get_markerfacecolor() == "white") for line in lines]
