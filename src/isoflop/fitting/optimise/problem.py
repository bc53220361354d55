"""A law on a table of runs, as a batched least-squares problem: residuals, exact derivatives, normal equations.

Scales and sizes are fitted as logarithms. `theta` holds one row of fitted coordinates for each
start or draw, (batch, parameters); nothing here loops over them in Python one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.formula import dual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.fitting.optimise.objective import Objective
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Law


CHUNK = 16_384
"""Numbers in one array of a chunk: what stays in a core's cache."""

_BOUNDS = {  # of fitted coordinates
    "floor": (0.0, np.inf),
    "scale": (-700.0, 700.0),
    "size": (-700.0, 700.0),
    "break": (-700.0, 700.0),
    "exponent": (1e-3, 20.0),
    "real": (-np.inf, np.inf),
}
LOGGED = ("scale", "size", "break")
"""The roles of parameters that are fitted as logarithms."""


class Normal(NamedTuple):
    """Objective (batch), steepest descent (batch, p) and curvature (batch, p, p) at some theta."""

    objective: Array
    descent: Array
    curvature: Array


@dataclass(frozen=True)
class Prior:
    """What is known before any run: normal about `centre`, per fitted coordinate (parameters,).

    weight  (parameters,): the residuals' variance over the prior's own; 0 where nothing is known
    """

    centre: Array
    weight: Array


