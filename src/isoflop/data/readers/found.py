"""Found: what a source turned out to hold, which key each column comes from, and what is still to be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isoflop.data.readers.column_choice import Taken
from isoflop.data.runs import Runs
from isoflop.data.runs.names import middle
from isoflop.display import View, dim, findings_list, group, heading, table
from isoflop.errors import shown
from isoflop.findings import Answer, json_of
from isoflop.quantities import show, show_flops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions

_SHORT = 12
"""More runs than this are not shown one by one."""
_SHOWN = ("N", "D", "C", "loss", "step", "log calls")
_GAP, _LEAST_NAME = 3, 8
"""Columns between cells, and the least that is shown of a name."""


@dataclass(frozen=True)
class Found(Answer):
    """The runs in a source, and how they were read.

    kind     what the source is: W&B, TensorBoard, a table, a study, a dataset
    taken    where each column comes from
    rule     which evaluation of a run counts, as a sentence; empty for a table
    missing  what is still to be said, in one line; empty if nothing is

    >>> isoflop.find_runs("tinylm").kind
    'dataset'
    """

    runs: Runs
    kind: str
    taken: tuple[Taken, ...]
    rule: str = ""
    missing: str = ""

    @property
    def forms(self) -> tuple[Taken, ...]:
        """Every way in which each column is taken."""
        return tuple(form for one in self.taken for form in one.forms)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as it stands in the JSON."""
        return json_of(
            self, "source=runs.source kind rule missing taken=forms runs excluded=runs.excluded findings=runs.findings",
            runs=self.runs.as_rows(),
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return what was found as it looks in a terminal: the runs, then where each column comes from."""
        count = len(self.runs)
        what = f"{self.kind}, {count} row{'s' * (count != 1)}"
        more = [dim(f"and {count - _SHORT} more: -o runs.csv")] if count > _SHORT else []
        lines = [(form.letter, shown(form.key), form.place) for form in self.forms]
        given = {one.letter for one in self.taken}
        lines += [(name, made, "computed") for name, made in self.runs.computed.items() if name not in given]
        origins = table(["column", "key", "from"], lines, words=True)
        rule = [dim(self.rule)] if self.rule else []
        found: list[View] = [_Listed(self.runs), *more, "", origins, *rule] if lines else []
        return group(heading(self.runs.source, what), *found, findings_list(self.runs.findings))


@dataclass(frozen=True)
class _Listed:
    """The first runs as a table in which every number is seen: names are shortened in the middle to what is left."""

    runs: Runs

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[View]:
        yield self.as_table(options.max_width)

    def as_table(self, width: int) -> View:
        """Return the table for a terminal of this width."""
        columns = {name: self._cells(name) for name in _SHOWN if name in self.runs}
        numbers = sum(max(map(len, (name, *cells))) + _GAP for name, cells in columns.items())
        left = max(_LEAST_NAME, width - numbers)
        names = [middle(name, left) for name in self.runs.names[:_SHORT]]
        return table(["run", *columns], zip(names, *columns.values(), strict=True), gap=_GAP)

    def _cells(self, name: str) -> list[str]:
        return [_cell(name, value) for value in self.runs[name][:_SHORT].tolist()]


def _cell(name: str, value: float) -> str:
    if name == "C":
        return show_flops(value)
    return f"{value:g}" if name in {"step", "log calls"} else show(value, 5 if name == "loss" else 3)
