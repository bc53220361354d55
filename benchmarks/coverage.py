"""How often intervals hold the truth, in worlds whose law is right: independent runs, outliers, checkpoints.

python benchmarks/coverage.py [--replicates 150] [--draws 400] [--seed 0] [--world NAME ...]

Each world is one way to make 5 budgets x 7 sizes, few runs, or 8 runs x 6 checkpoints, from `besiroglu2024`, with
runs up to 1e21 FLOPs; where each row stands several times, copies must count as the one run they are;
the question is about 1e24. Prints, for each way to make an interval, the per cent of
replicates in which the interval of nominally 80, 90 and 95 % holds the truth, and the median width at 90 %.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import isoflop
from isoflop.estimate import from_draws
from isoflop.formula.arrays import student
from isoflop.laws.chinchilla import besiroglu2024

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LEVELS = (0.8, 0.9, 0.95)
TARGET, LARGEST = 1e24, 1e21
QUANTITIES = ("log N_opt", "log L*", "exponent", "new run")
NAMES = tuple(besiroglu2024.law.parameters)
TRUTH = np.array([besiroglu2024.values[name] for name in NAMES])
SHIFT, WITHIN, KEPT = 0.005, 0.002, 0.7
"""Checkpoints: a run's own shift, noise within it, and the correlation from one checkpoint to the next."""


def best(values: Array, flops: float = TARGET) -> Array:
    """Give log N, log loss of the best run and the exponent of N, (3, draws), for values (draws, parameters)."""
    at = dict(zip(NAMES, values.T, strict=True))
    total = at["alpha"] + at["beta"]
    exponent = at["beta"] / total
    with np.errstate(all="ignore"):
        size = (at["alpha"] * at["A"] / (at["beta"] * at["B"])) ** (1 / total) * (flops / 6) ** exponent
        loss = at["E"] + at["A"] / size ** at["alpha"] + at["B"] / (flops / 6 / size) ** at["beta"]
    return np.stack([np.log(size), np.log(loss), exponent])


BEST_SIZE = float(np.exp(best(TRUTH[None])[0, 0]))


@dataclass(frozen=True)
class World:
    """One way to make runs: a design, a noise, an objective to fit with."""

    design: Callable[[], dict[str, Array]]
    noise: Callable[[np.random.Generator, int], Array]
    objective: str = "robust"
    told: bool = True  # which run each row belongs to
    copies: int = 1  # how often each row stands in the table

    def runs(self, random: np.random.Generator) -> isoflop.Runs:
        """Give the runs of one replicate."""
        columns = self.design()
        loss = besiroglu2024(columns["N"], columns["D"]) * np.exp(self.noise(random, len(columns["N"])))
        given = columns if self.told else {key: columns[key] for key in "ND"}
        return isoflop.Runs.of(**{key: np.tile(one, self.copies) for key, one in {**given, "loss": loss}.items()})


def ladder(centre: float, drift: float, *, budgets: int = 5, sizes: int = 7) -> Callable[[], dict[str, Array]]:
    """Give budgets and sizes around `centre` times the best size, which drifts by `drift` from first to last."""
    compute = np.repeat(np.logspace(18, 21, budgets), sizes)
    middle = np.exp([best(TRUTH[None], flops)[0, 0] for flops in compute])
    moved = drift ** np.repeat(np.linspace(-0.5, 0.5, budgets), sizes)
    size = middle * centre * moved * np.tile(np.logspace(-0.6, 0.6, sizes), budgets)
    return lambda: {"N": size, "D": compute / 6 / size}


def checkpoints() -> dict[str, Array]:
    """Give 8 runs x 6 checkpoints: one size for each of 8 budgets, each looked at 6 times."""
    compute = np.logspace(18, 21, 8)
    size = np.exp([best(TRUTH[None], flops)[0, 0] for flops in compute])
    tokens = 3 * (compute / 6 / size)[:, None] * np.logspace(-1.2, 0, 6)
    return {"N": np.repeat(size, 6), "D": tokens.ravel(), "run": np.repeat(np.arange(8.0), 6)}


def normal(share: float) -> Callable[[np.random.Generator, int], Array]:
    """Give independent noise in log loss."""
    return lambda random, count: share * random.standard_normal(count)


def outliers(random: np.random.Generator, count: int) -> Array:
    """Give noise of 0.5 % with 5 % of the runs too high, by 5 % on average."""
    return 0.005 * random.standard_normal(count) + (random.random(count) < 0.05) * random.exponential(0.05, count)


