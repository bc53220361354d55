"""Bad files, values and expressions: one clear message, the right exit code, nothing written.

Each example is named as one would say it; the readers' own tests are in test_readers.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import math
import pickle
import re
import struct
import zipfile

import numpy as np
import pytest
from tabled import RUNS, columns, csv

import isoflop
from isoflop.data.limits import MAX_BYTES
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
def test_runs_that_are_not_what_they_seem_stop_every_command_with_four(run, write, name):
    content, code, told = BLOCKED[name]
    table = write(content)
    for words in (
        ["fit", table], ["forecast", table, "N=1e9", "D=1e10"], ["plan", table, "--flops", "1e20"],
        ["solve", "D", table, "loss=2.5", "N=1e9"],
    ):  # fmt: skip
        done = run(*words, "--draws", 0, "--json")
        assert done.code == 4
        assert done.json
        # A split of the budget is not known at all, which says more than F04.
        first = "F03" if words[0] == "plan" and name.endswith("equal") else code
        assert re.fullmatch(rf"isoflop: not to be trusted \({first}\): [^\n]*{told}[^\n]*\n", done.err)
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


def test_mixed_runs_block_until_they_are_narrowed_or_allowed(run, good, write):
    loss = [*(3.2 * SIZES**-0.03), *(3.1 * SIZES**-0.03)]
    sizes, corpus = [*SIZES, *SIZES], [*["web"] * len(SIZES), *["books"] * len(SIZES)]
    path = write({"N": sizes, "loss": loss, "dataset": corpus, "D": [20 * size for size in sizes]})
    words = ("fit", path, "--law", "E + A/N^alpha", "--draws", 5)
    assert run(*words).code == 4
    good(*words, "--where", "dataset == 'web'")
    found = good(*words, "--allow", "D11")
    assert found["allowed"] == ["D11"]
    assert ("D11", "WARN") in [(one["code"], one["severity"]) for one in found["findings"]]


def test_the_column_of_runs_can_be_named(good, write):
    table = columns(job=[f"job{row % 10}" for row in range(40)])
    assert good("fit", write(table), "--draws", 5)["runs"]["whole_runs"] == 0
    assert good("fit", write(table), "--draws", 5, "--cluster", "job")["runs"]["whole_runs"] == 10


def test_sound_runs_raise_nothing(good, table):
    assert good("fit", table, "--draws", 5)["findings"] == []


# Files.

HEAD = "N,D,loss\n"
GOOD = csv(columns())


def zipped(*names, content=b"x"):
    """Give a zip archive of files with these names; a name may be a ZipInfo."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


def symlink():
    """Give the entry of a zip archive that unpacks as a link out of the folder."""
    link = zipfile.ZipInfo("runs.csv")
    link.external_attr = 0o120777 << 16
    return link


class Owned:
    """What a hostile pickle holds: loading it makes a file called owned."""

    def __reduce__(self):
        return open, ("owned", "w")


def safetensors(length):
    """Give a file of weights whose header claims to be so long."""
    return struct.pack("<Q", length) + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + bytes(4)


