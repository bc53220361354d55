"""The report's HTML: every text escaped, one style, two scripts, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from isoflop.faces.pages.browser import asset, held, joined, whole_page
from isoflop.faces.pages.content import laws_script, surroundings, told
from isoflop.faces.report.decision import CHOICES, Decision

if TYPE_CHECKING:
    from isoflop.faces.report.document import Document
    from isoflop.faces.report.figures import Exhibit
    from isoflop.faces.report.parts import Part

_WIDE = 1.8
"""Times its height from which a figure is given a whole row."""


def page(shown: Document) -> str:
    """Return a report as one HTML document, which opens with the decision where there is one."""
    script = f"{laws_script(shown.source)}{joined()}{asset('report.js', 'report')}" if shown.data else ""
    data = f"{held('data', shown.data)}{held('around', surroundings())}" if shown.data else ""
    title = f"{'' if shown.decision else 'Scaling report: '}{shown.title}"
    style = asset("look.css") + asset("report.css", "report")
    return whole_page(title, f"<main>{_body(shown)}</main>{data}", script=script, style=style)


def _body(shown: Document) -> str:
    """Return the decision, then the evidence: what moves, doubts, figures, tables."""
    above = _decision(shown, shown.decision) if shown.decision else _heading(shown)
    by = f"By {escape(shown.data['by'])}." if shown.data else ""
    moving = f'<section id="moving"><h2>Plan a budget</h2><p>{by}</p><div id="desk"></div></section>'
    missing = f"<p>{escape(shown.missing)}</p>" if shown.missing else ""
    figures = "".join(_figure(one, shown) for one in shown.evidence)
    return (
        f"{above}{moving if shown.data else ''}"
        f"<section><h2>What to doubt</h2>{_findings(shown.doubts)}</section>"
        f'<section><h2>Figures</h2>{missing}<div class="exhibits">{figures}</div></section>'
        f"{''.join(map(_section, shown.parts))}"
    )


def _heading(shown: Document) -> str:
    return (
        f'<p class="kind">Scaling report</p>{_byline(shown)}<h1>{escape(shown.name)}</h1>'
        f'<p class="words">{escape(shown.words)}</p>'
    )


def _byline(shown: Document) -> str:
    return f'<p class="byline">{escape(shown.origin.byline)}</p>' if shown.origin.byline else ""


def _decision(shown: Document, one: Decision) -> str:
    """Return the page for whoever decides."""
    cards = "".join(
        f"<div><span>{escape(card.name)}</span><b>{escape(card.value)}</b><small>{escape(card.under)}</small></div>"
        for card in one.cards
    )
    left = f'<p class="trust">{one.left} more notes stand under What to doubt.</p>' if one.left > 0 else ""
    doubts = told(one.doubts)
    trust = "".join(f'<p class="trust">{escape(each)}</p>' for each in one.trust)
    origin = " · ".join(f"{name}: {value}" for name, value in shown.parts[-1].rows if name not in ("on", "author"))
    return (
        f'<article class="decision"><p class="kind">Decision</p>{_byline(shown)}<h1>{escape(one.question)}</h1>'
        f'<p class="verdict">{escape(one.answer)}</p><div class="cards">{cards}</div>'
        f'<div class="sure"><div><h2>How sure is that?</h2>{trust}</div>'
        f"{''.join(_image(each, shown) for each in shown.beside)}</div>"
        f"<h2>What could go wrong?</h2>{_findings(doubts)}{left}{_choices(one)}"
        f'<p class="foot">{escape(origin)}</p></article>'
    )


def _choices(one: Decision) -> str:
    if not one.choices:
        return ""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in CHOICES)
    body = "".join(
        f"<tr{' class=this' * (row[0] == 'this plan')}>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in one.choices
    )
    return (
        '<h2>What else could be done?</h2><div class="choices-box" tabindex="0">'
        f'<table class="choices"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _figure(one: Exhibit, shown: Document) -> str:
    across, up = one.figure.get_size_inches()
    wide = ' class="across"' if across > _WIDE * up else ""
    said = f"<figcaption>{escape(one.name)}</figcaption>{_image(one, shown)}<p>{escape(one.said)}</p>"
    return f"<figure{wide}>{said}</figure>"


def _image(one: Exhibit, shown: Document) -> str:
    kind, content = one.picture(shown.runs)
    source = f"data:image/{'svg+xml' if kind == 'svg' else kind};base64,{base64.b64encode(content).decode()}"
    return f'<img alt="{escape(one.alt, quote=True)}" src="{source}">'


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


def _findings(findings: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f'<li class="{one["severity"]}"><b>{one["severity"]} {escape(one["code"])}</b> {escape(one["message"])} '
        f"<i>{escape(one['remedy'])}</i></li>"
        for one in findings
    )
    return f"<ul>{rows}</ul>" if rows else "<p>Nothing was found against it.</p>"
