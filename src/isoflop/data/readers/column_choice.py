"""From logs to one table: which key is N, D, C and the loss, where it comes from, and which evaluation counts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np

from isoflop.data.limits import MAX_KEYS
from isoflop.data.readers.clock import strange_clocks
from isoflop.data.readers.counted import Rule
from isoflop.data.readers.logs import Cell, Logged, Series
from isoflop.data.runs.cells import RawTable
from isoflop.data.runs.columns import (
    LETTERS,
    Meaning,
    is_held_out,
    is_perplexity,
    meaning,
    normal,
    pick,
    stated_unit,
    with_unit,
)  # fmt: skip
from isoflop.data.runs.expressions import Expression, UnknownKeyError, only_key, parse_expression
from isoflop.data.runs.units import Unit
from isoflop.errors import DataError, UsageError, shown
from isoflop.findings import json_of
from isoflop.formula.arrays import Array
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
_STEP, CALLS = "step", "log calls"
"""The column of steps, and its name where they count a tracker's calls instead of the optimiser's steps."""


@dataclass(frozen=True)
class Taken:
    """Where one column comes from: an expression of keys, each with the place it stands in.

    parts       the keys in the expression and where each is
    expression  over the keys as typed; of one part it is that part
    unit        the unit that the key's name states
    others      what it comes from in runs without those keys: a format may have several forms
    """

    letter: str
    parts: tuple[tuple[str, Origin], ...]
    expression: Expression | None = None
    unit: Unit | None = None
    others: tuple[Taken, ...] = ()

    @property
    def forms(self) -> tuple[Taken, ...]:
        """Every way in which the column is taken, the usual one first."""
        return (self, *self.others)

    def as_dict(self) -> dict[str, str]:
        """Return the column as it stands in the JSON."""
        return json_of(self, "column=letter key from=place")

    @property
    def key(self) -> str:
        """The key, as one would type it."""
        text = self.parts[0][0] if self.expression is None or self.expression.key else self.expression.text
        return with_unit(text, self.unit)

    @property
    def place(self) -> str:
        """Where the keys are: config, metrics, summary."""
        return " × ".join(dict.fromkeys(place for _, place in self.parts)) or "number"

    @property
    def alone(self) -> str:
        """The one key that the column is, without any arithmetic; empty for anything else."""
        return self.parts[0][0] if self.expression is None or self.expression.key else ""

    def of(self, run: Logged, steps: Array) -> Array:
        """Return the values for a run at these steps; nan where it has none."""
        if (form := self.form_of(run)) is not self:
            return form.of(run, steps)
        values = [_values(run, part, steps) for part in self.parts]
        if self.expression is not None and not self.expression.keys:
            return np.full(len(steps), float(self.expression.evaluate({})))
        factor = 1.0 if self.unit is None else self.unit.factor
        if self.expression is None:
            return values[0] * factor
        typed = dict(zip(self.expression.keys, values, strict=True))
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(self.expression.evaluate(typed), float), steps.shape) * factor

    def form_of(self, run: Logged) -> Taken:
        """Return the first form of which a run has every key; without any, the usual one."""
        return next((one for one in self.forms if all(_has(run, part) for part in one.parts)), self)

    def cells(self, run: Logged, steps: Array) -> list[Cell]:
        """Return the values for a run as cells of a table: a setting under another name stays the text that it is."""
        if self.letter not in LETTERS and self.alone and self.parts[0][1] in {"config", "summary"}:
            key, place = self.parts[0]
            return [getattr(run, place).get(key)] * len(steps)
        return [*self.of(run, steps).tolist()]


def _has(run: Logged, part: tuple[str, Origin]) -> bool:
    key, place = part
    return place in {"step", "number"} or key in getattr(run, place)


def _values(run: Logged, part: tuple[str, Origin], steps: Array) -> Array:
    key, place = part
    if place == "step":
        return steps
    if place == "number":
        return np.full(len(steps), parse_quantity(key))
    if place == "metrics":
        return run.metrics[key].at(steps) if key in run.metrics else np.full(len(steps), np.nan)
    return np.full(len(steps), _quantity(getattr(run, place).get(key)))


def _quantity(cell: Cell) -> float:
    """Return a setting as a number, "70B" too; nan for what is none."""
    if isinstance(cell, str):
        try:
            return parse_quantity(cell)
        except UsageError:
            return float("nan")
    return float("nan") if cell is None or isinstance(cell, bool) else cell


def choose(runs: Sequence[Logged], asked: Mapping[str, str], source: str) -> tuple[Taken, ...]:
    """Return where N, D, C, the loss and what else was asked for come from; what nothing stands for is left out.

    Raises DataError for a key that no run has, and in one message for all letters that several keys could be.
    """
    places = _places(runs)
    found = [_asked(letter, key, places, source=source) for letter, key in asked.items()]
    doubts: list[str] = []
    for letter in _WANTED:
        if letter not in asked:
            try:
                alone = _alone(letter, runs, places, source=source)
            except DataError as several:
                doubts.append(str(several).removeprefix(f"{source}: "))
            else:
                found += [] if alone is None else [alone]
    if doubts:
        raise DataError(f"{source}: {' '.join(doubts)}")
    for one in found:
        if one.letter == "loss" and is_perplexity(one.key):
            remedy = f"Say --loss 'ln({one.key})', or --loss KEY."
            raise DataError(f"{source}: {one.key} is perplexity; the loss is its logarithm. {remedy}")
    return tuple(sorted(found, key=lambda one: [*_WANTED, one.letter].index(one.letter)))


def _places(runs: Sequence[Logged]) -> Places:
    """Return the keys in each place, as the runs have them."""
    return {
        "metrics": list(dict.fromkeys(key for run in runs for key in run.metrics)),
        "config": list(dict.fromkeys(key for run in runs for key in run.config)),
        "summary": list(dict.fromkeys(key for run in runs for key in run.summary)),
    }


def _asked(letter: str, typed: str, places: Places, *, source: str) -> Taken:
    """Return where a column comes from that the user names."""
    words = _words(letter, places)
    try:
        found = parse_expression(typed, words)
    except UnknownKeyError as unknown:
        near = get_close_matches(unknown.word, words, n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise DataError(
            f'{source}: there is no key "{shown(typed)}" to be {letter}; {_listed(places)}.{hint}'
        ) from None
    parts = tuple(words[key] for key in found.keys)
    unit = stated_unit(letter, parts[0][0]) if found.key is not None and letter in LETTERS else None
    if not parts:
        return Taken(letter, ((typed.strip(), "number"),) if _is_quantity(typed) else (), found)
    return Taken(letter, parts, found, unit)


def _is_quantity(typed: str) -> bool:
    return not math.isnan(_quantity(typed))


def _words(letter: str, places: Places) -> dict[str, tuple[str, Origin]]:
    """Return what may be typed for each key: the key, after its place, and its last part where no other has it."""
    order = _ORDER.get(letter, _ELSE)
    order = (*order, *(place for place in _ELSE if place not in order))
    last: dict[str, list[tuple[str, Origin]]] = {}
    words: dict[str, tuple[str, Origin]] = {}
    for place in order:
        for key in places[place]:
            words.setdefault(key, (key, place))
            words.setdefault(f"{place}.{key}", (key, place))
            if (end := re.split(r"[/.]", key)[-1]) not in {key, ""}:
                last.setdefault(end, []).append((key, place))
    for end, keys in last.items():
        if len(keys) == 1:
            words.setdefault(end, keys[0])
    words.setdefault(_STEP, (_STEP, "step"))
    return words


def _alone(letter: str, runs: Sequence[Logged], places: Places, *, source: str) -> Taken | None:
    """Return what stands for a letter: by the format, or else the key with its name; None for none."""
    forms: list[Taken] = []
    for known in dict.fromkeys(run.known[letter] for run in runs if letter in run.known):
        if not (known or forms):
            return None  # the format says that none of its keys is this
        forms += [taken] if known and (taken := _by_format(letter, known, places)) is not None else []
    if forms:
        return replace(forms[0], others=tuple(forms[1:]))
    for place in _ORDER.get(letter, _ELSE):
        means = _means(letter, places[place], place)
        keys = [key for key, one in means.items() if one and one.letter == letter]
        if place == "metrics" and letter in {"C", "D"}:
            keys = [key for key in keys if key == letter or _adds_up(key, runs)]  # D by its own letter is the run's
        keys = _different(keys, place, runs)
        chosen = pick(letter, {key: means[key] for key in keys}, source, what="keys")
        if chosen is not None:
            found = means[chosen]
            return Taken(letter, ((chosen, place),), only_key(chosen), None if found is None else found.unit)
    return None


def _by_format(letter: str, known: str, places: Places) -> Taken | None:
    """Return what a format says a letter is, where the keys for it are there."""
    words = _words(letter, places)
    try:
        found = parse_expression(known, words)
    except UnknownKeyError:
        return None
    return Taken(letter, tuple(words[key] for key in found.keys), found)


def _means(letter: str, keys: Sequence[str], place: Place) -> dict[str, Meaning | None]:
    """Return what each key stands for; beside a held-out loss, a plain one is the training's, and all tokens count."""
    means = {key: _meaning(key, place) for key in keys}
    of_letter = [key for key, one in means.items() if one is not None and one.letter == letter]
    if letter == "loss" and any(is_held_out(key) for key in of_letter):
        means |= {key: None for key in of_letter if not is_held_out(key)}
    if letter == "D" and (whole := [key for key in of_letter if "total" in key.casefold()]):
        means |= {key: None for key in of_letter if key not in whole}
    return means


