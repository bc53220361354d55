"""What is uploaded is kept under its hash or not at all, and no body, name or request can do harm."""

import asyncio
import gzip
import hashlib
import io
import json
import math
import pickle
import stat
import zipfile
from urllib.parse import quote

import pytest
from served import TABLE, memory, reply, until
from tabled import columns

import isoflop
from isoflop.faces.web import uploads as tables
from isoflop.faces.web.uploads import Tables

pytest_plugins = ["web_fixtures"]

MIB = 1 << 20
SHA = hashlib.sha256(TABLE).hexdigest()


def zipped(name):
    with (stream := io.BytesIO()) and zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, TABLE)
    return stream.getvalue()


def test_a_table_is_kept_under_its_hash_in_a_private_folder(served):
    answer = served.upload(TABLE, "my runs.csv".replace(" ", "%20"))
    assert answer.status == 200
    found = answer.json
    assert (found["table"], found["name"], found["kind"], found["runs"]) == (SHA, "my runs.csv", "runs", 40)
    assert f"{SHA}.csv" in served.kept
    assert (served.folder / f"{SHA}.csv").read_bytes() == TABLE
    assert stat.S_IMODE(served.folder.stat().st_mode) == 0o700
    view = served.post("/api/views", {"table": SHA, "name": "my runs.csv", "law": "chinchilla"})
    assert view.status == 200
    assert str(served.folder) not in view.body.decode()


def test_the_same_bytes_are_kept_once_whatever_they_are_called(served):
    ids = {served.upload(TABLE, name).json["table"] for name in ("a.csv", "b.csv", "c.tsv", "d.csv")}
    assert ids == {SHA}
    assert [name for name in served.kept if name.startswith(SHA)] == [f"{SHA}.csv"]


NAMES = ("../../etc/x", "..\\..\\x.csv", "/etc/passwd", "CON", "nul.csv", "a" * 300, "\u202egpj.csv", "%252e%252e/x",
         "x.csv/..", "x.CSV", "x.csv.py", ".csv", "~", "<img src=x onerror=alert(1)>.csv", "a\0b.csv",
         "a\r\nSet-Cookie: x=1", "x.csv\0.py", "=HYPERLINK(1)", "\ud800.csv")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_and_never_touches_the_disk(served, name):
    around = set(served.temporary.parent.rglob("*"))
    answer = served.upload(TABLE, quote(name, errors="surrogatepass"))
    assert answer.status == 200
    if "\ud800" not in name:
        assert answer.json["name"] == name
    assert answer.json["table"] == SHA
    assert {one.split(".")[1:][0] if "." in one else "" for one in served.kept if SHA in one} <= {"", "csv"}
    assert all(SHA in one.name for one in set(served.temporary.parent.rglob("*")) - around)
    assert not answer.headers["Set-Cookie"]


@pytest.mark.parametrize("query", ["", "?name=", "?name=" + "a" * 301, "?path=/etc/passwd"])
def test_a_table_needs_a_name_to_be_called_by(served, query):
    assert "name" in served.post(f"/api/tables{query}", TABLE).error


