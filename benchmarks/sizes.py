"""How often a plan's interval of N holds the lowest point of a budget beyond the runs it was planned from.

    ISOFLOP_DATA=DIR python benchmarks/sizes.py [--list choose|report|both]

Every origin of every public sweep at equal compute plans each budget beyond it whose lowest point lies inside its
runs; what is measured is the vertex of a parabola, with its own error. The drift of log N was chosen on the sweeps of
Porian et al. on RefinedWeb; the report list is every other sweep. Each held-out budget counts once in the first
column, each plan once in the others: nearer than 2.2 times the compute, to 5 times, and beyond.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

import numpy as np
from tables import CHOOSE, REPORT, tables

from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.sizes import SizeTest, size_tests

NEAR, FAR = 2.2, 5.0
CHOSEN_ON = " rw "
"""What the names of the tables hold on which the constant was chosen."""


def told(tests: Sequence[SizeTest]) -> str:
    """Return the share of budgets and plans held, and by what factor plans were typically off."""
    held: dict[tuple[float, float], list[bool]] = {}
    for one in tests:
        held.setdefault((one.C, one.N), []).append(one.inside)
    each = [[one.inside for one in tests if low <= one.times < high]
            for low, high in ((1, NEAR), (NEAR, FAR), (FAR, math.inf))]  # fmt: skip
    shares = "".join(f"{np.mean(some):7.2f} ({len(some)})" if some else f"{'':7}" for some in each)
    off = math.exp(float(np.median([abs(one.error) for one in tests])))
    return f"{np.mean([np.mean(some) for some in held.values()]):7.3f} ({len(held)}) {shares}   {off:.2f}x"


def main() -> None:
    """Print a line for each sweep, and one for each list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", choices=("choose", "report", "both"), default="both")
    asked = parser.parse_args()
    found: dict[str, list[SizeTest]] = {"choose": [], "report": []}
    print(f"{'':46}{'budgets held':>14}{'near':>11}{'middle':>11}{'far':>11}   typically off")
    for _, name, runs in tables((*CHOOSE, *REPORT)):
        which = "choose" if CHOSEN_ON in name else "report"
        if asked.list in (which, "both") and (tests := size_tests(combine(runs))):
            found[which] += tests
            print(f"{name:46}{told(tests)}", flush=True)
    for which, tests in found.items():
        if tests:
            print(f"{which:46}{told(tests)}")


if __name__ == "__main__":
    main()