def _meaning(key: str, place: Place) -> Meaning | None:
    """Return what a key stands for by its name; a rate, such as perf/flops, and a plan of steps are no letter."""
    found = meaning(key)
    if found is None or found.letter not in _WANTED:
        return None
    return None if found.letter == "loss" and place == "config" else found


def _adds_up(key: str, runs: Sequence[Logged]) -> bool:
    """Return whether a metric may be tokens or FLOPs in all: it never falls, and grows, as no rate or batch does."""
    logged = (run.metrics[key].values for run in runs if key in run.metrics)
    found = (values[np.isfinite(values)] for values in logged)
    return all(len(one) < 2 or ((np.diff(one) >= 0).all() and one[-1] > one[0]) for one in found)


def _different(keys: list[str], place: Place, runs: Sequence[Logged]) -> list[str]:
    """Return the keys without those that say the same as an earlier one in every run."""
    if place == "metrics":
        return keys
    rows = {key: tuple(str(_quantity(getattr(run, place).get(key))) for run in runs) for key in keys}
    return [key for number, key in enumerate(keys) if rows[key] not in [rows[one] for one in keys[:number]]]


def missing(letters: set[str], runs: Sequence[Logged]) -> str:
    """Return in one line what is still to be said, with what to type; empty if all is there."""
    asked = []
    if "loss" not in letters:
        asked.append("--loss KEY")
    if len(letters & {"N", "D", "C"}) < 2:
        asked += ["--N KEY"] if "N" not in letters else []
        asked += [_tokens_asked(runs)] if "D" not in letters else []
    if not asked:
        return ""
    what = " and ".join(one.split()[0].removeprefix("--") for one in asked)
    return f"{what} {'is' if len(asked) == 1 else 'are'} missing; {_listed(_places(runs))}. Say {', '.join(asked)}."


