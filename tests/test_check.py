"""Findings fire on the problem they are about, name its runs, and are silent on sound runs."""

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.fitting.bad_runs import CODES
from isoflop.laws.chinchilla import besiroglu2024

pytest_plugins = ["commands"]

BUDGETS = np.geomspace(1e18, 1e21, 5)
SEEDS = range(12)


def best(C):
    _, A, alpha, B, beta = besiroglu2024.values.values()
    return (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (C / 6) ** (beta / (alpha + beta))


def sweep(sizes=7, *, reach=8.0, noise=0.004, seed=0, shift=1.0, drift=0.0, truth=besiroglu2024, bad=None, **columns):
    """Give an isoFLOP sweep: sizes within a factor of the optimum, shifted and drifting; `bad` is 5 % too high."""
    C = np.repeat(BUDGETS, sizes)
    N = best(C) * np.tile(np.geomspace(1 / reach, reach, sizes), len(BUDGETS)) * shift * (C / 1e18) ** drift
    D = C / (6 * N)
    loss = truth(N, D) * np.exp(noise * np.random.default_rng(seed).standard_normal(C.size))
    if bad is not None:
        loss[bad] *= 1.05
    return Runs.of(N=N, D=D, loss=loss, **columns)


def codes(runs, **options):
    return [one.code for one in isoflop.check(isoflop.fit("chinchilla", runs, draws=100, **options)).findings]


def found(runs, code, **options):
    fit = isoflop.fit("chinchilla", runs, draws=100, **options)
    return [one for one in isoflop.check(fit).findings if one.code == code]


@pytest.mark.parametrize(("sizes", "reach"), [(7, 8.0), (3, 4.0)])
@pytest.mark.simulates
def test_sound_runs_are_left_in_peace(sizes, reach):
    crying = [seed for seed in SEEDS if set(codes(sweep(sizes, reach=reach, seed=seed))) - {"F04"}]
    assert len(crying) <= 1


@pytest.mark.simulates
def test_one_bad_run_in_fifteen_is_named():
    named = 0
    for seed in range(15):
        bad = seed % 15
        runs = sweep(3, reach=4.0, noise=0.003, seed=100 + seed, bad=bad)
        findings = isoflop.check(isoflop.fit("chinchilla", runs, draws=100)).findings
        told = {name for one in findings if one.code in ("F05", "F06") for name in one.runs}
        named += runs.names[bad] in told
    assert named >= 13


def test_bad_runs_that_hide_one_another_are_all_named():
    runs = sweep(7, bad=[10, 11, 12])
    (finding,) = found(runs, "F06")
    assert {runs.names[row] for row in (10, 11, 12)} <= set(finding.runs)
    assert len(finding.runs) <= 4


def test_a_budget_that_is_off_as_a_whole_is_named_and_no_other():
    off = [row for row, flops in enumerate(np.repeat(BUDGETS, 7)) if flops == BUDGETS[2]]
    loss = (sound := sweep(7, noise=0.003))["loss"].copy()
    loss[off] *= 1.012
    (finding,) = found(Runs.of(N=sound["N"], D=sound["D"], loss=loss), "F16")
    assert finding.runs == tuple(sound.names[row] for row in off)
    assert not found(sound, "F16")


def test_a_run_proposed_is_one_that_somebody_would_train():
    size = np.geomspace(2e4, 3e4, 9)
    runs = Runs.of(N=size, D=np.full(9, 2e6) * (size / size[0]) ** 1.02, loss=besiroglu2024(size * 1e4, 2e10 * size))
    told = [one.remedy for one in isoflop.fit("chinchilla", runs, draws=0).findings if one.code == "F03"]
    (words,) = (one.split("best: ")[1] for one in told if "best: " in one)
    pair = [isoflop.quantities.parse_quantity(part.split("=")[1].split(",")[0]) for part in words.split(", ")[:2]]
    assert min(pair) >= 1e3
    assert 1 <= pair[1] / pair[0] <= 1e4


def test_a_run_that_moves_the_answer_is_named_as_such():
    runs = sweep(3, reach=4.0, noise=0.002, seed=3, bad=12)
    (finding,) = found(runs, "F05", objective="squares")
    assert runs.names[12] in finding.runs
    assert "N_opt at 1.00e22 FLOPs" in finding.message


def coupled(N, D):
    middle = besiroglu2024(5e8, 1e10) - 1.8172
    return 1.8172 + middle * ((besiroglu2024(N, D) - 1.8172) / middle) ** 0.6


def faded(N, D):
    return besiroglu2024(N, D) * (1 + 0.04 * (6 * N * D / 1e18) ** -0.7)


def broken(N, D):
    E, A, alpha, B, beta = besiroglu2024.values.values()
    return E + A * np.where(N < 5e8, N**-alpha, 5e8 ** (-alpha) * N**0.0) + B / D**beta


def curved(N, D):
    return besiroglu2024(N, D) * np.exp(0.01 * np.log10(N / 5e8) ** 2)


@pytest.mark.parametrize("truth", [coupled, faded, broken, curved])
@pytest.mark.simulates
def test_a_law_that_is_wrong_is_seen(truth):
    seen = sum("F07" in codes(sweep(9, reach=10.0, noise=0.003, seed=seed, truth=truth)) for seed in SEEDS)
    assert seen >= 11


def test_noise_that_varies_is_seen():
    random, (N, D) = np.random.default_rng(0), (sweep()[key] for key in ("N", "D"))
    spread = 0.02 * (6 * N * D / 1e18) ** -0.4
    runs = Runs.of(N=N, D=D, loss=besiroglu2024(N, D) * np.exp(spread * random.standard_normal(N.size)))
    assert [one.severity for one in found(runs, "F08")] == ["INFO"]


def test_rows_of_one_run_that_are_off_together_are_seen():
    random = np.random.default_rng(0)
    N, D = np.repeat(np.geomspace(1e8, 1e10, 8), 6), np.tile(np.geomspace(1e9, 1e11, 6), 8)
    run, own = np.repeat([f"r{number}" for number in range(8)], 6), np.repeat(random.standard_normal(8), 6)
    noise = 0.01 * own + 0.002 * random.standard_normal(48)
    tied = Runs.of(N=N * np.exp(0.1 * own[::-1]), D=D, loss=besiroglu2024(N, D) * np.exp(noise), run=run)
    assert found(tied, "F09")
    loss = besiroglu2024(N, D) * np.exp(0.005 * random.standard_normal(48))
    assert not found(Runs.of(N=N, D=D, loss=loss, run=run), "F09")


def test_a_threshold_far_from_the_noise_is_seen():
    runs = sweep(noise=0.005)
    assert "absolute errors" in found(runs, "F10", objective="huber:1e-4")[0].message
    assert "squares" in found(runs, "F10", objective="huber:1")[0].message
    assert not found(runs, "F10", objective="huber:5e-3")


def test_budgets_whose_sizes_miss_the_optimum_are_named():
    runs = sweep(reach=3.0, shift=8.0, noise=0.002)
    findings = found(runs, "F11")
    assert len(findings) == 5
    assert set(findings[0].runs) == set(runs.names[:7])


def test_sizes_that_drift_are_seen():
    assert found(sweep(noise=0.001, reach=4.0, shift=0.4, drift=0.28), "F12")


def test_exponents_that_nothing_stops_are_seen_with_the_run_that_would():
    random = np.random.default_rng(4)
    N, D = np.geomspace(9e8, 1.1e9, 8), np.geomspace(1e9, 1e12, 8)
    N, D = (axis.ravel() for axis in np.meshgrid(N, D))
    runs = Runs.of(N=N, D=D, loss=besiroglu2024(N, D) * np.exp(0.005 * random.standard_normal(64)))
    (finding,) = found(runs, "F03")
    assert "alpha" in finding.message
    assert "one run would separate them best: N=" in finding.remedy


def test_the_checklist_answers_what_the_runs_say_and_nothing_else():
    runs = sweep(tokenizer=np.repeat("gpt2", 35), learning_rate=np.geomspace(1e-4, 1e-3, 35))
    answers = isoflop.check(runs).as_dict()["checklist"]
    assert answers["tokenizer"] == "tokenizer gpt2"
    assert answers["learning rate"] == "learning_rate from 0.0001 to 0.001, 35 values"
    assert answers["training data"] == "unanswered"
    assert answers["runs"] == "35 of runs"


def test_a_fit_that_means_nothing_is_not_looked_into():
    runs = Runs.of(N=np.full(20, 1e9), D=np.geomspace(1e9, 1e11, 20), loss=np.linspace(3, 2, 20))
    severities = [one.severity for one in isoflop.check(runs).findings]
    assert "BLOCK" in severities


def test_one_variable_laws_can_be_checked():
    random, x = np.random.default_rng(0), np.geomspace(1e6, 1e9, 30)
    loss = (1.5 + 40 * x**-0.3) * np.exp(0.002 * random.standard_normal(30))
    loss[5] *= 1.05
    checked = isoflop.check({"x": x, "loss": loss}, law="M2")
    assert [one.runs for one in checked.findings if one.code == "F06"] == [("row 6",)]


def test_the_command_gives_findings_checklist_words_and_profiles(good, saved):
    found = good("check", saved, "--profile", "E", "--profile", "N_opt", "--flops", "1e23")
    assert set(found) == {"findings", "checklist", "words", "law", "source", "profiles"}
    assert [one["name"] for one in found["profiles"]] == ["E", "N_opt"]
    assert found["profiles"][1]["low"] < found["profiles"][1]["value"] < found["profiles"][1]["high"]
    assert found["words"].startswith("40 runs up to")


def test_the_command_shows_the_checklist_when_asked(run, table):
    assert "unanswered" not in run("check", table, "--draws", 50).out
    assert "unanswered" in run("check", table, "--draws", 50, "--checklist").out


def test_the_command_ends_as_the_others_do(run, refused, write):
    assert "no runs behind it" in refused(2, "check", "besiroglu2024")
    assert "needs a budget" in refused(2, "check", "tinylm", "--profile", "N_opt")
    done = run("check", write({"N": np.full(9, 1e9), "D": np.geomspace(1e9, 1e11, 9), "loss": 3 - np.arange(9) / 9}))
    assert done.code == 4
    assert "F04" in done.out


@pytest.mark.public_data
def test_the_runs_that_besiroglu_left_out_are_named():
    checked = isoflop.check(isoflop.read("chinchilla"))
    (outliers,) = [one for one in checked.findings if one.code == "F06"]
    assert set(outliers.runs) >= {f"row {row}" for row in (2, 3, 4, 5, 6)}


def test_losses_of_a_formula_are_called_exact_and_rounding_is_no_outlier_and_no_pattern():
    N, D = (one.ravel() for one in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(2e8, 2e10, 5)))
    loss = 1.7 + 400 / N**0.34 + 410 / D**0.28
    assert [one.code for one in isoflop.check(Runs.of(N=N, D=D, loss=loss)).findings if one.code[0] == "F"] == ["F15"]
    loss[7] /= 10
    found = {one.code: one for one in isoflop.check(Runs.of(N=N, D=D, loss=loss)).findings}
    assert {"F06", "F15"} <= found.keys()
    assert "-90.0%" in found["F06"].message


def test_a_fit_says_of_its_runs_what_a_check_of_it_says():
    runs = chinchilla_runs(40, noise=0.003)
    loss = runs["loss"].copy()
    loss[7] *= 1.06
    fit = isoflop.fit("chinchilla", isoflop.Runs.of(N=runs["N"], D=runs["D"], loss=loss), draws=50)
    named = [one for one in fit.findings if one.code in CODES]
    assert "F06" in [one.code for one in named]
    assert named == [one for one in isoflop.check(fit).findings if one.code in CODES]
    assert named == [one for one in isoflop.check(fit, flops=10 * fit.fitted_on["C"][1]).findings if one.code in CODES]
