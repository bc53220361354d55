"""Logs cut short and with flipped bits: their whole records, or a clear refusal; never a traceback or a wrong number.

A flipped bit in a number that is written as plain text, or in a Parquet file without checksums, looks like another
number to anyone: there only the absence of a traceback can be promised. W&B and TensorBoard keep checksums, and
MLflow's store keeps each value twice, in the table and in its index.
"""

from __future__ import annotations

import shutil
from importlib import import_module

import numpy as np
import pytest

from isoflop.data.read import find_runs
from isoflop.data.readers.parquet import parquet_table
from isoflop.data.readers.table import read_table
from isoflop.errors import DataError

pytest_plugins = ["logs"]

COUNT = 50
CASES = {  # the reader: (the logs, which file of them is damaged)
    "wandb": ("wandb", "**/*.wandb"),
    "tensorboard": ("torch", "small-1/events*"),
    "mlflow": ("mlflow", "mlflow.db"),
    "mlruns": ("mlruns", "mlruns/*/*/metrics/val/loss"),
    "trainer_state": ("trainer_state", "small-1/checkpoint-99/trainer_state.json"),
    "lightning": ("lightning", "small-1/metrics.csv"),
    "olmo": ("olmo", "small-1/metrics_step50.json"),
}
CHECKED = ("wandb", "tensorboard", "mlflow")
FOLDERS = {"mlruns": 3, "olmo": 1}
"""How many folders above the file the one is that the reader reads."""


def spread(random, size):
    """Draw a place in each of COUNT equal parts of a file, so that few places reach all of it."""
    return ((np.arange(COUNT) + random.random(COUNT)) * size / COUNT).astype(int).tolist()


@pytest.fixture
def case(logs, tmp_path):
    """Give a function that copies a log: the reader, what it reads, the file to damage, and what was in it."""

    def case(name):
        kind, pattern = CASES[name]
        found = [one for one in sorted(logs(kind).glob(pattern)) if one.is_file()]
        original = max(found, key=lambda one: one.stat().st_size)  # a run that was deleted is short, and not read
        above = [original, *original.parents][FOLDERS.get(name, 0)]
        place = tmp_path / above.name
        shutil.copytree(above, place) if above.is_dir() else shutil.copy(original, place)
        return import_module(f"isoflop.data.readers.{name}"), place, place / original.relative_to(above)

    return case


def points(runs):
    """Give what was logged: run → key → its steps and values."""
    return {run.name: {key: (one.steps, one.values) for key, one in run.metrics.items()} for run in runs}


def begins(found, whole):
    """Say whether all that was found is how the whole begins, run by run and key by key, bit for bit."""
    return all(
        key in whole.get(run, {})
        and all(
            np.array_equal(part, full[: len(part)], equal_nan=True)
            for part, full in zip(one, whole[run][key], strict=True)
        )
        for run, keys in found.items()
        for key, one in keys.items()
    )


def read_or_refuse(reader, place):
    try:
        return reader.read(place)
    except DataError as error:
        told = str(error)
    assert place.name in told
    assert "\n" not in told
    return None


@pytest.mark.parametrize("name", CASES)
def test_a_log_cut_short_gives_its_whole_records_or_a_refusal(case, name):
    reader, place, file = case(name)
    data, whole = file.read_bytes(), points(reader.read(place))
    read = 0
    for cut in spread(np.random.default_rng(0), len(data)):
        file.write_bytes(data[:cut])
        if (found := read_or_refuse(reader, place)) is not None:
            assert begins(points(found), whole), cut
            read += 1
    assert read == 0 if name in {"mlflow", "trainer_state", "olmo"} else read > COUNT / 2


@pytest.mark.parametrize("name", CHECKED)
def test_a_flipped_bit_gives_the_whole_records_or_a_refusal(case, name):
    reader, place, file = case(name)
    data, whole = file.read_bytes(), points(reader.read(place))
    random, refused = np.random.default_rng(1), 0
    known = [at for key in (b"val/loss", b"train/loss") for at in _places(data, key)]
    near = (random.choice(known, COUNT) + random.integers(-16, 40, COUNT)).clip(0, len(data) - 1)
    for byte in [*spread(random, len(data)), *near.tolist()]:
        flipped = bytearray(data)
        flipped[byte] ^= 1 << int(random.integers(8))
        file.write_bytes(flipped)
        found = read_or_refuse(reader, place)
        refused += found is None
        assert found is None or begins(points(found), whole), byte
    assert refused > COUNT / 2


def _places(data, key):
    found, at = [], data.find(key)
    while at >= 0:
        found.append(at)
        at = data.find(key, at + 1)
    return found


@pytest.mark.parametrize("name", [one for one in CASES if one not in CHECKED])
def test_a_flipped_bit_in_plain_text_never_ends_in_a_traceback(case, name):
    reader, place, file = case(name)
    data, random, read = file.read_bytes(), np.random.default_rng(2), 0
    for byte in spread(random, len(data)):
        flipped = bytearray(data)
        flipped[byte] ^= 1 << int(random.integers(8))
        file.write_bytes(flipped)
        read += read_or_refuse(reader, place) is not None
    assert 0 < read < COUNT


