"""Laws of whole schedules fitted to one run, or to several of the same model and data together.

Loss = L0 + A S1^-alpha - B R, where R is what the drops of the rate have brought. L0, A and B are linear, and found
by non-negative least squares for given other parameters, which descend by Levenberg-Marquardt. Every parameter but L0
and A is held, loosely, where published runs had it: a run that has not decayed yet says nothing about its decay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from isoflop.fitting.optimise.damped import descend, of_misses, slopes
from isoflop.forecasting.curves.responses import Blocks, Response, annealed, multi_powered
from isoflop.formula.arrays import Array

MISFIT, APART = 0.002, 10
"""What published fits of these laws miss, as a share of the loss, and how many parts of a run miss independently."""
BROUGHT = (0.06, 0.04)
"""B at the peak of the rates as a share of the loss, and how loosely: 0.034, 0.045 and 0.059 in Luo et al. 2025 for
models of 25M, 100M and 400M parameters, 0.08 and 0.09 in the runs of our own trainer that ship with isoflop."""


@dataclass(frozen=True)
class Form:
    """One law: what its drops bring, and for each nonlinear parameter where it is held, how loosely, and its bounds."""

    name: str
    response: Response
    held: Mapping[str, tuple[float, float, float, float]]

    @property
    def centre(self) -> Array:
        """Return where the parameters are held."""
        return np.array([one[0] for one in self.held.values()])


_ALPHA = (0.46, 0.2, 0.05, 1.5)  # 0.51, 0.45, 0.43 in Luo et al. 2025
FORMS = (
    Form("multi-power", multi_powered, {
        "alpha": _ALPHA,
        "log_C": (-2.1, 1.0, -7.0, 3.0),  # C peak^(1 - gamma): 0.113, 0.130, 0.104 a step
        "beta": (0.59, 0.2, 0.05, 2.0),  # 0.58, 0.60, 0.59
        "gamma": (0.64, 0.2, 0.0, 2.0),  # 0.64, 0.66, 0.63
    }),
    Form("annealing", annealed, {
        "alpha": _ALPHA,
        "log_steps": (6.5, 1.0, 2.0, 11.0),  # 1 / (1 - momentum): 0.99 to 0.9995 in Tissue et al. 2024
    }),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Seen:
    """Points of one run: its schedule as seen from each, its log loss there, the error of that, and the step."""

    blocks: Blocks
    y: Array
    error: Array
    at: Array

    def first(self, count: int) -> Seen:
        """Return the points before the one of this number."""
        return self._rows(slice(count))

    def rest(self, count: int) -> Seen:
        """Return the points from the one of this number on."""
        return self._rows(slice(count, None))

    def _rows(self, rows: slice) -> Seen:
        return Seen(self.blocks.at(rows), self.y[rows], self.error[rows], self.at[rows])


@dataclass(frozen=True, eq=False)
class Fitted:
    """A law with numbers in it: nonlinear parameters, then L0, A and B; their covariance; the misses (points,)."""

    form: Form
    values: Array
    covariance: Array
    missed: Array

    def log_loss(self, seen: Blocks) -> Array:
        """Return the log loss at the targets of a schedule."""
        return _log_loss(self.form, self.values, seen)

    def slopes(self, seen: Blocks) -> Array:
        """Return how the log loss at the targets changes with each parameter, (targets, parameters)."""
        return slopes(lambda values: _log_loss(self.form, values, seen), self.values)


def fit_jointly(form: Form, runs: Sequence[Seen]) -> Fitted:
    """Return the law fitted to the points of all runs together."""
    low, high = np.array([one[2:] for one in form.held.values()]).T
    theta = descend(of_misses(lambda values: _misses(form, values, runs)[0]), form.centre, low=low, high=high)
    off, linear = _misses(form, theta, runs)
    return _with_covariance(form, np.concatenate([theta, linear]), runs, off=off)


def _with_covariance(form: Form, values: Array, runs: Sequence[Seen], *, off: Array) -> Fitted:
    """Return the fit with the covariance of all its parameters, from the points and from where they are held."""
    rows = [Fitted(form, values, np.zeros((0, 0)), off).slopes(seen.blocks) / seen.error[:, None] for seen in runs]
    loose = np.array([one[1] for one in form.held.values()])
    level = _level(runs)
    held = np.diag(np.concatenate([1 / loose, [0.1 / level, 0.1 / level, 1 / (BROUGHT[1] * level)]]))
    whole = np.concatenate([*rows, held])
    covariance = np.linalg.pinv(whole.T @ whole, rcond=1e-14, hermitian=True)
    points = sum(len(seen.y) for seen in runs)
    return Fitted(form, values, covariance, off[:points] * np.concatenate([seen.error for seen in runs]))


def _misses(form: Form, theta: Array, runs: Sequence[Seen]) -> tuple[Array, Array]:
    """Return the misses in standard errors, of points and of what is held, with the best L0, A and B."""
    named = dict(zip(form.held, theta, strict=True))
    columns, wanted = [], []
    for seen in runs:
        weight = 1 / (np.exp(seen.y) * seen.error)
        travelled = seen.blocks.travelled ** -named["alpha"]
        parts = (np.ones_like(seen.y), travelled, -form.response(seen.blocks, named))
        columns.append(np.stack(parts, axis=1) * weight[:, None])
        wanted.append(1 / seen.error)
    level = _level(runs)
    columns.append(np.array([[0.0, 0.0, 1 / (BROUGHT[1] * level)]]))
    wanted.append(np.array([BROUGHT[0] / BROUGHT[1]]))
    basis, target = np.concatenate(columns), np.concatenate(wanted)
    linear = _not_negative(basis, target)
    held = [(theta[row] - one[0]) / one[1] for row, one in enumerate(form.held.values())]
    return np.concatenate([basis @ linear - target, held]), linear


def _not_negative(basis: Array, target: Array) -> Array:
    """Return the least-squares coefficients of three columns that are not negative."""
    scale = np.sqrt((basis**2).sum(axis=0))
    best, least = np.zeros(basis.shape[1]), np.inf
    for count in range(basis.shape[1], 0, -1):
        for some in map(list, combinations(range(basis.shape[1]), count)):
            found = np.linalg.lstsq(basis[:, some] / scale[some], target, rcond=None)[0] / scale[some]
            off = float(np.sum((basis[:, some] @ found - target) ** 2))
            if np.all(found >= 0) and off < least:
                best, least = np.zeros(basis.shape[1]), off
                best[some] = found
        if np.isfinite(least):
            break
    return best


def _log_loss(form: Form, values: Array, seen: Blocks) -> Array:
    named = dict(zip(form.held, values[:-3], strict=True))
    floor, falls, brought = values[-3:]
    loss = floor + falls * seen.travelled ** -named["alpha"] - brought * form.response(seen, named)
    return np.asarray(np.log(np.maximum(loss, 1e-12)))


def _level(runs: Sequence[Seen]) -> float:
    """Return the loss that the runs have come to."""
    return float(np.exp(np.mean([seen.y[-1] for seen in runs])))
