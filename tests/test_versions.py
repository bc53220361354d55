"""What an older version wrote opens in this one: fits, plans and studies of each version, which never change."""

import shutil
import tomllib
from pathlib import Path

import pytest

import isoflop
from isoflop.experiments.study import open_study
from isoflop.experiments.study.progress import progress

VERSIONS = sorted((Path(__file__).parent / "versions").iterdir())
pytest_plugins = ["commands"]
pytestmark = pytest.mark.parametrize("kept", VERSIONS, ids=lambda folder: folder.name)


def test_a_saved_fit_opens_and_forecasts(kept):
    fit = isoflop.load(kept / "fit.json")
    assert len(fit.runs) == len(isoflop.read(kept / "runs.csv"))
    (found,) = isoflop.forecast(fit, N=1e10, D=1e11)
    assert 1.7 < found.loss.low < found.loss.value < found.loss.high < 4


def test_a_saved_plan_is_read_as_toml(kept):
    plan = tomllib.loads((kept / "plan.toml").read_text())
    assert plan["N"]["value"] > 0


def test_a_study_opens_with_all_its_results_and_nothing_is_trained_again(kept, tmp_path, run):
    shutil.copytree(kept / "study", tmp_path / "study")
    study = open_study(tmp_path / "study")
    assert progress(study).count("done") == len(study)
    assert run("study", "run", tmp_path / "study").code == 0
    assert sorted(path.name for path in (tmp_path / "study" / "runs").glob("*/claim-2.json")) == []
    assert len(isoflop.read(tmp_path / "study")) == len(study)
