"""Approaches 1 and 2 beside published numbers, and what the window of approach 2 costs.

    ISOFLOP_DATA=... python benchmarks/approaches.py

Without ISOFLOP_DATA only the noise-free surface, the simulated ladders and the bundled ladder are run.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np

from isoflop.data.datasets import load
from isoflop.data.runs import Runs
from isoflop.errors import DataError
from isoflop.fitting.approaches import approach1, approach2

E, A, B = 1.69, 406.4, 410.7  # Hoffmann et al. 2022, approach 3, rounded
ALPHA, BETA = 0.34, 0.28
PUBLISHED_BIAS = {2: -0.3269, 4: -1.3011, 8: -2.9029, 16: -5.1002}  # of D*(1e24), in %: arXiv:2603.22339
WINDOWS = (None, 16.0, 12.0, 10.0, 9.0, 8.0, 6.0, 4.0, 3.0, 2.0)
Setting = tuple[str, ...]
COLUMNS = ("dataset", "hparams", "warmup", "decay", "param_count")
PORIAN: dict[Setting, float] = {  # Porian et al. 2024, arXiv:2406.19146: exponents of N* on C
    ("rw", "base", "long", "kaplan", "kaplan"): 0.834,
    ("rw", "base", "long", "kaplan", "standard"): 0.701,
    ("rw", "base", "short", "kaplan", "standard"): 0.604,
    ("rw", "base", "short", "chinchilla", "standard"): 0.571,
    ("rw", "tuned", "short", "const", "standard"): 0.497,
    ("owt2", "base", "long", "kaplan", "kaplan"): 0.870,
    ("owt2", "base", "long", "kaplan", "standard"): 0.700,
    ("owt2", "base", "short", "kaplan", "standard"): 0.602,
    ("owt2", "base", "short", "chinchilla", "standard"): 0.569,
    ("owt2", "tuned", "short", "const", "standard"): 0.518,
}


@dataclass(frozen=True)
class Ladder:
    """IsoFLOP runs on a Chinchilla surface: sizes spanning ± factor about the optimum of each budget."""

    factor: float
    sizes: int
    noise: float = 0.0
    budgets: tuple[float, ...] = (1e18, 10**18.75, 10**19.5, 10**20.25, 1e21)
    alpha: float = ALPHA
    beta: float = BETA

    def best(self, C: float) -> float:
        """Give the true N at C = 6ND."""
        G = (self.alpha * A / (self.beta * B)) ** (1 / (self.alpha + self.beta))
        return float(G * (C / 6) ** (self.beta / (self.alpha + self.beta)))

    def runs(self, seed: int = 0) -> Runs:
        """Give the runs, with log-normal noise."""
        grid = np.geomspace(1 / self.factor, self.factor, self.sizes)
        N = np.concatenate([self.best(C) * grid for C in self.budgets])
        C = np.repeat(self.budgets, self.sizes)
        D = C / 6 / N
        loss = E + A / N**self.alpha + B / D**self.beta
        random = np.random.default_rng(seed).standard_normal(len(C))
        return Runs.of(N=N, D=D, C=C, loss=loss * np.exp(self.noise * random))

    def error(self, window: float | None, seed: int = 0) -> float:
        """Give the error of ln N*(1e24)."""
        return float(np.log(approach2(self.runs(seed), window=window, draws=0).at(1e24).N.value / self.best(1e24)))

    def scatter(self, window: float | None) -> float:
        """Give the root mean square error of ln N*(1e24) over 200 seeds."""
        return float(np.sqrt(np.nanmean([self.error(window, seed) ** 2 for seed in range(200)])))


NOISY = (Ladder(8, 7, 0.005), Ladder(4, 7, 0.005), Ladder(8, 9, 0.01))
STEEP = Ladder(16, 9, alpha=0.46, beta=0.15)
COVERED = (Ladder(4, 5, 0.002), Ladder(4, 5, 0.005), Ladder(8, 7, 0.005), Ladder(8, 7, 0.01), Ladder(16, 9, 0.005))


def bias() -> None:
    """Print the error of the extrapolated tokens on a noise-free surface, beside the published one."""
    print("\nnoise-free surface, 5 budgets 1e17–1e21, 15 sizes: error of D*(1e24), %")
    print("  grid   published    all runs  window ×10")
    for factor, published in PUBLISHED_BIAS.items():
        ladder = Ladder(factor, 15, budgets=(1e17, 1e18, 1e19, 1e20, 1e21))
        true = 1e24 / 6 / ladder.best(1e24)
        found = [approach2(ladder.runs(), window=window, draws=0).at(1e24).D.value for window in (None, 10.0)]
        print(f"  ±{factor:<4d} {published:10.4f}" + "".join(f"{100 * (D / true - 1):12.4f}" for D in found))


def windows(porian: dict[Setting, Runs]) -> None:
    """Print what each window costs: noise on ladders, bias on a steep surface, and Porian's exponents."""
    print("\nwhich runs a parabola is drawn through: those within a factor in N of the best one")
    print("  root mean square error of ln N*(1e24), 200 simulated ladders of 5 budgets 1e18–1e21 (± grid × sizes);")
    print("  bias of ln N*(1e24) without noise, α .46, β .15, ±16; Porian's exponents: worst of 9, and owt2 Kaplan")
    print("  window   ±8×7 .5 %  ±4×7 .5 %  ±8×9 1 %      bias    worst    owt2 Kaplan")
    for window in WINDOWS:
        noisy = "".join(f"{ladder.scatter(window):11.3f}" for ladder in NOISY)
        off = {key: approach2(runs, window=window, draws=0).N.slope - PORIAN[key] for key, runs in porian.items()}
        kaplan = off.pop(("owt2", "base", "long", "kaplan", "kaplan"), np.nan)
        worst = max(off.values(), key=abs, default=np.nan)
        name = "all" if window is None else f"×{window:g}"
        print(f"  {name:6s} {noisy} {STEEP.error(window):+9.3f} {worst:+8.3f} {kaplan:+9.3f}")