def shared(random: np.random.Generator, count: int) -> Array:
    """Give a shift of each run of six rows, and noise within it that fades from one row to the next."""
    within = random.standard_normal((count // 6, 6))
    for row in range(1, 6):
        within[:, row] = KEPT * within[:, row - 1] + np.sqrt(1 - KEPT**2) * within[:, row]
    return np.asarray((SHIFT * random.standard_normal((count // 6, 1)) + WITHIN * within).ravel())


GRIDS = {"centred": ladder(1, 1), "shifted": ladder(2, 1), "drifting": ladder(1, 4)}
WORLDS = {
    f"{name}, noise {share:.1%}": World(grid, normal(share))
    for share in (0.003, 0.005, 0.01)
    for name, grid in GRIDS.items()
} | {
    "outliers, robust": World(GRIDS["centred"], outliers),
    "outliers, squares": World(GRIDS["centred"], outliers, "squares"),
    **{f"{budgets * sizes} runs": World(ladder(1, 1, budgets=budgets, sizes=sizes), normal(0.005))
       for budgets, sizes in ((2, 3), (2, 4), (3, 4), (5, 3))},
    "each run twice": World(GRIDS["centred"], normal(0.005), copies=2),
    "15 runs, each three times": World(ladder(1, 1, sizes=3), normal(0.005), copies=3),
    "checkpoints": World(checkpoints, shared),
    "checkpoints taken for runs": World(checkpoints, shared, told=False),
}  # fmt: skip


def intervals(fit: isoflop.Fit, level: float) -> Iterator[tuple[str, Array, Array]]:
    """Yield each way to make intervals with their low and high ends, in the order of QUANTITIES."""
    value = np.array([fit.curve.values[name] for name in NAMES])
    found, drawn = best(value[None])[:, 0], best(fit.draws)
    ends = np.array(
        [(one.low, one.high) for one in (from_draws(*pair, level) for pair in zip(found, drawn, strict=True))]
    )
    run = isoflop.forecast(fit, N=BEST_SIZE, D=TARGET / 6 / BEST_SIZE, level=level)[0].loss
    yield "draws", ends[:, 0], ends[:, 1]
    step = 1e-5 * np.diag(value)
    slopes = (best(value + step) - best(value - step)) / (2e-5 * value)
    reach = student(level, fit.freedom) * np.sqrt(np.einsum("qp,pr,qr->q", slopes, fit.covariance, slopes))
    yield "covariance", np.append(found - reach, np.log(run.low)), np.append(found + reach, np.log(run.high))


def judge(world: World, *, replicates: int, draws: int, seed: int) -> dict[str, tuple[Array, Array]]:
    """Give, for each way, the share of replicates that hold the truth (levels, quantities) and the width at 90 %."""
    held: dict[str, list[Array]] = {}
    widths: dict[str, list[Array]] = {}
    for replicate in range(replicates):
        random = np.random.default_rng([seed, list(WORLDS.values()).index(world), replicate])
        fit = isoflop.fit(
            "chinchilla", world.runs(random), objective=world.objective, draws=draws, starts=8, seed=replicate
        )
        exact = np.append(best(TRUTH[None])[:, 0], best(TRUTH[None])[1, 0] + world.noise(random, 6)[0])
        for level in LEVELS:
            for how, low, high in intervals(fit, level):
                truth = exact[: len(low)]
                held.setdefault(how, []).append((low <= truth) & (truth <= high))
                if level == 0.9:
                    widths.setdefault(how, []).append(high - low)
    return {
        how: (np.reshape(held[how], (replicates, len(LEVELS), -1)).mean(axis=0), np.median(widths[how], axis=0))
        for how in held
    }


def main() -> None:
    """Print the coverage of every world."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replicates", type=int, default=150)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--world", nargs="*", default=list(WORLDS), choices=list(WORLDS), metavar="NAME")
    asked = parser.parse_args()
    head = " ".join(f"{name:>23s}" for name in QUANTITIES)
    print(f"{asked.replicates} replicates; % that hold the truth at 80, 90, 95 %, then the median width at 90 %")
    print(f"{'':38s} {head}", flush=True)
    for name in asked.world:
        begin = time.process_time()
        found = judge(WORLDS[name], replicates=asked.replicates, draws=asked.draws, seed=asked.seed)
        for how, (share, width) in found.items():
            cells = [
                " ".join(f"{100 * one:3.0f}" for one in column) + f" {wide:10.4f}"
                for column, wide in zip(share.T, width, strict=True)
            ]
            print(f"{name:27s} {how:10s} " + " ".join(f"{cell:>23s}" for cell in cells))
        print(f"{'':27s} {time.process_time() - begin:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
