"""One fit of a large table: CPU seconds and memory, by the number of rows.

    python benchmarks/large.py

Rows are simulated from besiroglu2024 with 1 % noise. Each size runs in a process of its own; the
aim is at most 2 CPU seconds for a million rows, and time that grows no faster than the rows.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np

SIZES = (10_000, 100_000, 1_000_000)


def fit_simulated(rows: int) -> None:
    """Fit so many simulated rows and print CPU seconds of the fit alone, and the peak memory in MB."""
    from isoflop.data.runs import Runs
    from isoflop.fitting.fit import fit
    from isoflop.laws.chinchilla import besiroglu2024

    random = np.random.default_rng(0)
    size, tokens = (np.exp(random.uniform(np.log(low), np.log(low * 1e3), rows)) for low in (1e8, 1e10))
    loss = besiroglu2024(size, tokens) * np.exp(0.01 * random.standard_normal(rows))
    runs = Runs.of(N=size, D=tokens, loss=loss)
    begin = time.process_time()
    found = fit("chinchilla", runs)
    spent = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows:9,} rows   {spent:5.2f} CPU s   {peak:5.0f} MB   alpha {found.curve.values['alpha']:.5f}")


def main() -> None:
    """Fit each size in a fresh process."""
    if len(sys.argv) > 1:
        fit_simulated(int(sys.argv[1]))
        return
    for rows in SIZES:
        subprocess.run([sys.executable, __file__, str(rows)], check=True)


if __name__ == "__main__":
    main()
