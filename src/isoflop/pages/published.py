"""The published curves as a page is given them: what is known of each, and its value at any inputs."""

from __future__ import annotations

import json
import math
from typing import Any

from isoflop.law import Curve
from isoflop.laws import CURVES
from isoflop.saved import to_json
from isoflop.units import Kind

_MOST_SHARE = 0.99


def curves_script() -> str:
    """Give the published curves as a JavaScript module: `curves`, what is known, and `values` at inputs in order."""
    about = {name: _about(one) for name, one in CURVES.items()}
    values = ", ".join(f"{json.dumps(name)}: {_valued(one)}" for name, one in CURVES.items())
    return f"export const curves = {to_json(about, indent=None)};\nexport const values = {{ {values} }};\n"


def _about(curve: Curve) -> dict[str, Any]:
    at = curve.checks[0][0]
    return {
        "formula": str(curve), "summary": curve.summary or curve.law.summary, "cite": curve.cite or curve.law.cite,
        "caution": curve.caution, "unit": curve.law.output.unit,
        "inputs": [_moved(name, kind, [at[name], *curve.fitted_on.get(name, ())])
                   for name, kind in curve.law.inputs.items()],
    }  # fmt: skip


def _moved(name: str, kind: Kind, known: list[float]) -> dict[str, Any]:
    """Give where an input's slider begins, and its ends: ten times beyond what is published; a share stays below 1."""
    most = _MOST_SHARE if kind.name == "Share" else math.inf
    return {
        "name": name,
        "unit": kind.unit,
        "start": known[0],
        "low": min(known) / 10,
        "high": min(max(known) * 10, most),
    }


def _valued(curve: Curve) -> str:
    row = curve.row[0].tolist()
    return f"(at) => ({curve.law.javascript()})(...at, {', '.join(map(repr, row))})"
