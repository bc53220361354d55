"""What is known of a value before it is there, from the annotations of the classes and functions of isoflop."""

from __future__ import annotations

import ast
import builtins
import collections
import collections.abc
import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Sequence
from functools import cache
from typing import Any

Schema = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of a value before it is there: its type, its schema as JSON, or the value itself."""

    hint: Any = None
    schema: Schema | None = None
    value: Any = None


def fields_of(owner: type) -> dict[str, Any]:
    """Return the types of the fields that a value of a class has."""
    named = [one.name for one in dataclasses.fields(owner)] if dataclasses.is_dataclass(owner) else owner._fields
    return {name: hints(owner)[name] for name in named}


class Unknown:
    """A type of which the file that names it imports nothing."""

    def __class_getitem__(cls, what: Any) -> Any:
        return Any


class Names(dict[str, Any]):
    """What the words of an annotation mean; a word that only type checkers know may be anything."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, classes().get(name, Unknown))


@cache
def classes() -> dict[str, type]:
    """Return the classes of isoflop whose name is borne by no other: annotations name some without an import."""
    found: dict[str, set[type]] = {}
    for name in sorted(one for one in sys.modules if one.startswith("isoflop.")):
        for one in vars(sys.modules[name]).values():
            if inspect.isclass(one) and one.__module__.startswith("isoflop."):
                found.setdefault(one.__name__, set()).add(one)
    return {name: several.pop() for name, several in found.items() if len(several) == 1}


def hints(what: Any) -> dict[str, Any]:
    """Return the annotations of a class, with those it inherits, or of a function."""
    found: dict[str, Any] = {}
    for one in reversed(what.__mro__) if inspect.isclass(what) else [what]:
        names = Names(vars(collections.abc) | vars(sys.modules[one.__module__]))
        for name, text in getattr(one, "__annotations__", {}).items():
            words = getattr(text, "__forward_arg__", text)
            found[name] = eval(words, {}, names) if isinstance(words, str) else words  # noqa: S307 - our own source
    return found


def bare(known: Known) -> Any:
    """Return a type without None: what is asked of a value is asked where there is one."""
    hint = known.hint or type(known.value)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [one for one in typing.get_args(hint) if one is not type(None)]
        return rest[0] if len(rest) == 1 else Any
    return hint


def attribute(owner: Any, name: str) -> Any:
    """Return the type of an attribute: of a field, a property, or what a method returns."""
    if not inspect.isclass(owner):
        return Any
    if name in (found := hints(owner)):
        return found[name]
    for place in owner.__mro__:
        one = vars(place).get(name)
        function = getattr(one, "fget", None) or getattr(one, "func", None) or one
        if inspect.isfunction(function):
            return hints(function).get("return", Any)
    return Any


def inner(hint: Any, place: Any) -> Any:
    """Return the type of what a list, a mapping or a tuple holds."""
    inside = typing.get_args(hint)
    for base in getattr(hint, "__orig_bases__", ()):
        if issubclass(typing.get_origin(base) or base, Sequence):  # Listed[Forecast] is a sequence of forecasts
            return typing.get_args(base)[0]
    if inspect.isclass(hint) and hasattr(hint, "__iter__"):
        return item if (item := attribute(hint, "__iter__")) is Any else inner(item, None)
    if not inside:
        return Any
    if typing.get_origin(hint) is collections.Counter:
        return int
    if typing.get_origin(hint) is tuple and isinstance(place, ast.Constant) and inside[-1] is not ...:
        return inside[place.value]
    return inside[0] if inside[-1] is ... else inside[-1]
