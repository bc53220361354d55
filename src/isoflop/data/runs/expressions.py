"""A column worked out from a source's own keys: "step*65536", "params_transformer+params_lm_head", "ln(val_ppl)".

Keys are matched as the source writes them, the longest first, whatever stands in them: `val/loss` is a key where
there is one, and a quotient where there are keys `val` and `loss`. A key may also be quoted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isoflop.errors import UsageError, shown
from isoflop.formula.parse import Formula, parse, parse_condition
from isoflop.formula.tree import CALLS
from isoflop.quantities import parse_quantity

_OPERATORS = frozenset("+-*/^(),<>=! ")
_NUMBER = re.compile(r"(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[kKMBGTPEZY]?(?![\w.])")
_CALL = re.compile(r"([A-Za-z]\w*)\s*\(")
_WORD = re.compile(r"[^\s+*^(),<>=!]+")
_SAME = {"ln": "log"}
"""Functions by another name than a formula has for them."""
_LOGIC = re.compile(r"(and|or|not)(?!\w)")


class UnknownKeyError(UsageError):
    """An expression holds a word that is neither a key of the source nor a number."""

    def __init__(self, word: str) -> None:
        super().__init__(f'"{word}" is no column, number or function here. Quote a column `so` if its name is unusual.')
        self.word = word


@dataclass(frozen=True, eq=False)
class Expression:
    """What was typed, the keys in it in the order they come, and the formula over them."""

    text: str
    keys: tuple[str, ...]
    formula: Formula

    @property
    def key(self) -> str | None:
        """The one key that the expression is, without any arithmetic; None for anything else."""
        return self.keys[0] if self.formula.expr.op == "name" else None

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the value where each key stands for an array; a number where there is no key."""
        return self.formula.evaluate({_place(number): values[key] for number, key in enumerate(self.keys)})


def parse_expression(typed: str, keys: Collection[str]) -> Expression:
    """Return what was typed as an expression over these keys.

    Raises UnknownKeyError for a word that is no key and no number, UsageError for what is no expression.
    """
    if not typed.strip():
        raise UnknownKeyError(typed)
    found, text = _scan(typed, keys, condition=False)
    return Expression(typed, tuple(found), parse(text))


def parse_filter(typed: str, keys: Collection[str]) -> Expression:
    """Return what was typed as a condition over these keys: "D/N > 0.5 and Model Size < 10M"."""
    found, text = _scan(typed, keys, condition=True)
    try:
        return Expression(typed, tuple(found), parse_condition(text))
    except UsageError as error:  # it speaks of our names for the keys
        keys_by_place = {_place(number): shown(key) for key, number in found.items()}
        said = re.sub(r"\bkey\d+\b", lambda place: keys_by_place.get(place[0], place[0]), str(error))
        raise UsageError(said) from None


def only_key(key: str) -> Expression:
    """Return the expression that is one key."""
    return Expression(key, (key,), parse(_place(0)))


def _place(number: int) -> str:
    return f"key{number}"


def _scan(typed: str, keys: Collection[str], *, condition: bool) -> tuple[dict[str, int], str]:
    """Return each key with its number, and the text in which numbered names stand for keys."""
    longest = sorted(keys, key=len, reverse=True)
    found: dict[str, int] = {}
    parts: list[str] = []
    at, operand = 0, True  # whether an operand is to come
    while at < len(typed):
        rest = typed[at:]
        if rest[0] in _OPERATORS:
            parts.append(rest[0])
            operand = operand if rest[0] == " " else rest[0] != ")"
            at += 1
        elif condition and (word := _LOGIC.match(rest)) and not (operand and word[0] in keys):
            parts.append(word[0])
            at, operand = at + word.end(), True
        else:
            key, text, size = _operand(rest, longest, condition=condition)
            if key is not None:
                text = _place(found.setdefault(key, len(found)))
            parts.append(text)
            at, operand = at + size, text.endswith("(")
    return found, "".join(parts)


def _operand(rest: str, longest: Sequence[str], *, condition: bool) -> tuple[str | None, str, int]:
    """Return the key at the beginning of a text, or else what stands there for itself; and how long it is."""
    if rest[0] in "'\"`":
        return _quoted(rest, longest, condition=condition)
    for key in longest:
        if rest.startswith(key) and _ends(rest, key):
            return key, "", len(key)
    if call := _CALL.match(rest):
        name = _SAME.get(call[1], call[1])
        if name in CALLS:
            return None, f"{name}(", call.end()
    if number := _NUMBER.match(rest):
        return None, repr(parse_quantity(number[0])), number.end()
    word = _WORD.match(rest)
    raise UnknownKeyError(word[0] if word else rest)


def _ends(rest: str, key: str) -> bool:
    """Return whether a key is over where it ends in the text: "loss" is not the beginning of "loss_scale"."""
    after = rest[len(key) :]
    return not after or after[0] in _OPERATORS or not (key[-1].isalnum() or key[-1] == "_")


def _quoted(rest: str, longest: Sequence[str], *, condition: bool) -> tuple[str | None, str, int]:
    end = rest.find(rest[0], 1)
    if end < 0:
        raise UsageError(f"{rest[:40]}: a quote is left open.")
    inside = rest[1:end]
    if inside in longest and (rest[0] == "`" or not condition):
        return inside, "", end + 1
    if condition and rest[0] != "`":
        return None, repr(inside), end + 1
    raise UnknownKeyError(inside)
