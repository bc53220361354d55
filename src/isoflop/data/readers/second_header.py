"""A second line of a header: units under the names, "(M)", "tokens", "nats", are written into the names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from isoflop.data.runs.cells import is_missing, is_number
from isoflop.data.runs.columns import letter_of, meaning
from isoflop.data.runs.units import split_unit
from isoflop.errors import DataError, shown

_AROUND = re.compile(r"[(\[{]?\s*(?:in\s+)?(.*?)\s*[)\]}]?$")
"""A unit with the brackets that may stand about it."""
_FEWEST = 2
"""A line is a header's where it has words over the numbers of so many columns."""


def is_second_header(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether a line has a word in every column that holds a number in the line below it.

    >>> is_second_header(["(M)", "tokens", "nats"], ["70", "1e9", "2.9"])
    True
    """
    over = [cell for cell, under in zip(cells, below, strict=False) if is_number(under)]
    words = [cell for cell in over if cell.strip()]
    return len(words) >= _FEWEST and all(map(_is_word, words))


def _is_word(cell: str) -> bool:
    """Return whether a cell is no number, no quantity such as 70B, and not empty."""
    return not (cell.strip()[:1].isdigit() or is_number(cell) or is_missing(cell))


def names_with_units(names: Sequence[str], cells: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the names with the units under them: "params" over "(M)" is "params (M)".

    Raises DataError, where no cell is a unit: then nobody can say what the line is.
    """
    units = [_unit(name, cell) for name, cell in zip(names, cells, strict=True)]
    strange = [cell for name, cell, unit in zip(names, cells, units, strict=True)
               if cell.strip() and not unit and meaning(name) is not None]  # fmt: skip
    if strange or not any(units):
        told = ", ".join(shown(cell) for cell in (strange or [cell for cell in cells if cell.strip()])[:4])
        raise DataError(
            f"{where}: words ({told}) over columns of numbers. If it is a second line of the header, remove it, or "
            'write units into the first line: "params (M)".'
        )
    return tuple(f"{name} ({unit})" if unit else name for name, unit in zip(names, units, strict=True))


def _unit(name: str, cell: str) -> str:
    """Return the unit that stands under a name; nothing where none is known."""
    found = _AROUND.match(cell.strip())
    text = found[1] if found else ""
    letter = letter_of(name) or (known.letter if (known := meaning(name)) is not None else "N")
    return text if text and split_unit(f"x ({text})", lambda _: letter) is not None else ""
