"""Which reader reads what: folders, links, names, readers that others installed; and `isoflop read`."""

from __future__ import annotations

import csv
import json
import re
import shutil
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from write_logs import RUNS, name, tokens

from isoflop.data import limits
from isoflop.data.read import find_runs, read
from isoflop.data.readers import catalogue, crc32c
from isoflop.data.readers.logs import Logged, series
from isoflop.data.readers.wire import fields
from isoflop.errors import DataError

pytest_plugins = ["logs", "commands"]


@pytest.fixture
def lightning(logs, tmp_path):
    """Give a copy of Lightning's logs."""
    return Path(shutil.copytree(logs("lightning"), tmp_path / "logs"))


def test_a_folder_may_hold_its_runs_at_any_depth(lightning):
    (lightning / "deep" / "er").mkdir(parents=True)
    (lightning / name(0)).rename(lightning / "deep" / "er" / name(0))
    (lightning / "notes.txt").write_text("nothing")
    assert sorted(read(lightning)["run"]) == [name(run) for run in range(RUNS)]


def test_runs_of_one_name_are_told_apart_by_their_place(lightning):
    shutil.copytree(lightning / name(0), lightning / "again" / name(0))
    assert {f"{name(0)} (again/{name(0)}/metrics.csv)", f"{name(0)} ({name(0)}/metrics.csv)"} < set(
        read(lightning)["run"]
    )


def test_a_link_that_leads_out_is_refused(lightning, tmp_path):
    outside = shutil.copytree(lightning / name(0), tmp_path / "outside")
    (lightning / "out").symlink_to(outside)
    with pytest.raises(DataError, match="is a link that leads out"):
        read(lightning)
    (lightning / "out").unlink()
    (lightning / "metrics.csv").symlink_to(outside / "metrics.csv")
    with pytest.raises(DataError, match="is a link that leads out"):
        read(lightning)


def test_a_link_inside_and_one_that_nothing_reads_are_passed_over(lightning, tmp_path):
    (tmp_path / "debug.log").write_text("x")
    (lightning / "debug.log").symlink_to(tmp_path / "debug.log")
    (lightning / "latest").symlink_to(lightning / name(0))
    (lightning / "round").symlink_to(lightning)
    (lightning / "broken").symlink_to(lightning / "nowhere")
    assert len(read(lightning)) == RUNS


def test_logs_of_two_kinds_are_refused(logs, lightning):
    shutil.copytree(logs("olmo"), lightning / "olmo")
    with pytest.raises(DataError, match=r"holds logs of 2 kinds, maybe of the same runs .*OLMo-core: .*Name a folder"):
        read(lightning)


def test_a_folder_of_tables_of_runs_is_refused_by_their_names(tmp_path):
    for table in ("large.csv", "small.csv"):
        (tmp_path / table).write_text("N,D,loss\n1e8,2e9,3\n2e8,2e9,2.9\n")
    with pytest.raises(DataError, match=r"is a folder with 2 tables of runs, large\.csv, small\.csv\. Name one"):
        read(tmp_path)


