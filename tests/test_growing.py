"""A study grows: a first grid by a prior, later ones centred on the runs so far, each as runs of its own command."""

from __future__ import annotations

import numpy as np
import pytest
from lawful import TRAIN, best_size, lawful

import isoflop
from isoflop.errors import DataError
from isoflop.experiments.study.growing import add_runs

pytest_plugins = ["commands"]


def test_budgets_are_centred_anew_on_the_runs_so_far(run, tmp_path):
    """The prior is off by a factor of 3.6; from the second round on the grid stands about the truth."""
    folder = tmp_path / "sweep"
    grid = ("design", "grid", "--sizes", 7, "-o", folder / "study.toml")
    done = run(*grid, "--flops", "1e16,2e16")
    assert done.code == 0
    assert done.err == f"isoflop: {folder}/study.toml has 14 runs, 14 of them new.\n"
    (folder / "train.py").write_text(TRAIN)
    text = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(text.replace('"{python}"', '"{python}", "-S", "-E"'))
    before = {one.id for one in isoflop.open_study(folder).runs}
    assert run("study", "run", folder).code == 0
    first = isoflop.read(folder)
    middle = np.exp(np.mean(np.log(first["N"][:7])))
    assert best_size(1e16) / middle > 3

    for budget in (8e16, 3.2e17):
        assert run(*grid, "--prior", folder, "--flops", f"{budget:g}").code == 0
        assert run("study", "run", folder).code == 0
        runs = isoflop.read(folder, where=f"C > {budget / 1.1} and C < {budget * 1.1}")
        assert len(runs) == 7
        middle = np.exp(np.mean(np.log(runs["N"])))
        assert 1 / 1.4 < middle / best_size(budget) < 1.4
        size, loss = np.sort(runs["N"]), runs["loss"][np.argsort(runs["N"])]
        assert size[0] < size[np.argmin(loss)] < size[-1]
    assert before < {one.id for one in isoflop.open_study(folder).runs}
    assert len(isoflop.read(folder)) == 28
    assert len((folder / "started.txt").read_text().splitlines()) == 28  # nothing was trained twice


def test_runs_are_added_in_the_settings_of_the_study(tmp_path):
    text = '[config]\nseed = 3\n[grid]\nwidth = [256, 512, 1024]\nD = ["100M", "400M"]\n'
    study = lawful(tmp_path / "s", ["--width", "{width}", "--tokens", "{D}"], text)
    isoflop.launch(study)
    rows = [{"N": N, "D": 1e16 / N, "C": 7e7} for N in (24.0 * 512**2, 24.0 * 1500**2)]  # C is whatever a run costs
    found, added = add_runs(study.folder, rows)
    assert added == ("c6e16-n6.29e06", "c6e16-n5.4e07")
    kept = (study.folder / "study.toml").read_text()
    assert kept.startswith('name = "lawful"\ncommand = ')
    assert "seed" not in kept.split("[[run]]", 1)[1]  # what all runs share is said once
    assert [dict(one.config) for one in found.runs[-2:]] == [
        {"seed": 3, "width": 512, "D": round(1e16 / (24 * 512**2))},
        {"seed": 3, "width": 1536, "D": round(1e16 / (24 * 1536**2))},
    ]
    assert add_runs(study.folder, rows)[1] == ()
    assert (study.folder / "study.toml").read_text() == kept


def test_the_next_runs_are_added_to_the_study_that_they_were_chosen_for(run, tmp_path):
    text = '[grid]\nwidth = [256, 512, 1024]\nD = ["100M", "400M", "1.6B"]\n'
    study = lawful(tmp_path / "s", ["--width", "{width}", "--tokens", "{D}"], text)
    isoflop.launch(study)
    file = study.folder / "study.toml"
    words = ("design", "next", study.folder, "--target-flops", "1e19", "--spend", "2e17", "--most", 3, "-o", file)
    done = run(*words)
    assert done.code == 0
    found = isoflop.open_study(study.folder)
    assert done.err == f"isoflop: {file} has {len(found)} runs, {len(found) - 9} of them new.\n"
    assert 9 < len(found) <= 12
    assert isoflop.launch(found).count("done") == len(found)
    assert all(one.config["width"] % 256 == 0 for one in found.runs)


def test_settings_of_a_design_are_those_of_the_study_or_are_refused(tmp_path):
    text = "[[run]]\nseed = 1\nN = 1e7\nD = 2e8\n[[run]]\nseed = 2\nN = 1e7\nD = 2e8\n"
    study = lawful(tmp_path / "s", ["--params", "{N}", "--tokens", "{D}"], text)
    found, _ = add_runs(study.folder, isoflop.design.replicates({"N": [3e7], "D": [1e9]}, seeds=2).as_rows())
    assert [(one.config["seed"], one.config["N"], one.config["D"]) for one in found.runs[2:]] == [
        (0, 30_000_000, 1_000_000_000), (1, 30_000_000, 1_000_000_000),
    ]  # fmt: skip
    with pytest.raises(isoflop.UsageError, match=r'no run has a setting "lr"'):
        add_runs(study.folder, [{"N": 1e7, "D": 2e8, "lr": 0.1}])


def test_a_list_of_runs_that_cannot_be_added_to_stays_as_it_is(tmp_path):
    study = lawful(tmp_path / "s", ["--params", "{N}", "--tokens", "{D}"], "run = [{N = 1e7, D = 2e8}]\n")
    before = (study.folder / "study.toml").read_text()
    with pytest.raises(DataError, match=r"Runs can be added to \[\[run\]\] tables and to a \[grid\]"):
        add_runs(study.folder, [{"N": 3e7, "D": 1e9}])
    assert (study.folder / "study.toml").read_text() == before
