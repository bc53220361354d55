"""One sentence that people say about scaling laws, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from isoflop.findings import json_of

Verdict = Literal["true", "half true", "false", "not known"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One sentence that people say, and what becomes of it.

    command  what to type to see the number, or the curve it comes from
    number   the number, computed when it is asked for
    """

    sentence: str
    verdict: Verdict
    because: str
    command: str
    source: str
    number: Callable[[], str]

    def as_dict(self) -> dict[str, Any]:
        """Return the claim as it stands in the JSON."""
        return json_of(self, "sentence verdict because command source number", number=self.number())
