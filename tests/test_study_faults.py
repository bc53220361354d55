"""What goes wrong while a study runs: no finished run is lost, none is run twice, and the study ends."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from sweeps import LAUNCH, PATIENT, driver, records, started, sweep, until

from isoflop.errors import IsoflopError
from isoflop.experiments.launchers import attempt as attempts
from isoflop.experiments.launchers import launch, script
from isoflop.experiments.launchers.local import work
from isoflop.experiments.study import claims, open_study
from isoflop.experiments.study import progress as progresses
from isoflop.experiments.study.claims import LOCK, Claim, Watch, claim, claims_in, driver_lock, owner_of
from isoflop.experiments.study.progress import progress
from isoflop.experiments.study.repair import repair
from isoflop.experiments.study.results import conclude, read_result, save_result
from isoflop.files.system import lock

WORK = """
import sys
from isoflop import open_study
from isoflop.experiments.launchers.local import work
work(open_study(sys.argv[1]))
"""


def ended(study):
    return {path.parent.name: path.read_bytes() for path in study.folder.glob("runs/*/DONE")}


def at_work(study):
    """Give the process of every command that runs, by the run's id."""
    claims = {run.id: claims_in(study.folder_of(run))[-1:] for run in study.runs}
    return {name: found[0].child for name, found in claims.items() if found and found[0].child and not found[0].ended}


def killed(process):
    process.kill()
    process.communicate()


def test_a_driver_killed_at_any_moment_loses_no_finished_run_and_repeats_none(tmp_path):
    study = sweep(tmp_path / "s", runs=[f"r{i}" for i in range(12)], mode="slow", top="retries = 50")
    seen, rng = {}, random.Random(5)  # noqa: S311
    for _ in range(4):
        process = driver(study)
        before = len(seen)
        until(lambda process=process, before=before: process.poll() is not None or len(ended(study)) > before)
        time.sleep(rng.uniform(0, 0.3))
        killed(process)
        now = ended(study)
        assert {name: now.get(name) for name in seen} == seen
        seen = now
    done_before = {study.run_called(name).name for name in seen}
    starts = started(study)
    assert launch(study).count("done") == 12
    assert {name: content for name, content in ended(study).items() if name in seen} == seen
    assert not done_before & {name for name in started(study) if started(study).count(name) > starts.count(name)}
    assert all([one["step"] for one in records(study, run.name)] == [1, 2, 3, 4, 5] for run in study.runs)


def test_a_command_that_is_killed_is_run_again(tmp_path):
    study = sweep(tmp_path / "s", train=PATIENT)
    process = driver(study)
    until(lambda: at_work(study))
    victim, child = next(iter(at_work(study).items()))
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: claims_in(study.folder / "runs" / victim)[0].ended)
    (study.folder / "go").touch()
    process.communicate(timeout=600)
    assert progress(study).count("done") == 3
    assert read_result(study.folder / "runs" / victim).attempts == 2
    assert claims_in(study.folder / "runs" / victim)[0].ended.startswith("killed by SIGKILL")


def test_what_a_dead_driver_left_running_is_ended_before_the_run_is_tried_again(tmp_path):
    train = "import json, time\nwhile True:\n    time.sleep(1)\n"
    study = sweep(tmp_path / "s", runs=("a",), train=train)
    process = driver(study)
    until(lambda: at_work(study))
    killed(process)
    (child,) = at_work(study).values()
    assert child.alive
    (study.folder / "train.py").write_text("print('{\"loss\": 1.5}')")
    assert launch(study).count("done") == 1
    until(lambda: not child.alive)


def test_runs_whose_workers_always_die_have_failed_in_the_end(tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), train=PATIENT, top="retries = 1")
    for attempt in (1, 2):
        process = driver(study)
        until(lambda number=attempt: len(claims_in(study.folder_of(study.runs[0]))) == number)
        killed(process)
    assert launch(study).count("failed") == 1
    assert read_result(study.folder_of(study.runs[0])).reason == "its worker died"
    assert len(started(study)) <= 2
    (study.folder / "go").touch()  # for a command whose worker died before it wrote down whom it had started


