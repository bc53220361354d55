"""downstream: runs with scores on tasks, and a run not yet trained → its accuracy on each, with a verdict first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from isoflop.beyond.downstream.accuracy_from_loss import FORMS, drawn, fit_second, refuse_form
from isoflop.beyond.downstream.backtest import look_back
from isoflop.beyond.downstream.long_tables import widened
from isoflop.beyond.downstream.result import Downstream, TaskForecast
from isoflop.beyond.downstream.scores import as_shares
from isoflop.beyond.downstream.tasks import AVERAGE, Task, average_of, tasks_of
from isoflop.beyond.downstream.verdict import erring, finding_of, judge, wide
from isoflop.compute.flops import rule_named
from isoflop.data.read import as_runs
from isoflop.data.runs import ColumnMapping, Runs
from isoflop.errors import UsageError, shown
from isoflop.estimate import LEVEL, Estimate, from_draws, refuse_level
from isoflop.findings import Finding
from isoflop.fitting.fit import fit
from isoflop.forecasting.ensemble import FEWEST_RUNS, combine
from isoflop.forecasting.forecast import forecast
from isoflop.forecasting.single_input import single_input
from isoflop.forecasting.source import refuse_nonpositive
from isoflop.quantities import as_number

DRAWS, FEWEST_DRAWS = 1_000, 100
FAR = 0.5
"""A loss further below the lowest measured than this share of the losses' range is said to be far."""
OFFSET = 100.0


@dataclass(frozen=True)
class _Asked:
    """What a forecast of any task needs: the new run, the laws, the draws."""

    at: Mapping[str, float]
    forms: tuple[str, ...]
    level: float
    draws: int
    seed: int


def downstream(
    runs: Runs | ColumnMapping,
    *,
    tasks: Sequence[str] = (),
    chance: Mapping[str, float] | None = None,
    ceiling: Mapping[str, float] | None = None,
    items: Mapping[str, float] | None = None,
    losses: Mapping[str, str] | None = None,
    forms: Sequence[str] = tuple(FORMS),
    laws: Sequence[str] = (),
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    **at: float | str,
) -> Downstream:
    """Return the accuracy of a run not yet trained on each task: N and D to loss, loss to accuracy.

    The loss comes from several laws together, calibrated by backtests; accuracy from loss by an exponential
    (Gadre et al. 2024) and a sigmoid (Bhagia et al. 2024), weighed by backtests. Errors of both stages go through
    draws: the loss's interval, other curves that the runs allow, the runs' scatter, the test items. A task that does
    not scale is not forecast.

    tasks    the columns with accuracies, shares from 0 to 1; every column of shares unless said
    chance   task → accuracy of guessing; a fit finds what is not given
    ceiling  task → the highest accuracy there is, 1 unless said; nan to let a fit find it
    items    task → how many test items there are
    losses   task → the column of the loss on its answers, if it has one of its own
    forms    the laws from loss to accuracy: exponential, sigmoid
    laws     the laws from N and D to loss, in place of those that forecast together
    at       N and D of the new run; or its loss, where that is known, and its C for the baselines

    >>> import numpy as np
    >>> N, D = (one.ravel() for one in np.meshgrid(np.geomspace(1e7, 3e8, 6), [2e9, 5e9, 1e10]))
    >>> loss = 1.7 + 400 / N**0.34 + 410 / D**0.28
    >>> runs = isoflop.Runs.of(N=N, D=D, loss=loss, hellaswag=0.25 + 0.7 / (1 + np.exp(3 * (loss - 2.7))))
    >>> found = isoflop.downstream(runs, tasks=["hellaswag"], N=1e9, D=4e10, draws=100)
    >>> bool(0.25 < found["hellaswag"].accuracy.value < 1)
    True
    """
    runs = as_runs(runs)
    refuse_level(level)
    for form in forms:
        refuse_form(form)
    if draws < FEWEST_DRAWS:
        raise UsageError(f"draws={draws} are too few for an interval. Say {FEWEST_DRAWS} or more.")
    table = as_shares(widened(runs), tasks)
    asked = _Asked(_inputs(table, at), tuple(forms) or tuple(FORMS), level, draws, seed)
    found = tasks_of(table, tasks, chance=chance or {}, ceiling=ceiling or {}, items=items or {}, losses=losses or {})
    expected: dict[str, tuple[Estimate, tuple[Finding, ...]]] = {}
    for column in dict.fromkeys(["loss", *(one.loss_column for one in found)]):
        if column == "loss" and all(one.loss_column != "loss" for one in found):
            continue
        expected[column] = _loss(replace(table, columns={**table.columns, "loss": table[column]}), asked, laws)
    rows = [_forecast(one, expected[one.loss_column][0], asked) for one in found]
    good = [one.task for one in rows if one.verdict.predictable]
    average = None
    if len(good) > 1:
        if "loss" not in expected:
            expected["loss"] = _loss(table, asked, laws)
        average = _forecast(average_of(table, good), expected["loss"][0], asked)
    every = [*rows, *([average] if average else [])]
    findings = [one for _, some in expected.values() for one in some]
    findings += [finding for one in every for finding in finding_of(one.task, one.verdict)]
    findings += _warnings(every, expected)
    shown_at = {key: value for key, value in asked.at.items() if key in at}
    return Downstream(
        shown_at, asked.at.get("C", math.nan), tuple(rows), average, runs.source, level, tuple(dict.fromkeys(findings))
    )


