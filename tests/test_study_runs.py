"""Studies on this machine: every run is run once, whatever it does, and what it said is kept."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from sweeps import LAUNCH, PATIENT, TRAIN, driver, records, started, sweep, until

import isoflop
from isoflop.errors import DataError, UsageError
from isoflop.experiments.launchers import launch, script
from isoflop.experiments.launchers.local import work
from isoflop.experiments.study.claims import claims_in, owner_of
from isoflop.experiments.study.export import rows
from isoflop.experiments.study.progress import progress
from isoflop.experiments.study.repair import repair
from isoflop.experiments.study.results import read_result
from isoflop.files import as_csv


def states(study):
    return {run.name: run.state for run in progress(study).runs}


def result(study, name):
    return read_result(study.folder_of(study.run_called(name)))


def test_every_run_is_run_and_what_it_says_is_kept(tmp_path):
    study = sweep(tmp_path / "s")
    assert launch(study).over
    assert set(states(study).values()) == {"done"}
    folder = study.folder_of(study.run_called("b"))
    assert [one["step"] for one in records(study, "b")] == [1, 2, 3, 4, 5]
    assert (folder / "log.txt").read_text() == "hello from b\n"
    found = result(study, "b")
    assert (found.N, found.D, found.C, found.loss) == (1000, 1001, 6 * 1000 * 1001, 2.2)
    about = json.loads((folder / "run.json").read_text())
    assert about["config"] == {"D": 1001, "mode": "fine"}
    assert about["argv"][1:] == ["-S", "-E", "-u", "train.py", "b", "1001", "fine"]
    assert about["versions"]["isoflop"] == isoflop.__version__
    assert about["hardware"]["cores"] >= 1


def test_a_run_that_has_ended_is_never_run_again(tmp_path):
    study = sweep(tmp_path / "s")
    launch(study)
    before = {path: path.stat().st_mtime_ns for path in (study.folder / "runs").rglob("*")}
    again = sweep(tmp_path / "s", runs=("a", "b", "renamed", "new"))
    assert launch(again).count("done") == 4
    assert started(study) == ["a", "b", "c", "new"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_loss_that_is_no_number_ends_the_run_at_once_and_not_the_study(tmp_path):
    study = sweep(tmp_path / "s", tables='[[run]]\nname = "bad"\nD = 5\nmode = "diverges"\n')
    launch(study)
    assert not (study.folder / "slept.txt").exists()
    assert states(study) == {"a": "done", "b": "done", "c": "done", "bad": "diverged"}
    assert result(study, "bad").reason == "loss is nan"
    assert result(study, "bad").loss is None
    launch(study)
    assert started(study) == ["a", "b", "bad", "c"]


def test_a_run_that_fails_is_tried_again_as_often_as_said(tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), mode="fails", top="retries = 2")
    assert launch(study).count("failed") == 1
    assert started(study) == ["a"] * 3
    assert result(study, "a").reason == "exit 1: no such luck"
    launch(study)
    assert len(started(study)) == 3
    repair(study.folder, retry=True)
    assert states(study) == {"a": "waiting"}
    launch(study)
    assert len(started(study)) == 6
    assert states(study) == {"a": "failed"}


def test_a_run_that_never_says_its_loss_has_failed(tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), mode="says-nothing")
    launch(study)
    assert result(study, "a").reason == 'ended without reporting "loss"; it reported nothing'
    study = sweep(tmp_path / "t", runs=("a",), tables='[columns]\nloss = "val_loss"\n')
    launch(study)
    assert result(study, "a").reason.startswith('ended without reporting "val_loss"; it reported step, tokens')


def test_metrics_may_come_by_a_file_as_well(tmp_path):
    train = """
import json, os
with open(os.environ["ISOFLOP_METRICS"], "a") as stream:
    for step in range(500):
        stream.write(json.dumps({"step": step, "tokens": 2 * step, "loss": 3.0 - step / 1000}) + "\\n")
        stream.flush()
"""
    study = sweep(tmp_path / "s", runs=("a",), train=train)
    launch(study)
    assert [one["step"] for one in records(study, "a")] == list(range(500))
    assert result(study, "a").loss == pytest.approx(2.501)


def test_lines_that_are_no_records_go_to_the_log_whatever_they_are(tmp_path):
    train = r"""
