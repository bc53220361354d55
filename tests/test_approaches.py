"""Approaches 1 and 2: their published numbers, their intervals, and when they say no."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from isoflop.data.datasets import load
from isoflop.data.runs import Runs
from isoflop.errors import DataError, UsageError
from isoflop.estimate import Estimate
from isoflop.fitting.approaches import approach1, approach2, disagreement, group_by_budget, isoflop_minima

ALPHA, BETA, A, B, E = 0.34, 0.28, 406.4, 410.7, 1.69
EXPONENT = BETA / (ALPHA + BETA)

PORIAN = [  # corpus, hparams, warm-up, decay, count, published exponent, how near approach 2 shall come
    ("rw", "base", "long", "kaplan", "kaplan", 0.834, 0.02),
    ("rw", "base", "long", "kaplan", "standard", 0.701, 0.02),
    ("rw", "base", "short", "kaplan", "standard", 0.604, 0.02),
    ("rw", "base", "short", "chinchilla", "standard", 0.571, 0.02),
    ("rw", "tuned", "short", "const", "standard", 0.497, 0.02),
    ("owt2", "base", "long", "kaplan", "kaplan", 0.870, 0.04),
    ("owt2", "base", "long", "kaplan", "standard", 0.700, 0.02),
    ("owt2", "base", "short", "kaplan", "standard", 0.602, 0.02),
    ("owt2", "base", "short", "chinchilla", "standard", 0.569, 0.02),
    ("owt2", "tuned", "short", "const", "standard", 0.518, 0.02),
]


def loss(N, D):
    return E + A / N**ALPHA + B / D**BETA


def best(C):
    """Give the true N and D at C = 6ND; Hoffmann et al. 2022, equation 4."""
    G = (ALPHA * A / (BETA * B)) ** (1 / (ALPHA + BETA))
    return G * (C / 6) ** EXPONENT, (C / 6) ** (1 - EXPONENT) / G


def ladder(factor=8.0, sizes=7, *, budgets=(1e18, 1e19, 1e20, 1e21), noise=0.0, drift=0.0, seed=0):
    """Give isoFLOP runs on the surface; sizes span ± factor about the optimum, drifting with log C."""
    C = np.repeat(budgets, sizes)
    grid = np.tile(np.geomspace(1 / factor, factor, sizes), len(budgets))
    N = best(C)[0] * (C / 1e19) ** drift * grid
    random = np.random.default_rng(seed).standard_normal(len(C))
    return Runs.of(N=N, C=C, loss=loss(N, C / 6 / N) * np.exp(noise * random))


def codes(result):
    return [finding.code for finding in result.findings]


# Approach 2: the numbers it must give.


@pytest.mark.parametrize(("factor", "percent"), [(2, -0.3269), (4, -1.3011), (8, -2.9029), (16, -5.1002)])
def test_the_known_bias_of_parabolas_on_a_noise_free_surface(factor, percent):
    runs = ladder(factor, 15, budgets=10.0 ** np.arange(17, 22))
    tokens = approach2(runs, window=None).at(1e24).D.value
    assert 100 * (tokens / best(1e24)[1] - 1) == pytest.approx(percent, abs=6e-5)


def test_the_default_window_changes_nothing_within_a_decade():
    runs = ladder(8, 15)
    assert approach2(runs).at(1e24).N.value == approach2(runs, window=None).at(1e24).N.value


def test_the_default_window_keeps_far_runs_from_bending_the_parabola():
    runs = ladder(64, 15)
    windowed, everything = (approach2(runs, window=window).at(1e24).N.value for window in (10.0, None))
    assert abs(math.log(windowed / best(1e24)[0])) < 0.3 * abs(math.log(everything / best(1e24)[0]))


@pytest.mark.public_data
@pytest.mark.parametrize("row", PORIAN, ids=lambda row: "-".join(row[:5]))
def test_the_exponents_of_porian_et_al(row):
    *setting, published, near = row
    columns = ("dataset", "hparams", "warmup", "decay", "param_count")
    where = " and ".join(f"{column} == '{value}'" for column, value in zip(columns, setting, strict=True))
    assert approach2(load("porian", where=where), draws=0).N.exponent.value == pytest.approx(published, abs=near)


def test_the_minima_of_the_bundled_ladder():
    sweep = load("tinylm", where="role == 'sweep'")
    frontier = approach2(sweep)
    usable = frontier.evidence.usable
    assert [m.C for m in usable] == pytest.approx([5e10, 1.25e11, 3e11, 7.5e11], rel=1e-3)
    for minimum in usable:  # between the sizes beside the one that did best on average over the three orders
        near = sweep.where(f"C > {0.99 * minimum.C} and C < {1.01 * minimum.C}")
        sizes = np.unique(near["N"])
        best = int(np.argmin([near["loss"][near["N"] == size].mean() for size in sizes]))
        assert sizes[best - 1] < minimum.N.value < sizes[best + 1]
    assert 0.5 < frontier.N.exponent.value < 0.62


def test_a_budget_whose_minimum_is_at_the_edge_is_left_out():
    minima = isoflop_minima(load("tinylm", where="role == 'sweep' and (C > 6e10 or N > 13000)"))
    assert [m.usable for m in minima.budgets] == [False, True, True, True]
    (finding,) = (one for one in minima.findings if one.code == "F11")
    assert finding.severity == "WARN"
    assert "5e+10" in finding.message
    assert "sizes below 13.8k" in finding.remedy


# Approach 2: its promises.


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    inside = []
    for seed in range(60):
        estimate = approach2(ladder(noise=0.005, seed=seed), draws=200).at(1e24).N
        inside.append(estimate.low <= best(1e24)[0] <= estimate.high)
    assert 0.8 <= np.mean(inside) <= 1.0


def test_intervals_narrow_with_less_noise():
    widths = []
    for noise in (0.01, 0.001):
        exponent = approach2(ladder(noise=noise)).N.exponent
        widths.append(exponent.high - exponent.low)
    assert widths[1] < 0.3 * widths[0]


def test_the_same_seed_gives_the_same_intervals_and_another_gives_others():
    first, again, other = (approach2(ladder(noise=0.005), seed=seed).N.exponent for seed in (1, 1, 2))
    assert first == again
    assert first.value == other.value
    assert first.low != other.low


def test_scatter_between_budgets_widens_the_intervals():
    runs = ladder(noise=0.0005)
    shifted = np.array(runs["N"])
    for position, C in enumerate(np.unique(runs["C"])):
        shifted[runs["C"] == C] *= 1.3 if position % 2 else 1 / 1.3
    steady = approach2(runs).N.exponent
    jumpy = approach2(Runs.of(N=shifted, C=runs["C"], loss=runs["loss"])).N.exponent
    assert jumpy.high - jumpy.low > 3 * (steady.high - steady.low)


def test_row_order_and_units_change_nothing():
    runs = ladder(noise=0.002)
    order = np.random.default_rng(0).permutation(len(runs))
    whole = approach2(runs, draws=0).N
    shuffled = approach2(runs.take(order), draws=0).N
    scaled = approach2(Runs.of(N=runs["N"] / 1e6, D=runs["D"] / 1e6, C=runs["C"] / 1e12, loss=runs["loss"]), draws=0).N
    assert shuffled.slope == pytest.approx(whole.slope, rel=1e-8)
    assert scaled.slope == pytest.approx(whole.slope, rel=1e-8)
    assert 1e6 * scaled(1e12).value == pytest.approx(whole(1e24).value, rel=1e-8)


def test_tokens_follow_the_runs_own_flop_count():
    plain = ladder()
    # Counted with attention, say: more FLOPs per token than 6N for small models.
    per_token = 6 * plain["N"] + 60 * plain["N"] ** 0.9
    runs = Runs.of(N=plain["N"], D=plain["C"] / per_token, C=plain["C"], loss=plain["loss"])
    for minimum in isoflop_minima(runs, draws=0).budgets:
        N = minimum.N.value
        assert minimum.D.value == pytest.approx(minimum.C / (6 * N + 60 * N**0.9), rel=2e-3)


def test_budgets_need_not_cost_exactly_the_same():
    runs = ladder()
    C = runs["C"] * np.exp(np.random.default_rng(0).uniform(-0.009, 0.009, len(runs)))
    uneven = Runs.of(N=runs["N"], C=C, loss=loss(runs["N"], C / 6 / runs["N"]))
    assert approach2(uneven).N.exponent.value == pytest.approx(EXPONENT, abs=0.01)


def test_replicates_and_larger_runs_are_no_budgets_and_are_listed():
    budgets = group_by_budget(load("tinylm"))
    assert [len(member) for member in budgets.members] == [18, 18, 18, 18, 9]
    assert len(budgets.excluded) == 6
    assert "other size" in budgets.excluded[0].reason


def test_a_minimum_beyond_the_sizes_or_none_at_all_leaves_the_budget_out():
    off_grid = ladder(4, 5, drift=0.7)
    minima = isoflop_minima(off_grid)
    assert not minima.budgets[-1].usable
    assert "smallest size" in minima.budgets[-1].problem
    N = np.array([1e7, 1e8, 1e9])
    concave = isoflop_minima(Runs.of(N=N, C=np.full(3, 1e19), loss=[3.0, 3.2, 3.1]))
    assert "curve upwards" in concave.budgets[0].problem
    assert codes(concave)[:1] == ["F11"]


def test_one_usable_budget_leaves_the_exponents_unknown_and_says_so():
    frontier = approach2(ladder(budgets=(1e19,)))
    assert math.isnan(frontier.N.exponent.value)
    assert math.isnan(frontier.at(1e21).D.value)
    assert codes(frontier) == ["F04"]
    assert "unknown" in frontier.findings[0].message


def test_two_usable_budgets_give_the_line_through_both_with_a_warning():
    frontier = approach2(ladder(budgets=(1e19, 1e20)))
    assert frontier.N.exponent.value == pytest.approx(EXPONENT, abs=1e-6)
    assert codes(frontier) == ["F04"]


def test_three_runs_a_budget_have_no_intervals_and_say_why():
    frontier = approach2(ladder(4, 3))
    assert frontier.N.exponent.value == pytest.approx(EXPONENT, abs=1e-6)
    assert math.isnan(frontier.N.exponent.low)
    assert codes(frontier) == ["F04"]


def test_drifting_sizes_are_found_and_centred_ones_are_not():
    assert "F12" in codes(approach2(ladder(4, drift=0.23)))
    assert codes(approach2(ladder(8, noise=0.005))) == []
    assert not {"F11", "F12"} & set(codes(approach2(load("tinylm", where="role == 'sweep'"))))


@pytest.mark.public_data
def test_scattered_compute_is_refused_in_one_sentence():
    with pytest.raises(DataError, match=r"only 30 of 240 runs share a compute budget \(C within ± 2%\)"):
        approach2(load("chinchilla", where="D/N > 0.45"))


def test_a_chain_of_runs_is_no_budget():
    C = np.geomspace(1e18, 1e19, 200)
    with pytest.raises(DataError, match="none of the 200 runs"):
        approach2(Runs.of(N=np.geomspace(1e7, 1e9, 200), C=C, loss=np.full(200, 3.0)))


def test_senseless_options_are_refused():
    with pytest.raises(UsageError, match="window"):
        approach2(ladder(), window=0.5)
    with pytest.raises(UsageError, match="tolerance"):
        approach2(ladder(), tolerance=0.0)


def test_an_allocation_stands_in_json_and_on_one_line():
    for frontier in (approach2(ladder(noise=0.002)), approach1(curves())):
        told = json.loads(json.dumps(frontier.as_dict()))
        assert told["approach"] == frontier.approach
        assert told["N"]["exponent"]["value"] == frontier.N.exponent.value
        assert str(frontier).startswith(f"approach {frontier.approach}: N_opt ~ C^0.4")


# Approach 1.


def curves(sizes=30, names=None, *, smallest=1e6, largest=1e10):
    """Give training curves of many sizes, each with 40 rows, on the surface."""
    N = np.repeat(np.geomspace(smallest, largest, sizes), 40)
    D = N * np.tile(np.geomspace(0.5, 2000, 40), sizes)
    named = {} if names is None else {"run_name": np.repeat(names, 40)}
    return Runs.of(N=N, D=D, loss=loss(N, D), **named)


def test_the_envelope_of_dense_curves_has_the_surfaces_exponents():
    frontier = approach1(curves())
    assert frontier.N.exponent.value == pytest.approx(EXPONENT, abs=0.01)
    assert frontier.D.exponent.value == pytest.approx(1 - EXPONENT, abs=0.01)
    assert frontier.at(1e20).N.value == pytest.approx(best(1e20)[0], rel=0.05)
    assert frontier.N.exponent.low < EXPONENT < frontier.N.exponent.high


def test_curves_are_told_apart_by_their_name_or_else_by_their_size():
    named = approach1(curves(names=[f"run {position}" for position in range(30)]))
    assert named.N.slope == approach1(curves()).N.slope
    with pytest.raises(DataError, match="1 training curves"):
        approach1(curves(names=["one"] * 30))


def test_an_envelope_cut_off_by_its_sizes_is_found_out():
    frontier = approach1(curves(3, smallest=1e8, largest=4e8))
    assert codes(frontier) == ["D07", "D13", "F11"]  # what the runs are, and then what they leave unknown
    assert "unknown" in frontier.findings[-1].message
    assert math.isnan(frontier.N.exponent.value)
    assert math.isnan(frontier.at(1e20).D.low)


def test_no_point_of_the_envelope_is_the_smallest_or_the_largest_size():
    envelope = approach1(curves()).evidence
    assert envelope.N.min() > 1.01e6
    assert envelope.N.max() < 0.99e10
    assert envelope.left_out + len(envelope.C) == 200


def test_curves_that_never_meet_have_no_envelope():
    N = np.repeat([1e6, 1e8, 1e10], 2)
    with pytest.raises(DataError, match="at no compute do 3 of the 3 training curves meet"):
        approach1(Runs.of(N=N, D=N * np.tile([10.0, 20.0], 3), loss=np.linspace(4, 3, 6)))


@pytest.mark.public_data
def test_gemstones_envelope_gives_a_plausible_exponent():
    frontier = approach1(load("gemstones"))
    assert frontier.evidence.curves == 22
    assert 0.35 < frontier.N.exponent.low < frontier.N.exponent.value < frontier.N.exponent.high < 0.7


# Both against a fitted law.


def test_a_law_far_from_the_minima_is_told_and_a_near_one_is_not():
    frontier = approach2(ladder(noise=0.002))
    exponent = frontier.N.exponent
    assert disagreement(frontier, exponent) == ()
    (finding,) = disagreement(frontier, Estimate(exponent.value + 0.3, exponent.low + 0.3, exponent.high + 0.3))
    assert (finding.code, finding.severity) == ("F13", "WARN")
    assert disagreement(frontier, Estimate(0.9)) == ()  # without an interval nothing can be said
