"""Whatever is in a study's files, every verb says so in words, and run or repair puts the study in order."""

import json
import shutil

import pytest
from sweeps import started, sweep

from isoflop.experiments.launchers import launch
from isoflop.experiments.study import open_study
from isoflop.experiments.study.progress import progress

pytest_plugins = ["commands"]
DEEP = b"[" * 100_000
JUNK = (DEEP, b"", b"{}", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"{" + b'"a":' * 50_000, b'{"ended": 1e999}')


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    study = sweep(tmp_path_factory.mktemp("whole") / "s")
    launch(study)
    return study


def edited(study, name, **changed):
    """Write a result, or a claim, with some of its values changed, as a person would."""
    path = study.folder_of(study.run_called("a")) / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def other_runs_done(study):
    folders = [study.folder_of(study.run_called(name)) for name in "ab"]
    shutil.copy(folders[1] / "DONE", folders[0] / "DONE")


DAMAGES = {
    **{f"{name} is {junk[:9]!r}": (lambda study, name=name, junk=junk:
       ((study.folder if name == "plan.jsonl" else study.folder_of(study.run_called("a"))) / name).write_bytes(junk))
       for name in ("DONE", "claim-1.json", "plan.jsonl") for junk in JUNK},
    "a loss that is a text": lambda study: edited(study, "DONE", loss="x"),
    "a loss that was edited": lambda study: edited(study, "DONE", loss=1.5),
    "an ending of another kind": lambda study: edited(study, "DONE", ending="WON", sha256=None),
    "another run's result": other_runs_done,
    "a claim of another kind": lambda study: edited(study, "claim-1.json", since="x", owner=5),
    "a claim of another attempt": lambda study: edited(study, "claim-1.json", attempt=9),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_study_is_said_and_mended_and_nothing_is_trained_twice(whole, tmp_path, run, *, damage):
    shutil.copytree(whole.folder, tmp_path / "s")
    losses = [one.loss for one in progress(whole).runs]
    damage(open_study(tmp_path / "s"))
    assert run("study", "status", tmp_path / "s").code == 0
    assert run("study", "export", tmp_path / "s").code in {0, 3}
    assert run("study", "run", tmp_path / "s").code == 0
    study = open_study(tmp_path / "s")
    assert [one.loss for one in progress(study).runs] == losses
    assert started(study) == started(whole)
    assert run("study", "repair", tmp_path / "s").code == 0
    assert run("study", "export", tmp_path / "s").code == 0


@pytest.mark.parametrize("value", ["0", "-5", '"nan"', "false"])
def test_a_run_of_no_tokens_is_not_planned(run, tmp_path, value):
    text = f'name = "s"\ncommand = ["true", "{{D}}"]\n[[run]]\nname = "a"\nD = {value}\n'
    (tmp_path / "study.toml").write_text(text)
    done = run("study", "new", tmp_path)
    assert (done.code, "must be a number above zero" in done.err) == (3, True)


@pytest.mark.parametrize("value", ["0", "-1", "1.5"])
def test_a_run_of_half_a_step_is_not_planned(run, tmp_path, value):
    text = f'name = "s"\ncommand = ["true", "{{steps}}"]\n[[run]]\nname = "a"\nsteps = {value}\n'
    (tmp_path / "study.toml").write_text(text)
    assert "whole number above zero" in run("study", "new", tmp_path).err


@pytest.mark.parametrize(
    ("said", "told"), [('"N": -1, "loss": 2', "N -1"), ('"D": 0, "loss": 2', "D 0"), ('"loss": -2', "loss -2")]
)
def test_what_no_training_comes_to_is_a_failure(tmp_path, said, told):
    study = sweep(tmp_path / "s", runs=("a",), train=f"print('{{{said}}}')")
    (found,) = launch(study).runs
    assert (found.state, f"reported {told}" in found.note) == ("failed", True)


def test_a_loss_that_was_printed_as_text_is_a_loss(tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), train='print(\'{"loss": "2.5", "step": 1}\')')
    assert launch(study).runs[0].loss == 2.5
