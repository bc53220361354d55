"""How Sphinx builds the site: pages as Markdown, chapters run as notebooks, the reference from docstrings."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

import isoflop
from isoflop.faces.cli.schemas import schema_of

project = "isoflop"
author = "The isoflop authors"
copyright = author  # noqa: A001 - Sphinx's own name
release = version = isoflop.__version__
_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "misc.highlighting_failure"]  # what a terminal prints is not always one language
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
copybutton_prompt_text = "$ "

html_theme = "furo"
html_title = f"isoflop {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "source_repository": _PROJECT["urls"]["Repository"] + "/",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"

_LISTED = re.compile(r"^(?P<name>[\w.*, ]*[\w*])(?P<gap>  +)(?P<what>\S.*)$")
"""A line of a docstring that explains one argument or field: its name, two spaces or more, what it is."""


def listed(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:  # noqa: ARG001, PLR0917
    """Write the aligned lists of a docstring as lists, so that the reference shows one line for each argument."""
    found: list[str] = []
    within = 0
    for line in lines:
        match = _LISTED.match(line)
        if match:
            found += [*([] if within else [""]), f"* ``{match['name'].strip()}``: {match['what']}"]
            within = len(match["name"]) + len(match["gap"])
        elif within and line.startswith(" " * within) and line.strip():
            found.append(f"  {line.strip()}")
        else:
            found += [*([""] if within else []), line]
            within = 0
    code = False
    for place, line in enumerate(found):
        code = line.lstrip().startswith(">>>") or (code and bool(line.strip()))
        found[place] = line if code else _plain(line)
    lines[:] = found


def _plain(line: str) -> str:
    """Return a line of a docstring as text: code between backticks stays code, other marks are no markup."""
    bullet, rest = ("* ", line[2:]) if line.startswith("* ") else ("", line)
    parts = re.split(r"(``[^`]+``|`[^`]+`)", rest)
    for place, part in enumerate(parts):
        quoted = part.strip("`")
        parts[place] = f"``{quoted}``" if place % 2 else re.sub(r"([*|\\])", r"\\\1", part).replace("_ ", "\\_ ")
    return bullet + "".join(parts)


def outside(app: Any, name: str, source: list[str]) -> None:  # noqa: ARG001
    """Let links to what is in the repository and not on the site lead to the repository."""
    if "/" not in name:
        source[0] = re.sub(
            r"\]\(\.\./([^)]+)\)", rf"]({html_theme_options['source_repository']}blob/main/\1)", source[0]
        )


def inline(translator: Any, node: Any) -> None:
    """Write a formula within a line as MathML, which browsers draw by themselves: no script, no network."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def display(translator: Any, node: Any) -> None:
    """Write a formula of its own as MathML."""
    translator.body.append(f"<div class='math'>{convert(node.astext(), display='block')}</div>")
    raise nodes.SkipNode


def schemas(app: Any, failed: Exception | None) -> None:
    """Publish the JSON Schema of each command's answer as schema/1/plan.json and so on."""
    if failed is None and app.builder.name == "html":
        known = json.loads(
            (Path(isoflop.__file__).parent / "faces" / "cli" / "schemas.json").read_text(encoding="utf-8")
        )
        folder = Path(app.outdir) / "schema" / str(known["version"])
        folder.mkdir(parents=True, exist_ok=True)
        for name in known["commands"]:
            text = json.dumps(schema_of(name), indent=2, ensure_ascii=False)
            (folder / f"{name.replace(' ', '-')}.json").write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    """Connect what stands above."""
    app.connect("build-finished", schemas)
    app.connect("autodoc-process-docstring", listed)
    app.connect("source-read", outside)
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
