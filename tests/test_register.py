"""A register of forecasts: frozen, chained, scored; nothing lost, nothing doubled, nothing changed unseen."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from commands import run  # noqa: F401 - a fixture

import isoflop
from isoflop import DataError, IsoflopError, Runs, UsageError
from isoflop.experiments.register import Foretold, Scored, history, open_ledger, score
from isoflop.experiments.register.ledger import add

ENTRY = Foretold(name="a", verb="forecast", at={"N": 1e9, "D": 2e10}, metric="loss", value=2.5, low=2.4, high=2.6,
                 level=0.9, decades=0.7)  # fmt: skip
RUNS = "N,D,loss\n" + "".join(
    f"{N:g},{D:g},{1.7 + 400 / N**0.34 + 410 / D**0.28:.5f}\n" for N in (1e7, 3e7, 1e8, 3e8) for D in (4e8, 2e9, 8e9)
)


def test_a_forecast_is_frozen_scored_and_told(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    add(file, ENTRY)
    assert [one.name for one in history(open_ledger(file)).open] == ["a"]
    runs = Runs.of(N=[1e9], D=[2e10], loss=[2.55])
    (came,) = score(runs, file)
    assert came.value == 2.55
    assert score(runs, file) == ()
    found = history(open_ledger(file))
    assert found.open == ()
    assert found.came[0].inside
    assert found.records[0].coverage.value == 1
    assert found.records[0].coverage.low < 0.5
    assert [one.code for one in found.findings] == ["W15"]


def test_the_interval_score_is_width_and_twenty_times_what_was_missed(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    add(file, ENTRY)
    add(file, Scored(name="a", value=2.65, source="here"))
    (one,) = history(open_ledger(file)).came
    assert one.score == pytest.approx((0.2 + 20 * 0.05) / 2.65)
    assert not one.inside


def test_the_same_forecast_is_not_doubled_and_another_of_its_name_is_refused(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    first = add(file, ENTRY)
    assert add(file, ENTRY) == first
    assert len(open_ledger(file).lines) == 1
    with pytest.raises(UsageError, match="not changed"):
        add(file, replace(ENTRY, value=2.4))


def test_a_changed_past_is_seen(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    for name in "abc":
        add(file, replace(ENTRY, name=name))
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0].replace("2.5", "2.7") + "".join(lines[1:]))
    assert [one.code for one in open_ledger(file).findings] == ["W14"]
    with pytest.raises(DataError, match="changed"):
        add(file, replace(ENTRY, name="d"))
    file.write_text(lines[0] + lines[2])
    assert "gone" in open_ledger(file).findings[0].message


def test_two_branches_merge_by_keeping_the_lines_of_both(tmp_path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    add(one, ENTRY)
    other.write_text(one.read_text())
    add(one, replace(ENTRY, name="mine"))
    add(other, replace(ENTRY, name="yours"))
    one.write_text(one.read_text() + other.read_text().splitlines(keepends=True)[-1])
    assert len(open_ledger(one).heads) == 2
    add(one, replace(ENTRY, name="after"))
    ledger = open_ledger(one)
    assert ledger.findings == ()
    assert len(ledger.heads) == 1


def test_half_a_line_of_a_killed_writer_is_taken_off(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    add(file, ENTRY)
    with file.open("a") as stream:
        stream.write('{"kind":"forecast","name":"ha')
    assert len(open_ledger(file).lines) == 1
    add(file, replace(ENTRY, name="b"))
    assert list(open_ledger(file).forecasts) == ["a", "b"]


WRITER = """
import sys
from isoflop.experiments.register import Foretold
from isoflop.experiments.register.ledger import add
for number in range(int(sys.argv[3])):
    entry = Foretold(name=f"{sys.argv[2]}{number}", verb="forecast", at={}, metric="loss", value=2.0, low=1.9,
                     high=2.1, level=0.9)
    add(sys.argv[1], entry)
    print(entry.name, flush=True)
