"""study.toml → settings and runs, everything in it checked before anything is run."""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from isoflop.errors import DataError, UsageError, shown
from isoflop.experiments.study.settings import GIVEN, LETTER, NAME, Settings, Value, check_command, suggestion
from isoflop.quantities import parse_quantity

MOST_RUNS = 100_000
"""A study larger than this is a slip in a grid."""
_EXACT = 2**53
_TEXTS = ("name", "directory", "code", "data", "flop_rule")
_WHOLE = {"workers": (1, 10_000), "retries": (0, 1000), "threads": (1, 1024)}
_LISTS = ("command", "environment")
_KEYS = (*_TEXTS, *_WHOLE, *_LISTS, "heartbeat", "columns", "price", "config", "grid", "run")
_COLUMNS = ("N", "D", "loss")
_PRICES = ("dollars_per_hour",)

Configs = dict[str, dict[str, Value]]
"""Name of a run → its configuration."""


Look = Callable[[int, int], object]
"""What is told how many steps of how many are done."""


def unseen(done: int, total: int) -> None:
    """Show nobody how much is done."""


def read_description(text: str, source: str, *, look: Look = unseen) -> tuple[Settings, Configs]:
    """Return the settings and the configuration of every run by its name.

    look  called for every run that is checked, which is half of planning it

    Raises DataError, naming the key and what to write, for anything that is not as docs/studies.md says.
    """
    try:
        found = tomllib.loads(text)
        _known(found, _KEYS, "")
        settings = _settings(found)
        configs = _configs(found)
        for number, (name, config) in enumerate(configs.items()):
            look(number, 2 * len(configs))
            check_command(settings, name, config)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{source}: is not TOML: {error}.") from None
    except RecursionError:
        raise DataError(f"{source}: is nested too deep. Write tables of plain values.") from None
    except DataError as error:
        raise DataError(f"{source}: {error}") from None
    return settings, configs


