"""How far mix errs on mixtures held out: on a public table of 17 sources, and on worlds with the truth known.

    python benchmarks/mix.py [--proxies 10 14 20 50 128] [--draws 2]

For each number of proxies: mean error of the loss in per cent, rank correlation (mean over targets), regret in per
cent of the mixture chosen among those held out, share of losses inside the 90 % interval, CPU seconds.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isoflop import Runs, mix, read
from isoflop.beyond.mix.backtest import rank_correlation
from isoflop.beyond.mix.mixtures import mixtures_of

Array = NDArray[np.float64]

NOISE, SOURCES, TARGETS = 3e-3, 6, 4


def world(seed: int, count: int) -> Runs:
    """Return mixtures whose losses follow a law that mix does not fit: two terms of effective tokens, and noise."""
    truth, draw = np.random.default_rng(seed), np.random.default_rng([seed, count])
    worths = truth.lognormal(-1.5, 1.2, (2, TARGETS, SOURCES))
    shares = draw.dirichlet(np.full(SOURCES, 0.6), count)
    shares = np.where(shares < 0.01, 0, shares)
    shares /= shares.sum(1, keepdims=True)
    first, second = (0.05 + shares @ one.T for one in worths)
    loss = (1.5 + 0.5 * first**-0.3 + 0.3 * second**-0.15) * np.exp(draw.normal(0, NOISE, first.shape))
    columns = {f"share_{place}": column for place, column in enumerate(shares.T)}
    return Runs.of(**columns, **{f"loss_{place}": column for place, column in enumerate(loss.T)})


def measure(some: Runs, others: Runs) -> list[float]:
    """Return error, rank, regret, coverage and seconds of some proxies on other mixtures."""
    began = time.process_time()
    found = mix(some, at=others)
    seconds = time.process_time() - began
    held = mixtures_of(others)
    true = np.exp(held.logs)
    value, low, high = (
        np.array([[getattr(one.losses[name], part) for name in held.targets] for one in found.forecasts])
        for part in ("value", "low", "high")
    )
    ranks = [rank_correlation(one, other) for one, other in zip(value.T, true.T, strict=True)]
    mean = true.mean(1)
    regret = mean[value.mean(1).argmin()] / mean.min() - 1
    inside = float(np.mean((low <= true) & (true <= high)))
    return [100 * float(np.abs(value / true - 1).mean()), float(np.mean(ranks)), 100 * regret, 100 * inside, seconds]


def main() -> None:
    """Print a line for each table and number of proxies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proxies", type=int, nargs="+", default=[10, 14, 20, 50, 128])
    parser.add_argument("--draws", type=int, default=2)
    asked = parser.parse_args()
    folder = Path(os.environ.get("ISOFLOP_DATA", "../shared/data")) / "mixtures"
    tables = [read(folder / name) for name in ("regmix_1m.csv", "regmix_1m_test.csv")] if folder.exists() else []
    for count in asked.proxies:
        for seed in range(asked.draws if tables else 0):
            rows = np.random.default_rng(seed).choice(len(tables[0]), count, replace=False)
            print("public", count, np.round(measure(tables[0].take(rows), tables[1]), 3), flush=True)
        for seed in range(asked.draws):
            print("worlds", count, np.round(measure(world(seed, count), world(seed, 200)), 3), flush=True)


if __name__ == "__main__":
    main()
