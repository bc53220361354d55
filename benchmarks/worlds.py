"""How the default forecast does in simulated worlds: a bad run, laws that are wrong or right, checkpoints, few runs.

    python benchmarks/worlds.py [--replicates 20] [--seed 0] [--world NAME ...]

`sizes` is of several laws alone, at 0.5 % noise: for what intervals of N are worth, at a fraction of the time.

All runs end at 1e21 FLOPs; questions lie 1 or more decades beyond, at the truth's compute-optimal run. For
several laws together and for Chinchilla's law alone: mean |error| of log loss in percent, the share of
replicates whose 90 % interval holds a new run's loss (headline, and the statistical one), the headline's mean
width in percent; median |error| of log N, the share whose interval of the plan's N holds the best N (headline,
statistical), and the median and largest log width of the statistical one.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from coverage import WORLDS as SOUND
from coverage import checkpoints, shared
from findings import BESIROGLU, Array, Truth, broken, coupled, fading, farseer

import isoflop
from isoflop.data.runs import Runs
from isoflop.forecasting.ensemble import Evidence, alone, evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.planning.plan import plan_with

LARGEST, LEVEL = 1e21, 0.9
TOO_HIGH = 1.05
Noise = Callable[[np.random.Generator, int], Array]


def best_of(truth: Truth, flops: float) -> tuple[float, float]:
    """Give N and loss of the truth's best run for so much compute."""
    size = np.geomspace(flops**0.5 / 300, flops**0.5 * 30, 40_001)
    loss = truth(size, flops / 6 / size)
    return float(size[np.argmin(loss)]), float(loss.min())


def isoflops(budgets: int, sizes: int, truth: Truth, *, reach: float = 4.0) -> Mapping[str, Array]:
    """Give N and D of runs about the best sizes of a truth, 1e18 to 1e21 FLOPs."""
    compute = np.geomspace(1e18, LARGEST, budgets)
    best = np.array([best_of(truth, float(flops))[0] for flops in compute])
    size = (best[:, None] * np.geomspace(1 / reach, reach, sizes)).ravel()
    return {"N": size, "D": np.repeat(compute, sizes) / 6 / size}


def normal(share: float) -> Noise:
    """Give independent noise in log loss."""
    return lambda random, count: share * random.standard_normal(count)


@dataclass(frozen=True)
class World:
    """A truth, where runs are trained, how they scatter, and how many decades beyond the questions lie."""

    truth: Truth
    columns: Mapping[str, Array]
    noise: Noise
    decades: tuple[float, ...] = (1.0, 3.0)

    def runs(self, random: np.random.Generator, bad: int | None = None) -> Runs:
        """Give the runs of one replicate, one of them too high if asked for."""
        N, D = self.columns["N"], self.columns["D"]
        loss = self.truth(N, D) * np.exp(self.noise(random, N.size))
        if bad is not None:
            loss[bad] *= TOO_HIGH
        return Runs.of(**self.columns, loss=loss)


WRONG = {
    "small runs 2% too high": fading(0.02),
    "coupled, k = 0.6": coupled(0.6),
    "coupled, k = 1.3": coupled(1.3),
    "a break: alpha 0.35 -> 0.1": broken(0.1),
    "Farseer-like: beta ~ N^0.05": farseer(0.05),
}


DRIFT = 0.15
"""The power of compute by which the sizes that are tried leave the best ones."""


def untuned(share: float) -> Truth:
    """Give besiroglu2024 with a learning rate tuned at the smallest size only: a loss that lies higher above it."""
    return lambda N, D: BESIROGLU(N, D) * np.exp(share * np.log10(np.maximum(N / 5e7, 1.0)) ** 2)


def drifting(truth: Truth) -> Mapping[str, Array]:
    """Give N and D of runs whose sizes leave the best ones as compute grows."""
    columns = isoflops(5, 7, truth)
    size = columns["N"] * (6 * columns["N"] * columns["D"] / 1e18) ** DRIFT
    return {"N": size, "D": columns["N"] * columns["D"] / size}


