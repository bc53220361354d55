"""What a page is given of a source, before a browser sees it."""

import json
import re
from html import unescape
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tabled import columns, csv

import isoflop
from isoflop.faces.pages.browser import asset, joined
from isoflop.faces.pages.content import content
from isoflop.faces.report import report_text
from isoflop.faces.web import work
from isoflop.fitting.saved import to_json
from isoflop.laws import CURVES


@pytest.fixture
def table(tmp_path):
    """Give a function that writes a table and gives the request of a view of it."""

    def table(rows, name="runs.csv", **asked):
        path = tmp_path / f"kept-there-{hash(rows)}.csv"
        path.write_text(rows)
        return {"table": str(path), "name": name, **asked}

    return table


def test_of_many_runs_an_even_share_is_listed_and_said(monkeypatch):
    monkeypatch.setattr(import_module("isoflop.faces.pages.content"), "MOST_SHOWN", 40)
    N, D = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e6, 1e9, 12), np.geomspace(1e8, 1e11, 12)))
    loss = CURVES["besiroglu2024"](N, D)
    many = isoflop.fit("chinchilla", {"N": N, "D": D, "loss": loss}, draws=20)
    found = content(many)
    assert found["of_runs"] == 144
    assert 20 < len(found["runs"]) <= 40
    text = report_text(many, ".md")
    assert f"{len(found['runs'])} of 144 runs" in text


def test_a_saved_fit_is_shown_as_it_is(tmp_path):
    path = tmp_path / "4567.json"
    isoflop.save(isoflop.fit("chinchilla", columns(), draws=50), path)
    told = work.describe(str(path), "my fit.json", {})
    assert (told["kind"], told["law"], told["runs"]) == ("fit", "chinchilla", 40)
    request = {"table": str(path), "name": "my fit.json"}
    assert [law["name"] for law in work.view(request)["laws"]] == ["chinchilla"]
    with pytest.raises(isoflop.UsageError, match="Leave the law, --where"):
        work.view({**request, "law": "coupled"})


def test_a_table_is_called_by_its_users_name_in_all_that_is_said(table, monkeypatch):
    monkeypatch.setattr(import_module("isoflop.faces.report.document"), "exhibits", lambda *_: ())  # they take long
    request = table(csv(columns()), name="mine.csv")
    for said in (work.view(request), work.plan(request, {"flops": 1e21})):
        text = to_json(said)
        assert "mine.csv" in text
        assert "kept-there" not in text
    with pytest.raises(isoflop.DataError, match=r"^mine\.csv") as refused:
        work.view(table("N,D,loss\n1e6,1e8,many\n", name="mine.csv"))
    assert "kept-there" not in str(refused.value)
    page = work.export({**request, "where": "N > 1e6"}, "report.html", {}).decode()
    assert "isoflop report mine.csv --where 'N > 1e6'" in unescape(page)


def test_a_dataset_is_never_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").write_text(csv(columns()))
    for name in ("runs.csv", str(tmp_path / "runs.csv"), "../runs.csv", ""):
        with pytest.raises(isoflop.UsageError, match="there is no dataset"):
            work.view({"dataset": name})


@pytest.mark.parametrize("what", ["frontier.exe", "residuals.pdf", "report.md", "../plan.toml"])
def test_only_what_is_listed_is_exported(table, what):
    with pytest.raises(isoflop.UsageError, match=r"Say plan\.toml, or of runs report\.html, frontier\.pdf"):
        work.export(table(csv(columns())), what, {"flops": 1e21})


def test_a_page_is_of_losses_and_of_size_and_data(table):
    with pytest.raises(isoflop.UsageError, match="a law of N and D"):
        work.view(table(csv(columns()), law="E + A/N^alpha"))
    with pytest.raises(isoflop.UsageError, match="a law of N and D"):
        work.view({"curves": ["kaplan2020-N"]})


def test_the_modules_joined_need_nothing_else():
    script = joined()
    assert "import " not in script
    assert "export " not in script
    names = re.findall(r"(?m)^const (\w+)", script)
    assert len(names) == len(set(names))  # the modules share one scope there


def test_the_vendored_library_is_the_one_that_its_lock_names():
    lock = Path(__file__).parent.parent / "vendor" / "plot" / "package-lock.json"
    version = json.loads(lock.read_text())["packages"]["node_modules/@observablehq/plot"]["version"]
    assert f"@observablehq/plot {version} (ISC)" in asset("plot.js").splitlines()[0]
    assert f"@observablehq/plot {version} (ISC)\n\nCopyright" in asset("plot.LICENSES.txt")
