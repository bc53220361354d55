"""The named tables: where each comes from, at which commit, under which licence, with which SHA-256."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True)
class Dataset:
    """One public table of real runs, pinned.

    source   the repository it comes from
    commit   the commit there, as far as it is known
    url      where the very bytes can be downloaded; None if they ship with isoflop, or if upstream
             holds the runs only in another form and `note` says how the table was made from them
    file     folder and file name, under $ISOFLOP_DATA or (bundled) in the package
    columns  the names the runs get -> the file's, where aliases do not say it
    """

    name: str
    title: str
    source: str
    commit: str
    licence: str
    file: str
    sha256: str
    url: str | None = None
    bundled: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


_TABLES = json.loads((Path(__file__).parent / "catalogue.json").read_text(encoding="utf-8"))
DATASETS: Mapping[str, Dataset] = MappingProxyType({one["name"]: Dataset(**one) for one in _TABLES})
"""The datasets by name."""
