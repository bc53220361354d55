"""The unit that a column's name states: "params (M)", "tokens_billions", "FLOPs (1E21)", "Compute, PF-days"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from isoflop.quantities import PF_DAY

_COUNTS = {
    "thousands": (1e3, "k thousand thousands"),
    "millions": (1e6, "m mm mn mln mio million millions"),
    "billions": (1e9, "b g bn bln mrd billion billions"),
    "trillions": (1e12, "t tn trn trillion trillions"),
}
_FLOPS = {
    "PF-days": (PF_DAY, ("pfday pfdays pflopday pflopdays pflopsday pflopsdays petaflopday petaflopdays petaflopsday "
                "petaflopsdays pfsday pfsdays petaflop/sday petaflop/sdays pflop/sday pflop/sdays pf/sdays")),
    "gigaFLOPs": (1e9, "gf gflop gflops gigaflop gigaflops"),
    "teraFLOPs": (1e12, "tf tflop tflops teraflop teraflops"),
    "petaFLOPs": (1e15, "pf pflop pflops petaflop petaflops"),
    "exaFLOPs": (1e18, "e ef eflop eflops exaflop exaflops"),
    "zettaFLOPs": (1e21, "z zf zflop zflops zettaflop zettaflops"),
    "yottaFLOPs": (1e24, "y yf yflop yflops yottaflop yottaflops"),
}  # fmt: skip
_LOSSES = {
    "bits": (math.log(2), "bit bits bits/token bitspertoken bits/tok"),
    "nats": (1.0, "nat nats nats/token natspertoken nats/tok"),
}
_PLAIN = frozenset([
    "parameters", "parameter", "params", "param", "tokens", "token", "toks", "tok", "flops", "flop", "examples",
    "samples", "count", "total", "absolute", "baseunits", "units", "1",
])  # fmt: skip
"""Words that may stand beside a unit, or alone in its place, and change nothing."""
_POWER = re.compile(r"[x×*]?(?:1?e\+?(\d{1,2})|10\^(\d{1,2})|10\*\*(\d{1,2}))$")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_AROUND = (
    re.compile(r"(?P<stem>.+?)\s*[(\[{]\s*(?:in\s+)?(?P<unit>[^()\[\]{}]+?)\s*[)\]}]\s*$"),
    re.compile(r"(?P<stem>.+?)[\s_]+in[\s_]+(?P<unit>.+)$", re.IGNORECASE),
    re.compile(r"(?P<stem>.+?)\s*[,/|]\s*(?P<unit>\S+)$"),
    re.compile(r"(?P<stem>.+?)[\s_-]+(?P<unit>[^\s_]+)$"),
    re.compile(r"(?P<unit>[^\s_]+)[\s_]+(?P<stem>.+)$"),
)
"""Where a unit may stand: in brackets, after "in", after a comma, as the last word, as the first."""


@dataclass(frozen=True)
class Unit:
    """A unit by its word, and how many base units it is: ("millions", 1e6)."""

    word: str
    factor: float


def split_unit(name: str, letter_of: Callable[[str], str | None]) -> tuple[str, Unit] | None:
    """Return the letter that a name with a unit in it stands for, and the unit; None for a name without one.

    letter_of  says for the name without its unit which letter it is
    """
    for letter, text, bracketed in _candidates(name, letter_of):
        unit = _unit(text, letter, bracketed=bracketed)
        if unit is not None:
            return letter, unit
    return None


def _candidates(name: str, letter_of: Callable[[str], str | None]) -> Iterator[tuple[str, str, bool]]:
    for place, around in enumerate(_AROUND):
        found = around.match(name.strip())
        if found and (letter := letter_of(found["stem"].strip())) is not None:
            yield letter, found["unit"], place == 0


def _unit(text: str, letter: str, *, bracketed: bool) -> Unit | None:
    words = text.translate(_RAISED).casefold().replace("of ", "").strip()
    whole = re.sub(r"[\s_\-.]", "", words)
    for listed in _listed(letter):
        for word, (factor, spellings) in listed.items():
            if whole in spellings.split():
                return Unit(word, factor)
    if power := _POWER.match(whole):
        exponent = int(next(filter(None, power.groups())))
        return Unit(f"1e{exponent}", 10.0**exponent)
    head, *rest = re.split(r"[\s_\-.]+", words)
    if rest and all(word in _PLAIN for word in rest):
        return _unit(head, letter, bracketed=bracketed)
    return Unit("", 1.0) if bracketed and whole in _PLAIN and letter != "loss" else None


def _listed(letter: str) -> Iterator[dict[str, tuple[float, str]]]:
    if letter == "loss":
        yield _LOSSES
    elif letter == "C":
        yield _FLOPS
        yield _COUNTS
    else:
        yield _COUNTS