REFUSED = {
    "empty.csv": b"",
    "blank.csv": b"\n\n",
    "header.csv": b"N,D,loss\n",
    "nul.csv": TABLE[:60] + b"\0" + TABLE[60:],
    "latin.csv": TABLE + b"1e6,1e9,3.1,\xe9\n",
    "wide.csv": TABLE.decode().encode("utf-16-le"),
    "twice.csv": b"N,D,loss,loss\n1e6,1e9,3,3\n",
    "quoted.csv": b'N,D,loss\n1e6,1e9,"3\n' * 1000,
    "pickle.csv": pickle.dumps({"N": [1e6]}),
    "old.csv": pickle.dumps({"N": [1e6]}, protocol=0),
    "runs.pkl": pickle.dumps([1]),
    "bomb.csv.gz": gzip.compress(bytes(300 * MIB), 9),
    "bomb.csv": gzip.compress(gzip.compress(TABLE)),
    "up.zip": zipped("../../x.csv"),
    "book.xlsx": zipped("xl/workbook.xml"),
    "weights.pt": zipped("archive/data.pkl"),
    "array.npy": b"\x93NUMPY\x01\0v\0{'descr': '|O'}",
    "weights.safetensors": b"\xff" * 7 + b'\x7f{"a":1}',
    "nan.json": b'[{"N": 1e6, "D": 1e9, "loss": NaN}]',
    "huge.json": b'[{"N": 1e999, "D": 1e9, "loss": 3}]',
    "deep.json": b"[" * 100_000,
    "cut.parquet": b"PAR1" + bytes(100),
    "cut.wandb": b":W&B" + bytes(50),
    "fit.json": b'{"isoflop": 1, "sha256": "' + b"0" * 64 + b'", "law": "chinchilla"}',
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_table_is_refused_and_not_kept(served, name):
    before = served.kept
    answer = served.upload(REFUSED[name], name)
    assert answer.status == 422
    assert name in answer.error
    assert served.kept == before


BAD = b"params,tokens,loss\n1e6,1e8,3.9\n2e6,many,3.8\n4e6,1e9,oops\n8e6,1e9,3.1\n"


def test_cells_that_are_no_numbers_are_listed_and_mended_or_left_out(served):
    found = served.upload(BAD, "bad.csv").json
    assert found["guessed"] == {"N": "params", "D": "tokens", "loss": "loss"}
    assert [(one["row"], one["column"], one["cell"]) for one in found["bad"]] == [
        (3, "tokens", "many"),
        (4, "loss", "oops"),
    ]
    asked = {"table": found["table"], "name": "bad.csv", "columns": {}, "cells": [[4, "loss", "3.5"]]}
    mended = served.post("/api/mended", asked).json
    assert (mended["bad"], mended["runs"], mended["name"]) == ([], 3, "bad.csv")
    kept = isoflop.read(served.folder / f"{mended['table']}.csv")
    assert (kept["N"].tolist(), kept["loss"].tolist()) == ([1e6, 4e6, 8e6], [3.9, 3.5, 3.1])
    for cells in ([[9, "loss", "1"]], [[4, "less", "1"]], [[4, "loss"]], ["4"]):
        assert served.post("/api/mended", {**asked, "cells": cells}).status == 400


def test_which_column_is_which_can_be_said_after_the_file_was_seen(served):
    found = served.upload(BAD.replace(b"params", b"weights"), "bad.csv").json
    assert found["lacking"] == ["N", "loss"] or found["lacking"] == ["N"]
    again = served.post("/api/previews", {"table": found["table"], "name": "bad.csv", "columns": {"N": "weights"}}).json
    assert (again["lacking"], again["guessed"]["N"]) == ([], "weights")


def test_a_sweep_of_learning_rates_is_also_tuned_and_losses_in_other_units_are_told(served):
    sizes = [(N, D, lr) for N in (5e7, 2e8, 8e8) for D in (2e9, 8e9) for lr in (3e-4, 6e-4, 1e-3, 2e-3, 4e-3)]
    losses = [(1.8 + 400 / N**0.34 + 410 / D**0.28) * (1 + 0.01 * math.log(lr / 1e-3) ** 2) for N, D, lr in sizes]
    rows = "".join(f"{N},{D},{lr},{loss}\n" for (N, D, lr), loss in zip(sizes, losses, strict=True))
    found = served.upload(f"N,D,lr,loss\n{rows}".encode(), "lr.csv").json
    assert found["suits"] == ["tune"]
    asked = {"table": found["table"], "name": "lr.csv", "kind": "tune", "columns": {}, "at": "N=3B D=60B"}
    told = served.post("/api/results", asked).json
    assert "lr.csv" in told["text"]
    assert str(served.temporary) not in told["text"]
    best = isoflop.tune(isoflop.read(served.folder / f"{found['table']}.csv"), at=[{"N": 3e9, "D": 6e10}])
    assert str(best.targets[0].best["lr"]).split()[0] in told["text"]
    assert told["figure"].lstrip().startswith("<?xml")
    for wrong in ({"kind": "sing"}, {"at": "N"}, {"at": "__class__=1"}):
        assert served.post("/api/results", {**asked, **wrong}).status == 400


def bundle(files):
    listed = json.dumps([[name, len(body)] for name, body in files.items()]).encode()
    return b"isoflop files 1\n" + listed + b"\n" + b"".join(files.values())


def test_a_folder_of_logs_is_read_as_on_the_command_line(served):
    rows = list(zip(*(columns()[key] for key in ("N", "D", "loss")), strict=True))
    files = {f"logs/version_{run}/metrics.csv": f"step,val_loss,N,D\n1,9.0,{N},{D}\n2,{loss},{N},{D}\n".encode()
             for run, (N, D, loss) in enumerate(rows)}  # fmt: skip
    found = served.upload(bundle(files), "logs").json
    assert (found["runs"], found["lacking"]) == (len(rows), [])
    view = served.post("/api/views", {"table": found["table"], "name": "logs", "law": "chinchilla"}).json
    assert sorted(one["loss"] for one in view["runs"]) == pytest.approx(sorted(columns()["loss"]))


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "a//b", "", "a\\..\\x", "x/" * 20 + "y", "a\0b"])
def test_a_file_in_a_folder_stays_in_it(served, name):
    around = set(served.temporary.parent.rglob("*"))
    refused = served.upload(bundle({name: TABLE}), "logs")
    assert refused.status == 422
    assert "no folder can hold" in refused.error
    assert set(served.temporary.parent.rglob("*")) == around


