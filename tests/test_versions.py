"""What an older version wrote opens in this one: what tests/keep_version.py kept of each, which never changes.

Fits, plans as TOML and JSON, reports, registers, studies and packed studies, from the version on that has such.
"""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from schemas import obeys

import isoflop
from isoflop.errors import UsageError
from isoflop.experiments.register import history, open_ledger
from isoflop.experiments.study import open_study
from isoflop.experiments.study.pack import unpack
from isoflop.experiments.study.progress import progress

VERSIONS = sorted((Path(__file__).parent / "versions").iterdir())
pytest_plugins = ["commands"]


def having(name):
    """Give a test every version that kept something by this name."""
    some = [one for one in VERSIONS if (one / name).exists()]
    return pytest.mark.parametrize("kept", some, ids=lambda folder: folder.name)


@having("fit.json")
def test_a_saved_fit_opens_and_forecasts(kept):
    fit = isoflop.load(kept / "fit.json")
    assert len(fit.runs) == len(isoflop.read(kept / "runs.csv"))
    (found,) = isoflop.forecast(fit, N=1e10, D=1e11)
    assert 1.7 < found.loss.low < found.loss.value < found.loss.high < 4


@having("plan.toml")
def test_a_saved_plan_is_read_as_toml(kept):
    plan = tomllib.loads((kept / "plan.toml").read_text())
    assert plan["N"]["value"] > 0


@having("study")
def test_a_study_opens_with_all_its_results_and_nothing_is_trained_again(kept, tmp_path, run):
    shutil.copytree(kept / "study", tmp_path / "study")
    study = open_study(tmp_path / "study")
    assert progress(study).count("done") == len(study)
    assert run("study", "run", tmp_path / "study").code == 0
    assert sorted(path.name for path in (tmp_path / "study" / "runs").glob("*/claim-2.json")) == []
    assert len(isoflop.read(tmp_path / "study")) == len(study)


def test_there_is_a_fixture_of_this_version():
    assert isoflop.__version__ in {one.name for one in VERSIONS}, "python tests/keep_version.py"


@having("packed")
def test_a_packed_study_is_read_and_unpacked_to_what_it_was(kept, tmp_path):
    shutil.copytree(kept / "packed", tmp_path / "study")
    study = open_study(tmp_path / "study")
    assert progress(study).count("done") == len(study)
    unpack(study)
    for path in (kept / "study" / "runs").glob("*/metrics.jsonl"):
        assert (tmp_path / "study" / "runs" / path.parent.name / path.name).read_bytes() == path.read_bytes()


@having("plan.json")
def test_the_json_of_a_plan_obeys_the_schema_of_today(kept):
    text = (kept / "plan.json").read_text(encoding="utf-8")
    if json.loads(text):
        obeys(["plan"], text, new=False)


@having("forecasts.jsonl")
def test_a_register_is_whole_shows_what_it_foretold_and_can_go_on(kept, tmp_path, run):
    path = tmp_path / "forecasts.jsonl"
    shutil.copy(kept / "forecasts.jsonl", path)
    found = history(open_ledger(path))
    assert [one.name for one in found.open] == ["another"]
    assert [(one.foretold.name, one.scored.value) for one in found.came] == [("the next", 2.45)]
    assert not found.findings or all(one.severity != "BLOCK" for one in found.findings)
    (tmp_path / "ended.csv").write_text("run,N,D,loss\nanother,4e9,8e10,2.3\n")
    assert run("register", "score", tmp_path / "ended.csv", "--file", path).code == 0
    assert len(history(open_ledger(path)).came) == 2


@having("report.md")
def test_a_report_is_the_numbers_that_its_runs_still_give(kept):
    text = (kept / "report.md").read_text(encoding="utf-8")
    assert text.startswith("#")
    assert "25 runs" in text or "runs.csv" in text


@having("fit.json")
def test_a_fit_of_a_later_format_is_refused_with_what_to_do(kept, tmp_path):
    text = (kept / "fit.json").read_text(encoding="utf-8")
    (tmp_path / "fit.json").write_text(text.replace('"isoflop": 1', '"isoflop": 99', 1), encoding="utf-8")
    with pytest.raises((UsageError, isoflop.DataError), match="isoflop"):
        isoflop.load(tmp_path / "fit.json")
