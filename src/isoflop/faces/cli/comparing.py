"""The command that compares recipes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.errors import UsageError, shown
from isoflop.faces.cli.options import Asked, pairs, takes, takes_runs
from isoflop.faces.cli.shared import Drawn, Json, Text, give, option, refuse_figure
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.beyond.recipes.paths import Path
    from isoflop.beyond.recipes.prices import Prices
    from isoflop.beyond.recipes.shared_parameters import Hold
    from isoflop.data.runs import Runs


_WHERE, _COST = "Where recipes are compared", "What things cost"


@dataclass(frozen=True)
class Where:
    """The options that say where recipes are compared, and what they have in common, as typed."""

    at: Annotated[Text, option("--at", "Scales to compare at: 1e20,1e22.", _WHERE, metavar="SCALES")] = None
    unit: Annotated[str, option("--in", "compute; tokens (at --size) or params (at --tokens).", _WHERE)] = "compute"
    size: Annotated[Text, option("--size", "Parameters to hold, with --in tokens.", _WHERE)] = None
    tokens: Annotated[Text, option("--tokens", "Tokens to hold, with --in params.", _WHERE)] = None
    ratio: Annotated[Text, option("--ratio", "Tokens per parameter, unless each recipe's best.", _WHERE)] = None
    floor: Annotated[Text, option("--floor", "Pin the irreducible loss, or share one: shared.", _WHERE)] = None
    exponents: Annotated[Text, option("--exponents", "shared: one set for all recipes.", _WHERE)] = None

    @property
    def scales(self) -> list[float]:
        """The scales asked for; none unless said."""
        return [parse_quantity(one) for one in self.at.split(",")] if self.at else []

    @property
    def path(self) -> Path:
        """Where recipes are compared."""
        from isoflop.beyond.recipes.paths import Path

        held = {"compute": "", "tokens": "size", "params": "tokens"}
        if self.unit not in held:
            raise UsageError(f'--in "{self.unit}" is none of {", ".join(held)}.')
        need = held[self.unit]
        if need and not getattr(self, need):
            raise UsageError(f"--in {self.unit} needs what is held: say --{need}, as in --{need} 1B.")
        for name in ("size", "tokens"):
            if getattr(self, name) and name != need:
                raise UsageError(
                    f"--{name} is held with --in {'tokens' if name == 'size' else 'params'} only. Say both."
                )
        if need and self.ratio:
            raise UsageError("--ratio and --in do not go together. Say one of them.")
        return Path(_number(self.ratio), _number(self.size), _number(self.tokens))

    @property
    def hold(self) -> Hold:
        """What recipes have in common."""
        from isoflop.beyond.recipes.shared_parameters import Hold

        if self.exponents not in (None, "shared"):
            raise UsageError(f'--exponents "{self.exponents}" is not known. Say --exponents shared, or leave it out.')
        floor = "shared" if self.floor == "shared" else _number(self.floor)
        return Hold(floor, exponents=self.exponents is not None)


@dataclass(frozen=True)
class Costs:
    """The options that say what things cost, as typed."""

    flops: Annotated[Text, option("--flops", "Where the first recipe stands: FLOPs.", _COST)] = None
    budget: Annotated[Text, option("--budget", "The same in dollars, such as '2M USD'.", _COST, metavar="MONEY")] = None
    data_cost: Annotated[Text, option("--data-cost", "Of more tokens: '10 USD per 1M tokens'.", _COST)] = None
    recipe_cost: Annotated[
        list[str], option("--recipe-cost", "Of a change: '100k USD', per tokens, or NAME=PRICE.", _COST)
    ] = ()  # type: ignore[assignment]  # Typer makes lists of it
    gpus: Annotated[Text, option("--gpus", "The device that FLOPs are bought on.", _COST, metavar="DEVICE")] = None
    price: Annotated[Text, option("--price", "Dollars for an hour of one device.", _COST)] = None
    mfu: Annotated[Text, option("--mfu", "Share of the peak reached.", _COST)] = None

    def prices(self, names: Sequence[str]) -> Prices:
        """Return the prices; one without a name is of the only other recipe."""
        from isoflop.beyond.recipes.prices import Prices

        named = pairs([text if "=" in text else f"{names[1]}={text}" for text in self.recipe_cost], "NAME=100k USD")
        if len(names) > 2 and any("=" not in text for text in self.recipe_cost):
            raise UsageError(f"--recipe-cost of which recipe? Say --recipe-cost '{names[1]}=100k USD'.")
        return Prices.of(
            self.data_cost or "", named, device=self.gpus or "", mfu=_number(self.mfu),
            price=_number(self.price), always=self.budget is not None,
        )  # fmt: skip

    def stands(self, prices: Prices) -> float:
        """Return the FLOPs at which the first recipe stands, nan if nobody said."""
        if self.budget and self.flops:
            raise UsageError("--flops and --budget both say where the first recipe stands. Say one of them.")
        if not self.budget:
            return _number(self.flops)
        return parse_quantity(self.budget.strip().removeprefix("$").removesuffix("USD").strip()) / prices.flop


def _number(text: str | None) -> float:
    return parse_quantity(text) if text else math.nan


@takes_runs
@takes(Where, "where")
@takes(Costs, "costs")
def recipes(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="RUNS RUNS…", help="The runs of each recipe, the one to beat first; or one with --by."),
    ],
    *,
    asked: Asked,
    where: Where,
    costs: Costs,
    by: Annotated[Text, option("--by", "The column that names each run's recipe.", metavar="COLUMN")] = None,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Compare recipes: how many times the compute one is worth, whether that lasts, and what is the better buy."""
    from isoflop.beyond.recipes import recipes

    if asked.fix or asked.bounds or asked.objective != "robust":
        raise UsageError("--fix, --bounds and --objective belong to one fit. Say --floor or --exponents instead.")
    for source in sources:
        refuse_figure(source, output)
    named = _runs(sources, asked, by)
    laws = asked.laws or ((asked.law,) if asked.law else ())
    prices = costs.prices(list(named))
    found = recipes(
        *named.values(), names=tuple(named), laws=laws, at=where.scales, path=where.path, hold=where.hold,
        flops=costs.stands(prices), prices=prices, level=asked.level, seed=asked.seed, allow=asked.allow,
    )  # fmt: skip
    give(found, json=json, output=output)


def _runs(sources: Sequence[str], asked: Asked, by: str | None) -> dict[str, Runs]:
    """Return the runs of each recipe by its name: of files, or of one table by a column."""
    if by is not None:
        if len(sources) > 1:
            raise UsageError("--by splits one table. Give one, or leave --by out.")
        found = {shown(name): one for name, one in asked.read(sources[0]).split(by).items()}
        if len(found) < 2:
            raise UsageError(
                f'column "{by}" holds one recipe only: {next(iter(found))}. Give a column with two or more.'
            )
        return found
    if len(sources) < 2:
        raise UsageError("recipes are compared: give two tables or more, or one with --by COLUMN.")
    stems = [shown(PurePath(source).stem or source) for source in sources]
    names = stems if len(set(stems)) == len(stems) else [shown(source) for source in sources]
    if len(set(names)) < len(names):
        raise UsageError("the same runs are given twice. Give another recipe's.")
    return {name: asked.read(source) for name, source in zip(names, sources, strict=True)}