def _known(found: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in found:
        if key not in keys:
            raise DataError(f'there is no key "{shown(key)}"{where}.{suggestion(key, keys)}')


def _settings(found: Mapping[str, Any]) -> Settings:
    for key in ("name", "command"):
        if key not in found:
            raise DataError(f'"{key}" is missing. `isoflop study new FOLDER` writes an example.')
    values: dict[str, Any] = {key: _text(found[key], key) for key in _TEXTS if key in found}
    values |= {key: _whole(found[key], key, limits) for key, limits in _WHOLE.items() if key in found}
    values |= {key: _words(found[key], key) for key in _LISTS if key in found}
    if "heartbeat" in found:
        values["heartbeat"] = _number(found["heartbeat"], "heartbeat", low=0.1)
    if "columns" in found:
        columns = _table(found["columns"], "columns", _COLUMNS)
        values["columns"] = {key: _text(value, f"columns.{key}") for key, value in columns.items()}
    if "price" in found:
        price = _table(found["price"], "price", _PRICES)
        values |= {key: _number(value, f"price.{key}", low=0.0) for key, value in price.items()}
    check_name(values["name"], "a study")
    if not values["command"]:
        raise DataError(
            '"command" is empty. Write it as a list of words: ["{python}", "train.py", "--width", "{width}"].'
        )
    return Settings(**values)


def check_name(name: str, what: str) -> None:
    """Refuse a name that could be anything but a name: letters, digits, dots, dashes, 80 at most."""
    if not NAME.fullmatch(name):
        raise DataError(
            f'"{shown(name[:100])}" cannot name {what}. Use up to 80 letters, digits, dots, dashes and underscores, '
            "the first a letter or a digit."
        )


def _configs(found: Mapping[str, Any]) -> Configs:
    shared = _config(found.get("config", {}), "[config]")
    listed = found.get("run", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise DataError('"run" must be tables: write [[run]] above each.')
    configs: Configs = {}
    for name, own in itertools.chain(_grid(found.get("grid", {})), map(_listed, listed)):
        if name in configs:
            raise DataError(f'two runs are called "{name}". Give each a name of its own.')
        configs[name] = shared | own
    if not configs:
        raise DataError("there are no runs. Write a [grid] with lists, or [[run]] tables.")
    if len(configs) > MOST_RUNS:
        raise DataError(f"there are {len(configs):,} runs; {MOST_RUNS:,} is the most.")
    return configs


def _grid(found: object) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield every combination of the grid's lists, the last key fastest."""
    if not isinstance(found, dict):
        raise DataError('"grid" must be a table: write [grid] above it.')
    axes = {key: values if isinstance(values, list) else [values] for key, values in found.items()}
    total = math.prod(map(len, axes.values())) if axes else 0
    if total > MOST_RUNS:
        raise DataError(f"the grid has {total:,} runs; {MOST_RUNS:,} is the most.")
    if any(not values for values in axes.values()):
        raise DataError("a list of the grid is empty. Write at least one value, or leave the key out.")
    for point in itertools.product(*axes.values()) if axes else ():
        config = _config(dict(zip(axes, point, strict=True)), "[grid]")
        yield name_from(config), config


def _listed(found: dict[str, Any]) -> tuple[str, dict[str, Value]]:
    own = {key: value for key, value in found.items() if key != "name"}
    config = _config(own, "[[run]]")
    name = found["name"] if "name" in found else name_from(config)
    if not isinstance(name, str):
        raise DataError(f"a run's name must be text, not {name!r}.")
    check_name(name, "a run")
    return name, config


def name_from(config: Mapping[str, Value]) -> str:
    """Return a name from the values: width16-D1000000."""
    joined = "-".join(f"{key}{value}" for key, value in config.items())
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", joined).strip("._-")
    if not name or len(name) > 80:
        raise DataError(f'the values of a run make no name of 1 to 80 characters ("{shown(joined[:100])}"). Name it.')
    return name


def _config(found: object, where: str) -> dict[str, Value]:
    if not isinstance(found, dict):
        raise DataError(f"{where} must be a table.")
    for key in found:
        if not LETTER.fullmatch(key) or key in GIVEN:
            raise DataError(f'{where} "{shown(key)}" cannot be a key: use letters, digits and underscores, and none of '
                            f"{', '.join(GIVEN)}.")  # fmt: skip
    return {key: read_value(value, f"{where} {key}") for key, value in found.items()}


def read_value(value: object, where: str) -> Value:
    """Return a value as it is used: "70M" and "1e18" are numbers, and whole numbers are integers."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if "\0" in value:
            raise DataError(f"{where}: a NUL character cannot be passed to a command.")
        try:
            value = parse_quantity(value)
        except UsageError:
            return str(value)
    if not isinstance(value, int | float):
        raise DataError(f"{where}: {shown(str(value)[:60])} is neither a number nor text nor true or false.")
    if isinstance(value, int) or not math.isfinite(value):
        return _finite(value, where)
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


def _finite(value: float, where: str) -> Value:
    if isinstance(value, float) or abs(value) > 1e300:
        raise DataError(f"{where}: {str(value)[:60]} is not a number that a run can use.")
    return value


def _text(value: object, key: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise DataError(f'"{key}" must be text, not {shown(repr(value)[:60])}.')
    return value


def _words(value: object, key: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DataError(f'"{key}" must be a list of words, not {shown(repr(value)[:60])}: no shell splits it.')
    return tuple(_text(word, key) for word in value)


def _number(value: object, key: str, *, low: float) -> float:
    number = read_value(value, f'"{key}"')
    if isinstance(number, bool | str) or number < low:
        raise DataError(f'"{key}" must be a number of at least {low:g}, not {shown(repr(value)[:60])}.')
    return float(number)


def _whole(value: object, key: str, limits: tuple[int, int]) -> int:
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DataError(f'"{key}" must be a whole number from {low} to {high}, not {shown(repr(value)[:60])}.')
    return value


def _table(value: object, key: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f'"{key}" must be a table: write [{key}] above it.')
    _known(value, keys, f" in [{key}]")
    return value


def example(name: str) -> str:
    """Return a commented study.toml to start from."""
    return (Path(__file__).parent / "example.toml").read_text(encoding="utf-8").replace("NAME", name)
