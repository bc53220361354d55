"""The command that turns a budget, or a loss to reach, into a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import Asked, interval, quantities, takes, takes_runs
from isoflop.faces.cli.shared import Json, dollars, print_answer, refuse_overwriting, stop_on_block
from isoflop.quantities import parse_quantity


def _option(flag: str, text: str, panel: str, *, metavar: str = "") -> Any:
    return typer.Option(flag, metavar=metavar or None, help=text, rich_help_panel=panel)


_SPEND, _RUN, _MACHINES = "What there is to spend", "What bounds the run", "Machines"
Text = str | None


@dataclass(frozen=True)
class Wanted:
    """The options that say what a plan must pay for and keep to, as typed."""

    flops: Annotated[Text, _option("--flops", "FLOPs, such as 1e24; 1e20:1e26 for a frontier.", _SPEND)] = None
    gpu_hours: Annotated[Text, _option("--gpu-hours", "Device-hours, such as 1M.", _SPEND)] = None
    dollars: Annotated[Text, _option("--budget", "Money, such as '2M USD'.", _SPEND, metavar="MONEY")] = None
    days: Annotated[Text, _option("--days", "Days there are on --gpus.", _SPEND)] = None
    deadline: Annotated[Text, _option("--deadline", "The day to be done, such as 2027-03-01.", _SPEND)] = None
    unique_tokens: Annotated[Text, _option("--unique-tokens", "What there is to read; more is repeated.", _RUN)] = None
    serve_tokens: Annotated[Text, _option("--serve-tokens", "Tokens to serve, paid from the budget too.", _RUN)] = None
    max_params: Annotated[Text, _option("--max-params", "Most parameters.", _RUN)] = None
    min_tokens: Annotated[Text, _option("--min-tokens", "Fewest tokens.", _RUN)] = None
    precision: Annotated[Text, _option("--precision", "Of training: bf16, fp16, fp8, int8 or fp4.", _RUN)] = None
    experts: Annotated[Text, _option("--experts", "Experts of a mixture; N counts the active ones.", _RUN)] = None
    vocabulary: Annotated[Text, _option("--vocab", "Tokens the model knows.", _RUN)] = None
    batch_limit: Annotated[Text, _option("--batch-limit", "Most tokens in a batch.", _RUN)] = None
    context: Annotated[Text, _option("--context", "Tokens in a sequence.", _RUN)] = None
    gpus: Annotated[Text, _option("--gpus", "Devices, such as 256xH100.", _MACHINES, metavar="COUNTxDEVICE")] = None
    hardware: Annotated[Text, _option("--hardware", "The device that hours and money buy.", _MACHINES)] = None
    price: Annotated[Text, _option("--price", "Dollars for an hour of one device.", _MACHINES)] = None
    mfu: Annotated[Text, _option("--mfu", "Share of the peak reached in training.", _MACHINES)] = None
    serve_mfu: Annotated[Text, _option("--serve-mfu", "Share of the peak reached in serving.", _MACHINES)] = None

    def demand(self, words: list[str]) -> dict[str, Any]:
        """Give the fields of a Demand that were said; words such as N=8B or granularity=8 are among them."""
        texts = ("precision", "gpus", "hardware", "deadline")
        said = {key: value for key, value in vars(self).items() if value is not None}
        if "dollars" in said:
            said["dollars"] = dollars(said["dollars"])
        if ":" in said.get("flops", ""):
            del said["flops"]
        found = {key: value if key in texts else parse_quantity(value) for key, value in said.items()}
        return found | quantities(words, "N=8B")


def _budgets(text: str, points: int) -> list[float]:
    """Give budgets at equal ratios from the lowest to the highest of a range such as 1e20:1e26."""
    low, high = interval(text)
    if not (low > 0 and math.isfinite(high) and points > 1):
        raise UsageError(f'"{text}" with --points {points} is no frontier. Say two budgets, as in 1e20:1e26.')
    return [low * (high / low) ** (place / (points - 1)) for place in range(points)]


def _loss_to_reach(asked: Asked) -> tuple[Asked, dict[str, float]]:
    """Take a number that follows --loss for the loss to reach; anything else names the column of losses."""
    try:
        return replace(asked, loss=None), {"loss": float(asked.loss or "")}
    except ValueError:
        return asked, {}


@takes_runs
@takes(Wanted, "wanted")
def plan(
    source: Annotated[
        Text,
        typer.Argument(
            metavar="[RUNS_OR_FIT_OR_CURVE]",
            help="Runs, a fit, a curve or several (besiroglu2024,hoffmann2022); without any, published curves.",
        ),
    ] = None,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[N=… D=…]", help="What is settled already, such as N=8B.")
    ] = None,
    *,
    wanted: Wanted,
    asked: Asked,
    points: Annotated[int, typer.Option("--points", help="Budgets of a frontier.")] = 13,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE", help="Save it: plan.toml, or study.toml to train the run."),
    ] = None,
    json: Json = False,
) -> None:
    """Plan a budget, or the cheapest run that reaches a loss: size, tokens, loss, shape, batch, time, money."""
    from isoflop.planning.export import save_plan
    from isoflop.planning.frontier import frontier
    from isoflop.planning.plan import plan
    from isoflop.planning.result import Plan

    said = list(words or [])
    if source is not None and "=" in source:
        said, source = [source, *said], None
    asked, reach = _loss_to_reach(asked)
    demand = wanted.demand(said) | reach | {"flop_rule": asked.flop_rule}
    if output is not None:
        refuse_overwriting(source or "", output)
    known = asked.source(source) if source is not None else None
    if wanted.flops and ":" in wanted.flops:
        found: Any = frontier(known, _budgets(wanted.flops, points), level=asked.level, **demand)
    else:
        found = plan(known, level=asked.level, **demand)
    if output is not None and isinstance(found, Plan):
        save_plan(found, output)
    print_answer(found, json=json)
    stop_on_block(found.findings)
