"""The command line on bad runs: one clear message, the right exit code, nothing written."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from tabled import RUNS, columns

from isoflop.laws.chinchilla import besiroglu2024

pytest_plugins = ["commands"]


def test_a_block_prints_the_findings_saves_nothing_and_ends_with_four(run, write, tmp_path):
    path = write(columns(N=[1e9] * 40))
    done = run("fit", path, "--draws", 5, "--json", "-o", tmp_path / "fit.json")
    assert done.code == 4
    assert ("F04", "BLOCK") in [(one["code"], one["severity"]) for one in done.json["findings"]]
    assert re.fullmatch(r"isoflop: not to be trusted \(F04\): [^\n]*[^.\n]\.\n", done.err)
    assert not (tmp_path / "fit.json").exists()


SIZES = np.geomspace(1e7, 1e10, 16)
BLOCKED = {
    "all N equal": (columns(N=[1e9] * 40), "F04", "all runs have the same N"),
    "all D equal": (columns(D=[1e11] * 40), "F04", "all runs have the same D"),
    "N in millions, C in FLOPs": (
        columns(N=(RUNS["N"] / 1e6).tolist(), C=(6 * RUNS["N"] * RUNS["D"]).tolist()),
        "D03",
        "not in base units",
    ),
    "N in millions": (columns(N=(RUNS["N"] / 1e6).tolist()), "D03", "millions"),
    "D in billions": (columns(D=(RUNS["D"] / 1e9).tolist()), "D03", "billions"),
    "N in millions in some rows": (
        columns(N=[*(RUNS["N"][:5] / 1e6), *RUNS["N"][5:]], C=(6 * RUNS["N"] * RUNS["D"]).tolist()),
        "D03",
        "changes its unit",
    ),
    "perplexity for loss": (columns(loss=np.exp(RUNS["loss"]).tolist()), "D03", "perplexity"),
}


@pytest.mark.parametrize("name", BLOCKED)
@pytest.mark.parametrize("verb", ["fit", "forecast", "plan", "solve"])
def test_runs_that_are_not_what_they_seem_stop_every_command_with_four(run, write, name, *, verb):
    content, code, told = BLOCKED[name]
    words = {"fit": [], "forecast": ["N=1e9", "D=1e10"], "plan": ["--flops", "1e20"], "solve": ["loss=2.5", "N=1e9"]}[
        verb
    ]
    done = run(verb, *(["D"] if verb == "solve" else []), write(content), *words, "--draws", 0, "--json")
    assert done.code == 4
    assert done.json
    assert re.fullmatch(rf"isoflop: not to be trusted \({code}\): [^\n]*{told}[^\n]*\n", done.err)
    assert ".." not in done.err


def test_one_ratio_of_tokens_to_parameters_is_pointed_out(good, write):
    random = np.random.default_rng(0)
    loss = besiroglu2024(SIZES, 20 * SIZES) * np.exp(0.003 * random.standard_normal(16))
    found = good("fit", write({"N": SIZES, "D": 20 * SIZES, "loss": loss}), "--draws", 5)["findings"]
    assert "one ratio of tokens to parameters" in next(one["remedy"] for one in found if one["code"] == "F03")


def test_a_loss_that_never_changes_is_not_to_be_trusted(run, write):
    done = run("fit", write(columns(loss=[2.5] * 40)), "--draws", 5, "--json")
    assert done.code == 4
    assert "F14" in {one["code"] for one in done.json["findings"] if one["severity"] == "BLOCK"}
    assert "no scaling signal" in done.err


def test_losses_that_are_none_are_left_out_and_listed(good, write):
    bad = [math.nan, math.inf, -math.inf, 0, -1]
    found = good("fit", write(columns(loss=[*bad, *RUNS["loss"].tolist()[5:]])), "--draws", 5)
    assert [one["row"] for one in found["runs"]["excluded"]] == [2, 3, 4, 5, 6]
    assert found["runs"]["used"] == 35
    assert "5 of 40 runs are left out" in next(one["message"] for one in found["findings"] if one["code"] == "D01")


def test_sound_runs_raise_nothing(good, table):
    assert good("fit", table, "--draws", 5)["findings"] == []


HEAD = "N,D,loss\n"
BAD_FILES = {
    "empty": ("", "is empty"),
    "blank lines": ("\n\n", "is empty"),
    "header only": (HEAD, "0 runs"),
    "ragged": (f"{HEAD}1e9,2e10,2.5\n1e9,2e10\n", "row 3: 2 cells"),
    "too wide": (f"{HEAD}1e9,2e10,2.5,7\n", "row 2: 4 cells"),
    "duplicate header": ("N,loss,loss\n1,2,3\n", '2 columns are called "loss"'),
    "no header": ("1e9,2e10,2.5\n1e9,2e10,2.5\n", "holds numbers where the column names"),
    "open quote": (f'{HEAD}1e9,2e10,"2.5\n1e9,2e10,2.5\n', "quote left open"),
    "thousands": (f'{HEAD}1e9,"1,000",2.5\n', "thousands separators"),
    "text": (f"{HEAD}1e9,many,2.5\n", '"many" is not a number'),
    "all NaN": (f"{HEAD}1e9,2e10,nan\n2e9,2e10,nan\n", "none of the 2 runs is usable"),
    "all infinite": (f"{HEAD}1e9,2e10,inf\n", "loss is inf"),
    "all negative": (f"{HEAD}1e9,2e10,-2\n", "loss is -2"),
    "perplexity column": ("N,D,perplexity\n1e9,2e10,12\n", "its logarithm"),
    "no loss": ("N,D\n1e9,2e10\n", 'column "loss" is missing'),
    "no tokens": ("N,loss\n1e9,2.5\n", 'column "D" is missing'),
    "two losses": ("N,D,val_loss,test_loss\n1e9,2e10,2.5,2.6\n", "could each be loss"),
    "one run": (f"{HEAD}1e9,2e10,2.5\n", "1 usable run, but law chinchilla has 5"),
    "two runs": (f"{HEAD}1e9,2e10,2.5\n2e9,2e10,2.4\n", "2 usable runs, but law chinchilla has 5"),
    "nested JSON": ("[" * 100_000, "nested too deep"),
    "broken JSON": ('[{"N": 1},', "is not JSON"),
    "JSON NaN": ('[{"N": NaN}]', "NaN is not JSON"),
    "JSON 1e999": ('[{"N": 1e999}]', "beyond 1.8e308"),
    "a printed fit": ('{"law": "x", "formula": "E", "parameters": {}, "runs": {}}', "printed fit"),
    "a torn fit": ('{"isoflop": 1, "law":', "not a saved fit"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_in_one_line_that_names_it(refused, write, name):
    text, told = BAD_FILES[name]
    path = write(text)
    verb = ["plan", path, "--flops", "1e20"] if name == "a torn fit" else ["fit", path]
    message = refused(3, *verb)
    assert told in message
    assert "runs.csv" in message


@pytest.mark.parametrize("name", sorted(BAD_FILES.keys() - {"a torn fit"}))
def test_a_bad_pipe_is_refused_as_a_bad_file_is(refused, name):
    text, told = BAD_FILES[name]
    message = refused(3, "fit", "-", stdin=text.encode())
    assert told in message
    assert "standard input" in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"N,D,loss\n1e9,2e10,\x002\n", "NUL byte"),
        ("N,D,größe\n".encode("latin-1"), "byte 6 (0xf6) is not UTF-8"),
        ("N,D,loss\n".encode("utf-16"), "UTF-16"),
        (b"\x80\x04\x95", "pickle"),
        (b"PK\x03\x04", "zip"),
        (b"\x93NUMPY", "NumPy"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
    ],
)
def test_bytes_that_are_no_table_are_refused(run, content, told):
    done = run("fit", "-", stdin=content)
    assert (done.code, done.out) == (3, "")
    assert told in done.err
    assert done.err.startswith("isoflop: standard input")
