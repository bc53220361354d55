"""The report's HTML: every text escaped, one style, two scripts, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from isoflop.faces.pages.browser import PLOT_STYLE, asset, joined
from isoflop.faces.pages.content import laws_script, surroundings
from isoflop.faces.report.parts import Part, parts
from isoflop.fitting.saved import to_json

if TYPE_CHECKING:
    from isoflop.forecasting.predictor import Predictor

_RISKY = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def page(source: Predictor, data: Mapping[str, Any], command: str) -> str:
    """Return the report of a source, and of what `isoflop.pages.content` gives of it, as one HTML document."""
    scripts = (asset("plot.js"), f'"use strict";\n{laws_script(source)}{joined()}{_own("report.js")}')
    style = asset("look.css")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{_policy(scripts, style)}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Scaling report: {escape(data['name'])}</title><style>{style}</style></head><body>"
        f"{_body(data, command)}{_json('data', data)}{_json('around', surroundings())}"
        f"{''.join(f'<script>{one}</script>' for one in scripts)}</body></html>\n"
    )


def _own(name: str) -> str:
    return files("isoflop.faces.report").joinpath(name).read_text(encoding="utf-8")


def _json(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{to_json(value, indent=None).translate(_RISKY)}</script>'


def _policy(scripts: Iterable[str], style: str) -> str:
    run, look = " ".join(map(_hash, scripts)), f"{_hash(style)} {PLOT_STYLE}"
    allowed = f"default-src 'none'; script-src {run}; style-src {look}; base-uri 'none'; form-action 'none'"
    return f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _body(data: Mapping[str, Any], command: str) -> str:
    return (
        f'<main><p class="kind">Scaling report</p><h1>{escape(data["name"])}</h1>'
        f'<p class="words">{escape(data["words"])}</p>'
        f'<section><h2>Plan a budget</h2><p>By {escape(data["by"])}.</p><div id="desk"></div></section>'
        f"<section><h2>What to doubt</h2>{_findings(data['findings'])}</section>"
        f"{''.join(map(_section, parts(data, command)))}</main>"
    )


def _section(part: Part) -> str:
    said, table = escape(part.said), _table(part.head, part.rows)
    if part.folded:
        return f"<section><h2>{escape(part.title)}</h2><details><summary>{said}</summary>{table}</details></section>"
    formula = f"<p><code>{escape(part.formula)}</code></p>" if part.formula else ""
    return f"<section><h2>{escape(part.title)}</h2>{f'<p>{said}</p>' if said else ''}{formula}{table}</section>"


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
