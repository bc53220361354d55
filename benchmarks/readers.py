"""What reading costs: CPU seconds for a million values of metrics in each format that can hold so many.

    python benchmarks/readers.py [FORMAT ...]

Each file is written to a temporary folder, and read by `isoflop.read` in a fresh process, start of Python included.
Aim: at most 5 CPU seconds each. Exits with 1 if one misses.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from measure import once

ROWS = 1_000_000
RUNS = 10
AIM = 5.0  # CPU seconds
KEYS = ("train/loss", "val/loss", "tokens", "lr")


def wandb(folder: Path) -> Path:
    """Write ten offline files; 1e6 values in records of four, each with W&B's own _step, _runtime and _timestamp."""
    for run in range(RUNS):
        records = [
            _field(17, _field(1, b"id") + _field(8, b"run%d" % run) + _field(4, _item(1, "n_params", 1e7 * (run + 1))))
        ]
        for step in range(ROWS // RUNS // len(KEYS)):
            values = (4 - step / ROWS, 4.1 - step / ROWS, 1000 * step, 3e-4)
            items = [_item(1, key, value) for key, value in zip(KEYS, values, strict=True)]
            own = [_item(1, "_timestamp", 1.7e9 + step), _item(1, "_runtime", 0.1 * step), _item(1, "_step", step)]
            records.append(_field(2, b"".join(items + own) + _field(2, b"\x08" + _varint(step))))
        records.append(_field(18, b""))
        (folder / f"run-{run}.wandb").write_bytes(_framed(records))
    return folder


def wandb_calls(folder: Path) -> Path:
    """Write ten offline files of 100,000 calls of one value each, with the two updates of the summary around a call."""
    for run in range(RUNS):
        records = [_field(17, _field(1, b"id") + _field(8, b"run%d" % run) + _field(4, _item(1, "n_params", 1e7)))]
        for step in range(ROWS // RUNS):
            own = [_item(1, "_timestamp", 1.7e9 + step), _item(1, "_runtime", 0.1 * step), _item(1, "_step", step)]
            now = b"".join([_item(1, "val/loss", 4.1 - step / ROWS), *own])
            nested = _field(1, _field(2, b"_wandb") + _field(2, b"runtime") + _field(16, b"%d" % step))
            for kind, content in ((3, nested), (3, now), (2, now + _field(2, b"\x08" + _varint(step)))):
                records.append(b"\x08" + _varint(len(records)) + _field(kind, content))
        records.append(_field(18, b""))
        (folder / f"run-{run}.wandb").write_bytes(_framed(records))
    return folder


def _framed(records: list[bytes]) -> bytes:
    out = bytearray(b":W&B\xe1\xbe\0")
    for record in records:
        rest, kind = record, 1
        while True:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += bytes(room)
                continue
            part, rest = rest[: room - 7], rest[room - 7 :]
            last = not rest
            code = (1 if last else 2) if kind == 1 else (4 if last else 3)
            out += struct.pack("<IHB", zlib.crc32(bytes([code]) + part), len(part), code) + part
            kind = 0
            if last:
                break
    return bytes(out)


def _item(number: int, key: str, value: float) -> bytes:
    return _field(number, _field(2, key.encode()) + _field(16, json.dumps(value).encode()))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def tensorboard(folder: Path) -> Path:
    """Write ten event files with TensorBoard's own writer."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    for run in range(RUNS):
        (folder / f"run{run}").mkdir()
        with (folder / f"run{run}" / "events.out.tfevents.1").open("wb") as stream:
            writer = RecordWriter(stream)
            for step in range(ROWS // RUNS // len(KEYS)):
                for key in KEYS:
                    value = Summary.Value(tag=key, simple_value=4 - step / ROWS)
                    writer.write(
                        Event(wall_time=1.7e9 + step, step=step, summary=Summary(value=[value])).SerializeToString()
                    )
    return folder


def mlflow(folder: Path) -> Path:
    """Write a store as MLflow lays it out: the tables and the key that are read."""
    path = folder / "mlflow.db"
    with sqlite3.connect(path) as store:
        store.executescript(
            "CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, lifecycle_stage TEXT);"
            "CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, lifecycle_stage TEXT,"
            "experiment_id INT);"
            "CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));"
            "CREATE TABLE metrics (key VARCHAR(250), value FLOAT NOT NULL, timestamp BIGINT NOT NULL,"
            "run_uuid VARCHAR(32), step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL,"
            "PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));"
            "INSERT INTO experiments VALUES (1, 'sweep', 'active');"
        )
        for run in range(RUNS):
            uid = f"{run:032x}"
            store.execute("INSERT INTO runs VALUES (?, ?, 'FINISHED', 'active', 1)", (uid, f"run{run}"))
            store.execute("INSERT INTO params VALUES ('n_params', ?, ?)", (str(10**7 * (run + 1)), uid))
            rows = (
                (key, 4 - step / ROWS, 1_700_000_000_000 + step, uid, step, 0)
                for step in range(ROWS // RUNS // len(KEYS))
                for key in KEYS
            )
            store.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
    return path


def mlruns(folder: Path) -> Path:
    """Write MLflow's old store of files."""
    for run in range(RUNS):
        place = folder / "mlruns" / "1" / f"{run:032x}"
        for name in ("metrics/train", "metrics/val", "params"):
            (place / name).mkdir(parents=True)
        (place / "meta.yaml").write_text(f"run_name: run{run}\nstatus: 3\nlifecycle_stage: active\n")
        (place / "params" / "n_params").write_text(str(10**7 * (run + 1)))
        for key in KEYS:
            steps = range(ROWS // RUNS // len(KEYS))
            (place / "metrics" / key).write_text(
                "".join(f"{1_700_000_000_000 + s} {4 - s / ROWS} {s}\n" for s in steps)
            )
    return folder / "mlruns"


def lightning(folder: Path) -> Path:
    """Write ten metrics.csv."""
    for run in range(RUNS):
        (folder / f"run{run}").mkdir()
        lines = ["epoch,step,train_loss,val_loss,tokens,lr"]
        lines += [f"0,{s},{4 - s / ROWS},{4.1 - s / ROWS},{1000 * s},0.0003" for s in range(ROWS // RUNS // len(KEYS))]
        (folder / f"run{run}" / "metrics.csv").write_text("\n".join(lines) + "\n")
    return folder


def trainer_state(folder: Path) -> Path:
    """Write ten trainer_state.json."""
    for run in range(RUNS):
        (folder / f"run{run}").mkdir()
        history = [
            {"step": s, "eval_loss": 4 - s / ROWS, "loss": 4.1, "learning_rate": 3e-4, "grad_norm": 1.0}
            for s in range(ROWS // RUNS // len(KEYS))
        ]
        state = {
            "global_step": len(history),
            "total_flos": 1e18,
            "num_input_tokens_seen": 10**9,
            "log_history": history,
        }
        (folder / f"run{run}" / "trainer_state.json").write_text(json.dumps(state))
    return folder


def parquet(folder: Path) -> Path:
    """Write a table of 1e6 runs."""
    import duckdb

    path = folder / "runs.parquet"
    table = "SELECT 'run' || i AS run, 1e7 + i AS N, 1e9 + i AS D, 4 - i / 1e6 AS loss FROM range(?) t(i)"
    duckdb.sql(table, params=[ROWS]).write_parquet(str(path))
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    one.__name__: one for one in (wandb, wandb_calls, tensorboard, mlflow, mlruns, lightning, trainer_state, parquet)
}
_READ = "import isoflop, sys; found = isoflop.find_runs(sys.argv[1]); print(len(found.runs), found.kind)"


def main(names: list[str]) -> int:
    """Measure each format and say whether the aim is met; give the exit code."""
    missed = 0
    for name in names or FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            path = FORMATS[name](Path(folder))
            size = sum(one.stat().st_size for one in Path(folder).rglob("*") if one.is_file())
            taken = once([sys.executable, "-c", _READ, str(path)])
            told = f"{taken.cpu:5.2f} CPU s  {taken.peak:5.0f} MB peak  {taken.output.strip()}"
            print(f"{name:14} {size / 1e6:6.0f} MB  {told}")
            missed += taken.cpu > AIM
    print(f"aim: {AIM:g} CPU s each, {'met' if not missed else f'missed by {missed}'}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
