"""What other packages forecast on hold-out tasks: one JSON file of tasks in, one JSON of forecasts out.

    RIVAL_PYTHON benchmarks/rivals_forecast.py tasks.json [--level 0.9] [--only NAME] [--points 5] > forecasts.json

RIVAL_PYTHON is a Python ≥ 3.12 with `pip install simple-scaling-laws==0.2.0 chinchilla==0.2.0`; isoflop is
not imported. A task is {"name", "train": {"N": [..], "D": [..], "loss": [..]}, "test": {..}}; the test
losses are not read. The answer is {task: {contender: {"loss", "low", "high", "cpu"}}}: the forecast of
each test run, the ends of its interval for a *new run* (null where the package offers none), and the CPU
seconds of fit and forecast on one thread (imports count for the first task). A contender that fails has
{"error", "cpu"} instead.

Contenders, each at its documented defaults (read in the packages' sources, July 2026):
- separable, skaling: simple-scaling-laws, `fit(runs, law=..., seed=0)` with its 1,000 wild-bootstrap
  draws, then `predict(kind="new-run")`. Its corrections for small designs and t-tails are always on.
- chinchilla: `Chinchilla(param_grid=...).fit()` with the grid of its README for language models (5^5
  starts of BFGS in long double) and its default objective, the asymmetric mean absolute error, which fits
  the floor under the losses; `predict_loss`. It has no interval. Its 3,125 starts take minutes a task:
  `--points 3` makes them 243 (on the Chinchilla runs the forecasts agree to 2e-6).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

Columns = dict[str, list[float]]
Forecast = dict[str, Any]
TARGET = "test_loss__lm"
SETTINGS = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1"),
    "MPLBACKEND": "Agg",  # chinchilla draws a figure at the end of each fit
}


def simple_scaling_laws(law: str, train: Columns, test: Columns, *, level: float) -> Forecast:
    """Fit a law of simple-scaling-laws and forecast new runs, each with its own interval."""
    import polars as pl
    from simple_scaling_laws import fit

    def predictors(runs: Columns) -> Columns:
        return {"model_size__n_params": runs["N"], "dataset_size__n_tokens": runs["D"]}

    names = [f"run {number}" for number in range(len(train["N"]))]
    runs = pl.DataFrame({"training_run_id": names, **predictors(train), TARGET: train["loss"]})
    model = fit(runs, law=law, seed=0)
    tail = (1 - level) / 2
    table = model.predict(pl.DataFrame(predictors(test)), kind="new-run", quantiles=(tail, 0.5, 1 - tail))
    low, middle, high = (name for name in table.columns if name.startswith(TARGET))
    return {"loss": table[middle].to_list(), "low": table[low].to_list(), "high": table[high].to_list()}


def chinchilla(train: Columns, test: Columns, *, points: int) -> Forecast:
    """Fit with the chinchilla package from the grid of starts in its README; point forecasts only."""
    import numpy as np
    from chinchilla import Chinchilla

    logs, exponents = np.linspace(1, 10, points), np.linspace(0.1, 0.7, points)
    starts = {"E": np.linspace(1, 2, points), "a": logs, "b": logs, "alpha": exponents, "beta": exponents}
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        predictor = Chinchilla(folder, param_grid=starts, log_level=50)
        for N, D, loss in zip(train["N"], train["D"], train["loss"], strict=True):
            predictor.append(N=N, D=D, loss=loss)
        predictor.fit(parallel=False)
        loss = predictor.predict_loss(np.array(test["N"], float), np.array(test["D"], float))
    return {"loss": [float(value) for value in loss], "low": None, "high": None}


def cpu_seconds() -> float:
    """Give the CPU seconds used so far by this process and by its finished children."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def attempt(contender: Callable[[Columns, Columns], Forecast], task: dict[str, Any]) -> Forecast:
    """Give a contender's forecast of the task with its cost, or its message if it fails."""
    test = {name: task["test"][name] for name in ("N", "D")}
    start = cpu_seconds()
    try:
        forecast = contender(task["train"], test)
        if not all(map(math.isfinite, forecast["loss"])):
            forecast = {"error": "forecasts are not finite", **forecast}
    except Exception as error:  # noqa: BLE001 - a rival's failure is a result, whatever its kind
        forecast = {"error": f"{type(error).__name__}: {error}"}
    return {**forecast, "cpu": cpu_seconds() - start}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--level", type=float, default=0.9)
    parser.add_argument("--points", type=int, default=5, help="starts per parameter of the chinchilla package")
    parser.add_argument("--only", action="append", help="separable, skaling or chinchilla; may be repeated")
    return parser.parse_args()


def main() -> None:
    """Let every contender answer every task; progress goes to stderr."""
    asked = arguments()
    os.environ |= SETTINGS  # before NumPy and Polars are loaded
    contenders: dict[str, Callable[[Columns, Columns], Forecast]] = {
        "separable": lambda *runs: simple_scaling_laws("separable-power", *runs, level=asked.level),
        "skaling": lambda *runs: simple_scaling_laws("skaling-joint-power", *runs, level=asked.level),
        "chinchilla": lambda *runs: chinchilla(*runs, points=asked.points),
    }
    warnings.simplefilter("ignore")
    answers: dict[str, dict[str, Forecast]] = {}
    for task in json.loads(asked.tasks.read_text(encoding="utf-8")):
        answers[task["name"]] = {}
        for name in asked.only or contenders:
            answer = answers[task["name"]][name] = attempt(contenders[name], task)
            print(f"{task['name']}  {name}  {answer['cpu']:.1f} s  {answer.get('error', '')}", file=sys.stderr)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
