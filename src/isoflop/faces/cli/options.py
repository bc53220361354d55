"""What the command line was asked: words into numbers, a source into a fit or a curve."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache, wraps
from typing import TYPE_CHECKING, Annotated, Any

from isoflop.data.runs.columns import LETTERS
from isoflop.errors import UsageError
from isoflop.faces.cli.shared import Text, conjunction, option
from isoflop.planning.demand import Said, flag_of, questions
from isoflop.quantities import parse_quantity, year_of

if TYPE_CHECKING:
    from isoflop.data.runs import Runs
    from isoflop.fitting.fit import Fit
    from isoflop.forecasting.predictor import Predictor

POINTS, MOST_POINTS = 5, 1000
"""Points of a range unless it spans more decades, and at most."""
_FEW = 8
"""Draws and starts for runs that are refused: their fit is shown for what it is, and is not worth a wait."""
_QUICK = "huber:1e-3"
"""What such a fit minimises: the robust objective settles its delta on the runs first, which bad ones make long."""
_LAW = (
    "A law's name (see isoflop laws) or a formula such as 'E + A/N^alpha + B/D^beta'. Without it, fits are of "
    "chinchilla, and forecasts and plans of several laws together."
)


_FIT, _RUNS = "Fit", "Runs"
"""Under which heading --help lists an option."""


@dataclass(frozen=True)
class Asked:
    """The options that every command reading runs has in common, as typed."""

    law: Annotated[Text, option("--law", _LAW, _FIT)] = None
    objective: Annotated[str, option("--objective", "robust, huber:1e-3, squares or envelope.", _FIT)] = "robust"
    draws: Annotated[int, option("--draws", "Curves to draw for the intervals.", _FIT)] = 1000
    starts: Annotated[int, option("--starts", "Starts of the search.", _FIT)] = 32
    seed: Annotated[int, option("--seed", "Seed of starts and draws.", _FIT)] = 0
    fix: Annotated[
        list[str], option("--fix", "Pin a parameter (E=1.69) or tie it (beta=alpha).", _FIT, metavar="P=V")
    ] = field(default_factory=list)
    bounds: Annotated[list[str], option("--bounds", "Bound a parameter (alpha=0.2:0.5).", _FIT, metavar="P=LO:HI")] = (
        field(default_factory=list)
    )
    level: Annotated[float, option("--level", "Level of the intervals.", _FIT)] = 0.9
    where: Annotated[
        list[str],
        option(
            "--where", "Keep these runs: 'D/N > 0.5'; said twice, those for which both hold.", _RUNS, metavar="EXPR"
        ),
    ] = field(default_factory=list)
    N: Annotated[Text, option("--N", "The column of parameters.", _RUNS, metavar="COLUMN")] = None
    D: Annotated[Text, option("--D", "The column of tokens.", _RUNS, metavar="COLUMN")] = None
    C: Annotated[Text, option("--C", "The column of FLOPs.", _RUNS, metavar="COLUMN")] = None
    loss: Annotated[
        Text,
        option("--loss", "The column of losses; a number is a loss to reach (plan).", _RUNS, metavar="COLUMN"),
    ] = None
    column: Annotated[
        list[str], option("--column", "Any other column (x='Seen Examples').", _RUNS, metavar="NAME=COLUMN")
    ] = field(default_factory=list)
    flop_rule: Annotated[
        str,
        option(
            "--flop-rule",
            "How C follows from N and D: 6ND, kaplan, chinchilla, palm, deepseek, or palm:context=8192.",
            _RUNS,
        ),
    ] = "6ND"
    cluster: Annotated[Text, option(
        "--cluster", "The column that names the run of each row, where rows are checkpoints.", _RUNS, metavar="COLUMN",
    )] = None  # fmt: skip
    metric: Annotated[Text, option(
        "--metric", "What was measured, if it is no loss: accuracy:up:1, BLEU:up:100, FID:down, Elo:odds.", _RUNS,
        metavar="SPEC",
    )] = None  # fmt: skip
    input: Annotated[Text, option(
        "--input", "Names in a typed formula that are columns: lr,bs. They are found, except A, B, E and exponents.",
        _FIT, metavar="NAMES",
    )] = None  # fmt: skip
    best_of: Annotated[Text, option(
        "--best-of",
        "Keep one run for each N and D: at its best lr,batch, with the loss to be expected there (see tune).", _RUNS,
        metavar="COLUMNS",
    )] = None  # fmt: skip
    allow: Annotated[
        list[str], option("--allow", "Go on in spite of a finding that blocks (D11).", _RUNS, metavar="CODE")
    ] = field(default_factory=list)

    @property
    def columns(self) -> dict[str, str]:
        """The column names the user gave, by letter."""
        letters = {"N": self.N, "D": self.D, "C": self.C, "loss": self.loss}
        return {key: name for key, name in letters.items() if name is not None} | pairs(self.column, "x=Examples")

    def read(self, source: str) -> Runs:
        """Return the runs of a source, as asked."""
        from isoflop.data.read import read

        runs = read(
            source, columns=self.columns, where=conjunction(self.where), flop_rule=self.flop_rule,
            cluster=self.cluster, metric=self.metric, allow=self.allow,
        )  # fmt: skip
        return self._prepared(runs)

    def _prepared(self, runs: Runs) -> Runs:
        """Return the runs, or one for each N and D where so asked."""
        if self.best_of is None:
            return runs
        from isoflop.beyond.tune import best_of

        return best_of(runs, [name.strip() for name in self.best_of.split(",")])

    def each_loss(self, source: str) -> dict[str, Asked]:
        """Return what is asked of each loss, where "all" or a list was said; empty for one loss."""
        from isoflop.data.each_loss import ALL, columns_in, losses_in, options_of

        if self.loss is None or (self.loss != ALL and "," not in self.loss):
            return {}
        names = columns_in(source)
        if self.loss in names:
            return {}
        read = options_of(losses_in(names, self.loss))
        return {name: replace(self, loss=loss, metric=metric) for name, (loss, metric) in read.items()}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names in a typed formula that were said to be columns."""
        return tuple(name.strip() for name in self.input.split(",")) if self.input else ()

    def fit(self, source: str) -> Fit:
        """Return the fit to a source's runs, as asked."""
        from isoflop.fitting.fit import fit
        from isoflop.forecasting.source import ONE_LAW

        runs = self.read(source)
        refused = any(one.severity == "BLOCK" for one in runs.findings)
        draws, starts = (min(self.draws, _FEW), min(self.starts, _FEW)) if refused else (self.draws, self.starts)
        objective = _QUICK if refused and self.objective == "robust" else self.objective
        return fit(
            ONE_LAW if self.law is None else self.law, runs, objective=objective,
            draws=draws, seed=self.seed, starts=starts, level=self.level,
            fix=pairs(self.fix, "E=1.69"), bounds=self._intervals, allow=self.allow, inputs=self.inputs,
        )  # fmt: skip

    def source(self, text: str, *, one_law: bool = False) -> Predictor:
        """Return what answers: a published curve by its name, a saved fit, or what the runs in a file say."""
        from isoflop.forecasting.source import open_source

        return open_source(
            text, law=self.law, one_law=one_law, objective=self.objective, draws=self.draws, starts=self.starts,
            seed=self.seed, fix=pairs(self.fix, "E=1.69"), bounds=self._intervals, level=self.level,
            columns=self.columns, where=conjunction(self.where), flop_rule=self.flop_rule, cluster=self.cluster,
            metric=self.metric, allow=self.allow, inputs=self.inputs, prepare=self._prepared,
        )  # fmt: skip

    def one_fit(self, text: str) -> Fit:
        """Return the fit of one law to the runs in a file, or a saved one; raises UsageError for a published curve."""
        from isoflop.fitting.fit import Fit

        found = self.source(text, one_law=True)
        if isinstance(found, Fit):
            return found
        raise UsageError(f"{text} is a published curve; there are no runs behind it. Give runs, or a fit.")

    @property
    def _intervals(self) -> dict[str, tuple[float, float]]:
        return {key: interval(text) for key, text in pairs(self.bounds, "alpha=0.2:0.5").items()}

    @property
    def _one_law(self) -> bool:
        """Whether one law was asked for: by name, or by what is pinned, bounded or minimised."""
        return bool(self.fix or self.bounds or self.objective != "robust" or (self.law is not None and not self.laws))

    @property
    def laws(self) -> tuple[str, ...]:
        """The laws asked for, where names are listed: chinchilla,coupled."""
        from isoflop.forecasting.source import listed

        return listed(self.law)

    def fit_or_runs(self, source: str) -> Fit | Runs:
        """Return the runs in a file, or the fit to them where one law was asked for."""
        return replace(self, draws=0).fit(source) if self._one_law else self.read(source)