@dataclass(frozen=True)
class Problem:
    """A law, its inputs and the losses to meet.

    inputs  input name → (runs,)
    target  (runs,): log loss, or the loss itself when `log` is false
    logged  (parameters,): fitted as a logarithm
    lower, upper  (parameters,): bounds of the fitted coordinates
    prior   what the objective adds for parameters far from what is known of them, if anything
    """

    law: Law
    inputs: Mapping[str, Array]
    target: Array
    logged: NDArray[np.bool_]
    lower: Array
    upper: Array
    log: bool = True
    prior: Prior | None = None

    @property
    def size(self) -> int:
        """How many runs there are."""
        return self.target.size

    def take(self, rows: NDArray[np.int64] | slice) -> Problem:
        """Return the problem on some of its runs."""
        inputs = {key: column[rows] for key, column in self.inputs.items()}
        return replace(self, inputs=inputs, target=self.target[rows])

    def natural(self, theta: Array) -> Array:
        """Turn fitted coordinates into parameter values."""
        with np.errstate(over="ignore"):
            return np.where(self.logged, np.exp(np.where(self.logged, theta, 0.0)), theta)

    def fitted(self, values: Array) -> Array:
        """Turn parameter values into fitted coordinates."""
        positive = np.where(self.logged, np.maximum(values, 1e-300), 1.0)
        return np.clip(np.where(self.logged, np.log(positive), values), self.lower, self.upper)

    def linearise(self, theta: Array) -> tuple[Array, Array]:
        """Return residuals (batch, runs) and the prediction's derivatives (batch, parameters, runs).

        Where a law overflows or is undefined, they are not finite.
        """
        values = self.natural(theta)
        names = tuple(self.law.parameters)
        given = dict(zip(names, values.T[:, :, None], strict=True)) | dict(self.inputs)
        slopes = np.zeros((theta.shape[0], len(names), self.size))
        with np.errstate(all="ignore"):
            predicted, tangents = dual.gradient(self.law.formula, given, names)
            predicted = np.broadcast_to(predicted, (theta.shape[0], self.size))
            unit = 1 / predicted if self.log else np.ones_like(predicted)
            for column, key in enumerate(names):
                if key in tangents:
                    slopes[:, column] = tangents[key]
            slopes *= unit[:, None, :] * np.where(self.logged, values, 1.0)[:, :, None]
            return self.target - (np.log(predicted) if self.log else predicted), slopes

    def residuals(self, theta: Array) -> Array:
        """Return residuals (batch, runs) alone."""
        values = dict(zip(self.law.parameters, self.natural(theta).T[:, :, None], strict=True))
        with np.errstate(all="ignore"):
            predicted = self.law.formula.evaluate(values | dict(self.inputs))
            return np.asarray(self.target - (np.log(predicted) if self.log else predicted))

    def normal(
        self, theta: Array, objective: Objective, *, weights: Array | None = None, blend: Array | float = 0.0
    ) -> Normal:
        """Return objective, descent and curvature at each theta; weights are (batch, runs) or none."""
        batch, count = theta.shape
        blend = np.broadcast_to(np.asarray(blend, float), (batch,))
        if batch * self.size <= CHUNK:
            total = _normal(self, theta, objective, weights=weights, blend=blend)
        else:
            total = Normal(np.zeros(batch), np.zeros((batch, count)), np.zeros((batch, count, count)))
            for some, rows in self._chunks(batch):
                part = self.take(rows) if rows != slice(0, self.size) else self
                weight = None if weights is None else weights[some, rows]
                found = _normal(part, theta[some], objective, weights=weight, blend=blend[some])
                for whole, piece in zip(total, found, strict=True):
                    whole[some] += piece
        total = self._with_prior(total, theta)
        bad = ~np.isfinite(total.objective) | ~np.isfinite(total.curvature).all(axis=(1, 2))
        total.objective[bad] = np.inf
        return total

    def normal_at_one(self, theta: Array, objective: Objective, weights: Array) -> Normal:
        """Return what `normal` gives where all rows of weights (batch, runs) share one theta (parameters,)."""
        residuals, slopes = self.linearise(theta[None])
        loss, slope = objective.loss(residuals)[0], objective.slope(residuals)[0]
        curvature = np.broadcast_to(objective.curvature(residuals, 0.0)[0], loss.shape)
        pairs = np.einsum("pn,qn,n->npq", slopes[0], slopes[0], curvature).reshape(self.size, -1)
        square = (len(weights), theta.size, theta.size)
        found = Normal(weights @ loss, weights @ (slopes[0] * slope).T, (weights @ pairs).reshape(square))
        return self._with_prior(found, np.tile(theta, (len(weights), 1)))

    def _with_prior(self, found: Normal, theta: Array) -> Normal:
        if self.prior is None:
            return found
        off, weight = theta - self.prior.centre, self.prior.weight
        return Normal(
            found.objective + 0.5 * (off**2 @ weight), found.descent - off * weight, found.curvature + np.diag(weight)
        )

    def _chunks(self, batch: int) -> Iterator[tuple[slice, slice]]:
        runs = min(self.size, CHUNK)
        thetas = max(1, CHUNK // runs)
        for first in range(0, batch, thetas):
            for start in range(0, self.size, runs):
                yield slice(first, min(first + thetas, batch)), slice(start, min(start + runs, self.size))


def _normal(part: Problem, theta: Array, objective: Objective, *, weights: Array | None, blend: Array) -> Normal:
    with np.errstate(all="ignore"):
        residuals, slopes = part.linearise(theta)
        loss, slope = objective.loss(residuals), objective.slope(residuals)
        curvature = objective.curvature(residuals, blend[:, None])
        if weights is not None:
            loss, slope, curvature = loss * weights, slope * weights, curvature * weights
        descent = (slopes @ slope[:, :, None])[:, :, 0]
        return Normal(loss.sum(axis=1), descent, (slopes * curvature[:, None, :]) @ slopes.transpose(0, 2, 1))


def problem_of(
    law: Law,
    inputs: Mapping[str, Array],
    target: Array,
    *,
    log: bool = True,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> Problem:
    """Return the problem of fitting a law to losses; `bounds` are of parameter values."""
    kinds = law.parameters
    logged = np.array([kind.role in LOGGED for kind in kinds.values()], dtype=bool)
    lower = np.array([_BOUNDS[kind.role][0] for kind in kinds.values()])
    upper = np.array([_BOUNDS[kind.role][1] for kind in kinds.values()])
    columns = {key: np.asarray(inputs[key], float) for key in law.inputs}
    wanted = np.log(target) if log else np.asarray(target, float)
    problem = Problem(law, columns, wanted, logged, lower, upper, log)
    for key, ends in (bounds or {}).items():
        position = list(kinds).index(key)
        with np.errstate(divide="ignore"):
            low, high = np.log(np.maximum(ends, 0.0)) if logged[position] else ends
        lower[position], upper[position] = max(low, lower[position]), min(high, upper[position])
    return problem
