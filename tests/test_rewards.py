"""Best of n, and lengths of thinking to choose from, on worlds whose truth is known."""

import numpy as np
import pytest

import isoflop
from isoflop.beyond.test_time import Asked, Choosing
from isoflop.beyond.test_time.answers import solved
from isoflop.beyond.test_time.rewards import MOST, best_of, picked_of
from isoflop.errors import UsageError

P = np.array([0.0, 0.02, 0.3, 0.9, 1.0])


@pytest.mark.parametrize("k", [1, 2, 7, 100, 10_000])
def test_best_of_n_lies_between_chance_and_a_perfect_verifier(k):
    blind, sharp = best_of(P, k, separation=0.0), best_of(P, k, separation=MOST)
    assert blind == pytest.approx(P, abs=1e-3)
    assert sharp == pytest.approx(solved(P, k), abs=2e-3)
    some = best_of(P, k, separation=1.0)
    assert np.all(some >= blind - 1e-3)
    assert np.all(some <= sharp + 1e-3)


def test_best_of_n_is_what_drawn_rewards_give():
    random = np.random.default_rng(0)
    right = random.random((40_000, 8)) < 0.2
    rewards = random.standard_normal(right.shape) + 1.3 * right
    drawn = right[np.arange(len(right)), rewards.argmax(axis=1)].mean()
    assert best_of(0.2, 8, separation=1.3) == pytest.approx(drawn, abs=0.01)


def test_rewards_of_samples_tell_best_of_k_without_bias_and_the_separation():
    random = np.random.default_rng(1)
    chance = random.beta(1, 2, 400)
    right = random.random((400, 16)) < chance[:, None]
    rewards = random.standard_normal(right.shape) + 1.5 * right
    found = picked_of(np.repeat(np.arange(400), 16), right.ravel().astype(float), rewards.ravel())
    assert found.separation == pytest.approx(1.5, abs=0.1)
    assert found.rates[0] == pytest.approx(right.mean())
    four = best_of(chance, 4, separation=1.5).mean()
    assert found.rates[list(found.k).index(4)] == pytest.approx(four, abs=0.03)


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("with_coverage", [True, False])
def test_a_table_of_best_of_n_foretells_larger_n(table, with_coverage):
    chance = np.random.default_rng(2).beta(0.5, 2, 300)
    rows = [
        f"m,{n},{solved(chance, n).mean()},{best_of(chance, n, separation=1.2).mean()}" for n in (1, 2, 4, 8, 16, 32)
    ]
    rows = rows if with_coverage else [",".join(np.array(row.split(","))[[0, 1, 3]]) for row in rows]
    head = "model,n,coverage,best_of_n" if with_coverage else "model,n,best_of_n"
    found = isoflop.test_time(table("\n".join([head, *rows])), asked=Asked(samples=(256,)))
    reached = found.models[0].reach[0].by["best-of-n"]
    truth = best_of(chance, 256, separation=1.2).mean()
    assert reached.low < truth < reached.high
    if with_coverage:
        assert reached.value == pytest.approx(truth, abs=0.02)
        assert found.models[0].separation == pytest.approx(1.2, abs=0.1)


def test_best_of_n_without_rewards_asks_for_them(table):
    path = table("model,pass@1\na,0.3\n")
    with pytest.raises(UsageError, match="--separation"):
        isoflop.test_time(path, asked=Asked(choosing=Choosing("best-of-n")))
    said = isoflop.test_time(path, asked=Asked(choosing=Choosing("best-of-n", separation=1.0), samples=(8,)))
    assert said.models[0].reach[0].by["best-of-n"].value > 0.3


def test_lengths_of_thinking_and_sizes_are_chosen_among_under_one_budget(table):
    rows = [
        f"{name},{size},{tokens},{low + step * np.log2(tokens / 512)}"
        for name, size, low, step in (("small", "2B", 0.1, 0.08), ("large", "30B", 0.4, 0.02))
        for tokens in (512, 2048, 8192)
    ]
    found = isoflop.test_time(table("\n".join(["model,params,thinking_tokens,accuracy", *rows])))
    assert found.choosing.how == "one"
    assert len(found.models) == 6
    for one in found.budgets:
        able = {offer.model: offer.accuracy.value for offer in one.offers if offer.samples}
        assert all(offer.samples <= 1 for offer in one.offers)
        assert able[one.best] == max(able.values())
        for offer in one.offers:
            size, tokens = (2e9 if "small" in offer.model else 3e10), float(offer.model.split()[1])
            assert (offer.samples > 0) == (2 * size * tokens <= one.budget * (1 + 1e-9))
    assert found.flips
