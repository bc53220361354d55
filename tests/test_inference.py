"""Test-time compute: identities to the last digit, forecasts that hold the truth, and a better buy that is one."""

from __future__ import annotations

import math
import sys
from itertools import product

import numpy as np
import pytest

import isoflop
from isoflop.beyond.test_time import (
    Asked,
    Attempts,
    Choosing,
    Difficulty,
    Serving,
    chances,
    difficulty,
    inference,
    lifetime,
    majority,
    sampling,
    solved,
    verified,
)
from isoflop.beyond.test_time.difficulty_densities import FAMILIES, P, beta_mass
from isoflop.beyond.test_time.from_pass1 import assumed, concentrations
from isoflop.errors import DataError, UsageError
from isoflop.laws import LAWS, find_curve

CHANCES = np.array([0.0, 0.02, 0.3, 0.5, 0.7, 1.0])


def drawn(p, samples, *, seed=0, **about):
    random = np.random.default_rng(seed)
    n = np.broadcast_to(samples, p.shape)
    return Attempts.of(n, random.binomial(n, p), **about)


@pytest.fixture(scope="module", autouse=True)
def looked_at_once():
    """Keep what was found of a model: many tests ask of the same ones."""
    kept = {}

    def found(model, **words):
        seen = (model.name, model.pass1, model.samples.tobytes(), model.correct.tobytes(), repr(sorted(words)),
                repr([value for key, value in sorted(words.items()) if key != "families"]))  # fmt: skip
        if seen not in kept:
            kept[seen] = difficulty(model, **words)
        return kept[seen]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("isoflop.beyond.test_time.coverage.difficulty", found)
        patch.setattr(sys.modules["isoflop.beyond.test_time.test_time"], "difficulty", found)
        yield found


@pytest.fixture(scope="module")
def task():
    """Give three models on the same problems: each is the last one with every logit moved up."""
    hard = 2.2 * np.random.default_rng(3).standard_normal(150)
    rows = [("small", 5e8, 2e11, -3.2), ("medium", 3e9, 1e12, -1.6), ("large", 14e9, 2e12, -0.4)]
    return [drawn(1 / (1 + np.exp(hard - able)), 64, seed=place, name=name, N=N, D=D)
            for place, (name, N, D, able) in enumerate(rows)]  # fmt: skip


@pytest.fixture(scope="module")
def spreads(task, looked_at_once):
    return [looked_at_once(one, seed=0, level=0.9) for one in task]


# Identities


@pytest.mark.parametrize(("k", "published"), [(1, 0.0566), (10, 0.2909), (100, 0.6069), (1000, 0.8005)])
def test_pass_at_k_of_a_beta_is_what_the_paper_says(k, published):
    assert round(float(isoflop.solved_by_beta(0.3, 5, k=k)), 4) == published


@pytest.mark.parametrize(("a", "b"), [(0.3, 5), (0.05, 0.2), (3, 40), (0.5, 0.5), (1, 1)])
@pytest.mark.parametrize("k", [1, 7, 100, 10_000])
def test_pass_at_k_of_a_beta_is_the_product_to_twelve_digits(a, b, k):
    left = math.fsum(math.log1p(-a / (a + b + step)) for step in range(k))
    assert float(isoflop.solved_by_beta(a, b, k=k)) == pytest.approx(-math.expm1(left), abs=1e-12, rel=1e-12)


def test_a_share_that_is_never_solved_is_a_ceiling():
    assert float(isoflop.solved_by_beta(0.5, 3, k=1e12, never=0.25)) == pytest.approx(0.75, abs=1e-5)


def test_with_k_of_one_the_tail_of_a_beta_falls_as_its_exponent():
    far, farther = (1 - float(isoflop.solved_by_beta(0.3, 5, k=k)) for k in (1e8, 1e9))
    assert math.log10(far / farther) == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize(("a", "b"), [(0.3, 5.0), (0.6, 1.0), (0.02, 0.5), (5.0, 2.0), (20.0, 60.0)])
def test_a_density_on_the_points_keeps_its_mass_and_its_pass_at_k(a, b):
    mass = beta_mass(np.array([[a]]), np.array([[b]]))[0]
    assert mass.sum() == pytest.approx(1, abs=1e-6)
    for k in (1, 30, 1000, 1e5):
        assert float(mass @ solved(P, k)) == pytest.approx(float(isoflop.solved_by_beta(a, b, k=k)), abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.name)
def test_every_family_is_a_density_with_named_parameters(family):
    z = np.random.default_rng(0).standard_normal((40, family.size))
    mass = family.mass(z)
    assert mass.shape == (40, P.size)
    assert (mass >= 0).all()
    assert mass.sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert {len(values) for values in family.named(z).values()} == {40}


