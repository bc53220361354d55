"""What people say about scaling laws, checked: a sentence, the number that isoflop gives, the verdict, the source.

Every number is computed from the catalogue when it is asked for; `isoflop laws --claims` prints them all.
"""

from __future__ import annotations

from typing import Any

from isoflop.display import View, bold, dim, group, heading
from isoflop.faces.claims.claim import Claim
from isoflop.faces.claims.sentences import CLAIMS

__all__ = ["CLAIMS", "Claim", "as_dict", "claims"]

_COLOURS = {"true": "green", "half true": "yellow", "false": "red", "not known": "dim"}


def claims() -> View:
    """Return all claims as they look in a terminal: the sentence, the verdict, the number, why, what to type."""
    from rich.text import Text

    head = heading(f"{len(CLAIMS)} sentences", "what people say about scaling laws, checked")
    parts: list[View] = [head, ""]
    for one in CLAIMS:
        verdict = Text(one.verdict, style=_COLOURS[one.verdict])
        parts += [bold(f"“{one.sentence}”"), Text.assemble(verdict, f": {one.because}"), Text(one.number())]
        parts += [dim(f"{one.command}   ({one.source})"), ""]
    return group(*parts[:-1])


def as_dict() -> list[dict[str, Any]]:
    """Return the claims as they stand in the JSON."""
    return [one.as_dict() for one in CLAIMS]