REFUSED = {  # the example: (file name, content, what the refusal says)
    "empty file": ("runs.csv", "", "is empty. Give a header"),
    "only blank lines": ("runs.csv", "\n\n", "is empty. Give a header"),
    "header only": ("runs.csv", HEAD, "0 runs. Give at least one row"),
    "UTF-16 cut": ("runs.csv", GOOD.encode("utf-16")[:-1], "is not UTF-16. Save it as UTF-8"),
    "UTF-16 without its mark": ("runs.csv", HEAD.encode("utf-16-le"), "line 1: a NUL byte at byte 1"),
    "latin-1 and control bytes": ("runs.csv", "N,D,größe\1\n".encode("latin-1"), "line 1: byte 6 (0xf6) is not UTF-8"),
    "NUL bytes": ("runs.csv", f"{HEAD}1e9,2e10,\x002\n", "line 2: a NUL byte at byte 18"),
    "thousands": ("runs.csv", f'{HEAD}1e9,"1,000",2.5\n', 'row 2, column "D": "1,000" has thousands separators'),
    "duplicate header": ("runs.csv", "N,loss,loss\n1,2,3\n", '2 columns are called "loss"'),
    "headers that differ by case": ("runs.csv", "N,loss,Loss\n1,2,3\n", '"loss" and "Loss" could each be loss'),
    "no header": ("runs.csv", "1e9,2e10,2.5\n", "row 1: holds numbers where the column names"),
    "unclosed quote": ("runs.csv", f'{HEAD}1e9,2e10,"2.5\n1e9,2e10,2.5\n', "row 2: unexpected end of data"),
    "ragged": ("runs.csv", f"{HEAD}1e9,2e10,2.5\n1e9,2e10\n", "row 3: 2 cells where the header has 3"),
    "too wide": ("runs.csv", f"{HEAD}1e9,2e10,2.5,7\n", "row 2: 4 cells where the header has 3"),
    "a cell of 200 kB": ("runs.csv", f"{HEAD}1e9,2e10,{'9' * 200_000}\n", "row 2: field larger than field limit"),
    "text for a number": ("runs.csv", f"{HEAD}1e9,many,2.5\n", 'row 2, column "D": "many" is not a number'),
    "a spreadsheet's error": ("runs.csv", f"{HEAD}1e9,2e10,#DIV/0!\n", 'column "loss": "#DIV/0!" is not a number'),
    "no loss": ("runs.csv", "N,D\n1e9,2e10\n", 'column "loss" is missing'),
    "no tokens": ("runs.csv", "N,loss\n1e9,2.5\n", 'column "D" is missing'),
    "two losses": ("runs.csv", "N,D,val_loss,test_loss\n1,2,2.5,2.6\n", 'Say which: --loss "val_loss"'),
    "perplexity column instead of loss": ("runs.csv", "N,D,perplexity\n1e9,2e10,12\n", "the loss is its logarithm"),
    "gz bomb 1:1000": ("runs.csv.gz", gzip.compress(HEAD.encode() + b"1,2,3\n" * 300_000), "grows beyond 1 MiB"),
    "gz cut short": ("runs.csv.gz", gzip.compress(GOOD.encode())[:-12], "the gzip file ends early"),
    "gz damaged": ("runs.csv.gz", gzip.compress(GOOD.encode())[:-8] + bytes(8), "is a damaged gzip file"),
    "gz in gz": ("runs.csv.gz", gzip.compress(gzip.compress(GOOD.encode())), "is compressed twice. Unpack it once"),
    "zip": ("runs.zip", zipped("runs.csv"), "is a zip archive. Unpack it and name the table"),
    "empty zip": ("runs.csv", zipped(), "is a zip archive"),
    "nested zip": ("runs.zip", zipped("runs.zip", content=zipped("runs.csv")), "is a zip archive"),
    "zip with ../../x": ("runs.zip", zipped("../../x"), "is a zip archive"),
    "zip symlink": ("runs.zip", zipped(symlink()), "is a zip archive"),
    "xlsx": ("runs.xlsx", zipped("xl/workbook.xml"), "is an Excel workbook. Save the sheet as CSV"),
    "xlsx with a macro": ("runs.csv", zipped("xl/workbook.xml", "xl/vbaProject.bin"), "is an Excel workbook"),
    "xls": ("runs.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel file. Save the sheet as CSV"),
    **{
        f".csv that is a pickle, protocol {one}, {kind}": ("runs.csv", pickle.dumps(held, one), "is a pickle, whatever")
        for one in range(6)
        for kind, held in {"columns": {"N": [1e9]}, "rows": [{"N": 1e9}], "hostile": Owned()}.items()
    },
    ".csv.gz that is a pickle": ("runs.csv.gz", gzip.compress(pickle.dumps(Owned())), "is a pickle, whatever its name"),
    ".pkl": ("runs.pkl", pickle.dumps(Owned()), "is a pickle. Reading it could run code"),
    ".pickle.xz": ("runs.pickle.xz", lzma.compress(pickle.dumps(Owned())), "convert it: python -c"),
    ".joblib": ("runs.joblib", pickle.dumps(Owned()), "is a pickle. Reading it could run code"),
    ".npy object array": ("runs.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O'", "is a NumPy array file. Export"),
    ".npz": ("runs.npz", zipped("N.npy"), "is a NumPy archive. Export the table as CSV"),
    ".pt": ("model.pt", zipped("model/data.pkl", content=pickle.dumps(Owned())), "is a PyTorch file, a pickle"),
    "safetensors": ("model.safetensors", safetensors(54), "is a safetensors file. It holds weights, not runs"),
    "safetensors header 2^63": ("model.safetensors", safetensors(2**63), "is a safetensors file"),
    "xz": ("runs.csv.xz", lzma.compress(GOOD.encode()), "is xz-compressed. Unpack it"),
    "a web page": ("runs.csv", "<!DOCTYPE html>\n<html></html>\n", "is a web page. Download the table itself"),
    "JSON NaN": ("runs.json", '[{"N": NaN}]', "NaN is not JSON. Write null"),
    "JSON 1e999": ("runs.json", '[{"N": 1e999}]', "row 1: a number beyond 1.8e308"),
    "JSON nested 1e5 deep": ("runs.json", "[" * 100_000 + "]" * 100_000, "is nested too deep"),
    "JSON cut short": ("runs.json", '[{"N": 1},', "is not JSON at line 1, column 11"),
    "JSON key twice": ("runs.json", '[{"N": 1, "N": 2}]', '"N" stands twice in one object'),
    "a printed fit": ("runs.json", '{"law": "x", "formula": "E", "parameters": {}, "runs": {}}', "is a printed fit"),
}  # fmt: skip


