"""Runs: the one table every step reads, and how it is made from raw columns."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.compute.flops import rule_named
from isoflop.data.metric import Metric, parse_metric
from isoflop.data.runs import checks
from isoflop.data.runs.cells import RawTable, Rows, texts_of, without_commas
from isoflop.data.runs.checks import Excluded, inspect, unusable
from isoflop.data.runs.clusters import cluster_labels, clustered_by, ends, inspect_clusters
from isoflop.data.runs.columns import TOKENS, assign, counted_by, is_per_byte, missing
from isoflop.data.runs.completed import complete, findings_on_origins
from isoflop.data.runs.costs import cost_of
from isoflop.data.runs.frames import columns_of
from isoflop.data.runs.intake import called, equal_lengths, holds, kept_rows, read_columns
from isoflop.data.runs.measured import finding_on_metric, measure
from isoflop.data.runs.metadata import findings_on_unfinished, inspect_metadata, unfinished
from isoflop.data.runs.metadata_columns import recorded
from isoflop.data.runs.mixed_units import mixed_units
from isoflop.data.runs.names import Names, run_names
from isoflop.errors import DataError, UsageError, shown
from isoflop.files import frame
from isoflop.findings import Finding, allow_codes

__all__ = ["Excluded", "Runs", "build", "table"]


_AS_THEY_CAME = ("D01", "D28", "D02", "D16", "D17", "D25", "D19", "D20", "D21", "D22")
"""Findings on how the runs came in, which stay whatever runs are kept."""


class ColumnMapping(Protocol):
    """Anything with named columns: a dict of lists, a pandas, polars or Arrow table."""

    def __getitem__(self, name: Any, /) -> Any:
        """Return one column."""


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
    computed   the letters that were worked out, and from what: {"C": "6ND"}
    called     the source's own name of a column -> the column it became, and how many base units one of its units is

    >>> runs = isoflop.Runs.of(N=[1e7, 2e7], D=[2e8, 4e8], loss=[4.1, 3.8])
    >>> len(runs), float(runs["C"][0])
    (2, 1.2e+16)
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
    computed: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, *, source: str = "runs", flop_rule: str = "6ND", **columns: ArrayLike) -> Runs:
        """Return runs from arrays: Runs.of(N=[1e8, 1e9], D=[2e9, 2e10], loss=[3.2, 2.6])."""
        return table(columns, source=source, flop_rule=flop_rule)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float | str]]:
        """Yield each run as a mapping of its columns: for run in runs: run["N"]."""
        return (dict(zip(self.columns, row, strict=True)) for row in self._rows())

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return one column; raises DataError with the columns there are."""
        if name not in self.columns:
            raise missing(name, list(self.columns), self.source)
        return self.columns[name]

    def __repr__(self) -> str:
        left_out = f"; {_count(len(self.excluded), 'row')} left out" if self.excluded else ""
        return f"Runs({_count(len(self), 'run')} of {self.source}: {', '.join(self.columns)}{left_out})"

    @property
    def names(self) -> tuple[str, ...]:
        """Each run's name: its text in a column such as run, name or model; else "row 7"."""
        return run_names(self.columns, self.rows)

    def names_of(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | Iterable[int]) -> tuple[str, ...]:
        """Return the names of some runs, by their positions or a mask."""
        return Names(self.columns, self.rows).of(chosen)

    @property
    def data_unit(self) -> str:
        """What D counts, by the name of its column in the source: tokens, or images, frames, examples and so on."""
        names = [name for name, (letter, _) in self.called.items() if letter == "D"]
        return next(filter(None, map(counted_by, names)), TOKENS)

    @property
    def per_byte(self) -> bool:
        """Whether the loss is one of bytes, by its name or divided by the bytes of a token: tokenizers may differ."""
        made = self.computed.get("loss", "")
        named = any(is_per_byte(name) for name, (column, _) in self.called.items() if column == "loss")
        return named or any(name in made for name in recorded(self.columns, "bytes per token"))

    @property
    def loss_in(self) -> str:
        """What the loss is measured in: nats, bits per byte, or what a metric falls short by."""
        return "bits per byte" if self.per_byte else "nats" if self.metric is None else f"of {self.metric.loss}"

    @property
    def clusters(self) -> NDArray[np.int64] | None:
        """Return each row the number of its run, from 0; None if every row is a run of its own."""
        return cluster_labels(self.columns, self.run_named_by)

    def clustered(self, column: str) -> Runs:
        """Return the runs with the rows that share a value of this column taken for one run each."""
        self[column]  # there must be one
        measured = {"loss", *(() if self.metric is None else (self.metric.name,))}
        if column in measured:
            raise UsageError(f'"{column}" is what was measured, and names no run. Say the column that names the runs.')
        return _inspected(replace(self, run_named_by=(column,)))

    def measured(self, metric: Metric | str) -> Runs:
        """Return the runs whose loss is what a metric such as "accuracy:up:1" falls short by.

        Rows beyond its bound are listed as excluded; a loss of the table's own stays as "loss (file)".
        Raises UsageError for words that are no metric and DataError if its column is missing, text, or all beyond.
        """
        parsed = parse_metric(metric) if isinstance(metric, str) else metric
        if parsed.name not in self.columns and parsed.name in self.called:
            parsed = replace(parsed, name=self.called[parsed.name][0])
        settled = parsed.settled(_numeric(self, parsed.name))
        loss, excluded, findings = measure(settled, self.columns, self.rows, source=self.source)
        own = {"loss (file)" if name == "loss" else name: values for name, values in self.columns.items()}
        found = replace(self, columns={**own, "loss": loss}, metric=settled).take(loss > 0)
        return _inspected(replace(found, excluded=self.excluded + excluded, findings=(*self.findings, *findings)))

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all columns, by which a fit names its data; row order counts."""
        state = hashlib.sha256()
        for name in sorted(self.columns):
            values = self.columns[name]
            state.update(f"{name}\0{len(values)}\0{values.dtype.kind}\0".encode())
            state.update(_canonical_bytes(values))
        return state.hexdigest()

    def where(self, condition: str) -> Runs:
        """Return the runs for which a condition such as "D/N > 0.5" holds; the others are listed as excluded.

        The source's own names of columns hold too, in its own units: "Model Size < 10M", "`params (M)` < 10".
        Raises UsageError for a condition that is not one and DataError if it leaves no run.
        """
        keep = holds(condition, self._named_columns(), len(self), source=self.source)
        if not np.any(keep):
            raise DataError(f"{self.source}: {condition} is false for all {len(self)} runs; none is left.")
        named = zip(self.rows[~keep].tolist(), self.names_of(~keep), strict=True)
        dropped = tuple(Excluded(row, f"{condition} is false", name) for row, name in named)
        kept = self.take(keep)
        return _inspected(replace(kept, excluded=self.excluded + dropped))

    def _named_columns(self) -> dict[str, NDArray[Any]]:
        """Return each column by its name here and, where it has another, by the source's own."""
        own = {name: self.columns[column] / factor if factor != 1 else self.columns[column]
               for name, (column, factor) in self.called.items() if column in self.columns}  # fmt: skip
        return {**own, **self.columns}

    def split(self, column: str) -> dict[str, Runs]:
        """Return the runs of each value of a column, in the order the values come, each looked at anew."""
        labels = [value if isinstance(value, str) else f"{value:g}" for value in self[column].tolist()]
        found = {}
        for label in dict.fromkeys(labels):
            some = self.take([row for row, one in enumerate(labels) if one == label])
            found[label] = _inspected(replace(some, source=f"{self.source}, {column} {label}", findings=()))
        return found

    def take(self, index: NDArray[Any] | list[int] | slice) -> Runs:
        """Return the runs at these positions (or under this mask), with the findings as they are.

        For resampling and splitting: nothing is checked again and nothing is listed as excluded.
        """
        taken = {name: _frozen(values[index]) for name, values in self.columns.items()}
        return replace(self, columns=MappingProxyType(taken), rows=_frozen(self.rows[index]))

    def to_pandas(self) -> Any:
        """Return the runs as a pandas DataFrame, a row each."""
        return frame([*self], "pandas")

    def to_polars(self) -> Any:
        """Return the runs as a polars DataFrame, a row each."""
        return frame([*self], "polars")

    def _rows(self) -> Iterator[tuple[float | str, ...]]:
        return zip(*(values.tolist() for values in self.columns.values()), strict=True)

    def as_rows(self) -> list[dict[str, float | str | None]]:
        """Return one dictionary a run, ready for JSON: nan and infinity become None."""
        columns = [[_plain(value) for value in values.tolist()] for values in self.columns.values()]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def table(
    data: ColumnMapping | Sequence[Mapping[str, Any]],
    *,
    columns: Mapping[str, str] | None = None,
    source: str = "runs",
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
    where: Sequence[str] = (),
    of_loss: bool = True,
) -> Runs:
    """Return runs from a mapping of columns (a dict of arrays, a data frame), checked as a file is.

    columns maps the names the runs shall have to names in the data: {"N": "Model Size"}; allow is as
    in `read`.
    """
    raw = raw_frame(data, source)
    return build(raw, columns=columns, flop_rule=flop_rule, allow=allow, where=where, of_loss=of_loss)


