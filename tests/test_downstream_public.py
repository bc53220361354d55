"""Published numbers on public tables are found again: Gadre et al.'s nine constants, Ruan et al.'s components."""

from __future__ import annotations

import sys
from os import environ
from pathlib import Path

import numpy as np
import pytest

from isoflop import downstream, observe, read
from isoflop.beyond.downstream import Task, fit_second
from isoflop.beyond.downstream.observational import capability_space

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from downstream import BENCHMARKS, PUBLISHED, average, chosen, models, seventeen, table, tasks

pytestmark = pytest.mark.public_data


@pytest.fixture(scope="module")
def gadre():
    folder = Path(environ["ISOFLOP_DATA"]) / "gadre"
    chance, items = tasks(folder)
    every = models(folder)
    names = seventeen(every, chance)
    return every, names, {"chance": {one: chance[one] for one in names}, "items": {one: items[one] for one in names}}


@pytest.fixture(scope="module")
def public():
    path = Path(environ["ISOFLOP_DATA"]) / "obsscaling" / "base_llm_benchmark_eval.csv"
    return read(path, columns={"C": "FLOPs (1E21)"})


@pytest.mark.parametrize("trained_on", PUBLISHED)
def test_the_constants_of_gadre_are_found_to_their_rounding(gadre, trained_on):
    every, names, _ = gadre
    assert len(names) == 17
    kept = [one for one in every if one.trained_on == trained_on and chosen(one)]
    loss, score = np.array([one.loss for one in kept]), np.array([average(one, names) for one in kept])
    found = fit_second(Task("average", loss, score, np.full(loss.size, np.nan)), "exponential", objective="squares")
    eps, k, gamma = PUBLISHED[trained_on]
    assert found.values["eps"] == pytest.approx(eps, abs=0.0005)
    assert found.values["k"] == pytest.approx(k, abs=0.005)
    assert found.values["gamma"] == pytest.approx(gamma, abs=0.0005)


@pytest.mark.parametrize("trained_on", PUBLISHED)
@pytest.mark.simulates
def test_the_average_of_a_larger_model_lies_inside_its_interval(gadre, trained_on):
    every, names, about = gadre
    some = [one for one in every if one.trained_on == trained_on]
    larger = next(one for one in some if 1e9 < one.N < 2e9 and one.multiple == 1)
    found = downstream(table([one for one in some if one.N < 1e9], names), N=larger.N, D=larger.D, **about)
    truth = average(larger, [one.task.name for one in found.tasks if one.verdict.predictable])
    assert found.average.accuracy.low < truth < found.average.accuracy.high
    assert found.average.accuracy.value == pytest.approx(truth, abs=0.02)


def test_one_component_explains_most_of_public_scores_and_three_all_but_a_few_per_cent(public):
    shares = capability_space(np.column_stack([public[name] for name in BENCHMARKS])).shares
    assert 0.70 < shares[0] < 0.85
    assert shares[:3].sum() == pytest.approx(0.97, abs=0.01)


@pytest.mark.parametrize("target", BENCHMARKS)
def test_capabilities_beat_compute_alone_on_held_out_models(public, target):
    errors = observe(public, target, family="Model Family").errors
    assert errors["capabilities"] < errors["compute alone"]