def _tokens_asked(runs: Sequence[Logged]) -> str:
    """Return what to type for D: with the count of samples that a log has, or its steps."""
    samples = next(
        (key for key in _places(runs)["metrics"] if "samples" in normal(key) and "persec" not in normal(key)), ""
    )
    return f"--D '{shown(samples)}*SEQUENCE_LENGTH'" if samples else '--D KEY (or --D "step*TOKENS")'


def _listed(places: Places) -> str:
    """Return the first keys of each place, for a message."""
    told = []
    for place, keys in places.items():
        if named := [shown(key) for key in keys if not key.startswith("_")]:
            verb = "have" if place == "metrics" else "has"
            told.append(f"{place} {verb} {', '.join(named[:8])}{', …' * (len(named) > 8)}")
    return "; ".join(told) or "there are no keys"


def sizes_of(runs: Sequence[Logged], taken: Sequence[Taken]) -> list[float]:
    """Return the N of each run at its end; nan where nothing says it."""
    found = [one for one in taken if one.letter == "N"]
    return [float(found[0].of(run, np.array([run.last_step]))[0]) if found else math.nan for run in runs]


def table(runs: Sequence[Logged], taken: Sequence[Taken], rule: Rule, *, source: str) -> RawTable:
    """Return a row for each run, or for each of its evaluations: its name, what was taken, its settings."""
    loss = next((one for one in taken if one.letter == "loss"), None)
    parts = [_rows(run, taken, loss=loss, rule=rule) for run in runs]
    names = [one.letter for one in taken]
    status = any(run.status for run in runs)
    columns: dict[str, list[Any]] = {"run": [], **({"status": []} if status else {}), "step": []}
    columns |= {name: [] for name in names}
    used = {one.alone for one in taken if one.alone and one.place == "config"}
    settings = [key for key in _places(runs)["config"] if key not in used]
    if len(settings) > MAX_KEYS:
        raise DataError(f"{source}: the runs have {len(settings)} settings. Name fewer runs, or export a table.")
    titles = {key: _title(key, columns) for key in settings}
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
    kept = {name: cells for name, cells in columns.items() if name != _STEP or not all(map(math.isnan, cells))}
    strange = () if _STEP in names else strange_clocks(runs)
    titles = {_STEP: CALLS} if strange else {}
    return RawTable(
        source, tuple(titles.get(name, name) for name in kept), tuple(kept.values()),
        np.arange(1, len(columns["run"]) + 1), logged=True, findings=strange, called=_called(taken),
    )  # fmt: skip


