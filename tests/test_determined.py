"""Findings about a fit fire on the problem and stay quiet on sound runs."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.laws import CURVES
from isoflop.laws.chinchilla import besiroglu2024


def codes(runs, law="chinchilla", **options):
    return {(one.code, one.severity) for one in isoflop.fit(law, runs, draws=0, **options).findings}


@pytest.mark.parametrize("seed", range(5))
def test_sound_runs_raise_nothing(seed):
    assert codes(chinchilla_runs(60, noise=0.005, seed=seed)) == set()


def test_our_own_small_ladder_raises_nothing_where_warm_up_is_short():
    assert codes(isoflop.read("tinylm", where='role == "sweep" and order == 0 and S >= 1000')) == set()


def sized(size, tokens):
    size, tokens = np.broadcast_arrays(np.asarray(size, float), np.asarray(tokens, float))
    noise = 1 + 0.003 * np.random.default_rng(0).standard_normal(size.shape)
    return Runs.of(N=size, D=tokens, loss=besiroglu2024(size, tokens) * noise)


def test_one_size_for_all_blocks():
    assert ("F04", "BLOCK") in codes(sized(1e9, np.geomspace(1e9, 1e12, 30)))


def test_one_ratio_of_tokens_to_parameters_is_not_identified():
    size = np.geomspace(1e8, 1e10, 30)
    found = isoflop.fit("chinchilla", sized(size, 20 * size), draws=0).findings
    assert "one ratio of tokens to parameters" in next(one for one in found if one.code == "F03").remedy


def test_few_runs_are_said_to_be_few():
    assert ("F04", "WARN") in codes(chinchilla_runs(12, noise=0.005))


def test_a_floor_at_zero_is_reported():
    size, tokens = np.meshgrid(np.geomspace(1e6, 1e9, 6), np.geomspace(1e8, 1e11, 6))
    loss = 30 / size**0.1 + 60 / tokens**0.12 - 1.0
    assert ("F02", "WARN") in codes(Runs.of(N=size.ravel(), D=tokens.ravel(), loss=loss.ravel()))


@pytest.mark.parametrize("rise", [0.0, 0.05])
def test_a_loss_that_does_not_fall_blocks(rise):
    size, tokens = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e8, 1e9, 5), np.geomspace(1e9, 1e11, 5)))
    noise = 1 + 0.001 * np.random.default_rng(0).standard_normal(size.size)
    loss = 3 * size**rise / 1e8**rise * (tokens / 1e9) ** rise * noise
    assert ("F14", "BLOCK") in codes(Runs.of(N=size, D=tokens, loss=loss))


@pytest.mark.parametrize("name", ["kumar2024", "ludziejewski2025", "frantar2023-t5"])
def test_inputs_that_are_pure_numbers_do_not_pass_for_undetermined(name):
    curve = CURVES[name]
    third = {"bits": (3.0, 16.0), "experts": (2.0, 64.0), "sparsity": (0.1, 0.9)}
    axes = [(1e7, 1e10), (4e9, 4e11), third[list(curve.law.inputs)[2]]]
    grid = np.meshgrid(*[np.geomspace(*axis, 5) for axis in axes])
    inputs = dict(zip(curve.law.inputs, [axis.ravel() for axis in grid], strict=True))
    found = isoflop.fit(curve.law, inputs | {"loss": curve(**inputs)}, draws=0, starts=8)
    assert 1 <= found.condition < 1e5
    assert not {"F03", "D06"} & {finding.code for finding in found.findings}
