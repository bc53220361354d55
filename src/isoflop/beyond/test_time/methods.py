"""Methods of spending a query's tokens, side by side: best of n, beam or tree search, revision, as they were measured.

A row is a method at some cost of one query, and the accuracy it reached: each is one thing to buy, so methods are
compared at one budget. No law of search is held: what a method would reach between or beyond its rows is not said.
"""

from __future__ import annotations

import math

import numpy as np

from isoflop.beyond.test_time.attempts import Attempts
from isoflop.beyond.test_time.columns import Table
from isoflop.beyond.test_time.serving import FORWARD
from isoflop.errors import DataError
from isoflop.formula.arrays import Array
from isoflop.quantities import show, show_flops


def by_method(table: Table) -> tuple[Attempts, ...] | None:
    """Return each row of a table with a column of methods as something to buy; None where there is no such column."""
    if "method" not in table.columns or "problem" in table.columns:
        return None
    reached = next((one for one in ("pass1", "rate", "best") if one in table.columns), None)
    if reached is None:
        raise DataError(f"{table.raw.source}: a column of accuracies is missing. Say --column pass1=COLUMN.")
    accuracy, unit, _ = table.shares(reached, tabled=True)
    spent, in_flops = _spent(table)
    sizes = table.numbers("N") if "N" in table.columns else np.full(spent.size, math.nan)
    behind = table.numbers("problems") if "problems" in table.columns else np.full(spent.size, math.nan)
    found = []
    for row, name in enumerate(_names(table)):
        if not (spent[row] > 0 and math.isfinite(spent[row]) and math.isfinite(accuracy[row, 0])):
            continue
        cost = show_flops(spent[row]) + " FLOPs" if in_flops else show(spent[row]) + " tokens"
        found.append(Attempts(
            f"{name}, {cost}", (), np.zeros(0), np.zeros(0), float(accuracy[row, 0]), float(behind[row]), rounding=unit,
            N=float(sizes[row]), active=1 / FORWARD if in_flops else math.nan, tokens=float(spent[row]), thinking=True,
            method=True,
        ))  # fmt: skip
    return tuple(sorted(found, key=lambda one: (math.isnan(one.N), one.N)))


def _names(table: Table) -> list[str]:
    """Return model and method of each row."""
    methods: list[str] = table.labels("method").tolist()
    if not {"model", "N"} & table.columns.keys():
        return methods
    models = table.labels("model") if "model" in table.columns else table.sizes()
    return [f"{model}, {method}" for model, method in zip(models, methods, strict=True)]


def _spent(table: Table) -> tuple[Array, bool]:
    """Return what a query of each row costs, and whether it is in FLOPs.

    Tokens that stay the same while the samples grow are those of one sample.
    """
    if "query" in table.columns:
        return table.numbers("query"), True
    column = next((one for one in ("thinking", "tokens") if one in table.columns), None)
    if column is None:
        raise DataError(
            f"{table.raw.source}: what does a query cost by each method? Give a column tokens (of all samples of a "
            "query, those that a search throws away too) or flops_per_query."
        )
    tokens = table.numbers(column)
    if "samples" not in table.columns:
        return tokens, False
    samples, names = table.numbers("samples"), np.array(_names(table))
    rows = [names == one for one in set(names.tolist())]
    grows = any(np.unique(samples[each]).size > 1 and np.unique(tokens[each]).size > 1 for each in rows)
    return (tokens if grows else tokens * samples), False
