"""The report's HTML: every text escaped, one style, two scripts, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from isoflop.ensemble import Ensemble, combine
from isoflop.fit import Fit
from isoflop.pages.around import surroundings
from isoflop.pages.browser import PLOT_STYLE, asset, joined
from isoflop.pages.content import content, laws_script
from isoflop.runs import Runs
from isoflop.saved import to_json

_RISKY = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def page(source: Fit | Ensemble | Runs, *, command: str = "", seed: int = 0) -> str:
    """Give the report of a fit, or of several laws together on some runs, as one HTML document."""
    settled = combine(source) if isinstance(source, Runs) else source
    data = content(settled, seed=seed)
    scripts = (asset("plot.js"), f'"use strict";\n{laws_script(settled)}{joined()}{_own("report.js")}')
    style = asset("look.css")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{_policy(scripts, style)}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Scaling report: {escape(data['name'])}</title><style>{style}</style></head><body>"
        f"{_body(data, command)}{_json('data', data)}{_json('around', surroundings())}"
        f"{''.join(f'<script>{one}</script>' for one in scripts)}</body></html>\n"
    )


def _own(name: str) -> str:
    return files("isoflop.report").joinpath(name).read_text(encoding="utf-8")


def _json(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{to_json(value, indent=None).translate(_RISKY)}</script>'


def _policy(scripts: Iterable[str], style: str) -> str:
    run, look = " ".join(map(_hash, scripts)), f"{_hash(style)} {PLOT_STYLE}"
    allowed = f"default-src 'none'; script-src {run}; style-src {look}; base-uri 'none'; form-action 'none'"
    return f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _body(data: Mapping[str, Any], command: str) -> str:
    law, several = data["law"], len(data["laws"]) > 1
    origin = [
        ("made by", f"isoflop {data['version']}"),
        ("seed", str(data["seed"])),
        ("SHA-256 of the runs", data["digest"]),
        ("to make it again", command or "isoflop.report(...)"),
    ]
    formulas = [(one["name"], one["formula"]) for one in data["laws"]]
    return (
        f'<main><p class="kind">Scaling report</p><h1>{escape(data["name"])}</h1>'
        f'<p class="words">{escape(data["words"])}</p>'
        f'<section><h2>Plan a budget</h2><p>By {escape(data["by"])}.</p><div id="desk"></div></section>'
        f"<section><h2>What to doubt</h2>{_findings(data['findings'])}</section>"
        + _backtests(data["backtests"])
        + (_section("The laws that plan", _table(("law", "formula"), formulas)) if several else "")
        + _section(f"One law in detail: {law['name']}" if several else f"The law {law['name']}",
                   f"<p><code>{escape(law['formula'])}</code></p>"
                   + _table(("parameter", "value", f"{law['level']:.0%} interval"), law["parameters"]))
        + _section("To repeat it", _table(("question", "answer"), data["checklist"]))
        + _section("The runs", _runs(data["runs"]))
        + _section("Where it comes from", _table(("", ""), origin)) + "</main>"
    )  # fmt: skip


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{inner}</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    above = f"<thead><tr>{top}</tr></thead>" if any(head) else ""
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table>{above}<tbody>{body}</tbody></table></div>'


def _findings(findings: Sequence[Mapping[str, str]]) -> str:
    rows = "".join(
        f'<li class="{one["severity"]}"><b>{one["severity"]} {escape(one["code"])}</b> {escape(one["message"])} '
        f"<i>{escape(one['remedy'])}</i></li>"
        for one in findings
    )
    return f"<ul>{rows}</ul>" if rows else "<p>Nothing was found against it.</p>"


def _backtests(tested: Mapping[str, Any] | None) -> str:
    if tested is None:
        return ""
    told = f"<p>{tested['tests']} forecasts of runs beyond those fitted: mean error, by times the compute.</p>"
    return _section("Backtests", told + _table(("", *tested["ratios"]), tested["errors"]))


def _runs(runs: Sequence[Mapping[str, Any]]) -> str:
    rows = [(one["name"], *(f"{one[key]:.6g}" for key in ("N", "D", "C", "loss"))) for one in runs]
    return f"<details><summary>{len(runs)} runs</summary>{_table(('run', 'N', 'D', 'FLOPs', 'loss'), rows)}</details>"
