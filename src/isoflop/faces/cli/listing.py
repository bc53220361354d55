"""The catalogues as they are shown: families of laws, laws found by word or input, one explained, the datasets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from rich.text import Text

from isoflop.data import datasets
from isoflop.display import View, bold, dim, group, heading, table
from isoflop.errors import UsageError
from isoflop.formula.law import INPUT_KINDS, Curve, Law
from isoflop.laws import CURVES, FAMILIES, LAWS, OTHER_NAMES, find_curve, find_law
from isoflop.laws.schedules import SCHEDULE_CURVES, SCHEDULE_LAWS
from isoflop.quantities import show

if TYPE_CHECKING:
    from rich.table import Table

    from isoflop.data.datasets import Dataset
    from isoflop.data.runs import Runs

_ROLES = {
    "floor": "what remains however large the run; never negative",
    "scale": "how large its term is; never negative",
    "exponent": "how steep its term is; never negative",
    "size": "a size at which its term has a given weight; positive",
    "break": "where one power law hands over to the next; positive",
    "real": "any number",
}


SCHEDULES, _OF_SCHEDULES = "schedules", "loss at each step under a whole learning-rate schedule"
"""Laws of schedules are no formulas of numbers, and stand in a family of their own."""
FEW = 3
"""So many curves of a law are named in a list; of the others, how many there are."""


@dataclass(frozen=True)
class Listing:
    """Some laws of the catalogue, and of the published curves those that were asked for."""

    laws: tuple[Law, ...]
    curves: tuple[Curve, ...]

    def curves_of(self, law: Law) -> list[Curve]:
        """Return the listed curves of a law."""
        return [curve for curve in self.curves if curve.law is law]

    def __rich__(self) -> View:
        """Return the laws family by family: name, formula, published curves."""
        parts: list[View] = []
        for family in FAMILIES:
            laws = [law for law in self.laws if law.family == family]
            if laws:
                rows = [(law.name, _short(str(law.formula)), _named(self.curves_of(law))) for law in laws]
                body = table(["law", "formula", "published curves"], rows, words=True)
                parts += [heading(family, FAMILIES[family]), body, ""]
        return group(*parts, dim("isoflop laws NAME explains a law or a curve, -o law.png draws it."))


def overview() -> View:
    """Return the families of laws: how many laws and published curves each has, and what they give."""
    laws, curves = Counter(law.family for law in LAWS.values()), Counter(one.law.family for one in CURVES.values())
    rows = [(bold(name), str(laws[name]), str(curves[name] or ""), what) for name, what in FAMILIES.items()]
    rows.append((bold(SCHEDULES), str(len(SCHEDULE_LAWS)), str(len(SCHEDULE_CURVES)), _OF_SCHEDULES))
    body = table(["family", "laws", "curves", "what its laws give"], rows, words=True)
    for column in body.columns[1:3]:
        column.justify = "right"
    body.columns[0].no_wrap = True
    ways = [
        ("isoflop laws --family batch", "the laws of a family"),
        ("isoflop laws --inputs N,D,U", "laws that take these inputs"),
        ("isoflop laws --search image", "laws and curves about something"),
        ("isoflop laws besiroglu2024", "one explained; -o law.png draws it"),
    ]
    ways.append((f"isoflop laws {SCHEDULES}", "laws of a whole learning-rate schedule"))
    known = len(LAWS) + len(SCHEDULE_LAWS), len(CURVES) + len(SCHEDULE_CURVES)
    total = f"{known[0]} laws, {known[1]} published curves; any formula of your own is a law too"
    return group(body, "", dim(total), *[dim(f"{typed:<29}{gives}") for typed, gives in ways])


def listed(*, family: str | None = None, search: str | None = None, inputs: Sequence[str] = ()) -> Listing:
    """Return the laws of a family, that take all these inputs, and that, or whose curves, are about these words.

    Raises UsageError where there is none.
    """
    families = _families(family) if family else set(FAMILIES)
    words, published = normal(search or "").split(), list(CURVES.values())
    laws: list[Law] = []
    curves: list[Curve] = []
    for law in LAWS.values():
        if law.family not in families or not set(inputs) <= set(law.inputs):
            continue
        own = [curve for curve in published if curve.law is law]
        others = [OTHER_NAMES.get(key, "") for key in (law.name, law.family)]
        about = [law.name, law.family, law.summary, law.cite, *others]
        meant = own if _about(about, words) else [curve for curve in own if _about([*about, *_said(curve)], words)]
        if meant or _about(about, words):
            laws.append(law)
            curves += meant
    if not laws:
        asked = ", ".join(filter(None, [family, ",".join(inputs), search]))
        raise UsageError(f'no law is about "{asked}". Say isoflop laws to see the families.')
    return Listing(tuple(laws), tuple(curves))


def named(name: str) -> Law | Curve | Listing:
    """Return the law or curve of that name, of a part of it, or of a typed formula; several if several fit."""
    if name in CURVES or name in LAWS:
        return CURVES[name] if name in CURVES else LAWS[name]
    asked = normal(name).replace(" ", "")
    known = {one: normal(one).replace(" ", "") for one in (*LAWS, *CURVES)}
    meant = [one for one, plain in known.items() if plain == asked]
    meant = meant or [one for one, plain in known.items() if len(asked) > 2 and asked in plain]
    if not re.fullmatch(r"[\w\s-]+", name) or not meant or re.fullmatch(r"bnsl\d", name):
        return _find(name)
    if len(meant) == 1:
        return CURVES[meant[0]] if meant[0] in CURVES else LAWS[meant[0]]
    curves = [CURVES[one] for one in meant if one in CURVES]
    laws = [law for law in LAWS.values() if law.name in meant or any(curve.law is law for curve in curves)]
    return Listing(tuple(laws), tuple(curves))


def normal(text: str) -> str:
    """Return a text in small letters, every other sign a space."""
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _about(texts: Sequence[str], words: Sequence[str]) -> bool:
    whole = f" {normal(' '.join(texts))}"
    return all(f" {word}" in whole for word in words)


def _said(curve: Curve) -> tuple[str, ...]:
    return curve.name, curve.summary, curve.cite, curve.caution


def _families(asked: str) -> set[str]:
    """Return the families whose name, initials or description an asked word is part of."""
    word = normal(asked)
    named_so = {one for one in FAMILIES if word in normal(one) or word == "".join(part[0] for part in one.split())}
    described = {one for one, what in FAMILIES.items() if word in normal(what)}
    of_laws = {law.family for law in LAWS.values() if word in normal(f"{law.name} {law.summary}")}
    near = set(get_close_matches(word, FAMILIES, 1))
    found = named_so or described or of_laws or near
    if word == SCHEDULES:
        raise UsageError(f"laws of schedules are no formulas of runs. Say isoflop laws {SCHEDULES}.")
    if not found:
        raise UsageError(f'there is no family "{asked}". Say one of {", ".join(FAMILIES)}.')
    return found


def curves_named(name: str) -> list[Curve]:
    """Return the curves to evaluate: those named, or the published ones of a law or a paper, whatever they take."""
    if "," in name:
        return [find_curve(one.strip()) for one in name.split(",")]
    if name in SCHEDULE_LAWS or name in SCHEDULE_CURVES:
        raise UsageError(f"{name} is of whole schedules, not of numbers: isoflop finish evaluates it along a run.")
    found = named(name)
    if isinstance(found, Curve):
        return [found]
    curves = [one for one in CURVES.values() if one.law is found] if isinstance(found, Law) else list(found.curves)
    if not curves:
        raise UsageError(
            f"{name} has no published curve, so nothing to evaluate. Fit it to runs: isoflop fit RUNS --law {name}."
        )
    return curves


def explain(name: str) -> View:
    """Return one law or curve: formula, what each letter means, range, caution, source, how well it is verified."""
    if name == SCHEDULES or name in SCHEDULE_LAWS or name in SCHEDULE_CURVES:
        return _explain_schedules(name)
    found = named(name)
    return (
        _explain_law(found) if isinstance(found, Law) else _explain_curve(found) if isinstance(found, Curve) else found
    )


def _explain_schedules(name: str) -> View:
    """Return the laws of schedules, or the one that is named or that a named curve is of, with the published curves."""
    chosen = SCHEDULE_CURVES[name].law.name if name in SCHEDULE_CURVES else name
    parts: list[View] = []
    for law in (one for one in SCHEDULE_LAWS.values() if chosen in (SCHEDULES, one.name)):
        curves = [one for one in SCHEDULE_CURVES.values() if one.law is law and name in (one.name, chosen)]
        columns = ["parameter", "kind", *(one.name for one in curves)]
        rows = [(key, kind.role, *(f"{one.values[key]:.7g}" for one in curves)) for key, kind in law.parameters.items()]
        parts += [heading(law.name, SCHEDULES), Text(law.summary), "", Text(f"  {law.text}", "bold"), ""]
        parts += [table(columns, rows), dim(law.cite), ""]
        parts += [Text(one, style="yellow") for one in dict.fromkeys(one.caution for one in curves)]
    return group(*parts, dim("from isoflop.laws.schedules import SCHEDULE_CURVES; call one with the rate of each step"))


def _explain_law(law: Law) -> View:
    letters = [(key, "input", kind.unit or "any quantity") for key, kind in law.inputs.items()]
    letters += [(key, kind.role, _ROLES[kind.role]) for key, kind in law.parameters.items()]
    body = table(["letter", "kind", "meaning"], letters, words=True)
    rows = [(curve.name, _ranges(curve), _doubt(curve)) for curve in CURVES.values() if curve.law is law]
    curves: View = table(["published curve", "fitted on", ""], rows, words=True)
    if not rows:
        curves = dim("no published curve: fit it to your runs")
    return group(
        heading(law.name, law.family), Text(law.summary), "", _formula(str(law.formula), law), "",
        body, "", curves, "", dim(law.cite),
    )  # fmt: skip


def _explain_curve(curve: Curve) -> View:
    law = curve.law
    letters = [(key, "input", _range(curve, key), kind.unit or "any quantity") for key, kind in law.inputs.items()]
    letters += [
        (key, "input", _range(curve, key), f"{INPUT_KINDS[key].unit} of the runs")
        for key in curve.fitted_on
        if key not in law.inputs
    ]
    letters += [(key, kind.role, f"{curve.values[key]:.7g}", _ROLES[kind.role]) for key, kind in law.parameters.items()]
    body = table(["letter", "kind", "value or range", "meaning"], letters, words=True)
    names = list(law.inputs)
    rows = [[*(show(inputs[key]) for key in names), f"{value:.7g}"] for inputs, value in curve.checks]
    checks = table([*names, law.output.unit or "value"], rows)
    cautions: list[View] = [Text(curve.caution, style="yellow"), ""] if curve.caution else []
    printed: list[View] = [_printed(curve), ""] if curve.printed else []
    verified = dim(f"verified at {len(rows)} point{'s' * (len(rows) > 1)}, each held by a test to 1e-7")
    return group(
        heading(curve.name, f"a curve of {law.name}, {law.family}"), Text(curve.summary or law.summary), "",
        _formula(str(law.formula), law), "", body, "", *cautions, *printed, verified, checks, "", dim(curve.cite),
    )  # fmt: skip


def _printed(curve: Curve) -> View:
    """Return what the source prints beside what the curve gives there."""
    names = list(curve.law.inputs)
    rows = [
        (*(show(inputs[key]) for key in names), f"{value:.5g}", f"{curve(**inputs):.5g}")
        for inputs, value, _ in curve.printed
    ]
    return group(dim("what its source prints or measured, and the curve"), table([*names, "printed", "curve"], rows))


def _formula(text: str, law: Law) -> Text:
    return Text.assemble("  ", (text, "bold"), (f"   {law.output.unit}" if law.output.unit else "", "dim"))


def _range(curve: Curve, key: str) -> str:
    return " – ".join(map(show, curve.fitted_on[key])) if key in curve.fitted_on else "range unknown"


def _ranges(curve: Curve) -> str:
    return ", ".join(f"{key} {_range(curve, key)}" for key in curve.fitted_on) or "range unknown"


def _doubt(curve: Curve) -> Text:
    return Text("caution", style="yellow") if curve.caution else Text("")


def _named(curves: Sequence[Curve]) -> str:
    first = ", ".join(curve.name for curve in curves[:FEW])
    return f"{first} and {len(curves) - FEW} more" if len(curves) > FEW else first


def as_dict(found: Law | Curve | Listing | None = None) -> dict[str, Any]:
    """Return the laws and curves that were found, or all of them, as they stand in the JSON."""
    if isinstance(found, Curve):
        found = Listing((), (found,))
    if isinstance(found, Law):
        found = Listing((found,), tuple(curve for curve in CURVES.values() if curve.law is found))
    laws, curves = (found.laws, found.curves) if found else (tuple(LAWS.values()), tuple(CURVES.values()))
    families = {name: what for name, what in FAMILIES.items() if any(law.family == name for law in laws)}
    return {"families": families, "laws": [_law(law) for law in laws], "curves": [_curve(curve) for curve in curves]}


def _find(name: str) -> Law:
    if name not in LAWS and get_close_matches(name, CURVES, 1, 0.8):
        find_curve(name)  # says which curve may be meant
    return find_law(name)


def _law(law: Law) -> dict[str, Any]:
    return {
        "name": law.name, "family": law.family, "formula": str(law.formula), "latex": law.formula.latex(),
        "javascript": law.javascript(), "inputs": {key: kind.unit for key, kind in law.inputs.items()},
        "parameters": {key: kind.role for key, kind in law.parameters.items()},
        "output": law.output.unit, "cite": law.cite, "summary": law.summary,
    }  # fmt: skip


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "name": curve.name, "law": curve.law.name, "values": dict(curve.values), "cite": curve.cite,
        "summary": curve.summary, "caution": curve.caution,
        "fitted_on": {key: list(ends) for key, ends in curve.fitted_on.items()},
        "checks": [{"inputs": dict(inputs), "value": value} for inputs, value in curve.checks],
        "printed": [
            {"inputs": dict(inputs), "value": value, "within": near} for inputs, value, near in curve.printed
        ],
    }  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= 46 else f"{text[:43]}..."


def datasets_overview() -> Table:
    """Return the datasets with what each holds."""
    known = [datasets.describe(name) for name in datasets.NAMES]
    return table(["dataset", "what"], [(one.name, one.title) for one in known], words=True)


def dataset(about: Dataset, runs: Runs, *, most: int = 20) -> View:
    """Return the first runs of a dataset, with its source."""
    names = [name for name in ("N", "D", "C", "loss") if name in runs] or list(runs.columns)[:4]
    rows = [[_cell(runs[name][row]) for name in names] for row in range(min(most, len(runs)))]
    more = f"… {len(runs) - most} more; " if len(runs) > most else ""
    source = "\n".join(part for part in (about.source, about.licence, about.note) if part)
    foot = dim(f"{more}--json prints all of it, with every column")
    return group(heading(about.name, about.title), dim(source), table(names, rows), foot)


def _cell(value: object) -> str:
    return show(value, 4) if isinstance(value, float) else str(value)
