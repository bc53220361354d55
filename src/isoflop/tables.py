"""How results look in a terminal and in a notebook: the same tables, in colour where there is colour."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from isoflop.units import show

if TYPE_CHECKING:
    from isoflop.datasets import Dataset
    from isoflop.estimate import Estimate
    from isoflop.findings import Finding
    from isoflop.fit import Fit
    from isoflop.forecast import Forecasts
    from isoflop.plan import Plan
    from isoflop.runs import Runs

_COLOUR = {"BLOCK": "bold red", "WARN": "yellow", "INFO": "dim"}


def plain(renderable: RenderableType) -> str:
    """Give a table as text without colour."""
    stream = io.StringIO()
    Console(file=stream, width=100, color_system=None, highlight=False).print(renderable)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> Table:
    """Give a table whose first column is left-aligned and whose others are right-aligned."""
    found = Table(
        box=None,
        pad_edge=False,
        title=title or None,
        title_justify="left",
        title_style="bold",
        padding=(0, 3, 0, 0),
    )
    for position, column in enumerate(columns):
        found.add_column(column, justify="right" if position else "left", header_style="dim", no_wrap=position == 0)
    for row in rows:
        found.add_row(*[Text(cell) for cell in row])
    return found


def findings_list(findings: Iterable[Finding]) -> Group:
    """Give findings one below the other, each with its remedy; each said once."""
    lines = []
    for finding in dict.fromkeys(findings):
        line = Text(f"{finding.severity:<5} {finding.code}  ", style=_COLOUR[finding.severity])
        line.append(f"{finding.message.rstrip('.')}. ", style="default")
        line.append(f"{finding.remedy[:1].upper()}{finding.remedy[1:].rstrip('.')}.", style="dim")
        lines.append(line)
    return Group(*lines)


def interval(estimate: Estimate, digits: int = 3) -> str:
    """Give an estimate's interval: 1.79 – 1.87, or a dash where there is none."""
    if estimate.low != estimate.low:  # nan
        return "–"
    return f"{show(estimate.low, digits)} – {show(estimate.high, digits)}"


def fit_table(fit: Fit) -> Group:
    """Give a fit: its formula, what it was fitted to, each parameter with its interval, the findings."""
    left_out = f", {len(fit.excluded)} left out" if fit.excluded else ""
    head = Text.assemble((fit.law.name, "bold"), "   ", str(fit.law.formula))
    runs = f"{fit.used} runs of {fit.source}{left_out}"
    how = f"objective {fit.objective.name} {fit.reached:.8g} · noise {fit.noise:.2%} of loss"
    trust = f"{fit.agreement:.0%} of {fit.options.starts} starts agree · condition {fit.condition:.1e}"
    rows = [(name, show(one.value, 4), interval(one)) for name, one in fit.parameters.items()]
    parameters = table(["parameter", "value", f"{fit.options.level:.0%} interval"], rows)
    foot = [findings_list(fit.findings)] if fit.findings else []
    return Group(head, Text(f"{runs}\n{how}\n{trust}\n", style="dim"), parameters, *foot)


def forecasts_table(forecasts: Forecasts) -> Group:
    """Give forecasts as a table of inputs, loss and interval, and how far each extrapolates."""
    names = list(forecasts[0].inputs) if forecasts else []
    level = f"{forecasts[0].loss.level:.0%} interval" if forecasts else ""
    rows = [
        (
            *[show(one.inputs[name]) for name in names],
            f"{one.loss.value:.4f}",
            interval(one.loss, 4),
            show(one.decades, 2),
        )
        for one in forecasts
    ]
    body = table([*names, "loss", level, "decades beyond"], rows)
    return Group(Text(forecasts.source, style="bold"), body, findings_list(forecasts.findings))


def plan_table(plan: Plan) -> Group:
    """Give a plan: each quantity with its interval, and how flat the optimum is."""
    rows = [
        ("parameters N", show(plan.N.value), interval(plan.N)),
        ("tokens D", show(plan.D.value), interval(plan.D)),
        ("tokens per parameter", show(plan.tokens_per_parameter.value), interval(plan.tokens_per_parameter)),
        ("loss", f"{plan.loss.value:.4f}", interval(plan.loss, 4)),
    ]
    head = Text.assemble(
        (f"{plan.C:.3g} training FLOPs".replace("e+", "e"), "bold"), f"   by {plan.source}, C = {plan.rule}"
    )
    low, high = plan.flat_range
    flat = Text(f"any N from {show(low)} to {show(high)} is within 0.1 % of the best loss", style="dim")
    body = table(["train", "best", f"{plan.N.level:.0%} interval"], rows)
    return Group(head, body, flat, findings_list(plan.findings))


def fit_text(fit: Fit) -> str:
    """Give a fit as text."""
    return plain(fit_table(fit))


def forecasts_text(forecasts: Forecasts) -> str:
    """Give forecasts as text."""
    return plain(forecasts_table(forecasts))


def plan_text(plan: Plan) -> str:
    """Give a plan as text."""
    return plain(plan_table(plan))


def fit_html(fit: Fit) -> str:
    """Give a fit as an HTML table for notebooks; every text in it is escaped."""
    cells = [(name, show(one.value, 4), interval(one)) for name, one in fit.parameters.items()]
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    notes = "".join(
        f"<li><b>{escape(one.severity)} {escape(one.code)}</b> {escape(one.message)}. {escape(one.remedy)}.</li>"
        for one in dict.fromkeys(fit.findings)
    )
    head = f"<b>{escape(fit.law.name)}</b> <code>{escape(str(fit.law.formula))}</code>, {fit.used} runs"
    columns = f"<tr><th>parameter</th><th>value</th><th>{fit.options.level:.0%} interval</th></tr>"
    return f"<div><p>{head}</p><table>{columns}{body}</table><ul>{notes}</ul></div>"


def datasets_table(known: Iterable[Dataset]) -> Table:
    """Give the datasets with what each holds and its licence."""
    found = table(["dataset", "what", "licence"], [(one.name, one.title, one.licence) for one in known])
    for column in found.columns:
        column.justify = "left"
    return found


def runs_table(runs: Runs, about: Dataset, *, most: int = 20) -> Group:
    """Give the first runs of a dataset, with its source."""
    names = [name for name in ("N", "D", "C", "loss") if name in runs] or list(runs.columns)[:4]
    rows = [[show(float(runs[name][row]), 4) for name in names] for row in range(min(most, len(runs)))]
    more = (
        f"… {len(runs) - most} more; --json prints all with every column"
        if len(runs) > most
        else "--json prints every column"
    )
    head = Text.assemble((about.name, "bold"), f"   {about.title}")
    source = Text("\n".join(part for part in (about.source, about.licence, about.note) if part), style="dim")
    return Group(head, source, table(names, rows), Text(more, style="dim"))
