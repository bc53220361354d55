"""Text in a table stays text: no spreadsheet works it out, and reading our own file gives it back."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import isoflop
from isoflop.experiments.design.result import Design, Planned
from isoflop.files import as_csv, guarded, restored

pytest_plugins = ["commands"]

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d")
NAMES = ["=2+3", "+2", "-2 layers", "@SUM(A1)", "\uff1dcmd|' /C calc'!A0", "'=quoted", "''-", "'tis", "it's",
         "<script>alert(1)</script>", "$\\input{x}$", 'a "b", c', "100%_{&#}"]  # fmt: skip


def cells(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_text_that_a_spreadsheet_would_work_out_has_an_apostrophe_before_it(beginning):
    header, row = cells(as_csv([{f"{beginning}column": f"{beginning}HYPERLINK(1)"}]))
    assert (header, row) == ([f"'{beginning}column"], [f"'{beginning}HYPERLINK(1)"])


@given(st.text())
def test_guarded_text_is_safe_and_comes_back(text):
    assert restored(guarded(text)) == text
    assert not guarded(text).startswith(BEGINNINGS)


def test_the_name_of_a_folder_that_is_no_text_is_written_as_messages_show_it():
    assert as_csv([{"run": "a\udcff"}]) == "run\na\\udcff\n"


def test_numbers_stay_numbers_and_what_is_not_there_stays_empty():
    rows = [{"a": -5.0, "b": -0.25, "c": True}, {"a": None, "b": 10**20, "d": 1e300}]
    assert as_csv(rows) == "a,b,c,d\n-5,-0.25,true,\n,100000000000000000000,,1e+300\n"


def test_a_table_read_and_written_by_the_command_line_reads_back_with_the_same_names(run, tmp_path):
    rows = [
        {"run": name, "=column": name, "N": 10**7 * (place + 1), "D": 1e9, "loss": 3 - place / 10}
        for place, name in enumerate(NAMES)
    ]
    (tmp_path / "runs.json").write_text(json.dumps(rows))
    for source, output in (("runs.json", "once.csv"), ("once.csv", "twice.csv")):
        assert run("read", tmp_path / source, "-o", tmp_path / output).code == 0
    once, twice = ((tmp_path / name).read_bytes() for name in ("once.csv", "twice.csv"))
    assert once == twice
    header, *written = cells(once.decode())
    assert not [cell for row in (header, *written) for cell in row if cell.startswith(BEGINNINGS)]
    again = isoflop.read(tmp_path / "twice.csv")
    assert again["run"].tolist() == again["=column"].tolist() == NAMES
    assert again["loss"].tolist() == [row["loss"] for row in rows]


def test_the_names_of_a_trackers_runs_are_the_same_after_a_table(run, tmp_path):
    for place, name in enumerate(NAMES):
        folder = tmp_path / "sweep" / f"{place}"
        folder.mkdir(parents=True)
        state = {"log_history": [{"step": 9, "eval_loss": 3.0}], "num_input_tokens_seen": 10**9, "total_flos": 1e16}
        (folder / "trainer_state.json").write_text(json.dumps(state))
        (folder / "config.json").write_text(json.dumps({"optimiser": name}))
    assert run("read", tmp_path / "sweep", "-o", tmp_path / "runs.csv").code == 0
    assert sorted(isoflop.read(tmp_path / "runs.csv")["optimiser"].tolist()) == sorted(NAMES)


def test_the_settings_of_a_design_are_text_in_its_table(run, tmp_path):
    design = Design("grid", tuple(Planned(1e7, 1e9, 6e16, {"=kind": name}) for name in NAMES))
    (tmp_path / "candidates.csv").write_text(design.as_csv())
    header, *rows = cells(design.as_csv())
    assert header == ["N", "D", "C", "'=kind"]
    assert [restored(row[3]) for row in rows] == NAMES
    assert not [row for row in rows if row[3].startswith(BEGINNINGS)]


def test_a_folder_whose_name_is_no_text_is_read_and_written(run, tmp_path):
    folder = tmp_path / "sweep" / "run\udcff"
    folder.mkdir(parents=True)
    state = {"log_history": [{"step": 9, "eval_loss": 3.0}], "num_input_tokens_seen": 10**9, "total_flos": 1e16}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    done = run("read", tmp_path / "sweep", "--json", "-o", tmp_path / "runs.csv")
    assert done.code == 0
    assert "run\\udcff" in done.out.encode().decode()
    assert isoflop.read(tmp_path / "runs.csv")["run"].tolist() == ["run\\udcff"]
