"""Does every fit find the best optimum? Each catalogue law is fitted to data simulated from it.

For each law: DATA sets of 60 runs with 0.5 % noise; each is fitted once with the default starts.
The best known optimum of a set is the least of those of that fit, of a fit with 8 times as many
starts under another seed, and of a descent from the true parameters.

    python benchmarks/starts.py [--data 20]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from isoflop.fitting.fit import fit
from isoflop.fitting.optimise.minimise import minimise
from isoflop.fitting.optimise.problem import problem_of
from isoflop.fitting.optimise.search import SAME
from isoflop.formula.law import Law
from isoflop.laws import CURVES, LAWS, find_law

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from examples import BELOW_ZERO, ELSEWHERE, GRID, UNPUBLISHED

NOISE, RUNS = 0.005, 60


def simulate(law: Law, values: dict[str, float], seed: int) -> dict[str, np.ndarray]:
    """Give runs at random inputs whose loss is the law's, with log-normal noise."""
    random = np.random.default_rng(seed)
    ranges = GRID | ELSEWHERE.get(law.name, {})
    inputs = {key: np.exp(random.uniform(*np.log(ranges[key]), RUNS)) for key in law.inputs}
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
    truths = {name: dict(curve.values) for curve in CURVES.values() for name in [curve.law.name]}
    truths |= UNPUBLISHED | BELOW_ZERO
    for name in asked.law or LAWS:
        begin = time.process_time()
        found = [found_best(find_law(name), truths[name], seed) for seed in range(asked.data)]
        solved, agree = np.mean([good for good, _ in found]), np.mean([share for _, share in found])
        print(
            f"{name:24s} found {solved:6.1%}   starts agreeing {agree:6.1%}   {time.process_time() - begin:.1f} CPU s"
        )


if __name__ == "__main__":
    main()
