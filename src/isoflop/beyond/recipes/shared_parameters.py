"""What recipes are told to have in common: a floor, pinned or shared, and shared exponents."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.recipes.paired_errors import Scatter, scatter
from isoflop.errors import UsageError
from isoflop.fitting.optimise.problem import Prior
from isoflop.forecasting.priors import Member, solved
from isoflop.formula.arrays import Array
from isoflop.formula.law import Law

_FIRM = 1e6  # the weight of a prior that leaves no choice


@dataclass(frozen=True)
class Hold:
    """What all recipes have in common; by default nothing.

    floor      a number to pin the irreducible loss to, or "shared": one for all, estimated
    exponents  whether exponents are shared
    """

    floor: float | str = math.nan
    exponents: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.floor, str) and self.floor != "shared":
            raise UsageError(f'floor="{self.floor}" is neither a number nor shared. Say --floor shared or --floor 1.7.')
        if not isinstance(self.floor, str) and self.floor <= 0:
            raise UsageError(f"floor={self.floor:g} must be above zero: an irreducible loss, as in 1.7.")

    @property
    def pinned(self) -> bool:
        """Return whether the floor is a number."""
        return not isinstance(self.floor, str) and not math.isnan(self.floor)

    def binds(self, law: Law) -> bool:
        """Return whether a law has all that is to be held; one that has not cannot take part."""
        roles = [kind.role for kind in law.parameters.values()]
        floor = isinstance(self.floor, str) or self.pinned
        return (not floor or "floor" in roles) and (not self.exponents or "exponent" in roles)

    def conditions(self, law: Law) -> tuple[Array, Array]:
        """Return the rows and values of what must hold of both recipes' fitted coordinates, one after the other."""
        roles, rows, values = [kind.role for kind in law.parameters.values()], [], []
        one = np.eye(len(roles))
        for place, role in enumerate(roles):
            if role == "floor" and self.pinned:
                rows += [np.r_[one[place], 0 * one[place]], np.r_[0 * one[place], one[place]]]
                values += [self.floor, self.floor]
            elif (role == "floor" and isinstance(self.floor, str)) or (role == "exponent" and self.exponents):
                rows.append(np.r_[one[place], -one[place]])
                values.append(0.0)
        return np.array(rows).reshape(len(rows), 2 * len(roles)), np.array(values, float)


FREE = Hold()
"""Recipes have nothing in common."""


@dataclass(frozen=True)
class Held:
    """One law's fits to two recipes, kept to what they have in common.

    firm  (2 parameters, 2 parameters): what turns free moves of both fits into moves that keep to it
    """

    first: Member
    other: Member
    scatters: tuple[Scatter, Scatter]
    firm: Array

    def kept(self, first: Array, other: Array) -> tuple[Array, Array]:
        """Return moves of the fitted coordinates (draws, parameters) that keep to what is held."""
        both = np.concatenate([first, other], axis=1) @ self.firm.T
        return both[:, : first.shape[1]], both[:, first.shape[1] :]


def held(first: Member, other: Member, *, hold: Hold, clusters: tuple[NDArray[np.int64] | None, ...]) -> Held:
    """Keep one law's two fits to what recipes have in common: minimum distance first, then both solved again there."""
    rows, values = hold.conditions(first.law)
    free = (scatter(first, clusters[0]), scatter(other, clusters[1]))
    if not len(rows):
        return Held(first, other, free, np.eye(2 * first.theta.size))
    bent = _bent(free, rows)
    theta = np.concatenate([first.theta, other.theta])
    theta = theta - bent @ (rows @ theta - values)
    bound = np.abs(rows).sum(axis=0) > 0
    settled = [
        _solved_at(one, aim, bind)
        for one, aim, bind in zip((first, other), np.split(theta, 2), np.split(bound, 2), strict=True)
    ]
    near = (scatter(settled[0], clusters[0]), scatter(settled[1], clusters[1]))
    return Held(settled[0], settled[1], near, np.eye(theta.size) - _bent(near, rows) @ rows)


def _bent(free: tuple[Scatter, Scatter], rows: Array) -> Array:
    """Return how both fits answer (2 parameters, conditions) to a breach of each condition."""
    count = len(free[0].lent)
    spread = np.zeros((2 * count, 2 * count))
    for place, one in enumerate(free):
        part = slice(place * count, (place + 1) * count)
        spread[part, part] = one.noise**2 * one.influence @ one.influence.T + one.lent @ one.lent.T
    inner = rows @ spread @ rows.T
    return np.asarray(spread @ rows.T @ np.linalg.pinv(inner, hermitian=True))


def _solved_at(member: Member, aim: Array, bound: NDArray[np.bool_]) -> Member:
    """Return the member solved again with some of its coordinates where they shall be."""
    prior = member.problem.prior or Prior(np.zeros(aim.size), np.zeros(aim.size))
    aim = np.clip(aim, member.problem.lower, member.problem.upper)
    firm = Prior(np.where(bound, aim, prior.centre), np.where(bound, _FIRM, prior.weight))
    pinned = replace(member, theta=aim, problem=replace(member.problem, prior=firm))
    return replace(member, theta=solved(pinned, np.ones((1, member.problem.size))).theta[0])