def test_only_families_with_never_keep_a_floor_of_unsolved_problems():
    for family in FAMILIES:
        z = np.zeros((1, family.size))
        z[:, 0] = 2.0  # all but the easiest densities of a family lie partly below the smallest chance looked at
        assert ("never" in family.name) == (family.mass(z)[0, 0] > 0.05)


# Answers


def test_one_sample_is_its_chance_however_it_is_chosen():
    for one in (Choosing(), Choosing("majority", rival=0.4), Choosing("verifier", recall=0.7, false=0.2)):
        assert one.chance(CHANCES, 1) == pytest.approx(CHANCES, abs=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("rival", [1.0, 0.5, 0.0])
def test_the_majority_is_that_of_all_votes_counted_one_by_one(k, rival):
    for p in CHANCES:
        share = (p, rival * (1 - p), (1 - rival) * (1 - p))
        won = 0.0
        for votes in product(range(3), repeat=k):
            ahead = votes.count(0) - votes.count(1)
            win = 1.0 if ahead > 0 else 0.5 if ahead == 0 and votes.count(0) else 0.0
            won += math.prod(share[vote] for vote in votes) * win
        assert float(majority(p, k, rival=rival)) == pytest.approx(won, abs=1e-12)


@pytest.mark.parametrize("rival", [1.0, 0.3])
def test_many_votes_go_on_where_few_end_and_reach_their_limit(rival):
    assert majority(CHANCES, 401, rival=rival) == pytest.approx(majority(CHANCES, 399, rival=rival), abs=0.01)
    choosing = Choosing("majority", rival=rival)
    assert choosing.chance(CHANCES, 10**6) == pytest.approx(choosing.limit(CHANCES), abs=1e-6)
    assert choosing.limit([0.49, 0.51, 0.0]).tolist() == ([0, 1, 0] if rival == 1 else [1, 1, 0])


def test_a_verifier_is_what_the_expectation_says_and_its_false_positives_cap_it():
    recall, false, p, k = 0.8, 0.1, 0.3, 3
    accept, right = p * recall + (1 - p) * false, p * recall
    first = sum((1 - accept) ** step * right for step in range(k))
    none = (1 - accept) ** k * p * (1 - recall) / (1 - accept)
    assert float(verified(p, k, recall=recall, false=false)) == pytest.approx(first + none, abs=1e-12)
    choosing = Choosing("verifier", recall=recall, false=false)
    assert float(choosing.limit(p)) == pytest.approx(p * recall / (p * recall + (1 - p) * false))
    reached = [float(choosing.chance(p, k)) for k in (1, 2, 10, 1000)]
    assert reached == sorted(reached)
    assert reached[-1] == pytest.approx(float(choosing.limit(p)), abs=1e-12)


def test_a_perfect_verifier_is_coverage():
    assert verified(CHANCES, 50, recall=1, false=0) == pytest.approx(solved(CHANCES, 50), abs=1e-12)
    assert Choosing("verifier").limit(CHANCES).tolist() == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "words", [{"how": "luck"}, {"rival": 1.2}, {"how": "verifier", "recall": 0.1, "false": 0.5}, {"false": -0.1}]
)
def test_a_choice_that_cannot_be_is_refused(words):
    with pytest.raises(UsageError, match=r"Say|as in"):
        Choosing(**words)


# Difficulty


def test_counts_give_back_the_beta_they_were_drawn_from():
    p = np.random.default_rng(1).beta(0.3, 5, 600)
    found = difficulty(drawn(p, 200), families=FAMILIES[:1])
    a, b = (found.parameters["Beta"][name] for name in "ab")
    assert a.low < 0.3 < a.high
    assert b.low < 5 < b.high
    assert a.high - a.low < 0.1
    assert found.families == {"Beta": 1.0}


@pytest.mark.simulates
def test_forecasts_a_hundred_times_beyond_the_samples_hold_the_truth():
    """Nine in ten should; of 12 Beta worlds, fewer than 9 would come about once in 40 such tests."""
    inside = 0
    for seed in range(12):
        p = np.random.default_rng(seed).beta(0.3, 5, 100)
        found = difficulty(drawn(p, 50, seed=seed), seed=seed).mean(solved(P, 5000))
        inside += found.low <= solved(p, 5000).mean() <= found.high
    assert inside >= 9


def test_a_task_with_unsolvable_problems_is_not_taken_for_one_that_time_solves():
    random = np.random.default_rng(5)
    p = random.beta(2, 4, 200) * (random.random(200) > 0.3)
    found = difficulty(drawn(p, 100))
    limit = found.mean(Choosing().limit(P))
    assert sum(weight for name, weight in found.families.items() if "never" in name) > 0.9
    assert limit.low < (p > 0).mean() < limit.high
    alone = difficulty(drawn(p, 100), families=FAMILIES[:1]).mean(solved(P, 10_000))
    assert alone.low > (p > 0).mean()  # which one Beta would do


