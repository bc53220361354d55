"""Write the generated pages of docs/.

laws.md and a page for each law come from the catalogue, cli.md from the commands, reference/api.md from the names.

python docs/build.py           writes the pages that changed, and removes those of laws that are gone
python docs/build.py --check   writes nothing and exits with 1 if a page is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop.faces.claims import CLAIMS
from isoflop.laws import CURVES, FAMILIES, LAWS
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.formula.law import Curve, Law

DOCS = Path(__file__).parent
PUBLISHED = tuple(CURVES.values())

LAWS_PREAMBLE = """\
# The laws

Every law of the catalogue by family; each has a page with its formula, letters and published curves. These pages are \
generated; `make docs` writes them. In a terminal, `isoflop laws` lists the same, `isoflop laws NAME` explains, and \
`isoflop laws NAME -o law.png` draws.

A letter's kind says how a fit may move it:

| kind | what it is |
|---|---|
| input | a column of the runs, in base units |
| floor | what remains however large the run; never negative |
| scale | how large its term is; never negative |
| exponent | how steep its term is; never negative |
| size | a size at which its term has a given weight; positive, in the unit of an input |
| break | where one power law hands over to the next; positive, in the unit of an input |
| real | any number |

The check values of a curve are computed from its constants and held by the tests to 1e-7; a caution says what a \
curve should not be used for. Any formula of your own is a law too: `--law "E + A/N^alpha"`.

```{toctree}
:hidden:
:glob:

laws/*
```
"""

CLI_PREAMBLE = """\
# The command line

Every command with its options. This page is generated; `make docs` writes it.

Results go to stdout, talk to stderr. `--json` prints JSON. `-` is stdin. Numbers may be typed as `8e9`, `70B` or \
`1.4T`. Exit codes: 0 ok, 1 failure, 2 usage, 3 data refused, 4 fit not to be trusted (a BLOCK finding), \
130 interrupted.
"""


def laws_page() -> str:
    """Give the page that lists every law, by family."""
    return "\n\n".join([LAWS_PREAMBLE.rstrip(), *(part for family in FAMILIES for part in _family(family))]) + "\n"


def _family(family: str) -> Iterator[str]:
    laws = [law for law in LAWS.values() if law.family == family]
    yield f"## {family}"
    yield f"{FAMILIES[family].capitalize()}."
    rows = [(f"[{law.name}](laws/{law.name}.md)", f"`{law.formula}`", str(len(_curves(law)) or "")) for law in laws]
    yield _table(("law", "formula", "published curves"), rows)


def law_page(law: Law) -> str:
    """Give the page of one law, with its published curves."""
    return "\n\n".join(_law(law)) + "\n"


def _curves(law: Law) -> list[Curve]:
    return [curve for curve in PUBLISHED if curve.law is law]


def _law(law: Law) -> Iterator[str]:
    letters = [(f"`{name}`", f"input: {kind.unit or 'any'}") for name, kind in law.inputs.items()]
    letters += [(f"`{name}`", kind.role) for name, kind in law.parameters.items()]
    yield f"# {law.name}"
    yield f"{law.summary}"
    yield f"```\n{law.formula}\n```"
    yield f"$$\n{law.formula.latex()}\n$$"
    yield f"Gives {law.output.unit or 'a number'}. Source: {law.cite}. Family: [{law.family}](../laws.md)."
    yield _table(("letter", "kind"), letters)
    if not _curves(law):
        yield "No published curve: fit it to your runs."
    for curve in _curves(law):
        yield from _curve(curve)


def _curve(curve: Curve) -> Iterator[str]:
    values = ", ".join(f"{name} = {value:.8g}" for name, value in curve.values.items())
    yield f"## {curve.name}"
    if curve.summary:
        yield curve.summary
    yield f"{values}. Source: {curve.cite}."
    if curve.fitted_on:
        ranges = ", ".join(f"{name} from {show(low)} to {show(high)}" for name, (low, high) in curve.fitted_on.items())
        yield f"Fitted on {ranges}."
    if curve.caution:
        yield f"**Caution.** {curve.caution}"
    names = tuple(curve.law.inputs)
    checks = [(*(show(inputs[name], 4) for name in names), f"{value:.8g}") for inputs, value in curve.checks]
    yield _table((*names, curve.law.output.unit), checks)
    if curve.printed:
        yield "Its source prints:"
        printed = [
            (*(show(inputs[name], 4) for name in names), f"{value:.6g}", f"{curve(**inputs):.6g}")
            for inputs, value, _ in curve.printed
        ]
        yield _table((*names, "printed", "curve"), printed)


def cli_page() -> str:
    """Give the page on every command of the command line."""
    import typer

    from isoflop.faces.cli import application

    commands = dict(_commands("isoflop", typer.main.get_command(application())))
    sections = [section for path, command in commands.items() for section in _command(path, command)]
    return "\n\n".join([CLI_PREAMBLE.rstrip(), *sections, *_panels(commands.values())]) + "\n"


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Give every command by what one types for it. Any: typer's command classes have no stable home."""
    if not hasattr(command, "commands"):
        yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", child)


