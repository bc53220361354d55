"""Batched Levenberg–Marquardt: all starts, or all draws, at once, within bounds, with converged ones set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from isoflop.fitting.optimise.objective import Objective
    from isoflop.fitting.optimise.problem import Normal, Problem
    from isoflop.formula.arrays import Array, Bools


FAR, NEAR = 1e-2, 1e-6
"""The first damping, from starts that may be anywhere, and from starts close to their minimum."""
_LEAST, _MOST = 1e-12, 1e10  # damping
_LONGEST = 3.0  # step of a logarithm; of another parameter its own size, or 1 if that is more


class Minimum(NamedTuple):
    """Where each start ended: theta (batch, p), objective (batch), converged (batch)."""

    theta: Array
    objective: Array
    converged: Bools


def minimise(
    problem: Problem,
    theta: Array,
    objective: Objective,
    *,
    weights: Array | None = None,
    tolerance: float = 1e-13,
    iterations: int = 200,
    first: float = FAR,
) -> Minimum:
    """Descend from every row of theta (batch, p); weights are (batch, runs) or none.

    A row has converged once a step, which it still takes, promises less than `tolerance` of its
    objective. `first` is the first damping.
    """
    theta = np.clip(theta, problem.lower, problem.upper)
    damping = np.full(theta.shape[0], first)
    state = _begin(problem, theta, objective, weights=weights, blend=_blend(damping))
    converged = np.zeros(theta.shape[0], dtype=bool)
    active = np.flatnonzero(np.isfinite(state.objective))
    for _ in range(iterations):
        if not active.size:
            break
        here, damp = theta[active], damping[active]
        now = type(state)(*(part[active] for part in state))
        step = _step(problem, here, now, damping=damp)
        trial = np.minimum(np.maximum(here + step, problem.lower), problem.upper)  # np.clip takes five times as long
        step = trial - here
        chosen = None if weights is None else weights[active]
        found = problem.normal(trial, objective, weights=chosen, blend=_blend(damp * 0.1))
        promised = np.einsum("bp,bp->b", step, now.descent)
        better = found.objective <= now.objective
        done = promised <= tolerance * now.objective
        theta[active[better]] = trial[better]
        for whole, part in zip(state, found, strict=True):
            whole[active[better]] = part[better]
        damping[active] = np.where(better, np.maximum(damp * 0.1, _LEAST), damp * 8)
        stuck = damping[active] > _MOST
        converged[active] |= done | (stuck & (promised <= 1e-6 * now.objective))
        active = active[~(done | stuck)]
    return Minimum(theta, state.objective, converged)


def _begin(problem: Problem, theta: Array, objective: Objective, *, weights: Array | None, blend: Array) -> Normal:
    """Return the normal equations at the start, once for all rows if they start at one place."""
    if weights is not None and len(theta) > 1 and (theta == theta[0]).all():
        return problem.normal_at_one(theta[0], objective, weights)
    return problem.normal(theta, objective, weights=weights, blend=blend)


def _blend(damping: Array) -> Array:
    return np.minimum(1.0, 10 * damping)


def _step(problem: Problem, theta: Array, now: Normal, *, damping: Array) -> Array:
    """Solve the damped normal equations, scaled to a unit diagonal, within the bounds.

    A parameter whose step would cross its bound goes to the bound, and the others are solved for
    again with that in mind: merely cutting its step short would spoil theirs. Where that leads
    uphill, the step is cut short after all.
    """
    scale = np.sqrt(np.einsum("bpp->bp", now.curvature))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = now.curvature / scale[:, :, None] / scale[:, None, :], now.descent / scale
    held = ((theta <= problem.lower) & (now.descent < 0)) | ((theta >= problem.upper) & (now.descent > 0))
    cut = step = _solve(*scaled, damping=damping, held=held, moved=np.zeros_like(theta)) / scale
    beyond = ~held & ((theta + step < problem.lower) | (theta + step > problem.upper))
    if beyond.any():
        moved = np.where(beyond, np.clip(theta + step, problem.lower, problem.upper) - theta, 0.0) * scale
        step = _solve(*scaled, damping=damping, held=held | beyond, moved=moved) / scale
    step = np.where(np.einsum("bp,bp->b", step, now.descent)[:, None] > 0, step, cut)
    reach = np.where(problem.logged, _LONGEST, np.maximum(np.abs(theta), 1.0))
    return np.asarray(step / (np.abs(step) / reach).max(axis=1, keepdims=True, initial=1.0))


def _solve(curvature: Array, descent: Array, *, damping: Array, held: Bools, moved: Array) -> Array:
    """Solve for the step of the parameters that are not held; those that are held take theirs from `moved`."""
    free = np.where(held[:, :, None] | held[:, None, :], 0.0, curvature)
    free += np.eye(held.shape[1]) * (damping[:, None, None] + 1e-14 + held[:, :, None])
    pull = descent - (curvature @ moved[:, :, None])[:, :, 0]
    return np.asarray(np.where(held, moved, np.linalg.solve(free, np.where(held, 0.0, pull)[:, :, None])[:, :, 0]))


def polish(problem: Problem, theta: Array, objective: Objective, *, steps: int = 20) -> Array:
    """Refine one minimum (p,) by orthogonal steps, which keep digits that normal equations lose."""
    best = theta
    least = problem.normal(best[None], objective).objective[0]
    for _ in range(steps):
        residuals, slopes = problem.linearise(best[None])
        root = np.sqrt(np.maximum(objective.curvature(residuals, 0.0)[0], 1e-12))
        wanted = objective.slope(residuals)[0] / root
        free = (best > problem.lower) & (best < problem.upper)
        scale = np.linalg.norm(slopes[0] * root, axis=1)
        columns = (slopes[0] * root / np.where(scale > 0, scale, 1.0)[:, None])[free].T
        step = np.zeros_like(best)
        step[free] = np.linalg.lstsq(columns, wanted, rcond=None)[0] / np.where(scale > 0, scale, 1.0)[free]
        trial = np.clip(best + step, problem.lower, problem.upper)
        found = problem.normal(trial[None], objective).objective[0]
        if not found < least:
            return trial if found <= least * (1 + 1e-14) else best
        best, least = trial, found
    return best
