"""What comes in the body of a request: so many bodies at a time, so many bytes each, and JSON that is strict."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request

from isoflop.errors import UsageError, shown

AT_ONCE = 4
"""Bodies that are received at a time."""
PATIENCE = 30.0
"""The seconds in which a body must have come."""
LARGEST_JSON = 64 << 10
"""The most bytes of a JSON body."""
LONGEST_TEXT = 10_000
"""The most letters of a name, a law or a condition."""
_DEEPEST = 6
"""How many lists and objects may lie within one another."""
_ONE_OF = ("table", "dataset", "curves")
_TEXTS = ("table", "dataset", "name", "law", "where")
_VIEW = (*_TEXTS, "curves", "columns")
_KINDS: dict[type, str] = {str: "a text", dict: "an object", list: "a list", int: "a whole number",
                         float: "a number"}  # fmt: skip


class Bodies:
    """The bodies that are being received."""

    def __init__(self) -> None:
        self._now = 0

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Let one more body be received in here; answers 429 if there are too many, 408 if it takes too long."""
        if self._now == AT_ONCE:
            raise HTTPException(429, "too much is being sent at once. Try again in a second.")
        self._now += 1
        try:
            with anyio.fail_after(PATIENCE):
                yield
        except TimeoutError:
            raise HTTPException(408, f"what was sent did not come within {PATIENCE:g} s. Send it again.") from None
        finally:
            self._now -= 1

    async def json(self, request: Request) -> dict[str, Any]:
        """Return the JSON object in a request."""
        with self.receiving():
            return parsed(b"".join([piece async for piece in pieces(request, LARGEST_JSON)]))


async def pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield the body of a request piece by piece; answers 413 as soon as there are more bytes than so many."""
    too_large = HTTPException(413, f"more than {most >> 10:,} KiB came. Keep one row a run and the columns needed.")
    if int(request.headers.get("content-length", "0")) > most:
        raise too_large
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise too_large
        yield piece


def parsed(body: bytes) -> dict[str, Any]:
    """Return the object that strict JSON holds: finite numbers, every name once, and not too deep; or UsageError."""
    try:
        found = json.loads(
            body, parse_constant=_no_constant, parse_float=_number, parse_int=_number, object_pairs_hook=_object
        )
    except RecursionError:
        raise UsageError("the request is nested too deep.") from None
    except ValueError as error:
        raise UsageError(f"the request is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise UsageError('the request must be an object, such as {"dataset": "tinylm"}.')
    if _deeper_than(_DEEPEST, found):
        raise UsageError("the request is nested too deep.")
    return found


def wanted_view(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked of a view: one source, and how to read it; or UsageError."""
    if strange := set(asked) - {*_VIEW}:
        raise UsageError(f"a view takes no {shown(min(strange))}; it takes {', '.join(_VIEW)}.")
    if len(set(asked) & {*_ONE_OF}) != 1:
        raise UsageError(f"a view is of one of {', '.join(_ONE_OF)}. Say exactly one of them.")
    for key, value in asked.items():
        _refuse_other_kinds(key, value)
    return dict(asked)


def wanted(asked: Mapping[str, Any], **kinds: type) -> list[Any]:
    """Return the values of an object that has these keys and no others, each of its kind; or UsageError."""
    if set(asked) != {*kinds} or not all(
        isinstance(asked[key], (kind, int) if kind is float else kind) for key, kind in kinds.items()
    ):
        told = ", ".join(f"{key} ({_KINDS[kind]})" for key, kind in kinds.items())
        raise UsageError(f"the request must hold {told}, and nothing else.")
    return [asked[key] for key in kinds]


def _refuse_other_kinds(key: str, value: object) -> None:
    if key == "curves":
        right, kind = isinstance(value, list) and all(map(_is_text, value)) and bool(value), "a list of names"
    elif key == "columns":
        right = isinstance(value, dict) and all(map(_is_text, value.values()))
        kind = 'an object such as {"N": "Model Size"}'
    else:
        right, kind = _is_text(value), f"a text of at most {LONGEST_TEXT:,} letters"
    if not right:
        raise UsageError(f"{key} must be {kind}.")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a finite number")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number beyond 1.8e308 is not finite")
    return int(text) if text.lstrip("-").isdigit() else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _deeper_than(levels: int, value: object) -> bool:
    """Return whether lists and objects lie within one another at more levels than so many."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_deeper_than(levels - 1, one) for one in inside)
