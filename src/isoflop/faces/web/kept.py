"""The page of a source as one file that needs no server: its data, its laws and the question stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoflop.errors import UsageError
from isoflop.faces.pages.browser import asset, held, joined, unbound, whole_page
from isoflop.faces.pages.codes import explanations
from isoflop.faces.pages.content import content, laws_script, surroundings
from isoflop.forecasting.predictor import Predictor

_MADE_BY = (
    "Saved from isoflop web: sliders, figures and tables work from this file alone. What needs the runs again, "
    "another fit or a full run sheet, needs isoflop."
)


def kept_page(source: Predictor, asked: Mapping[str, Any]) -> str:
    """Return the page as HTML, opened at a question: {"state": the desk's, "title": what was opened}."""
    state, title = asked.get("state"), asked.get("title")
    if not isinstance(state, dict) or not isinstance(title, str):
        raise UsageError("a page is saved with the state of its desk and a title.")
    data, around = content(source), surroundings() | {"codes": explanations()}
    script = f"{laws_script(source)}{joined()}{_own('view.js')}{_own('kept.js')}"
    body = (
        f'<main id="main"><div id="view"></div><p><small>{_MADE_BY}</small></p></main>'
        f"{held('data', data)}{held('around', around)}{held('state', dict(asked))}"
    )
    return whole_page(f"{title} · isoflop", body, script=script, style=asset("look.css") + _own("app.css"))


def _own(name: str) -> str:
    return unbound(asset(name, "web/page"))
