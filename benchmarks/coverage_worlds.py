"""Coverage far beyond the samples drawn, in worlds shaped as published models are: each view of the tail, and both.

    python benchmarks/coverage_worlds.py [--replicates 4] [--seed 200]

128 problems with 100 samples each forecast pass@10,000: densities of difficulty, a power law through the last points,
and both as `isoflop test-time` holds them. Then the same from pass@1 alone: the share of truths inside nominal 90 %.
The odds of beyond/test_time/coverage.py were chosen on other worlds than these.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.test_time import Attempts, Choosing, difficulty
from isoflop.beyond.test_time.coverage import slope_of, with_tails

Array = NDArray[np.float64]
PROBLEMS, SAMPLES, FAR = 128, 100, 10_000
BETAS = {"Beta(.2, 74)": (0.2, 74.0), "Beta(.35, 11)": (0.35, 11.0), "Beta(.45, 2)": (0.45, 2.0),
         "Beta(.1, 8)": (0.1, 8.0)}  # fmt: skip


def worlds() -> dict[str, Callable[[np.random.Generator], Array]]:
    """Return each world by its name: what draws the chances of its problems."""
    found: dict[str, Callable[[np.random.Generator], Array]] = {
        name: lambda random, a=a, b=b: random.beta(a, b, PROBLEMS) for name, (a, b) in BETAS.items()
    }
    found["Beta(.3, 3), 20 % never"] = lambda random: random.beta(0.3, 3, PROBLEMS) * (random.random(PROBLEMS) >= 0.2)
    found["log-uniform"] = lambda random: 10 ** random.uniform(-6, 0, PROBLEMS)
    return found


def covered(p: Array) -> float:
    """Return the share of problems that so many samples solve."""
    return float(-np.expm1(FAR * np.log1p(-np.minimum(p, 1 - 1e-12))).mean())


def main() -> None:
    """Print the mean absolute errors of each view in points, and how often the intervals hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=4)
    parser.add_argument("--seed", type=int, default=200)
    asked = parser.parse_args()
    print(f"{'world':26}{'densities':>10}{'power law':>10}{'both':>10}{'inside':>8}   pass@1 alone: inside")
    every = []
    for name, world in worlds().items():
        rows = []
        for seed in range(asked.seed, asked.seed + asked.replicates):
            random = np.random.default_rng(seed)
            p = world(random)
            counts, single = (Attempts.of(n, random.binomial(n, p)) for n in (SAMPLES, 1))
            truth, alone = covered(p), difficulty(counts, seed=seed)
            both = with_tails([counts], [alone], seed=seed)[0].at(Choosing(), FAR)
            law, wide = slope_of(counts), difficulty(single, seed=seed).at(Choosing(), FAR)
            rows.append([
                abs(alone.at(Choosing(), FAR).value - truth), abs(law(FAR) - truth) if law else np.nan,
                abs(both.value - truth), both.low <= truth <= both.high, wide.low <= truth <= wide.high,
            ])  # fmt: skip
        mean = np.nanmean(rows, axis=0)
        every.append(mean)
        print(f"{name:26}" + "".join(f"{100 * one:10.1f}" for one in mean[:3]) + f"{mean[3]:8.0%}{mean[4]:14.0%}")
    mean = np.mean(every, axis=0)
    print(f"{'all':26}" + "".join(f"{100 * one:10.1f}" for one in mean[:3]) + f"{mean[3]:8.0%}{mean[4]:14.0%}")


if __name__ == "__main__":
    main()