def _command(path: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = _options(command)
    own = [one for one in options if not one.rich_help_panel]
    panels = dict.fromkeys(one.rich_help_panel for one in options if one.rich_help_panel)
    yield f"## {path}"
    yield command.help.strip()
    yield f"```\n{' '.join([path, *map(_metavar, arguments), '[OPTIONS]'])}\n```"
    if arguments:
        yield _table(("argument", "meaning"), [(f"`{_metavar(one)}`", one.help or "") for one in arguments])
    if own:
        yield _table(("option", "meaning", "default"), [_option(one) for one in own])
    if panels:
        links = (f"[{name}](#{name.lower().replace(' ', '-')})" for name in panels)
        yield f"And the options under {' and '.join(links)} below."


def _panels(commands: Iterable[Any]) -> Iterator[str]:
    """Describe once the groups of options that several commands share."""
    shared: dict[str, dict[str, tuple[str, str, str]]] = {}
    for command in commands:
        for option in _options(command):
            if option.rich_help_panel:
                shared.setdefault(option.rich_help_panel, {})[option.name] = _option(option)
    for name, rows in shared.items():
        yield f"## {name}"
        yield _table(("option", "meaning", "default"), list(rows.values()))


def _options(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "option" and not one.hidden]


def _metavar(argument: Any) -> str:
    name = str(argument.metavar or argument.name.upper())
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _option(option: Any) -> tuple[str, str, str]:
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    shown = isinstance(option.default, str | int | float) and not isinstance(option.default, bool)
    default = "required" if option.required else f"`{option.default}`" if shown else ""
    return f"`{', '.join(option.opts)}{value}`", option.help or "", default


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


CLAIMS_PREAMBLE = """\
# What people say, checked

Sentences one reads about scaling laws, each run through isoflop: the verdict, why, the number, the command that shows \
it, the source. Numbers are computed from the catalogue when this page is built; `isoflop laws --claims` prints them.
"""


def claims_page() -> str:
    """Give the page of claims: each with its verdict, reason, number, command and source."""
    parts = [CLAIMS_PREAMBLE]
    for one in CLAIMS:
        parts.append(f"## “{one.sentence}”")
        parts.append(f"**{one.verdict.capitalize()}**: {one.because} Number: {one.number()}.")
        parts.append(f"`{one.command}` ({one.source})")
    return "\n\n".join(part.strip() for part in parts) + "\n"


API_PREAMBLE = """\
# The Python API

`import isoflop` gives every name below; each is loaded when it is first used, so the import is quick. Verbs are \
functions that take nouns and return one noun; results are frozen, print themselves in a terminal and in a notebook, \
and give plain data with `.as_dict()`. Wrong input raises `isoflop.UsageError` or `isoflop.DataError`: one sentence \
that says what was expected, what came and what to type. This page is generated; `make docs` writes it.
"""
WINGS = {
    "data": "Runs", "fitting": "Laws and fits", "forecasting": "Forecasts", "planning": "Plans", "compute": "Cost",
    "experiments": "Experiments", "beyond": "Beyond loss", "formula": "Formulas", "laws": "The catalogue",
    "faces": "Documents", "estimate": "Estimates and findings", "findings": "Findings", "errors": "Errors",
}  # fmt: skip


def api_page() -> str:
    """Give the page of the public names, by what they are about, for Sphinx to fill from their docstrings."""
    import isoflop

    parts = [API_PREAMBLE.rstrip()]
    for wing, title in WINGS.items():
        homes = {name: home for name, home in isoflop.HOME.items() if home.split(".")[0] == wing}
        kinds = [(name, getattr(isoflop, name)) for name in homes]
        rows = [f".. auto{'class' if isinstance(one, type) else 'function'}:: isoflop.{name}" for name, one in
                sorted(kinds, key=lambda pair: (isinstance(pair[1], type), pair[0]))]  # fmt: skip
        if rows:
            parts += [f"## {title}", "```{eval-rst}\n" + "\n\n".join(rows) + "\n```"]
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or say which are out of date; give the exit code."""
    pages = {"laws.md": laws_page(), "cli.md": cli_page(), "claims.md": claims_page()}
    pages["reference/api.md"] = api_page()
    pages |= {f"laws/{law.name}.md": law_page(law) for law in LAWS.values()}
    stale = [name for name, text in pages.items() if not (DOCS / name).exists() or (DOCS / name).read_text() != text]
    gone = [f"laws/{path.name}" for path in sorted((DOCS / "laws").glob("*.md")) if f"laws/{path.name}" not in pages]
    if "--check" in arguments:
        for name in (*stale, *gone):
            print(f"docs/{name} is out of date. Say make docs.")
        return 1 if stale or gone else 0
    for folder in ("laws", "reference"):
        (DOCS / folder).mkdir(exist_ok=True)
    for name in stale:
        (DOCS / name).write_text(pages[name])
        print(f"wrote docs/{name}")
    for name in gone:
        (DOCS / name).unlink()
        print(f"removed docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
