"""Fits others have published, on their own public runs: the quick parts of benchmarks/published.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "published.py"


@pytest.fixture(scope="module")
def published():
    """Give the benchmark as a module."""
    spec = importlib.util.spec_from_file_location("published", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["published"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["published"]


def agree(lines, *, at_least):
    """Say that all of so many numbers agree with their published ones."""
    found = list(lines)
    assert len(found) >= at_least
    assert [str(line) for line in found if not line.good] == []


@pytest.mark.public_data
def test_chinchillas_240_points_give_their_published_optimum_from_nearly_every_start(published):
    agree(published.chinchilla_optimum(range(5)), at_least=8)


@pytest.mark.public_data
def test_five_outliers_move_chinchillas_exponents_as_published(published):
    agree(published.chinchilla_with_outliers(), at_least=2)


@pytest.mark.public_data
def test_the_notebooks_4000_case_resamples_give_its_standard_errors_and_intervals(published):
    agree(published.case_resampling(), at_least=15)


@pytest.mark.public_data
def test_gadres_three_fits_come_out_to_their_rounding(published):
    agree(published.gadre(), at_least=12)


@pytest.mark.public_data
def test_gadres_small_runs_foretell_the_large_ones_as_published(published):
    agree(published.gadre_held_out(), at_least=2)


@pytest.mark.public_data
def test_92_learning_curves_are_extrapolated_as_badly_and_as_well_as_published(published):
    agree(published.learning_curves(["M1", "last value"]), at_least=12)


def test_a_number_that_is_off_is_called_off(published):
    assert not published.Line("x", 1.0, 1.2, 0.1).good
    assert not published.Line("x", 1.0, 1.2, at_most=True).good
    assert not published.Line("x", 1.0, 0.9, at_least=True).good
    assert not published.Line("x", 1.0, float("nan"), 0.1).good
    assert "OFF" in str(published.Line("x", 1.0, 1.2, 0.1))
