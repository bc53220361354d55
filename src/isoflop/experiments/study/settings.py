"""Settings of a study: everything study.toml says apart from the runs themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from isoflop.errors import DataError, shown

Value = bool | int | float | str
"""What a run's configuration holds."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""Names of studies and runs; the first character keeps them from being options or hidden files."""
LETTER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Keys of a configuration, so that {key} can stand in the command."""
_STEPS = ("steps", "max_steps")
"""What a configuration may call the number of its steps."""
GIVEN = ("python", "config", "folder", "name", "id")
"""What a command may ask for besides the run's configuration."""
_USUAL = {"N": ("N", "params"), "D": ("D", "tokens")}
_PLACE = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")  # ${HOME} stays as it is


@dataclass(frozen=True)
class Settings:
    """How the runs of a study are run and read.

    command      the command as a list of words; {key} in a word stands for a run's value
    directory    where the command runs, relative to the study's folder
    code, data   what the user calls the code and the data; part of every run's id
    columns      N, D, loss -> the key under which the command reports it, or the configuration has it
    workers      runs at a time; None is one for each core
    retries      how often a run that failed is tried again
    heartbeat    seconds between signs of life; a worker elsewhere that misses three is dead
    threads      what OMP_NUM_THREADS and its kin say to each run
    environment  names of variables that runs see besides the usual ones
    """

    name: str
    command: tuple[str, ...]
    directory: str = "."
    code: str = ""
    data: str = ""
    columns: Mapping[str, str] | None = None
    workers: int | None = None
    retries: int = 2
    heartbeat: float = 10.0
    threads: int = 1
    environment: tuple[str, ...] = ()
    flop_rule: str = "6ND"
    dollars_per_hour: float | None = None

    @property
    def places(self) -> frozenset[str]:
        """Return the names in braces in the command."""
        return _places(self.command)

    def column(self, letter: str) -> str:
        """Return the key under which N, D or the loss is reported."""
        return (self.columns or {}).get(letter, letter)

    def keys(self, letter: str) -> tuple[str, ...]:
        """Return the keys under which N, D or the loss may be reported, the one that counts first."""
        return self.column(letter), *_USUAL.get(letter, ())

    def letter(self, letter: str, *sources: Mapping[str, Any]) -> float | None:
        """Return N, D or the loss from the first of several mappings that has it as a number.

        N and D are also found under their usual names; a loss is only what study.toml says it is.
        """
        for source in sources:
            for key in self.keys(letter):
                value = source.get(key)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    return float(value)
        return None

    def argv(self, config: Mapping[str, Value], given: Mapping[str, str]) -> tuple[str, ...]:
        """Return the command of one run: each word stays one word, and no shell ever reads it."""
        values = {**{key: written(value) for key, value in config.items()}, **given}
        return tuple(_PLACE.sub(lambda found: values[found[1]], word) for word in self.command)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Settings:
        """Return back the settings of `as_dict`."""
        tuples = {key: tuple(found[key]) for key in ("command", "environment")}
        return cls(**{**found, **tuples})


@cache
def _places(command: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for word in command for name in _PLACE.findall(word))


def written(value: Value) -> str:
    """Return a value as a word of the command: 70000000, 0.003, true."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def suggestion(word: str, known: tuple[str, ...] | list[str]) -> str:
    """Return " Did you mean …?" for a word that is nearly one that is known, or the list of those."""
    near = get_close_matches(word, known, n=1)
    if near:
        return f' Did you mean "{near[0]}"?'
    return f" There are {', '.join(known)}." if known else ""


def check_command(settings: Settings, run: str, config: Mapping[str, Value]) -> None:
    """Refuse a run that lacks a value the command asks for, or whose text would be read as an option."""
    for name in sorted(settings.places - config.keys() - set(GIVEN)):
        known = [*config, *GIVEN]
        raise DataError(f"run {run}: the command asks for {{{name}}}, which it does not have.{suggestion(name, known)}")
    _check_sizes(settings, run, config)
    for word in settings.command:
        alone = _PLACE.fullmatch(word)
        value = config.get(alone[1]) if alone else None
        if isinstance(value, str) and value.startswith("-"):
            raise DataError(
                f"run {run}: {shown(value)} would be read as an option. Write the word as --{alone[1]}={word}."  # type: ignore[index]
            )


def _check_sizes(settings: Settings, run: str, config: Mapping[str, Value]) -> None:
    """Refuse a run of no parameters, of no tokens, or of half a step."""
    for key in (*settings.keys("N"), *settings.keys("D"), *_STEPS):
        value = config.get(key, 1)
        if isinstance(value, str) and key not in {settings.column("N"), settings.column("D"), *_STEPS}:
            continue  # params = "small" names a size
        if isinstance(value, bool | str) or not value > 0 or (key in _STEPS and value != int(value)):
            what = "a whole number above zero" if key in _STEPS else "a number above zero"
            raise DataError(f"run {run}: {key} is {shown(written(value))[:60]}, and must be {what}.")
