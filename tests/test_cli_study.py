"""The commands on studies: what they print, where it goes, and the exit codes."""

import json
import subprocess
import sys

import pytest
from sweeps import started, sweep

from isoflop.experiments.study import open_study

pytest_plugins = ["commands"]


def test_a_new_study_is_an_example_that_is_planned(run, tmp_path):
    done = run("study", "new", tmp_path / "ladder")
    assert done.code == 0
    assert done.out.startswith("ladder   6 runs: 6 waiting\n")
    assert "study.toml is an example. Edit it" in done.err
    assert len(open_study(tmp_path / "ladder")) == 6
    before = (tmp_path / "ladder" / "study.toml").read_bytes()
    assert run("study", "new", tmp_path / "ladder").err == ""
    assert (tmp_path / "ladder" / "study.toml").read_bytes() == before


def test_a_study_is_run_shown_and_exported(run, good, tmp_path):
    study = sweep(tmp_path / "s", tables="[price]\ndollars_per_hour = 3600\n")
    done = run("study", "run", study.folder)
    assert done.code == 0
    assert done.out.splitlines()[0].startswith("sweep   3 runs: 3 done   ")
    assert done.out.splitlines()[0].endswith(" USD so far")
    assert [line.split(",")[0] for line in sorted(done.err.splitlines())] == [
        f"isoflop: {x} done loss 2.2" for x in "abc"
    ]
    shown = good("study", "status", study.folder)
    assert (shown["done"], shown["waiting"], shown["seconds_left"]) == (3, 0, None)
    assert [one["loss"] for one in shown["runs"]] == [2.2] * 3
    table = run("study", "export", study.folder)
    assert len(table.out.splitlines()) == 4
    run("study", "export", study.folder, "-o", tmp_path / "runs.csv")
    assert (tmp_path / "runs.csv").read_text() == table.out
    assert [row["run"] for row in good("study", "export", study.folder)] == ["a", "b", "c"]


def test_failed_runs_end_with_exit_code_1_and_diverged_ones_are_said(run, tmp_path):
    tables = '[[run]]\nname = "bad"\nD = 5\nmode = "fails"\n[[run]]\nname = "nan"\nD = 6\nmode = "diverges"\n'
    study = sweep(tmp_path / "s", top="retries = 0", tables=tables)
    done = run("study", "run", study.folder)
    assert done.code == 1
    assert "isoflop: bad failed; the logs are in the runs' folders." in done.err
    assert "failed" in done.out
    said = run("study", "export", study.folder)
    assert said.err == "isoflop: without a loss: bad (failed), nan (diverged).\n"
    assert run("study", "repair", "--retry", study.folder).err == "isoflop: bad: it failed, and will be tried again.\n"
    assert run("study", "repair", study.folder).err == "isoflop: nothing was out of order.\n"


def test_what_cannot_be_is_refused_in_one_line(refused, tmp_path):
    study = sweep(tmp_path / "s")
    assert "study.toml: there is no such file" in refused(3, "study", "status", tmp_path / "none")
    assert '"rya" is not a launcher' in refused(2, "study", "run", study.folder, "--launcher", "rya")
    assert "--sbatch goes with --launcher slurm" in refused(2, "study", "run", study.folder, "--sbatch", "--time=5")
    assert "-o goes with --launcher script" in refused(2, "study", "run", study.folder, "--launcher=ray", "-o", "x.sh")
    said = refused(2, "study", "run", study.folder, "--launcher=slurm", "--no-wait", "--sbatch", "--comment='a")
    assert "no closing quotation" in said
    said = refused(2, "study", "run", study.folder, "--launcher=ray", "--address", "nonsense")
    assert "nonsense is not the address of a Ray cluster. Say HOST:PORT" in said
    said = refused(1, "study", "run", study.folder, "--launcher=ray", "--address", "127.0.0.1:1")
    assert "no Ray cluster at 127.0.0.1:1: Connection refused" in said
    assert 'no run is called "x; rm -rf ~"' in refused(3, "study", "worker", study.folder, "x; rm -rf ~")
    assert "none of its 3 runs has finished" in refused(3, "study", "export", study.folder)
    (study.folder / "study.toml").write_text('name = "a; rm -rf ~"\ncommand = ["x"]\n[grid]\na = 1\n')
    assert '"a; rm -rf ~" cannot name a study' in refused(3, "study", "run", study.folder)


def test_a_launcher_that_is_not_installed_is_said_with_what_to_do(refused, monkeypatch, tmp_path):
    study = sweep(tmp_path / "s")
    (study.folder / "slurm").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    said = refused(1, "study", "run", study.folder, "--launcher", "slurm")
    assert "sbatch cannot be called (No such file or directory). Say it where Slurm's programs are on the PATH" in said
    monkeypatch.setitem(sys.modules, "ray", None)
    assert 'Type: pip install "isoflop[ray]"' in refused(1, "study", "run", study.folder, "--launcher", "ray")


@pytest.mark.parametrize("task", [None, "2"])
def test_the_script_runs_a_study_here_or_a_part_of_it_as_an_array_task(run, tmp_path, task):
    study = sweep(tmp_path / "a folder; with $words")
    done = run("study", "run", study.folder, "--launcher", "script", "-o", tmp_path / "run.sh")
    assert done.code == 0
    assert "#SBATCH --array=1-3%2\n" in (tmp_path / "run.sh").read_text()
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    if task:
        environment["SLURM_ARRAY_TASK_ID"] = task
    subprocess.run(["sh", str(tmp_path / "run.sh")], check=True, capture_output=True, env=environment)  # noqa: S607
    assert started(study) == (["b"] if task else ["a", "b", "c"])


def test_json_of_a_run_that_is_done_is_one_document_on_stdout(run, tmp_path):
    done = run("study", "run", sweep(tmp_path / "s").folder, "--json")
    assert json.loads(done.out)["done"] == 3
