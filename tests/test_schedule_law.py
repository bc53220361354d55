"""Laws of schedules fitted to named curves, and curves with spikes."""

from __future__ import annotations

import numpy as np
import pytest
from commands import run  # noqa: F401 - a fixture

from isoflop import LossCurve, Schedule, UsageError, finish, fit_schedule
from isoflop.formula.schedule import constant, cosine, warmup_stable_decay
from isoflop.laws.schedules import SCHEDULE_CURVES

TRUTH, STEPS, PEAK = SCHEDULE_CURVES["luo2025-100m"], 12_000, 3e-4
SHAPES = {
    "cosine": cosine(STEPS, peak=PEAK, final=PEAK / 10, warmup=600),
    "constant": constant(STEPS, peak=PEAK, warmup=600),
    "wsd": warmup_stable_decay(STEPS, peak=PEAK, decay=2400, final=PEAK / 10, warmup=600),
}


def curve(shape, seed=0, *, noise=5e-4, fault=0.0):
    """Return a run of the published curve under a schedule."""
    at = np.arange(100, STEPS + 1, 100)
    scatter = np.random.default_rng(seed).normal(0, noise, len(at))
    loss = TRUTH(SHAPES[shape], after=at) * np.exp(scatter + fault * np.ones(len(at)))
    return LossCurve(shape, at.astype(float), loss, SHAPES[shape][at - 1])


@pytest.mark.parametrize(("law", "least"), [("multi-power", 0.997), ("annealing", 0.97)])
def test_two_curves_foretell_a_third_under_another_schedule(law, least):
    found = fit_schedule(law, [curve("cosine"), curve("constant", 1)], on=[curve("wsd", 2)])
    assert found.curves[-1].r2 > least
    assert not found.curves[-1].fitted
    end = float(found.curve(SHAPES["wsd"], after=[STEPS])[0])
    assert end == pytest.approx(float(TRUTH(SHAPES["wsd"], after=[STEPS])[0]), rel=0.006)


def test_curves_without_rates_or_of_other_peaks_are_refused():
    plain = curve("cosine")
    with pytest.raises(UsageError, match="learning rate"):
        fit_schedule("multi-power", [LossCurve("a", plain.at, plain.loss)])
    double = LossCurve("b", plain.at, plain.loss, 2 * plain.rates)
    with pytest.raises(UsageError, match="one peak"):
        fit_schedule("multi-power", [plain, double])
    with pytest.raises(UsageError, match="no law of schedules"):
        fit_schedule("chinchilla", [plain])


def test_the_command_fits_named_curves(run, tmp_path):  # noqa: F811
    for shape in SHAPES:
        one = curve(shape)
        rows = "\n".join(f"{at:g},{lr!r},{loss!r}" for at, lr, loss in zip(one.at, one.rates, one.loss, strict=True))
        (tmp_path / f"{shape}.csv").write_text(f"step,lr,loss\n{rows}\n".replace("np.float64(", "").replace(")", ""))
    done = run("fit", tmp_path / "cosine.csv", tmp_path / "constant.csv", "--law", "multi-power", "--on",
               tmp_path / "wsd.csv", "--json")  # fmt: skip
    assert done.code == 0
    assert set(done.json["parameters"]) == {"L0", "A", "alpha", "B", "C", "beta", "gamma"}
    assert done.json["curves"][-1]["r2"] > 0.997
    assert run("fit", tmp_path / "cosine.csv", tmp_path / "wsd.csv").code == 2


def test_a_spike_that_came_back_hardly_moves_the_end_and_is_named():
    at = np.arange(100, STEPS + 1, 100)
    fault = np.where((at >= 4000) & (at < 4300), 0.3, 0.0)
    plan = Schedule("constant", STEPS, 600)
    plain, spiked = (finish(one.until(6000), schedule=plan) for one in
                     (curve("constant"), curve("constant", fault=fault)))  # fmt: skip
    assert spiked.loss.value == pytest.approx(plain.loss.value, rel=0.002)
    assert spiked.loss.high - spiked.loss.low < 1.3 * (plain.loss.high - plain.loss.low)
    (said,) = [one for one in spiked.findings if one.code == "S13"]
    assert "4000" in said.message
    assert "S13" not in {one.code for one in plain.findings}


def test_finished_runs_of_another_model_count_for_nothing():
    small = curve("cosine", 3, fault=0.15)
    plan = Schedule("cosine", STEPS, 600, 0.1)
    now = curve("cosine").until(7000)
    alone, helped = finish(now, schedule=plan), finish(now, schedule=plan, like=[small])
    assert helped.loss.value == pytest.approx(alone.loss.value, rel=1e-6)
    assert "S10" in {one.code for one in helped.findings}


def test_finished_runs_move_the_weights():
    plan = Schedule("cosine", STEPS, 600, 0.1)
    found = finish(curve("cosine").until(7000), schedule=plan, like=[curve("wsd", 1)])
    assert len(found.weights) == 4
    assert sum(found.weights.values()) == pytest.approx(1)
