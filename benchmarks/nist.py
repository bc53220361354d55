"""NIST's certified nonlinear regressions, solved through the same path as any formula a user types.

    python benchmarks/nist.py

27 problems × 2 starts (https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml; nist/problems.json
holds NIST's formulas, data, starts and certified values). Scored as NIST does: the number of certified
digits an answer reproduces, −log10 of its relative error, at most 11; the worst parameter counts.
Aims: ≥ 6 digits on every second start and on ≥ 52 of 54; ≥ 4 digits on their standard errors;
whatever misses must say so itself.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isoflop.fitting.draws import covariance
from isoflop.fitting.identifiability import determined
from isoflop.fitting.optimise.minimise import minimise, polish
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.fitting.optimise.problem import problem_of
from isoflop.formula.law import parse_law
from isoflop.quantities import Kind

REAL = Kind("Real", "real")
PROBLEMS = Path(__file__).parent / "nist" / "problems.json"
CERTIFIED_DIGITS = 11
ENOUGH, ENOUGH_ERRORS, ENOUGH_SOLVED = 6, 4, 52


@dataclass(frozen=True)
class Problem:
    """One of NIST's problems: response = formula + error, in the parameters b1 … bk."""

    name: str
    difficulty: str  # lower, average or higher, as NIST has it
    response: str  # y, or log(y) for Nelson
    formula: str
    inputs: tuple[str, ...]
    starts: tuple[Sequence[float], Sequence[float]]  # far, near
    certified: Sequence[float]
    standard_deviations: Sequence[float]
    residual_sum_of_squares: float
    data: dict[str, Sequence[float]]

    @property
    def responses(self) -> list[float]:
        """The observations, on the scale the formula is on."""
        return [math.log(y) if self.response == "log(y)" else y for y in self.data["y"]]


@dataclass(frozen=True)
class Score:
    """How many certified digits one start reproduces, and whether the solver claims success."""

    problem: Problem
    start: int
    digits: float
    error_digits: float
    converged: bool


def solve(problem: Problem, start: Sequence[float]) -> tuple[Sequence[float], Sequence[float], bool]:
    """Give the values of b1 … bk, their standard errors, and whether the solver vouches for them."""
    names = [f"b{position}" for position in range(1, len(start) + 1)]
    law = parse_law(problem.formula, inputs=problem.inputs, kinds=dict.fromkeys(names, REAL))
    inputs = {key: np.array(problem.data[key], float) for key in problem.inputs}
    task = problem_of(law, inputs, np.array(problem.responses, float), log=False)
    order = [names.index(name) for name in law.parameters]
    squares = parse_objective("squares")
    found = minimise(task, np.array([start], float)[:, order], squares, iterations=2000)
    theta = polish(task, found.theta[0], squares)
    errors = np.sqrt(np.diag(covariance(task, theta, squares, kind="classical")))
    back = np.argsort(order)
    return theta[back].tolist(), errors[back].tolist(), bool(found.converged[0]) and determined(task, theta)


def certified_digits(found: Sequence[float], certified: Sequence[float]) -> float:
    """Give the digits that the worst of the values shares with its certified one, 0 to 11."""

    def digits(value: float, true: float) -> float:
        if not math.isfinite(value):
            return 0.0
        error = abs(value - true) / abs(true)
        return CERTIFIED_DIGITS if error == 0 else min(max(-math.log10(error), 0.0), CERTIFIED_DIGITS)

    return min(digits(value, true) for value, true in zip(found, certified, strict=True))


def problems() -> list[Problem]:
    """Read the 27 problems, from lower to higher difficulty."""
    return [Problem(**entry) for entry in json.loads(PROBLEMS.read_text())]


def score(problem: Problem, start: int) -> Score:
    """Solve a problem from its start 1 or 2 and count the digits."""
    values, errors, converged = solve(problem, problem.starts[start - 1])
    return Score(
        problem,
        start,
        certified_digits(values, problem.certified),
        certified_digits(errors, problem.standard_deviations),
        converged,
    )


def print_table(scores: Sequence[Score]) -> None:
    """Print one line a problem: digits of the parameters and of the standard errors, by start."""
    print("problem    level      start 1      start 2        (digits: parameters / standard errors)")
    for far, near in zip(scores[::2], scores[1::2], strict=True):
        cells = [f"{s.digits:4.1f} / {s.error_digits:4.1f} {'' if s.converged else '✗':1}" for s in (far, near)]
        print(f"{far.problem.name:9}  {far.problem.difficulty:7}  {cells[0]}  {cells[1]}")
    print("✗ the solver says itself that it failed")


def print_totals(scores: Sequence[Score]) -> bool:
    """Print the totals beside their aims; give whether all aims are reached."""
    solved = [s for s in scores if s.digits >= ENOUGH]
    near = [s for s in solved if s.start == 2]
    poor_errors = [s for s in solved if s.error_digits < ENOUGH_ERRORS]
    silent = [s for s in scores if s.digits < ENOUGH and s.converged]
    modest = [s for s in solved if not s.converged]
    half = len(scores) // 2
    print(f"\n≥ {ENOUGH} digits: {len(solved)} of {len(scores)}, of second starts {len(near)} of {half}")
    for says, which in (
        (f"solved, but standard errors < {ENOUGH_ERRORS} digits", poor_errors),
        ("wrong without saying so", silent),
        ("right, but claims to have failed", modest),
    ):
        print(f"{says}: {', '.join(f'{s.problem.name} start {s.start}' for s in which) or 'none'}")
    return len(solved) >= ENOUGH_SOLVED and len(near) == half and not poor_errors and not silent


def main() -> None:
    """Score all 54 and end with 1 if an aim is missed."""
    scores = [score(problem, start) for problem in problems() for start in (1, 2)]
    print_table(scores)
    sys.exit(0 if print_totals(scores) else 1)


if __name__ == "__main__":
    main()