def test_a_table_that_is_gzipped_is_read(served):
    assert served.upload(gzip.compress(TABLE), "runs.csv.gz").json["runs"] == 40


def test_a_saved_fit_is_known_as_one(served, tmp_path):
    table = tmp_path / "runs.csv"
    table.write_bytes(TABLE)
    isoflop.save(isoflop.fit("chinchilla", isoflop.read(table), draws=20), tmp_path / "fit.json")
    assert served.upload((tmp_path / "fit.json").read_bytes(), "fit.json").json["kind"] == "fit"


def test_a_length_that_is_too_large_is_refused_before_it_is_sent(served):
    before = served.kept
    status, _ = reply(served.begin("/api/tables?name=x.csv", Content_Length=64 * MIB + 1))
    assert status == 413
    assert served.kept == before


@pytest.mark.parametrize("told", [True, False])
def test_65_mib_are_refused_and_neither_kept_nor_held_in_memory(served, told):
    before, held = served.kept, memory(served.process.pid)
    piece = b"8e6,1.6e8,3.2\n" * (MIB // 14)
    if told:
        started = served.begin("/api/tables?name=x.csv", Content_Length=65 * MIB)
    else:
        started = served.begin("/api/tables?name=x.csv", Transfer_Encoding="chunked")
    for _ in range(65):
        started.sendall(piece if told else b"%x\r\n%s\r\n" % (len(piece), piece))
    started.sendall(b" " * 65 * (MIB - len(piece)) if told else b"80000\r\n" + bytes(0x80000) + b"\r\n0\r\n\r\n")
    status, text = reply(started)
    assert (status, served.kept) == (413, before)
    assert "Keep one row a run" in text
    assert memory(served.process.pid) - held < 8 * MIB


def test_a_table_of_60_mib_goes_through_a_few_mib_of_the_servers_memory(served):
    table = b"\n".join([TABLE.strip(), b",,".join([b" " * 1000] * 60_000)])
    held = memory(served.process.pid)
    assert served.upload(table, "large.csv").status == 422  # that line is no run
    assert memory(served.process.pid) - held < 8 * MIB


def test_what_was_half_sent_leaves_nothing_behind(served):
    before = served.kept
    started = served.begin("/api/tables?name=x.csv", TABLE, Content_Length=len(TABLE) + 1)
    until(lambda: len(served.kept) == len(before) + 1)
    started.close()
    until(lambda: served.kept == before)


def test_of_more_than_four_bodies_at_once_the_next_is_asked_to_come_again(served):
    size = len(TABLE)
    begun = [served.begin("/api/tables?name=x.csv", TABLE[:-1], Content_Length=size) for _ in range(4)]
    until(lambda: len([one for one in served.kept if "." not in one and len(one) == 32]) == 4)
    refused = served.upload()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    for one in begun:
        one.sendall(TABLE[-1:])
    assert [reply(one)[0] for one in begun] == [200] * 4
    assert served.upload().status == 200


def test_of_more_than_64_tables_the_oldest_goes(served):
    ids = [served.upload(TABLE + b"1e6,1e9,%d.5\n" % number, "x.csv").json["table"] for number in range(65)]
    assert len(served.kept) == 64
    gone = served.post("/api/views", {"table": ids[0]})
    assert (gone.status, gone.error) == (404, "this table is not kept any more. Give the file again.")
    assert served.post("/api/views", {"table": ids[-1], "law": "chinchilla"}).status == 200


def test_of_more_bytes_than_may_be_kept_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MOST_BYTES", 25)

    async def uploaded(content):
        async def pieces():
            yield content

        return await kept.receive(pieces(), "x.csv")

    kept = Tables(tmp_path)
    received = [asyncio.run(uploaded(letter * 10)) for letter in (b"a", b"b", b"c", b"b")]
    for table, path in received:
        kept.keep(table, path)
    assert [kept.path(table) is None for table, _ in received] == [True, False, False, False]
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("table", ["../../etc/passwd", "/etc/passwd", SHA[:-1], SHA + ".csv", "", "."])
def test_a_table_is_named_by_its_id_alone(served, table):
    assert served.post("/api/views", {"table": table}).status == 404


def test_a_dataset_is_never_a_file_of_the_machine(served):
    file = served.temporary.parent / "secret.csv"  # where the server was started
    file.write_bytes(TABLE)
    for name in ("secret.csv", str(file), "./secret.csv", "/etc/passwd", "-", "tinylm/../secret.csv"):
        assert served.post("/api/views", {"dataset": name}).status in {400, 422}
        assert served.post("/api/views", {"curves": [name]}).status in {400, 422}


BAD_JSON = {
    "nothing": b"",
    "no object": b"[]",
    "no JSON": b"{'dataset': 'tinylm'}",
    "NaN": b'{"dataset": NaN}',
    "Infinity": b'{"dataset": -Infinity}',
    "1e999": b'{"dataset": 1e999}',
    "400 digits": b'{"dataset": %s}' % (b"9" * 400),
    "5,000 digits": b'{"dataset": %s}' % (b"9" * 5000),
    "a name twice": b'{"dataset": "tinylm", "dataset": "x"}',
    "no UTF-8": b'{"dataset": "\xff"}',
    "deep": b'{"curves": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "too deep": b'{"columns": ' + b"[" * 900 + b"]" * 900 + b"}",
    "unknown": b'{"dataset": "tinylm", "leraning_rate": 1}',
    "no source": b'{"law": "chinchilla"}',
    "two sources": b'{"dataset": "tinylm", "curves": ["hoffmann2022"]}',
    "a list": b'{"dataset": ["tinylm"]}',
    "numbers": b'{"curves": [1, 2]}',
    "one curve": b'{"curves": "hoffmann2022"}',
    "columns": b'{"dataset": "tinylm", "columns": {"N": 1}}',
    "null": b'{"dataset": "tinylm", "where": null}',
}


@pytest.mark.parametrize("what", BAD_JSON)
def test_a_request_that_is_not_as_it_must_be_is_refused_with_a_reason(served, what):
    refused = served.post("/api/views", BAD_JSON[what])
    assert refused.status == 400
    assert refused.error[-1] == "."


@pytest.mark.parametrize(
    "number", ["NaN", "-Infinity", "1e999", "-1e999", "9" * 400, "[" * 900 + "]" * 900, "[[[[[[1]]]]]]"]
)
def test_a_demand_holds_finite_numbers_and_is_not_deep(served, number):
    body = b'{"view": "x", "demand": {"flops": %s}}'
    refused = served.post("/api/plans", body % number.encode())
    assert (refused.status, "finite" in refused.error or "deep" in refused.error) == (400, True)
    assert served.post("/api/plans", body % b"[1e300]").status == 404  # as good as the view is unknown


@pytest.mark.parametrize("path", ["/api/views", "/api/plans", "/api/exports"])
def test_json_of_more_than_64_kib_is_refused(served, path):
    assert served.post(path, b'{"columns": ' + b"[" * 100_000).status == 413
    assert served.post(path, b'{"law": "%s"}' % (b"x" * 65_000)).status == 400


@pytest.mark.parametrize(
    ("path", "asked"),
    [("plans", {"view": 1, "demand": {}}), ("plans", {"view": "x", "demand": []}), ("plans", {"view": "x", "plan": {}}),
     ("exports", {"view": "x", "what": "../../x.html", "demand": {}}), ("exports", {"view": "x", "what": "x.exe"}),
     ("exports", {"view": "x", "what": 'a"\r\nX: 1.html'}), ("exports", {"view": "x", "demand": {}})],
)  # fmt: skip
def test_plans_and_exports_take_what_they_know(served, path, asked):
    assert served.post(f"/api/{path}", asked).status == 400


@pytest.mark.parametrize("view", ["0123456789abcdef", "", "x" * 999])
def test_a_view_that_was_not_made_is_not_found(served, view):
    assert served.post("/api/plans", {"view": view, "demand": {}}).status == 404
    assert served.post("/api/exports", {"view": view, "what": "report.html"}).status == 404
    assert served.get(f"/api/views/{view}/laws.js").status == 404


@pytest.mark.parametrize(
    "where", ["__import__('os').system('touch x')", "().__class__", "open('/etc/passwd')", "(" * 10_000, "N >", "1e999"]
)
def test_a_condition_cannot_be_a_program(served, where):
    refused = served.post("/api/views", {"dataset": "tinylm", "where": where})
    assert refused.status in {400, 422}
    assert json.loads(refused.body)["error"]
