"""Finding: one diagnostic, as a value that travels with the result it is about. Answer: a result that shows itself."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, final, overload

from isoflop.display import View, html, plain
from isoflop.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Severity = Literal["BLOCK", "WARN", "INFO"]
Part = TypeVar("Part")


def json_of(one: object, names: str = "", **worked_out: Any) -> dict[str, Any]:
    """Return a noun as it stands in the JSON, with the nouns in it.

    names       what it says, in order: an attribute, or key=attribute under another name; else every field
    worked_out  what stands under those of the names that are no attributes

    >>> from isoflop.findings import json_of
    >>> json_of(isoflop.Estimate(2.0, 1.9, 2.2), "middle=value wide", wide=False)
    {'middle': 2.0, 'wide': False}
    """
    said = names.split() or [field.name for field in fields(one)]  # type: ignore[arg-type]
    pairs = [(key, attribute or key) for key, _, attribute in (name.partition("=") for name in said)]
    return {key: as_json(worked_out[key] if key in worked_out else attrgetter(at)(one)) for key, at in pairs}


def as_json(value: Any) -> Any:
    """Return a value as it stands in the JSON: a noun by its own as_dict, or field by field, and so all it holds."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if is_dataclass(value):
        return json_of(value)
    value = value._asdict() if hasattr(value, "_asdict") else value
    if isinstance(value, Mapping):
        return {key: as_json(one) for key, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Finding:
    """One diagnostic: a stable code (A accuracy, D data, F fit, M emergence, P forecast, S study), words, a remedy.

    runs  the names of the runs it is about, as `Runs.names` gives them; empty if it is about all

    >>> print(isoflop.Finding("D09", "WARN", "warm-up takes more than 10% of 9 runs", "shorten the warm-up").code)
    D09
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    runs: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as it stands in the JSON."""
        return json_of(self)


def allow_codes(findings: Iterable[Finding], codes: Sequence[str]) -> tuple[Finding, ...]:
    """Return the findings with those that would block, but that the user allows, as warnings that say so.

    Raises UsageError for a code that is none.
    """
    for code in codes:
        if not re.fullmatch(r"[A-Z]\d\d", code):
            raise UsageError(f'"{code}" is no code of a finding. Say one as it is printed, as in --allow D11.')
    return tuple(
        replace(one, severity="WARN", message=f"{one.message.rstrip('.')} (allowed by you)")
        if one.severity == "BLOCK" and one.code in codes
        else one
        for one in findings
    )


class Answer(ABC):
    """A result that shows itself: the same in a terminal, as text and in a notebook."""

    @abstractmethod
    def __rich__(self) -> View:
        """Return the result as it looks in a terminal."""

    @final
    def __str__(self) -> str:
        return plain(self)

    @final
    def _repr_html_(self) -> str:
        return html(self)

    @final
    def as_flat_rows(self) -> list[dict[str, Any]]:
        """Return the result as flat rows: its table, or itself as one row; an estimate is loss, loss.low, loss.high."""
        from isoflop.files import rows_of

        as_dict: Callable[[], dict[str, Any]] | None = getattr(self, "as_dict", None)
        if as_dict is None:
            raise UsageError(f"{type(self).__name__} is shown only. Ask the result that it is of for its rows.")
        return rows_of(as_dict())

    @final
    def to_pandas(self) -> Any:
        """Return the result's rows as a pandas DataFrame."""
        from isoflop.files import frame

        return frame(self.as_flat_rows(), "pandas")

    @final
    def to_polars(self) -> Any:
        """Return the result's rows as a polars DataFrame."""
        from isoflop.files import frame

        return frame(self.as_flat_rows(), "polars")

    @final
    def plot(self, kind: str = "") -> Figure:
        """Return the figure of the result, which a notebook shows; kind  which, where there are several."""
        return figure_of_result(self, kind)


class Listed(Answer, Sequence[Part]):
    """An answer of several parts in their order, counted and taken by number or slice as those of a list are."""

    @abstractmethod
    def _parts(self) -> tuple[Part, ...]:
        """Return the parts."""

    @final
    def __len__(self) -> int:
        return len(self._parts())

    @overload
    def __getitem__(self, index: int) -> Part: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Part, ...]: ...
    def __getitem__(self, index: int | slice) -> Part | tuple[Part, ...]:
        return self._parts()[index]


def figure_of_result(found: object, kind: str = "") -> Figure:
    """Return the figure of a result: what draws is found by name, when it is asked for, because faces come last."""
    figure: Figure = import_module("isoflop.faces.plot.results").draw(found, kind)
    return figure


@final
@dataclass(frozen=True)
class Whole(Answer):
    """Everything that a result knows, where the result itself shows what fits on one screen."""

    parts: View

    def __rich__(self) -> View:
        return self.parts
