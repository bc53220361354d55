"""A sweep fitted: the bowl and the centres, and the best values that they foretell at any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from isoflop.beyond.tune.bowl_fit import LOCAL, Bowl, fit_bowl
from isoflop.beyond.tune.published import exponents
from isoflop.beyond.tune.settings import Centres, centres_of, law_covariance, near_best, rise
from isoflop.beyond.tune.sweep import Sweep
from isoflop.estimate import Estimate
from isoflop.formula.arrays import Array, student

PULLS = 2
"""Settings that the priors of exponents and of the spread are worth, when degrees of freedom are counted."""
Named = Mapping[str, Estimate]
Spans = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """The bowl of a sweep, its centres, and how many standard errors an interval of `level` reaches."""

    sweep: Sweep
    bowl: Bowl
    centres: Centres
    level: float
    times: float

    def estimate(self, log: float, error: float) -> Estimate:
        """Return the estimate whose logarithm is normal about this one."""
        reach = self.times * error
        value, low, high = np.exp([log, log - reach, log + reach]).tolist()
        return Estimate(value, low, high, self.level)

    def best_at(self, sizes: Mapping[str, float]) -> tuple[Named, Spans]:
        """Return the best values at a new size, and the spans within 0.3 % of the best loss.

        The interval holds what the law is not sure of and how far settings lie about it.
        """
        scales = self.sweep.scale(np.log([[sizes[key] for key in self.sweep.letters]]))
        centre = (scales @ self.bowl.shape.exponents(self.bowl.theta).T)[0]
        of_law = law_covariance(self.bowl, self.centres.covariance, scales)[0]
        errors = np.sqrt(np.diag(of_law) + self.centres.spread**2 + self.centres.doubt**2)
        named = zip(self.sweep.names, centre, errors, strict=True)
        return {name: self.estimate(*pair) for name, *pair in named}, self.spans(centre, scales[:, 1:])

    def spans(self, centre: Array, letters: Array) -> Spans:
        """Return the spans within 0.3 % of the best loss about a centre (tuned,), at letters (1, letters)."""
        low, high = near_best(self.bowl, letters)
        ends = np.exp([centre + low[0], centre + high[0]])
        return {name: (float(a), float(b)) for name, a, b in zip(self.sweep.names, *ends, strict=True)}

    def given_up(self, place: int, factors: Array, letters: Array) -> Array:
        """Return the share of the loss given up with one hyperparameter at these factors of its best."""
        offsets = np.zeros((len(factors), len(self.sweep.names)))
        offsets[:, place] = np.log(factors)
        return rise(self.bowl, np.tile(letters, (len(factors), 1)), offsets)


def fitted(sweep: Sweep, level: float) -> Fitted:
    """Return the bowl fitted to a sweep."""
    pull = np.array([exponents(kind, sweep.letters) for kind in sweep.kinds]).reshape(len(sweep.names), -1)
    bowl = fit_bowl(sweep, pull)
    doubt = _doubt(sweep, bowl, fit_bowl(sweep, pull, misfits=LOCAL))
    freedom = max(sweep.settings - len(sweep.letters) - 1, 0) + PULLS
    return Fitted(
        sweep=sweep, bowl=bowl, centres=centres_of(sweep, bowl, doubt), level=level, times=student(level, freedom)
    )


def _doubt(sweep: Sweep, one: Bowl, other: Bowl) -> Array:
    """Return how far two bowls of one sweep put the best apart, typically (tuned,): what their form is unsure of."""
    scales = sweep.scale(sweep.sizes)
    apart = scales @ (one.shape.exponents(one.theta) - other.shape.exponents(other.theta)).T
    return np.asarray(np.sqrt((apart**2).mean(0)))
