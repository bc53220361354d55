"""Simulated training curves: runs of several sizes that obey one law, with noise, and faults to lay over one."""

from __future__ import annotations

import csv
import io

import numpy as np

from isoflop.forecasting.curves.logged import LoggedRun

SHARES = np.linspace(0.01, 1, 100)
STEPS = 20_000


def trend(N, D, share):
    """Return the loss of a run of this size after a share of its tokens, at a constant rate."""
    return 1.7 + 400 / N**0.34 + 410 / (D * share) ** 0.28


def curve(N, D, *, seed=0, noise=5e-4, shares=SHARES, rates=None, fault=0.0):
    """Return a run as it is logged: step, tokens, loss, and rates where they are given; a fault is in log loss."""
    scatter = np.random.default_rng(seed).normal(0, noise, len(shares))
    loss = trend(N, D, shares) * np.exp(scatter + fault)
    return LoggedRun(name=f"N{N:.3g}", N=N, D=D, step=shares * STEPS, tokens=shares * D, loss=loss, rates=rates)


def ladder(count=5):
    """Return runs of 20 tokens a parameter, each twice the size of the one before."""
    sizes = 2e7 * 2.0 ** np.arange(count)
    return [curve(N, 20 * N, seed=seed) for seed, N in enumerate(sizes)]


def table(runs, columns=("run", "N", "step", "tokens", "lr", "loss")):
    """Return runs as one CSV table."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for run in runs:
        for row in range(len(run.loss)):
            cells = {"run": run.name, "N": run.N, "step": run.step[row], "tokens": run.tokens[row],
                     "lr": "" if run.rates is None else run.rates[row], "loss": run.loss[row]}  # fmt: skip
            writer.writerow([cells[name] for name in columns])
    return text.getvalue()