"""


def test_writers_at_once_lose_and_double_nothing(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, file, name, "15"], stdout=subprocess.PIPE)
               for name in "xyz"]  # fmt: skip
    for one in writers:
        one.communicate()
        assert one.returncode == 0
    ledger = open_ledger(file)
    assert ledger.findings == ()
    assert sorted(ledger.forecasts) == sorted(f"{name}{number}" for name in "xyz" for number in range(15))
    assert len(ledger.lines) == 45


def test_what_was_acknowledged_before_a_kill_is_there(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, file, "k", "10000"], stdout=subprocess.PIPE, text=True)
    told = [writer.stdout.readline().strip() for _ in range(8)]
    writer.send_signal(signal.SIGKILL)
    told += writer.communicate()[0].split()
    add(file, ENTRY)
    ledger = open_ledger(file)
    assert ledger.findings == ()
    assert set(told) <= set(ledger.forecasts)
    assert len(ledger.lines) == len(ledger.forecasts)


def test_on_a_full_disk_nothing_is_written_and_all_is_still_there(tmp_path):
    file = tmp_path / "forecasts.jsonl"
    add(file, ENTRY)
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
        with pytest.raises(IsoflopError, match="nothing was registered"):
            add(file, replace(ENTRY, name="b"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert file.read_bytes() == before


def test_the_command_freezes_scores_and_shows(run, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").write_text(RUNS)
    done = run("register", "the next run", "forecast", "runs.csv", "N=1e9", "D=2e10", "--who", "the team")
    assert done.code == 0
    assert "the next run" in done.out
    (tmp_path / "ended.csv").write_text("run,N,D,loss\nthe next run,1e9,2e10,2.42\n")
    assert run("register", "score", "ended.csv").code == 0
    shown = run("register", "--json")
    (came,) = shown.json["came"]
    assert came["reached"] == 2.42
    (line, _) = (tmp_path / "forecasts.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert kept["who"] == "the team"
    assert len(kept["digest"]) == 64
    assert kept["asked"] == ["forecast", "runs.csv", "N=1e9", "D=2e10"]


def test_a_plan_can_be_registered(run, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").write_text(RUNS)
    assert run("register", "the plan", "plan", "runs.csv", "--flops", "1e20").code == 0
    (entry,) = open_ledger("forecasts.jsonl").forecasts.values()
    assert {"N", "D"} <= set(entry.at)


def test_words_that_make_no_sense_are_refused_with_what_to_type(run, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert run("register", "forecast", "runs.csv").code == 2
    assert run("register", "a name", "dance").code == 2
    (tmp_path / "forecasts.jsonl").write_text("no line\n")
    done = run("register")
    assert done.code == 3
    assert "line 1" in done.err
    assert os.path.exists("forecasts.jsonl")  # noqa: PTH110 - and it is left as it was


def foretelling(folder, *, low=3.0, high=3.4, prints='{"loss": 3.25}'):
    """Return a study of one run that foretells its loss."""
    text = f"""name = "s"
command = ["{{python}}", "-S", "train.py"]
[[run]]
name = "a"
N = 1000
D = 20000
expected_loss = 3.2
expected_low = {low}
expected_high = {high}
"""
    folder.mkdir()
    (folder / "study.toml").write_text(text)
    (folder / "train.py").write_text(f"print('{prints}')")
    return isoflop.open_study(folder)


def test_a_study_registers_what_it_foretells_before_it_trains_and_scores_it_after(tmp_path):
    study = foretelling(tmp_path / "s")
    isoflop.launch(study, workers=1)
    isoflop.launch(study, workers=1)  # again: nothing is doubled
    ledger = open_ledger(study.folder / "forecasts.jsonl")
    (name,) = ledger.forecasts
    assert len(ledger.lines) == 2
    assert ledger.forecasts[name].at == {"N": 1000.0, "D": 20000.0}
    assert (ledger.forecasts[name].low, ledger.scores[name].value) == (3.0, 3.25)


def test_a_study_that_foretells_nothing_or_fails_registers_no_score(tmp_path):
    silent = foretelling(tmp_path / "silent", low=3.3)
    isoflop.launch(silent, workers=1)
    assert not (silent.folder / "forecasts.jsonl").exists()
    failed = foretelling(tmp_path / "failed", prints="no number")
    isoflop.launch(failed, workers=1)
    ledger = open_ledger(failed.folder / "forecasts.jsonl")
    assert (len(ledger.forecasts), len(ledger.scores)) == (1, 0)
