"""Runs: the one table every step reads, and how it is made from raw columns."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.compute.flops import FlopRule, rule_named
from isoflop.data.metric import Metric, parse_metric
from isoflop.data.runs.cells import Cells, RawTable, Rows, numbers, numbers_or_text
from isoflop.data.runs.checks import Excluded, findings_on_unusable, inspect, unusable
from isoflop.data.runs.clusters import cluster_labels, clustered_by, ends, inspect_clusters
from isoflop.data.runs.columns import LETTERS, assign, missing
from isoflop.data.runs.measured import finding_on_metric, measure
from isoflop.data.runs.metadata import findings_on_unfinished, inspect_metadata, unfinished
from isoflop.errors import DataError, UsageError, shown
from isoflop.findings import Finding, allow_codes
from isoflop.formula.parse import parse_condition

__all__ = ["Excluded", "Runs", "build", "table"]


NAMED_BY = ("run", "run_name", "run_id", "name", "id", "training_run_id")
"""Columns that may name the runs, if each run has another value there."""
_AS_THEY_CAME = ("D01", "D02", "D16", "D17")
"""Findings on how the runs came in, which stay whatever runs are kept."""


class ColumnMapping(Protocol):
    """Anything with named columns: a dict of lists, a pandas or polars-like frame."""

    def keys(self) -> Iterable[str]:
        """Give the column names."""

    def __getitem__(self, name: str, /) -> Any:
        """Give one column."""


@dataclass(frozen=True, eq=False, repr=False)
class Runs:
    """Finished training runs, one a row: float64 columns N, D, C, loss and any others, or text.

    columns    name -> values; numbers are float64 (nan where there is none), text is an object array
    source     where the runs come from, as errors and reports name it
    rows       the row each run stands in, as a person counts: in a delimited file the header is row
               1 and the first run row 2; in JSON, JSON lines and from Python the first run is row 1
    excluded   the rows left out, each with its reason
    findings   what was noticed when the runs came in
    flop_rule  the rule by which C, or D, or N was completed from the other two
    run_named_by  the columns that together name the run of each row, where rows share one: checkpoints
    allowed    the codes of findings that the user allows
    metric     what the loss was made of, if it is no loss
    """

    columns: Mapping[str, NDArray[Any]]
    source: str
    rows: Rows
    excluded: tuple[Excluded, ...] = ()
    findings: tuple[Finding, ...] = ()
    flop_rule: str = "6ND"
    run_named_by: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    metric: Metric | None = None

    @classmethod
    def of(cls, *, source: str = "runs", flop_rule: str = "6ND", **columns: ArrayLike) -> Runs:
        """Give runs from arrays: Runs.of(N=[1e8, 1e9], D=[2e9, 2e10], loss=[3.2, 2.6])."""
        return table(columns, source=source, flop_rule=flop_rule)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Give one column; raises DataError with the columns there are."""
        if name not in self.columns:
            raise missing(name, list(self.columns), self.source)
        return self.columns[name]

    def __repr__(self) -> str:
        left_out = f"; {_count(len(self.excluded), 'row')} left out" if self.excluded else ""
        return f"Runs({_count(len(self), 'run')} of {self.source}: {', '.join(self.columns)}{left_out})"

    @property
    def names(self) -> tuple[str, ...]:
        """Give each run's name: its text in a column run, run_name, run_id, name or id, or else "row 7"."""
        for column in NAMED_BY:
            values = self.columns.get(column)
            if values is not None and len(set(values.tolist())) == len(self):
                return tuple(
                    shown(value) if isinstance(value, str) else f"{column} {value:g}" for value in values.tolist()
                )
        return tuple(f"row {row}" for row in self.rows.tolist())

    @property
    def clusters(self) -> NDArray[np.int64] | None:
        """Give each row the number of its run, from 0; None if every row is a run of its own."""
        return cluster_labels(self.columns, self.run_named_by)

    def clustered(self, column: str) -> Runs:
        """Give the runs with the rows that share a value of this column taken for one run each."""
        self[column]  # there must be one
        return _inspected(replace(self, run_named_by=(column,)))

    def measured(self, metric: Metric | str) -> Runs:
        """Give the runs whose loss is what a metric such as "accuracy:up:1" falls short by.

        Rows beyond its bound are listed as excluded; a loss of the table's own stays as "loss (file)".
        Raises UsageError for words that are no metric and DataError if its column is missing, text, or all beyond.
        """
        parsed = parse_metric(metric) if isinstance(metric, str) else metric
        settled = parsed.settled(_numeric(self, parsed.name))
        loss, excluded, findings = measure(settled, self[parsed.name], self.rows, source=self.source)
        own = {"loss (file)" if name == "loss" else name: values for name, values in self.columns.items()}
        found = replace(self, columns={**own, "loss": loss}, metric=settled).take(loss > 0)
        return _inspected(replace(found, excluded=self.excluded + excluded, findings=(*self.findings, *findings)))

    @property
    def digest(self) -> str:
        """Give the SHA-256 of all columns, by which a fit names its data; row order counts."""
        state = hashlib.sha256()
        for name in sorted(self.columns):
            values = self.columns[name]
            state.update(f"{name}\0{len(values)}\0{values.dtype.kind}\0".encode())
            state.update(_canonical_bytes(values))
        return state.hexdigest()

    def where(self, condition: str) -> Runs:
        """Give the runs for which a condition such as "D/N > 0.5" holds; the others are listed as excluded.

        Raises UsageError for a condition that is not one and DataError if it leaves no run.
        """
        parsed = parse_condition(condition)
        columns = {name: self[name] for name in parsed.names}
        try:
            holds = parsed.evaluate(columns)
        except TypeError:
            kinds = ", ".join(f"{name} is {_kind(values)}" for name, values in columns.items())
            raise UsageError(f"{condition} mixes numbers and text: {kinds}.") from None
        keep = np.broadcast_to(np.asarray(holds, dtype=np.bool_), (len(self),))
        if not np.any(keep):
            raise DataError(f"{self.source}: {condition} is false for all {len(self)} runs; none is left.")
        dropped = tuple(Excluded(int(row), f"{condition} is false") for row in self.rows[~keep])
        kept = self.take(keep)
        return _inspected(replace(kept, excluded=self.excluded + dropped))

    def split(self, column: str) -> dict[str, Runs]:
        """Give the runs of each value of a column, in the order the values come, each looked at anew."""
        labels = [value if isinstance(value, str) else f"{value:g}" for value in self[column].tolist()]
        found = {}
        for label in dict.fromkeys(labels):
            some = self.take([row for row, one in enumerate(labels) if one == label])
            found[label] = _inspected(replace(some, source=f"{self.source}, {column} {label}", findings=()))
        return found

    def take(self, index: NDArray[Any] | list[int] | slice) -> Runs:
        """Give the runs at these positions (or under this mask), with the findings as they are.

        For resampling and splitting: nothing is checked again and nothing is listed as excluded.
        """
        taken = {name: _frozen(values[index]) for name, values in self.columns.items()}
        return replace(self, columns=MappingProxyType(taken), rows=_frozen(self.rows[index]))

    def as_rows(self) -> list[dict[str, float | str | None]]:
        """Give one dictionary a run, ready for JSON: nan and infinity become None."""
        columns = [[_plain(value) for value in values.tolist()] for values in self.columns.values()]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def table(
    data: ColumnMapping,
    *,
    columns: Mapping[str, str] | None = None,
    source: str = "runs",
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
) -> Runs:
    """Give runs from a mapping of columns (a dict of arrays, a data frame), checked as a file is.

    columns maps the names the runs shall have to names in the data: {"N": "Model Size"}; allow is as
    in `read`.
    """
    names = tuple(str(name) for name in data.keys())  # noqa: SIM118 - a frame need not iterate over its names
    values = _equal_lengths({name: _one_dimensional(name, data[name], source) for name in names}, source)
    rows = np.arange(1, (len(values[0]) if values else 0) + 1)
    return build(RawTable(source, names, values, rows), columns=columns, flop_rule=flop_rule, allow=allow)


