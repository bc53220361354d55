"""Real hold-outs: isoflop's default forecast beside every single law and other packages, in one run.

    python benchmarks/backtests.py [--rival-python PATH] [--variants complete,thin,...] [--tables NAME] [--few]

For each hold-out of holdouts.py: mean |log error| of the larger runs, coverage of the nominal 90 %
interval for a new run, its mean width and the interval score (width + 20 x miss), all in percent of the
loss, and CPU seconds. Every hold-out counts alike; `pooled` coverage counts every run alike.
PATH is the Python of an environment with simple-scaling-laws 0.2.0 and chinchilla.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from holdouts import VARIANTS, Holdout, holdouts

import isoflop
from isoflop.data.runs import Runs, table

SINGLE = ("chinchilla", "coupled", "valley", "log-quadratic")


def together(runs: Runs, holdout: Holdout) -> isoflop.Forecasts:
    """Give isoflop's default forecast: several laws, calibrated."""
    return isoflop.forecast(runs, N=holdout.test.N, D=holdout.test.D)


def single(law: str) -> Callable[[Runs, Holdout], isoflop.Forecasts]:
    """Give the forecast of one law."""

    def forecast(runs: Runs, holdout: Holdout) -> isoflop.Forecasts:
        return isoflop.forecast(isoflop.fit(law, runs, draws=0), N=holdout.test.N, D=holdout.test.D)

    return forecast


def ours(holdout: Holdout, forecaster: Callable[[Runs, Holdout], isoflop.Forecasts]) -> dict[str, object]:
    """Give loss, low, high and cost of one of our forecasters."""
    train = holdout.train
    columns = {"N": train.N, "D": train.D, "loss": train.loss}
    if len(set(train.run)) < len(train.run):
        columns["run"] = train.run
    begin = time.process_time()
    try:
        found = forecaster(table(columns), holdout)
    except isoflop.IsoflopError as error:
        return {"error": str(error)}
    rows = [(one.loss.value, one.loss.low, one.loss.high) for one in found]
    loss, low, high = (list(column) for column in zip(*rows, strict=True))
    return {"loss": loss, "low": low, "high": high, "cpu": time.process_time() - begin}


def rivals(some: list[Holdout], python: str) -> dict[str, dict[str, dict[str, object]]]:
    """Give what the other packages forecast, in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        tasks, answers = Path(folder) / "tasks.json", Path(folder) / "answers.json"
        tasks.write_text(json.dumps([one.as_dict() for one in some]))
        script = Path(__file__).parent / "rivals_forecast.py"
        with answers.open("w") as out:
            subprocess.run([python, str(script), str(tasks), "--points", "2"], check=True, stdout=out)
        return json.loads(answers.read_text())


def score(holdout: Holdout, answer: dict[str, object]) -> tuple[float, float, float, float, float, int] | None:
    """Give mean |error|, coverage, width, interval score (percent), CPU seconds and the number of runs."""
    if not answer or "error" in answer:
        return None
    truth = np.log(holdout.test.loss)
    loss = np.log(np.maximum(np.array(answer["loss"], float), 1e-9))
    error = 100 * float(np.abs(loss - truth).mean())
    if answer.get("low") is None or answer["low"][0] is None:
        return error, np.nan, np.nan, np.nan, float(answer["cpu"]), truth.size
    low, high = (np.log(np.maximum(np.array(answer[key], float), 1e-9)) for key in ("low", "high"))
    miss = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    inside = float((miss == 0).mean())
    width, loss_of = 100 * float((high - low).mean()), 100 * float(miss.mean())
    return error, inside, width, width + 20 * loss_of, float(answer["cpu"]), truth.size


def report(scores: dict[str, dict[str, tuple[float, ...] | None]], some: list[Holdout]) -> None:
    """Print one line for each contender, over all hold-outs and per variant; then coverage per table."""
    columns = ("error", "worst", "cover", "pooled", "width", "score", "median", "cpu s", "failed")
    head = " " * 26 + "".join(f"{name:>7}" for name in columns)
    for variant in ("all", *dict.fromkeys(one.variant for one in some)):
        names = [one.name for one in some if variant in ("all", one.variant)]
        print(f"\n{variant}: {len(names)} hold-outs\n{head}")
        for contender, found in scores.items():
            good = np.array([found[name] for name in names if found.get(name)], float)
            failed = len(names) - len(good)
            if not len(good):
                print(f"{contender:26}{'-':>7}{failed:>56}")
                continue
            error, inside, width, points, cpu, size = good.T
            pooled = float((inside * size).sum() / size.sum())
            print(
                f"{contender:26}{error.mean():7.2f}{error.max():7.2f}{inside.mean():7.3f}{pooled:7.3f}"
                f"{width.mean():7.2f}{points.mean():7.2f}{np.median(points):7.2f}{cpu.mean():7.2f}{failed:7}"
            )
    print("\ncoverage and score per table")
    tables = list(dict.fromkeys(one.table.split()[0] if "porian" not in one.table else one.table for one in some))
    for name in tables:
        line = f"{name[:44]:44}"
        for contender, found in scores.items():
            good = np.array(
                [found[one.name] for one in some if one.table.startswith(name) and found.get(one.name)], float
            )
            line += (
                f" {contender[:9]} {np.average(good[:, 1], weights=good[:, 5]):.2f}/{good[:, 3].mean():.1f}"
                if len(good)
                else ""
            )
        print(line)


def main() -> None:
    """Score every contender on every hold-out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival-python", default="")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--tables", default="")
    parser.add_argument("--only-default", action="store_true", help="leave the single laws out")
    parser.add_argument("--few", action="store_true", help="one cut of each table (rivals take 16 CPU s a hold-out)")
    asked = parser.parse_args()
    some = [one for one in holdouts(tuple(asked.variants.split(","))) if asked.tables in one.table]
    if asked.few:
        middle = {one.table: one.cut for one in some if one.cut in (0, 2, 4, 5, 8)}
        some = [one for one in some if one.cut == middle[one.table]]
    contenders = {"isoflop": together} | ({} if asked.only_default else {law: single(law) for law in SINGLE})
    scores = {
        name: {one.name: score(one, ours(one, forecaster)) for one in some} for name, forecaster in contenders.items()
    }
    if asked.rival_python:
        answers = rivals(some, asked.rival_python)
        for contender in dict.fromkeys(name for found in answers.values() for name in found):
            scores[f"{contender} (package)"] = {
                one.name: score(one, answers[one.name].get(contender, {})) for one in some
            }
    report(scores, some)


if __name__ == "__main__":
    sys.exit(main())
