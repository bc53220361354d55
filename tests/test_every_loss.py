"""Several losses of the same runs in one call: each as alone, their mean, and how far their errors go together."""

from __future__ import annotations

import numpy as np
import pytest
from commands import run  # noqa: F401 - a fixture

import isoflop
from isoflop.data.each_loss import losses_in
from isoflop.errors import UsageError

AT = {"N": 1e9, "D": 2e10}


def columns():
    rng = np.random.default_rng(0)
    size = np.repeat([1e7, 3e7, 1e8, 3e8], 4)
    tokens = size * np.tile([5.0, 20, 80, 320], 4)
    truth = 1.7 + 406 / size**0.34 + 410 / tokens**0.28
    shared = rng.normal(0, 0.005, 16)
    losses = {
        name: times * truth * np.exp(shared + rng.normal(0, 0.001, 16)) for name, times in (("web", 1.0), ("code", 0.6))
    }
    return {"N": size, "D": tokens, **losses}


@pytest.fixture(scope="module")
def each():
    table = columns()
    return {name: isoflop.read({"N": table["N"], "D": table["D"], "loss": table[name]}) for name in ("web", "code")}


@pytest.fixture(scope="module")
def found(each):
    return isoflop.forecast_all(each, **AT)


def test_each_loss_is_forecast_as_it_would_be_alone(each, found):
    for name, runs in each.items():
        assert found[name][0].loss == isoflop.forecast(runs, **AT)[0].loss


def test_errors_of_runs_that_share_their_noise_go_together_and_the_mean_counts_that(found):
    assert found.correlations[0, 1] > 0.8
    half = [(one[0].loss.high - one[0].loss.low) / 2 for one in found.each.values()]
    mean = (found.mean[0].high - found.mean[0].low) / 2
    assert np.hypot(*half) / 2 < mean <= sum(half) / 2 + 1e-12
    assert found.mean[0].value == pytest.approx(np.mean([one[0].loss.value for one in found.each.values()]))


def test_all_losses_are_those_called_so_and_a_list_is_those_named():
    names = ("N", "D", "loss_web", "wiki_loss", "train_loss", "mmlu")
    assert losses_in(names, "all") == ("loss_web", "wiki_loss")
    assert losses_in(names, "wiki_loss,mmlu") == ("wiki_loss", "mmlu")
    with pytest.raises(UsageError, match="mmmlu"):
        losses_in(names, "wiki_loss,mmmlu")
    with pytest.raises(UsageError, match="no column is called a loss"):
        losses_in(("N", "D", "mmlu"), "all")


def test_each_loss_is_fitted_as_it_would_be_alone(each):
    several = isoflop.fit_all("chinchilla", each, draws=0)
    alone = isoflop.fit("chinchilla", each["code"], draws=0)
    assert several["code"].curve.values == alone.curve.values
    assert several.correlations[0, 1] > 0.8


def test_a_score_stands_beside_losses_and_the_command_fits_them_all(run, tmp_path):  # noqa: F811 - a fixture
    table = columns()
    table["accuracy"] = 1 - table["code"] / 6
    path = tmp_path / "runs.csv"
    rows = zip(*(table[name].tolist() for name in ("N", "D", "web", "code", "accuracy")), strict=True)
    path.write_text("N,D,web_loss,code_loss,accuracy\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    asked = ("fit", path, "--law", "chinchilla", "--draws", "0", "--loss")
    said = run(*asked, "web_loss,code_loss,accuracy:up:1", "--json").json
    assert list(said["losses"]) == ["web_loss", "code_loss", "accuracy:up:1"]
    web, _, accuracy = (one["parameters"] for one in said["losses"].values())
    assert accuracy["alpha"]["value"] == pytest.approx(
        said["losses"]["code_loss"]["parameters"]["alpha"]["value"], rel=1e-3
    )
    each = isoflop.each_loss(str(path), "all")
    assert isoflop.fit_all("chinchilla", each, draws=0)["web_loss"].curve.values["E"] == pytest.approx(
        web["E"]["value"]
    )
    assert "errors together" in run(*asked, "all").out
    assert run(*asked, "all", "-o", tmp_path / "fit.json").code == 2


def test_the_command_says_what_the_function_says(run, tmp_path, found):  # noqa: F811 - a fixture
    table = columns()
    path = tmp_path / "runs.csv"
    rows = zip(*(table[name].tolist() for name in ("N", "D", "web", "code")), strict=True)
    path.write_text("N,D,loss_web,loss_code\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    said = run("forecast", path, "--loss", "all", "N=1e9", "D=2e10", "--json").json
    assert said["losses"]["loss_web"][0]["loss"] == pytest.approx(found["web"][0].loss.value)
    assert said["correlations"]["loss_web"][1] == pytest.approx(found.correlations[0, 1])
    assert "errors together" in run("forecast", path, "--loss", "loss_web,loss_code", "N=1e9", "D=2e10").out
