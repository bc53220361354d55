"""Readers: what is read, from where, and every bad file refused in one clear message."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoflop.data.read import read
from isoflop.data.readers import delimited, source
from isoflop.data.runs import Runs
from isoflop.errors import DataError, UsageError

CSV = "params,tokens,val_loss,role\n1e8,2e9,3.2,sweep\n1e9,2e10,2.6,sweep\n1e10,2e11,2.2,target\n"
ROWS = [
    {"params": 1e8, "tokens": 2e9, "val_loss": 3.2, "role": "sweep"},
    {"params": 1e9, "tokens": 2e10, "val_loss": 2.6, "role": "sweep"},
    {"params": 1e10, "tokens": 2e11, "val_loss": 2.2, "role": "target"},
]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
SAME = Runs.of(N=[1e8, 1e9, 1e10], D=[2e9, 2e10, 2e11], loss=[3.2, 2.6, 2.2], role=["sweep", "sweep", "target"])


@pytest.fixture
def put(tmp_path):
    """Give a function that writes a file and returns its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path, **options):
    """Give the message with which a file is refused."""
    with pytest.raises(DataError) as refused:
        read(path, **options)
    assert refused.value.exit_code == 3
    return str(refused.value)


# What is read.

BARS = [f"| {line.replace(',', ' | ')} |" for line in CSV.splitlines()]
FORMATS = {
    "runs.csv": CSV,
    "runs.txt": CSV,
    "crlf.csv": CSV.replace("\n", "\r\n"),
    "old-mac.csv": CSV.replace("\n", "\r"),
    "byte-order-mark.csv": b"\xef\xbb\xbf" + CSV.encode(),
    "no-final-newline.csv": CSV.rstrip(),
    "quoted.csv": CSV.replace("sweep", '"sweep"').replace("params", '"params"'),
    "spaces.csv": CSV.replace(",", " , "),
    "blank-lines.csv": CSV.replace("\n", "\n\n") + ",,,\n",
    "runs.tsv": CSV.replace(",", "\t"),
    "tabs.csv": CSV.replace(",", "\t"),
    "semicolons.csv": CSV.replace(",", ";"),
    "objects.json": json.dumps(ROWS, indent=1),
    "columns.json": json.dumps(COLUMNS),
    "printed-by-isoflop.json": json.dumps({"name": "runs", "source": "x", "rows": ROWS}),
    "numbers-as-text.json": json.dumps([{name: str(value) for name, value in row.items()} for row in ROWS]),
    "lines.jsonl": "\n".join(json.dumps(row) for row in ROWS),
    "lines-by-another-name.json": "\n\n".join(json.dumps(row) for row in ROWS),
    "lines.ndjson": "\n".join(json.dumps(row) for row in ROWS) + "\n\n",
    "utf-16.txt": CSV.replace(",", "\t").encode("utf-16"),
    "utf-32.csv": CSV.encode("utf-32"),
    "thousands.csv": CSV.replace("1e8", '"100,000,000"').replace("2e11", '"200,000,000,000"'),
    "bars.psv": CSV.replace(",", "|"),
    "words-around.md": "\n".join(["# Runs | all", "", "Words.", "", BARS[0], "|--|:-:|--|--|", *BARS[1:], "", "More."]),
    "beside-facts.json": json.dumps({"by": "us", "runs": ROWS}),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_the_same_runs_come_out_of_every_format(put, name, packed):
    content = FORMATS[name] if isinstance(FORMATS[name], bytes) else FORMATS[name].encode()
    path = put(f"{name}.gz", gzip.compress(content)) if packed else put(name, content)
    assert read(path).digest == SAME.digest


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_runs_come_from_standard_input(monkeypatch, name):
    content = FORMATS[name] if isinstance(FORMATS[name], bytes) else FORMATS[name].encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    runs = read("-")
    assert runs.digest == SAME.digest
    assert runs.source.startswith("standard input")


def test_rows_are_numbered_as_the_file_shows_them(put):
    assert list(read(put("runs.csv", CSV)).rows) == [2, 3, 4]
    assert list(read(put("blank.csv", "N,D,loss\n\n1e8,2e9,3\n\n1e9,2e10,2\n")).rows) == [3, 5]
    assert list(read(put("runs.jsonl", '{"N":1}\n\n{"N":2}')).rows) == [1, 3]
    assert list(read(put("runs.json", json.dumps(ROWS))).rows) == [1, 2, 3]


def test_runs_by_their_names_in_one_object(put):
    runs = read(put("runs.json", json.dumps({f"run {place}": row for place, row in enumerate(ROWS)})))
    assert list(runs["run"]) == ["run 0", "run 1", "run 2"]
    assert list(runs["N"]) == [1e8, 1e9, 1e10]


def test_letters_of_another_encoding_change_no_number_and_are_said(put):
    runs = read(put("runs.csv", "N;D;loss;größe\n1e8;2e9;3,2;süß\n1e9;2e10;2,6;\n".encode("latin-1")))
    assert list(runs["loss"]) == [3.2, 2.6]
    assert runs["größe"][0] == "süß"
    assert "Western European" in runs.findings[0].message


def test_a_word_for_no_result_leaves_its_row_out_by_name(put):
    runs = read(put("runs.csv", "N,D,loss,state\n1e8,2e9,3,ok\n1e8,2e10,OOM,failed\n1e9,2e10,diverged,failed\n"))
    assert [item.row for item in runs.excluded] == [3, 4]
    assert list(runs["state"]) == ["ok"]


def test_a_table_of_words_within_a_cell_is_part_of_it(put):
    runs = read(put("runs.csv", 'N,D,loss,note\n1e8,2e9,3,"a | b\n--|--\n1 | 2"\n1e9,2e10,2.6,\n'))
    assert list(runs["loss"]) == [3, 2.6]
    assert runs["note"][0] == "a | b\n--|--\n1 | 2"


def test_semicolons_are_said(put):
    assert read(put("runs.csv", CSV.replace(",", ";"))).source.endswith("runs.csv (separated by semicolons)")


def test_a_tab_in_a_quoted_header_is_part_of_the_name(put):
    assert "lr\tpeak" in read(put("runs.csv", 'N,"lr\tpeak",loss\n1e8,0.1,3\n'))


def test_a_data_frames_unnamed_index_is_a_column_like_any_other(put):
    assert list(read(put("runs.csv", ",N,loss\n0,1e8,3\n1,1e9,2\n")).columns) == ["column 1", "N", "loss"]


def test_a_cell_may_hold_a_separator_and_a_line_break(put):
    runs = read(put("runs.csv", 'N,note\n1e8,"6 Enc,\n6 Dec"\n1e9,b\n'))
    assert list(runs["note"]) == ["6 Enc,\n6 Dec", "b"]


def test_columns_and_condition_are_applied(put):
    path = put("runs.csv", "Model Size,Seen,Loss\n1e8,2e9,3\n1e9,2e10,2\n")
    runs = read(path, columns={"N": "Model Size", "D": "Seen"}, where="N > 5e8")
    assert list(runs["D"]) == [2e10]
    assert runs.excluded[0].row == 2


def test_missing_losses_are_excluded_and_listed(put):
    runs = read(put("runs.csv", "N,D,loss\n1e8,2e9,3\n1e8,2e10,nan\n1e8,2e10,NaN\n1e8,2e10,\n1e9,2e10,inf\n"))
    assert [(item.row, item.reason) for item in runs.excluded] == [
        (3, "loss is nan"),
        (4, "loss is nan"),
        (5, "loss is nan"),
        (6, "loss is inf"),
    ]


def test_json_objects_may_lack_values_and_hold_null_and_trackers_words(put):
    path = put("runs.jsonl", '{"N":1e8,"loss":3}\n{"N":1e9,"loss":"NaN"}\n{"N":1e9}\n{"N":1e9,"loss":"Infinity"}')
    assert [item.row for item in read(path).excluded] == [2, 3, 4]


def test_one_json_object_is_one_run(put):
    assert len(read(put("run.json", '{"N": 1e8, "D": 2e9, "loss": 3.0, "tag": "a"}'))) == 1


def test_a_file_comes_before_a_dataset_of_its_name(put, monkeypatch, tmp_path):
    put("tinylm", CSV)
    assert len(read("tinylm")) == 87
    monkeypatch.chdir(tmp_path)
    assert len(read("tinylm")) == 3


DRAWN_ROW = st.tuples(st.floats(1, 1e15), st.floats(1, 1e15), st.floats(0.1, 12))


@given(rows=st.lists(DRAWN_ROW, min_size=1, max_size=30, unique=True))  # copies of a row are one run
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_written_numbers_are_read_back_bit_for_bit(put, rows, separator):
    lines = [("N", "D", "loss"), *((repr(value) for value in row) for row in rows)]
    runs = read(put("runs.csv", "\n".join(separator.join(line) for line in lines)))
    assert np.array_equal(np.column_stack([runs["N"], runs["D"], runs["loss"]]), np.array(rows))


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "csv.gz"])
def test_any_bytes_are_read_or_refused_but_never_crash(put, content, suffix):
    with contextlib.suppress(DataError):
        assert len(read(put(f"runs.{suffix}", content))) > 0