def coverage() -> None:
    """Print how often nominal 90 % intervals of approach 2 hold the truth."""
    print("\ncoverage of approach 2's 90 % intervals, 400 simulated ladders of 5 budgets 1e18–1e21")
    print("  sizes   grid   noise  exponent   N*(1e24)   median high/low of N*(1e24)")
    truth = BETA / (ALPHA + BETA)
    for ladder in COVERED:
        found = [approach2(ladder.runs(seed), draws=400) for seed in range(400)]
        sizes = [frontier.at(1e24).N for frontier in found]
        exponent = np.mean([a.N.exponent.low <= truth <= a.N.exponent.high for a in found])
        size = np.mean([N.low <= ladder.best(1e24) <= N.high for N in sizes])
        width = np.nanmedian([N.high / N.low for N in sizes])
        print(
            f"  {ladder.sizes:5d}   ±{ladder.factor:<4g} {ladder.noise:6.1%} {exponent:9.0%} {size:10.0%} {width:9.2f}"
        )


def exponents(porian: dict[Setting, Runs]) -> None:
    """Print Porian's exponents beside ours."""
    print("\nPorian et al. 2024: exponent of N* on C")
    print(f"  {'':38s} published  approach 2                off   budgets  findings")
    for key, runs in porian.items():
        found = approach2(runs)
        ours, used = found.N.exponent, f"{len(found.evidence.usable)} of {len(found.evidence.budgets)}"
        codes = " ".join(sorted({finding.code for finding in found.findings if finding.code[0] == "F"}))
        off = ours.value - PORIAN[key]
        print(f"  {' '.join(key):38s} {PORIAN[key]:.3f}      {ours!s:22s} {off:+.3f}   {used:8s} {codes}".rstrip())


def tinylm() -> None:
    """Print the minima of the bundled ladder in each order of its data, and in all of them."""
    for order in ("order == 0", "order == 1", "order == 2", "order >= 0"):
        found = approach2(load("tinylm", where=f"role == 'sweep' and {order}"))
        print(f"\ntinylm, {order}: {found}")
        for minimum in found.evidence.budgets:
            ratio = minimum.D.value / minimum.N.value
            print(f"  {minimum.C:.3g}   N {minimum.N!s:24s} D/N {ratio:3.0f}   {minimum.problem or ''}")


def envelopes() -> None:
    """Print approach 1 on Gemstones and on Chinchilla's table, and approach 2's refusal of the latter."""
    for name, where, told in (
        ("gemstones", None, "no published approach 1 with this count"),
        ("chinchilla", "D/N > 0.45", "final losses, not curves; published from curves: .50 (.488, .502)"),
    ):
        runs, began = load(name, where=where), time.process_time()
        found = approach1(runs)
        spent = time.process_time() - began
        print(f"\n{name}: {found}; {told}")
        print(f"  {found.evidence.curves} curves, {found.evidence.left_out} of 200 points left out, {spent:.2f} CPU s")
        print(f"  N*(5.76e23) {found.at(5.76e23).N}")
    try:
        approach2(load("chinchilla", where="D/N > 0.45"))
    except DataError as refusal:
        print(f"\napproach 2 refuses: {refusal}")


def main() -> None:
    """Print all tables."""
    porian: dict[Setting, Runs] = {}
    if "ISOFLOP_DATA" in os.environ:
        for key in PORIAN:
            where = " and ".join(f"{column} == '{value}'" for column, value in zip(COLUMNS, key, strict=True))
            porian[key] = load("porian", where=where)
    bias()
    windows(porian)
    coverage()
    tinylm()
    if porian:
        exponents(porian)
        envelopes()


if __name__ == "__main__":
    main()
