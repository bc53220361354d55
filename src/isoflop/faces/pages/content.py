"""What a page is given of a source: its laws as JavaScript, how they weigh, its runs, frontier, doubts and origin."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from isoflop.compute.devices import DEVICES, MFU
from isoflop.compute.flops import rule_named
from isoflop.compute.prices import usual_price
from isoflop.data.runs import Runs
from isoflop.data.runs.columns import TOKENS
from isoflop.data.runs.costs import USUAL, reach_of, rule_of
from isoflop.display import sentence
from isoflop.errors import UsageError
from isoflop.findings import Finding
from isoflop.fitting.check import Checked, check
from isoflop.fitting.saved import to_json
from isoflop.forecasting.ensemble import Evidence, evidence, shares
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.record import percent, ratio_name, record, with_sizes
from isoflop.forecasting.source import ONE_LAW
from isoflop.forecasting.summary import several_in_words
from isoflop.formula import tree as expression
from isoflop.formula.law import Curve
from isoflop.formula.parse import Formula
from isoflop.laws import CURVES
from isoflop.laws.repetition import effective_params, effective_tokens
from isoflop.planning.demand import DEVICE
from isoflop.planning.frontier import frontier
from isoflop.planning.landmarks import MODELS
from isoflop.quantities import Kind, show

BUDGETS, BEYOND = 25, 100.0
"""Budgets whose intervals are shipped, and how many times the largest run's compute they reach."""
MOST_SHOWN = 2000
"""Runs that are listed: of more, an even share."""
PUBLISHED_SPAN = (1e18, 1e26)
"""Training FLOPs over which published curves are shown."""
_ORDER = ("BLOCK", "WARN", "INFO")
_TOLD = {"N", "D", "U", "bits"}


def laws_script(source: Predictor) -> str:
    """Give the JavaScript of a source: `laws`, functions of {N, D, U, bits}, and `fresh`, what repeated data are worth.

    The formulas' allow-list leaves no way out of the functions.
    """
    N, D, U = map(expression.name, ("N", "D", "U"))
    tokens, params = (Formula(one).javascript() for one in (effective_tokens(D, U), effective_params(N, U)))
    laws = [
        f"(at) => ({one.law.javascript()})({', '.join([*(f'at.{key}' for key in one.law.inputs), *map(repr, row)])})"
        for one in source.curves
        for row in one.row.tolist()
    ]
    return f"const laws = [{', '.join(laws)}];\nconst fresh = (N, D, U) => ({{ N: {params}, D: {tokens} }});\n"


def unfit(source: Predictor) -> str:
    """Return why a page cannot show a source, "" if it can."""
    laws = [one.law for one in source.curves]
    wrong = [law.name for law in laws if not {"N", "D"} <= set(law.inputs) or set(law.inputs) - _TOLD]
    if wrong or (source.runs is None and math.isfinite(source.freedom)):
        came = (wrong or [source.name])[0]
        return f"a page needs a law of N and D and its runs; {came} came. Give the runs instead."
    if source.metric is not None:
        return f"a page shows losses, not {source.metric.name}. Leave --metric out."
    return ""


def content(
    source: Predictor, *, seed: int = 0, checked: Checked | None = None, budget: float = math.nan
) -> dict[str, Any]:
    """Return what a page shows of a source whose laws take N and D; raises UsageError for any other.

    seed     of the one law that is checked where several forecast together
    checked  that law, where it has been checked already
    budget   training FLOPs at which the page opens; ten times the largest run, or amid published models, unless said
    """
    if wrong := unfit(source):
        raise UsageError(wrong)
    runs = source.runs
    behind = evidence(source)
    return {
        "by": source.name,
        "laws": [
            {"name": name, "formula": str(one.law.formula), "numbers": _numbered(one)}
            for name, one in zip(source.labels, source.curves, strict=True)
        ],
        "unit": _unit(source),
        "tokenizers": _tokenizers(runs),
        **planner_model(source, behind),
        **_drawn(source, runs, budget),
        **(_published(source) if runs is None else _checked(source, checked or check(source, law=ONE_LAW, seed=seed))),
        "backtests": _backtests(behind),
        "version": version("isoflop"),
    }


def planner_model(source: Predictor, behind: Evidence) -> dict[str, Any]:
    """Return what planner.js plans with besides the laws: what runs cost, how laws weigh, the largest run by 6ND."""
    runs, rule = source.runs, rule_of(source.runs, rule_named(USUAL))
    scale, at_e = float(rule.per_token(np.array(1.0))), float(rule.per_token(np.array(math.e)))
    reach = reach_of(runs).get("C", runs["C"]) if runs else None
    return {
        "unique": ["U" in one.law.inputs for one in source.curves],
        "weighing": None if behind.own is not source else shares(behind.own)[:, 0],
        "cost": {"scale": scale, "params": math.log(at_e / scale), "tokens": rule.power},
        "counted": runs.data_unit if runs else TOKENS,
        "largest": _largest(source) if reach is None else float(reach.max()),
    }


def _numbered(curve: Curve) -> str:
    """Return a law with its numbers in it, to four digits."""
    return re.sub(r"\d+\.\d{4,}(e[+-]?\d+)?", lambda found: f"{float(found[0]):.4g}", str(curve))


def _unit(source: Predictor) -> str:
    """Return what the losses are in."""
    byte = source.runs is not None and any(one.code == "D20" for one in source.runs.findings)
    return "bits per byte" if byte else "nats per token"