HANDMADE = {  # the reader: (its file, what is in it)
    "nanochat": (
        "results.csv",
        "flops_budget,depth,params_total,num_iterations,tokens_trained,val_bpb,core_score,train_time_sec\n"
        + "".join(f"1e18,{depth},{depth}00000,3000,1500000000,0.{depth},0.15,700\n" for depth in range(10, 22)),
    ),
    "wandb_export": (
        "chart.csv",
        '"Step","a - val/loss","a - val/loss__MIN","a - val/loss__MAX"\n'
        + "".join(f"{step},{3 - step / 100},2,4\n" for step in range(0, 100, 3)),
    ),
}


@pytest.mark.parametrize("name", HANDMADE)
def test_a_table_of_results_cut_or_flipped_is_read_line_by_line_or_refused(tmp_path, name):
    reader, (called, text) = import_module(f"isoflop.data.readers.{name}"), HANDMADE[name]
    path, data, random, read = tmp_path / called, text.encode(), np.random.default_rng(5), 0
    path.write_bytes(data)
    whole = points(reader.read(path))
    for cut in spread(random, len(data)):
        path.write_bytes(data[:cut])
        if (found := read_or_refuse(reader, path)) is not None:
            assert begins(points(found), whole), cut
            read += 1
    assert read > COUNT / 2
    for byte in spread(random, len(data)):
        flipped = bytearray(data)
        flipped[byte] ^= 1 << int(random.integers(8))
        path.write_bytes(flipped)
        read_or_refuse(reader, path)


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    import duckdb

    path = tmp_path_factory.mktemp("parquet") / "runs.parquet"
    columns = "'run' || i AS run, 1e7 * (i + 1) AS N, 1e9 AS D, 3 - i / 100 AS loss, NULL::INT AS gap"
    duckdb.sql(f"FROM range(40) t(i) SELECT {columns}").write_parquet(str(path))
    return path


def test_a_parquet_file_is_read_as_the_table_it_is(parquet):
    runs = read_table(parquet)
    assert len(runs) == 40
    assert runs["N"].tolist() == [1e7 * (one + 1) for one in range(40)]
    assert runs["loss"] == pytest.approx([3 - one / 100 for one in range(40)])
    assert runs["run"][3] == "run3"
    assert np.isnan(runs["gap"]).all()


def test_a_parquet_file_cut_short_is_refused(parquet, tmp_path):
    data = parquet.read_bytes()
    for cut in spread(np.random.default_rng(3), len(data)):
        (tmp_path / "cut.parquet").write_bytes(data[:cut])
        with pytest.raises(DataError, match=r"cut\.parquet: "):
            read_table(tmp_path / "cut.parquet")


def test_a_flipped_bit_in_parquet_never_ends_in_a_traceback(parquet, tmp_path):
    data, random, refused = parquet.read_bytes(), np.random.default_rng(4), 0
    for byte in spread(random, len(data)):
        flipped = bytearray(data)
        flipped[byte] ^= 1 << int(random.integers(8))
        (tmp_path / "bit.parquet").write_bytes(flipped)
        try:
            read_table(tmp_path / "bit.parquet")
        except DataError:
            refused += 1
    assert refused > 0


def test_a_parquet_file_with_too_many_rows_or_columns_is_refused(parquet):
    with pytest.raises(DataError, match="has 40 rows and 5 columns; at most 39 and 9 are read"):
        parquet_table(parquet, (39, 9))
    with pytest.raises(DataError, match="at most 40 and 4 are read"):
        parquet_table(parquet, (40, 4))


def test_a_parquet_file_of_one_long_text_again_and_again_is_refused_before_it_is_unpacked(tmp_path):
    import duckdb

    path = tmp_path / "bomb.parquet"
    duckdb.sql("SELECT repeat('x', 1000000) AS run, 1e7 AS N FROM range(1000)").write_parquet(str(path))
    assert path.stat().st_size < 10**6
    with pytest.raises(DataError, match="grows beyond 200 MiB when unpacked"):
        read_table(path)


def test_a_parquet_path_that_means_several_files_is_refused(parquet, tmp_path):
    shutil.copy(parquet, tmp_path / "runs*.parquet")
    with pytest.raises(DataError, match="Rename it"):
        read_table(tmp_path / "runs*.parquet")


def test_parquet_without_duckdb_says_what_to_install(parquet, monkeypatch):
    from isoflop.errors import MissingExtraError

    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r'pip install "isoflop\[read\]"'):
        read_table(parquet)


def test_a_table_without_rows_among_run_files_is_refused_in_words(tmp_path):
    (tmp_path / "runs.csv").write_bytes(b"\x01")
    (tmp_path / "other.csv").write_bytes(b"step,loss\n")
    with pytest.raises(DataError):
        find_runs(tmp_path)
    with pytest.raises(DataError):
        find_runs(tmp_path / "runs.csv")
