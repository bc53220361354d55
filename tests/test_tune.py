"""A sweep of hyperparameters gives the best of each setting, the laws they follow, and what goes on to a fit."""

import os
from pathlib import Path

import numpy as np
import pytest

from isoflop import DataError, Runs, UsageError, best_of, forecast, read, tune

pytest_plugins = ["commands"]
RATE, BATCH = (-0.7, 0.3), (0.0, 0.57)
NOISE = 1e-3


def sweep(runs_each=24, *, sizes=(5e7, 1e8, 2e8, 4e8), tokens=(2e9, 8e9, 3.2e10), lrs=(-12, -6), seed=0):
    """Return a sweep whose best rates and batches follow known power laws, and the loss at each setting's best."""
    draw, rows, best = np.random.default_rng(seed), [], {}
    for n in sizes:
        for d in tokens:
            count = runs_each(n) if callable(runs_each) else runs_each
            rate = np.log(1.5e-3) + RATE[0] * np.log(n / 1e8) + RATE[1] * np.log(d / 8e9)
            batch = np.log(3e5) + BATCH[1] * np.log(d / 8e9)
            best[n, d] = 1.8 + 400 / n**0.34 + 410 / d**0.28
            lr, bs = 2.0 ** draw.uniform(*lrs, count), 2.0 ** draw.uniform(15, 21, count)
            x, y = np.log(lr) - rate, np.log(bs) - batch
            rise = 0.01 * (np.exp(0.4 * x) + np.exp(-0.4 * x) - 2) / 0.16 + 0.006 * (y - 0.3 * x) ** 2
            loss = best[n, d] * np.exp(rise + draw.normal(0, NOISE, count))
            rows += zip([n] * count, [d] * count, lr, bs, loss, strict=True)
    return Runs.of(**dict(zip(("N", "D", "lr", "bs", "loss"), np.array(rows).T, strict=True))), best


@pytest.fixture(scope="module")
def found():
    return tune(sweep()[0], at=[{"N": 4e9, "D": 8e10}])


def test_the_exponents_behind_a_sweep_are_found_and_held_by_their_intervals(found):
    for name, true in (("lr", RATE), ("bs", BATCH)):
        for key, exponent in zip("ab", true, strict=True):
            one = found.laws[name].parameters[key]
            assert one.low < exponent < one.high
            assert one.value == pytest.approx(exponent, abs=0.05)


def test_the_best_at_a_new_size_is_foretold(found):
    best = found.targets[0].best
    assert best["lr"].low < 1.5e-3 * 40 ** RATE[0] * 10 ** RATE[1] < best["lr"].high
    assert best["bs"].low < 3e5 * 10 ** BATCH[1] < best["bs"].high


def test_what_goes_on_to_a_fit_is_the_level_and_not_the_luckiest_run():
    runs, best = sweep(60)
    levels = best_of(runs, ["lr", "batch"])
    off = np.array([loss / best[n, d] - 1 for n, d, loss in zip(*(levels[k] for k in ("N", "D", "loss")), strict=True)])
    assert len(levels) == len(best)
    assert abs(off.mean()) < 2e-4
    assert np.abs(off).max() < 2e-3


def test_settings_tuned_with_few_runs_are_as_near_their_best_as_others():
    """With 3 runs at the largest size its lowest run lies some per cent too high; its level does not."""
    runs, best = sweep(lambda n: 3 if n == 4e8 else 40)
    thin = [one for one in tune(runs).settings if one.runs == 3]
    lowest = [one.lowest / best[one.N, one.D] - 1 for one in thin]
    level = [one.loss.value / best[one.N, one.D] - 1 for one in thin]
    assert np.mean(lowest) > 0.005 > 2 * np.abs(level).max()
    assert "H04" in {one.code for one in tune(runs).findings}


def test_the_edge_of_a_sweep_is_said():
    runs, _ = sweep(lrs=(-12, -10))
    found = tune(runs)
    assert any("lr" in one.edge for one in found.settings)
    assert "H01" in {one.code for one in found.findings}
    assert not any(one.edge for one in tune(sweep()[0]).settings)


def test_one_wild_run_moves_nothing():
    runs, _ = sweep()
    wild = Runs.of(**{name: np.append(runs[name], {"loss": 1.2}.get(name, runs[name][7])) for name in runs.columns})
    for one, other in zip(tune(runs).settings, tune(wild).settings, strict=True):
        assert one.loss.value == pytest.approx(other.loss.value, rel=2e-3)


def test_one_column_is_tuned_alone_and_a_zero_is_a_value():
    draw = np.random.default_rng(1)
    decay = np.tile([0, 0.01, 0.03, 0.1, 0.3], 6)
    size = np.repeat([1e8, 1e9, 1e10], 10)
    loss = 3 * (size / 1e8) ** -0.05 * np.exp(0.01 * np.log(np.maximum(decay, 0.003) / 0.05) ** 2)
    runs = Runs.of(N=size, D=20 * size, weight_decay=decay, loss=loss * np.exp(draw.normal(0, 1e-3, 30)))
    found = tune(runs)
    assert list(found.laws) == ["weight_decay"]
    assert all(0.02 < one.best["weight_decay"].value < 0.12 for one in found.settings)


