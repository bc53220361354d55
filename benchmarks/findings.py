"""How often the findings cry on sound runs, name a bad run, and see a law that is wrong.

    python benchmarks/findings.py [replicates] [--only sound|bad|wrong|alarms]

Sound worlds follow the fitted law exactly, with log-normal noise; F04, true by count, is not counted. `alarms` is of
what a fit and a forecast say of single runs and of past errors: F05, F06, F16, and P21 to P25 at ten times the compute.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import isoflop
from isoflop.data.runs import Runs
from isoflop.laws import CURVES

Array = NDArray[np.float64]
Truth = Callable[[Array, Array], Array]
TINY = isoflop.laws.LAWS["chinchilla"].at("tiny", E=1.057, A=69.33, alpha=0.5686, B=1790, beta=0.6419)
BESIROGLU, C4 = CURVES["besiroglu2024"], CURVES["muennighoff2023-c4"]
BY_COUNT = "F04"


@dataclass(frozen=True)
class Design:
    """Where runs are trained: isoFLOP sizes about the optimum of a curve, or every size with every tokens."""

    name: str
    truth: isoflop.Curve
    budgets: Array
    sizes: int
    reach: float
    drift: float = 0.0

    def places(self) -> tuple[Array, Array]:
        """Give N and D of every run."""
        if not self.reach:
            size, tokens = np.meshgrid(np.geomspace(2e7, 2e9, self.sizes), np.geomspace(1e9, 1e11, len(self.budgets)))
            return size.ravel(), tokens.ravel()
        best = np.array([isoflop.plan(self.truth, flops=float(C)).N.value for C in self.budgets])
        best = best * (self.budgets / self.budgets[0]) ** self.drift
        N = (best[:, None] * np.geomspace(1 / self.reach, self.reach, self.sizes)).ravel()
        return N, np.repeat(self.budgets, self.sizes) / (6 * N)


def runs_of(design: Design, truth: Truth, *, noise: float, seed: int) -> tuple[Runs, np.random.Generator]:
    """Give simulated runs, and the generator for what else is drawn."""
    random = np.random.default_rng([seed, round(1e4 * noise), len(design.name)])  # each cell has tables of its own
    N, D = design.places()
    return Runs.of(N=N, D=D, loss=truth(N, D) * np.exp(noise * random.standard_normal(N.size))), random


def found_in(runs: Runs) -> list[isoflop.Finding]:
    """Give all findings but F04."""
    return [
        one
        for one in isoflop.check(isoflop.fit("chinchilla", runs, draws=DRAWS, starts=8)).findings
        if one.code != BY_COUNT
    ]


DESIGNS = (
    Design("5 budgets x 7 sizes, to 1e21", BESIROGLU, np.geomspace(1e18, 1e21, 5), 7, 8.0),
    Design("5 budgets x 3 sizes, to 1e21", BESIROGLU, np.geomspace(1e18, 1e21, 5), 3, 4.0),
    Design("3 budgets x 7 sizes, N from 6e3", TINY, np.geomspace(3e10, 1e12, 3), 7, 5.0),
    Design("6 budgets x 9 sizes, N to 1e10", C4, np.geomspace(1e18, 1e23, 6), 9, 6.0),
    Design("grid of 6 sizes x 6 tokens", BESIROGLU, np.ones(6), 6, 0.0),
)
DRAWS = 100
COARSE = DESIGNS[0]


def sound(replicates: int) -> None:
    """Print how often sound runs are cried at."""
    print(f"\n## Sound worlds: share of tables with any finding, {replicates} tables each\n")
    print("| design | noise | any | by code |\n|---|---|---|---|")
    cried = tables = 0
    for design in DESIGNS:
        for noise in (0.003, 0.01):
            seen: Counter[str] = Counter()
            crying = 0
            for seed in range(replicates):
                found = {one.code for one in found_in(runs_of(design, design.truth, noise=noise, seed=seed)[0])}
                crying += bool(found)
                seen.update(found)
            tables, cried = tables + replicates, cried + crying
            told = ", ".join(f"{code} {count / replicates:.1%}" for code, count in sorted(seen.items()))
            print(f"| {design.name} | {noise:.1%} | {crying / replicates:.1%} | {told} |", flush=True)
    print(f"\nAll: {cried / tables:.1%} of {tables}.")


ALARMS = ("F05", "F06", "F16", "P21", "P22", "P23", "P24", "P25")
MOST_FALSE = 0.02


def alarms(replicates: int) -> None:
    """Print how often each finding about single runs and past errors is said of sound runs."""
    print(f"\n## False alarms on sound tables, by code: at most {MOST_FALSE:.0%}, {replicates} tables each\n")
    print(f"| design | noise | {' | '.join(ALARMS)} |\n|---|---|{'---|' * len(ALARMS)}")
    every: Counter[str] = Counter()
    cells = [(design, noise) for design in DESIGNS for noise in (0.003, 0.01)]
    for design, noise in cells:
        seen: Counter[str] = Counter()
        for seed in range(replicates):
            runs, _ = runs_of(design, design.truth, noise=noise, seed=seed)
            far = isoflop.plan(design.truth, flops=10 * float(runs["C"].max()))
            said = isoflop.forecast(runs, N=far.N.value, D=far.D.value).findings
            fitted = isoflop.fit("chinchilla", runs, draws=DRAWS, starts=8).findings
            seen.update({one.code for one in (*said, *fitted)} & set(ALARMS))
        every += seen
        told = " | ".join(f"{seen[code] / replicates:.1%}" for code in ALARMS)
        print(f"| {design.name} | {noise:.1%} | {told} |", flush=True)
    tables = replicates * len(cells)
    print(f"| all {tables} | | {' | '.join(f'{every[code] / tables:.1%}' for code in ALARMS)} |")


def one_bad(replicates: int) -> None:
    """Print how often one bad run is named."""
    print(f"\n## One bad run, 5 % too high: named by F05 or F06, {replicates} tables each\n")
    print("| design | noise | named | only it |\n|---|---|---|---|")
    for design in DESIGNS:
        for noise in (0.003, 0.005):
            named = alone = 0
            for seed in range(replicates):
                runs, random = runs_of(design, design.truth, noise=noise, seed=seed)
                bad = int(random.integers(len(runs)))
                loss = runs["loss"].copy()
                loss[bad] *= 1.05
                spoilt = Runs.of(N=runs["N"], D=runs["D"], loss=loss)
                told = {name for one in found_in(spoilt) if one.code in ("F05", "F06") for name in one.runs}
                named += spoilt.names[bad] in told
                alone += told == {spoilt.names[bad]}
            print(f"| {design.name} | {noise:.1%} | {named / replicates:.0%} | {alone / replicates:.0%} |", flush=True)


def worlds() -> list[tuple[str, Truth]]:
    """Give truths that are no Chinchilla law, each in three strengths."""
    return [
        *((f"coupled, k = {k}", coupled(k)) for k in (0.8, 0.6, 1.3)),
        *((f"small runs {bias:.0%} too high, fading as C^-0.7", fading(bias)) for bias in (0.01, 0.02, 0.04)),
        *((f"a break: alpha 0.35 -> {after} at N = 5e8", broken(after)) for after in (0.2, 0.1, 0.05)),
        *((f"Farseer-like: beta ~ N^{lift}", farseer(lift)) for lift in (0.02, 0.05, 0.1)),
        *((f"Marin-like: {bend:.1%} x (decades of N from 5e8)^2", curved(bend)) for bend in (0.002, 0.005, 0.01)),
    ]


def coupled(k: float) -> Truth:
    """Give E + (A/N^alpha + B/D^beta)^k, as high as besiroglu2024 in the middle of the runs."""
    E = BESIROGLU.values["E"]
    middle = BESIROGLU(5e8, 1e10) - E
    return lambda N, D: E + middle * ((BESIROGLU(N, D) - E) / middle) ** k


def fading(bias: float) -> Truth:
    """Give besiroglu2024 with small runs that are too high."""
    return lambda N, D: BESIROGLU(N, D) * (1 + bias * (6 * N * D / 1e18) ** -0.7)


def broken(after: float) -> Truth:
    """Give besiroglu2024 with another exponent of N from 5e8 on."""
    E, A, alpha, B, beta = BESIROGLU.values.values()
    return lambda N, D: E + A * np.where(N < 5e8, N**-alpha, 5e8 ** (after - alpha) * N**-after) + B / D**beta


def farseer(lift: float) -> Truth:
    """Give besiroglu2024 with an exponent of D that grows with N, as in Li et al. 2025, arXiv:2506.10972."""
    E, A, alpha, B, beta = BESIROGLU.values.values()
    return lambda N, D: E + A / N**alpha + B / 1e10**beta * (D / 1e10) ** -(beta * (N / 5e8) ** lift)


def curved(bend: float) -> Truth:
    """Give besiroglu2024 with losses that curve up towards the smallest and the largest N."""
    return lambda N, D: BESIROGLU(N, D) * np.exp(bend * np.log10(N / 5e8) ** 2)


def wrong_laws(replicates: int) -> None:
    """Print how often a law that is wrong is seen."""
    wide = Design("7 budgets x 9 sizes, to 1e22", BESIROGLU, np.geomspace(1e18, 1e22, 7), 9, 10.0)
    print(f"\n## Laws that are wrong: share of tables with F07, with any finding, {replicates} tables each\n")
    print("| truth | design | noise | misfit | F07 | any |\n|---|---|---|---|---|---|")
    for name, truth in worlds():
        for design in (COARSE, wide):
            clean = isoflop.fit(
                "chinchilla", runs_of(design, truth, noise=0.0, seed=0)[0], draws=0, objective="squares"
            )
            misfit = float(np.sqrt(2 * clean.reached / clean.used))
            for noise in (0.003, 0.005):
                found = [
                    {one.code for one in found_in(runs_of(design, truth, noise=noise, seed=s)[0])}
                    for s in range(replicates)
                ]
                power, any_ = (sum(map(test, found)) / replicates for test in (lambda one: "F07" in one, bool))
                print(f"| {name} | {design.name} | {noise:.1%} | {misfit:.2%} | {power:.0%} | {any_:.0%} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("replicates", nargs="?", type=int, default=400)
    parser.add_argument("--only", choices=("sound", "bad", "wrong", "alarms"))
    asked, started = parser.parse_args(), time.process_time()
    parts = {
        "sound": (sound, 1), "bad": (one_bad, 2), "wrong": (wrong_laws, 8), "alarms": (alarms, 8),
    }  # fmt: skip
    for name, (show, times) in parts.items():
        if asked.only in (None, name):
            show(asked.replicates if asked.only else max(asked.replicates // times, 10))
    print(f"\n{time.process_time() - started:.0f} CPU s")


if __name__ == "__main__":
    main()
