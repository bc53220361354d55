"""A recipe's loss along a path: at its best allocation, at one ratio of tokens, or with N or D held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from isoflop.compute.allocation import PLAIN as ALLOCATED
from isoflop.compute.allocation import Allocation, allocate
from isoflop.compute.flops import rule_named
from isoflop.data.runs import Runs
from isoflop.forecasting.ensemble import Ensemble
from isoflop.forecasting.priors import Member
from isoflop.formula.arrays import Array, median

_HALVINGS = 16


@dataclass(frozen=True)
class Path:
    """Where two recipes are compared: as compute grows at its best allocation, unless more is said.

    ratio  tokens per parameter that every budget is spent at
    N, D   what is held: with N the recipes are compared in tokens, with D in parameters
    """

    ratio: float = math.nan
    N: float = math.nan
    D: float = math.nan

    @property
    def along(self) -> str:
        """What grows: C, D where N is held, N where D is."""
        return "D" if not math.isnan(self.N) else "N" if not math.isnan(self.D) else "C"

    def settled(self, member: Member, x: Array, *, per: float) -> tuple[Array, Array]:
        """Return N and D (points,) at each x; `per` is the recipe's compute by 6ND."""
        if self.along == "D":
            return np.full(x.size, self.N), x
        if self.along == "N":
            return x, np.full(x.size, self.D)
        budget = x / per
        if not math.isnan(self.ratio):
            size = np.sqrt(budget / 6 / self.ratio)
            return size, size * self.ratio
        rows = np.tile(member.problem.natural(member.theta[None]), (x.size, 1))
        best = allocate(member.law, rows, budget, halvings=_HALVINGS)
        return best.N, best.D


PLAIN = Path()
"""As compute grows, each recipe at its own best allocation."""


def best_run(ensemble: Ensemble, flops: float) -> tuple[float, float]:
    """Return N and D of the run of least loss by all laws together; C as the recipe's runs count it."""
    size = float(np.exp(Allocation(ensemble, ALLOCATED).best(np.array([flops / price(ensemble.runs)]))[0]))
    return size, flops / price(ensemble.runs) / 6 / size


def price(runs: Runs) -> float:
    """Return the recipe's compute by 6ND, as its column C has it: the median over its runs."""
    return float(np.exp(median(np.log(runs["C"] / rule_named("6ND").flops(runs["N"], runs["D"])))))


def along(members: Sequence[Member], path: Path, x: Array, *, per: float) -> list[tuple[Array, Array]]:
    """Give each law's log loss (points,) along the path, and its slopes by the fitted coordinates (parameters, points).

    The slopes hold at the best allocation too: there a small change of N at equal compute changes nothing.
    """
    found = []
    for member in members:
        size, tokens = path.settled(member, x, per=per)
        at = replace(member.problem, inputs={"N": size, "D": tokens}, target=np.zeros(x.size), log=True)
        with np.errstate(all="ignore"):
            residuals, slopes = at.linearise(member.theta[None])
        found.append((-residuals[0], slopes[0]))
    return found