import sys
out = open(1, "wb", closefd=False)  # python -u itself loses what a stopped process could not write at once
out.write(b'{"loss": 2.5}\n[1]\n{broken\n"x"\n{"text": "only"}\n\xff\xfe\n' + b'{' * 100_000 + b'\n{"loss": 2.25}')
out.flush()
print("an error", file=sys.stderr)
"""
    study = sweep(tmp_path / "s", runs=("a",), train=train)
    launch(study)
    assert records(study, "a") == [{"loss": 2.5}, {"loss": 2.25}]
    log = (study.folder_of(study.runs[0]) / "log.txt").read_bytes()
    assert all(part in log for part in (b"[1]\n{broken\n", b'{"text": "only"}', b"\xff\xfe"))
    assert log.count(b"{") >= 100_000
    assert (study.folder_of(study.runs[0]) / "errors.txt").read_text() == "an error\n"


def test_a_run_sees_only_the_environment_it_needs_and_one_thread(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    monkeypatch.setenv("WANTED", "yes")
    train = 'import json, os\nprint(json.dumps({"loss": 1.5, "step": 1}))\nprint(sorted(os.environ.items()))'
    study = sweep(tmp_path / "s", runs=("a",), train=train, top='environment = ["WANTED"]\nthreads = 3')
    launch(study)
    log = (study.folder_of(study.runs[0]) / "log.txt").read_text()
    assert "secret" not in log
    assert "('OMP_NUM_THREADS', '3')" in log
    assert "('WANTED', 'yes')" in log


def test_a_configuration_may_come_as_a_file(tmp_path):
    (tmp_path / "train.py").write_text("import sys; print(open(sys.argv[1]).read().replace('\\n', ''))")
    (tmp_path / "study.toml").write_text(
        'name = "s"\ncommand = ["{python}", "train.py", "{config}"]\n[[run]]\nloss = 1.5\nD = "2k"\nnote = "x; y"\n'
    )
    study = isoflop.open_study(tmp_path)
    launch(study)
    (run,) = study.runs
    assert records(study, run.name) == [{"loss": 1.5, "D": 2000, "note": "x; y"}]


def test_a_command_that_cannot_start_stops_the_study_and_fails_no_run(tmp_path):
    study = sweep(tmp_path / "s")
    (study.folder / "study.toml").write_text('name = "s"\ncommand = ["pyhton"]\n[grid]\nseed = [1, 2]\n')
    with pytest.raises(UsageError, match=r"the command cannot be started: program pyhton \(No such file"):
        launch(isoflop.open_study(study.folder))
    assert set(states(isoflop.open_study(study.folder)).values()) == {"waiting"}


def test_what_a_command_leaves_running_is_ended_with_it(tmp_path):
    train = "import subprocess, sys\nprint('{\"loss\": 1.5}')\nprint(subprocess.Popen(['sleep', '600']).pid)"
    study = sweep(tmp_path / "s", runs=("a",), train=train)
    launch(study)
    pid = int((study.folder_of(study.runs[0]) / "log.txt").read_text())
    until(lambda: not owner_of(pid).started)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_driver_that_is_asked_to_end_asks_its_runs_and_records_them(tmp_path, number):
    train = """
import json, signal, sys, time
def end(number, frame):
    open(sys.argv[1] + ".checkpoint", "w").close()
    raise SystemExit(0)
signal.signal(signal.SIGTERM, end)
print(json.dumps({"step": 1, "loss": 2.0}))
while True:
    time.sleep(0.01)
