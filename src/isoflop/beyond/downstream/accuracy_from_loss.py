"""The second stage: accuracy from loss, by three laws, each with its covariance and the runs' scatter.

exponential  Gadre et al. 2024, eq. 5: error = eps - k exp(-gamma L)
sigmoid      Bhagia et al. 2024: accuracy = b + a / (1 + exp(k (L - L_0))), b + a the highest accuracy there is
saturating   the same, where the fit finds how high accuracy goes: labels err, and some items are beyond reach
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isoflop.beyond.downstream.tasks import Task
from isoflop.errors import UsageError, shown
from isoflop.fitting.draws import covariance
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.fitting.optimise.problem import Problem, problem_of
from isoflop.fitting.optimise.search import search
from isoflop.formula.arrays import Array
from isoflop.formula.law import Law
from isoflop.formula.parse import parse
from isoflop.laws import find_law

FORMS = {"exponential": "gadre-error", "sigmoid": "task-ladder", "saturating": "task-ladder"}
"""The laws of the second stage by their short names."""
STARTS = 8


@dataclass(frozen=True)
class Second:
    """A law from loss to accuracy, fitted to a task's runs.

    theta       (parameters,): fitted coordinates of the free parameters, and their covariance
    scatter     standard deviation of a run's accuracy about the curve
    values      every parameter of the law, the pinned ones too
    freedom     runs, checkpoints of one taken together, less free parameters
    """

    form: str
    problem: Problem
    theta: Array
    covariance: Array
    scatter: float
    values: dict[str, float]
    freedom: int = 10_000

    def accuracy(self, loss: Array, theta: Array | None = None) -> Array:
        """Return the accuracy at losses (points,), at the best parameters or at one row of coordinates a point."""
        rows = self.theta[None] if theta is None else theta
        given = dict(zip(self.problem.law.parameters, self.problem.natural(rows).T, strict=True))
        with np.errstate(all="ignore"):
            found = np.asarray(self.problem.law.formula.evaluate({**given, "L": loss}), float)
        return np.asarray(np.clip(1 - found if self.form == "exponential" else found, 0.0, 1.0))


def refuse_form(form: str) -> None:
    """Refuse a name that is no law from loss to accuracy."""
    if form not in FORMS:
        raise UsageError(f'"{shown(form)}" is no law from loss to accuracy. Say {" or ".join(FORMS)}.')


def fit_second(task: Task, form: str, *, objective: str = "robust", seed: int = 0) -> Second:
    """Fit one form to a task's runs; chance and ceiling are pinned where the task knows them.

    Where the weakest runs score below chance, chance is no floor, and where the curve begins is fitted.
    """
    refuse_form(form)
    if form == "saturating":
        task = replace(task, ceiling=math.nan)
    pinned, bounds = _pinned(task, form), _bounds(task, form)
    free = _law(task, form).pinned(pinned)
    target = 1 - task.accuracy if form == "exponential" else task.accuracy
    problem = problem_of(
        free, {"L": task.loss}, target, log=False,
        bounds={key: pair for key, pair in bounds.items() if key in free.parameters},
    )  # fmt: skip
    found = search(problem, parse_objective(objective), count=STARTS, seed=seed)
    spread = covariance(problem, found.theta, found.objective, clusters=task.clusters)
    residuals = problem.residuals(found.theta[None])[0]
    freedom = max((np.unique(task.run).size if task.run.size else task.loss.size) - found.theta.size, 1)
    scale = max(task.loss.size - found.theta.size, 1)
    values = dict(zip(free.parameters, problem.natural(found.theta[None])[0].tolist(), strict=True))
    scatter = float(np.sqrt((residuals**2).sum() / scale))
    return Second(form, problem, found.theta, spread, scatter, {**pinned, **values}, freedom)


def _law(task: Task, form: str) -> Law:
    """Return the law of a form; a sigmoid whose ceiling is known rises from b to it, wherever b is."""
    law = find_law(FORMS[form])
    if form == "exponential" or math.isnan(task.ceiling):
        return law
    rest = {key: kind for key, kind in law.parameters.items() if key != "a"}
    return replace(law, formula=law.formula.substitute({"a": parse(f"{task.ceiling!r} - b").expr}), parameters=rest)


def _pinned(task: Task, form: str) -> dict[str, float]:
    if not task.floored:
        return {}
    return {"eps": 1 - task.chance} if form == "exponential" else {"b": task.chance}


def _bounds(task: Task, form: str) -> dict[str, tuple[float, float]]:
    """Return the bounds that keep a curve between nothing and all."""
    if form == "exponential":
        return {"eps": (0.0, 1.0)}
    room = 1 - task.chance if task.floored else 1.0
    return {"b": (0.0, 1.0), "a": (1e-3, room), "k": (0.05, 20.0), "L_0": (0.1, 4 * float(task.loss.max()))}


def drawn(one: Second, task: Task, loss: Array, *, generator: np.random.Generator) -> Array:
    """Return accuracies (draws,) of a new run at losses (draws,): other curves the runs allow, and a run's own scatter.

    The scatter is that of the runs about the curve, or of n test items where that is larger.
    """
    values, vectors = np.linalg.eigh(one.covariance)
    root = vectors * np.sqrt(np.maximum(np.nan_to_num(values), 0.0))
    few = np.sqrt(one.freedom / generator.chisquare(one.freedom, (loss.size, 1)))  # Student's t where runs are few
    theta = one.theta + few * (generator.standard_normal((loss.size, values.size)) @ root.T)
    theta = np.clip(theta, one.problem.lower, one.problem.upper)
    mean = one.accuracy(loss, theta)
    items = 0.0 if math.isnan(task.items) else 1 / task.items
    scatter = np.sqrt(np.maximum(one.scatter**2, mean * (1 - mean) * items))
    return np.asarray(mean + scatter * generator.standard_normal(loss.size))


def as_dict(one: Second) -> dict[str, Any]:
    """Return the fitted law as it stands in the JSON."""
    return {"form": one.form, "law": FORMS[one.form], "parameters": one.values, "scatter": one.scatter}
