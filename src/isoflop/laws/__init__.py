"""The catalogue of published laws: one paper, one file; each law executable, cited, with its published curves.

>>> round(float(isoflop.laws.CURVES["besiroglu2024"](N=70e9, D=1.4e12)), 3)
1.974
"""

from __future__ import annotations

import difflib
import importlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from isoflop.errors import UsageError
from isoflop.formula.law import COEFFICIENTS, INPUT_KINDS, Curve, Law, parse_law
from isoflop.formula.parse import parse
from isoflop.formula.roles import Roles

__all__ = ["CONTENTS", "CURVES", "FAMILIES", "LAWS", "OTHER_NAMES", "find_curve", "find_law"]

_KNOWN = json.loads((Path(__file__).parent / "contents.json").read_text(encoding="utf-8"))
FAMILIES: Mapping[str, str] = _KNOWN["families"]
"""What the laws are about: family → what its laws give. Every law is of one of them."""

CONTENTS: Mapping[str, Sequence[str]] = _KNOWN["files"]
"""File → names of the laws it defines and of the published curves, in the order in which they are listed."""

OTHER_NAMES: Mapping[str, str] = _KNOWN["other names"]
"""Family or law → what people type who look for it; `isoflop laws --search` reads them."""

_Item = TypeVar("_Item", Law, Curve)


class _Catalogue(Mapping[str, _Item]):
    """Laws or curves by name, in the order of CONTENTS, each loaded when it is asked for."""

    def __init__(self, kind: type[_Item], position: int) -> None:
        self._kind: type[_Item] = kind
        self._files = {name: file for file, names in CONTENTS.items() for name in names[position].split()}

    def __getitem__(self, name: str) -> _Item:
        held = importlib.import_module(f"isoflop.laws.{self._files[name]}")
        return next(item for item in vars(held).values() if isinstance(item, self._kind) and item.name == name)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


LAWS: Mapping[str, Law] = _Catalogue(Law, 0)
"""Every law of the catalogue, by name."""

CURVES: Mapping[str, Curve] = _Catalogue(Curve, 1)
"""Every published curve of the catalogue, by name."""


def find_law(text: str, columns: Collection[str] = (), inputs: Sequence[str] = ()) -> Law:
    """Return the law of that name, or the law of a typed formula; "bnsl3" has three breaks.

    A typed formula that reads like a catalogue law of loss, letter for letter, is that law; so is one whose inputs
    only that law knows.

    columns  those of the table: a typed formula's names that are columns are inputs, except COEFFICIENTS and exponents
    inputs   names that are inputs at any rate
    """
    if text in LAWS:
        return LAWS[text]
    broken_name = re.fullmatch(r"bnsl(\d)", text)
    if broken_name:
        from isoflop.laws.broken import broken_power_law

        return broken_power_law(int(broken_name[1]))
    if re.fullmatch(r"[A-Za-z][\w-]*", text):
        raise UsageError(f'there is no law "{text}".{_hint(text, LAWS)} isoflop laws lists them; or type a formula.')
    typed = parse(text)
    for known in LAWS.values():
        if (
            known.formula == typed
            and not inputs
            and (known.output.name == "Nats" or not set(typed.names) & set(INPUT_KINDS))
        ):
            return known
    if wrong := [name for name in inputs if name not in typed.names]:
        raise UsageError(f'--input {wrong[0]}: the formula "{typed}" has no such name.')
    columned = {name for name in typed.names if name in columns and name not in COEFFICIENTS}
    roles = Roles(typed.expr, columned | {name for name in typed.names if name in INPUT_KINDS})
    found = [name for name in typed.names if name in columned and roles.of(name) != "exponent"]
    return parse_law(text, inputs=list(dict.fromkeys([*inputs, *found])))


def find_curve(name: str) -> Curve:
    """Return the published curve of that name, such as besiroglu2024."""
    if name in CURVES:
        return CURVES[name]
    raise UsageError(f'there is no curve "{name}".{_hint(name, CURVES)} isoflop laws lists them.')


def _hint(text: str, names: Iterable[str]) -> str:
    """Ask whether the nearest name was meant, capitals aside."""
    known = {name.lower(): name for name in names}
    near = difflib.get_close_matches(text.lower(), known, 1)
    return f" Did you mean {known[near[0]]}?" if near else ""
