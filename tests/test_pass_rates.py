# ruff: noqa: F811 - a fixture is imported, and named again where it is asked for
"""Tables of pass@k: every form in which people keep them is read, and becomes one answer."""

from __future__ import annotations

import numpy as np
import pytest
from commands import write  # noqa: F401 - a fixture

import isoflop
from isoflop.beyond.test_time import Asked, Attempts, Choosing, difficulty, power_law, solved
from isoflop.beyond.test_time.coverage import slope_of, with_tails
from isoflop.beyond.test_time.difficulty_densities import P
from isoflop.beyond.test_time.evidence import Rates, counts_of, evidence_of
from isoflop.errors import DataError
from isoflop.laws.pass_at_k import pass_at_k

K, RATES = (1, 10, 100), (0.05, 0.21, 0.48)
ROWS = "\n".join(f"m,{k},{rate}" for k, rate in zip(K, RATES, strict=True))
FORMS = {
    "wide": "model,pass@1,pass@10,pass@100\nm,0.05,0.21,0.48",
    "wide, other words": "model,pass_at_1,pass_at_10,pass_at_100\nm,0.05,0.21,0.48",
    "per cent by name": "model,pass@1 (%),pass@10 (%),pass@100 (%)\nm,5,21,48",
    "per cent by sign": "model,pass@1,pass@10,pass@100\nm,5%,21%,48%",
    "per cent by size": "model,pass@1,pass@10,pass@100\nm,5.0,21.0,48.0",
    "long": f"model,k,pass@k\n{ROWS}",
    "long, coverage": f"name,num_samples,coverage\n{ROWS}",
    "problem by problem": "model,problem,k,pass_at_k\n"
    + "\n".join(f"m,{q},{k},{r + d}" for q, d in (("a", -0.02), ("b", 0.02)) for k, r in zip(K, RATES, strict=True)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_pass_at_k_is_read_in_every_form(form, write):
    (found,) = isoflop.read_attempts(write(FORMS[form]))
    assert found.rated
    assert found.k.tolist() == list(K)
    assert found.rates == pytest.approx(RATES)
    assert found.pass1 == pytest.approx(0.05)


def test_benchmarks_in_one_table_are_told_apart(write):
    rows = [
        f"{model},{task},{k},{rate}" for model in "ab" for task in ("math", "code") for k, rate in ((1, 0.1), (9, 0.4))
    ]
    found = isoflop.read_attempts(write("model,task,k,pass@k\n" + "\n".join(rows)))
    assert {one.name for one in found} == {"a, math", "a, code", "b, math", "b, code"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("model,k,pass@k\nm,1,0.1\nm,1,0.2\nm,5,0.3", "twice"),
        ("model,k,pass@k\nm,1.5,0.1\nm,5,0.3", "number of samples"),
        ("model,pass@1,pass@10\nm,0.1,-0.2", "no share"),
        ("model,pass@1,pass@10\nm,10,120", "no share"),
        ("model,pass@1,pass@10\nm,,", "no pass@k is known"),
    ],
)
def test_what_is_no_rate_is_refused_by_its_cell(table, message, write):
    with pytest.raises(DataError, match=message):
        isoflop.read_attempts(write(table))


def once(right, problems):
    """Give what is known of one sample of each problem, in every form in which people write it."""
    each = [int(q < right) for q in range(problems)]
    share = right / problems
    return {
        "counts": "problem,n,c\n" + "\n".join(f"{q},1,{c}" for q, c in enumerate(each)),
        "samples": "problem,correct\n" + "\n".join(f"{q},{c}" for q, c in enumerate(each)),
        "truth values": "problem,correct\n" + "\n".join(f"{q},{bool(c)}" for q, c in enumerate(each)),
        "pass@1": f"pass@1,problems\n{share:.4f},{problems}\n",
        "accuracy in per cent": f"accuracy,problems\n{share:.2%},{problems}\n",
        "pass@k with k of 1": f"k,pass@k,problems\n1,{share:.4f},{problems}\n",
        "pass@k problem by problem": "problem,k,pass@k\n" + "\n".join(f"{q},1,{c}" for q, c in enumerate(each)),
    }


@pytest.mark.parametrize("seed", range(8))
def test_one_sample_a_problem_is_the_same_evidence_in_every_form(seed, tmp_path):
    random = np.random.default_rng(seed)
    problems = int(random.integers(8, 400))
    found = []
    for place, text in enumerate(once(int(random.integers(1, problems)), problems).values()):
        path = tmp_path / f"{place}.csv"
        path.write_text(text)
        (one,) = isoflop.read_attempts(path)
        found.append((one.pass1 == pytest.approx(found[0][4], abs=1e-4) if found else True, evidence_of(one), one.rated,
                      one.counted, one.pass1))  # fmt: skip
    for same, evidence, rated, counted, _ in found:
        assert same
        assert not rated
        assert not counted
        assert evidence.rates == pytest.approx(found[0][1].rates, abs=1e-12)
        assert evidence.problems == found[0][1].problems
        assert evidence.variance == found[0][1].variance
        assert (evidence.h == found[0][1].h).all()


def test_one_sample_a_problem_is_one_answer_in_every_form(tmp_path):
    reach = []
    forms = once(50, 164)
    for place, form in enumerate(("counts", "pass@1", "pass@k with k of 1")):
        path = tmp_path / f"{place}.csv"
        path.write_text(forms[form])
        reach.append([row.by for row in isoflop.inference(path).models[0].reach])
    assert all(one == reach[0] for one in reach)


def drawn(a, b, *, problems=128, samples=100, seed=0):
    random = np.random.default_rng(seed)
    p = random.beta(a, b, problems)
    return p, Attempts.of(samples, random.binomial(samples, p))


def rated(counts, k, *, samples):
    rates = np.array([pass_at_k(counts.samples, counts.correct, k=int(one)).mean() for one in k])
    return Attempts("m", (), np.zeros(0), np.zeros(0), float(rates[0]), float(counts.samples.size),
                    k=np.asarray(k, float), rates=rates, known_samples=samples)  # fmt: skip


@pytest.mark.parametrize(("a", "b"), [(0.2, 74), (0.25, 30), (0.35, 11), (0.45, 2)])
def test_pass_at_1_alone_gives_intervals_that_real_models_stay_in(a, b):
    for seed in range(2):
        p, counts = drawn(a, b, samples=1, seed=seed)
        if not 0 < counts.correct.sum() < p.size:
            continue
        found = difficulty(counts, seed=seed)
        for k in (100, 10_000):
            reached = found.mean(solved(P, k))
            assert reached.low <= solved(p, k).mean() <= reached.high


def test_means_say_what_the_counts_behind_them_say():
    p, counts = drawn(0.3, 5, samples=400, seed=3)
    means = rated(counts, [1, 2, 5, 10, 20, 50, 100, 200, 400], samples=400)
    one, other = (difficulty(each).mean(solved(P, 4000)) for each in (counts, means))
    truth = solved(p, 4000).mean()
    assert one.value == pytest.approx(truth, abs=0.05)
    assert other.value == pytest.approx(truth, abs=0.05)
    assert difficulty(means).mean(solved(P, 100)).value == pytest.approx(means.measured(100), abs=0.01)


def test_the_likelihood_of_means_is_highest_near_the_density_they_come_from():
    from isoflop.beyond.test_time.difficulty_densities import beta_mass

    _, counts = drawn(0.3, 5, problems=2000, samples=200)
    means = rated(counts, [1, 5, 20, 100, 200], samples=200)
    seen = Rates.of(means.k, means.rates, problems=2000.0, samples=200.0, rounding=0.0)
    a = np.array([[0.15], [0.3], [0.6]])
    mass = beta_mass(a, np.full_like(a, 5.0))
    assert int(np.argmax(seen.log_likelihood(mass))) == 1
    assert int(np.argmax(counts_of(counts).log_likelihood(mass))) == 1


def test_a_power_law_continues_where_measuring_ends_and_never_falls():
    _, counts = drawn(0.3, 5, seed=1)
    (found,) = with_tails([counts], [difficulty(counts)])
    assert found.tail is not None
    k = [10, 50, 99, 100, 101, 200, 1000, 1e5]
    draws = np.stack([found.reached(Choosing(), one)[0] for one in k], axis=1)
    assert (np.diff(draws, axis=1) >= -1e-12).all()
    assert np.abs(draws[:, 4] - draws[:, 3]).max() < 0.01
    assert 0 < found.tail.weight < 1
    assert all(one.size == 2 for one in found.tail.errors.values())


def test_the_power_law_is_that_of_the_last_points():
    k = np.array([1, 3, 10, 30, 100, 300, 1000.0])
    law = Attempts("m", (), np.zeros(0), np.zeros(0), 0.1, k=k, rates=np.exp(-3 * k**-0.4))
    assert slope_of(law).b == pytest.approx(0.4)
    assert slope_of(law)(1e5) == pytest.approx(np.exp(-3 * 1e5**-0.4))


def test_samples_that_repeat_themselves_are_noticed():
    greedy = Attempts.of(10, np.where(np.arange(60) < 20, 10, 0))
    assert "T10" in {one.code for one in isoflop.inference([greedy]).findings}
    _, sampled = drawn(0.5, 1.0, samples=10)
    assert "T10" not in {one.code for one in isoflop.inference([sampled]).findings}


def test_coverage_that_falls_is_taken_for_noise_and_said():
    fallen = Attempts("m", (), np.zeros(0), np.zeros(0), 0.2, 100.0, k=np.array([1.0, 5, 25]),
                      rates=np.array([0.2, 0.5, 0.45]))  # fmt: skip
    found = isoflop.inference([fallen])
    assert "T11" in {one.code for one in found.findings}
    assert 0.4 < found.models[0].reach[2].by["coverage"].value < 0.65


@pytest.mark.parametrize(
    "head", ["model,k,pass", "model,n_samples,pass_rate", "model,k=1,k=10,k=100", "model,1,10,100", "model,@1,@10,@100"]
)
def test_pass_at_k_is_found_however_its_columns_are_called(head, tmp_path):
    rates = {"a": {1: 0.1, 10: 0.4, 100: 0.7}, "b": {1: 0.2, 10: 0.5, 100: 0.9}}
    wide = len(head.split(",")) > 3
    rows = (
        [f"{name},{','.join(map(str, each.values()))}" for name, each in rates.items()]
        if wide else [f"{name},{k},{rate}" for name, each in rates.items() for k, rate in each.items()]
    )  # fmt: skip
    path = tmp_path / "rates.csv"
    path.write_text("\n".join([head, *rows]))
    for one in isoflop.read_attempts(path):
        assert dict(zip(one.k, one.rates, strict=True)) == rates[one.name]


SEARCH = "method,n,tokens,accuracy\nbest-of-n,1,500,30%\nbest-of-n,4,{},38%\nbeam,4,2600,41.5%\n"


def test_methods_of_search_are_compared_at_one_cost(write):
    found = isoflop.test_time(write(SEARCH.format(2000)), asked=Asked(budgets=(2100.0, 3000.0)))
    assert found.serving.unit == "tokens"
    assert [one.best for one in found.budgets] == ["best-of-n, 2000 tokens", "beam, 2600 tokens"]
    assert "T12" in {one.code for one in found.findings}


def test_tokens_of_one_sample_count_as_often_as_it_is_drawn(write):
    each = isoflop.read_attempts(write(SEARCH.format(500)))
    assert [one.tokens for one in each] == [500, 2000, 4 * 2600]


def test_flops_of_a_query_are_its_cost_whatever_the_model(write):
    table = "model,params,strategy,flops_per_query,accuracy\na,1B,tree,9e12,0.43\nb,8B,beam,3e13,0.55\n"
    serving = isoflop.Serving()
    assert [serving.of(one, 1) for one in isoflop.read_attempts(write(table))] == [9e12, 3e13]


def test_a_method_without_its_cost_is_asked_for_it(write):
    with pytest.raises(DataError, match="flops_per_query"):
        isoflop.read_attempts(write("method,accuracy\nbeam,0.4\n"))


def test_pass_at_k_is_counted_without_bias_up_to_the_fewest_samples():
    attempts = Attempts.of([10, 20], [3, 0])
    assert attempts.measured(5) == pytest.approx(0.916667 / 2, abs=1e-6)
    assert np.isnan(attempts.measured(11))


def test_the_power_law_goes_through_what_was_measured():
    line = power_law(drawn(0.3, 5, problems=500, samples=400)[1])
    assert 0 < line.b < 1
    assert line(10) == pytest.approx(float(isoflop.solved_by_beta(0.3, 5, k=10)), abs=0.04)
    assert np.isnan(power_law(Attempts.of([50, 50], [0, 0])).a)
