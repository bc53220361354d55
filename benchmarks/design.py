"""How much of a whole sweep's forecast accuracy a share of its compute buys, by how the runs are chosen.

    python benchmarks/design.py [--replicates 1] [--random 3] [--only tables|right|wrong|rates]

Runs are picked from those that exist, up to 3, 10 and 30 % of the FLOPs of all of them; several laws together are
fitted to the picks and forecast the larger runs. Mean |error| of log loss in percent, by

next     isoflop.design.informative, in three rounds: the first by the published law besiroglu2024, the others by the
         runs so far; the target is the best run at the largest compute
grid     a plain isoFLOP grid: from the smallest budget on, five sizes spread evenly over each
random   any runs that fit, mean over orders
all      the whole sweep

In simulated worlds all forecast the noise-free loss of the truth's best run one decade beyond a sweep of 6 budgets
and 9 sizes.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from findings import BESIROGLU
from holdouts import Table, holdouts
from numpy.typing import NDArray
from worlds import WRONG, best_of

import isoflop
from isoflop import design
from isoflop.data.runs import Runs
from isoflop.forecasting.ensemble import Ensemble, combine

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
SHARES = (0.03, 0.1, 0.3)
ROUNDS = (0.1, 0.25, 1.0)
"""What each round may spend of what is left: the last one most, as one large run may be worth all the others."""
FEWEST, MOST = 8, 40
NOISE = 0.003
CUTS = ("chinchilla/7", "gadre c4_original/5", "gadre rpj/5", "gadre rw_original/5", "gemstones run 1/0", "tinylm/3")


class Case(NamedTuple):
    """Runs to pick from, the budget each belongs to, and larger runs to forecast."""

    name: str
    N: Array
    D: Array
    loss: Array
    budget: Rows
    targets: dict[str, Array]
    truth: Array

    @property
    def cost(self) -> Array:
        """Give the training FLOPs."""
        return 6 * self.N * self.D

    def runs(self, rows: Rows) -> Runs:
        """Give the picked runs."""
        return Runs.of(N=self.N[rows], D=self.D[rows], loss=self.loss[rows])

    def error(self, rows: Rows) -> float:
        """Give the mean |error| of log loss at the larger runs, from a fit to the picked ones."""
        return float(np.abs(combine(self.runs(rows)).log_loss(self.targets) - self.truth).mean())


def next_runs(case: Case, spend: float, seed: int) -> Rows:
    """Pick in rounds: by a published law first, then by the runs so far."""
    flops, rows = float((6 * case.targets["N"] * case.targets["D"]).max()), np.zeros(0, dtype=np.int64)
    source: Ensemble | str = "besiroglu2024"
    for turn, part in enumerate(ROUNDS):
        free = np.setdiff1d(np.arange(case.N.size), rows)
        now = part * (spend - float(case.cost[rows].sum()))
        if free.size and case.cost[free].min() <= now:
            pool = {"N": case.N[free], "D": case.D[free], "row": free}
            found = design.informative(
                source, target={"C": flops}, budget=now, candidates=pool, most=MOST, draws=2, seed=seed
            )
            rows = np.concatenate([rows, np.array([one.settings["row"] for one in found], dtype=np.int64)])
        if turn == 0:
            rows = _enough(case, rows, spend)
        if len(rows) < FEWEST:
            return rows
        source = combine(case.runs(rows))
    return rows


def _enough(case: Case, rows: Rows, spend: float) -> Rows:
    """Add the cheapest runs until several laws can be fitted."""
    for row in np.argsort(case.cost):
        if len(rows) < FEWEST and row not in rows and case.cost[rows].sum() + case.cost[row] <= spend:
            rows = np.append(rows, row)
    return rows


def grid_runs(case: Case, spend: float, seed: int) -> Rows:  # noqa: ARG001 - one signature
    """Pick five sizes of each budget, from the smallest budget on; of the last that fits, as many as fit."""
    rows: list[int] = []
    for number in np.unique(case.budget):
        some = np.flatnonzero(case.budget == number)
        some = some[np.argsort(case.N[some])]
        five = some[np.unique(np.round(np.linspace(0, len(some) - 1, 5)).astype(int))]
        for row in five.tolist():
            if case.cost[[*rows, row]].sum() <= spend:
                rows.append(row)
    return np.array(rows)


def random_runs(case: Case, spend: float, seed: int) -> Rows:
    """Pick any runs that fit, in random order; the first eight of a random order must be affordable together."""
    random, rows = np.random.default_rng([seed, zlib.crc32(case.name.encode())]), list[int]()
    for row in random.permutation(case.N.size):
        if case.cost[[*rows, row]].sum() <= spend:
            rows.append(int(row))
    return np.array(rows)


Pick = Callable[[Case, float, int], Rows]
WAYS: dict[str, Pick] = {"next": next_runs, "grid": grid_runs, "random": random_runs}


def tables() -> Iterator[Case]:
    """Yield real tables cut where larger runs remain to forecast."""
    found = holdouts(("complete",))
    some = [one for one in found if one.table.startswith("porian") and one.cut == 8][::2]  # of its 14 variants
    for one in (*some, *(one for one in found if one.name.removesuffix("/complete") in CUTS)):
        train, test = one.train, one.test
        number = _numbered(train) if one.table.startswith("gemstones") else train.budget
        at = {"N": test.N, "D": test.D}
        yield Case(one.table, train.N, train.D, train.loss, number, at, np.log(test.loss))


def _numbered(table: Table) -> Rows:
    """Give checkpoints, which have no budgets, budgets a factor 2 apart."""
    return np.floor(np.log2(table.compute / table.compute.min())).astype(int)


def simulated(group: str, replicates: int) -> Iterator[Case]:
    """Yield sweeps of a law that is right, or of laws that are wrong."""
    truths = {"Chinchilla's law": BESIROGLU} if group == "right" else WRONG
    for name, truth in truths.items():
        for replicate in range(replicates):
            random = np.random.default_rng([zlib.crc32(name.encode()), replicate])
            budgets = np.geomspace(1e18, 1e21, 6)
            best = np.array([best_of(truth, float(flops))[0] for flops in budgets])
            N = (best[:, None] * np.geomspace(1 / 6, 6, 9)).ravel()
            D, number = np.repeat(budgets, 9) / 6 / N, np.repeat(np.arange(6), 9)
            loss = truth(N, D) * np.exp(NOISE * random.standard_normal(N.size))
            size, least = best_of(truth, 1e22)
            at = {"N": np.array([size]), "D": np.array([1e22 / 6 / size])}
            yield Case(f"{name} {replicate}", N, D, loss, number, at, np.array([np.log(least)]))


def rates(excess: float = 0.012) -> None:
    """Print how far an untuned learning rate moves the best size: tuned at the smallest size, worse with distance."""
    begin, budgets = time.process_time(), np.geomspace(1e18, 1e21, 5)
    best = np.array([best_of(BESIROGLU, float(flops))[0] for flops in budgets])
    N = (best[:, None] * np.geomspace(1 / 4, 4, 7)).ravel()
    D = np.repeat(budgets, 7) / 6 / N
    noise = np.exp(NOISE * np.random.default_rng(0).standard_normal(N.size))
    far = np.log(N / N.min()) / np.log(N.max() / N.min())
    print(f"\n## A learning rate tuned at the smallest size only, up to {excess:.1%} of loss at the largest")
    print("excess grows as distance^   N at 1e22, of the truth's   residual noise, tuned and untuned")
    for power in (1, 2):
        fits = [isoflop.fit("chinchilla", Runs.of(N=N, D=D, loss=BESIROGLU(N, D) * noise * worse), draws=0)
                for worse in (np.ones(N.size), 1 + excess * far**power)]  # fmt: skip
        tuned, untuned = (isoflop.plan(one.curve, flops=1e22).N.value for one in fits)
        print(f"{power:26d} {untuned / tuned - 1:24.0%} {fits[0].noise:24.2%} {fits[1].noise:8.2%}")
    print(f"{time.process_time() - begin:.0f} CPU s", flush=True)


def judged(case: Case, orders: int) -> tuple[float, Array, Array]:
    """Give the error of all runs, of each way at each share (ways, shares), and how many runs each picked."""
    errors, counts = np.full((len(WAYS), len(SHARES)), np.nan), np.zeros((len(WAYS), len(SHARES)))
    for row, (name, pick) in enumerate(WAYS.items()):
        for column, share in enumerate(SHARES):
            spend = share * float(case.cost.sum())
            picks = [pick(case, spend, seed) for seed in range(orders if name == "random" else 1)]
            if any(case.cost[rows].sum() > spend * (1 + 1e-9) for rows in picks):
                raise RuntimeError(f"{name} spent too much on {case.name}")
            usable = [rows for rows in picks if len(rows) >= FEWEST]
            if usable:
                errors[row, column] = np.mean([case.error(rows) for rows in usable])
                counts[row, column] = np.mean([len(rows) for rows in usable])
    return case.error(np.arange(case.N.size)), errors, counts


def report(title: str, cases: Iterator[Case], orders: int, *, each: bool) -> None:
    """Print the errors of each case, and their mean over the cases that every way could do."""
    begin, wholes, found, counted = time.process_time(), [], [], []
    head = "  ".join(f"{way} {share:.0%}".rjust(10) for share in SHARES for way in WAYS)
    print(f"\n## {title}\n{'mean |error| of log loss, %':44s} {'all':>6s}  {head}")
    for case in cases:
        whole, errors, counts = judged(case, orders)
        wholes.append(whole)
        found.append(errors)
        counted.append(counts)
        if each:
            _line(f"{case.name} ({case.N.size})", whole, errors)
    everything, number = np.array(found), np.array(wholes)
    _line("mean", float(number.mean()), np.nanmean(everything, axis=0))
    _line("median", float(np.median(number)), np.nanmedian(everything, axis=0))
    for row, way in enumerate(WAYS):
        close = np.nanmean(everything[:, row] <= np.maximum(1.2 * number[:, None], number[:, None] + 0.001), axis=0)
        ratio = np.nanmean(everything[:, row], axis=0) / number.mean()
        runs = np.nanmean(np.array(counted)[:, row], axis=0)
        print(f"{way:8s} times the error of all: {ratio.round(2)}; within 20 % or 0.1 % of it: {close.round(2)} "
              f"of {len(number)}; runs: {runs.round()}")  # fmt: skip
    print(f"{time.process_time() - begin:.0f} CPU s", flush=True)


def _line(name: str, whole: float, errors: Array) -> None:
    cells = "  ".join(f"{100 * value:10.2f}" for value in errors.T.ravel())
    print(f"{name[:44]:44s} {100 * whole:6.2f}  {cells}", flush=True)


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1)
    parser.add_argument("--random", type=int, default=3)
    parser.add_argument("--only", choices=["tables", "right", "wrong", "rates"])
    asked = parser.parse_args()
    if asked.only in (None, "tables"):
        report("Real tables", tables(), asked.random, each=True)
    if asked.only in (None, "right"):
        report("Simulated, the law right", simulated("right", 4 * asked.replicates), asked.random, each=False)
    if asked.only in (None, "wrong"):
        report("Simulated, laws wrong", simulated("wrong", asked.replicates), asked.random, each=False)
    if asked.only in (None, "rates"):
        rates()


if __name__ == "__main__":
    main()
