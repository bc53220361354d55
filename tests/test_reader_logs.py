"""The readers of logs: the same runs come out of every format, and what each says of them besides."""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import zlib

import numpy as np
import pytest
from write_logs import KINDS, OTHER, RUNS, STEPS, config, name, tokens, train_loss, val_loss

from isoflop.data.read import find_runs, read
from isoflop.data.readers import (
    lightning,
    mlflow,
    mlruns,
    nanochat,
    olmo,
    tensorboard,
    trainer_state,
    wandb,
    wandb_export,
)
from isoflop.data.readers.logs import settings
from isoflop.errors import DataError

pytest_plugins = ["logs"]

NO_CONFIG = {"tensorboard"}
"""Writers that log no settings: their users say what N is, in a table."""


@pytest.fixture
def asked(tmp_path):
    """Give a function that gives what a user has to say to read a kind."""

    def asked(kind):
        said = {"allow": ["D02"]} if kind == "wandb" else {}
        if kind in NO_CONFIG:
            sizes = tmp_path / "sizes.csv"
            sizes.write_text("run,n_params\n" + "".join(f"{name(run)},{10 * (run + 1)}M\n" for run in range(RUNS)))
            said["per_run"] = sizes
        return said

    return asked


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_runs_come_out_of_every_format(logs, asked, kind):
    runs = read(logs(kind), **asked(kind))
    order = np.argsort(runs["N"])
    assert [runs["run"][row] for row in order] == [name(run) for run in range(RUNS)]
    assert runs["N"][order] == pytest.approx([config(run)["n_params"] for run in range(RUNS)], rel=1e-12)
    assert runs["D"].tolist() == [tokens(99)] * RUNS
    assert runs["loss"][order] == pytest.approx([val_loss(run, 99) for run in range(RUNS)], rel=1e-7)
    assert runs["step"].tolist() == [99] * RUNS
    assert runs["C"] == pytest.approx(6 * runs["N"] * runs["D"])
    assert runs.clusters is None
    assert not [one for one in runs.findings if one.code in {"D07", "D16"}]


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "trainer_state"])
def test_curves_keep_every_evaluation_with_its_own_tokens(logs, asked, kind):
    runs = read(logs(kind), curves=True, **asked(kind))
    for run in range(RUNS):
        rows = runs["run"] == name(run)
        assert runs["step"][rows].tolist() == list(OTHER)
        assert runs["D"][rows].tolist() == [tokens(step) for step in OTHER]
        assert runs["loss"][rows] == pytest.approx([val_loss(run, step) for step in OTHER], rel=1e-7)
    assert len(set(runs.clusters.tolist())) == RUNS
    assert "D07" in {one.code for one in runs.findings}


def deleted(place):
    """Say whether MLflow has marked a run's folder as deleted."""
    about = place / "meta.yaml"
    return about.exists() and "lifecycle_stage: deleted" in about.read_text()


@pytest.mark.parametrize(
    ("kind", "place"),
    [("wandb", "**/*.wandb"), ("torch", "small-1"), ("tensorboard", "small-1/*tfevents*"), ("mlruns", "*/*/[0-9a-f]*"),
     ("trainer_state", "small-1/checkpoint-50/trainer_state.json"), ("lightning", "small-1"), ("olmo", "small-1")],
)  # fmt: skip
def test_one_run_can_be_named(logs, kind, place):
    named = next(one for one in logs(kind).glob(place) if not deleted(one))
    assert len(find_runs(named, allow=["D02"]).runs) == 1


@pytest.mark.parametrize("kind", ["wandb", "torch", "mlflow", "mlruns", "lightning"])
def test_training_losses_are_there_when_asked_for(logs, kind):
    found = find_runs(
        logs(kind), columns={"loss": "train_loss" if kind == "lightning" else "train/loss"}, allow=["D02"]
    )
    assert sorted(found.runs["loss"]) == pytest.approx(
        sorted(train_loss(run, max(STEPS)) for run in range(RUNS)), rel=1e-7
    )
    assert set(found.runs["D"]) == {tokens(95)}


def test_wandb_says_how_a_run_ended_and_what_it_noted(logs):
    found = {run.name: run for path in logs("wandb").rglob("*.wandb") for run in wandb.read(path)}
    assert [found[name(run)].status for run in range(RUNS)] == ["finished", "finished", "failed"]
    assert found["small-0"].config == {**config(0), "model.depth": 4}
    assert found["small-0"].summary["verdict"] == "fine"
    assert sorted(read(logs("wandb"))["run"]) == ["small-0", "small-1"]
    assert "D02" in {one.code for one in read(logs("wandb")).findings}


