"""clusters: rows that share a run are noticed, and every interval then comes from whole runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import DataError
from isoflop.laws.chinchilla import besiroglu2024

SIZES = np.logspace(8, 10, 8)
TOKENS = np.logspace(9.5, 11.5, 6)
STEPS = np.tile(TOKENS, 8) / 2**19


def checkpoints(seed=0, *, shift=0.005, within=0.002, sizes=SIZES, **more):
    """Give 6 checkpoints of each size; each run's loss is off by a shift of its own."""
    random = np.random.default_rng(seed)
    size, tokens = np.repeat(sizes, 6), np.tile(TOKENS, len(sizes))
    off = np.repeat(shift * random.standard_normal(len(sizes)), 6) + within * random.standard_normal(size.size)
    loss = besiroglu2024(size, tokens) * np.exp(off)
    return {"N": size, "D": tokens, "loss": loss} | more


def run_ids(sizes=SIZES):
    return [f"run-{size:.3g}" for size in np.repeat(sizes, 6)]


def named(*, sizes=SIZES, **more):
    return isoflop.Runs.of(**checkpoints(sizes=sizes, run_id=run_ids(sizes), **more))


def codes(runs):
    return [one.code for one in runs.findings]


def test_rows_of_one_run_id_with_different_tokens_are_checkpoints():
    runs = named()
    assert "D07" in codes(runs)
    assert runs.run_named_by == ("run_id",)
    assert np.bincount(runs.clusters).tolist() == [6] * 8


def test_the_same_rows_without_a_name_are_checkpoints_if_a_step_grows_with_the_tokens():
    assert Runs.of(**checkpoints()).clusters is None
    runs = Runs.of(**checkpoints(step=STEPS))
    assert "D07" in codes(runs)
    assert runs.clusters.tolist() == named().clusters.tolist()


def test_steps_at_even_distances_are_checkpoints_and_other_steps_are_lengths_of_runs():
    even = {"N": np.repeat(SIZES, 6), "D": np.tile(np.arange(1, 7) * 1e10, 8)}
    even |= {"loss": besiroglu2024(even["N"], even["D"]), "steps": even["D"] / 2**19}
    assert "D07" in codes(Runs.of(**even))
    assert "D07" not in codes(Runs.of(**checkpoints(steps=STEPS)))


def test_runs_of_their_own_are_not_taken_for_checkpoints():
    size, tokens = np.repeat(SIZES, 6), np.tile(TOKENS, 8)
    loss = besiroglu2024(size, tokens)
    for more in (
        {"run_id": [f"run{row}" for row in range(48)]},
        {"run": ["sweep"] * 48},  # several sizes are not one run
        {"name": [f"{n:.3g}" for n in size]},  # named after the size, trained once for each D
        {"run": [f"{n:.3g}" for n in size], "seed": np.arange(48.0)},
        {"batch_size": np.tile([1.0, 2, 4, 8, 16, 32], 8), "step": tokens},
    ):
        runs = Runs.of(N=size, D=tokens, loss=loss, **more)
        assert runs.clusters is None, more
        assert "D07" not in codes(runs)


def test_the_same_run_id_on_replicates_at_one_length_is_no_checkpoint():
    assert isoflop.read("tinylm").clusters is None


def test_one_row_a_run_is_a_run_again():
    runs = named().where(f"D > {TOKENS[-2]:.6g}")
    assert len(runs) == 8
    assert runs.clusters is None
    assert codes(runs) == []


def test_a_column_of_runs_can_be_named(tmp_path):
    path = tmp_path / "runs.csv"
    table = checkpoints(job=run_ids())
    path.write_text("\n".join(",".join(map(str, row)) for row in [tuple(table), *zip(*table.values(), strict=True)]))
    assert isoflop.read(path).clusters is None
    assert np.bincount(isoflop.read(path, cluster="job").clusters).tolist() == [6] * 8
    with pytest.raises(DataError, match='column "jobs" is missing'):
        isoflop.read(path, cluster="jobs")


def test_early_checkpoints_are_pointed_out():
    assert "D13" in codes(named())
    assert "D13" not in codes(named().where(f"D > {0.2 * TOKENS[-1]:.6g}"))


def test_intervals_come_from_whole_runs_and_are_wider_than_those_of_rows():
    by_runs = isoflop.fit("chinchilla", named(), draws=300)
    by_rows = isoflop.fit("chinchilla", Runs.of(**checkpoints()), draws=300)
    assert (by_runs.drawn_by, by_rows.drawn_by) == ("bootstrap of whole runs", "pairs bootstrap")
    assert (by_runs.freedom, by_rows.freedom) == (7, 43)
    assert by_runs.curve.values == by_rows.curve.values
    plans = [isoflop.plan(fit, flops=1e23) for fit in (by_runs, by_rows)]
    for name in ("N", "D", "loss", "tokens_per_parameter"):
        wide, narrow = (np.ptp(np.log(getattr(one, name).intervals["statistical"])) for one in plans)
        assert wide > 1.3 * narrow, name


def test_without_draws_intervals_come_from_whole_runs_too():
    wide, narrow = (isoflop.fit("chinchilla", runs, draws=0) for runs in (named(), Runs.of(**checkpoints())))
    of_size = [list(wide.curve.law.parameters).index(name) for name in ("E", "A", "alpha")]
    assert (np.diag(wide.covariance)[of_size] > 2 * np.diag(narrow.covariance)[of_size]).all()


def test_the_noise_of_a_new_run_has_both_parts():
    found = [isoflop.fit("chinchilla", named(seed=seed), draws=0, starts=4).noise for seed in range(16)]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(math.hypot(0.005, 0.002), rel=0.25)
    quiet = [isoflop.fit("chinchilla", named(seed=seed, shift=0.0), draws=0, starts=4).noise for seed in range(16)]
    assert np.mean(quiet) == pytest.approx(0.002, rel=0.35)


def test_few_whole_runs_are_warned_about():
    def told(count):
        fit = isoflop.fit("chinchilla", named(sizes=SIZES[:count]), draws=20)
        return [one.message for one in fit.findings if one.code == "D07" and "too few" in one.message]

    assert told(8) == []
    assert "only 5 whole runs" in told(5)[0]


def test_one_run_has_a_curve_but_no_interval():
    fit = isoflop.fit("E + B/D^beta", named(sizes=SIZES[:1]), draws=50)
    assert len(fit.draws) == 0
    assert all(math.isnan(one.low) and math.isnan(one.high) for one in fit.parameters.values())
    assert math.isnan(isoflop.forecast(fit, D=1e12)[0].loss.high)


def test_a_saved_fit_keeps_its_whole_runs(tmp_path):
    fit = isoflop.fit("chinchilla", named(), draws=20)
    isoflop.save(fit, tmp_path / "fit.json")
    back = isoflop.load(tmp_path / "fit.json")
    assert (back.whole_runs, back.freedom, back.drawn_by) == (8, 7, "bootstrap of whole runs")
    assert back.runs.clusters.tolist() == fit.runs.clusters.tolist()
    assert isoflop.forecast(back, N=1e11, D=1e12) == isoflop.forecast(fit, N=1e11, D=1e12)


def test_a_fit_says_that_its_rows_are_checkpoints():
    assert "48 checkpoints of 8 runs" in str(isoflop.fit("chinchilla", named(), draws=20).full())
