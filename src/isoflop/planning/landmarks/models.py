"""Published language models: how large, on how many tokens, and where that is written.

Sizes and tokens are those that the source states, usually rounded; D counts the tokens of pre-training, repeated ones
each time. They stand in models.csv, one model a row. Of a model whose developer says too little, N or D is nan and the
compute is somebody's estimate; models of which not even that is known (Claude, Gemini) stand in undisclosed.csv.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from isoflop.compute.flops import rule_named
from isoflop.errors import UsageError
from isoflop.findings import json_of
from isoflop.forecasting.source import refuse_nonpositive
from isoflop.quantities import parse_quantity


@dataclass(frozen=True)
class Model:
    """One published model.

    N                      all parameters
    D                      tokens trained on
    active                 parameters used for each token, where they are fewer than N: a mixture of experts
    flops                  training FLOPs where the developer, or an estimate, gives them
    flops_low, flops_high  the interval of an estimate, where it has one
    estimated_by           who estimates, where the developer does not say
    """

    name: str
    year: int
    N: float
    D: float
    source: str = ""
    active: float = math.nan
    flops: float = math.nan
    flops_low: float = math.nan
    flops_high: float = math.nan
    estimated_by: str = ""
    note: str = ""

    @property
    def mixture(self) -> bool:
        """Whether only some of the parameters are used for each token."""
        return self.active < self.N

    @property
    def size(self) -> float:
        """The parameters that training FLOPs count: the active ones."""
        return self.active if self.mixture else self.N

    @property
    def known(self) -> bool:
        """Whether both size and tokens are known."""
        return math.isfinite(self.N) and math.isfinite(self.D)

    @property
    def C(self) -> float:  # noqa: N802 - the letter of training FLOPs everywhere
        """Training FLOPs, 6 N D of the active parameters; for a model of unknown size, those that are estimated."""
        return float(rule_named("6ND").flops(self.size, self.D)) if self.known else self.flops

    def as_dict(self) -> dict[str, Any]:
        """Return the model as it stands in the JSON."""
        return json_of(
            self, "model=name year N N_active=size D C flops_disclosed=flops flops_interval source estimated_by note",
            flops_interval=[self.flops_low, self.flops_high], year=self.year or None,
            estimated_by=self.estimated_by or None, note=self.note or None,
        )  # fmt: skip


def find_model(text: str) -> Model:
    """Return the model of that name, written loosely ("gpt3", "llama 2 70b"), or the one typed as N=8B,D=15T."""
    if "=" in text:
        return _typed(text)
    wanted, names = _bare(text), {_bare(one.name): one for one in MODELS}
    if wanted in names:
        return names[wanted]
    begin = [one for name, one in names.items() if wanted and name.startswith(wanted)]
    told = [one for one in begin if one.known]
    if len(begin) == 1 or len(told) == 1:
        return (told or begin)[0]
    if begin:
        raise UsageError(f'"{text}" may be {", ".join(one.name for one in begin)}. Say which.')
    for name, said in UNDISCLOSED.items():
        if wanted and (wanted == _bare(name) or wanted.startswith(_bare(name)) or _bare(name).startswith(wanted)):
            raise UsageError(f"{name}: {said}. Type a guess, as in N=8B,D=15T; active=3B makes it a mixture.")
    near = [names[name].name for name in get_close_matches(wanted, names, 3, 0.6)]
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise UsageError(
        f'there is no model "{text}".{hint} isoflop landmarks lists them; any other can be typed as N=8B,D=15T.'
    )


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _typed(text: str) -> Model:
    """Return the model of a text such as N=8B,D=15T; active=3B makes it a mixture of experts."""
    parts = dict(part.strip().partition("=")[::2] for part in re.split(r"[,\s]+", text.strip()))
    if not {"N", "D"} <= set(parts) <= {"N", "D", "active"}:
        raise UsageError(f'"{text}" is no model. Say its parameters and tokens, as in N=8B,D=15T.')
    numbers = {key: parse_quantity(value) for key, value in parts.items()}
    for key, value in numbers.items():
        refuse_nonpositive(key, value)
    if numbers.get("active", 0.0) > numbers["N"]:
        raise UsageError(f'"{text}": more parameters are active than there are.')
    name = ", ".join(f"{key}={value}" for key, value in parts.items())
    return Model(name, 0, numbers["N"], numbers["D"], "typed", active=numbers.get("active", math.nan))


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()))


def _model(row: Mapping[str, str]) -> Model:
    number: Any = {key: float(row[key] or "nan") for key in ("N", "D", "active", "flops", "flops_low", "flops_high")}
    words: Any = {key: row[key] for key in ("source", "estimated_by", "note")}
    return Model(name=row["name"], year=int(row["year"]), **number, **words)


MODELS: tuple[Model, ...] = tuple(_model(row) for row in _rows("models.csv"))
"""The models of models.csv, in the order of their years."""
UNDISCLOSED: Mapping[str, str] = MappingProxyType({row["name"]: row["known"] for row in _rows("undisclosed.csv")})
"""Models that cannot be placed → what is known of them."""
