"""study.toml written: settings and runs as description.py reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from isoflop.experiments.study.settings import Settings, Value
from isoflop.files import toml_key, toml_value

_PRICE = "dollars_per_hour"
_TABLES = ("columns", _PRICE)


def toml(settings: Settings, configs: Mapping[str, Mapping[str, Value]]) -> str:
    """Return a study.toml with these settings and these runs, by their names."""
    plain = {one.name: getattr(settings, one.name) for one in fields(Settings) if one.name not in _TABLES}
    said = {one.name for one in fields(Settings) if plain.get(one.name) != one.default}
    lines = [f"{key} = {toml_value(value)}" for key, value in plain.items() if key in said]
    if settings.columns:
        lines += ["", "[columns]", *_entries(settings.columns)]
    if settings.dollars_per_hour is not None:
        lines += ["", "[price]", *_entries({_PRICE: settings.dollars_per_hour})]
    return "\n".join(lines) + "\n" + toml_runs(configs)


def toml_runs(configs: Mapping[str, Mapping[str, Value]]) -> str:
    """Return runs as tables that may stand at the end of a study.toml."""
    tables = ("\n".join(["", "[[run]]", *_entries({"name": name, **config}), ""]) for name, config in configs.items())
    return "".join(tables)


def _entries(table: Mapping[str, Any]) -> list[str]:
    return [f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items()]
