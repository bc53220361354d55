"""The command about test-time compute: test-time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.errors import UsageError
from isoflop.faces.cli.options import interval, pairs, takes
from isoflop.faces.cli.shared import Drawn, Json, Text, conjunction, dollars, give, option, refuse_figure
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.beyond.test_time import Asked

_COST, _CHOICE, _TABLE = "What a query may cost", "How one answer is chosen", "The table"


@dataclass(frozen=True)
class Options:
    """The options of test-time compute, as typed."""

    budgets: Annotated[
        Text, option("--budget-per-query", "FLOPs, such as 1e15 or 1e14,1e15; money, such as '0.01 USD'.", _COST)
    ] = None
    tokens: Annotated[Text, option("--tokens", "Tokens of one sample.", _COST)] = None
    prompt: Annotated[Text, option("--prompt", "Tokens of a question, read once for all its samples.", _COST)] = None
    reread: Annotated[bool, option("--reread", "The question is read again for each sample.", _COST)] = False
    queries: Annotated[
        Text, option("--queries", "Queries in a model's life: they pay its training too (column D).", _COST)
    ] = None
    lifetime: Annotated[
        Text, option("--lifetime", "FLOPs, or money, to train a model and answer all --queries.", _COST)
    ] = None
    curve: Annotated[str, option("--curve", "The curve that gives the loss of N and D.", _COST)] = "besiroglu2024"
    gpus: Annotated[Text, option("--gpus", "The device that dollars buy.", _COST, metavar="DEVICE")] = None
    price: Annotated[Text, option("--price", "Dollars for an hour of one device.", _COST)] = None
    mfu: Annotated[Text, option("--mfu", "Share of its peak reached.", _COST)] = None
    per_million: Annotated[Text, option("--price-per-Mtok", "Dollars for a million tokens instead.", _COST)] = None
    how: Annotated[
        Text, option("--choose", "coverage (a perfect verifier), majority, verifier, best-of-n or one.", _CHOICE)
    ] = None
    rival: Annotated[float, option("--rival", "Share of wrong answers that agree on one.", _CHOICE)] = 1.0
    recall: Annotated[float, option("--recall", "Share of correct samples a verifier accepts.", _CHOICE)] = 1.0
    false: Annotated[float, option("--false-positives", "Share of wrong samples that a verifier accepts.", _CHOICE)] = (
        0.0
    )
    separation: Annotated[
        float, option("--separation", "Standard deviations by which rewards tell right from wrong.", _CHOICE)
    ] = math.nan
    samples: Annotated[Text, option("--samples", "Forecast at these k, such as 1,100,10000.", _CHOICE)] = None
    column: Annotated[list[str], option("--column", "Name a column (c='n passed').", _TABLE, metavar="NAME=COLUMN")] = (
        field(default_factory=list)
    )
    where: Annotated[list[str], option("--where", "Keep these rows: 'task == \"math\"'.", _TABLE, metavar="EXPR")] = (
        field(default_factory=list)
    )

    def asked(self) -> Asked:
        """Return what is asked of the samples."""
        from isoflop.beyond.test_time import Asked, Choosing, Serving

        budgets = [one for one in (self.budgets or "").split(",") if one.strip()]
        paid = [dollars(one) if _is_money(one) else one for one in budgets]
        if paid != budgets and any(not _is_money(one) for one in budgets):
            raise UsageError(f'"{self.budgets}" mixes FLOPs and dollars. Say one of them.')
        said = {"tokens": self.tokens, "prompt": self.prompt, "queries": self.queries, "price": self.price,
                "mfu": self.mfu, "per_million": self.per_million}  # fmt: skip
        numbers: dict[str, Any] = {key: parse_quantity(text) for key, text in said.items() if text is not None}
        if self.gpus is not None:
            numbers["hardware"] = self.gpus
        serving = Serving(**numbers, reuse=not self.reread, unit="dollars" if paid != budgets else "FLOPs")
        how: Any = self.how or ("coverage" if math.isnan(self.separation) else "best-of-n")
        unsaid = (self.rival, self.recall, self.false) == (1.0, 1.0, 0.0) and math.isnan(self.separation)
        choosing = (
            None if self.how is None and unsaid else Choosing(how, self.rival, self.recall, self.false, self.separation)
        )
        whole = parse_quantity(dollars(self.lifetime)) if self.lifetime else math.nan
        whole = whole / serving.per_flop() if _is_money(self.lifetime or "") else whole
        return Asked(_numbers(self.samples), tuple(map(parse_quantity, paid)), whole, self.curve, choosing, serving)


def _is_money(text: str) -> bool:
    return "$" in text or "usd" in text.lower() or "dollar" in text.lower()


def _numbers(text: str | None) -> tuple[float, ...]:
    return tuple(parse_quantity(one) for one in text.split(",")) if text else ()


@takes(Options, "options")
def test_time(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", help="A row a problem (n, c), sample (correct), model (pass@1, …) or k (k, pass@k)."
        ),
    ],
    options: Options,
    concentration: Annotated[
        Text, option("--concentration", "Assume a + b where only pass@1 is known (0.3:10).", metavar="LO:HI")
    ] = None,
    like: Annotated[Text, option("--like", "Models with counts, to learn that spread from.", metavar="TABLE")] = None,
    level: Annotated[float, option("--level", "Level of the intervals.")] = 0.9,
    seed: Annotated[int, option("--seed", "Seed of the draws.")] = 0,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Forecast what more samples bring (pass@k, majority, verifier), and which model to sample at a given cost.

    A budget for one query shows what each model reaches for it, and the budgets at which the best buy flips.
    """
    from isoflop.beyond.test_time import read_attempts, test_time

    refuse_figure(table, output)
    models = read_attempts(table, columns=pairs(options.column, "c=n_passed"), where=conjunction(options.where))
    found = test_time(
        models, asked=options.asked(), concentration=interval(concentration) if concentration else None,
        like=read_attempts(like) if like else (), level=level, seed=seed, name=table,
    )  # fmt: skip
    give(found, json=json, output=output)