def raw_frame(data: ColumnMapping | Sequence[Mapping[str, Any]], source: str = "") -> RawTable:
    """Return the raw table of anything with named columns; the first row is row 1."""
    source = source or f"the {type(data).__name__}"
    columns = columns_of(data)
    values = equal_lengths(columns, source)
    return RawTable(source, tuple(columns), values, np.arange(1, (len(values[0]) if values else 0) + 1))


def build(
    raw: RawTable,
    *,
    columns: Mapping[str, str] | None = None,
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
    where: Sequence[str] = (),
    of_loss: bool = True,
) -> Runs:
    """Return the checked runs of a raw table: columns named, numbers read, compute completed, bad rows out.

    where    conditions over the source's columns: rows that they leave out are dropped before their cells are judged
    of_loss  whether a run needs a loss above zero

    Raises DataError if the table has no rows, if a number is none, and if no usable row is left.
    """
    if not raw.names or not len(raw.rows):
        raise DataError(f"{raw.source}: 0 runs. Give at least one row under the header.")
    rule = rule_named(flop_rule)
    raw = without_commas(raw)
    origins = assign(raw.names, columns or {}, raw.source, texts=texts_of(raw))
    raw, dropped = kept_rows(raw, origins, where)
    read, computed = complete(read_columns(raw, origins), rule, steps_count=not raw.logged)
    computed |= {name: origin.text for name, origin in origins.items() if origin.expression.key is None}
    excluded = unusable(read, raw.rows, Names(read, raw.rows), of_loss=of_loss)
    if len(excluded) == len(raw.rows):
        raise checks.none_usable(raw.source, excluded)
    keep = ~np.isin(raw.rows, [item.row for item in excluded])
    kept = {name: _frozen(values[keep]) for name, values in read.items()}
    rows = _frozen(raw.rows[keep])
    found = (
        *raw.findings,
        *findings_on_origins(origins, raw.called),
        *checks.findings_on_unusable(excluded, len(raw.rows)),
    )
    rule, costs = cost_of(kept, rule, measured=not computed)
    found = (*found, *costs)
    usable = Runs(
        MappingProxyType(kept), raw.source, rows, excluded=(*dropped, *excluded), flop_rule=rule.name,
        findings=found, run_named_by=clustered_by(kept), allowed=tuple(allow), computed=MappingProxyType(computed),
        called=MappingProxyType({**called(origins), **raw.called}),
    )  # fmt: skip
    return _inspected(_single(_finished(usable)))


