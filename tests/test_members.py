"""members: the laws that forecast together."""

from __future__ import annotations

import numpy as np

import isoflop
from isoflop.laws import CURVES
from isoflop.members import members


def test_the_noise_of_few_runs_is_found_and_no_run_is_forgotten_without_cause():
    truth, compute = CURVES["besiroglu2024"], np.logspace(18, 21, 4)
    best = np.array([isoflop.plan(truth, flops=float(flops)).N.value for flops in compute])
    size = (best[:, None] * [0.25, 1, 4]).ravel()
    tokens = compute.repeat(3) / 6 / size
    noise, kept = [], []
    for seed in range(8):
        scatter = np.exp(0.005 * np.random.default_rng(seed).standard_normal(12))
        found = members(isoflop.Runs.of(N=size, D=tokens, loss=truth(size, tokens) * scatter))
        noise.append([one.noise for one in found])
        kept.append([(one.weights > 0).mean() for one in found])
    assert (np.median(noise, axis=0) > 0.0025).all()
    assert (np.median(noise, axis=0) < 0.01).all()
    assert (np.mean(kept, axis=0) > 0.9).all()
