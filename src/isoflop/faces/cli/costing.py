"""The command that prices a run: cost."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from isoflop.compute.devices import MFU, parse_devices
from isoflop.errors import UsageError
from isoflop.faces.cli.shared import Drawn, Json, Text, give, option, refuse_figure
from isoflop.quantities import parse_quantity

_SHAPE, _RUN = "Shape", "Run"


def cost(
    parameters: Annotated[str, typer.Argument(metavar="N", help="Parameters that a token uses, such as 70B.")],
    tokens: Annotated[str, typer.Argument(metavar="D", help="Tokens to train on, such as 1.4T.")],
    gpus: Annotated[str, option("--gpus", "Devices, such as 1024xH100.", metavar="COUNTxDEVICE")] = "H100",
    mfu: Annotated[float, option("--mfu", "Share of peak reached.", _RUN)] = MFU,
    price: Annotated[Text, option("--price", "US dollars for an hour of one device.", _RUN, metavar="DOLLARS")] = None,
    region: Annotated[
        str,
        option("--region", "Where the electricity is from, for its carbon: France, world, or grams for a kWh.", _RUN),
    ] = "",
    precision: Annotated[str, option("--precision", "bf16, fp16, fp8, fp4, int8, tf32 or fp32.", _RUN)] = "bf16",
    flop_rule: Annotated[str, option("--flop-rule", "The rule that time and money go by.", _RUN)] = "6ND",
    context: Annotated[str, option("--context", "Tokens in a sequence.", _SHAPE)] = "2048",
    vocabulary: Annotated[str, option("--vocab", "Tokens in the vocabulary.", _SHAPE)] = "32000",
    kv_heads: Annotated[int | None, option("--kv-heads", "Heads of keys and values; all, unless said.", _SHAPE)] = None,
    experts: Annotated[int, option("--experts", "Experts in each layer.", _SHAPE)] = 1,
    top_k: Annotated[int, option("--top-k", "Experts that a token uses.", _SHAPE)] = 1,
    shared_experts: Annotated[
        int, option("--shared-experts", "Experts beside them that every token uses.", _SHAPE)
    ] = 0,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Price a run: a shape of N parameters, its FLOPs by every rule, memory, hours, dollars, energy."""
    from isoflop.compute.quote import quote

    refuse_figure("", output)
    count, device = parse_devices(gpus)
    shape: dict[str, Any] = {
        "kv_heads": kv_heads, "experts": experts, "experts_per_token": top_k, "shared_experts": shared_experts,
    }  # fmt: skip
    found = quote(
        parse_quantity(parameters), parse_quantity(tokens), device=device, count=count, rule=flop_rule, mfu=mfu,
        precision=precision, price=None if price is None else parse_quantity(price), region=region,
        context=_whole(context, "--context"), vocabulary=_whole(vocabulary, "--vocab"), **shape,
    )  # fmt: skip
    give(found, json=json, output=output)


def _whole(text: str, option: str) -> int:
    value = parse_quantity(text)
    if not 1 <= value < 1e9 or value != int(value):
        raise UsageError(f"{option} {text} must be a whole number of tokens, such as 8192.")
    return int(value)
