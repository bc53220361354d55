"""The keywords of `plan` and `frontier`, listed once, as editors and type checkers see them; misspelt ones are refused.

Each is a field of `Demand`, which has its meaning and its default.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypedDict, TypeVar

from isoflop.errors import UsageError
from isoflop.planning.demand import Demand
from isoflop.quantities import as_number

MEANT = {"budget": "dollars", "money": "dollars", "tokens": "D", "params": "N", "parameters": "N", "hours": "gpu_hours",
         "devices": "gpus", "vocab": "vocabulary"}  # fmt: skip
"""What people may call a field of a Demand by."""


class Bounds(TypedDict, total=False):
    """What bounds a run: the keywords of `frontier`, each a field of `Demand`."""

    days: float
    deadline: str
    N: float
    D: float
    unique_tokens: float
    token_worth: float
    serve_tokens: float
    max_params: float
    min_tokens: float
    precision: str
    experts: float
    top_k: float
    shared_experts: float
    granularity: float
    vocabulary: float
    batch_limit: float
    context: float
    gpus: str
    mfu: float
    serve_mfu: float
    flop_rule: str
    beyond: bool
    held: Mapping[str, float]


class Wants(Bounds, total=False):
    """What is asked of a plan: the keywords of `plan`, each a field of `Demand`."""

    flops: float
    gpu_hours: float
    dollars: float
    loss: float
    hardware: str
    price: float


P = ParamSpec("P")
R = TypeVar("R")


def demanding(asked: type[Bounds]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a verb take inputs of a law by name beside its keywords, show these to whoever asks, refuse what is misspelt.

    asked  the keywords, which the verb takes as **asked
    """

    def decorate(verb: Callable[P, R]) -> Callable[P, R]:
        own = [one for one in inspect.signature(verb).parameters.values() if one.kind is not one.VAR_KEYWORD]
        keys = [one.name for one in fields(Demand) if one.name in asked.__annotations__]
        kinds = {key: getattr(one, "__forward_arg__", one) for key, one in asked.__annotations__.items()}  # as text
        usual = Demand()
        more = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=getattr(usual, key), annotation=kinds[key])
            for key in keys
        ]
        takes = {one.name: one for one in (*own, *more)}

        @wraps(verb)
        def called(*args: P.args, **given: P.kwargs) -> R:
            words: dict[str, Any] = dict(given)
            held = {key: _input(key, words.pop(key), takes, verb=verb.__name__) for key in [*words] if key not in takes}
            if held or "held" in words:
                words["held"] = {**(words.get("held") or {}), **held}
            return verb(*args, **words)

        called.__signature__ = inspect.signature(verb).replace(parameters=[*takes.values()])  # type: ignore[attr-defined]
        return called

    return decorate


def _input(key: str, value: Any, takes: Collection[str], *, verb: str) -> float:
    """Return the value of an input of a law; raises UsageError where the name is nearly that of a keyword."""
    near = [MEANT[key]] if MEANT.get(key) in takes else get_close_matches(key, takes, 1, 0.75)
    if near:
        raise UsageError(f"{verb} takes no {key}. Did you mean {near[0]}=...?")
    number = as_number(value, key)
    if not 0 < number < math.inf:
        raise UsageError(f"{key}={value} must be a finite number above zero.")
    return number
