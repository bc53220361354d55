"""From logs to one table: which key is N, D, C and the loss, where it comes from, and which evaluation counts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from isoflop.data.readers.logs import MAX_KEYS, Cell, Floats, Logged, Series
from isoflop.data.runs.cells import RawTable
from isoflop.data.runs.columns import LETTERS, is_perplexity, letter_of
from isoflop.errors import DataError, UsageError, shown
from isoflop.quantities import parse_quantity

Place = Literal["metrics", "config", "summary"]
Origin = Literal["metrics", "config", "summary", "step", "number", "column", "study", "dataset"]
"""Where a part of a column comes from: of a log the first five, of a table a column."""

Places = Mapping[Place, list[str]]
"""The keys in each place."""

_ORDER: Mapping[str, tuple[Place, ...]] = {
    "N": ("config", "summary", "metrics"),
    "loss": ("metrics", "summary"),
}
"""Where each letter is looked for, first to last; others: what was reached comes before what was planned."""
_ELSE: tuple[Place, ...] = ("metrics", "summary", "config")
_WANTED = ("N", "D", "C", "loss")
_OWN = ("run", "status", "step")
_RATES = frozenset({"flops", "flop", "compute", "steps"})
"""Words that in a key such as perf/flops count something a second; alone they stand for a letter."""


@dataclass(frozen=True)
class Rule:
    """Which evaluation of a run counts.

    final   last, best (the lowest), or mean:K (the mean of the last K, at the last one's step)
    smooth  each evaluation is first replaced by the mean of it and the K - 1 before it
    curves  every evaluation is a row
    """

    final: str = "last"
    smooth: int = 1
    curves: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"last|best|mean:[1-9]\d{0,5}", self.final):
            raise UsageError(f'"{shown(self.final)}" is no rule for the final loss. Say last, best or mean:5.')
        if not 1 <= self.smooth <= 10**6:
            raise UsageError("--smooth is a number of evaluations, 1 or more.")
        if self.curves and self.final != "last":
            raise UsageError("curves keep every evaluation, and --final says which one counts. Say one of the two.")

    def __str__(self) -> str:
        said = {"last": "its last evaluation", "best": "its lowest evaluation"}.get(self.final)
        said = f"the loss of a run is {said or f'the mean of its last {self.final[5:]} evaluations'}"
        said = "every evaluation of a run is a row" if self.curves else said
        return said if self.smooth == 1 else f"{said}, each the mean of {self.smooth}"

    def of(self, found: Series) -> tuple[Floats, Floats]:
        """Give the steps and the losses that count."""
        steps, values = found.steps, _smoothed(found.values, self.smooth)
        if self.curves or not len(values):
            return steps, values
        if self.final == "best":
            rows = [int(np.nanargmin(values))] if np.isfinite(values).any() else [-1]
            return steps[rows], values[rows]
        last = 1 if self.final == "last" else int(self.final[5:])
        return steps[-1:], np.array([values[-last:].mean()])


def _smoothed(values: Floats, count: int) -> Floats:
    if count == 1 or len(values) < 2:
        return values
    return np.array([values[max(0, place - count + 1) : place + 1].mean() for place in range(len(values))])


@dataclass(frozen=True)
class Taken:
    """Where one column comes from: keys or numbers, multiplied where there are several."""

    letter: str
    parts: tuple[tuple[str, Origin], ...]

    def as_dict(self) -> dict[str, str]:
        """Give the column as it stands in the JSON."""
        return {"column": self.letter, "key": self.key, "from": self.place}

    @property
    def key(self) -> str:
        """The key, as one would type it."""
        return "*".join(key for key, _ in self.parts)

    @property
    def place(self) -> str:
        """Where the keys are: config, metrics, summary."""
        return " × ".join(dict.fromkeys(place for _, place in self.parts))

    def of(self, run: Logged, steps: Floats) -> Floats:
        """Give the values for a run at these steps; nan where it has none."""
        found = np.ones(len(steps))
        for key, place in self.parts:
            if place == "number":
                found = found * parse_quantity(key)
            elif place == "step":
                found = found * steps
            elif place == "metrics":
                found = found * (run.metrics[key].at(steps) if key in run.metrics else np.nan)
            else:
                found = found * _quantity(getattr(run, place).get(key))
        return found

    def cells(self, run: Logged, steps: Floats) -> list[Cell]:
        """Give the values for a run as cells of a table: a setting under another name stays the text that it is."""
        (key, place), *more = self.parts
        if self.letter not in LETTERS and not more and place in {"config", "summary"}:
            return [getattr(run, place).get(key)] * len(steps)
        return [*self.of(run, steps).tolist()]


def _quantity(cell: Cell) -> float:
    """Give a setting as a number, "70B" too; nan for what is none."""
    if isinstance(cell, str):
        try:
            return parse_quantity(cell)
        except UsageError:
            return float("nan")
    return float("nan") if cell is None or isinstance(cell, bool) else cell


def choose(runs: Sequence[Logged], asked: Mapping[str, str], source: str) -> tuple[Taken, ...]:
    """Give where N, D, C, the loss and what else was asked for come from; a letter that nothing stands for is left out.

    Raises DataError for a key that no run has, and where two keys could be one letter.
    """
    places = _places(runs)
    found = [_asked(letter, key, places, source=source) for letter, key in asked.items()]
    alone = (_alone(letter, runs, places, source=source) for letter in _WANTED if letter not in asked)
    found += [taken for taken in alone if taken is not None]
    for one in found:
        if one.letter == "loss" and is_perplexity(one.key):
            raise DataError(f"{source}: {one.key} is perplexity; the loss is its logarithm. Say which is: --loss KEY.")
    return tuple(sorted(found, key=lambda one: [*_WANTED, one.letter].index(one.letter)))


def _places(runs: Sequence[Logged]) -> Places:
    """Give the keys in each place, as the runs have them."""
    return {
        "metrics": list(dict.fromkeys(key for run in runs for key in run.metrics)),
        "config": list(dict.fromkeys(key for run in runs for key in run.config)),
        "summary": list(dict.fromkeys(key for run in runs for key in run.summary)),
    }


def _asked(letter: str, typed: str, places: Places, *, source: str) -> Taken:
    whole = _part(letter, typed, places)
    parts = [whole] if whole else [_part(letter, part.strip(), places) for part in typed.split("*")]
    if not all(parts):
        raise DataError(f'{source}: there is no key "{shown(typed)}" to be {letter}; {_listed(places)}.')
    return Taken(letter, tuple(part for part in parts if part))


def _part(letter: str, typed: str, places: Places) -> tuple[str, Origin] | None:
    for place in _ORDER.get(letter, _ELSE):
        for key in (typed, typed.removeprefix(f"{place}.")):
            if key in places[place]:
                return key, place
    if typed == "step":
        return typed, "step"
    try:
        parse_quantity(typed)
    except UsageError:
        return None
    return typed, "number"


def _alone(letter: str, runs: Sequence[Logged], places: Places, *, source: str) -> Taken | None:
    """Give the one key that stands for a letter: by the format, or else by its name; None for none."""
    for place in _ORDER.get(letter, _ELSE):
        known = list(dict.fromkeys(run.known[letter] for run in runs if letter in run.known))
        keys = [key for key in known if key in places[place]]
        keys = keys or [key for key in places[place] if _stands_for(key, place) == letter]
        keys = _different(keys, place, runs)
        if len(keys) > 1:
            listed = " and ".join(f'"{shown(key)}"' for key in keys[:4])
            raise DataError(
                f"{source}: the keys {listed} could each be {letter} ({LETTERS[letter]}). "
                f'Say which: --{letter} "{shown(keys[0])}".'
            )
        if keys:
            return Taken(letter, ((keys[0], place),))
    return None


def _stands_for(key: str, place: Place) -> str | None:
    """Give the letter that a key stands for by its name: all of it, or, but for the loss, what follows / or a dot."""
    whole = letter_of(re.sub(r"[/.:]", "_", key)) or (key if key in LETTERS else None)
    last = re.split(r"[/.]", key)[-1]
    if whole is not None or last == key or (place == "metrics" and last.lower() in _RATES):
        return whole
    part = letter_of(last)
    return None if part == "loss" else part


def _different(keys: list[str], place: Place, runs: Sequence[Logged]) -> list[str]:
    """Give the keys without those that say the same as an earlier one in every run."""
    if place == "metrics":
        return keys
    rows = {key: tuple(str(_quantity(getattr(run, place).get(key))) for run in runs) for key in keys}
    return [key for number, key in enumerate(keys) if rows[key] not in [rows[one] for one in keys[:number]]]


def missing(taken: Sequence[Taken], runs: Sequence[Logged]) -> str:
    """Give in one line what is still to be said, with what to type; empty if all is there."""
    letters = {one.letter for one in taken}
    places = _places(runs)
    asked = []
    if "loss" not in letters:
        asked.append("--loss KEY")
    if len(letters & {"N", "D", "C"}) < 2:
        asked += ["--N KEY"] if "N" not in letters else []
        asked += ['--D KEY (or --D "step*TOKENS")'] if "D" not in letters else []
    if not asked:
        return ""
    what = " and ".join(one.split()[0].removeprefix("--") for one in asked)
    return f"{what} {'is' if len(asked) == 1 else 'are'} missing; {_listed(places)}. Say {', '.join(asked)}."


def _listed(places: Places) -> str:
    """Give the first keys of each place, for a message."""
    told = []
    for place, keys in places.items():
        if named := [shown(key) for key in keys if not key.startswith("_")]:
            verb = "have" if place == "metrics" else "has"
            told.append(f"{place} {verb} {', '.join(named[:8])}{', …' * (len(named) > 8)}")
    return "; ".join(told) or "there are no keys"


def table(runs: Sequence[Logged], taken: Sequence[Taken], rule: Rule, *, source: str) -> RawTable:
    """Give a row for each run, or for each of its evaluations: its name, what was taken, its settings."""
    loss = next((one for one in taken if one.letter == "loss"), None)
    parts = [_rows(run, taken, loss=loss, rule=rule) for run in runs]
    names = [one.letter for one in taken]
    status = any(run.status for run in runs)
    columns: dict[str, list[Any]] = {"run": [], **({"status": []} if status else {}), "step": []}
    columns |= {name: [] for name in names}
    used = {key for one in taken for key, place in one.parts if place == "config" and len(one.parts) == 1}
    settings = [key for key in _places(runs)["config"] if key not in used]
    if len(settings) > MAX_KEYS:
        raise DataError(f"{source}: the runs have {len(settings)} settings. Name fewer runs, or export a table.")
    titles = {key: f"config.{key}" if key in columns or key in LETTERS else key for key in settings}
    columns |= {title: [] for title in titles.values()}
    for run, found in zip(runs, parts, strict=True):
        count = len(found["step"])
        for name, values in found.items():
            columns[name] += values
        columns["run"] += [run.name] * count
        if status:
            columns["status"] += [run.status] * count
        for key, title in titles.items():
            columns[title] += [run.config.get(key)] * count
    kept = {name: cells for name, cells in columns.items() if name != "step" or not all(map(math.isnan, cells))}
    return RawTable(source, tuple(kept), tuple(kept.values()), np.arange(1, len(columns["run"]) + 1))


def _rows(run: Logged, taken: Sequence[Taken], *, loss: Taken | None, rule: Rule) -> dict[str, list[Cell]]:
    """Give the step and what was taken, for each evaluation of a run that counts; one row where there is none."""
    key = next((key for key, place in loss.parts if place == "metrics"), "") if loss is not None else ""
    if loss is not None and key in run.metrics:
        logged = run.metrics[key]
        steps, losses = rule.of(logged if loss.key == key else Series(logged.steps, loss.of(run, logged.steps)))
    else:
        steps = np.array([run.last_step])
        losses = np.full(1, np.nan) if loss is None else loss.of(run, steps)
    found = {one.letter: losses.tolist() if one is loss else one.cells(run, steps) for one in taken}
    return {"step": steps.tolist(), **found}
