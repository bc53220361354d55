"""The catalogue of published laws: one paper, one file; each law executable, cited, with its published curves."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from types import ModuleType

from isoflop.errors import UsageError
from isoflop.law import Curve, Law, parse_law
from isoflop.laws import broken, chinchilla, coupled, kaplan, one_variable, overtraining, quadratic, valley

_MODULES: tuple[ModuleType, ...] = (chinchilla, coupled, valley, overtraining, kaplan, quadratic, one_variable, broken)

LAWS: dict[str, Law] = {
    item.name: item for module in _MODULES for item in vars(module).values() if isinstance(item, Law)
}
"""Every law of the catalogue, by name."""

CURVES: dict[str, Curve] = {
    item.name: item for module in _MODULES for item in vars(module).values() if isinstance(item, Curve)
}
"""Every published curve of the catalogue, by name."""


def find_law(text: str) -> Law:
    """Give the law of that name, or the law of a typed formula; "bnsl3" has three breaks.

    A typed formula that reads like a catalogue law, letter for letter, is that law.
    """
    if text in LAWS:
        return LAWS[text]
    broken_name = re.fullmatch(r"bnsl(\d)", text)
    if broken_name:
        return broken.broken_power_law(int(broken_name[1]))
    if re.fullmatch(r"[A-Za-z][\w-]*", text):
        raise UsageError(
            f'there is no law "{text}".{_hint(text, LAWS)} Say one of {", ".join(LAWS)}, or type a formula.'
        )
    typed = parse_law(text)
    return next((known for known in LAWS.values() if known.formula == typed.formula), typed)


def find_curve(name: str) -> Curve:
    """Give the published curve of that name, such as besiroglu2024."""
    if name in CURVES:
        return CURVES[name]
    raise UsageError(f'there is no curve "{name}".{_hint(name, CURVES)} Say one of {", ".join(CURVES)}.')


def _hint(text: str, names: Iterable[str]) -> str:
    """Ask whether the nearest name was meant, capitals aside."""
    known = {name.lower(): name for name in names}
    near = difflib.get_close_matches(text.lower(), known, 1)
    return f" Did you mean {known[near[0]]}?" if near else ""
