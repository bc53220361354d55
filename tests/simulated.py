"""Runs simulated from a curve, for tests."""

from __future__ import annotations

import numpy as np

from isoflop.data.runs import Runs
from isoflop.laws.chinchilla import besiroglu2024


def chinchilla_runs(count: int = 60, noise: float = 0.0, seed: int = 0) -> Runs:
    """Give runs whose losses are besiroglu2024's, with log-normal noise."""
    random = np.random.default_rng(seed)
    size = np.exp(random.uniform(np.log(1e8), np.log(1e10), count))
    tokens = np.exp(random.uniform(np.log(1e9), np.log(1e12), count))
    loss = besiroglu2024(size, tokens) * np.exp(noise * random.standard_normal(count))
    return Runs.of(N=size, D=tokens, loss=loss)
