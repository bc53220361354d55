"""Write study.toml: a ladder of tiny language models, and the larger runs that it is to forecast.

    python examples/tinylm/ladder.py > examples/tinylm/study.toml
    python examples/tinylm/ladder.py --cost     # what it takes, by budget

At each budget C = 6·N·D (N without embeddings, 24 width²) six widths lie around the best one, none with fewer than
400 steps; the whole ladder is trained in three orders of the data. Runs that differ in D alone share their trunk.
"""

from __future__ import annotations

import argparse
import sys

ORDERS = (0, 1, 2)
BATCH, DECAY, CORPUS = 512, 0.2, 9_000_000  # tokens of a batch, share of the steps, tokens of the corpus
LADDER = {  # training FLOPs → widths around the best one, 46 (C / 7.5e11)^.26
    5e10: (12, 16, 20, 24, 32, 40),
    1.25e11: (16, 20, 24, 32, 40, 56),
    3e11: (20, 24, 32, 40, 48, 64),
    7.5e11: (28, 32, 40, 48, 64, 80),
}
TARGETS = {2.25e12: (56, 64, 80), 6e12: (80, 96)}  # 3 and 8 times the largest budget
PACE = {12: 42e3, 16: 46e3, 24: 42e3, 32: 37e3, 48: 33e3, 64: 27e3, 80: 21e3, 112: 15e3}
"""Width → tokens per CPU second: see benchmarks/LOG.md, "The trainer's pace"."""
HEAD = """\
# Written by ladder.py. Then, from the folder above `examples`:
#   isoflop study run examples/tinylm
#   isoflop study export examples/tinylm -o tinylm.csv
name = "tinylm"
command = [
    "{python}", "-m", "isoflop.experiments.trainer", "--config", "{config}", "--folder", "{folder}", "--trunk",
    "trunks",
]
data = "the standard library of CPython 3.11.7"  # another version is another corpus: the records say its hash
"""


def tokens(budget: float, width: int) -> int:
    """Give the D of whole batches that a budget buys at a width; raises ValueError where it makes no good run."""
    steps = round(budget / (6 * 24 * width**2) / BATCH)
    if not 400 <= steps <= CORPUS // BATCH:
        raise ValueError(f"{budget:.3g} FLOPs at width {width} are {steps} steps: 400 or more, within the corpus.")
    return steps * BATCH


def runs() -> list[dict[str, object]]:
    """Give all runs, those of a trunk in rising D; the first weights change with the order of the data."""
    found: list[dict[str, object]] = []
    for order in ORDERS:
        for budget, widths in (LADDER | TARGETS).items():
            shared = {"order": order, "seed": order, "role": "target" if budget in TARGETS else "sweep"}
            for width in widths:
                name = f"c{budget:.3g}-w{width}-o{order}".replace("+", "")
                found.append({"name": name, "width": width, "D": tokens(budget, width), **shared})
    return found


def seconds(width: int, count: float) -> float:
    """Give the CPU seconds of training on that many tokens, by the pace of the next width that was measured."""
    return count / PACE[min(known for known in PACE if known >= width)]


def cost() -> None:
    """Print the CPU minutes of each budget in one order: alone, and with trunks that are there already."""
    longest: dict[int, float] = {}
    for budget, widths in (LADDER | TARGETS).items():
        alone = sum(seconds(width, tokens(budget, width)) for width in widths)
        shared = 0.0
        for width in widths:
            count = tokens(budget, width)
            shared += seconds(width, count - min(longest.get(width, 0.0), (1 - DECAY) * count))
            longest[width] = max(longest.get(width, 0.0), (1 - DECAY) * count)
        print(f"{budget:.3g} FLOPs: {alone / 60:.1f} CPU minutes alone, {shared / 60:.1f} with trunks shared")


def main() -> None:
    """Print the study, or what it takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cost", action="store_true")
    if parser.parse_args().cost:
        cost()
        return
    rows = [", ".join(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
                      for key, value in run.items()) for run in runs()]  # fmt: skip
    shared = 'lr = 0.006\nheads = 2\ndepth = 2\ndevice = "cpu"'
    sys.stdout.write(
        f"{HEAD}\nrun = [\n" + "".join(f"    {{ {row} }},\n" for row in rows) + f"]\n\n[config]\n{shared}\n"
    )


if __name__ == "__main__":
    main()
