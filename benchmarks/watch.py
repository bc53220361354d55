"""Whole curves foretold across sizes, and faults found in them, on public ladders (needs ISOFLOP_DATA).

    python benchmarks/watch.py            # each larger run from the smaller ones, before it starts and as it goes on
    python benchmarks/watch.py faults     # steps, ramps and spikes laid over the larger runs, and the runs as they are

Sets: routing (dense models, C4 loss), gemstones (DCLM loss), and five of porian (two corpora, three recipes; 5 to 11
rows a run). A set's runs are finished runs of one recipe; every second size below a larger run is its ladder. The
constants of deviation.py and some of surface.py were chosen on these sets for the law before this one, the widths with
the set's own family left out when they were compared; the others on ladders that share studies and some runs with
these. What is printed is blind in everything else.
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from isoflop import Told
from isoflop.experiments.watch.watch import Ladder, climb, look
from isoflop.forecasting.curves.logged import LoggedRun

DATA = Path(os.environ.get("ISOFLOP_DATA", "."))
TENTHS = np.arange(1, 11) / 10
LOOKS = (0.0, 0.1, 0.25, 0.5)
ROUTING = ("h128", "h18", "h68", "h9", "h0", "h5")
GEMSTONES = (
    ("256x23 384x13 512x16 1280x15", "1792x18"), ("256x27 512x11 512x14 1024x28", "2048x27"),
    ("384x13 512x16 1280x15 1792x18", "2048x27"), ("256x71 384x36 768x45", "1280x36"),
    ("384x36 768x45 1280x36", "1536x50"), ("512x12 1280x15 2560x8", "3072x12"),
)  # fmt: skip
PORIAN = (("rw", "base", "short", "kaplan"), ("rw", "base", "short", "chinchilla"), ("rw", "tuned", "short", "const"),
          ("owt2", "base", "short", "kaplan"), ("owt2", "tuned", "short", "const"))  # fmt: skip
Task = tuple[str, list[LoggedRun], LoggedRun]


def logged(name: str, N: float, rows: list[tuple[float, float]]) -> LoggedRun:
    """Return a run from rows of tokens and loss."""
    tokens, loss = np.array(sorted(rows)).T
    return LoggedRun(name=name, N=N, D=float(tokens[-1]), tokens=tokens, loss=loss)


def table(path: str) -> list[dict[str, str]]:
    """Return the rows of a public table."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(DATA / path, "rt") as stream:
        return list(csv.DictReader(stream))


def routing() -> list[Task]:
    """Return each of the three largest dense models, with the smaller ones."""
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    sizes = {}
    for row in table("routing/curves.csv.gz"):
        if row["router_type"] == "Dense" and float(row["step"]) > 0 and row["loss_c4"]:
            name = f"h{row['hyper_id']}"
            rows[name].append((float(row["step"]) * 2**20, float(row["loss_c4"])))
            sizes[name] = float(row["dense_parameter_count"])
    runs = [logged(name, sizes[name], rows[name]) for name in ROUTING]
    return [("routing", runs[:count], runs[count]) for count in (3, 4, 5)]


def gemstones() -> list[Task]:
    """Return six larger models, each with three or four smaller ones."""
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    sizes = {}
    for row in table("gemstones/gemstones_dclm_tidy.csv"):
        name = row["run_name"].removeprefix("Gemstone-")
        rows[name].append((float(row["tokens"]), float(row["final_loss"])))
        sizes[name] = float(row["params_active_precise"])
    runs = {name: logged(name, sizes[name], rows[name]) for name in rows}
    return [("gemstones", [runs[one] for one in small.split()], runs[large]) for small, large in GEMSTONES]


def porian() -> list[Task]:
    """Return every larger model of five recipes, with every second size below it."""
    found = []
    whole = table("porian/porian_isoflop_points.csv")
    for recipe in PORIAN:
        rows: dict[str, dict[float, float]] = defaultdict(dict)
        for row in whole:
            said = row["dataset"], row["hparams"], row["warmup"], row["decay"]
            if (said, row["param_count"], row["val"]) == (recipe, "standard", "val") and row["loss"]:
                rows[row["n"]][float(row["t"])] = float(row["loss"])
        runs = sorted((logged(name, float(name), list(some.items())) for name, some in rows.items() if len(some) >= 5),
                      key=lambda one: one.N)  # fmt: skip
        ladders = [(runs[max(0, place - 9) : place - 1 : 2], runs[place]) for place in range(6, len(runs))]
        found += [(f"porian {recipe[0]} {recipe[3]}", *one) for one in ladders if len(one[0]) >= 3]
    return found


