"""Which column a forecast goes by where N and D are not both known."""

from __future__ import annotations

from collections.abc import Sequence

from isoflop.data.runs import Runs
from isoflop.quantities import is_date

_INPUTS = ("U", "S", "L", "x")


def single_input(runs: Runs, asked: Sequence[str] = ()) -> str:
    """Return the only input of a table that has neither N and D nor two of N, D and C; empty if it has more.

    A column that was asked for is the input unless N and D are both the table's own.
    """
    derived = {*runs.computed} & {"N", "D"} or not {"N", "D"} <= runs.columns.keys()
    if len(asked) == 1 and derived and asked[0] in runs and runs[asked[0]].dtype.kind == "f":
        return asked[0]
    known = [key for key in ("C", "N", "D") if key in runs]
    if len(known) > 1:
        return ""
    others = [key for key in runs.columns if (key in _INPUTS and (runs[key] > 0).all()) or is_date(key, runs[key])]
    return known[0] if known else others[0] if len(others) == 1 else ""
