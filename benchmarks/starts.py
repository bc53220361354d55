"""Does every fit find the best optimum? Each catalogue law is fitted to data simulated from it.

For each law: DATA sets of 60 runs with 0.5 % noise; each is fitted once with the default starts.
The best known optimum of a set is the least of those of that fit, of a fit with 8 times as many
starts under another seed, and of a descent from the true parameters.

    python benchmarks/starts.py [--data 20]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from isoflop.fit import fit
from isoflop.law import Law
from isoflop.laws import CURVES, LAWS, find_law
from isoflop.optimise.minimise import minimise
from isoflop.optimise.problem import problem_of
from isoflop.optimise.search import SAME

TRUTHS = {
    "log-quadratic": {"c": 0.97, "c_N": -0.12, "c_D": -0.11, "c_NN": 0.012, "c_ND": 0.008, "c_DD": 0.010},
    "M1": {"b": 30.0, "c": 0.2},
    "M2": {"e_inf": 1.7, "b": 400.0, "c": 0.3},
    "M3": {"b": 900.0, "gamma": 3e9, "c": 0.28},
    "M4": {"e_inf": 1.7, "e_0": 9.0, "a": 0.9, "d": 3e7, "c": 0.45},
    "bnsl1": {"a": 0.4, "b": 12.0, "c0": 0.05, "c1": 0.3, "d1": 3e8, "f1": 0.3},
    "bnsl2": {
        "a": 0.3,
        "b": 20.0,
        "c0": 0.05,
        "c1": 0.25,
        "d1": 3e7,
        "f1": 0.25,
        "c2": -0.2,
        "d2": 3e9,
        "f2": 0.25,
    },
}
RANGES = {"N": (1e7, 1e10), "D": (1e9, 1e12), "C": (1e17, 1e22), "S": (1e3, 1e6), "x": (1e6, 1e11)}
NOISE, RUNS = 0.005, 60


def simulate(law: Law, values: dict[str, float], seed: int) -> dict[str, np.ndarray]:
    """Give runs at random inputs whose loss is the law's, with log-normal noise."""
    random = np.random.default_rng(seed)
    inputs = {key: np.exp(random.uniform(*np.log(RANGES[key]), RUNS)) for key in law.inputs}
    return inputs | {"loss": law(**inputs, **values) * np.exp(NOISE * random.standard_normal(RUNS))}


def found_best(law: Law, values: dict[str, float], seed: int) -> tuple[bool, float]:
    """Say whether the default fit found the best known optimum, and its starts' agreement."""
    runs = simulate(law, values, seed)
    one = fit(law, runs, objective="squares", draws=0, seed=seed)
    more = fit(law, runs, objective="squares", draws=0, seed=seed + 1000, starts=256)
    problem = problem_of(law, runs, runs["loss"])
    begin = problem.fitted(np.array([[values[key] for key in law.parameters]]))
    true = float(minimise(problem, begin, one.objective).objective[0])
    return one.reached <= min(one.reached, more.reached, true) * (1 + SAME), one.agreement


def main() -> None:
    """Print one line a law: how many of its data sets were solved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=int, default=20)
    parser.add_argument("--law", action="append")
    asked = parser.parse_args()
    truths = {name: dict(curve.values) for curve in CURVES.values() for name in [curve.law.name]} | TRUTHS
    for name in asked.law or LAWS:
        begin = time.process_time()
        found = [found_best(find_law(name), truths[name], seed) for seed in range(asked.data)]
        solved, agree = np.mean([good for good, _ in found]), np.mean([share for _, share in found])
        print(
            f"{name:14s} found {solved:6.1%}   starts agreeing {agree:6.1%}   {time.process_time() - begin:.1f} CPU s"
        )


if __name__ == "__main__":
    main()
