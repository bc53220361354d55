"""The loop, closed with real runs: eight are trained, a larger one is forecast, trained, and compared.

Eleven tiny language models, about 100 CPU seconds: `make bench` runs it; benchmarks/loop.py for more seeds.
"""

from __future__ import annotations

import shutil
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

import isoflop
from isoflop.experiments.trainer import read_config

EXAMPLE = Path(__file__).parents[1] / "examples" / "loop" / "study.toml"
TARGET = 9e10


def copied(example, folder):
    """Give a study of its own from an example."""
    shutil.copy(example, folder)
    return isoflop.open_study(folder)


@pytest.mark.parametrize("name", ["loop", "digits"])
def test_every_run_of_an_example_is_one_the_trainer_takes_and_long_enough(name, tmp_path):
    found = copied(EXAMPLE.parents[1] / name / "study.toml", tmp_path)
    configs = [read_config(run.config) for run in found.runs]
    assert all(one.steps >= 400 for one in configs)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    found = copied(EXAMPLE, tmp_path_factory.mktemp("loop"))
    assert isoflop.launch(found).count("done") == len(found) == 8
    return found


def best_inside(runs):
    """Say whether the least loss is at neither end of the sizes, and that of the parabola through them too."""
    size, loss = np.log(runs["N"]), runs["loss"]
    a, b, _ = np.polyfit(size, np.log(loss), 2)
    return size.min() < size[np.argmin(loss)] < size.max() and a > 0 and size.min() < -b / (2 * a) < size.max()


@pytest.mark.simulates
def test_a_larger_run_comes_out_as_eight_smaller_ones_forecast(study):
    runs = isoflop.read(study.folder)
    budgets = [runs.take(list(rows)) for _, rows in groupby(range(8), lambda row: round(np.log10(runs["C"][row]), 1))]
    assert [len(one) for one in budgets] == [4, 4]
    assert all(map(best_inside, budgets))

    expected = isoflop.verify(study, flops=TARGET, train=False)
    found = isoflop.verify(study, flops=TARGET)
    before, since = expected.trial.forecast.loss, found.trial.forecast.loss
    assert before.value == pytest.approx(since.value, rel=1e-4)  # D is a whole number of batches: nothing else moved
    assert pytest.approx(TARGET, rel=0.01) == found.trial.C
    assert found.held

    width = found.sizing.chosen["width"]
    for factor in (2**-0.5, 2**0.5):  # N goes with the square: half and twice the parameters, for the same compute
        other = isoflop.verify(study, flops=TARGET, settings={"width": str(4 * round(width * factor / 4))})
        assert pytest.approx(TARGET, rel=0.01) == other.trial.C
        assert other.trial.loss > found.trial.loss
