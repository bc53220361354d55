"""Runs with scores on tasks, whose truth is known: a loss by a law, accuracies that follow it, or do not."""

from __future__ import annotations

import numpy as np

from isoflop.data.runs import Runs

SIZES, MULTIPLES = (2e7, 4e7, 8e7, 1.6e8, 3.2e8, 6.4e8), (5, 20, 80)
CHANCE = {"sound": 0.25, "second": 0.2, "flat": 0.25}


def true_loss(N, D):
    return 1.7 + 400 / np.power(N, 0.34) + 410 / np.power(D, 0.28)


def sound(loss):
    return 0.25 + 0.75 / (1 + np.exp(2 * (np.asarray(loss) - 2.9)))


def second(loss):
    return 0.2 + 0.8 / (1 + np.exp(1.5 * (np.asarray(loss) - 3.1)))


def scored(*tasks, loss_noise=0.003, noise=0.008, seed=0, flop_rule="6ND"):
    """Give 18 runs of six sizes with columns for tasks: sound, second, flat, wave or noisy."""
    generator = np.random.default_rng(seed)
    N, multiple = (one.ravel() for one in np.meshgrid(SIZES, MULTIPLES))
    D = multiple * N
    loss = true_loss(N, D) * np.exp(loss_noise * generator.standard_normal(N.size))
    rises = {
        "sound": sound(loss), "second": second(loss), "flat": np.full(N.size, 0.25),
        "wave": 0.5 + 0.3 * np.sin(4 * loss), "noisy": 0.4 + 0.02 * (loss.max() - loss),
    }  # fmt: skip
    wide = {"flat": 0.01, "wave": 0.003, "noisy": 0.08}
    columns = {
        task: np.clip(rises[task] + wide.get(task, noise) * generator.standard_normal(N.size), 0, 1) for task in tasks
    }
    return Runs.of(N=N, D=D, loss=loss, flop_rule=flop_rule, **columns)
