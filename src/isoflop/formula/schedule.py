"""Learning-rate schedules, and laws that read a whole one: the rate at every step -> the loss after any of them.

A schedule is an array of learning rates, one a step, warm-up included. Rates that stay the same cost nothing: what a
law remembers of a schedule are its changes, and memories fade as sums of exponentials, so that one pass over the
schedule serves however long it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.errors import UsageError
from isoflop.quantities import Kind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from isoflop.formula.arrays import Array

    ScheduleLoss = Callable[..., Array]

CHUNK = 512
"""Steps whose weights are worked out at once: what keeps memory small."""


@dataclass(frozen=True)
class ScheduleLaw:
    """A law of a whole schedule; `loss(rates, after, **parameters)` gives the losses, `text` the paper's formula."""

    name: str
    text: str
    parameters: Mapping[str, Kind]
    loss: ScheduleLoss
    cite: str
    summary: str

    def __call__(self, rates: ArrayLike, *, after: ArrayLike | None = None, **values: Any) -> Array:
        """Return the loss after each step, or after the numbers of steps `after`.

        A parameter may be a column (rows, 1): the losses are then (rows, steps).
        """
        if wrong := set(values) ^ set(self.parameters):
            raise UsageError(f"law {self.name} has the parameters {', '.join(self.parameters)}; check {sorted(wrong)}.")
        known = read_rates(rates)
        wanted = np.arange(1, known.size + 1) if after is None else np.atleast_1d(np.asarray(after))
        if wanted.size == 0 or wanted.min() < 1 or wanted.max() > known.size or np.any(wanted != np.floor(wanted)):
            raise UsageError(f"`after` must hold whole numbers of steps, from 1 to the {known.size} of the schedule.")
        return self.loss(known, wanted.astype(np.int64), **{key: np.asarray(values[key], float) for key in values})

    def at(self, name: str, /, **given: Any) -> ScheduleCurve:
        """Return the curve with these parameter values; cite, caution, fitted_on and checks describe it."""
        about = {key: given.pop(key) for key in ("cite", "caution", "fitted_on", "checks") if key in given}
        return ScheduleCurve(self, {key: float(value) for key, value in given.items()}, name, **about)


@dataclass(frozen=True)
class ScheduleCurve:
    """A schedule law with numbers in it: call it with a schedule.

    checks  pairs of a schedule and the loss after its last step
    """

    law: ScheduleLaw
    values: Mapping[str, float]
    name: str
    cite: str = ""
    caution: str = ""
    fitted_on: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    checks: Sequence[tuple[Array, float]] = ()

    def __call__(self, rates: ArrayLike, *, after: ArrayLike | None = None) -> Array:
        """Return the loss after each step of a schedule, or after the numbers of steps `after`."""
        return self.law(rates, after=after, **self.values)


# Schedules


def constant(steps: int, *, peak: float, warmup: int = 0) -> Array:
    """Return a rate that rises linearly over the warm-up and stays."""
    return _with_warmup(np.full(steps, float(peak)), peak, warmup)


def cosine(steps: int, *, peak: float, final: float = 0.0, warmup: int = 0) -> Array:
    """Return a rate that falls from peak to final along half a cosine, after the warm-up."""
    share = (np.arange(steps) - warmup) / max(steps - warmup, 1)
    return _with_warmup(final + (peak - final) * (1 + np.cos(np.pi * share)) / 2, peak, warmup)


def warmup_stable_decay(
    steps: int, *, peak: float, decay: int, final: float = 0.0, warmup: int = 0, shape: str = "linear"
) -> Array:
    """Return a rate that stays at peak and falls to final over its last `decay` steps: linear or exponential."""
    if shape not in ("linear", "exponential"):
        raise UsageError(f'shape="{shape}" is none of linear, exponential.')
    if shape == "exponential" and final <= 0:
        raise UsageError(f"final={final:g}: an exponential decay never gets there. Say a positive rate, or linear.")
    share = np.clip((np.arange(steps) - (steps - decay)) / max(decay, 1), 0.0, 1.0)
    falling = peak * (final / peak) ** share if shape == "exponential" else peak + (final - peak) * share
    return _with_warmup(falling, peak, warmup)


def stages(lengths: Sequence[int], rates: Sequence[float], *, warmup: int = 0) -> Array:
    """Return a rate that is constant in each stage (multi-step); the warm-up is part of the first one."""
    if len(lengths) != len(rates) or not len(rates):
        raise UsageError(f"{len(lengths)} lengths and {len(rates)} rates: say one rate for each stage.")
    return _with_warmup(np.repeat(np.asarray(rates, float), lengths), rates[0], warmup)


def _with_warmup(rates: Array, peak: float, warmup: int) -> Array:
    """Let the first steps rise linearly to the peak, which the last of them reaches."""
    if not 0 <= warmup <= rates.size:
        raise UsageError(f"warmup={warmup} must be from 0 to the {rates.size} steps of the schedule.")
    rates[:warmup] = peak * np.arange(1, warmup + 1) / max(warmup, 1)
    return rates


def read_rates(rates: ArrayLike) -> Array:
    """Return a schedule as an array; raises UsageError if it is none."""
    known = np.asarray(rates, float)
    if known.ndim != 1 or known.size == 0:
        raise UsageError(f"a schedule is one learning rate for each step, not an array of shape {known.shape}.")
    if not np.all(np.isfinite(known)) or known.min() < 0 or known[0] == 0:
        raise UsageError("learning rates must be finite and not negative, and the first one positive.")
    return known


def drops(rates: Array) -> Array:
    """Return by how much each step's rate is below that of the step before; a rise is a negative drop."""
    return -np.diff(rates, prepend=rates[0])


def fading(
    places: Array, lost: Array, *, weigh: Callable[[NDArray[np.int64]], Array], speeds: Array, after: NDArray[np.int64]
) -> Array:
    """Give sum over k <= t of lost[k] sum(weight[k] exp(-speeds (places[t] - places[k]))), t the last of `after` steps.

    places, lost  (steps,): where each step is, never falling, and what it pushes; most may push nothing
    weigh  steps -> their weights (steps, ..., speeds); the result is (..., after)
    """
    wanted = np.zeros(len(places), dtype=bool)
    wanted[after - 1] = True
    events = np.flatnonzero(wanted | (lost != 0))
    states, state, here = {}, np.zeros(1), places[0]
    for first in range(0, events.size, CHUNK):
        some = events[first : first + CHUNK]
        weights = weigh(some)
        pushes = weights * lost[some].reshape(-1, *[1] * (weights.ndim - 1))
        kept = np.exp(-np.diff(places[some], prepend=here)[:, None] * speeds)
        for step, keep, push in zip(some.tolist(), kept, pushes, strict=True):
            state = state * keep + push
            if wanted[step]:
                states[step] = state.sum(axis=-1)
        here = places[some[-1]]
    return np.stack([states[step] for step in (after - 1).tolist()], axis=-1)
