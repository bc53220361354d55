"""Schedules in blocks of steps over which the rate hardly changes: laws of whole schedules, fast enough to fit.

`isoflop.laws.schedules` has the laws step by step. Here the drops of a block fade together, by the mean over the block
in closed form: a schedule of 24,000 steps takes a few hundred blocks, and agrees to 1e-4. Rates are shares of the peak,
so that the laws' constants have no unit but steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop.formula.arrays import Array
from isoflop.formula.schedule import drops, read_rates
from isoflop.laws.schedules import SMALLEST

FINEST = 0.01
"""How much of the peak the rate may change by within a block, and by what share of itself times five."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """A schedule as seen from some of its steps (targets): what was travelled, and the drops before each.

    travelled  (targets,) sum of the rates
    lost       (targets, blocks) by how much the rate fell within each block; 0 for blocks yet to come
    rate       (blocks,) the mean rate there
    near, far  (targets, blocks) the sum of the rates from the block's last step on, and from its first
    since      (targets, blocks) steps from the block's last one on, itself included
    length     (blocks,) steps
    """

    travelled: Array
    lost: Array
    rate: Array
    near: Array
    far: Array
    since: Array
    length: Array

    def at(self, rows: slice) -> Blocks:
        """Return the same schedule as seen from some of the targets."""
        seen = (self.lost, self.near, self.far, self.since)
        lost, near, far, since = (one[rows] for one in seen)
        return Blocks(self.travelled[rows], lost, self.rate, near, far, since, self.length)


def blocks(rates: Array, after: NDArray[np.int64]) -> Blocks:
    """Return a schedule (steps,) in blocks, as seen after so many steps (targets,)."""
    share = read_rates(rates) / np.max(rates)
    fallen, travelled = drops(share), np.cumsum(share)
    ends = _ends(share, after)
    starts = np.concatenate([[0], ends[:-1]])  # steps before the block
    length = (ends - starts).astype(float)
    lost = np.add.reduceat(fallen, starts)
    kept = (lost != 0) & (starts < after.max())
    starts, ends, length, lost = starts[kept], ends[kept], length[kept], lost[kept]
    before = np.concatenate([[0.0], travelled])
    rate = np.maximum((before[ends] - before[starts]) / length, SMALLEST)
    seen = after[:, None] >= ends
    near, far = (np.where(seen, travelled[after - 1][:, None] - before[place], 1.0) for place in (ends - 1, starts))
    since = np.where(seen, after[:, None] - ends + 1.0, 1.0)
    return Blocks(travelled[after - 1], np.where(seen, lost, 0.0), rate, near, far, since, length)


def _ends(share: Array, after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last steps of the blocks: all targets, and wherever the rate has changed enough."""
    change = np.abs(np.diff(share, prepend=share[0]))
    enough = np.cumsum(change * np.maximum(1.0, 0.2 / np.maximum(share, FINEST))) / FINEST
    turned = np.flatnonzero(np.diff(np.floor(enough)) > 0)
    begins = np.flatnonzero(np.diff(change > 0)) + 1  # a change begins or ends
    jumps = np.flatnonzero(change > FINEST)  # a jump is a block of one step
    found = np.unique(np.concatenate([after, turned + 1, begins, jumps, jumps + 1, [share.size]]))
    return found[found > 0]


Response = Callable[[Blocks, Mapping[str, float]], Array]


def annealed(seen: Blocks, values: Mapping[str, float]) -> Array:
    """Return what the drops have brought by the annealing law, each remembered with a momentum of log_steps."""
    keep = np.exp(-np.exp(-values["log_steps"]))
    fade = keep**seen.since * -np.expm1(seen.length * np.log(keep)) / (seen.length * (1 - keep))
    return np.asarray((seen.lost * (1 - fade)).sum(axis=1))


def multi_powered(seen: Blocks, values: Mapping[str, float]) -> Array:
    """Return what the drops have brought by the multi-power law: drop (1 - (1 + C rate^-gamma S)^-beta), summed.

    Over a block, from S = near - rate/2 to far + rate/2, the mean of (1 + c S)^-beta is that of its integral.
    """
    speed = np.exp(values["log_C"]) * seen.rate ** -values["gamma"]
    low = np.log1p(speed * np.maximum(seen.near - seen.rate / 2, 0.0))
    high = np.log1p(speed * (seen.far + seen.rate / 2))
    rest = 1 - values["beta"] if abs(1 - values["beta"]) > 1e-6 else 1e-6
    span = np.exp(high) - np.exp(low)
    fade = np.exp(rest * low) * np.expm1(rest * (high - low)) / rest / np.maximum(span, 1e-300)
    return np.asarray((seen.lost * (1 - fade)).sum(axis=1))
