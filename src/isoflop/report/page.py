"""The report's HTML: every text escaped, one style, one script, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from importlib.metadata import version
from importlib.resources import files

from isoflop.check import Checked, check
from isoflop.ensemble import Ensemble, combine
from isoflop.errors import UsageError
from isoflop.evidence import evidence
from isoflop.findings import Finding
from isoflop.fit import Fit, fit
from isoflop.forecast import name_of
from isoflop.record import Record, percent, ratio_name, record
from isoflop.report.content import content, scripts
from isoflop.runs import Runs
from isoflop.saved import to_json
from isoflop.units import show

_RISKY = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_ORDER = ("BLOCK", "WARN", "INFO")


def page(source: Fit | Ensemble | Runs, *, command: str = "", seed: int = 0) -> str:
    """Give the report of a fit, or of several laws together on some runs, as one HTML document."""
    one = (
        source
        if isinstance(source, Fit)
        else fit("chinchilla", source.runs if isinstance(source, Ensemble) else source, seed=seed)
    )
    if set(one.law.inputs) != {"N", "D"} or not len(one.runs):
        raise UsageError(f"a report needs a law of N and D and its runs; {one.law.name} came. Give the runs instead.")
    asked = combine(source) if isinstance(source, Runs) else source
    checked, behind = check(one), evidence(asked).own
    data = to_json(content(asked, asked.runs), indent=None).translate(_RISKY)
    script = f"{scripts(asked)}\n{_file('report.js')}"
    style = _file("report.css")
    body = _body(checked, record(behind) if behind else None, command, by=name_of(asked))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{_policy(script, style)}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Scaling report: {escape(one.source)}</title><style>{style}</style></head><body>{body}"
        f'<script type="application/json" id="data">{data}</script><script>{script}</script></body></html>\n'
    )


def _file(name: str) -> str:
    return files("isoflop.report").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    run, look = (base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (script, style))
    allowed = f"default-src 'none'; script-src 'sha256-{run}'; style-src 'sha256-{look}'; base-uri 'none'"
    return f'<meta http-equiv="Content-Security-Policy" content="{allowed}; form-action \'none\'">'


def _body(checked: Checked, tested: Record | None, command: str, *, by: str) -> str:
    one = checked.fit
    numbers = [(name, show(value.value, 4), f"{show(value.low)} – {show(value.high)}")
               for name, value in one.parameters.items()]  # fmt: skip
    answers = [(question, answer or "unanswered") for question, answer in checked.checklist.items()]
    origin = [("made by", f"isoflop {version('isoflop')}"), ("seed", str(one.options.seed)),
              ("SHA-256 of the runs", one.digest), ("to make it again", command or "isoflop.report(...)")]  # fmt: skip
    return (
        f'<main><p class="kind">Scaling report</p><h1>{escape(one.source)}</h1><p class="words">{escape(checked.words)}'
        f"</p><section><h2>Plan a budget</h2><p>By {escape(by)}.</p>{_PLAN}"
        f"<section><h2>What to doubt</h2>{_findings(checked.findings)}</section>"
        + (_section("Backtests", _backtests(tested)) if tested and tested.tests else "")
        + _section(f"The law {one.law.name}", f"<p><code>{escape(str(one.law.formula))}</code></p>"
                   + _table(("parameter", "value", f"{one.options.level:.0%} interval"), numbers))
        + _section("To repeat it", _table(("question", "answer"), answers))
        + _section("Where it comes from", _table(("", ""), origin)) + "</main>"
    )  # fmt: skip


_PLAN = """<label for="budget">Training compute: <output id="flops" for="budget"></output> FLOPs, C = 6ND</label>
<input id="budget" type="range" min="0" max="1000" step="1">
<div class="cards" aria-live="polite"><div><h3>parameters N</h3><output id="N"></output><small></small></div>
<div><h3>tokens D</h3><output id="D"></output><small></small></div>
<div><h3>loss</h3><output id="loss"></output><small></small></div></div><p id="far"></p>
<div class="charts"><figure><figcaption>Best loss at each budget</figcaption><svg id="frontier" role="img"
aria-label="Loss against compute: runs, the best loss at each budget and its interval"></svg></figure>
<figure><figcaption>Loss against size at this budget</figcaption><svg id="valley" role="img"
aria-label="Loss against parameters at the chosen budget"></svg></figure></div>
<p id="point" role="status"></p></section>"""


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{inner}</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _findings(findings: Sequence[Finding]) -> str:
    rows = "".join(
        f'<li class="{one.severity}"><b>{one.severity} {escape(one.code)}</b> {_sentence(one.message)} '
        f"<i>{_sentence(one.remedy)}</i></li>"
        for one in sorted(findings, key=lambda one: _ORDER.index(one.severity))
    )
    return f"<ul>{rows}</ul>" if rows else "<p>Nothing was found against it.</p>"


def _sentence(text: str) -> str:
    return escape(f"{text[:1].upper()}{text[1:].rstrip('.')}.")


def _backtests(tested: Record) -> str:
    rows = [(name, *map(percent, row)) for name, row in tested.errors.items()]
    told = f"<p>{tested.tests} forecasts of runs beyond those fitted: mean error, by times the compute.</p>"
    return told + _table(("", *map(ratio_name, tested.ratios)), rows)