def build(
    raw: RawTable,
    *,
    columns: Mapping[str, str] | None = None,
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
) -> Runs:
    """Give the checked runs of a raw table: columns named, numbers read, compute completed, bad rows out.

    Raises DataError if the table has no rows, if a number is none, and if no usable row is left.
    """
    if not raw.names or not len(raw.rows):
        raise DataError(f"{raw.source}: 0 runs. Give at least one row under the header.")
    rule = rule_named(flop_rule)
    read = _complete(_read_columns(raw, columns or {}), rule)
    excluded = unusable(read, raw.rows)
    if len(excluded) == len(raw.rows):
        worst = excluded[0]
        raise DataError(
            f"{raw.source}: none of the {len(raw.rows)} runs is usable; row {worst.row}: {worst.reason}. "
            "N, D, C and loss must be finite and above zero."
        )
    keep = ~np.isin(raw.rows, [item.row for item in excluded])
    kept = {name: _frozen(values[keep]) for name, values in read.items()}
    rows = _frozen(raw.rows[keep])
    usable = Runs(
        MappingProxyType(kept), raw.source, rows, excluded=excluded, flop_rule=rule.name,
        findings=findings_on_unusable(excluded, len(raw.rows)), run_named_by=clustered_by(kept), allowed=tuple(allow),
    )  # fmt: skip
    return _inspected(_finished(usable))