def test_a_folder_that_may_not_be_read_is_refused(lightning, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        read(lightning)


def test_a_folder_with_more_files_than_the_limit_is_refused(lightning, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FILES", 5)
    with pytest.raises(DataError, match="holds more than 5 files"):
        read(lightning)


def test_a_source_with_more_values_than_the_limit_is_refused(lightning, monkeypatch):
    monkeypatch.setattr("isoflop.data.readers.logs.MAX_POINTS", 10)
    with pytest.raises(DataError, match="more than 10 values of metrics"):
        read(lightning)


class Mine:
    """A reader as another package may bring it."""

    TITLE = "Mine"

    @staticmethod
    def recognises(path):
        return path.suffix == ".mine"

    @staticmethod
    def read(path):
        yield Logged(path.stem, {"n_params": 1e7, "tokens": 1e9}, {"val_loss": series([1], [float(path.read_text())])})


@pytest.fixture
def installed(monkeypatch):
    """Install a reader; give the list of times that the installed ones were asked for."""
    asked = []

    def found(*, group):
        asked.append(group)
        return [EntryPoint("mine", f"{__name__}:Mine", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", found)
    return asked


def test_an_installed_reader_reads_what_no_own_one_knows(installed, tmp_path):
    for run, loss in (("a", 2.5), ("b", 2.25)):
        (tmp_path / f"{run}.mine").write_text(str(loss))
    assert read(tmp_path)["loss"].tolist() == [2.5, 2.25]
    assert find_runs(tmp_path / "a.mine").kind == "Mine"


def test_an_installed_reader_is_not_even_asked_for_what_is_known(installed, lightning, tmp_path):
    (tmp_path / "runs.csv").write_text("N,D,loss\n1e8,2e9,3\n")
    read(tmp_path / "runs.csv")
    read(lightning)
    assert installed == []


def test_an_installed_reader_that_cannot_be_loaded_is_named(monkeypatch, tmp_path):
    broken = EntryPoint("broken", "no_such_module:reader", catalogue.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [broken])
    (tmp_path / "a.mine").write_text("1")
    with pytest.raises(DataError, match=r"the reader broken of no_such_module:reader cannot be loaded"):
        read(tmp_path / "a.mine")


def test_a_table_for_the_runs_must_name_them(logs, tmp_path):
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("run,N\nother,1e7\n")
    with pytest.raises(DataError, match=r"column run names none of the runs; they are called small-0"):
        read(logs("tensorboard"), per_run=sizes)
    sizes.write_text("name,N\nsmall-0,1e7\n")
    with pytest.raises(DataError, match=r'column "run" is missing; there are name, N'):
        read(logs("tensorboard"), per_run=sizes)


# Checksums and messages.


def test_the_checksum_is_the_published_one():
    digits = np.frombuffer(b"123456789", dtype=np.uint8)
    assert crc32c.checksums(digits[None]).tolist() == [0xE3069283]  # RFC 3720's polynomial, the usual check value
    assert crc32c.checksums(np.zeros((1, 32), np.uint8)).tolist() == [0x8A9136AA]  # RFC 3720, appendix B.4


@pytest.mark.parametrize("length", [1025, 4096, 5000, 70001])
def test_a_long_row_has_the_checksum_of_its_bytes_one_by_one(length):
    rows = np.random.default_rng(length).integers(0, 256, (2, length)).astype(np.uint8)
    one_by_one = crc32c._register(rows, np.full(2, crc32c._ALL)) ^ crc32c._ALL
    assert crc32c.checksums(rows).tolist() == one_by_one.tolist()


@pytest.mark.parametrize("message", [b"\x08", b"\x0a\x05ab", b"\x08" + b"\xff" * 11, b"\x0b", b"\x02\x00", b"\x09abc"])
def test_what_is_no_message_is_refused(message):
    with pytest.raises(ValueError, match=r"a field|a number"):
        list(fields(message))


# The page.

PAGE = Path(__file__).parents[1] / "docs" / "readers.md"


def test_the_page_prints_what_its_example_prints(tmp_path, monkeypatch, capsys):
    text = PAGE.read_text()
    example = re.search(r"```python\n(import json.*?)```", text, re.DOTALL)[1]
    shown = re.search(r"```text\n(sweep .*?)```", text, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    exec(compile(example, PAGE.name, "exec"), {})  # noqa: S102 - our own page
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == shown.splitlines()


def test_the_page_has_every_reader_and_every_option():
    import typer

    from isoflop.faces.cli import application

    text = PAGE.read_text()
    titles = {import_module(f"isoflop.data.readers.{one}").TITLE for one in catalogue.OWN}
    assert titles <= set(re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE))
    command = typer.main.get_command(application("read", "fit")).commands["read"]
    options = {one.name: one.opts[0] for one in command.params if one.param_type_name == "option"}
    assert all(options[one] in text for one in ("N", "D", "loss", "per_run", "final", "smooth", "curves"))


# The command.


def test_reading_writes_the_table_that_a_fit_reads(run, logs, tmp_path):
    output = tmp_path / "runs.csv"
    done = run("read", logs("torch"), "-o", output)
    assert (done.code, done.err) == (0, "")
    assert "N        n_params   config" in done.out
    assert "C        6ND        computed" in done.out
    assert "the loss of a run is its last evaluation" in done.out
    with output.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["run"] for row in rows] == [name(one) for one in range(RUNS)]
    assert {float(row["D"]) for row in rows} == {tokens(99)}
    same = ["N", "D", "C", "loss", "step", "lr", "run"]
    assert all(np.array_equal(read(output)[key], read(logs("torch"))[key]) for key in same)


def test_curves_written_and_read_again_are_checkpoints_of_the_same_runs(run, logs, tmp_path):
    output = tmp_path / "curves.csv"
    assert run("read", logs("torch"), "--curves", "-o", output).code == 0
    assert read(output).clusters.tolist() == read(logs("torch"), curves=True).clusters.tolist()


def test_final_rows_with_a_step_are_runs_of_their_own_when_read_again(tmp_path):
    rows = "".join(f"r{one},{one}00,1e8,{one}e9,{3 - one / 10}\n" for one in range(1, 6))
    (tmp_path / "runs.csv").write_text(f"run,step,N,D,loss\n{rows}")
    assert read(tmp_path / "runs.csv").clusters is None


def test_the_json_says_all_of_it(good, logs):
    found = good("read", logs("torch"), "--final", "mean:2")
    assert found["kind"] == "TensorBoard"
    assert {"column": "loss", "key": "val/loss", "from": "metrics"} in found["taken"]
    assert found["rule"] == "the loss of a run is the mean of its last 2 evaluations"
    assert good("read", logs("torch"), "--curves")["rule"] == "every evaluation of a run is a row"
    assert len(found["runs"]) == RUNS
    assert found["missing"] == ""


def test_what_is_missing_ends_with_three_and_writes_nothing(run, logs, tmp_path):
    done = run("read", logs("tensorboard"), "-o", tmp_path / "runs.csv")
    assert done.code == 3
    assert done.err.count("\n") == 1
    assert "N is missing; metrics have tokens, train/loss, val/loss. Say --N KEY.\n" in done.err
    assert "small-0" in done.out
    assert not (tmp_path / "runs.csv").exists()
    done = run("read", logs("tensorboard"), "--N", "10M", "-o", tmp_path / "runs.csv")
    assert (done.code, (tmp_path / "runs.csv").exists()) == (0, True)


def test_a_fit_reads_logs_directly_with_the_same_words(good, tmp_path):
    for run in range(12):
        place = tmp_path / "logs" / f"r{run}"
        place.mkdir(parents=True)
        size, seen = 10 ** (7 + run % 4 / 2), 10 ** (9 + run % 3 / 2)
        loss = 1.7 + 480 / size**0.35 + 2000 / seen**0.37
        (place / "metrics_step100.json").write_text(json.dumps({"eval/loss": loss, "throughput/total tokens": seen}))
        (place / "config.json").write_text(json.dumps({"size": size}))
    found = good("fit", tmp_path / "logs", "--N", "config.size", "--draws", 0, "--law", "E + A/N^alpha + B/D^beta")
    assert found["runs"]["used"] == 12
    assert found["parameters"]["alpha"]["value"] == pytest.approx(0.35, rel=0.05)


def test_a_table_and_a_dataset_are_shown_the_same_way(good, run, write):
    path = write("params,tokens,val_loss\n1e8,2e9,3\n1e9,2e10,2.5\n")
    found = good("read", path)
    assert found["kind"] == "table"
    assert [(one["column"], one["key"], one["from"]) for one in found["taken"]] == [
        ("N", "params", "column"), ("D", "tokens", "column"), ("loss", "val_loss", "column"),
    ]  # fmt: skip
    assert "C        6ND        computed" in run("read", path).out
    assert good("read", "tinylm")["kind"] == "dataset"
    done = run("read", write("N,loss\n1e8,3\n"))
    assert done.code == 3
    assert "D is missing; there are N, loss. Say --D COLUMN." in done.err


@pytest.mark.parametrize("words", [("--final", "best"), ("--curves",), ("--smooth", 3), ("--per-run", "sizes.csv")])
def test_options_of_logs_are_refused_for_a_table(refused, table, words):
    assert "is no log of training" in refused(2, "read", table, *words)


@pytest.mark.parametrize(("words", "code"), [(("--final", "first"), 2), (("--D", "tokns"), 3), (("--loss", "x"), 3)])
def test_words_that_are_off_are_refused_in_one_line(refused, logs, *, words, code):
    refused(code, "read", logs("torch"), *words)


def test_markup_in_the_name_of_a_run_never_reaches_the_terminal(run, logs, tmp_path):
    place = tmp_path / "x\x1b[2Jy"
    shutil.copytree(logs("lightning") / name(0), place)
    done = run("read", tmp_path)
    assert "\x1b[2J" not in done.out
    assert "x\\x1b[2Jy" in done.out
