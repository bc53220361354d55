"""How long isoflop takes to answer: its help, and a plan from a published curve.

    python benchmarks/startup.py [--repeats 11]

Aims: `--help` ≤ 0.3 CPU s, `plan` ≤ 0.4 CPU s. Starting Python and importing NumPy are the floor.
"""

from __future__ import annotations

import argparse
import sys

from measure import ISOFLOP, print_costs, side_by_side

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import numpy'": [sys.executable, "-c", "import numpy"],
    "isoflop --help": [ISOFLOP, "--help"],
    "isoflop plan besiroglu2024 --flops 1e24": [ISOFLOP, "plan", "besiroglu2024", "--flops", "1e24"],
}


def main() -> None:
    """Measure every command and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=11)
    print_costs(side_by_side(COMMANDS, parser.parse_args().repeats))


if __name__ == "__main__":
    main()
