"""How often the compute multiplier's 90 % interval holds the truth, 15 runs a side, and how often none is called one.

    python benchmarks/recipes.py [--replicates 40] [--seed 0] [--world NAME ...] [--noise 0.003 0.01]

Each side trains 5 budgets x 3 sizes, 1e18 to 1e21 FLOPs, about the first recipe's best sizes. Prints, at the
smallest, a middle and the largest budget and a decade beyond, the per cent of replicates whose interval holds the
true multiplier (headline, and statistical in brackets), the same of the trend, the median width of log multiplier,
and how often a difference, or a trend, is called where there is none.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import isoflop
from isoflop.beyond.recipes.multiplier import multipliers, trend
from isoflop.beyond.recipes.paths import PLAIN
from isoflop.beyond.recipes.recipes import DRAWS
from isoflop.beyond.recipes.two_curves import duel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Truth = Callable[[Array, Array], Array]

BUDGETS, SIZES = np.geomspace(1e18, 1e21, 5), np.geomspace(1 / 3, 3, 3)
SCALES = (1e18, 3e19, 1e21, 1e22)
NO_MORE = 1e-6


def chinchilla(**changed: float) -> Truth:
    """Give Besiroglu's curve, or one with other numbers."""
    at = {"E": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658} | changed
    return lambda N, D: at["E"] + at["A"] / N ** at["alpha"] + at["B"] / D ** at["beta"]


def coupled(k: float) -> Truth:
    """Give a law whose two terms are coupled, which Chinchilla's form cannot follow."""
    return lambda N, D: 1.8172 + ((482.01 / N**0.3478) ** (1 / k) + (2085.43 / D**0.3658) ** (1 / k)) ** k


def better(truth: Truth, times: float, growth: float = 0.0) -> Truth:
    """Give a recipe that is worth so many times the compute at 1e19 FLOPs, and more by C^growth."""

    def found(N: Array, D: Array) -> Array:
        scale = np.sqrt(times * (6 * N * D / 1e19) ** growth)
        return truth(N * scale, D * scale)

    return found


class World(NamedTuple):
    """The truths of two recipes, how alike paired runs err, the other's noise by the first's, and its own sizes."""

    first: Truth
    other: Truth
    alike: float = 0.0
    noisier: float = 1.0
    other_sizes: float = 1.0


LAW, WRONG = chinchilla(), coupled(0.6)
WORLDS: Mapping[str, World] = {
    "no difference": World(LAW, LAW),
    "1.2 times": World(LAW, better(LAW, 1.2)),
    "2 times": World(LAW, better(LAW, 2.0)),
    "5 times": World(LAW, better(LAW, 5.0)),
    "growing": World(LAW, better(LAW, 1.5, 0.08)),
    "fading": World(LAW, better(LAW, 1.5, -0.08)),
    "lower floor": World(LAW, chinchilla(E=1.75)),
    "other exponents": World(LAW, chinchilla(A=300.0, alpha=0.33, B=3500.0, beta=0.385)),
    "noisier, other grid": World(LAW, better(LAW, 2.0), noisier=2.0, other_sizes=1.6),
    "paired, no difference": World(LAW, LAW, alike=0.9),
    "paired, 1.2 times": World(LAW, better(LAW, 1.2), alike=0.9),
    "coupled, none": World(WRONG, WRONG),
    "coupled, 2 times": World(WRONG, better(WRONG, 2.0)),
    "coupled, fading": World(WRONG, better(WRONG, 1.5, -0.08)),
}


def lowest(truth: Truth, flops: float) -> tuple[float, float]:
    """Give N and loss of the best run for so much compute."""
    size = np.geomspace(flops**0.5 / 300, flops**0.5 * 30, 5_001)
    loss = truth(size, flops / 6 / size)
    return float(size[np.argmin(loss)]), float(loss.min())