# What is refused.


BAD = [
    ("empty.csv", "", "is empty"),
    ("blank.csv", " \n\n", "is empty"),
    ("separators.csv", ";;\n;;\n", "is empty but for separators"),
    ("header.csv", "N,D,loss\n", "0 runs"),
    ("ragged.csv", "N,D,loss\n1,2,3\n1,2\n", "row 3: 2 cells where the header has 3 columns"),
    ("wide.csv", "N,D,loss\n1,2,3,4\n", "row 2: 4 cells where the header has 3"),
    ("twice.csv", "N,loss,loss\n1,2,3\n", '2 columns are called "loss"'),
    ("space.csv", "N,loss, loss \n1,2,3\n", '2 columns are called "loss"'),
    ("case.csv", "N,loss,Loss\n1,2,3\n", '"loss" and "Loss" could each be loss'),
    (
        "headless.csv",
        "1e8,2e9,3.2\n1e9,2e10,2.6\n",
        "row 1: holds numbers where the column names should be",
    ),
    ("quote.csv", 'N,D,loss\n1,2,"3\n4,5,6\n', "Is a quote left open?"),
    ("thousands.csv", 'N,D,loss\n1e8,"1,000",3\n', 'row 2, column "D": "1,000" has thousands separators'),
    ("text.csv", "N,D,loss\n1e8,2e9,3\n1e8,abc,3\n", 'row 3, column "D": "abc" is not a number'),
    ("nul.csv", b"N,D,loss\n1e8,2e9,\x003\n", "line 2: a NUL byte at byte 17"),
    ("bytes.csv", b"N,loss,gr\xf6\1e\n", "line 1: byte 9 (0xf6) is not UTF-8"),
    ("sideways.csv", "N,1e8,1e9\nloss,3.2,2.6\n", 'has numbers after "N" where column names should be'),
    ("two-tables.md", "|N|\n|--|\n|1|\n\n|N|\n|--|\n|1|\n", "has 2 tables, at lines 1, 5"),
    ("utf16-without-mark.csv", CSV.encode("utf-16-le"), "NUL byte"),
    ("pickle.csv", pickle.dumps(ROWS), "is a pickle, whatever its name says"),
    ("runs.pkl", CSV, "is a pickle. Reading it could run code"),
    ("runs.npy", b"\x93NUMPY\x01\x00", "is a NumPy array file"),
    ("runs.zip", b"PK\x03\x04\x14\x00", "is a zip archive"),
    ("runs.xlsx", b"PK\x03\x04\x14\x00" + b"xl/workbook.xml", "is an Excel workbook. Save the sheet as CSV"),
    ("runs.parquet", b"PAR1\x15\x04", "DuckDB cannot read it"),
    ("runs.parquet.gz", gzip.compress(b"PAR1\x15\x04"), "is a Parquet file. Name the file itself"),
    ("runs.csv.xz", b"\xfd7zXZ\x00\x00", "is xz-compressed"),
    ("torn.csv.gz", gzip.compress(CSV.encode() * 50)[:-12], "ends early"),
    ("torn.csv", b"\x1f\x8b\x08\x00garbage", "gzip file"),
    ("twice.csv.gz", gzip.compress(gzip.compress(CSV.encode())), "compressed twice"),
    ("nan.json", '[{"N": NaN}]', "NaN is not JSON"),
    ("infinity.json", '[{"N": -Infinity}]', "-Infinity is not JSON"),
    ("huge.json", '[{"N": 1e999}]', "row 1: a number beyond 1.8e308"),
    ("huge-integer.jsonl", '{"N": 1}\n{"N": 1' + "0" * 400 + "}", "row 2: a number beyond 1.8e308"),
    ("digits.json", '[{"N": ' + "1" * 5000 + "}]", "digits.json: "),
    ("deep.json", "[" * 100_000 + "]" * 100_000, "nested too deep"),
    ("deep-objects.json", '{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deep"),
    ("broken.json", '[{"N": 1},', "is not JSON at line 1, column 11"),
    ("broken.jsonl", '{"N": 1}\n{"N": }\n', "row 2: is not JSON"),
    ("twice.json", '[{"N": 1, "N": 2}]', '"N" stands twice in one object'),
    ("lists.json", "[[1, 2], [3, 4]]", "row 1: a list where a run's object should be"),
    ("number.json", "5", "is a number. Give a list"),
    ("none.json", "[]", "0 runs"),
    ("no-columns.json", "{}", "0 runs"),
    ("lengths.json", '{"N": [1, 2], "D": [1]}', "N has 2, D has 1"),
    ("nested.json", '[{"N": [1, 2]}]', 'row 1, column "N": "[1, 2]" is not a number'),
    ("ppl.csv", "N,D,ppl\n1e8,2e9,24\n", "column ppl is perplexity; the loss is its logarithm"),
    ("sizes.csv", "params,params_no_embed,loss\n1,2,3\n", 'Say which: --N "params"'),
]


@pytest.mark.parametrize("bad", BAD, ids=[name for name, _, _ in BAD])
def test_a_bad_file_is_refused_with_its_name_and_the_reason(put, bad):
    name, content, told = bad
    message = refusal(put(name, content))
    assert name in message
    assert told in message


def test_a_missing_file_is_refused_with_near_names(put, tmp_path):
    put("runs.csv", CSV)
    assert "Did you mean" in refusal(tmp_path / "rums.csv")
    assert str(tmp_path / "runs.csv") in refusal(tmp_path / "rums.csv")
    assert "Nor is there a folder" in refusal(tmp_path / "nowhere" / "runs.csv")


def test_a_near_dataset_name_is_suggested():
    assert 'the dataset "chinchilla"' in refusal("chinchila")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", ""])
def test_a_name_no_file_can_have_is_refused(name):
    assert refusal(name)


def test_a_folder_is_refused(tmp_path):
    assert "is a folder" in refusal(tmp_path)


def test_a_broken_condition_is_a_usage_error(put):
    with pytest.raises(UsageError):
        read(put("runs.csv", CSV), where="D/N >")


# Limits.


def test_a_quote_left_open_is_refused_at_its_row(put):
    assert "row 2: " in refusal(put("runs.csv", 'N,D,loss\n1,2,"3\n' + "1,2,3\n" * 1_000_000))


def test_a_gzip_bomb_is_refused_without_unpacking_it(put):
    path = put("bomb.csv.gz", gzip.compress(b"N,D,loss\n" + b"1,2,3\n" * 2_000_000))
    assert "when unpacked" in refusal(path)


def test_a_file_beyond_the_size_limit_is_refused_unread(put, monkeypatch):
    monkeypatch.setattr(source, "MAX_BYTES", 2**20)
    assert "larger than 1 MiB" in refusal(put("line.csv", b"x" * (2**20 + 1)))


def test_standard_input_beyond_the_size_limit_is_refused(monkeypatch):
    monkeypatch.setattr(source, "MAX_BYTES", 2**20)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"x" * (2**20 + 1))))
    assert "standard input: is larger than 1 MiB" in refusal("-")


def test_a_single_endless_line_is_refused(put):
    assert "line.csv" in refusal(put("line.csv", b"x" * 50_000_000))


def test_more_columns_than_a_table_has_are_refused(put):
    path = put("wide.csv", ",".join(f"c{place}" for place in range(500_000)) + "\n")
    assert "more than 1,000 columns" in refusal(path)


def test_more_rows_than_the_limit_are_refused(put, monkeypatch):
    monkeypatch.setattr(delimited, "MAX_ROWS", 1000)
    assert "more than 1,000 rows" in refusal(put("long.csv", "N,D\n" + "1,2\n" * 1001))


def test_copies_of_a_row_are_one_run_in_a_long_table_too(put):
    unlike = "".join(f"1e8,2e9,{3 + row / 1e6},a\n" for row in range(10_000))
    for content, runs in ((unlike, 10_000), ("1e8,2e9,3.25,a\n" * 10_000, 1)):
        assert len(read(put("long.csv", "N,D,loss,run\n" + content))) == runs
