"""A fitted sweep → the power law of each hyperparameter, simpler laws beside it, and the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from isoflop.beyond.tune.fitted import Fitted
from isoflop.beyond.tune.published import said
from isoflop.beyond.tune.settings import rise
from isoflop.estimate import Estimate
from isoflop.findings import json_of
from isoflop.formula.arrays import Array
from isoflop.quantities import show


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published law at the settings of a sweep.

    values     what it says at each setting, in the unit of the column
    factor     how many times too high or too low it is, typically (geometric mean)
    given_up   share of the loss that following it would have given up, mean over settings
    """

    curve: str
    values: tuple[float, ...]
    factor: float
    given_up: float


@dataclass(frozen=True, kw_only=True)
class TuningLaw:
    """The power law that the best values of a hyperparameter follow: k N^a D^b.

    spread        by how much settings' bests differ from it, as a factor (one standard deviation)
    alternatives  the exponents of laws of one variable: of C, and of the loss
    """

    name: str
    kind: str
    formula: str
    parameters: Mapping[str, Estimate]
    spread: float
    alternatives: Mapping[str, Estimate]
    published: tuple[Published, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the law as it stands in the JSON."""
        return json_of(self, "kind formula parameters spread alternatives published")


def law_of(found: Fitted, place: int, *, sizes: Mapping[str, Array], tokens: float) -> TuningLaw:
    """Return the law of the hyperparameter at a place.

    sizes   N, D, C and the loss at each setting, as far as known
    tokens  tokens that one unit of the column holds, nan where batches cannot be compared
    """
    sweep = found.sweep
    name, kind = sweep.names[place], sweep.kinds[place]
    return TuningLaw(
        name=name, kind=kind, formula=_formula(found, place), parameters=_parameters(found, place),
        spread=float(np.exp(found.centres.spread[place])), alternatives=_alternatives(found, place, sizes),
        published=tuple(_published(found, place, curve=curve, values=values / tokens)
                        for curve, values in said(kind, sizes).items() if np.all(np.isfinite(values / tokens))),
    )  # fmt: skip


def _exponents(found: Fitted, place: int) -> tuple[Array, Array]:
    """Return intercept and exponents of a law, at sizes of 1, and their covariance.

    ln best = c + a (ln N - ln N_mid) + b (ln D - ln D_mid), so that ln k = c - a ln N_mid - b ln D_mid
    """
    shape, middle = found.bowl.shape, found.sweep.middle
    width = shape.letters + 1
    block = slice(place * width, (place + 1) * width)
    move = np.eye(width)
    move[0, 1:] = -middle
    covariance = found.centres.covariance[shape.centre, shape.centre][block, block]
    return move @ shape.exponents(found.bowl.theta)[place], move @ covariance @ move.T


def _parameters(found: Fitted, place: int) -> dict[str, Estimate]:
    values, covariance = _exponents(found, place)
    errors = np.sqrt(np.diag(covariance))
    names = {"N": "a", "D": "b", "C": "a"}
    parameters = {"k": found.estimate(float(values[0]), float(errors[0]))}
    for letter, value, error in zip(found.sweep.letters, values[1:].tolist(), errors[1:].tolist(), strict=True):
        reach = found.times * error
        parameters[names[letter]] = Estimate(value, value - reach, value + reach, found.level)
    return parameters


def _formula(found: Fitted, place: int) -> str:
    values, _ = _exponents(found, place)
    powers = zip(found.sweep.letters, values[1:].tolist(), strict=True)
    factors = [show(float(np.exp(values[0]))), *(f"{letter}^{value:.3f}" for letter, value in powers)]
    return f"{found.sweep.names[place]} = {' * '.join(factors)}"


def _alternatives(found: Fitted, place: int, sizes: Mapping[str, Array]) -> dict[str, Estimate]:
    """Return the exponents of power laws in C alone and in the loss alone, by weighted least squares."""
    best, spread = found.centres.own[:, place], found.centres.spread[place]
    weights = 1 / (found.centres.error[:, place, place] + spread**2)
    result = {}
    for name in ("C", "loss"):
        values = np.log(sizes[name]) if name in sizes else np.zeros(0)
        if len(values) < 3 or np.ptp(values) < np.log(1.2):
            continue
        x = values - np.average(values, weights=weights)
        information = float((weights * x * x).sum())
        slope = float((weights * x * best).sum()) / information
        residual = best - np.average(best, weights=weights) - slope * x
        worse = max(1.0, float((weights * residual**2).sum()) / max(len(x) - 2, 1))
        reach = found.times * float(np.sqrt(worse / information))
        result[name] = Estimate(slope, slope - reach, slope + reach, found.level)
    return result


def _published(found: Fitted, place: int, *, curve: str, values: Array) -> Published:
    off = np.log(values) - found.centres.own[:, place]
    offsets = np.zeros_like(found.centres.own)
    offsets[:, place] = off
    lost = rise(found.bowl, found.sweep.sizes - found.sweep.middle, offsets)
    factor = float(np.exp(np.sqrt((off**2).mean())))
    return Published(curve=curve, values=tuple(values.tolist()), factor=factor, given_up=float(lost.mean()))
