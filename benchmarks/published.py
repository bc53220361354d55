"""Numbers others have published on public runs, found again with isoflop: theirs beside ours.

    ISOFLOP_DATA=DIR python benchmarks/published.py

Ends with 1 if one of ours is off by more than the digits that were printed (standard errors: 3 %).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop import datasets
from isoflop.data.runs import Runs
from isoflop.fitting.draws import bootstrap, refit
from isoflop.fitting.fit import Fit, fit
from isoflop.fitting.optimise.problem import Problem, problem_of

Array = NDArray[np.float64]

KEPT = "D/N > 0.45"
"""Leaves the 240 runs that Besiroglu et al. 2024 fitted: all but the five of highest loss."""
RESAMPLES = 4_000


@dataclass(frozen=True)
class Line:
    """One number: as published, as found here, and how far apart the two may be (none: only shown)."""

    what: str
    published: float
    found: float
    within: float | None = None
    at_most: bool = False
    at_least: bool = False

    @property
    def good(self) -> bool:
        """Say whether the number found agrees with the published one."""
        if self.at_most or self.at_least:
            return self.found <= self.published if self.at_most else self.found >= self.published
        return self.within is None or abs(self.found - self.published) <= self.within

    def __str__(self) -> str:
        bound = "≤ " if self.at_most else "≥ " if self.at_least else ""
        mark = "" if self.good else "  OFF"
        return f"{self.what:58} {bound + format(self.published, '.9g'):>14} {self.found:>14.9g}{mark}"


# Besiroglu et al. 2024, arXiv:2404.10102, and their notebook: the 240 Chinchilla points, sum of Huber(1e-3).


def chinchilla_optimum(seeds: Iterable[int] = range(20)) -> Iterator[Line]:
    """Give the optimum of Hoffmann's objective, and how many starts find it at the worst seed."""
    runs = datasets.load("chinchilla", KEPT)
    fits = [fit("chinchilla", runs, objective="huber:1e-3", draws=0, seed=seed) for seed in seeds]
    yield Line("Chinchilla, 240 runs: runs used", 240, fits[0].used, 0)
    yield Line("Chinchilla, 240 runs: objective", 0.00101828, max(one.reached for one in fits), at_most=True)
    for name, published, within in (
        ("A", 477.8, 0.5),
        ("B", 2143.4, 5),
        ("E", 1.81722, 2e-4),
        ("alpha", 0.34731, 2e-4),
        ("beta", 0.36717, 2e-4),
    ):
        yield Line(f"Chinchilla, 240 runs: {name}", published, fits[0].curve.values[name], within)
    share = min(one.agreement for one in fits)
    yield Line(f"… share of starts there, worst of {len(fits)} seeds", 0.95, share, at_least=True)


def chinchilla_with_outliers() -> Iterator[Line]:
    """Give what the five runs of highest loss do to the exponents."""
    values = fit("chinchilla", datasets.load("chinchilla"), objective="huber:1e-3", draws=0).curve.values
    yield Line("Chinchilla, all 245 runs: beta", 0.4531, values["beta"], 1e-4)
    exponent = values["beta"] / (values["alpha"] + values["beta"])
    yield Line("Chinchilla, all 245 runs: exponent of N on C", 0.565, exponent, 5e-4)


STANDARD_ERRORS = {"E": 0.02565, "A": 124.5, "alpha": 0.01540, "B": 1293.0, "beta": 0.02059}
INTERVALS = {
    "E": (1.769, 1.871),
    "A": (285.2, 743.6),
    "alpha": (0.317, 0.373),
    "B": (1042, 5810),
    "beta": (0.331, 0.415),
}


def case_resampling(resamples: int = RESAMPLES) -> Iterator[Line]:
    """Give standard errors and intervals over the notebook's own resamples (NumPy's legacy seed 42)."""
    problem, theta, best = _chinchilla_problem()
    legacy = np.random.RandomState(42)
    chosen = [legacy.choice(problem.size, problem.size, replace=True) for _ in range(resamples)]
    weights = np.array([np.bincount(rows, minlength=problem.size) for rows in chosen], float)
    drawn = _columns(problem, refit(problem, theta, best.objective, weights=weights))
    for name, published in STANDARD_ERRORS.items():
        yield Line(
            f"{resamples} case resamples: standard error of {name}", published, drawn[name].std(), 0.03 * published
        )
    for name, ends in INTERVALS.items():
        for side, published, found in zip(("low", "high"), ends, np.quantile(drawn[name], [0.025, 0.975]), strict=True):
            within = 5e-4 if published < 2 else 0.005 * published
            yield Line(f"{resamples} case resamples: 95 % interval of {name}, {side}", published, found, within)


def own_resampling(resamples: int = RESAMPLES) -> Iterator[Line]:
    """Give the standard errors over our own resamples: other draws of the same, shown without a verdict."""
    problem, theta, best = _chinchilla_problem()
    drawn = _columns(problem, bootstrap(problem, theta, best.objective, count=resamples, seed=0))
    for name, published in STANDARD_ERRORS.items():
        yield Line(f"… our own resamples, seed 0: standard error of {name}", published, drawn[name].std())


def _chinchilla_problem() -> tuple[Problem, Array, Fit]:
    runs = datasets.load("chinchilla", KEPT)
    best = fit("chinchilla", runs, objective="huber:1e-3", draws=0)
    problem = problem_of(best.law, {key: runs[key] for key in best.law.inputs}, runs["loss"])
    return problem, problem.fitted(np.array([[best.curve.values[key] for key in best.law.parameters]]))[0], best