def _inputs(runs: Runs, said: Mapping[str, float | str]) -> dict[str, float]:
    """Return the new run with its compute, or refuse what is missing or strange."""
    at = {key: as_number(value, key) for key, value in said.items()}
    for key, value in at.items():
        refuse_nonpositive(key, value)
    strange = [key for key in at if key not in {"N", "D", "C", "loss"}]
    if strange:
        raise UsageError(f"a run is said by N and D, or by its loss, not {shown(strange[0])}. Say N=8e9 D=15e12.")
    alone = single_input(runs, [key for key in at if key == "C"])
    if "loss" not in at and not ({"N", "D"} <= set(at) or (alone and alone in at)):
        example = f"{alone}=1e22" if alone else "N=8e9 D=15e12"
        raise UsageError(f"say the run to forecast: {example}; or the loss it reaches, as loss=2.1.")
    if {"N", "D"} <= set(at) and "C" not in at:
        return {**at, "C": float(rule_named(runs.flop_rule).flops(at["N"], at["D"]))}
    return dict(at)


def _loss(runs: Runs, asked: _Asked, laws: Sequence[str]) -> tuple[Estimate, tuple[Finding, ...]]:
    """Return the loss of the new run: as it was said, or as the laws together forecast it."""
    if "loss" in asked.at:
        return Estimate(asked.at["loss"], level=asked.level), ()
    alone = "" if {"N", "D"} <= asked.at.keys() else single_input(runs, ["C"])
    inputs = {key: asked.at[key] for key in ([alone] if alone else ["N", "D"])}
    if len(laws) == 1 and len(runs) < FEWEST_RUNS:  # too few for backtests, enough for the one law that was named
        found = forecast(fit(laws[0], runs), level=asked.level, **inputs)
    else:
        found = forecast(combine(runs, laws=laws, inputs=[alone] if alone else []), level=asked.level, **inputs)
    return found[0].loss, found.findings


def _forecast(task: Task, loss: Estimate, asked: _Asked) -> TaskForecast:
    past = look_back(task, asked.forms, seed=asked.seed)
    verdict = erring(judge(task), past.error)
    guesses = _baselines(task, asked, bent=verdict.predictable)
    if not verdict.predictable:
        low, high = np.nan_to_num(task.chance, nan=0.0), np.nan_to_num(task.ceiling, nan=1.0)
        return TaskForecast(task, Estimate(math.nan, float(low), float(high), asked.level), loss, verdict, guesses)
    seconds = tuple(fit_second(task.leading(), form, seed=asked.seed) for form in asked.forms)
    value = float(past.weights @ [float(one.accuracy(np.array([loss.value]))[0]) for one in seconds])
    generator = np.random.default_rng(asked.seed)
    sigma = 0.0
    if not math.isnan(loss.high):
        sigma = math.log(loss.high / loss.low) / 2 / NormalDist().inv_cdf((1 + asked.level) / 2)
    which = generator.choice(len(seconds), size=asked.draws, p=past.weights)
    kinds = {}
    for kind, width in {"loss to accuracy": 0.0, "both stages": sigma}.items():
        losses = loss.value * np.exp(width * generator.standard_normal(asked.draws))
        each = [drawn(one, task, losses, generator=generator) for one in seconds]
        mixed = value + past.factor * (np.choose(which, each) - value)
        ends_of = from_draws(value, np.clip(mixed, 0.0, 1.0), asked.level)
        kinds[kind] = (ends_of.low, ends_of.high)
    accuracy = Estimate(value, *kinds["both stages"], asked.level, kinds)
    verdict = wide(verdict, accuracy.high - accuracy.low)
    accuracy = accuracy if verdict.predictable else replace(accuracy, value=math.nan)
    return TaskForecast(task, accuracy, loss, verdict, guesses, seconds, tuple(past.weights.tolist()), past.factor)


def _baselines(task: Task, asked: _Asked, *, bent: bool) -> dict[str, float]:
    """Return guesses without a loss: the largest run carried forward, a line in log C, and a sigmoid if bent."""
    known = np.isfinite(task.compute) & (task.compute > 0)
    if not known.any():
        return {}
    some = task.take(known)
    found = {"largest run": float(some.accuracy[np.argmax(some.compute)])}
    if "C" not in asked.at or some.loss.size < 3:
        return found
    x, target = np.log(some.compute), math.log(asked.at["C"])
    centred = x - x.mean()
    slope = float(centred @ some.accuracy) / max(float(centred @ centred), 1e-300)
    found["log-linear"] = float(np.clip(some.accuracy.mean() + slope * (target - x.mean()), 0, 1))
    if bent:
        in_compute = fit_second(replace(some, loss=OFFSET - x), "sigmoid", seed=asked.seed)
        found["sigmoid in C"] = float(in_compute.accuracy(np.array([OFFSET - target]))[0])
    return found


def _warnings(
    rows: Sequence[TaskForecast], expected: Mapping[str, tuple[Estimate, tuple[Finding, ...]]]
) -> list[Finding]:
    """Return what to know about the step from loss to accuracy."""
    found = []
    unknown = [one.task.name for one in rows
               if math.isnan(one.task.chance) and one.verdict.predictable and one.task.name != AVERAGE]  # fmt: skip
    if unknown:
        found.append(Finding(
            "A06", "INFO", f"chance is not known for {_listed(unknown)}, so a fit finds where guessing lies",
            "say it: --chance task=0.25",
        ))  # fmt: skip
    for column, (loss, _) in expected.items():
        seen = np.concatenate([one.task.loss for one in rows if one.task.loss_column == column])
        low, high = float(seen.min()), float(seen.max())
        if loss.value < low - FAR * (high - low):
            found.append(Finding(
                "A07", "WARN", f"the loss {loss.value:.3g} lies far below the lowest with a score, {low:.3g}",
                "score a run in between",
            ))  # fmt: skip
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