def multiplier(world: World, flops: float) -> float:
    """Give how many times the compute the first recipe truly needs."""
    wanted, low, high = lowest(world.other, flops)[1], np.log(flops / 1e4), np.log(flops * 1e6)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if lowest(world.first, float(np.exp(middle)))[1] > wanted else (low, middle)
    return float(np.exp(low) / flops)


def simulated(world: World, noise: float, random: np.random.Generator) -> tuple[isoflop.Runs, isoflop.Runs]:
    """Give the runs of both recipes."""
    size = np.array([lowest(world.first, float(flops))[0] for flops in BUDGETS])[:, None] * SIZES
    compute = np.broadcast_to(BUDGETS[:, None], size.shape)
    ours, own = random.standard_normal((2, size.size))
    theirs = world.alike * ours + np.sqrt(1 - world.alike**2) * own
    found = []
    for truth, error, shift in (
        (world.first, noise * ours, 1.0),
        (world.other, noise * world.noisier * theirs, world.other_sizes),
    ):
        N = (size * shift).ravel()
        D = compute.ravel() / 6 / N
        found.append(isoflop.Runs.of(N=N, D=D, loss=truth(N, D) * np.exp(error)))
    return found[0], found[1]


def judge(name: str, noise: float, *, replicates: int, seed: int) -> Array:
    """Print how one world fares; give the coverage within the runs, (scales and trend,)."""
    world = WORLDS[name]
    truth = np.array([multiplier(world, flops) for flops in SCALES])
    drift = (truth[2] / truth[0]) ** (1 / 3)
    held, narrow, width, called = [], [], [], []
    for replicate in range(replicates):
        random = np.random.default_rng([seed, zlib.crc32(name.encode()), replicate, round(1e4 * noise)])
        first, other = map(isoflop.combine, simulated(world, noise, random))
        found = duel(first, other, PLAIN, draws=DRAWS, seed=0)
        scales, moves = multipliers(found, np.array(SCALES)), trend(found)
        answers = zip([*scales, moves], [*truth, drift], strict=True)
        held.append([one.low <= true <= one.high for one, true in answers])
        kinds = [row.intervals["statistical"] for row in scales]
        narrow.append([low <= true <= high for (low, high), true in zip(kinds, truth, strict=True)])
        width.append([np.log(row.high / max(row.low, NO_MORE)) for row in scales[:3]])
        called.append([not one.low <= 1 <= one.high for one in (scales[2], moves)])
    share, stat, wide = 100 * np.mean(held, axis=0), 100 * np.mean(narrow, axis=0), np.median(width, axis=0)
    cells = " ".join(f"{a:4.0f} ({b:3.0f})" for a, b in zip(share, stat, strict=False))
    mean = 100 * np.mean(called, axis=0)
    print(
        f"{name:22s} {noise:5.1%} | x {truth[2]:4.2f} | {cells} | trend {share[4]:4.0f} | "
        f"width {' '.join(f'{one:4.2f}' for one in wide)} | called {mean[0]:3.0f} {mean[1]:3.0f}", flush=True,
    )  # fmt: skip
    return np.concatenate([share, mean])


def main() -> None:
    """Print every world that is asked for, and the means over them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--noise", type=float, nargs="*", default=[0.003, 0.01])
    parser.add_argument("--world", nargs="*", default=list(WORLDS), choices=list(WORLDS))
    asked = parser.parse_args()
    begin, found, none = time.process_time(), [], []
    for name in asked.world:
        for noise in asked.noise:
            row = judge(name, noise, replicates=asked.replicates, seed=asked.seed)
            found.append(row)
            if abs(multiplier(WORLDS[name], SCALES[2]) - 1) < NO_MORE:
                none.append(row)
    print(f"mean coverage at {SCALES} and of the trend: {np.mean(found, axis=0)[:5].round(1)}")
    if none:
        print(f"a difference, a trend called where there is none: {np.mean(none, axis=0)[5:].round(1)} %")
    print(f"{time.process_time() - begin:.0f} CPU s")


if __name__ == "__main__":
    main()