def test_problems_with_different_numbers_of_samples_none_and_all_correct_are_all_used():
    p = np.concatenate([np.zeros(10), np.ones(10), np.full(40, 0.2)])
    found = difficulty(drawn(p, np.random.default_rng(0).integers(1, 300, p.size)))
    one = found.mean(P)
    assert one.low < p.mean() < one.high
    assert found.these.sum(axis=1) == pytest.approx(1)


def test_the_interval_for_the_task_at_large_is_wider_than_for_these_problems():
    found = difficulty(drawn(np.random.default_rng(0).beta(0.5, 1, 30), 200)).mean(P)
    these, large = found.intervals["these problems"], found.intervals["at large"]
    assert large[1] - large[0] > 2 * (these[1] - these[0])
    assert (found.low, found.high) == these


def test_the_chance_of_each_problem_lies_near_its_own_counts():
    attempts = Attempts.of([100, 100, 10_000], [0, 50, 9_000])
    never, half, often = chances(attempts, difficulty(attempts))
    assert never.low < 1e-3
    assert never.high < 0.05
    assert half.low < 0.5 < half.high
    assert often.value == pytest.approx(0.9, abs=0.02)
    assert often.high - often.low < half.high - half.low


def test_draws_repeat_with_their_seed():
    attempts = drawn(np.linspace(0, 0.9, 40), 30)
    same, again, other = (difficulty(attempts, seed=seed).these for seed in (1, 1, 2))
    assert (same == again).all()
    assert (same != other).any()


@pytest.mark.parametrize(("n", "c"), [(10, 11), (0, 0), (10, 2.5), (10, -1)])
def test_counts_that_are_none_are_refused(n, c):
    with pytest.raises(DataError, match="whole numbers"):
        Attempts.of([10, n], [1, c])


# Where only pass@1 is known


def test_an_assumed_spread_keeps_the_mean_and_is_wide():
    model = Attempts("m", (), np.zeros(0), np.zeros(0), 0.3)
    found = assumed(model, concentrations())
    assert found.mean(P).value == pytest.approx(0.3, abs=1e-3)
    many = found.mean(solved(P, 100))
    assert many.high - many.low > 0.3


def test_known_numbers_of_problems_widen_pass_at_1():
    few, many = (
        assumed(Attempts("m", (), np.zeros(0), np.zeros(0), 0.3, known_problems=count), concentrations()).mean(P)
        for count in (30, 3000)
    )
    assert few.high - few.low > 5 * (many.high - many.low)


def test_a_spread_learnt_from_counts_is_narrower_and_about_theirs(spreads):
    learnt, range_ = concentrations(like=spreads), concentrations()
    true = np.median([np.median(_concentration(one)) for one in spreads])
    assert np.median(learnt) == pytest.approx(true, rel=0.5)
    assert np.std(np.log(learnt)) < np.std(np.log(range_))


def _concentration(one: Difficulty):
    mean = one.at_large @ P
    return mean * (1 - mean) / (one.at_large @ P**2 - mean**2) - 1


@pytest.mark.parametrize("between", [(0, 1), (3, 1), (1, 1e6)])
def test_a_concentration_that_no_density_has_is_refused(between):
    with pytest.raises(UsageError, match="concentration"):
        concentrations(between)


# Cost and the better buy


def test_a_query_costs_two_flops_for_each_parameter_and_token_and_the_prompt_once():
    model = Attempts.of([10], [5], N=1e9, D=1e11)
    assert Serving(tokens=500, prompt=100).of(model, 8) == pytest.approx(2e9 * (100 + 8 * 500))
    assert Serving(tokens=500, prompt=100, reuse=False).of(model, 8) == pytest.approx(2e9 * 8 * 600)
    assert Serving(tokens=500, queries=1e6).of(model, 1) == pytest.approx(2e9 * 500 + 6 * 1e9 * 1e11 / 1e6)
    moe = Attempts.of([10], [5], N=1e9, active=1e8)
    assert Serving(tokens=500).of(moe, 1) == pytest.approx(2e8 * 500)


def test_dollars_are_those_of_the_device_or_of_a_million_tokens():
    model = Attempts.of([10], [5], N=1e9)
    hour = isoflop.flops_for(device="H100", hours=1.0)
    assert Serving(tokens=500, unit="dollars").of(model, 2) == pytest.approx(2e9 * 1000 / float(hour) * 2.0)
    assert Serving(tokens=500, per_million=3, unit="dollars").of(model, 2) == pytest.approx(0.003)
    assert Serving(tokens=500, per_million=3, unit="dollars").of(Attempts.of([10], [5], price=1), 2) == pytest.approx(
        1e-3
    )


