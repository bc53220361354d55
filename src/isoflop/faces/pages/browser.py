"""The files that a page is made of, and what a policy must allow for them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Any

from isoflop.fitting.saved import to_json

MODULES = ("units.js", "typing.js", "planner.js", "levels.js", "knobs.js", "inspect.js", "figures.js", "explain.js",
           "answer.js", "desk.js")  # fmt: skip
"""The modules of a page, each after those that it imports."""
PLOT_STYLE = "'sha256-+TfQir1nvDucAdvE6XUQBt4ayUjpAWkbw2kCdSfekHM='"
"""The one style element that Observable Plot writes into each figure, for a policy that allows no other."""
_RISKY = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def asset(name: str, folder: str = "pages") -> str:
    """Return the text of one of the files here, or in another folder of the faces: "web/page"."""
    return (files("isoflop.faces") / folder / name).read_text(encoding="utf-8")


def joined() -> str:
    """Return the modules as one script, for a page that must need no other file."""
    return "\n".join(unbound(asset(name)) for name in MODULES)


def unbound(text: str) -> str:
    """Return a module without its imports and exports, to stand in one script with what it imports."""
    return re.sub(r"(?m)^(?:import .*\n|export )", "", text)


def held(name: str, value: Any) -> str:
    """Return data as a script element of JSON that no text in it can close."""
    return f'<script type="application/json" id="{name}">{to_json(value, indent=None).translate(_RISKY)}</script>'


def whole_page(title: str, body: str, *, script: str, style: str) -> str:
    """Return an HTML document that needs no other file; script  what runs in it after Observable Plot, if anything."""
    scripts = (asset("plot.js"), f'"use strict";\n{script}') if script else ()
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{policy(scripts, style, images=True)}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}"
        f"{''.join(f'<script>{one}</script>' for one in scripts)}</body></html>\n"
    )


def policy(scripts: Iterable[str], style: str, *, images: bool = False) -> str:
    """Return the policy by which only these scripts run and this style holds; images: those a page draws itself."""
    run, look = " ".join(map(_hash, scripts)) or "'none'", f"{_hash(style)} {PLOT_STYLE}"
    drawn = "img-src blob: data:; " if images else ""
    allowed = f"default-src 'none'; {drawn}script-src {run}; style-src {look}; base-uri 'none'; form-action 'none'"
    return f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