def until(run: LoggedRun, share: float) -> LoggedRun | None:
    """Return a run as it was at a share of its tokens; None with fewer than two rows."""
    keep = run.at <= share * run.D * (1 + 1e-9)
    if run.tokens is None or keep.sum() < 2:
        return None
    return replace(run, tokens=run.tokens[keep], loss=run.loss[keep])


def forecasts(tasks: list[Task]) -> None:
    """Print mean |log error|, relative interval score and coverage of the tenths ahead, by set and look."""
    told: dict[str, dict[float, list[tuple[float, float, float]]]] = defaultdict(lambda: defaultdict(list))
    for name, small, large in tasks:
        behind = climb(large, small, Told())
        true = np.interp(np.log(TENTHS), np.log(large.at / large.D), np.log(large.loss))
        for share in LOOKS:
            part = until(large, share) if share else None
            if share and part is None:
                continue
            band, ahead = look(part, behind).expected, share + 1e-9 < TENTHS
            low, high, off = (values[ahead] for values in
                              (np.log(band.low), np.log(band.high), np.log(band.loss) - true))  # fmt: skip
            missed = np.maximum(low - true[ahead], 0) + np.maximum(true[ahead] - high, 0)
            told[name][share].append((float(np.mean(np.abs(off))), float(np.mean(high - low + 20 * missed)),
                                      float(np.mean(missed == 0))))  # fmt: skip
    print("set: |log error| %, interval score %, inside %: before it starts | after 10 | 25 | 50 %")
    means = {name: {share: np.mean(some, axis=0) for share, some in looks.items()} for name, looks in told.items()}
    means["mean of sets"] = {share: np.mean([one[share] for one in means.values()], axis=0) for share in LOOKS}
    for name, looks in means.items():
        print(f"{name:18s}", " | ".join("{:.2f} {:5.1f} {:4.0f}".format(*(100 * looks[share])) for share in LOOKS))


FAULTS = {
    "none": lambda after: 0 * after, "step of 1 %": lambda after: 0.01 * (after >= 0),
    "step of 0.5 %": lambda after: 0.005 * (after >= 0), "ramp to 4 %": lambda after: 0.08 * np.maximum(after, 0),
    "repeated data": lambda after: 0.03 * np.maximum(after, 0) ** 0.7,
}  # fmt: skip


def first_alarm(behind: Ladder, run: LoggedRun, begin: float) -> tuple[float, int] | None:
    """Return how far after a place the first alarm comes, as a share of the run and in rows; None for none."""
    share = run.at / run.D
    rows = [row for row in range(3, len(share)) if share[row] >= max(begin, 0.05)]
    for row in rows:
        part = until(run, float(share[row]))
        if part is not None and look(part, behind).state not in {"on track", "ended"}:
            return float(share[row]) - begin, row - int(np.searchsorted(share, begin)) + 1
    return None


def faults(tasks: list[Task]) -> None:
    """Print how often each fault is found, how late, and how large its gap is then."""
    random = np.random.default_rng(1)
    found: dict[str, list[tuple[float, int, float] | None]] = defaultdict(list)
    for _, small, large in tasks:
        behind = climb(large, small, Told())
        for kind, fault in FAULTS.items():
            begin = 0.0 if kind == "none" else 0.45 + 0.3 * random.random()
            size = fault(large.at / large.D - begin)
            hit = first_alarm(behind, replace(large, loss=large.loss * np.exp(size)), begin)
            gap = 0.0 if hit is None else float(np.interp(begin + hit[0], large.at / large.D, size))
            found[kind].append(None if hit is None else (*hit, gap))
    for kind, hits in found.items():
        some = [one for one in hits if one is not None]
        late = f"median {np.median([one[1] for one in some]):.0f} rows, gap {np.median([one[2] for one in some]):.2%}"
        within = sum(one[1] <= 3 for one in some)
        print(f"{kind:15s} {len(some)} of {len(hits)}, within 3 rows {within}; {late if some else ''}")


def main() -> None:
    """Print what was asked for."""
    began = time.process_time()
    if "faults" in sys.argv:
        faults([*routing(), *gemstones()])
    else:
        forecasts([*routing(), *gemstones(), *porian()])
    print(f"{time.process_time() - began:.0f} CPU seconds")


if __name__ == "__main__":
    main()