@pytest.mark.parametrize("example", REFUSED)
def test_a_file_is_refused_in_one_line_that_names_it(refused, write, example):
    name, content, told = REFUSED[example]
    message = refused(3, "fit", write(content, name))
    assert name in message
    assert told in message


@pytest.mark.parametrize(
    "example", [one for one, (_, _, told) in REFUSED.items() if one[0] != "." or "whatever" in told]
)
def test_a_pipe_is_refused_as_the_file_is(refused, example):
    _, content, told = REFUSED[example]
    message = refused(3, "fit", "-", stdin=content if isinstance(content, bytes) else content.encode())
    assert "standard input" in message
    assert told in message


READ = {  # the example: content of a file that gives the same fit as the plain one
    "BOM": b"\xef\xbb\xbf" + GOOD.encode(),
    "semicolons": GOOD.replace(",", ";"),
    "tab in header": GOOD.replace("loss", "loss\t", 1),
    "tab-separated": GOOD.replace(",", "\t"),
    "headers in another case, with spaces": GOOD.replace(HEAD, " n_Params , TOKENS,Val Loss\n"),
    "gzip": gzip.compress(GOOD.encode()),
    "UTF-16": GOOD.encode("utf-16"),
    "line ends of Windows": GOOD.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("example", READ)
def test_a_file_is_read_as_what_it_means(good, write, table, *, example):
    found, plain = (good("fit", path, "--draws", 0) for path in (write(READ[example], "other.csv"), table))
    source = found["runs"].pop("source")
    del plain["runs"]["source"]
    assert found == plain
    assert source.endswith("(separated by semicolons)") == (example == "semicolons")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("..\\..\\x", "..\\..\\x"),
        ("%252e%252e", "%252e%252e"),
        ("CON", "CON"),
        ("a\u202egpj.csv", "a\\u202egpj.csv"),
        ("two\nlines\x1b[31m.csv", "two\\nlines\\x1b[31m.csv"),
        ("<img src=x onerror=alert(1)>.csv", "<img src=x onerror=alert(1)>.csv"),
        ("[red]$(id).csv", "[red]$(id).csv"),
    ],
)
def test_an_odd_file_name_is_opened_as_it_is_and_shown_escaped(good, refused, write, *, name, seen):
    assert seen in refused(3, "fit", write(HEAD, name))
    assert good("fit", write(GOOD, name), "--draws", 0)["runs"]["source"].endswith(f"/{seen}")


@pytest.mark.parametrize("name", ["../../etc/x", "x" * 300, "a\0b", "nowhere/runs.csv"])
def test_a_name_without_a_file_is_refused(refused, name):
    assert name.replace("\0", "\\x00") in refused(3, "fit", name)


def test_escapes_in_headers_and_cells_never_reach_the_terminal(refused, write):
    assert 'column "\\x1b[2JD"' not in refused(3, "fit", write("N,\x1b[2JD,loss\n1,2,3\n"))
    assert "\\x1b[2JD" in refused(3, "fit", write("N,\x1b[2JD,loss\n1,2,3\n"))
    assert '"\\u202e\\x1b]0;x" is not a number' in refused(3, "fit", write(f"{HEAD}1,\u202e\x1b]0;x,3\n"))


def test_the_same_file_twice_is_pointed_out(good, write):
    found = good("fit", write(GOOD + GOOD.removeprefix(HEAD)), "--draws", 0)
    assert ("D25", "WARN") in [(one["code"], one["severity"]) for one in found["findings"]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(f'{HEAD}1,2,"3\n' + "1,2,3\n" * 1_000_000, "Is a quote left open?", id="unclosed quote"),
        pytest.param("x" * (MAX_BYTES + 1), "is larger than 200 MiB", id="huge single line"),
        pytest.param(",".join(f"c{one}" for one in range(1_000_000)), "more than 1,000 columns", id="1e6 columns"),
    ],
)
def test_a_bomb_is_refused_for_what_it_is(refused, write, content, *, told):
    assert told in refused(3, "fit", write(content))