def test_what_cannot_be_tuned_is_refused():
    runs, _ = sweep()
    with pytest.raises(DataError, match="no column of learning rates"):
        tune(Runs.of(N=[1e8] * 9, D=np.arange(1, 10) * 1e9, loss=np.linspace(3, 2, 9)))
    with pytest.raises(DataError, match="a sweep needs 8"):
        tune(runs.take(list(range(5))), of=["lr"])
    with pytest.raises(DataError, match='column "dropout" is missing'):
        tune(runs, of=["dropout"])
    with pytest.raises(UsageError, match="N is not tuned"):
        tune(runs, of=["N"])
    with pytest.raises(UsageError, match="N and D"):
        tune(runs, at=[{"N": 1e9}])


def test_the_derivatives_of_the_bowl_are_those_of_its_formula():
    from isoflop.beyond.tune.bowl import bowl, shape_of
    from isoflop.beyond.tune.sweep import sweep_of

    one = sweep_of(sweep(3)[0])
    shape = shape_of(one)
    theta = np.random.default_rng(2).normal(0, 0.3, shape.size)
    theta[shape.centre] = np.column_stack([one.logs.mean(0), [[-0.5, 0.2], [0.1, 0.4]]]).ravel()
    _, slopes, _ = bowl(shape, theta, one)
    for place in range(shape.size):
        step = np.zeros(shape.size)
        step[place] = 1e-6
        difference = (bowl(shape, theta + step, one)[0] - bowl(shape, theta - step, one)[0]) / 2e-6
        assert np.allclose(slopes[:, place], difference, rtol=1e-4, atol=1e-5 * np.abs(difference).max())


def test_the_command_line_gives_what_python_gives(run, tmp_path, found):
    runs, _ = sweep()
    rows = zip(*(runs[name].tolist() for name in ("N", "D", "lr", "bs", "loss")), strict=True)
    path = tmp_path / "sweep.csv"
    path.write_text("N,D,lr,bs,loss\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    told = run("tune", path, "N=4B", "D=80B", "--json").json
    assert set(told) >= {"settings", "laws", "findings"}
    assert set(told["settings"][0]) >= {"N", "D", "best", "loss", "edge"}
    assert set(told["settings"][0]["best"]["lr"]) >= {"value", "low", "high"}
    assert told["laws"]["lr"]["parameters"]["a"]["value"] == pytest.approx(found.laws["lr"].parameters["a"].value)
    assert told["targets"][0]["best"]["lr"]["value"] == pytest.approx(found.targets[0].best["lr"].value)
    fitted = run("fit", path, "--best-of", "lr,batch", "--draws", "0", "--json").json
    assert fitted["runs"]["used"] == 12


def test_a_plan_takes_the_best_values_of_a_sweep(run, tmp_path, found):
    runs, _ = sweep()
    rows = zip(*(runs[name].tolist() for name in ("N", "D", "lr", "bs", "loss")), strict=True)
    path = tmp_path / "sweep.csv"
    path.write_text("N,D,lr,bs,loss\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    told = run("plan", "besiroglu2024", "N=4B", "D=80B", "--tune", path, "--json").json
    assert told["sheet"]["tuned"]["lr"]["value"] == pytest.approx(found.targets[0].best["lr"].value)


@pytest.mark.public_data
def test_a_random_search_becomes_one_run_a_doubling_and_forecasts_larger_runs():
    """1,193 runs with random rates and decays; the five tuned ones are up to 70 times the compute away."""
    small = read(_scan(), where='role == "small"')
    large = read(_scan(), where='role == "large"')
    found = forecast(best_of(small, ["lr", "wd"]), N=large["N"], D=large["D"])
    off = np.array([one.loss.value for one in found]) / large["loss"] - 1
    assert np.abs(off).mean() < 0.008


def _scan():
    return Path(os.environ.get("ISOFLOP_DATA", "../shared/data")) / "fresh" / "scanllm_all.csv"


def test_a_column_that_follows_another_is_not_tuned_beside_it():
    runs, _ = sweep()
    tied = Runs.of(**runs.columns, warmup=2e8 / runs["bs"])
    found = tune(tied)
    assert list(found.laws) == ["lr", "bs"]
    assert any(one.code == "H08" and "warmup" in one.message for one in found.findings)
    assert found.settings == tune(runs).settings


def test_the_bundled_grid_is_tuned():
    found = tune(read("tinysweep"))
    assert list(found.laws) == ["lr", "B"]
    assert [one.curve for one in found.laws["B"].published]
    assert {one.code for one in found.findings} >= {"H01", "H08"}


def test_where_the_best_was_not_tried_the_level_is_that_of_the_best_tried():
    runs, best = sweep(lrs=(-12, -11))
    for one in tune(runs).settings:
        if "lr" in one.edge:
            assert one.loss.value == pytest.approx(one.lowest, rel=0.01)
            assert one.loss.value > best[one.N, one.D]