def _columns(problem: Problem, drawn: Array) -> dict[str, Array]:
    return dict(zip(problem.law.parameters, drawn.T, strict=True))


# Gadre et al. 2024, arXiv:2403.08540: four small models at 20 tokens per parameter and the smallest at 320.

C4_LOSS = "val == \"['training/eval_data/c4_val/shard-{0000000..0000010}.tar']\""
FITTED = "N < 1e9 and (chinchilla_multiplier == 1 or chinchilla_multiplier == 16 and N < 2e7)"
GADRE = {
    "c4_original": {"a": 141, "b": 190, "eta": 0.121, "E": 1.51},
    "rpj": {"a": 212, "b": 367, "eta": 0.136, "E": 1.84},
    "rw_original": {"a": 157, "b": 246, "eta": 0.127, "E": 1.73},
}


def gadre() -> Iterator[Line]:
    """Give Gadre's three fits, by least squares in the loss itself, as their code has it."""
    for corpus, published in GADRE.items():
        best = _gadre(datasets.load("gadre", f"{C4_LOSS} and train_ds == '{corpus}'"))
        for name, value in published.items():
            within = 0.5 if value > 100 else 5e-4 if value < 1 else 5e-3
            yield Line(f"Gadre, {corpus}: {name}", value, best.curve.values[name], within)


def gadre_held_out() -> Iterator[Line]:
    """Give the errors of the RedPajama fit on two runs of 390 and 280 times its largest compute."""
    runs = datasets.load("gadre", f"{C4_LOSS} and train_ds == 'rpj'")
    best = _gadre(runs)
    for label, which, published in (
        ("1.4B, 640 tokens per parameter", "N > 1e9 and chinchilla_multiplier == 32", 0.71),
        ("6.9B, 20 tokens per parameter", "N > 6e9", 0.73),
    ):
        run = runs.where(which)
        error = float(best.curve(run["N"], run["D"])[0] / run["loss"][0] - 1)
        yield Line(f"Gadre, rpj: error in % on {label}", published, 100 * abs(error), 5e-3)


def _gadre(runs: Runs) -> Fit:
    return fit("gadre", runs.where(FITTED), objective="squares", log=False, draws=0)


# Alabdulmohsin et al. 2022, arXiv:2209.06640: 92 learning curves, fitted on their beginning, scored on their end.

CURVES_IN = {"IC": 72, "NMT": 5, "LM": 5, "BB": 10}
EXTRAPOLATION = {
    "M1": {"IC": 0.10459, "NMT": 0.22173, "LM": 0.01397, "BB": 0.01481},
    "M2": {"IC": 0.0725, "NMT": 0.0482, "LM": 0.0011, "BB": 0.0090},
    "last value": {"IC": 0.0880, "NMT": 0.0083, "LM": 0.0072, "BB": 0.0092},
}
"""Root mean square error of log loss on a curve's end, averaged over the curves of a domain."""


def learning_curves(methods: Iterable[str] = tuple(EXTRAPOLATION)) -> Iterator[Line]:
    """Give how far each method's extrapolations are off, domain by domain."""
    curves = list(_learning_curves())
    for domain, count in CURVES_IN.items():
        yield Line(f"learning curves in {domain}", count, sum(name == domain for name, _, _ in curves), 0)
    for method in methods:
        for domain, published in EXTRAPOLATION[method].items():
            errors = [_error(method, begin, end) for name, begin, end in curves if name == domain]
            digit = 1e-5 if method == "M1" else 1e-4
            yield Line(f"learning curves, {method}: error in {domain}", published, float(np.mean(errors)), 0.51 * digit)


def _learning_curves() -> Iterator[tuple[str, Runs, Runs]]:
    """Yield domain, the part to fit and the part to extrapolate to, of every curve."""
    for name in ("revisiting-vision", "revisiting-language"):
        runs = datasets.load(name)
        keys = np.array(
            ["|".join(parts) for parts in zip(*(runs[key] for key in ("Domain", "Task", "Model")), strict=True)]
        )
        for key in dict.fromkeys(keys.tolist()):
            begin, end = ((keys == key) & (runs["Training"] == part) for part in (1, 0))
            yield key.split("|")[0], runs.take(begin), runs.take(end)


def _error(method: str, begin: Runs, end: Runs) -> float:
    if method == "last value":
        predicted = begin["loss"][np.argmax(begin["x"])]
    else:
        # A floor above what was already reached fits noise; without this bound BB is at 0.0100.
        bounds = {"e_inf": (0.0, float(begin["loss"].min()))} if method == "M2" else {}
        predicted = fit(method, begin, objective="squares", draws=0, starts=8, bounds=bounds).curve(x=end["x"])
    return float(np.sqrt(np.mean((np.log(predicted) - np.log(end["loss"])) ** 2)))


def main() -> None:
    """Print every number beside its published one; end with 1 if one is off."""
    print(f"{'':58} {'published':>14} {'isoflop':>14}")
    parts = (chinchilla_optimum, chinchilla_with_outliers, case_resampling, own_resampling, gadre, gadre_held_out,
             learning_curves)  # fmt: skip
    off = 0
    for part in parts:
        for line in part():
            print(line, flush=True)
            off += not line.good
    print("\nall agree" if not off else f"\n{off} are off")
    sys.exit(1 if off else 0)


if __name__ == "__main__":
    main()
