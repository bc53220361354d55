"""CPU seconds of plans: each question of docs/plan.md as a whole process, and the parts of a plan in this one.

python benchmarks/plans.py
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import isoflop
from isoflop.forecasting.ensemble import evidence
from isoflop.laws import CURVES
from measure import ISOFLOP, print_costs, side_by_side

ALL = {"unique_tokens": 5e11, "serve_tokens": 1e12, "max_params": 2e11, "min_tokens": 1e11, "precision": "fp8"}
PAGE = Path(__file__).parents[1] / "docs" / "plan.md"


def in_process(work: Callable[[], object]) -> float:
    """Give the least CPU seconds of three goes."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def main() -> None:
    """Print CPU seconds, a line for each question and each part."""
    lines = re.findall(r"^isoflop plan --.*", PAGE.read_text(), re.MULTILINE)
    asked = {" ".join(words): [ISOFLOP, *words[1:]] for words in (shlex.split(line, comments=True) for line in lines)}
    print_costs(side_by_side(asked, 5))
    truth, random = CURVES["besiroglu2024"], np.random.default_rng(0)
    N, D = np.geomspace(4e7, 1.6e10, 245), np.geomspace(5e9, 5e11, 245)[random.permutation(245)]
    runs = {"N": N, "D": D, "loss": truth(N, D) * np.exp(random.normal(0, 0.005, 245))}
    fit = isoflop.fit("chinchilla", runs, draws=1000)
    parts = {
        "backtests of the fit and other laws (once for any number of plans)": lambda: evidence(fit),
        "plan of a fit with 1,000 draws": lambda: isoflop.plan(fit, flops=1e24),
        "the same with every constraint": lambda: isoflop.plan(fit, flops=1e24, **ALL),
        "plan of a curve with every constraint": lambda: isoflop.plan(truth, flops=1e24, **ALL),
        "frontier of 200 budgets, fit": lambda: isoflop.frontier(fit, np.geomspace(1e20, 1e26, 200).tolist()),
        "frontier of 200 budgets, published curves": lambda: isoflop.frontier(
            None, np.geomspace(1e20, 1e26, 200).tolist()
        ),
    }
    for name, work in parts.items():
        print(f"{in_process(work):6.2f}  {name}")


if __name__ == "__main__":
    main()
