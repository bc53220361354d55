"""What an hour of a device costs, and what a kilowatt-hour emits: dated numbers with their sources.

prices.csv has one price, or range of prices, a row; carbon.csv one region. Prices move within months: say --price where
it matters.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from isoflop.errors import UsageError
from isoflop.findings import json_of

COUNTED, ON_DEMAND, RESERVED, SPOT = "counted", "on-demand", "reserved", "spot"
TERMS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {ON_DEMAND: (1.0, 1.0), RESERVED: (0.5, 0.7), SPOT: (0.3, 0.5)}
)
"""Terms → share of the price on demand.

Reserved for months or years, 30 to 50 % less: mercatus-ai.com, May 2026. Spot, 50 to 70 % less: packet.ai, June 2026.
"""


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars for an hour of one device: the range that a source gives, on a date.

    terms  on-demand, reserved, spot, or counted: what a published run counted for its own hours
    """

    device: str
    terms: str
    low: float
    high: float
    source: str
    date: str

    @property
    def middle(self) -> float:
        """The geometric middle of the range."""
        return math.sqrt(self.low * self.high)

    def as_dict(self) -> dict[str, Any]:
        """Return the price as it stands in the JSON."""
        return json_of(self, "terms low high source date")

    def __str__(self) -> str:
        span = f"{self.low:.2f}" if self.low == self.high else f"{self.low:.2f} to {self.high:.2f}"
        return f"{span} dollars {self.terms}, {self.date} ({self.source})"


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()))


@cache
def all_prices() -> tuple[Price, ...]:
    """Return every dated price, in the order of the file."""
    return tuple(
        Price(device=row["device"], terms=row["terms"], low=float(row["low"]), high=float(row["high"]),
              source=row["source"], date=row["date"])
        for row in _rows("prices.csv")
    )  # fmt: skip


def prices_of(device: str) -> tuple[Price, ...]:
    """Return the prices known of a device."""
    return tuple(one for one in all_prices() if one.device == device)


def usual_price(device: str, terms: str = ON_DEMAND) -> float:
    """Return dollars for an hour of a device: what a published run counted, else the middle of a range on demand.

    Where nothing is known of the terms themselves, they are the middle of their share of the price on demand. nan
    where no price is known.
    """
    if terms not in TERMS:
        known_terms = ", ".join(TERMS)
        raise UsageError(f'"{terms}" are no terms of a price. Say one of {known_terms}.')
    known = {one.terms: one.middle for one in reversed(prices_of(device))}
    if terms == ON_DEMAND:
        return known.get(COUNTED, known.get(ON_DEMAND, math.nan))
    low, high = TERMS[terms]
    return known.get(terms, known.get(ON_DEMAND, math.nan) * math.sqrt(low * high))


@cache
def carbon_intensity() -> Mapping[str, tuple[float, str]]:
    """Return grams of CO2 equivalent for each kilowatt-hour, and where that stands, by region."""
    return MappingProxyType(
        {row["region"]: (float(row["grams_per_kwh"]), f"{row['source']}, {row['year']}") for row in _rows("carbon.csv")}
    )


def carbon_of(region: str) -> tuple[float, str]:
    """Return grams of CO2 equivalent for a kilowatt-hour in a region, and their source; a number is taken as said."""
    try:
        said = float(region)
    except ValueError:
        known = {name.casefold(): found for name, found in carbon_intensity().items()}
        if region.casefold() in known:
            return known[region.casefold()]
        near = " or ".join(get_close_matches(region.casefold(), known, 3, 0.6))
        every = ", ".join(carbon_intensity())
        hint = f"Did you mean {near}?" if near else f"Say one of {every}."
        raise UsageError(
            f'no carbon intensity of "{region}" is known. {hint} Or say grams for a kilowatt-hour, as in 250.'
        ) from None
    if not 0 <= said < math.inf:
        raise UsageError(f"{region} is no number of grams for a kilowatt-hour. Say one such as 250.")
    return said, "as said"