def _tokenizers(runs: Runs | None) -> list[str]:
    """Return the tokenizers that the runs name; empty where nothing is said."""
    named = [one for one in ("tokenizer", "vocab_size", "vocabulary") if runs is not None and one in runs.columns]
    return [] if runs is None or not named else sorted({str(one) for one in runs[named[0]].tolist()})


def budgets_shown(runs: Runs | None, budget: float = math.nan) -> list[float]:
    """Return the budgets over which figures go: those of the runs and beyond, or of published models, and one asked."""
    low, high = _span(runs)
    ends = np.fmin(low, budget), np.fmax(high * (BEYOND if runs else 1), budget)
    found: list[float] = np.geomspace(*ends, BUDGETS).tolist()
    return found


def _span(runs: Runs | None) -> tuple[float, float]:
    return (float(runs["C"].min()), float(runs["C"].max())) if runs else PUBLISHED_SPAN


def _drawn(source: Predictor, runs: Runs | None, budget: float) -> dict[str, Any]:
    """Return runs and frontier; without runs the span of published models."""
    budgets, (low, high) = budgets_shown(runs, budget), _span(runs)
    unique = 1e40 if any("U" in one.law.inputs for one in source.curves) else math.inf
    plans = frontier(source, budgets, unique_tokens=unique, beyond=True).plans
    ends = {
        key: [[getattr(one, key).value, getattr(one, key).low, getattr(one, key).high] for one in plans]
        for key in ("N", "D", "loss")
    }
    points = [] if runs is None else [
        {key: float(runs[key][row]) for key in ("N", "D", "C", "loss")} | {"name": str(runs.names[row]), "row": row}
        for row in range(0, len(runs), -(-len(runs) // MOST_SHOWN))
    ]  # fmt: skip
    start, spans = high * 10 if runs else math.sqrt(low * high), runs is None and len(source.curves) > 1
    return {
        "runs": points, "of_runs": len(runs or ()), "budgets": budgets, "plans": ends,
        "start": start if math.isnan(budget) else budget,
        "interval": "the curves span" if spans else f"{plans[0].N.level:.0%} interval",
    }  # fmt: skip


def _largest(source: Predictor) -> float:
    """Return the largest compute that a published curve was fitted on, nan where it is not known."""
    return float(source.fitted_on.get("C", (math.nan, math.nan))[1])


def _checked(source: Predictor, found: Checked) -> dict[str, Any]:
    """Return what `isoflop check` says: of the fit, or of Chinchilla's law on the same runs."""
    one, several = found.fit, len(source.labels) > 1
    words = several_in_words(source) if several else found.words
    findings = tuple(dict.fromkeys((*source.findings, *found.findings))) if several else found.findings
    return {
        "name": one.source, "words": words, "findings": told(findings),
        "law": {
            "name": one.law.name, "formula": str(one.law.formula), "level": one.options.level,
            "parameters": [[name, show(value.value, 4), f"{show(value.low)} – {show(value.high)}"]
                           for name, value in one.parameters.items()],
        },
        "checklist": [[question, answer or "unanswered"] for question, answer in found.checklist.items()],
        "seed": one.options.seed, "digest": one.digest,
    }  # fmt: skip


def _published(source: Predictor) -> dict[str, Any]:
    """Return what is known of published curves."""
    curves = source.curves
    words = " ".join(filter(None, [one.summary or one.law.summary for one in curves][:1]))
    cited = [[one.name, one.cite or one.law.cite, one.caution] for one in curves]
    return {"name": source.name, "words": words, "findings": [], "law": None, "checklist": [], "cited": cited}


def told(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Return findings as the page lists them: sentences, the worst first."""
    found = sorted(findings, key=lambda one: _ORDER.index(one.severity))
    return [{**asdict(one), "message": sentence(one.message), "remedy": sentence(one.remedy)} for one in found]


def _backtests(behind: Evidence) -> dict[str, Any] | None:
    tested = with_sizes(record(behind.own), behind.own) if behind.own else None
    if tested is None or not tested.tests:
        return None
    return {
        "tests": tested.tests, "ratios": [ratio_name(one) for one in tested.ratios],
        "errors": [[name, *map(percent, row)] for name, row in tested.errors.items()],
        "sizes": sentence(tested.told_of_sizes()),
    }  # fmt: skip


_COUNT = 8
"""Devices until somebody says how many."""


def known(value: float) -> float | None:
    """Return a number, or None where it is not known, as the page's JSON has it."""
    return None if math.isnan(value) else value


def surroundings() -> dict[str, Any]:
    """Return devices with peak FLOPs in a second and dollars an hour, the defaults of money, and published models."""
    return {
        "devices": {one.name: {"peak": one.flops_per_second(), "price": known(usual_price(one.name))}
                    for one in DEVICES.values() if "bf16" in one.peak},
        "money": {"device": DEVICE, "mfu": MFU, "price": usual_price(DEVICE), "count": _COUNT},
        "models": [{"name": one.name, "year": one.year, "N": one.size, "D": one.D, "C": one.C}
                   for one in MODELS if one.known],
    }  # fmt: skip


_MOST_SHARE = 0.99


def curves_script() -> str:
    """Return the published curves as a JavaScript module: `curves`, what is known, and `values` at inputs in order."""
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
        "name": name, "unit": kind.unit, "start": known[0], "low": min(known) / 10, "high": min(max(known) * 10, most),
    }  # fmt: skip


def _valued(curve: Curve) -> str:
    row = curve.row[0].tolist()
    return f"(at) => ({curve.law.javascript()})(...at, {', '.join(map(repr, row))})"
