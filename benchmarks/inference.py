"""How forecasts of pass@k do beyond the samples drawn, where difficulty is Beta and where it is not.

    python benchmarks/inference.py [--replicates 40] [--seed 0] [--factor 100]

Each world draws the chance p of every problem, and n samples of each; pass@(factor n) is forecast. For these very
problems and for the task at large (all problems the world could draw): the share of replicates whose 90 % interval
holds the truth, the mean interval score (width, and 20 times by how much the truth lies outside), and bias and mean
|error| in points. The same by one Beta alone, and the error of a power law through the measured pass@k.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.test_time import Attempts, difficulty, power_law
from isoflop.beyond.test_time.answers import solved
from isoflop.beyond.test_time.difficulty_densities import FAMILIES, P

Array = NDArray[np.float64]
World = Callable[[np.random.Generator, int], Array]
TAIL = 0.1


def beta(a: float, b: float, never: float = 0.0) -> World:
    """Give a world of Beta difficulty, where a share of problems is never solved."""
    return lambda random, count: random.beta(a, b, count) * (random.random(count) >= never)


def two(random: np.random.Generator, count: int) -> Array:
    """Give the chances of problems of two kinds."""
    return np.where(random.random(count) < 0.5, random.beta(5, 2, count), random.beta(0.4, 20, count))


def logit_normal(middle: float, width: float) -> World:
    """Give a world whose logits are normal."""
    return lambda random, count: 1 / (1 + np.exp(-(middle + width * random.standard_normal(count))))


def log_uniform(random: np.random.Generator, count: int) -> Array:
    """Give chances that are even in their logarithm over six decades: a heavier tail than any Beta's."""
    return np.asarray(10 ** random.uniform(-6, 0, count))


WORLDS: Mapping[str, World] = {
    "Beta(.3, 5)": beta(0.3, 5), "Beta(.6, 1)": beta(0.6, 1), "Beta(.15, 2)": beta(0.15, 2), "Beta(1, 20)": beta(1, 20),
    "two Betas": two, "Beta(.5, 3), 25 % never": beta(0.5, 3, 0.25),
    "logit-normal(-3, 3)": logit_normal(-3, 3), "logit-normal(-2, 1.5)": logit_normal(-2, 1.5),
    "log-uniform": log_uniform,
}  # fmt: skip
DESIGNS = ((120, 100), (300, 30))
"""Problems, and samples of each."""


def scored(truth: float, low: float, high: float) -> tuple[bool, float]:
    """Say whether an interval holds the truth, and give its score."""
    outside = max(low - truth, truth - high, 0.0)
    return outside < 1e-9, high - low + 2 / TAIL * outside


def replicate(world: World, truth: float, *, problems: int, samples: int, factor: float, seed: int) -> list[float]:
    """Give what one forecast showed: hits and scores for these problems, at large and by one Beta, and errors."""
    random = np.random.default_rng(seed)
    p, k = world(random, problems), factor * samples
    attempts = Attempts.of(np.full(problems, samples), random.binomial(samples, p))
    these = float(solved(p, k).mean())
    found = difficulty(attempts, seed=seed).mean(solved(P, k))
    alone = difficulty(attempts, families=FAMILIES[:1], seed=seed).mean(solved(P, k))
    line = power_law(attempts)
    row: list[float] = []
    row += scored(these, found.low, found.high)
    row += scored(truth, *found.intervals["at large"])
    row += scored(these, alone.low, alone.high)
    return [*row, found.value - these, alone.value - these, line(k) - these]


def main() -> None:
    """Print a row for each world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--factor", type=float, default=100.0)
    asked = parser.parse_args()
    started = time.process_time()
    print(
        f"{'world':26} {'design':>8} | these: in, score | large: in, score |  one Beta: same | |error| all, Beta, line"
    )
    everything: dict[str, list[list[float]]] = {}
    for name, world in WORLDS.items():
        key = zlib.crc32(name.encode())
        many = world(np.random.default_rng(key), 400_000)
        for problems, samples in DESIGNS:
            truth = float(solved(many, asked.factor * samples).mean())
            rows = [
                replicate(world, truth, problems=problems, samples=samples, factor=asked.factor,
                          seed=key % 10_000 + 1000 * asked.seed + one)
                for one in range(asked.replicates)
            ]  # fmt: skip
            kind = "all Beta worlds" if name.startswith("Beta") and "never" not in name else "all others"
            everything.setdefault(kind, []).extend(rows)
            told(name, f"{problems}×{samples}", rows)
    for name, rows in everything.items():
        told(name, "", rows)
    print(f"{time.process_time() - started:.0f} CPU s")


def told(name: str, design: str, rows: list[list[float]]) -> None:
    """Print the means of some replicates."""
    mean, size = np.mean(rows, axis=0), np.abs(np.array(rows)[:, 6:]).mean(axis=0)
    pairs = " | ".join(f"{100 * mean[place]:6.1f} % {mean[place + 1]:6.3f}" for place in (0, 2, 4))
    errors = " ".join(f"{100 * one:5.1f}" for one in size)
    print(f"{name:26} {design:>8} | {pairs} | {errors}   bias {100 * mean[6]:+.1f}", flush=True)


if __name__ == "__main__":
    main()
