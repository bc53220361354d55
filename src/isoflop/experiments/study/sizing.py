"""The configuration of a run of N parameters and so many FLOPs, learnt from how the runs so far came by theirs.

A command is told a width, or a number of layers and a rate, seldom N. Which settings give which N is in the runs
that have ended: a size that was trained is taken as it was; between and beyond such sizes, the one setting that
rises with N is a power law of it from each size to the next, rounded to the step that the runs keep to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from isoflop.compute.flops import rule_named
from isoflop.errors import DataError, UsageError, shown
from isoflop.experiments.study.description import read_value
from isoflop.experiments.study.planned import Study
from isoflop.experiments.study.progress import folders
from isoflop.experiments.study.results import read_result
from isoflop.experiments.study.settings import GIVEN, Value, suggestion

SAME = 1e-6
"""Numbers of parameters within this share are of one size."""


class Known(NamedTuple):
    """A run that has ended well: its configuration, and the N and D that it reported."""

    config: Mapping[str, Value]
    N: float
    D: float


@dataclass(frozen=True)
class Sized:
    """A configuration, and the N and D that its run should have.

    chosen  the settings that N and D hang on, with their values here
    tried   whether runs of this very size have ended
    """

    config: dict[str, Value]
    N: float
    D: float
    chosen: Mapping[str, Value]
    tried: bool


@dataclass(frozen=True)
class _Key:
    """The setting on which N, or D, hangs: its values in rising order, what they gave, and the step they keep to."""

    name: str
    values: Sequence[float]
    gave: Sequence[float]
    step: int = 0

    def choose(self, chosen: dict[str, Value], wanted: float) -> float:
        """Return the N or D of the value chosen; where there is none, choose what comes nearest to the wanted one."""
        if self.name not in chosen:
            value = _on_line(self.gave, self.values, wanted)
            whole = max(self.step, self.step * round(value / self.step)) if self.step else None
            chosen[self.name] = float(f"{value:.4g}") if whole is None else whole
        return _on_line(self.values, self.gave, _number(self.name, chosen[self.name]))


def ended_well(study: Study) -> list[Known]:
    """Return the runs that have ended with a loss and said their N and D."""
    begun, found = folders(study), []
    for run in study.runs:
        result = read_result(study.folder_of(run)) if run.id in begun else None
        if result is not None and None not in (result.loss, result.N, result.D):
            found.append(Known(run.config, result.N or 0.0, result.D or 0.0))
    return found


def sized(
    study: Study, N: float, flops: float, *, within: tuple[float, float], told: Mapping[str, str] | None = None
) -> Sized:
    """Return the configuration of a run of about N parameters that costs so many FLOPs.

    within  sizes as good as N: one that was trained is taken before one that was not
    told    settings the user decides

    Raises UsageError, saying what to tell, where the runs do not show which settings give such an N or D.
    """
    known = _known(study)
    given = _told(told or {}, known)
    size, tokens = (_key(study, letter, known) for letter in "ND")
    free = _varied(known) - {one.name for one in (size, tokens) if one}
    decided = size.name in given if size else bool(free & given.keys())
    near = [one for one in known if within[0] <= one.N <= within[1]] if not decided else []
    start = min(near or known, key=lambda one: (round(abs(math.log(one.N / N)), 6), -one.D))
    chosen = dict(given)
    if near:
        N = start.N
        chosen |= {size.name: start.config[size.name]} if size else {}
    elif size:
        N = float(round(size.choose(chosen, N)))
    elif not decided:
        raise UsageError(_untold("N", N, free))
    D = float(rule_named(study.settings.flop_rule).tokens(N, flops))
    if tokens:
        D = tokens.choose(chosen, D)
    elif not free & given.keys():
        raise UsageError(_untold("D", D, free))
    tried = any(abs(one.N / N - 1) <= SAME for one in known)
    return Sized({**start.config, **chosen}, N, D, chosen, tried)


def _known(study: Study) -> list[Known]:
    """Return what is known of runs: those that have ended well, or, before any has, those that name their N and D."""
    if found := ended_well(study):
        return found
    letters = [[study.settings.letter(letter, run.config) for letter in "ND"] for run in study.runs]
    planned = [
        Known(run.config, N, D) for run, (N, D) in zip(study.runs, letters, strict=True) if N and D and N > 0 and D > 0
    ]
    if not planned:
        raise DataError(
            f"{study.folder}: none of its {len(study)} runs has ended with N, D and a loss, so nothing shows which "
            f"settings give which N. Say isoflop study run {study.folder}."
        )
    return planned


def _key(study: Study, letter: str, known: Sequence[Known]) -> _Key | None:
    """Return the setting on which N or D hangs: the one of that name, or the only one that rises as it does."""
    for name in study.settings.keys(letter):
        if all(_is_number(one.config.get(name)) for one in known):
            return _Key(name, (1.0, 2.0), (1.0, 2.0), 1)
    found = [key for name in known[0].config if (key := _rising(name, letter, known)) is not None]
    return found[0] if len(found) == 1 else None


def _rising(name: str, letter: str, known: Sequence[Known]) -> _Key | None:
    """Return a setting on which N or D may hang: each of its values gave one, and a larger value a larger one."""
    gave: dict[float, float] = {}
    for one in known:
        value, reached = one.config.get(name), getattr(one, letter)
        if not _is_number(value) or value <= 0 or abs(gave.setdefault(value, reached) / reached - 1) > SAME:  # type: ignore[operator,arg-type]
            return None
    values = sorted(gave)
    rises = len(values) > 1 and all(gave[low] * (1 + SAME) < gave[high] for low, high in pairwise(values))
    whole = all(float(value).is_integer() for value in values)
    step = (1 if letter == "D" else math.gcd(*map(int, values))) if whole else 0
    return _Key(name, values, [gave[value] for value in values], step) if rises else None


def _on_line(x: Sequence[float], y: Sequence[float], at: float) -> float:
    """Return y at a point on the straight lines between points in logarithms, the first and last going on."""
    place = min(max(sum(one < at for one in x), 1), len(x) - 1)
    (x0, x1), (y0, y1) = x[place - 1 : place + 1], y[place - 1 : place + 1]
    return float(y0 * (at / x0) ** (math.log(y1 / y0) / math.log(x1 / x0)))


def _told(told: Mapping[str, str], known: Sequence[Known]) -> dict[str, Value]:
    settings = dict.fromkeys(name for one in known for name in one.config)
    for name in told:
        if name not in settings or name in GIVEN:
            raise UsageError(f'no run has a setting "{shown(name)}".{suggestion(name, list(settings))}')
    return {name: read_value(value, name) for name, value in told.items()}


def _varied(known: Sequence[Known]) -> set[str]:
    """Return the settings that are numbers and not the same in all runs."""
    values = {name: {one.config.get(name) for one in known} for name in known[0].config}
    return {name for name, found in values.items() if len(found) > 1 and all(map(_is_number, found))}


def _untold(letter: str, wanted: float, free: set[str]) -> str:
    """Say that no setting alone gives N or D, and what to say."""
    words = " ".join(f"--set {name}=…" for name in sorted(free)) or "--set NAME=VALUE"
    what = {"N": "parameters", "D": "tokens"}[letter]
    return (
        f"{wanted:.3g} {what} are wanted, and no setting alone gives {letter} in the runs that have ended. "
        f"Say what gives it: {words}."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(name: str, value: Value) -> float:
    if isinstance(value, bool | str) or not value > 0:
        raise UsageError(f"{name}={shown(str(value))} must be a number above zero, as in --set {name}=80.")
    return float(value)