"""
    study = sweep(tmp_path / "s", train=train, runs=("a", "b"))
    process = driver(study)
    until(lambda: sum("metrics" in path.name and path.stat().st_size > 0 for path in study.folder.rglob("*")) == 2)
    process.send_signal(number)
    process.communicate(timeout=600)
    assert process.returncode in (1, 130, -signal.SIGINT)
    assert (study.folder / "a.checkpoint").exists()
    assert (study.folder / "b.checkpoint").exists()
    claims = [claims_in(study.folder_of(run)) for run in study.runs]
    assert [(one.ended, one.counted) for (one,) in claims] == [("interrupted", False)] * 2
    (study.folder / "train.py").write_text(TRAIN)
    assert launch(study).count("done") == 2


def test_workers_share_a_study_and_a_script_names_every_run_that_is_left(tmp_path):
    study = sweep(tmp_path / "s", runs=("a", "b", "c", "d"))
    work(study, [study.run_called("c")])
    assert states(study) == {"a": "waiting", "b": "waiting", "c": "done", "d": "waiting"}
    lines = [line for line in script(study, "run.sh").splitlines() if line.startswith("run ")]
    assert lines == [f"run {run.id} # {run.name}" for run in study.runs if run.name != "c"]


def test_the_table_is_what_fit_reads(tmp_path):
    text = 'name = "s"\ncommand = ["{python}", "-S", "-E", "t.py", "{width}", "{D}"]\n[config]\nnote = "=1+1"\n[grid]\n'
    (tmp_path / "study.toml").write_text(text + 'width = [1, 10, 100]\nD = ["1M", "4M", "16M"]\n')
    (tmp_path / "t.py").write_text("""
import json, sys
w, D = map(int, sys.argv[1:])
loss = 1.7 + 90 / (1000 * w)**0.35 + 400 / D**0.4
loss = loss if w < 100 or D > 1e6 else float("nan")
print(json.dumps({"N": 1000 * w, "tokens": D, "step": 9, "layers": 2, "loss": loss}))
""")
    study = isoflop.open_study(tmp_path)
    with pytest.raises(DataError, match="none of its 9 runs has finished"):
        rows(study)
    launch(study)
    text = as_csv(rows(study))
    head, *lines = text.splitlines()
    assert head == "run,id,status,N,D,C,loss,planned_tokens,seconds,layers,note,width"
    assert sum(",diverged,100000,1000000,600000000000,," in line for line in lines) == 1
    assert all(",2,'=1+1," in line for line in lines)
    assert {tuple(row) for row in rows(study, ["loss", "width"])} == {("loss", "width")}
    with pytest.raises(UsageError, match=r'no column "los"\. Did you mean "loss"'):
        rows(study, ["los"])
    (tmp_path / "runs.csv").write_text(text)
    for source in (tmp_path, tmp_path / "runs.csv"):
        runs = isoflop.read(source)
        assert len(runs) == 8
        assert len(runs.excluded) == 1
        assert isoflop.fit("chinchilla", runs, draws=50).curve(N=1e5, D=1e6) == pytest.approx(
            1.7 + 90 / 1e5**0.35 + 400 / 1e6**0.4, rel=1e-4
        )


def test_progress_tells_how_far_each_run_is_what_is_left_and_what_it_cost(tmp_path):
    study = sweep(tmp_path / "s", tables="[price]\ndollars_per_hour = 36\n")
    assert progress(study).left is None
    work(study, [study.run_called("a")])
    found = progress(study)
    assert found.cost == pytest.approx(found.runs[0].seconds / 100)
    assert found.left == pytest.approx(found.runs[0].seconds / 1000 * (1001 + 1002) / 2)


def test_a_driver_shows_runs_at_work(tmp_path):
    study = sweep(tmp_path / "s", runs=("a",), mode="slow")
    seen = []
    launch(study, look=seen.append)
    assert seen[0].count("waiting") == 1
    assert seen[-1].count("done") == 1
    process = driver(sweep(tmp_path / "t", runs=("a",), train=PATIENT), LAUNCH)
    other = isoflop.open_study(tmp_path / "t")
    until(lambda: any(run.state == "running" and run.fraction for run in progress(other).runs))
    (other.folder / "go").touch()
    process.communicate(timeout=600)
    assert process.returncode == 0


def test_the_example_drives_a_script_that_knows_nothing_of_isoflop(tmp_path):
    example = Path(__file__).parents[1] / "examples" / "own_trainer"
    assert "isoflop" not in (example / "train.py").read_text().split('"""')[2]
    shutil.copytree(example, tmp_path / "s", ignore=shutil.ignore_patterns("runs", "plan.jsonl", "driver.lock"))
    toml = tmp_path / "s" / "study.toml"
    toml.write_text(toml.read_text().replace('"16k", "64k", "256k"', '"1600", "3200"').replace("16, 32, 64, 128", "16"))
    assert launch(isoflop.open_study(tmp_path / "s")).count("done") == 4
    runs = isoflop.read(tmp_path / "s")
    assert sorted(set(runs["N"])) == [33, 65]
    assert sorted(set(runs["D"])) == [1600, 3200]
