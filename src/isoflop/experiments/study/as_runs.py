"""A study's folder to runs: those that have ended; without a loss, one that failed is listed as left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from isoflop.data.readers.records import json_table
from isoflop.data.readers.source import Text
from isoflop.data.runs import Runs, build
from isoflop.errors import shown
from isoflop.experiments.study.export import rows
from isoflop.experiments.study.planned import open_study


def read_study(
    folder: str, *, columns: Mapping[str, str] | None = None, flop_rule: str = "6ND", allow: Sequence[str] = ()
) -> Runs:
    """Return the runs of a study that have ended, as `isoflop study export` writes them."""
    text = json.dumps(rows(open_study(folder)))
    return build(json_table(Text(shown(folder), ".json", text)), columns=columns, flop_rule=flop_rule, allow=allow)