def of_sizes() -> dict[str, World]:
    """Give worlds where a law of the forecast is right, and where none is."""
    truths = {"chinchilla": BESIROGLU, **WRONG, "rates tuned at the smallest size": untuned(0.005)}
    noise, far = normal(0.005), (0.5, 1.0, 2.0)
    found = {name: World(truth, isoflops(5, 7, truth), noise, far) for name, truth in truths.items()}
    for name in ("chinchilla", "Farseer-like: beta ~ N^0.05"):
        found[f"{name}, grid drifts"] = World(truths[name], drifting(truths[name]), noise, far)
    return found


def worlds(group: str) -> dict[str, World]:
    """Give the worlds of a group by name."""
    if group == "sizes":
        return of_sizes()
    if group == "wrong":
        return {
            f"{name}, noise {share:.1%}": World(truth, isoflops(5, 7, truth), normal(share), (0.5, 1.0, 2.0))
            for name, truth in WRONG.items()
            for share in (0.003, 0.005)
        }
    if group == "right":
        grids = {name: one for name, one in SOUND.items() if "noise" in name}
        return {name: World(BESIROGLU, one.design(), one.noise) for name, one in grids.items()}
    if group == "checkpoints":
        return {"8 runs x 6 checkpoints": World(BESIROGLU, checkpoints(), shared)}
    return {
        f"{name}, noise {share:.1%}": World(truth, isoflops(4, 3, truth), normal(share))
        for name, truth in {"12 runs, chinchilla": BESIROGLU, "12 runs, coupled, k = 0.6": coupled(0.6)}.items()
        for share in (0.003, 0.005)
    }


class Answer(NamedTuple):
    """What one source says about one question; errors and widths are of logarithms."""

    error: float
    headline: bool
    statistical: bool
    width: float
    size: float
    size_headline: bool
    size_statistical: bool
    size_width: float


Source = tuple[isoflop.Fit | isoflop.Ensemble, Evidence]


def sources(runs: Runs, draws: int) -> dict[str, Source]:
    """Give several laws together and, if it is drawn, Chinchilla's alone, with their backtests."""
    together = isoflop.combine(runs)
    if not draws:
        return {"several laws": (together, evidence(together))}
    single = isoflop.fit("chinchilla", runs, draws=draws, starts=8)
    return {"several laws": (together, evidence(together)), "chinchilla": (single, Evidence(alone(single), together))}


def ask(source: Source, world: World, decades: float, *, noise: float) -> Answer:
    """Ask for the truth's best run so far beyond the runs, and for a plan, and compare."""
    flops = LARGEST * 10**decades
    size, loss = best_of(world.truth, flops)
    run = forecast_with(*source, level=LEVEL, at={"N": size, "D": flops / 6 / size})[0].loss
    planned = plan_with(*source, flops=flops, level=LEVEL).N
    kinds = {"headline": (run.low, run.high), "statistical": run.intervals["statistical"]}
    sizes = {"headline": (planned.low, planned.high), "statistical": planned.intervals["statistical"]}
    new = loss * np.exp(noise)
    ends = np.array([*kinds.values(), *sizes.values()])
    if not (ends[:, 0] <= ends[:, 1]).all():
        raise RuntimeError(f"not an interval: {ends}")
    return Answer(
        float(np.log(run.value / loss)),
        *(bool(low <= new <= high) for low, high in kinds.values()),
        float(np.log(run.high / run.low)),
        float(np.log(planned.value / size)),
        *(bool(low <= size <= high) for low, high in sizes.values()),
        float(np.log(sizes["statistical"][1] / sizes["statistical"][0])),
    )


HEAD = f"{'':36s} {'':12s} decades | |error| headline statistical width | N: |error| headline statistical width largest"


def judge(name: str, world: World, *, replicates: int, seed: int, draws: int = 200) -> None:
    """Print a row for each source and distance."""
    found: dict[tuple[str, float], list[Answer]] = {}
    for replicate in range(replicates):
        random = np.random.default_rng([seed, zlib.crc32(name.encode()), replicate])
        answered = sources(world.runs(random), draws=draws)
        for decades in world.decades:
            noise = float(world.noise(random, 6)[0])
            for how, source in answered.items():
                found.setdefault((how, decades), []).append(ask(source, world, decades, noise=noise))
    for (how, decades), answers in found.items():
        one = Answer(*np.array(answers, float).T)
        print(
            f"{name:36s} {how:12s} {decades:7.1f} | {100 * np.mean(np.abs(one.error)):6.2f}% "
            f"{np.mean(one.headline):8.0%} {np.mean(one.statistical):11.0%} {100 * np.mean(one.width):5.1f} "
            f"| {np.median(np.abs(one.size)):10.2f} {np.mean(one.size_headline):8.0%} "
            f"{np.mean(one.size_statistical):11.0%} {np.median(one.size_width):5.2f} {np.max(one.size_width):7.2f}",
            flush=True,
        )


