"""Does one learning rate serve all widths? The loss over learning rates at several widths, on equal tokens.

    python benchmarks/transfer.py [--widths 16 32 64] [--rates .002 .004 ...] [--tokens 300k] -o transfer.png

Every run sees the same tokens in the same order. The last column is the loss above that of the best rate of the
width and the standard error of this difference, over the documents of the validation set (paired).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.experiments.trainer import Config, read_config
from isoflop.experiments.trainer.learner import Validation, paired
from isoflop.experiments.trainer.train import train
from isoflop.faces.plot import save_figure, transfer_figure

WIDTHS, RATES = (16, 64), (0.002, 0.004, 0.0057, 0.008, 0.016)


def one_run(config: Config, folder: Path) -> tuple[dict[str, Any], Validation]:
    """Give the last record of a run and its validation by document."""
    began = time.process_time()
    record = train(replace(config, folder=str(folder)))[0]
    with np.load(folder / f"validation-{record['D']}.npz") as found:
        return record | {"cpu_seconds": time.process_time() - began}, Validation(found["losses"], found["tokens"])


def main() -> None:
    """Train, print a line a run, then a table; draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--widths", type=int, nargs="*", default=WIDTHS)
    parser.add_argument("--rates", type=float, nargs="*", default=RATES)
    parser.add_argument("--tokens", default="300k")
    parser.add_argument("-o", "--output", help="a figure: transfer.png")
    asked = parser.parse_args()
    shared = read_config({"tokens": asked.tokens, "evaluations": 0, "checkpoint_seconds": 1e9})
    runs = {}
    for width, rate in product(asked.widths, asked.rates):
        with tempfile.TemporaryDirectory() as folder:
            runs[width, rate] = one_run(replace(shared, width=width, lr=rate), Path(folder))
        record = {key: runs[width, rate][0][key] for key in ("width", "lr", "loss", "D", "corpus", "cpu_seconds")}
        print(json.dumps(record), flush=True)
    print("\n| width | learning rate | loss | above the best |\n|---|---|---|---|")
    for width in asked.widths:
        best = min(asked.rates, key=lambda rate: runs[width, rate][0]["loss"])
        for rate in asked.rates:
            more, error = paired(runs[width, rate][1], runs[width, best][1])
            above = "best" if rate == best else f"{more:.4f} ± {error:.4f}"
            print(f"| {width} | {rate:g} | {runs[width, rate][0]['loss']:.4f} | {above} |")
    if asked.output:
        rows = [(width, rate, record["loss"]) for (width, rate), (record, _) in runs.items()]
        save_figure(transfer_figure(rows), asked.output)


if __name__ == "__main__":
    main()