def _finished(runs: Runs) -> Runs:
    """Set aside the runs that diverged or did not finish (D02), unless the user allows them."""
    bad = {} if "D02" in runs.allowed else unfinished(runs.columns, ends(runs.columns, runs.clusters, len(runs)))
    if len(bad) == len(runs):
        raise DataError(f"{runs.source}: none of the {len(runs)} runs is finished; row {runs.rows[0]}: {bad[0]}. "
                        "To read them all the same, say --allow D02.")  # fmt: skip
    if not bad:
        return runs
    keep = ~np.isin(np.arange(len(runs)), list(bad))
    left_out = tuple(Excluded(int(runs.rows[row]), reason) for row, reason in bad.items())
    findings = runs.findings + findings_on_unfinished(bad, runs.names)
    return replace(runs.take(keep), excluded=runs.excluded + left_out, findings=findings)


def _inspected(runs: Runs) -> Runs:
    """Give the runs with the findings on the rows they now have, besides those on rows left out as they came in."""
    group, on_rows = runs.clusters, [one for one in runs.findings if one.code in _AS_THEY_CAME]
    found = (
        *finding_on_metric(runs.metric),
        *inspect(runs.columns, runs.rows, rule_named(runs.flop_rule), nats=runs.metric is None),
        *inspect_clusters(runs.columns, group, runs.run_named_by),
        *inspect_metadata(runs.columns, lambda: runs.names, ends(runs.columns, group, len(runs))),
    )
    return replace(runs, findings=(*on_rows, *allow_codes(found, runs.allowed)))


def _read_columns(raw: RawTable, mapping: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    cells = dict(zip(raw.names, raw.columns, strict=True))
    read: dict[str, NDArray[Any]] = {}
    for name, column in assign(raw.names, mapping, raw.source).items():
        found = Cells(raw.source, column, raw.rows, cells[column])
        read[name] = numbers(found, quantities=name != "loss") if name in LETTERS else numbers_or_text(found)
    return read


def _complete(columns: dict[str, NDArray[Any]], rule: FlopRule) -> dict[str, NDArray[Any]]:
    """Add C, D or N where the other two are there; a column without any number counts as absent."""
    present = {
        name: values for name, values in columns.items() if name not in {"N", "D", "C"} or not np.all(np.isnan(values))
    }
    given = present.keys() & {"N", "D", "C"}
    # Rows that make this divide by zero or overflow are excluded by the next step (D01).
    with np.errstate(all="ignore"):
        if given == {"N", "D"}:
            present["C"] = rule.flops(present["N"], present["D"])
        elif given == {"N", "C"}:
            present["D"] = rule.tokens(present["N"], present["C"])
        elif given == {"D", "C"}:
            present["N"] = rule.params(present["D"], present["C"])
    return present


def _one_dimensional(name: str, values: object, source: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim > 1:
        raise DataError(f'{source}: column "{name}" has {array.ndim} dimensions. Give one number for each run.')
    return array


def _equal_lengths(columns: Mapping[str, NDArray[Any]], source: str) -> tuple[NDArray[Any], ...]:
    """Give the columns at one length; a single number stands for all runs."""
    lengths = {name: len(values) for name, values in columns.items() if values.ndim}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise DataError(f"{source}: the columns differ in length: {told}.")
    length = next(iter(lengths.values()), 1)
    return tuple(values if values.ndim else np.repeat(values, length) for values in columns.values())


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values


def _canonical_bytes(values: NDArray[Any]) -> bytes:
    """Give the bytes of a column: little-endian float64 with one nan, or each text with its length."""
    if values.dtype.kind == "f":
        return np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes()
    return b"".join(len(text.encode()).to_bytes(8, "little") + text.encode() for text in values)


def _plain(value: float | str) -> float | str | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numeric(runs: Runs, name: str) -> NDArray[Any]:
    """Give a column of numbers; raises DataError for text."""
    values = runs[name]
    if values.dtype.kind != "f":
        raise DataError(f'{runs.source}: column "{shown(name)}" is text, not numbers. Name another as the metric.')
    return values


def _kind(values: NDArray[Any]) -> str:
    return "a number" if values.dtype.kind == "f" else "text"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