def planned(runs: Runs, decades: Sequence[float]) -> dict[str, list[tuple[float, float]]]:
    """Give log L* and log N of the best run at each distance, by each way to fit."""
    single = {
        objective: isoflop.fit("chinchilla", runs, objective=objective, draws=0, starts=8)
        for objective in ("robust", "squares")
    }
    ways: dict[str, isoflop.Fit | isoflop.Ensemble] = {"several laws": isoflop.combine(runs), **single}
    untested = Evidence(None, None)
    found: dict[str, list[tuple[float, float]]] = {}
    for how, source in ways.items():
        behind = evidence(source) if isinstance(source, isoflop.Ensemble) else untested
        plans = [plan_with(source, behind, flops=LARGEST * 10**far, level=LEVEL) for far in decades]
        found[how] = [(float(np.log(one.loss.value)), float(np.log(one.N.value))) for one in plans]
    return found


def one_bad(replicates: int, seed: int) -> None:
    """Print by how much one bad run of 15 inflates the errors of log L* and log N."""
    print(f"\n## One run of 15 is 5 % too high, {replicates} pairs a row")
    print("median |error| without and with it, their ratio, and the ratio of the root mean squares")
    columns = isoflops(5, 3, BESIROGLU)
    for share in (0.003, 0.005):
        world, found = World(BESIROGLU, columns, normal(share)), {}
        exact = [best_of(BESIROGLU, LARGEST * 10**far) for far in world.decades]
        truth = np.array([(np.log(loss), np.log(size)) for size, loss in exact])
        for replicate in range(replicates):
            for bad in (None, int(np.random.default_rng([seed, replicate]).integers(columns["N"].size))):
                runs = world.runs(np.random.default_rng([seed, round(1e4 * share), replicate]), bad)
                for how, answers in planned(runs, world.decades).items():
                    found.setdefault(how, []).append(np.array(answers) - truth)
        for how, errors in found.items():
            pairs = np.abs(np.array(errors)).reshape(replicates, 2, len(truth), 2)
            middle, square = np.median(pairs, axis=0), np.sqrt((pairs**2).mean(axis=0))
            for row, decades in enumerate(world.decades):
                for column, (what, unit) in enumerate((("log L*", 100), ("log N", 1))):
                    without, with_it = middle[:, row, column]
                    print(
                        f"noise {share:.1%} {how:12s} {decades:.0f} decades {what:6s} {unit * without:6.3f} "
                        f"{unit * with_it:6.3f} {with_it / without:5.2f}x "
                        f"{square[1, row, column] / square[0, row, column]:5.2f}x",
                        flush=True,
                    )


GROUPS = {
    "bad": "one bad run",
    "wrong": "Laws that are wrong, 5 x 7",
    "right": "Chinchilla's law is right, 5 x 7",
    "checkpoints": "Checkpoints, shift 0.5 %, within 0.2 %",
    "few": "Twelve runs, 4 x 3",
    "sizes": "How well N's interval holds, 5 x 7, noise 0.5 %",
}


def main() -> None:
    """Print every group that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--world", nargs="*", default=list(GROUPS), choices=list(GROUPS))
    asked = parser.parse_args()
    for group in asked.world:
        begin = time.process_time()
        if group == "bad":
            one_bad(2 * asked.replicates, asked.seed)
        else:
            print(f"\n## {GROUPS[group]}, {asked.replicates} replicates\n{HEAD}", flush=True)
            for name, world in worlds(group).items():
                draws = 0 if group == "sizes" else 200
                judge(name, world, replicates=asked.replicates, seed=asked.seed, draws=draws)
        print(f"{time.process_time() - begin:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