def test_what_is_affordable_costs_no_more_than_the_budget():
    serving, model = Serving(tokens=512, prompt=300), Attempts.of([10], [5], N=3e9)
    for budget in (1e12, 1e13, 7.7e14):
        k = serving.affordable(model, budget)
        assert k == 0 if budget == 1e12 else serving.of(model, k) == pytest.approx(budget)


def asked(*budgets, **words):
    return Asked(budgets=budgets, choosing=Choosing(words.pop("how", "coverage")), serving=Serving(tokens=512, **words))


def test_the_best_buy_flips_where_the_two_cost_the_same_for_the_same(task):
    found = inference(task, asked=asked(1e12, 1e15, how="majority"))
    assert [one.best for one in found.budgets] == ["small", "large"]
    small = found.models[0].attempts
    assert found.flips[0].before == "small"
    for flip in found.flips:
        assert flip.budget.low <= flip.budget.value <= flip.budget.high
        assert Serving(tokens=512).of(small, 1) < flip.budget.value
    assert sum(one.best for one in found.budgets[0].offers) == pytest.approx(1)


def test_a_budget_below_one_sample_buys_nothing(task):
    (found,) = inference(task[:1], asked=asked(1e10)).budgets
    assert found.best == ""
    assert all(offer.samples == 0 and math.isnan(offer.accuracy.value) for offer in found.offers)


def test_training_that_queries_pay_for_favours_the_small_model_less_the_more_there_are(task):
    few, many = (Serving(tokens=512, queries=count).affordable(task[2], 1e15) for count in (1e9, 1e12))
    assert few < many


def test_models_are_needed_and_prices(task):
    with pytest.raises(DataError, match="no attempts"):
        inference([])
    with pytest.raises(UsageError, match="--tokens 512"):
        inference(task, asked=Asked(budgets=(1e15,)))
    with pytest.raises(UsageError, match="column N"):
        inference([Attempts.of([10], [5])], asked=asked(1e15))


def test_findings_say_what_is_assumed_and_what_is_not_known(task):
    rate = [Attempts("m", (), np.zeros(0), np.zeros(0), 0.3, N=1e9)]
    codes = {one.code for one in inference(rate, asked=asked(1e15)).findings}
    assert {"T01", "T02", "T06"} <= codes
    far = inference(task[:1], asked=asked(1e18, unit="dollars"))
    assert {"T03", "T08"} <= {one.code for one in far.findings}
    few = inference([drawn(np.array([0.0, 0.0, 0.1, 0.4]), 20)], asked=Asked(choosing=Choosing("verifier", false=0.1)))
    assert {"T04", "T05", "T07"} <= {one.code for one in few.findings}


# Training and sampling together


def test_a_longer_life_of_queries_asks_for_fewer_samples_of_a_smaller_model(task, spreads):
    def of(queries):
        return lifetime(
            task, spreads, curve=find_curve("besiroglu2024"), flops=1e22, serving=Serving(tokens=512, queries=queries),
            choosing=Choosing(),
        )  # fmt: skip

    few, many = of(1e6), of(1e9)
    assert few.samples.value > 30 * many.samples.value
    assert few.accuracy.value > many.accuracy.value > many.alone.value
    for one in (few, many):
        spent = 6 * one.N.value * one.D.value + one.queries * 2 * one.N.value * 512 * one.samples.value
        assert spent == pytest.approx(1e22, rel=0.15)  # medians of draws need not belong to one run
        assert one.training.low <= one.training.value <= one.training.high


def test_a_joint_optimum_needs_three_models_and_their_training(task, spreads):
    words = {"curve": find_curve("besiroglu2024"), "flops": 1e22, "choosing": Choosing()}
    with pytest.raises(DataError, match="3 models"):
        lifetime(task[:2], spreads[:2], serving=Serving(tokens=512, queries=1e9), **words)
    with pytest.raises(UsageError, match="--queries"):
        lifetime(task, spreads, serving=Serving(tokens=512), **words)


def test_a_law_that_takes_samples_has_the_optimum_of_brute_force():
    curve = LAWS["t2"].at("mine", E=1.8, A=480, alpha=0.35, B=2000, beta=0.36, G=0.5, gamma=0.3)
    found = sampling(curve, flops=1e22, queries=1e8, tokens=512)
    N, k = np.meshgrid(np.geomspace(1e8, 1e11, 300), np.geomspace(1, 1e4, 200))
    D = (1e22 - 2 * 512 * 1e8 * k * N) / 6 / N
    loss = np.where(D > 0, curve(N, np.maximum(D, 1), k), np.inf)
    assert loss.min() - 3e-5 < found.loss <= loss.min() + 1e-9
    assert 6 * found.N * found.D + 2 * 512 * 1e8 * found.samples * found.N == pytest.approx(1e22)
    with pytest.raises(UsageError, match="N, D and samples"):
        sampling(find_curve("besiroglu2024"), flops=1e22, queries=1e8, tokens=512)
