"""Attempts: how many samples of each problem a model drew and how many were correct, or what pass@k they gave."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.errors import DataError
from isoflop.formula.arrays import Array, median
from isoflop.laws.pass_at_k import pass_at_k

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.beyond.test_time.rewards import Picked


MOST_SAMPLES = 1e9
_POINTS = 16
"""Numbers of samples at which pass@k of counts is looked at, evenly in the logarithm."""


@dataclass(frozen=True, eq=False)
class Attempts:
    r"""What one model did on the problems of a task; what nobody said is nan.

    problems  their names, with samples drawn and correct (problems,); empty where only means are known
    pass1     mean share of correct samples; known_problems, how many problems stand behind it
    rates     pass@k at the numbers of samples `k`, means over the problems; empty where only pass@1 is known
    known_samples  how many samples of each problem stand behind the means
    rounding  the last digit of the means as they were printed
    picked    what the sample of highest reward has reached, where there are rewards or best-of-n
    N, active, D   parameters, those that a token uses, training tokens
    tokens    tokens of a sample; price, US dollars for a million of them
    thinking  whether this is one length of thinking of a model among several
    method    whether this is a method of search at one cost of a query, among several

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.csv"
    >>> counts = {"1B": (1, 9, 40), "7B": (31, 39, 70)}
    >>> rows = "".join(f"{m},{q},100,{c}\n" for m in counts for q, c in enumerate(counts[m]))
    >>> path.write_text(f"model,problem,samples,correct\n{rows}") > 0
    True
    >>> [round(one.pass1, 2) for one in isoflop.read_attempts(path)]
    [0.17, 0.47]
    """

    name: str
    problems: tuple[str, ...]
    samples: Array
    correct: Array
    pass1: float
    known_problems: float = math.nan
    k: Array = field(default_factory=lambda: np.zeros(0))
    rates: Array = field(default_factory=lambda: np.zeros(0))
    known_samples: float = math.nan
    rounding: float = 0.0
    picked: Picked | None = None
    N: float = math.nan
    active: float = math.nan
    D: float = math.nan
    tokens: float = math.nan
    thinking: bool = False
    method: bool = False
    price: float = math.nan

    @property
    def counted(self) -> bool:
        """Whether two samples or more of some problem were counted: one of each says no more than pass@1."""
        return bool(self.problems) and bool(self.samples.max() > 1)

    @property
    def rated(self) -> bool:
        """Whether pass@k is known at several k, as means over the problems."""
        return self.rates.size > 1

    @property
    def used(self) -> float:
        """Return the parameters that one token uses."""
        return self.N if math.isnan(self.active) else self.active

    @property
    def fewest(self) -> int:
        """Return the samples up to which pass@k is measured; 0 where only pass@1 is known."""
        if self.rated:
            return int(self.k[-1])
        return int(self.samples.min()) if self.counted else 0

    @property
    def usual(self) -> int:
        """Return the median number of samples of a problem; 0 where only pass@1 is known."""
        return self.fewest if self.rated or not self.counted else int(median(self.samples))

    def measured(self, k: float) -> float:
        """Return pass@k as it was measured, of counts without bias; nan where it was not."""
        if k == 1 and not self.rated:
            return self.pass1
        if self.rated:
            at = np.flatnonzero(self.k == k)
            return float(self.rates[at[0]]) if at.size else math.nan
        if not 1 <= k <= self.fewest:
            return math.nan
        return float(pass_at_k(self.samples, self.correct, k=int(k)).mean())

    @property
    def curve(self) -> tuple[Array, Array]:
        """Return numbers of samples and the pass@k measured at them: those of a table, or some up to the fewest."""
        if self.rated:
            return self.k, self.rates
        k = np.unique(np.geomspace(1, max(self.fewest, 1), _POINTS).round())
        return k, np.array([self.measured(one) for one in k])

    def cut(self, most: int, *, seed: int = 0) -> Attempts:
        """Return what had been known from `most` samples of each problem: some of those drawn, or the first k."""
        if self.rated:
            keep = self.k <= most
            return replace(self, k=self.k[keep], rates=self.rates[keep], known_samples=max(self.known_samples, most))
        right = np.random.default_rng(seed).hypergeometric(
            self.correct.astype(int), (self.samples - self.correct).astype(int), most
        )
        return replace(self, samples=np.full(right.shape, float(most)), correct=right.astype(float),
                       pass1=float((right / most).mean()))  # fmt: skip

    @staticmethod
    def of(samples: Any, correct: Any, *, name: str = "model", **about: Any) -> Attempts:
        """Return the attempts of one model from numbers: samples (one, or one for each problem) and correct ones."""
        n, c = np.broadcast_arrays(np.atleast_1d(np.asarray(samples, float)), np.atleast_1d(np.asarray(correct, float)))
        names = tuple(str(place) for place in range(1, n.size + 1))
        bad = unsound(n, c)
        if bad.any():
            place = int(np.argmax(bad))
            raise DataError(f"problem {place + 1}: {c[place]:g} correct of {n[place]:g} samples. {SOUND}")
        return Attempts(name, names, n, c, float((c / n).mean()), float(n.size), **about)


SOUND = "Give whole numbers, at least 1 sample of a problem and no more correct than samples."


def unsound(samples: Array, correct: Array) -> NDArray[np.bool_]:
    """Return which pairs are no counts."""
    whole = (samples == np.round(samples)) & (correct == np.round(correct))
    return np.asarray(~(whole & (samples >= 1) & (samples <= MOST_SAMPLES) & (correct >= 0) & (correct <= samples)))


class PowerLaw(NamedTuple):
    """-log pass@k = a k^-b, the form that Brown et al. 2024 (arXiv:2407.21787) find in coverage."""

    a: float
    b: float

    def __call__(self, k: float) -> float:
        """Return pass@k."""
        return math.exp(-self.a * k**-self.b)


def power_law(attempts: Attempts) -> PowerLaw:
    """Return the power law through the measured pass@k, by least squares in both logarithms; nan where none is."""
    k, passed = attempts.curve
    good = (passed > 0) & (passed < 1)
    if good.sum() < 3:
        return PowerLaw(math.nan, math.nan)
    slope, middle = np.polyfit(np.log(k[good]), np.log(-np.log(passed[good])), 1)
    return PowerLaw(math.exp(middle), -float(slope))
