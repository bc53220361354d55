"""What isoflop web is told to open stands in the address that it prints, and is there."""

from urllib.parse import parse_qs

import pytest
from served import TABLE, patient, serving
from tabled import columns

import isoflop
from isoflop.faces.web.first_view import first_view
from isoflop.faces.web.uploads import Tables

pytest_plugins = ["commands"]


def said(fragment):
    assert fragment.startswith("#")
    return {key: value for key, (value,) in parse_qs(fragment[1:]).items()}


def test_a_file_is_opened_with_the_law_and_the_runs_that_are_asked_for(tmp_path):
    (tmp_path / "my runs.csv").write_bytes(TABLE)
    with serving(
        tmp_path, patient(tmp_path), asked=["my runs.csv", "--law", "E + A/N^alpha + B/D^beta", "--where", "N > 1e6"]
    ) as one:
        request = said(one.fragment)
        assert (request["name"], request["where"]) == ("my runs.csv", "N > 1e6")
        found = one.post("/api/views", request)
        assert found.status == 200
        assert found.json["name"] == "my runs.csv"
        assert [law["formula"] for law in found.json["laws"]] == ["E + A/N^alpha + B/D^beta"]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [("", None), ("tinylm", {"dataset": "tinylm"}), ("besiroglu2024", {"curves": '["besiroglu2024"]'}),
     ("besiroglu2024,hoffmann2022", {"curves": '["besiroglu2024", "hoffmann2022"]'})],
)  # fmt: skip
def test_what_has_a_name_is_opened_by_it(source, wanted, tmp_path):
    found = first_view(Tables(tmp_path), {"source": source, "law": "", "where": ""})
    assert (said(found) if found else None) == wanted


@pytest.mark.parametrize(("source", "why"), [("tinyml", "tinylm"), ("besiroglu2024,hofmann2022", "hoffmann2022")])
def test_what_is_not_there_is_refused_in_words(source, why, tmp_path):
    with pytest.raises(isoflop.UsageError, match=why):
        first_view(Tables(tmp_path), {"source": source})


def test_a_folder_of_logs_becomes_one_table(tmp_path):
    logs, tables = tmp_path / "lightning_logs", Tables(tmp_path)
    for run, (N, D, loss) in enumerate(zip(*(columns()[key] for key in ("N", "D", "loss")), strict=True)):
        (logs / f"version_{run}").mkdir(parents=True)
        (logs / f"version_{run}" / "metrics.csv").write_text(f"step,val_loss,N,D\n1,9.0,{N},{D}\n2,{loss},{N},{D}\n")
    request = said(first_view(tables, {"source": str(logs)}))
    assert request["name"] == "lightning_logs.csv"
    runs = isoflop.read(tables.path(request["table"]))
    assert sorted(runs["loss"]) == pytest.approx(sorted(columns()["loss"]))


def test_a_folder_that_lacks_something_is_refused_with_what_to_type(tmp_path):
    (tmp_path / "logs" / "version_0").mkdir(parents=True)
    (tmp_path / "logs" / "version_0" / "metrics.csv").write_text("step,val_loss\n1,9.0\n")
    with pytest.raises(isoflop.DataError, match=r"missing.*isoflop read"):
        first_view(Tables(tmp_path), {"source": str(tmp_path / "logs")})


def test_the_command_refuses_before_it_serves(run, tmp_path):
    done = run("web", tmp_path / "none.csv", "--no-browser", "--port", 0)
    assert done.code == 2
    assert "none.csv" in done.err
    assert "--where is of runs" in run("web", "--where", "N > 1", "--no-browser", "--port", 0).err
