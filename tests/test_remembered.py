"""The same question about the same runs is worked out once, and another question is not taken for it."""

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.remembered import ANSWERS, CELLS, remembered


@pytest.fixture
def counted():
    calls = []

    @remembered
    def work(*args, **options):
        calls.append((args, options))
        return object()

    return work, calls


def test_equal_content_is_the_same_question_in_whatever_object_it_is(counted):
    work, calls = counted
    first, again = (isoflop.Runs.of(N=[1e7, 2e7], D=[2e8, 4e8], loss=[4.1, 3.8], run=["a", "b"]) for _ in range(2))
    assert work(first, how={"E": 1.0}) is work(again, how={"E": 1.0})
    assert len(calls) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"loss": [4.1, np.nextafter(3.8, 4)]},
        {"run": ["a", "c"]},
        {"source": "others"},
        {"N": [1e7, 3e7]},
        {"more": [1.0, 2.0]},
    ],
    ids=str,
)
def test_whatever_differs_is_another_question(counted, other):
    work, calls = counted
    told = {"N": [1e7, 2e7], "D": [2e8, 4e8], "loss": [4.1, 3.8], "run": ["a", "b"]}
    work(isoflop.Runs.of(**told))
    work(isoflop.Runs.of(**(told | other)))
    work(isoflop.Runs.of(**told), 1)
    work(isoflop.Runs.of(**told), 2)
    assert len(calls) == 4


def test_only_the_last_answers_are_kept_and_what_failed_is_asked_again(counted):
    work, calls = counted
    for one in (*range(ANSWERS + 1), 0):
        work(one)
    assert len(calls) == ANSWERS + 2

    @remembered
    def fails():
        calls.append("failed")
        raise ValueError("no answer")

    for _ in range(2):
        with pytest.raises(ValueError, match="no answer"):
            fails()
    assert calls[-2:] == ["failed", "failed"]


def test_large_tables_are_not_kept_alive(counted):
    work, calls = counted
    for _ in range(2):
        work(np.zeros(CELLS + 1))
    assert len(calls) == 2


def test_a_fit_asked_for_again_is_the_fit():
    assert isoflop.fit("chinchilla", chinchilla_runs(60, noise=0.01)) is isoflop.fit(
        "chinchilla", chinchilla_runs(60, noise=0.01)
    )
    assert isoflop.fit("chinchilla", chinchilla_runs(60, noise=0.01), seed=1).options.seed == 1
