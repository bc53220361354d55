"""study.toml written: settings and runs as description.py reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from isoflop.study.settings import Settings, Value

_PRICE = "dollars_per_hour"
_TABLES = ("columns", _PRICE)


def toml(settings: Settings, configs: Mapping[str, Mapping[str, Value]]) -> str:
    """Give a study.toml with these settings and these runs, by their names."""
    plain = {one.name: getattr(settings, one.name) for one in fields(Settings) if one.name not in _TABLES}
    said = {one.name for one in fields(Settings) if plain.get(one.name) != one.default}
    lines = [f"{key} = {toml_value(value)}" for key, value in plain.items() if key in said]
    if settings.columns:
        lines += ["", "[columns]", *_entries(settings.columns)]
    if settings.dollars_per_hour is not None:
        lines += ["", "[price]", *_entries({_PRICE: settings.dollars_per_hour})]
    return "\n".join(lines) + "\n" + toml_runs(configs)


def toml_runs(configs: Mapping[str, Mapping[str, Value]]) -> str:
    """Give runs as tables that may stand at the end of a study.toml."""
    tables = ("\n".join(["", "[[run]]", *_entries({"name": name, **config}), ""]) for name, config in configs.items())
    return "".join(tables)


def _entries(table: Mapping[str, Any]) -> list[str]:
    return [f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items()]


def toml_key(text: str) -> str:
    """Give a key as TOML has it: bare where it may be."""
    return text if text.replace("_", "").replace("-", "").isalnum() and text.isascii() else _quoted(text)


def toml_value(value: Any) -> str:
    """Give a value as TOML has it; what is None is left out of lists and tables."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)  # TOML knows nan, inf and -inf
    if isinstance(value, Mapping):
        inner = (f"{toml_key(key)} = {toml_value(one)}" for key, one in value.items() if one is not None)
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(one) for one in value if one is not None) + "]"
    return str(value) if isinstance(value, int) else _quoted(str(value))


def _quoted(text: str) -> str:
    """Give a string as TOML has it: JSON's escapes are TOML's too, and TOML wants one for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