def test_a_wandb_run_without_an_end_is_unfinished(logs, tmp_path):
    whole = next(logs("wandb").rglob("*.wandb")).read_bytes()
    (tmp_path / "run-a.wandb").write_bytes(whole[: len(whole) // 2])
    (found,) = wandb.read(tmp_path / "run-a.wandb")
    assert found.status == "unfinished"
    assert [one.code for one in found.doubts] == ["D16"]
    with pytest.raises(DataError, match=r"none of the 1 runs is finished.*--allow D02"):
        read(tmp_path)


def framed(*records):
    """Give a file of W&B with these records, none of which crosses a block."""
    frames = (struct.pack("<IHB", zlib.crc32(b"\1" + one), len(one), 1) + one for one in records)
    return b":W&B\xe1\xbe\0" + b"".join(frames)


def part(number, content):
    """Give a field of bytes, shorter than 128."""
    key = number << 3 | 2
    return bytes([key] if key < 128 else [key & 127 | 128, key >> 7]) + bytes([len(content)]) + content


def item(key, value):
    return part(1, part(2, key) + part(16, value))


def test_wandb_reads_what_json_cannot_say_and_passes_over_what_is_no_number(tmp_path):
    values = {
        b"a": b"1.5",
        b"b": b'"NaN"',
        b"c": b"Infinity",
        b"d": b'{"_type": "image"}',
        b"e": b"true",
        b"f": b"-Infinity",
    }
    record = part(
        2, b"".join(item(key, value) for key, value in values.items()) + part(200, b"") + part(2, b"\x08\x07")
    )
    (tmp_path / "run-x.wandb").write_bytes(framed(record, part(18, b"")))
    (found,) = wandb.read(tmp_path / "run-x.wandb")
    assert {key: one.values.tolist() for key, one in found.metrics.items()} == {
        "a": [1.5], "b": [pytest.approx(np.nan, nan_ok=True)], "c": [np.inf], "f": [-np.inf],
    }  # fmt: skip
    assert found.metrics["a"].steps.tolist() == [7]
    assert (found.name, found.status) == ("x", "finished")


@pytest.mark.parametrize("length", [1, 127, 128, 130, 258])
def test_a_wandb_key_may_be_of_any_length(tmp_path, length):
    from wandb.proto import wandb_internal_pb2 as writer

    key = b"k" * length
    record = writer.Record(history=writer.HistoryRecord(item=[writer.HistoryItem(key=key.decode(), value_json="2.5")]))
    noted = writer.Record(
        summary=writer.SummaryRecord(update=[writer.SummaryItem(key="s" + key.decode(), value_json="1")])
    )
    (tmp_path / "run-x.wandb").write_bytes(framed(record.SerializeToString(), noted.SerializeToString()))
    (found,) = wandb.read(tmp_path / "run-x.wandb")
    assert {name: one.values.tolist() for name, one in found.metrics.items()} == {key.decode(): [2.5]}
    assert found.summary == {"s" + key.decode(): 1.0}


def test_a_wandb_summary_keeps_the_last_word_on_each_key_and_drops_what_was_removed(tmp_path):
    nested = part(1, part(2, b"best") + part(2, b"loss") + part(16, b"2.5"))
    updates = [
        item(b"loss", b"3") + item(b"note", b'"early"') + item(b"gone", b"1"),
        item(b"loss", b"2") + item(b"_step", b"9"),
        part(2, part(2, b"gone")) + item(b"note", b'"late"') + nested,
    ]
    numbered = [b"\x08\x81\1" + part(3, update) for update in updates]  # record 129 and so on
    history = part(2, item(b"loss", b"2") + part(2, b"\x08\x09"))
    (tmp_path / "run-x.wandb").write_bytes(framed(*numbered, history, part(18, b"")))
    (found,) = wandb.read(tmp_path / "run-x.wandb")
    assert found.summary == {"note": "late", "best.loss": 2.5}


@pytest.mark.parametrize(
    "history", [b"\x0a\x7fabc", b"\x0a", part(1, part(2, b"k") + b"\x82\1\x09123"), part(1, b"\x82\1\1x")]
)
def test_a_record_that_wandb_does_not_write_is_refused(tmp_path, history):
    (tmp_path / "run-x.wandb").write_bytes(framed(part(2, history)))
    with pytest.raises(DataError, match="holds a record that W&B does not write"):
        wandb.read(tmp_path / "run-x.wandb")


def test_tensorboard_reads_scalars_of_both_styles_and_hparams_and_nothing_else(logs):
    (found,) = tensorboard.read(logs("torch") / name(1))
    assert found.metrics.keys() == {"train/loss", "val/loss", "tokens", "final"}
    assert found.metrics["train/loss"].steps.tolist() == list(STEPS)
    assert found.config == config(1)


def test_a_restarted_tensorboard_run_goes_on_where_the_last_file_says(tmp_path):
    from tensorboard.summary import Writer

    for first, count in ((1.0, 6), (2.0, 3)):
        writer = Writer(str(tmp_path / "run"))
        for step in range(3 * (first > 1), 3 * (first > 1) + count):
            writer.add_scalar("val_loss", first, step)
        writer.close()
    (found,) = tensorboard.read(tmp_path / "run")
    assert found.metrics["val_loss"].steps.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.metrics["val_loss"].values.tolist() == [1, 1, 1, 2, 2, 2]


def test_large_and_negative_steps_are_read_as_tensorboard_writes_them(tmp_path):
    from tensorboard.summary import Writer

    steps = [-3, 0, 1, 127, 128, 16384, 2**31, 2**40]
    writer = Writer(str(tmp_path))
    for step in steps:
        writer.add_scalar("val_loss", float(step), step)
    writer.close()
    (found,) = tensorboard.read(tmp_path)
    assert found.metrics["val_loss"].steps.tolist() == steps
    assert found.metrics["val_loss"].values.tolist() == steps


def test_mlflow_keeps_nan_infinity_and_the_status(tmp_path, logs):
    path = shutil.copy(logs("mlflow") / "mlflow.db", tmp_path)
    with sqlite3.connect(path) as store:
        (run,) = store.execute("SELECT run_uuid FROM runs WHERE name = 'small-0'").fetchone()
        for step, value, none in ((100, 0.0, 1), (101, 1.7976931348623157e308, 0)):
            store.execute("INSERT INTO metrics VALUES ('val/loss', ?, 1, ?, ?, ?)", (value, run, step, none))
        store.execute("UPDATE runs SET status = 'FAILED' WHERE name = 'small-1'")
    store.close()
    found = {one.name: one for one in mlflow.read(tmp_path / "mlflow.db")}
    assert np.isnan(found["small-0"].metrics["val/loss"].values[-2])
    assert found["small-0"].metrics["val/loss"].values[-1] == np.inf
    assert found["small-1"].status == "failed"
    assert found.keys() == {name(run) for run in range(RUNS)}


def test_an_mlflow_store_is_left_as_it_was(logs):
    folder = logs("mlflow")
    before = {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}
    read(folder / "mlflow.db")
    assert {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()} == before


def test_what_an_mlflow_server_has_not_yet_folded_in_is_read_too(tmp_path, logs):
    path = shutil.copy(logs("mlflow") / "mlflow.db", tmp_path)
    store = sqlite3.connect(path)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("UPDATE runs SET name = 'renamed' WHERE name = 'small-0'")
    store.commit()
    assert (tmp_path / "mlflow.db-wal").stat().st_size > 0
    assert "renamed" in {one.name for one in mlflow.read(tmp_path / "mlflow.db")}
    store.close()


def test_a_database_that_is_not_mlflows_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as store:
        store.execute("CREATE TABLE runs (x)")
        store.execute("CREATE VIEW metrics AS SELECT * FROM runs")
    store.close()
    with pytest.raises(DataError, match="a SQLite database, and none of MLflow's"):
        read(tmp_path / "other.db")


def test_mlruns_leaves_out_what_was_deleted_and_reads_nested_keys(logs):
    found = find_runs(logs("mlruns"))
    assert "deleted" not in found.runs["run"]
    places = [one.parent for one in logs("mlruns").rglob("meta.yaml") if (one.parent / "metrics").is_dir()]
    place = next(one for one in places if not deleted(one))
    assert "val/loss" in {key for run in mlruns.read(place) for key in run.metrics}


def test_the_last_checkpoint_holds_a_trainers_whole_history(logs):
    (found,) = trainer_state.read(logs("trainer_state") / name(0))
    assert found.metrics["eval_loss"].steps.tolist() == list(OTHER)
    assert found.metrics["train_loss"].steps.tolist() == list(STEPS)
    assert found.config == {"hidden_size": 256, "max_steps": 99}
    assert found.name == name(0)


def test_a_trainer_that_counted_nothing_leaves_tokens_and_flops_missing(tmp_path):
    state = {"log_history": [{"step": 1, "eval_loss": 3.0}], "total_flos": 0, "num_input_tokens_seen": 0}
    (tmp_path / "trainer_state.json").write_text(json.dumps(state))
    assert find_runs(tmp_path).missing.startswith("N and D are missing; ")


def test_lightning_takes_plain_settings_and_never_a_tag(logs):
    (found,) = lightning.read(logs("lightning") / name(0) / "metrics.csv")
    assert found.config == config(0)


def test_olmo_reads_each_step_that_was_saved(logs):
    (found,) = olmo.read(logs("olmo") / name(0))
    assert found.metrics["eval/loss"].steps.tolist() == list(OTHER)
    assert found.config["model.n_params"] == 10**7


NANOCHAT = (
    "flops_budget,depth,model_dim,params_total,num_iterations,tokens_trained,val_bpb,core_score,train_time_sec\n"
    "1e18,10,640,100000000,3000,1500000000,0.95,0.15,700\n"
    "1e18,12,768,150000000,2100,1100000000,0.93,0.0,710\n"
)


def test_nanochat_flags_a_score_that_was_written_as_zero(tmp_path):
    (tmp_path / "results.csv").write_text(NANOCHAT)
    runs = read(tmp_path / "results.csv")
    assert runs["loss"].tolist() == [0.95, 0.93]
    assert runs["N"].tolist() == [1e8, 1.5e8]
    assert runs["D"].tolist() == [1.5e9, 1.1e9]
    assert runs["core_score"][0] == 0.15
    assert np.isnan(runs["core_score"][1])
    (told,) = [one.message for one in runs.findings if one.code == "D17"]
    assert told.startswith("the CORE score of 1 run in ")
    assert "D17" in {one.code for one in runs.where("N > 1e8").findings}


def test_nanochat_without_a_zero_raises_nothing(tmp_path):
    (tmp_path / "results.csv").write_text(NANOCHAT.replace(",0.0,", ",0.2,"))
    assert not [one for one in read(tmp_path / "results.csv").findings if one.code == "D17"]
    assert {run.name for run in nanochat.read(tmp_path / "results.csv")} == {
        "flops 1e+18 depth 10",
        "flops 1e+18 depth 12",
    }


def test_a_line_without_its_end_is_left_out_and_said(tmp_path):
    (tmp_path / "results.csv").write_text(NANOCHAT[:-3])
    runs = read(tmp_path / "results.csv")
    assert len(runs) == 1
    assert [one.severity for one in runs.findings if one.code == "D16"] == ["WARN"]


def test_a_chart_exported_from_wandb_is_a_run_a_column(tmp_path):
    heads = [f'"{run} - val/loss{end}"' for run in ("a - b", "c") for end in ("", "__MIN", "__MAX")]
    (tmp_path / "chart.csv").write_text(f'"Step",{",".join(heads)}\n10,3,3,3,,,\n20,2.5,2.5,2.5,2.75,2.75,2.75\n')
    found = {run.name: run.metrics["val/loss"] for run in wandb_export.read(tmp_path / "chart.csv")}
    assert found["a - b"].values.tolist() == [3, 2.5]
    assert found["c"].steps.tolist() == [20]
    (tmp_path / "sizes.csv").write_text("run,N\na - b,10M\nc,20M\n")
    runs = read(tmp_path / "chart.csv", per_run=tmp_path / "sizes.csv", columns={"D": "step*512"})
    assert runs["N"].tolist() == [1e7, 2e7]
    assert runs["D"].tolist() == [10240, 10240]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("a: 1e18", 1e18), ("a: 12", 12.0), ("a: 'it''s: so'", "it's: so"), ('a: "b\\n"', "b\n"), ("a: true", True),
        ("a: word", "word"), ("a: -3.5", -3.5), ("a: null", None), ("a: !!python/object:os.system x", None),
        ("a: &x 3", None), ("a: *x", None), ("a: [1, 2]", None), ("a: {b: 1}", None), ("a: |", None), ("  a: 3", None),
        ("- a: 3", None), ("# a: 3", None), ("a:", None),
    ],
)  # fmt: skip
def test_only_plain_lines_of_a_yaml_file_are_settings(tmp_path, line, value):
    (tmp_path / "x.yaml").write_text(f"{line}\n")
    assert settings(tmp_path / "x.yaml").get("a") == value


def test_nanochat_results_of_two_forms_in_one_folder_are_read_as_each_alone(tmp_path):
    common = "num_iterations,tokens_trained,val_bpb,core_score\n"
    (tmp_path / "a.csv").write_text(f"depth,num_scaling_params,{common}8,41943040,1600,838860800,1.042,0.08\n")
    parts = "depth,params_transformer,params_lm_head,"
    (tmp_path / "b.csv").write_text(f"{parts}{common}10,49152000,20971520,3300,1730150400,1.14,0.1\n")
    runs = read(tmp_path)
    assert runs["N"].tolist() == [41943040, 70123520]
    assert runs["loss"].tolist() == [1.042, 1.14]
    assert runs["C"].tolist() == [float(read(tmp_path / name)["C"][0]) for name in ("a.csv", "b.csv")]