def test_a_second_driver_is_refused_in_one_line_that_says_who_runs_it(tmp_path):
    study = sweep(tmp_path / "s")
    words = [sys.executable, "-m", "isoflop", "study", "run", str(study.folder)]
    with driver_lock(study.folder):
        second = subprocess.run(words, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"process {os.getpid()} on " in second.stderr
    assert "runs this study" in second.stderr
    assert second.stderr.count("\n") == 1
    assert launch(study).count("done") == 3  # the lock of one that is gone keeps nobody out
    assert started(study) == ["a", "b", "c"]


def test_a_lock_that_a_dead_driver_left_to_its_child_is_waited_for(tmp_path, monkeypatch):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = {**asdict(owner_of(int(gone.stdout))), "since": "a moment ago"}
    with (tmp_path / LOCK).open("w+") as child:
        child.write(json.dumps(left))
        child.flush()
        assert lock(child.fileno())
        waited = []
        monkeypatch.setattr(claims.time, "sleep", lambda seconds: (waited.append(seconds), child.close()))
        with driver_lock(tmp_path):
            assert waited


def test_eight_writers_lose_and_repeat_no_record(tmp_path):
    train = (
        "import json, sys\nfor i in range(500):\n    print(json.dumps({'step': i, 'who': sys.argv[1], 'loss': 1.5}))\n"
    )
    study = sweep(tmp_path / "s", runs=[f"r{i}" for i in range(8)], train=train)
    workers = [driver(study, WORK.replace("work(open_study(sys.argv[1]))", "work(open_study(sys.argv[1]), workers=2)"))
               for _ in range(4)]  # fmt: skip
    for one in workers:
        assert one.communicate(timeout=600)[1] == ""
    found = [record for run in study.runs for record in records(study, run.name)]
    assert sorted((one["who"], one["step"]) for one in found) == [(f"r{i}", j) for i in range(8) for j in range(500)]
    assert all(len(claims_in(study.folder_of(run))) == 1 for run in study.runs)


def test_a_full_disk_stops_the_study_readable_and_it_goes_on_when_there_is_room(tmp_path):
    train = """
import json, os
size = 400 if os.path.exists("small") else 9000
print(json.dumps({"loss": 1.5, "text": "x" * size}))
"""
    study = sweep(tmp_path / "s", train=train, runs=("a", "b"))
    limited = LAUNCH.replace(
        "import sys", "import sys, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))"
    )
    process = driver(study, limited)
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 1
    assert "metrics.jsonl: 9,0" in said
    assert "bytes cannot be written (File too large). Make room, and say isoflop study run again." in said
    assert not list(study.folder.rglob(".isoflop-*"))
    assert all(path.stat().st_size == 0 for path in study.folder.rglob("metrics.jsonl"))
    assert progress(study).count("waiting") == 2
    (study.folder / "small").touch()
    assert launch(study).count("done") == 2


@contextmanager
def as_nobody(folder):
    """Become a user who may read a folder and not write it; root may write anything."""
    root = os.geteuid() == 0
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if root:
        for path in (one for one in folder.parents if one.stat().st_uid == 0 and "pytest" in str(one)):
            path.chmod(0o755)
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_refused_by_name_and_can_be_read(tmp_path):
    study = sweep(tmp_path / "s")
    with as_nobody(study.folder):
        assert progress(open_study(study.folder)).count("waiting") == 3
        with pytest.raises(IsoflopError, match=r"driver\.lock: cannot be written \(Permission denied\)"):
            launch(study)
        with pytest.raises(IsoflopError, match=r"runs/\w+: cannot be made \(Permission denied\)"):
            work(study)
    assert launch(study).count("done") == 3


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_result_is_made_again_from_the_metrics(tmp_path, damage):
    study = sweep(tmp_path / "s")
    launch(study)
    folder = study.folder_of(study.runs[0])
    before = read_result(folder)
    content = (folder / "DONE").read_bytes()
    (folder / "DONE").write_bytes(content[:40] if damage == "truncated" else content.replace(b"{", b"[", 1))
    assert progress(study).runs[0].note == "its result is damaged: isoflop study repair"
    _, done = repair(study.folder)
    assert done == ["a: its damaged result is made again from its metrics."]
    after = read_result(folder)
    assert replace(after, ended=before.ended, seconds=before.seconds) == before
    launch(study)
    assert started(study) == ["a", "b", "c"]


def elsewhere(folder, *, heartbeat_ago=0.0):
    """Claim a run as another machine would, its last heartbeat some seconds ago by the clock on the wall."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Claim(1, replace(owner_of(1), host="another", boot="other"), time.time())
    found.save(folder)
    when = time.time() - heartbeat_ago
    os.utime(found.path(folder), (when, when))
    return found


@pytest.mark.parametrize("jump", [0.0, 86_400.0, -86_400.0], ids=["now", "a day ago", "in a day"])
def test_a_worker_elsewhere_is_dead_when_three_heartbeats_are_missed_whatever_the_clocks_say(tmp_path, jump):
    study = sweep(tmp_path / "s", runs=("a",), top="heartbeat = 0.2")
    folder = study.folder_of(study.runs[0])
    elsewhere(folder, heartbeat_ago=jump)
    start = time.monotonic()
    assert launch(study).count("done") == 1
    assert time.monotonic() - start > 0.6
    assert [one.ended for one in claims_in(folder)] == ["its worker died", "DONE"]


def test_a_worker_elsewhere_whose_heart_beats_keeps_its_run(monkeypatch, tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), top="heartbeat = 10")
    folder = study.folder_of(study.runs[0])
    theirs, watch, seconds = elsewhere(folder), Watch(10), [0.0]
    clock = SimpleNamespace(monotonic=lambda: seconds[0], time=time.time)
    monkeypatch.setattr("isoflop.experiments.study.claims.time", clock)
    for beat in range(1, 9):  # far longer than three heartbeats
        os.utime(theirs.path(folder), (beat, beat))
        assert watch.alive(theirs, folder)
        seconds[0] += 29.0
        assert watch.beating(theirs, folder) == (beat > 1)  # a first sight is no sign of life
        assert attempts.attempt(study, study.runs[0], watch) is None
    seconds[0] += 2.0
    assert not watch.alive(theirs, folder)


@pytest.mark.parametrize("ending", ["DONE", "FAILED", "DIVERGED"])
def test_a_result_that_a_shared_file_system_shows_later_than_its_claim_is_waited_for(ending, monkeypatch, tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), top="heartbeat = 10")
    run, seconds = study.runs[0], [0.0]
    folder, watch = study.folder_of(run), Watch(10)
    clock = SimpleNamespace(monotonic=lambda: seconds[0], time=time.time)
    monkeypatch.setattr("isoflop.experiments.study.claims.time", clock)
    replace(elsewhere(folder), ended=ending).save(folder)
    for now in (0.0, 15.0, 30.0):
        seconds[0] = now
        assert attempts.attempt(study, run, watch) is None
    assert [one.attempt for one in claims_in(folder)] == [1]
    seconds[0] = 31.0  # nobody's result is on its way for ever: one that somebody removed is made again
    again = attempts.attempt(study, run, watch)
    again.kill()
    assert [one.attempt for one in claims_in(folder)] == [1, 2]


def test_a_result_that_was_removed_on_this_machine_is_not_waited_for(tmp_path):
    study = sweep(tmp_path / "s", runs=("a",))
    assert launch(study).count("done") == 1
    (study.folder_of(study.runs[0]) / "DONE").unlink()
    assert launch(study).count("done") == 1
    assert len(claims_in(study.folder_of(study.runs[0]))) == 2


def test_a_worker_that_slept_and_was_followed_ends_its_command_and_records_nothing(tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), train="import time\ntime.sleep(600)", top="heartbeat = 0.2")
    folder = study.folder_of(study.runs[0])
    slow = attempts.attempt(study, study.runs[0], Watch(0.2))
    theirs = claim(folder, 2)
    until(lambda: slow.tend() == "another worker has it")
    assert claims_in(folder)[-1] == theirs
    assert read_result(folder) is None


@pytest.mark.parametrize("module", [attempts, progresses], ids=["a worker", "a look"])
def test_a_run_that_ends_while_its_files_are_looked_at_has_ended(module, monkeypatch, tmp_path):
    study = sweep(tmp_path / "s", runs=("a",))
    launch(study)
    before, folder = iter([True]), study.folder_of(study.runs[0])

    def first(name, found):
        """Let the first look at any of its files find what there was before it ended."""
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *words: found if next(before, False) else real(*words))

    first("claims_in", [])
    first("sound_result" if module is attempts else "read_result", None)
    if module is attempts:
        assert attempts.attempt(study, study.runs[0], Watch(60)) is None
    assert progress(study).count("done") == 1
    assert len(claims_in(folder)) == 1


def test_of_many_who_claim_a_run_one_wins(tmp_path):
    assert [claim(tmp_path, 1) is not None for _ in range(5)] == [True, False, False, False, False]


def test_dead_claims_are_released_by_repair_and_files_that_never_were_whole_removed(tmp_path):
    study = sweep(tmp_path / "s", runs=("a", "b"), train=PATIENT)
    process = driver(study)
    until(lambda: len(at_work(study)) == 2)
    killed(process)
    (study.folder / "go").touch()
    old = study.folder_of(study.runs[0]) / ".isoflop-left"
    old.write_text("half")
    os.utime(old, (0, 0))
    _, done = repair(study.folder)
    assert [line.partition("(")[0] for line in done] == [
        "a: its worker ",
        "b: its worker ",
        "1 unfinished files are removed.",
    ]
    assert not old.exists()
    assert repair(study.folder)[1] == []
    assert launch(study).count("done") == 2


def test_what_is_known_of_a_run_that_has_ended_costs_one_file(monkeypatch, tmp_path):
    study = sweep(tmp_path / "s", runs=[f"r{i}" for i in range(40)])
    for run in study.runs[:30]:
        study.folder_of(run).mkdir(parents=True)
        save_result(conclude(study, run, {"loss": 2.5}, ending="DONE", reason="", seconds=1.0, attempts=1, ended=1.7e9),
                    study.folder_of(run))  # fmt: skip
    opened = []
    monkeypatch.setattr(
        "os.open", lambda path, *how, real=os.open, **more: opened.append(path) or real(path, *how, **more)
    )
    found = progress(study)
    assert (found.count("done"), found.count("waiting")) == (30, 10)
    assert len(opened) == 30


def test_a_script_that_is_terminated_passes_it_on_and_the_attempt_does_not_count(tmp_path):
    train = "import json, time\nprint(json.dumps({'loss': 2.5}))\ntime.sleep(600)\n"
    study = sweep(tmp_path / "s", train=train, runs=("a", "b"))
    (tmp_path / "run.sh").write_text(script(study, "run.sh"))
    process = subprocess.Popen(["sh", str(tmp_path / "run.sh")], env={**os.environ, "SLURM_ARRAY_TASK_ID": "2"})  # noqa: S607
    until(lambda: at_work(study))
    process.send_signal(signal.SIGTERM)
    assert process.wait(600) == 130
    assert [one.ended for one in claims_in(study.folder_of(study.runs[1]))] == ["interrupted"]
    assert not claims_in(study.folder_of(study.runs[0]))
