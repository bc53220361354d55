"""Sweeps of learning rate and batch with the truth known: what tune's values give up, what its intervals hold.

    python benchmarks/tune.py            three worlds, 12, 24 and all of some 200 runs a setting
    python benchmarks/tune.py --worlds 20

The worlds' bowls are none of the forms that tune fits: sums of exponentials, a cubic, and noise that depends on the
ratio of rate and batch. Settings stray about the power laws by 8 and 10 %. The smaller two thirds of the settings are
fitted; the loss given up is counted at the larger ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop import Estimate, Runs
from isoflop.beyond.tune import tune

Array = NDArray[np.float64]

SIZES, TOKENS = (60e6, 125e6, 250e6, 500e6, 1e9), (2e9, 8e9, 32e9, 1e11)
RATES, BATCHES = 2.0 ** np.arange(-13, -6, 0.5), 2.0 ** np.arange(15, 22.01, 0.5)
NOISE, STRAY_RATE, STRAY_BATCH = 1.2e-3, 0.08, 0.1


def lopsided(x: Array, y: Array) -> Array:
    """Return a bowl of exponentials, steeper above."""
    rate = 0.012 * (np.exp(0.55 * x) + np.exp(-0.35 * x) * 0.55 / 0.35 - (1 + 0.55 / 0.35))
    return rate + 0.0073 * (np.cosh(0.7 * (y - 0.4 * x)) - 1) + 0.0015 * np.exp(1.5 * (x - 1.2))


def cubic(x: Array, y: Array) -> Array:
    """Return a quadratic bowl with a cubic side."""
    return 0.012 * x * x - 0.006 * x * y + 0.006 * y * y + 0.002 * np.clip(x, 0, None) ** 3


def noisy_steps(x: Array, y: Array) -> Array:
    """Return a bowl of the noise in a step, and of steps too short or too few."""
    noise = 0.004 * (np.exp(0.9 * (x - 0.8 * y)) - 0.9 * (x - 0.8 * y) - 1)
    return noise + 0.012 * (np.exp(-0.5 * x) + 0.5 * x - 1) + 0.003 * (np.exp(0.8 * y) - 0.8 * y - 1)


BOWLS: dict[str, Callable[[Array, Array], Array]] = {"lopsided": lopsided, "cubic": cubic, "noisy steps": noisy_steps}


@dataclass(frozen=True)
class World:
    """A sweep, and the best rate, batch and loss of each setting."""

    runs: Runs
    best: dict[tuple[float, float], tuple[float, float, float]]
    exponents: dict[str, tuple[float, float]]


def world(seed: int, bowl: Callable[[Array, Array], Array], per: int) -> World:
    """Return a sweep of so many runs a setting, drawn from a grid of rates and batches."""
    draw = np.random.default_rng(seed)
    a, b, batch = draw.normal([-0.713, 0.307, 0.571], [0.1, 0.1, 0.08])
    dx, dy, low = bottom(bowl)
    rows, best = [], {}
    for size, tokens in ((n, d) for n in SIZES for d in TOKENS if 4 < d / n < 700):
        floor = 1.7 + 482 / size**0.35 + 2085 / tokens**0.37
        x0 = np.log(2e-3) + a * np.log(size / 2.5e8) + b * np.log(tokens / 1.5e10) + draw.normal(0, STRAY_RATE)
        y0 = np.log(5e5) + batch * np.log(tokens / 1.5e10) + draw.normal(0, STRAY_BATCH)
        best[size, tokens] = (float(np.exp(x0 + dx)), float(np.exp(y0 + dy)), float(floor * np.exp(low)))
        pairs = np.array([(r, s) for r in RATES for s in BATCHES])
        some = draw.permutation(len(pairs))[:per]
        for rate, count in pairs[some]:
            rise = bowl(np.log(rate) - x0, np.log(count) - y0) + draw.normal(0, NOISE)
            rows.append((size, tokens, rate, count, floor * np.exp(rise)))
    columns = dict(zip(("N", "D", "lr", "bs", "loss"), np.array(rows).T, strict=True))
    return World(Runs.of(**columns), best, {"lr": (a, b), "bs": (0.0, batch)})


def measure(bowl: Callable[[Array, Array], Array], per: int, worlds: int) -> str:
    """Return in one line what the values foretold give up, and what the intervals hold."""
    given, naive, own, laws, foretold, level, near, seconds = ([] for _ in range(8))
    for seed in range(worlds):
        made = world(seed, bowl, per)
        budgets = sorted(n * d for n, d in made.best)
        cut = budgets[2 * len(budgets) // 3]
        small = made.runs.where(f"N*D < {cut!r}")
        large = [size for size in made.best if size[0] * size[1] >= cut]
        began = time.process_time()
        found = tune(small, at=[{"N": n, "D": d} for n, d in large])
        seconds.append(time.process_time() - began)
        for law, name in ((found.laws["lr"], "lr"), (found.laws["bs"], "bs")):
            for key, true in zip("ab", made.exponents[name], strict=True):
                laws.append(law.parameters[key].low <= true <= law.parameters[key].high)
        for one in found.settings:
            rate, count, loss = made.best[_same(made, one.N, one.D)]
            own += [_holds(one.best["lr"], rate), _holds(one.best["bs"], count)]
            level.append(one.loss.value / loss - 1)
            rows = _at(small, one.N, one.D)
            cell = int(np.argmin(rows["loss"]))
            near.append(all(low * 0.999 <= rows[key][cell] <= high * 1.001 for key, (low, high) in one.near.items()))
        line = _line(small)
        for target in found.targets:
            rate, count, _ = made.best[target.N, target.D]
            values = (target.best["lr"], target.best["bs"])
            foretold += [_holds(values[0], rate), _holds(values[1], count)]
            given.append(_lost(bowl, values[0].value / rate, values[1].value / count))
            guess = np.exp(line @ [1, np.log(target.N), np.log(target.D)])
            naive.append(_lost(bowl, guess[0] / rate, guess[1] / count))
    return (
        f"given up {np.mean(given):.3f} % (worst {max(given):.2f}); lowest runs and a line {np.mean(naive):.3f} "
        f"({max(naive):.2f}); 90 % hold: own {np.mean(own):.0%}, exponents {np.mean(laws):.0%}, foretold "
        f"{np.mean(foretold):.0%}; level off {100 * np.mean(level):+.3f} %; lowest run in the region "
        f"{np.mean(near):.0%}; {np.mean(seconds):.2f} CPU s"
    )


def _holds(one: Estimate, true: float) -> bool:
    return one.low <= true <= one.high


def _same(made: World, size: float, tokens: float) -> tuple[float, float]:
    return min(made.best, key=lambda one: abs(np.log(one[0] / size)) + abs(np.log(one[1] / tokens)))


def _at(runs: Runs, size: float, tokens: float) -> Runs:
    near = np.abs(np.log(runs["N"] / size)) + np.abs(np.log(runs["D"] / tokens)) < 0.01
    return runs.take(np.flatnonzero(near))


def _line(runs: Runs) -> Array:
    settings = np.unique(np.column_stack([runs["N"], runs["D"]]), axis=0)
    lowest = [(one := _at(runs, n, d)).take([int(np.argmin(one["loss"]))]) for n, d in settings]
    wanted = np.log([[one["lr"][0], one["bs"][0]] for one in lowest])
    return np.linalg.lstsq(np.column_stack([np.ones(len(settings)), np.log(settings)]), wanted, rcond=None)[0].T


def bottom(bowl: Callable[[Array, Array], Array]) -> tuple[float, float, float]:
    """Return where a bowl is lowest, and how low, to 1e-4."""
    middle, reach = np.zeros(2), 3.0
    for _ in range(4):
        line = np.linspace(-reach, reach, 61)
        grid = middle + np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
        low = bowl(*grid.T)
        middle, reach = grid[low.argmin()], reach / 20
    return float(middle[0]), float(middle[1]), float(low.min())


def _lost(bowl: Callable[[Array, Array], Array], rate: float, batch: float) -> float:
    """Return the loss given up, in per cent, at factors of the best rate and batch."""
    x, y, least = bottom(bowl)
    return float(100 * np.expm1(bowl(np.array(x + np.log(rate)), np.array(y + np.log(batch))) - least))


def main() -> None:
    """Print a line for each world and number of runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=10)
    asked = parser.parse_args()
    for name, bowl in BOWLS.items():
        for per in (12, 24, 1000):
            told = measure(bowl, per, asked.worlds)
            print(f"{name:<12} {min(per, len(RATES) * len(BATCHES)):>4} runs: {told}", flush=True)


if __name__ == "__main__":
    main()
