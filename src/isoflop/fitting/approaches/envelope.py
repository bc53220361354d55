"""Approach 1: the envelope of training curves, and the sizes that touch it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.read import as_runs
from isoflop.data.runs import Runs
from isoflop.errors import DataError
from isoflop.estimate import LEVEL
from isoflop.findings import Finding, json_of
from isoflop.fitting.approaches.frontier import Frontier, PowerLaw, line, unknown
from isoflop.formula.arrays import Array

POINTS = 200
RUN_NAMES = ("run", "run_name", "run_id")
FEWEST_CURVES = 3
_AT_ONCE = 2_000_000  # draws times curves times points: 16 MB


@dataclass(frozen=True, eq=False)
class Envelope:
    """The lowest loss of any curve at each compute, and whose it is.

    C, N, D, loss  at the points that carry the power laws, (points,)
    curves         how many training curves there are
    left_out       compute points at which the smallest or the largest size at hand was the best: there
                   the curves, not the optimum, set the size
    """

    C: Array
    N: Array
    D: Array
    loss: Array
    curves: int
    left_out: int

    def as_dict(self) -> dict[str, Any]:
        """Return the envelope as it stands in the JSON."""
        points = {name: getattr(self, name).tolist() for name in ("C", "N", "D", "loss")}
        return points | json_of(self, "curves left_out")


def approach1(
    runs: Runs | Mapping[str, Any],
    *,
    points: int = POINTS,
    draws: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> Frontier[Envelope]:
    """Return the power laws of N_opt and D_opt through the envelope of training curves.

    Rows of one curve share a column run, run_name or run_id or else, without such a column, N. Each curve is
    interpolated in log-log between its own rows; at each of `points` values of C the lowest loss wins.
    Points at which the winner is the smallest or the largest size at hand are left out. The draws
    resample whole curves. Raises DataError if the runs are no curves. Hoffmann et al. 2022, section 3.1.

    >>> import numpy as np
    >>> N = np.repeat(np.geomspace(1e6, 1e10, 16), 20)
    >>> D = N * np.tile(np.geomspace(0.5, 2000, 20), 16)
    >>> runs = isoflop.Runs.of(N=N, D=D, loss=1.69 + 406.4 / N**0.34 + 410.7 / D**0.28)
    >>> bool(0.4 < isoflop.approach1(runs, draws=20).N.exponent.value < 0.5)
    True
    """
    given = as_runs(runs)
    curves = _curves(given, points)
    count = len(curves.size)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws) > 0
    everyone = np.ones((1, count), dtype=np.bool_)
    best, inside = curves.winners(np.concatenate([everyone, drawn]))
    evidence = _envelope(curves, best[0], inside[0])
    N, D = _power_laws(curves, best, inside, level=level)
    return Frontier(1, N, D, evidence, (*given.findings, *_findings(evidence, len(curves.C))))


@dataclass(frozen=True, eq=False)
class _Curves:
    """Training curves on one grid of compute: ln N (curves,), ln D and ln loss (curves, points).

    Where a curve has no rows its loss is inf.
    """

    C: Array
    size: Array
    tokens: Array
    loss: Array

    def winners(self, present: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the best of the present curves (draws, curves) at each C, and whether sizes surround it."""
        found = [self._winners(part) for part in np.array_split(present, 1 + present.size * len(self.C) // _AT_ONCE)]
        return np.concatenate([best for best, _ in found]), np.concatenate([inside for _, inside in found])

    def _winners(self, present: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        here = present[:, :, None] & np.isfinite(self.loss)
        best = np.where(here, self.loss, np.inf).argmin(axis=1)
        sizes = self.size[None, :, None]
        smallest = np.where(here, sizes, np.inf).min(axis=1)
        largest = np.where(here, sizes, -np.inf).max(axis=1)
        size = self.size[best]
        return best, (smallest < size) & (size < largest)


def _curves(runs: Runs, points: int) -> _Curves:
    members = [member for member in _by_run(runs) if len(np.unique(runs["C"][member])) > 1]
    if len(members) < FEWEST_CURVES:
        raise DataError(
            f"{runs.source}: {len(members)} training curves with two rows or more; an envelope needs at "
            f"least {FEWEST_CURVES}. Give several rows for each run, with a column run that names it."
        )
    lowest, highest = (np.sort([pick(runs["C"][member]) for member in members]) for pick in (np.min, np.max))
    if lowest[FEWEST_CURVES - 1] >= highest[-FEWEST_CURVES]:
        raise DataError(
            f"{runs.source}: at no compute do {FEWEST_CURVES} of the {len(members)} training curves meet, so "
            "they have no envelope. Give curves over the same range of compute."
        )
    # From where three curves have begun to where only two go on.
    x = np.linspace(np.log(lowest[FEWEST_CURVES - 1]), np.log(highest[-FEWEST_CURVES]), points)
    rows = [_on_grid(runs, member, x) for member in members]
    size = np.array([np.log(runs["N"][member]).mean() for member in members])
    return _Curves(np.exp(x), size, np.array([tokens for tokens, _ in rows]), np.array([loss for _, loss in rows]))


def _by_run(runs: Runs) -> list[NDArray[np.intp]]:
    name = next((name for name in RUN_NAMES if name in runs), "N")
    _, which = np.unique(runs[name].astype(str) if runs[name].dtype.kind == "O" else runs[name], return_inverse=True)
    return [np.flatnonzero(which == group) for group in range(which.max() + 1)]


def _on_grid(runs: Runs, member: NDArray[np.intp], x: Array) -> tuple[Array, Array]:
    """Return ln D and ln loss of one run at ln C = x; rows at the same compute count as their mean."""
    log_C, which = np.unique(np.log(runs["C"][member]), return_inverse=True)
    share = 1 / np.bincount(which)
    tokens, loss = (np.bincount(which, np.log(runs[name][member])) * share for name in ("D", "loss"))
    return np.interp(x, log_C, tokens), np.interp(x, log_C, loss, left=np.inf, right=np.inf)


def _envelope(curves: _Curves, best: NDArray[np.intp], inside: NDArray[np.bool_]) -> Envelope:
    column = np.arange(len(curves.C))
    N, D, loss = (np.exp(part) for part in (curves.size[best], curves.tokens[best, column], curves.loss[best, column]))
    left_out = int((~inside).sum())
    return Envelope(curves.C[inside], N[inside], D[inside], loss[inside], len(curves.size), left_out)


def _power_laws(
    curves: _Curves, best: NDArray[np.intp], inside: NDArray[np.bool_], *, level: float
) -> tuple[PowerLaw, PowerLaw]:
    """Return the power laws of N and D through the winners over all curves (row 0), with a draw for each other row."""
    x, column = np.log(curves.C), np.arange(len(curves.C))
    N, D = curves.size[best], curves.tokens[best, column]
    varied = np.where(inside, N, -np.inf).max(axis=1) > np.where(inside, N, np.inf).min(axis=1)
    if not varied[0]:
        return unknown(level), unknown(level)
    laws = []
    for y in (N, D):
        height, slope = line(x, y, (inside & varied[:, None]).astype(np.float64))
        laws.append(PowerLaw(float(np.exp(x.mean())), float(height[0]), float(slope[0]), height[1:], slope[1:], level))
    return laws[0], laws[1]


def _findings(envelope: Envelope, points: int) -> tuple[Finding, ...]:
    if 2 * envelope.left_out <= points and len(np.unique(envelope.N)) > 1:
        return ()
    unclear = "" if len(np.unique(envelope.N)) > 1 else ", and the exponents are unknown"
    return (
        Finding(
            "F11",
            "WARN",
            f"at {envelope.left_out} of {points} compute points the best of the curves is the smallest or "
            f"the largest one there, so the envelope is cut off by the sizes that were trained{unclear}.",
            "Train smaller and larger sizes, so that each compute has worse ones on both sides.",
        ),
    )
