"""Studies on Ray: they finish, whatever dies, and no run is lost or repeated."""

import os
import signal
import subprocess
import sys

import pytest
from sweeps import records, started, sweep, until

from isoflop.launchers import ray as launcher
from isoflop.launchers.local import launch
from isoflop.study.claims import claims_in
from isoflop.study.progress import progress

pytest_plugins = ["commands"]

PATIENT = """
import json, os, sys, time
open("started.txt", "a").write(sys.argv[1] + "\\n")
for step in range(1, 6):
    while step == 3 and not os.path.exists("go"):
        time.sleep(0.02)
    print(json.dumps({"step": step, "tokens": step, "params": 1000, "loss": 2 + 1 / step}))
"""
"""A command that waits in the middle until there is a file called go."""


@pytest.fixture(scope="module")
def address():
    """Give the address of a cluster of two cores that runs on this machine, and end it."""
    program = (
        "import ray, sys; context = ray.init('local', num_cpus=2, include_dashboard=False, log_to_driver=False,"
        " object_store_memory=100_000_000); print(context.address_info['gcs_address'], flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, **launcher._QUIET}
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, env=environment) as process:  # fmt: skip
        yield process.stdout.readline().strip()
        process.stdin.close()


def driver(study, *words):
    """Start `isoflop study run` with Ray as a process."""
    return subprocess.Popen([sys.executable, "-m", "isoflop", "study", "run", study.folder, "--launcher", "ray", *words],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip


def patient(folder, **how):
    return sweep(folder, train=PATIENT, top="heartbeat = 0.3\n", **how)


def claims(study, name):
    return claims_in(study.folder_of(study.run_called(name)))


def at_work(study):
    """Give the names of the runs whose commands have begun to report."""
    return {run.name for run in progress(study).runs if run.state == "running" and run.loss}


def whole(study):
    """Say whether every run is done, and what its metrics hold is one attempt's, nothing twice."""
    steps = [[one["step"] for one in records(study, run.name)] for run in study.runs]
    return progress(study).count("done") == len(study) and steps == [[1, 2, 3, 4, 5]] * len(study)


def test_a_worker_that_is_killed_loses_no_run_and_a_study_on_a_cluster_finishes(address, tmp_path):
    study = patient(tmp_path / "s")
    process = driver(study, "--address", address, "--json")
    until(lambda: len(at_work(study)) == 2)
    victim = min(at_work(study))
    os.kill(claims(study, victim)[0].owner.pid, signal.SIGKILL)
    until(lambda: len(claims(study, victim)) == 2)
    (study.folder / "go").touch()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("{")  # what Ray says of dead workers is no part of the result
    assert whole(study)
    assert started(study) == sorted(["a", "b", "c", victim])
    assert [one.ended for one in claims(study, victim)] == ["its worker died", "DONE"]


def test_a_driver_that_is_killed_is_followed_by_any_other(address, tmp_path):
    study = patient(tmp_path / "s", runs=("a", "b", "c", "d"))
    process = driver(study, "--address", address)
    until(lambda: len(at_work(study)) == 2)
    process.kill()
    process.communicate()
    (study.folder / "go").touch()
    assert launch(study).count("done") == 4
    assert whole(study)
    assert len(started(study)) <= 6


def test_a_driver_that_is_interrupted_asks_its_runs_to_end_and_no_attempt_counts(address, tmp_path):
    study = patient(tmp_path / "s", runs=("a", "b"))
    process = driver(study, "--address", address)
    until(lambda: len(at_work(study)) == 2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert [(one.ended, one.counted) for name in "ab" for one in claims(study, name)] == [("interrupted", False)] * 2
    (study.folder / "go").touch()
    process = driver(study, "--address", address)
    process.communicate(timeout=60)
    assert (process.returncode, whole(study)) == (0, True)


def test_a_cluster_of_its_own_runs_a_study_and_refuses_what_it_has_no_room_for(run, tmp_path):
    study = sweep(tmp_path / "s", top="retries = 0\n", tables='[[run]]\nname = "bad"\nD = 5\nmode = "fails"\n')
    done = run("study", "run", study.folder, "--launcher", "ray", "--cpus-per-run", "0.5")
    assert done.code == 1
    assert done.out.startswith("sweep   4 runs: 3 done, 1 failed")
    assert started(study) == ["a", "b", "bad", "c"]
    assert run("study", "run", study.folder, "--launcher", "ray").code == 1  # all have ended, none is run again
    assert started(study) == ["a", "b", "bad", "c"]


def test_a_command_that_cannot_start_and_a_run_too_large_are_said_in_one_line(address, run, tmp_path):
    study = sweep(tmp_path / "s")
    done = run("study", "run", study.folder, "--launcher", "ray", "--address", address, "--gpus-per-run", "64")
    assert (done.code, done.out) == (1, "")
    assert "no node of the Ray cluster has them (2 cores, 0 GPUs). Say --cpus-per-run or --gpus-per-run." in done.err
    (study.folder / "study.toml").write_text('name = "s"\ncommand = ["pyhton"]\n[grid]\nseed = [1, 2]\n')
    done = run("study", "run", study.folder, "--launcher", "ray", "--address", address)
    assert (done.code, done.out) == (2, "")
    assert "the command cannot be started: program pyhton (No such file or directory)" in done.err