def test_no_pickle_is_ever_opened(monkeypatch, refused, write, *, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("runs.csv", "runs.pkl", "model.pt"):
        refused(3, "fit", write(pickle.dumps(Owned()), name))
    assert not (tmp_path / "owned").exists()


# Values.


def few(count):
    """Give the first runs only."""
    return {name: values[:count] for name, values in columns().items()}


REFUSED_VALUES = {  # the example: (columns, what the refusal says)
    "1 run": (few(1), "1 usable run, but law chinchilla has 5 free parameters and needs 6 runs"),
    "2 runs": (few(2), "2 usable runs, but law chinchilla has 5"),
    "4 runs": (few(4), "choose a smaller law"),
    "every loss NaN": (columns(loss=[math.nan] * 40), "none of the 40 runs is usable; row 2: loss is nan"),
    "every loss infinite": (columns(loss=[math.inf] * 40), "row 2: loss is inf"),
    "every loss negative": (columns(loss=[-2] * 40), "row 2: loss is -2"),
    "every D 0": (columns(D=[0] * 40), "row 2: D is 0"),
}


@pytest.mark.parametrize("example", REFUSED_VALUES)
def test_values_that_no_fit_can_use_are_refused(refused, write, example):
    content, told = REFUSED_VALUES[example]
    assert told in refused(3, "fit", write(content))


def test_a_number_of_tokens_of_zero_is_left_out_and_listed(good, write):
    found = good("fit", write(columns(D=[0, *RUNS["D"][1:]])), "--draws", 0)
    assert found["runs"]["excluded"] == [{"row": 2, "reason": "D is 0", "name": "row 2"}]


def test_the_compute_of_large_integers_does_not_overflow():
    runs = isoflop.Runs.of(N=np.array([70 * 10**9]), D=np.array([14 * 10**11]), loss=[2.0])
    assert runs["C"][0] == 6.0 * 70e9 * 1.4e12


def test_integers_in_json_are_as_good_as_floats(good, write):
    whole = {
        "N": [round(one) for one in RUNS["N"]],
        "D": [round(one) for one in RUNS["D"]],
        "loss": RUNS["loss"].tolist(),
    }
    assert all(6 * N * D > 2**63 for N, D in zip(whole["N"][:3], whole["D"][:3], strict=True))
    found = good("fit", write(json.dumps(whole), "runs.json"), "--draws", 0)
    assert found["findings"] == []


@pytest.mark.parametrize("example", ["rises with N", "rises with D", "rises with both"])
def test_a_loss_that_rises_is_not_to_be_trusted(run, write, example):
    up = {key: 0.06 * np.log(RUNS[key] / RUNS[key].min()) for key in ("N", "D")}
    loss = {
        "rises with N": 1.7 + 2085 / RUNS["D"] ** 0.366 + up["N"],
        "rises with D": 1.7 + 480 / RUNS["N"] ** 0.348 + up["D"],
        "rises with both": 1.7 + up["N"] + up["D"],
    }[example]
    done = run("fit", write(columns(loss=loss.tolist())), "--draws", 0, "--json")
    assert done.code == 4
    assert re.search(rf"F14.*(the loss {example}|no scaling signal)", done.err)


def test_a_floor_at_its_bound_is_pointed_out(good, write):
    loss = 30 / RUNS["N"] ** 0.13 + 30 / RUNS["D"] ** 0.13 - 0.3
    found = good("fit", write(columns(loss=loss.tolist())), "--draws", 0)
    assert any(one["code"] == "F02" and "E ended at its bound, 0" in one["message"] for one in found["findings"])


# Expressions; more that are refused stand in test_cli_bad_words.


@pytest.mark.parametrize(
    "formula",
    [
        pytest.param("__import__('os').system('id')", id="__import__"),
        pytest.param("().__class__", id="().__class__"),
        pytest.param("open('/etc/passwd')", id="open('/etc/passwd')"),
        pytest.param("(" * 100_000 + "N" + ")" * 100_000, id="1e5 nested parentheses"),
    ],
)
def test_an_expression_is_refused_at_parsing(refused, table, formula):
    assert "formula" in refused(2, "fit", table, f"--law={formula}")
    assert "formula" in refused(2, "fit", table, "--where", f"{formula} > 1")


@pytest.mark.parametrize(
    ("law", "holds"),
    [
        ("E + A/N^a + log(D - 2e10)", RUNS["D"] > 2e10),
        ("E + A*sqrt(1e9 - N)", RUNS["N"] <= 1e9),
        ("E + A/(N - N)^a", RUNS["N"] < 0),
        ("E + A*exp(N)", RUNS["N"] < 0),
    ],
)
def test_a_law_that_gives_no_number_is_refused_with_the_rows(refused, table, law, *, holds):
    rows = 2 + np.flatnonzero(~holds)
    message = refused(2, "fit", table, "--law", law)
    assert f"is undefined at rows {rows[0]}, {rows[1]}, {rows[2]}, " in message
    assert f"and {len(rows) - 5} more" in message