def takes_runs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command all options of Asked; it receives them as its argument `asked`."""
    return takes(Asked, "asked")(command)


def takes(options_of: type[Any], name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a command all options that a dataclass lists; it receives them, as that noun, by this argument.

    An option that the command has itself, by the same name, comes before the dataclass's.
    """
    return _takes(_options(options_of), name, options_of)  # type: ignore[arg-type]  # a class is hashable


def takes_demand(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command the options of a plan; it receives them, field → what was typed, as its argument `wanted`."""
    return _takes(_options_of_demand(), "wanted", dict)(command)


def _takes(
    listed: Sequence[inspect.Parameter], name: str, noun: Callable[..., Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != name]
        options = [one for one in listed if one.name not in {p.name for p in own}]

        @wraps(command)
        def called(**given: Any) -> Any:
            found = noun(**{one.name: given.pop(one.name) for one in options})
            return command(**given, **{name: found})

        positional = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        called.__signature__ = inspect.Signature([*positional, *options])  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in [*positional, *options]}
        return called

    return decorate


@cache
def _options(options_of: type[Any]) -> tuple[inspect.Parameter, ...]:
    """Return the fields of a dataclass as options of a command."""
    hints = typing.get_type_hints(options_of, include_extras=True)
    return tuple(
        inspect.Parameter(
            one.name, inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name],
            default=one.default if isinstance(one.default, str | int | float | None) else [],
        )
        for one in fields(options_of)
    )  # fmt: skip


def _options_of_demand() -> tuple[inspect.Parameter, ...]:
    """Return the fields of a Demand that can be said on the command line as options, each typed as a word."""
    return tuple(
        inspect.Parameter(
            key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Text, option_of(key, one)]
        )
        for key, one in questions().items()
        if one.option
    )


def option_of(key: str, said: Said) -> Any:
    """Return the option that asks for a field."""
    return option(flag_of(key, said), said.help, said.panel, metavar=said.metavar)


def pairs(words: Sequence[str], example: str) -> dict[str, str]:
    """Split words such as E=1.69 at their first equals sign."""
    found = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not (key and sign and value):
            raise UsageError(f'"{word}" is not of the form NAME=VALUE. Say {example}.')
        if key in found:
            raise UsageError(f"{key} is given twice.")
        found[key] = value
    return found


def quantities(words: Sequence[str], example: str) -> dict[str, float]:
    """Read words such as N=8B as numbers."""
    said = pairs(words, example)
    for key, value in said.items():
        if key in LETTERS and year_of(value) is not None:
            raise UsageError(
                f"{key}={value} is a date, and {key} counts {LETTERS[key]}. Say a number, as in {example}."
            )
    return {key: parse_quantity(value) for key, value in said.items()}


def share_of(word: str) -> float:
    """Read 10% or 0.1 as a share."""
    return parse_quantity(word.removesuffix("%")) / (100 if word.endswith("%") else 1)


def inputs_for(verb: Callable[..., Any], words: Sequence[str], example: str) -> dict[str, float]:
    """Read words such as N=8B as what a verb is asked at; a word that is one of its options is none."""
    said = quantities(words, example)
    options = {name for name, one in inspect.signature(verb).parameters.items() if one.kind is not one.VAR_KEYWORD}
    for key in said:
        if key in options - {"loss"}:
            raise UsageError(f'"{key}" is no input of a run. Say {example}; isoflop -h lists the options.')
    return said


def spread(text: str) -> list[float]:
    """Read 1e24 as one number, and 1e20:1e24 or 1e20:1e24:9 as a range: a point a decade, or so many."""
    ends = text.split(":")
    if len(ends) == 1:
        return [parse_quantity(text)]
    if len(ends) > 3 or not all(ends):
        raise UsageError(f'"{text}" is no range. Say LOWEST:HIGHEST or LOWEST:HIGHEST:COUNT, as in 1e20:1e24:9.')
    low, high = parse_quantity(ends[0]), parse_quantity(ends[1])
    if not low < high:
        raise UsageError(f'"{text}": the lowest must be below the highest.')
    decades = math.log10(high / low) if low > 0 else 0.0
    count = int(parse_quantity(ends[2])) if len(ends) == 3 else max(round(decades) + 1, POINTS)
    if not 2 <= count <= MOST_POINTS:
        raise UsageError(f'"{text}": say between 2 and {MOST_POINTS} points.')
    steps = [place / (count - 1) for place in range(count)]
    if decades >= 1:
        return [low * (high / low) ** step for step in steps[:-1]] + [high]
    return [low + (high - low) * step for step in steps]


def interval(text: str) -> tuple[float, float]:
    """Read 0.2:0.5, or one end of it, as lowest and highest."""
    low, sign, high = text.partition(":")
    if not sign:
        raise UsageError(f'"{text}" is no interval. Say LOWEST:HIGHEST, as in 0.2:0.5, or leave one end out.')
    found = (parse_quantity(low) if low else float("-inf"), parse_quantity(high) if high else float("inf"))
    if not found[0] < found[1]:
        raise UsageError(f'"{text}": the lowest must be below the highest.')
    return found