def _finished(runs: Runs) -> Runs:
    """Set aside the runs that diverged or did not finish (D02), unless the user allows them."""
    bad = {} if "D02" in runs.allowed else unfinished(runs.columns, ends(runs.columns, runs.clusters, len(runs)))
    if len(bad) == len(runs):
        raise DataError(f"{runs.source}: none of the {len(runs)} runs is finished; row {runs.rows[0]}: {bad[0]}. "
                        "To read them all the same, say --allow D02.")  # fmt: skip
    return _without(runs, bad, findings_on_unfinished(bad, Names(runs.columns, runs.rows))) if bad else runs


def _single(runs: Runs) -> Runs:
    """Set aside the rows that repeat an earlier one in every column (D25), unless the user allows them."""
    bad = {} if "D25" in runs.allowed else dict.fromkeys(checks.copies(runs.columns), "a copy of an earlier row")
    return _without(runs, bad, checks.findings_on_copies(runs.names_of(bad))) if bad else runs


def _without(runs: Runs, bad: Mapping[int, str], findings: tuple[Finding, ...]) -> Runs:
    """Return the runs without those at some positions, which are listed with the reason, and findings on them."""
    named = zip(bad.items(), runs.names_of(bad), strict=True)
    left_out = tuple(Excluded(int(runs.rows[row]), reason, name) for (row, reason), name in named)
    kept = runs.take(~np.isin(np.arange(len(runs)), list(bad)))
    return replace(kept, excluded=runs.excluded + left_out, findings=runs.findings + findings)


def _inspected(runs: Runs) -> Runs:
    """Return the runs with the findings on the rows they now have, besides those on rows left out as they came in."""
    names = Names(runs.columns, runs.rows)
    group, on_rows = runs.clusters, [one for one in runs.findings if one.code in _AS_THEY_CAME]
    measure_of = "loss" if runs.metric is None else runs.metric.name
    found = (
        *finding_on_metric(runs.metric),
        *mixed_units(measure_of, runs.columns),
        *inspect(runs.columns, names, rule_named(runs.flop_rule), nats=runs.metric is None and not runs.per_byte),
        *inspect_clusters(runs.columns, group, runs.run_named_by),
        *inspect_metadata(runs.columns, names, ends(runs.columns, group, len(runs)), per_byte=runs.per_byte),
    )
    return replace(runs, findings=(*on_rows, *allow_codes(found, runs.allowed)))


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values


def _canonical_bytes(values: NDArray[Any]) -> bytes:
    """Return the bytes of a column: little-endian float64 with one nan, or each text with its length."""
    if values.dtype.kind == "f":
        return np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes()
    texts = [text.encode() for text in values]
    lengths = {length: length.to_bytes(8, "little") for length in {*map(len, texts)}}
    return b"".join(chain.from_iterable((lengths[len(text)], text) for text in texts))


def _plain(value: float | str) -> float | str | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numeric(runs: Runs, name: str) -> NDArray[Any]:
    """Return a column of numbers; raises DataError for text."""
    values = runs[name]
    if values.dtype.kind != "f":
        raise DataError(f'{runs.source}: column "{shown(name)}" is text, not numbers. Name another as the metric.')
    return values


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