def _called(taken: Sequence[Taken]) -> dict[str, tuple[str, float]]:
    """Return the own key of each letter that is one key, and how many base units one of its units is."""
    return {one.alone: (one.letter, 1.0 if one.unit is None else one.unit.factor)
            for one in taken if one.alone and one.alone != one.letter}  # fmt: skip


def _title(key: str, taken: Mapping[str, Any]) -> str:
    """Return the name of a setting's column: one that would be a letter, or is there already, says "config."."""
    found = meaning(key)
    letter = found is not None and (found.letter in _WANTED or normal(key) == normal(found.letter))
    return f"config.{key}" if key in taken or letter else key


def _rows(run: Logged, taken: Sequence[Taken], *, loss: Taken | None, rule: Rule) -> dict[str, list[Cell]]:
    """Return the step and what was taken, for each evaluation of a run that counts; one row where there is none."""
    taken = [one.form_of(run) for one in taken]
    loss = None if loss is None else loss.form_of(run)
    key = next((key for key, place in loss.parts if place == "metrics"), "") if loss is not None else ""
    if loss is not None and key in run.metrics:
        logged = run.metrics[key]
        plain = loss.alone == key and loss.unit is None
        steps, losses = rule.of(logged if plain else Series(logged.steps, loss.of(run, logged.steps)))
    else:
        steps = np.array([run.last_step])
        losses = np.full(1, np.nan) if loss is None else loss.of(run, steps)
    found = {one.letter: losses.tolist() if one is loss else one.cells(run, steps) for one in taken}
    return {"step": steps.tolist(), **found}
