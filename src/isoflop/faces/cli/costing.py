"""The command that prices a run: cost."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from isoflop.compute.devices import MFU
from isoflop.errors import UsageError
from isoflop.faces.cli.shared import Json, print_answer
from isoflop.quantities import parse_quantity

_SHAPE, _RUN = "Shape", "Run"


def cost(
    parameters: Annotated[str, typer.Argument(metavar="N", help="Parameters that a token uses, such as 70B.")],
    tokens: Annotated[str, typer.Argument(metavar="D", help="Tokens to train on, such as 1.4T.")],
    gpus: Annotated[str, typer.Option("--gpus", metavar="COUNTxDEVICE", help="Devices, such as 1024xH100.")] = "H100",
    mfu: Annotated[float, typer.Option("--mfu", help="Share of peak reached.", rich_help_panel=_RUN)] = MFU,
    price: Annotated[
        str | None,
        typer.Option("--price", metavar="DOLLARS", help="US dollars for an hour of one device.", rich_help_panel=_RUN),
    ] = None,
    region: Annotated[
        str,
        typer.Option(
            "--region",
            help="Where the electricity is from, for its carbon: France, world, or grams for a kWh.",
            rich_help_panel=_RUN,
        ),
    ] = "",
    precision: Annotated[
        str, typer.Option("--precision", help="bf16, fp16, fp8, fp4, int8, tf32 or fp32.", rich_help_panel=_RUN)
    ] = "bf16",
    flop_rule: Annotated[
        str, typer.Option("--flop-rule", help="The rule that time and money go by.", rich_help_panel=_RUN)
    ] = "6ND",
    context: Annotated[str, typer.Option("--context", help="Tokens in a sequence.", rich_help_panel=_SHAPE)] = "2048",
    vocabulary: Annotated[
        str, typer.Option("--vocab", help="Tokens in the vocabulary.", rich_help_panel=_SHAPE)
    ] = "32000",
    kv_heads: Annotated[
        int | None,
        typer.Option("--kv-heads", help="Heads of keys and values; all, unless said.", rich_help_panel=_SHAPE),
    ] = None,
    experts: Annotated[int, typer.Option("--experts", help="Experts in each layer.", rich_help_panel=_SHAPE)] = 1,
    top_k: Annotated[int, typer.Option("--top-k", help="Experts that a token uses.", rich_help_panel=_SHAPE)] = 1,
    shared_experts: Annotated[
        int, typer.Option("--shared-experts", help="Experts beside them that every token uses.", rich_help_panel=_SHAPE)
    ] = 0,
    json: Json = False,
) -> None:
    """Price a run: a shape of N parameters, its FLOPs by every rule, memory, hours, dollars, energy."""
    from isoflop.compute.devices import parse_devices
    from isoflop.compute.quote import quote

    count, device = parse_devices(gpus)
    shape: dict[str, Any] = {
        "kv_heads": kv_heads,
        "experts": experts,
        "experts_per_token": top_k,
        "shared_experts": shared_experts,
    }
    found = quote(
        parse_quantity(parameters), parse_quantity(tokens), device=device, count=count, rule=flop_rule, mfu=mfu,
        precision=precision, price=None if price is None else parse_quantity(price), region=region,
        context=_whole(context, "--context"), vocabulary=_whole(vocabulary, "--vocab"), **shape,
    )  # fmt: skip
    print_answer(found, json=json)


def _whole(text: str, option: str) -> int:
    value = parse_quantity(text)
    if not 1 <= value < 1e9 or value != int(value):
        raise UsageError(f"{option} {text} must be a whole number of tokens, such as 8192.")
    return int(value)
