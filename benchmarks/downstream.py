"""Accuracy from loss on public tables: published constants, sizes held out, capabilities of public models.

    ISOFLOP_DATA=DIR python benchmarks/downstream.py

First the constants of Gadre et al. 2024 (arXiv:2403.08540), on their own choice of runs. Then their 17 tasks: the
runs below 1.4B and below 6.9B parameters forecast the larger ones, beside guesses without a loss. Last, the models of
largest compute of Ruan et al. 2024 (arXiv:2405.10938), by their other scores, and simulated runs: how often the 90 %
interval holds what a run three times larger scores. Ends with 1 if a constant is off by
more than its rounding.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isoflop import downstream, observe, read
from isoflop.beyond.downstream import Downstream, Task, fit_second
from isoflop.data.runs import Runs

PUBLISHED = {"c4_original": (0.850, 2.08, 0.756), "rpj": (0.857, 2.21, 0.715), "rw_original": (0.865, 2.21, 0.707)}
"""Training set → eps, k, gamma."""
ROUNDING = (0.0005, 0.005, 0.0005)
CUTS = (1e9, 5e9)
"""Runs below so many parameters are fitted; the next larger size is held out."""
BENCHMARKS = ("MMLU", "ARC-C", "HellaSwag", "Winograd", "TruthfulQA", "GSM8K", "XWinograd", "HumanEval")


@dataclass(frozen=True)
class Model:
    """One model: its training set, shape, tokens for each 20 parameters, size, C4 validation loss and scores."""

    trained_on: str
    shape: str
    multiple: float
    N: float
    D: float
    loss: float
    scores: dict[str, float]


def models(folder: Path) -> list[Model]:
    """Give every model with a C4 validation loss and scores."""
    with (folder / "gadre_runs_tidy.csv").open() as stream:
        losses = {
            (row["train_ds"], row["model"], float(row["chinchilla_multiplier"])): row
            for row in csv.DictReader(stream) if "c4_val" in row["val"]
        }  # fmt: skip
    found = []
    for file in sorted((folder / "evals").glob("*.json")):
        name = re.match(rf"evaluation_({'|'.join(PUBLISHED)})-(.*)-([\d.]+)_heavy", file.name)
        if name and (row := losses.get((name[1], name[2], float(name[3])))):
            scores = json.loads(file.read_text())["eval_metrics"]["icl"]
            sizes = [float(row[column]) for column in ("params", "tokens", "loss")]
            found.append(Model(name[1], name[2], float(name[3]), *sizes, scores))
    return found


def tasks(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Give chance and the number of test items of every task that they describe."""
    with (folder / "eval_metadata.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    chance = {row["Eval Task"]: float(row["Random baseline"]) / 100 for row in rows}
    return chance, {row["Eval Task"]: float(row["#datapoints"]) for row in rows}


def seventeen(every: list[Model], chance: dict[str, float]) -> list[str]:
    """Give the tasks on which some 0.154B model beats chance by ten points, as Gadre et al. chose theirs."""
    small = [one for one in every if one.N < 1.6e8 and "d=576" in one.shape]
    return [
        task for task in every[0].scores
        if task in chance and max(one.scores[task] - chance[task] for one in small) > 0.1
    ]  # fmt: skip


def published(every: list[Model], names: list[str]) -> bool:
    """Print Gadre et al.'s constants beside those found on their choice of runs; say whether all agree."""
    print("constants of error = eps - k exp(-gamma L): published, found")
    agree = True
    for trained_on, said in PUBLISHED.items():
        kept = [one for one in every if one.trained_on == trained_on and chosen(one)]
        loss, score = np.array([one.loss for one in kept]), np.array([average(one, names) for one in kept])
        task = Task("average", loss, score, np.full(loss.size, np.nan))
        values = fit_second(task, "exponential", objective="squares").values
        found = [values[name] for name in ("eps", "k", "gamma")]
        off = [abs(a - b) > within for a, b, within in zip(found, said, ROUNDING, strict=True)]
        agree &= not any(off)
        print(f"  {trained_on:12}", said, tuple(round(one, 4) for one in found), "OFF" if any(off) else "")
    return agree


def chosen(one: Model) -> bool:
    """Say whether Gadre et al. fitted the model: one multiple of each size up to 1.4B, and a small one over-trained."""
    return (one.multiple == 1.0 and one.N < 2e9) or ("96_" in one.shape and one.multiple == 16)


def average(one: Model, names: list[str]) -> float:
    """Give a model's mean score."""
    return float(np.mean([one.scores[task] for task in names]))


def table(fitted: list[Model], names: list[str]) -> Runs:
    """Give models as runs with a column for each task."""
    scores = {task: [one.scores[task] for one in fitted] for task in names}
    sizes = {"N": [one.N for one in fitted], "D": [one.D for one in fitted], "loss": [one.loss for one in fitted]}
    return Runs.of(**sizes, **scores)


def held_out(every: list[Model], names: list[str], about: dict[str, dict[str, float]]) -> None:
    """Print the forecasts of the larger models from the smaller ones, in points of accuracy off."""
    print("\nthe mean of the tasks, larger models held out: points off (interval), guesses off, tasks inside")
    for trained_on in PUBLISHED:
        some = [one for one in every if one.trained_on == trained_on]
        for cut in CUTS:
            runs = table([one for one in some if cut > one.N], names)
            for one in (one for one in some if cut <= one.N):
                line(one, downstream(runs, N=one.N, D=one.D, **about), names, cut=cut)


def line(one: Model, found: Downstream, names: list[str], *, cut: float) -> None:
    """Print one forecast beside what the model scored."""
    truth, mean = average(one, names), found["average"]
    said = mean.accuracy
    inside = [task.accuracy.low <= one.scores[task.task.name] <= task.accuracy.high for task in found.tasks]
    guesses = ", ".join(f"{name} {100 * (guess - truth):+.1f}" for name, guess in mean.baselines.items())
    print(
        f"  {one.trained_on:12} below {cut:.0e}, {one.N:.2g} × {one.D:.2g}: {100 * (said.value - truth):+.2f} "
        f"({100 * (said.low - truth):+.1f} to {100 * (said.high - truth):+.1f}; "
        f"{'inside' if said.low <= truth <= said.high else 'OUTSIDE'}); {guesses}; {sum(inside)} of {len(inside)}; "
        f"loss {mean.loss.value:.3f}, was {one.loss:.3f}"
    )


def capabilities(folder: Path) -> None:
    """Print how far off scores of the models of largest compute are, each way, and the share inside 90 %."""
    runs = read(folder / "base_llm_benchmark_eval.csv", columns={"C": "FLOPs (1E21)"})
    print("\nmodels of largest compute held out: mean absolute error in points, inside")
    for target in BENCHMARKS:
        found = observe(runs, target, family="Model Family")
        errors = ", ".join(f"{way} {100 * error:.1f}" for way, error in found.errors.items())
        print(f"  {target:12} {errors}; {found.inside:.0%} of {len(found.held)}")


def simulated(worlds: int = 200) -> None:
    """Print how often the interval holds a new run's score, where accuracy follows the loss by a sigmoid."""
    print(f"\n{worlds} simulated worlds of 18 runs, a run with three times the parameters and twice the tokens of any")
    for noise in (0.005, 0.02):
        inside, refused = 0, 0
        for seed in range(worlds):
            generator = np.random.default_rng(seed)
            N, multiple = (one.ravel() for one in np.meshgrid(2e7 * 2.0 ** np.arange(6), (5, 20, 80)))
            N, D = np.append(N, 2e9), np.append(multiple * N, 1e11)
            loss = (1.7 + 400 / N**0.34 + 410 / D**0.28) * np.exp(0.003 * generator.standard_normal(N.size))
            steep, middle = generator.uniform(1.2, 3.0), generator.uniform(2.5, 3.2)
            score = 0.25 + 0.75 / (1 + np.exp(steep * (loss - middle))) + noise * generator.standard_normal(N.size)
            score = np.clip(score, 0, 1)
            runs = Runs.of(N=N[:-1], D=D[:-1], loss=loss[:-1], task=score[:-1])
            said = downstream(runs, chance={"task": 0.25}, N=2e9, D=1e11, seed=seed)["task"].accuracy
            refused += bool(np.isnan(said.value))
            inside += bool(not np.isnan(said.value) and said.low <= score[-1] <= said.high)
        print(f"  noise {noise:g}: {inside / max(worlds - refused, 1):.1%} inside, {refused} not forecast")


def main() -> None:
    """Print everything."""
    data = Path(os.environ["ISOFLOP_DATA"])
    every = models(data / "gadre")
    chance, items = tasks(data / "gadre")
    names = seventeen(every, chance)
    agree = published(every, names)
    about = {"chance": {task: chance[task] for task in names}, "items": {task: items[task] for task in names}}
    print(f"{len(names)} tasks, {len(every)} models")
    held_out(every, names, about)
    capabilities(data / "obsscaling")
    simulated()
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
