"""Studies on a real Slurm: they finish whatever happens to their jobs, and no run is lost or repeated."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from slurm_cluster import slurm, slurm_cluster
from sweeps import PATIENT, at_work, claims, started, sweep, until, whole

from isoflop.errors import IsoflopError
from isoflop.experiments.launchers.slurm import follow, launch, submit
from isoflop.experiments.study.progress import progress
from isoflop.experiments.study.results import read_result

pytest_plugins = ["commands"]
pytestmark = pytest.mark.slurm

SAVING = f"""
import os, signal, sys, time
def end(number, frame):
    time.sleep(0.5)
    open(sys.argv[1] + ".checkpoint", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
{PATIENT}
"""
"""The patient command with something to save when it is ended."""


@pytest.fixture(scope="module")
def cluster():
    """Give the folder of a cluster that runs."""
    with slurm_cluster() as folder:
        yield folder


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Ask Slurm more often than its administrator would like."""
    monkeypatch.setattr("isoflop.experiments.launchers.slurm._BETWEEN_QUESTIONS", 0.3)
    monkeypatch.setattr("isoflop.experiments.launchers.slurm._BETWEEN_LOOKS", 0.1)


def patient(folder, **how):
    """Give a study whose runs wait, as many at a time as the cluster has cores."""
    return sweep(folder, train=SAVING, top="heartbeat = 0.3\n", **how)


def hurry(task):
    """Let a task that was requeued begin as soon as it can: Slurm itself would wait for two minutes."""
    subprocess.run(["scontrol", "update", f"JobId={task}", "StartTime=now"], check=False, capture_output=True)  # noqa: S607


def test_a_study_is_run_by_an_array_of_jobs_each_run_once(cluster, run, tmp_path):
    study = sweep(tmp_path / "a folder; with $words", runs=[f"r{i}" for i in range(5)])
    done = run("study", "run", study.folder, "--launcher", "slurm", "--sbatch", "--partition=all --time=5")
    assert done.code == 0
    assert done.out.startswith("sweep   5 runs: 5 done")
    assert "is submitted. Interrupted, this command leaves it running." in done.err
    assert started(study) == [f"r{i}" for i in range(5)]
    assert whole(study)
    assert len(list((study.folder / "slurm").iterdir())) == 5
    again = run("study", "run", study.folder, "--launcher", "slurm")
    assert (again.code, again.err) == (0, "")  # nothing is left, nothing is submitted


def test_a_task_that_is_cancelled_and_one_that_is_requeued_cost_no_run_and_no_retry(cluster, tmp_path):
    study = patient(tmp_path / "s", runs=("a", "b", "c"))
    job = submit(study)
    until(lambda: at_work(study) == {"a", "b"})
    slurm("scontrol", "requeue", f"{job}_2")
    slurm("scancel", f"{job}_1")
    until(lambda: [one.ended for name in "ab" for one in claims(study, name)][:2] == ["interrupted"] * 2)
    assert {path.name for path in study.folder.glob("*.checkpoint")} == {"a.checkpoint", "b.checkpoint"}
    (study.folder / "go").touch()
    until(lambda: len(claims(study, "b")) == 2 or hurry(f"{job}_2"))
    found = follow(study, job)
    assert {one.name: one.state for one in found.runs} == {"a": "waiting", "b": "done", "c": "done"}
    before = {name: read_result(study.folder_of(study.run_called(name))) for name in "bc"}
    launch(study)
    assert whole(study)
    assert before == {name: read_result(study.folder_of(study.run_called(name))) for name in "bc"}
    assert started(study) == ["a", "a", "b", "b", "c"]
    assert [[(one.ended, one.counted) for one in claims(study, name)] for name in "abc"] == [
        [("interrupted", False), ("DONE", True)],
        [("interrupted", False), ("DONE", True)],
        [("DONE", True)],
    ]


def test_a_worker_that_is_killed_is_followed_by_another_in_the_same_task(cluster, tmp_path):
    study = patient(tmp_path / "s", runs=("a", "b"))
    job = submit(study)
    until(lambda: at_work(study) == {"a", "b"})
    os.kill(claims(study, "a")[0].owner.pid, signal.SIGKILL)
    until(lambda: len(claims(study, "a")) == 2)
    (study.folder / "go").touch()
    assert follow(study, job).over
    assert whole(study)
    assert started(study) == ["a", "a", "b"]
    until(
        lambda: [one.ended for one in claims(study, "a")] == ["its worker died", "DONE"]
    )  # its result comes before its claim ends


def test_a_run_whose_whole_task_was_killed_is_submitted_again(cluster, tmp_path):
    study = patient(tmp_path / "s", runs=("a",))
    program = """
import sys
from isoflop import open_study
from isoflop.experiments.launchers import slurm
slurm._BETWEEN_QUESTIONS = 0.3
print(slurm.launch(open_study(sys.argv[1]), say=lambda said: print(said, flush=True)))
"""
    process = subprocess.Popen([sys.executable, "-c", program, study.folder], stdout=subprocess.PIPE, text=True)
    job = int(process.stdout.readline().split()[1])
    until(lambda: at_work(study))
    worker = claims(study, "a")[0].owner.pid
    script = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
    for pid in (script, worker):  # scancel would ask politely first
        os.kill(pid, signal.SIGKILL)
    assert process.stdout.readline().startswith(f"job {job + 1} is submitted")
    (study.folder / "go").touch()
    assert "1 runs: 1 done" in process.communicate(timeout=600)[0]
    assert whole(study)
    until(
        lambda: [one.ended for one in claims(study, "a")] == ["its worker died", "DONE"]
    )  # its result comes before its claim ends


def test_two_submissions_share_the_runs(cluster, tmp_path):
    study = sweep(tmp_path / "s", runs=[f"r{i}" for i in range(6)], mode="slow", top="heartbeat = 0.3\n")
    jobs = [submit(study, workers=4) for _ in range(2)]
    assert [follow(study, job).over for job in jobs] == [True, True]
    assert whole(study)
    assert started(study) == [f"r{i}" for i in range(6)]
    until(lambda: not slurm("squeue", "--noheader").strip())


def test_a_job_that_is_cancelled_as_a_whole_is_not_submitted_again(cluster, tmp_path):
    study = patient(tmp_path / "s")
    job = submit(study, options=["--begin=now+1hour"])
    slurm("scancel", job)
    assert follow(study, job).count("waiting") == 3
    with pytest.raises(IsoflopError, match=r"cancelled, and 3 of 3 runs have not ended\. Say isoflop study run again"):
        launch(study, look=lambda _: slurm("scancel", "--me"))


def test_waiting_that_is_interrupted_leaves_the_job_and_says_how_to_end_it(cluster, tmp_path):
    study = patient(tmp_path / "s", runs=("a",))
    process = subprocess.Popen(  # what starts tests in the background may ignore interrupts, and so would this
        [sys.executable, "-m", "isoflop", "study", "run", study.folder, "--launcher", "slurm"],
        stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    assert "is submitted" in process.stderr.readline()
    until(lambda: at_work(study))
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 130
    assert "goes on: isoflop study status" in said
    (study.folder / "go").touch()
    until(lambda: progress(study).over)
    assert whole(study)


def test_submitting_without_waiting_says_the_job(cluster, run, tmp_path):
    study = sweep(tmp_path / "s")
    done = run("study", "run", study.folder, "--launcher", "slurm", "--no-wait", "--json")
    assert (done.code, done.json["study"]) == (0, "sweep")
    assert "is submitted: isoflop study status" in done.err
    until(lambda: progress(study).over)
    assert whole(study)


def test_what_slurm_refuses_is_said_in_one_line(cluster, refused, tmp_path):
    study = sweep(tmp_path / "s")
    (study.folder / "slurm").mkdir()
    said = refused(1, "study", "run", study.folder, "--launcher", "slurm", "--sbatch=--partition=nope")
    assert "sbatch submitted no job: invalid partition specified: nope" in said
    assert "unrecognized option '--nope'" in refused(
        1, "study", "run", study.folder, "--launcher=slurm", "--sbatch=--nope"
    )


def test_a_controller_that_does_not_answer_is_said_and_does_not_end_the_waiting(cluster, monkeypatch, tmp_path):
    study = sweep(tmp_path / "s", mode="slow")
    conf = (cluster / "slurm.conf").read_text()
    other = {"SlurmctldPort": "1", "MessageTimeout": "2"}  # a port that nobody has, where nobody is waited for long
    lines = [f"{key}={other.get(key, value)}" for key, _, value in (line.partition("=") for line in conf.splitlines())]
    (tmp_path / "slurm.conf").write_text("\n".join(lines))
    job = submit(study)
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    assert follow(study, job).over
    with pytest.raises(IsoflopError, match=r"sbatch submitted no job: .*Unable to contact slurm controller"):
        submit(sweep(tmp_path / "t"))
