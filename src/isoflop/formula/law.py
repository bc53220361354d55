"""Law and Curve: a formula with inputs and free parameters, and the same with numbers in it."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop import quantities as units
from isoflop.errors import UsageError
from isoflop.findings import Finding, figure_of_result
from isoflop.formula import dual
from isoflop.formula import parse as formula
from isoflop.formula import tree as expression
from isoflop.formula.arrays import Array
from isoflop.formula.parse import Formula
from isoflop.formula.roles import Roles
from isoflop.formula.tree import Expr
from isoflop.formula.write import SCRIPT_FUNCTIONS, script_name
from isoflop.quantities import Kind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INPUT_KINDS: dict[str, Kind] = {
    "N": Kind("Params", "input", "parameters"),
    "D": Kind("Tokens", "input", "tokens"),
    "C": Kind("Flops", "input", "FLOPs"),
    "U": Kind("Tokens", "input", "unique tokens"),
    "S": Kind("Steps", "input", "steps"),
    "L": Kind("Nats", "input", "nats per token"),
    "x": Kind("Count", "input", ""),
    "experts": Kind("Experts", "input", "experts"),
    "granularity": Kind("Granularity", "input", "granularity"),
    "bits": Kind("Bits", "input", "bits"),
    "sparsity": Kind("Share", "input", "share"),
    "share": Kind("Share", "input", "share"),
    "share_1": Kind("Share", "input", "share"),
    "share_2": Kind("Share", "input", "share"),
    "quality": Kind("Share", "input", "share"),
}
"""Names that a typed formula takes as inputs unless it is told otherwise."""

VALUE = Kind("Value", "input", "")
"""A column of the table that a typed formula names: any number."""
POSITIVE = ("Params", "Tokens", "Flops", "Steps", "Nats")
"""Kinds of inputs of which 0 means nothing; of others it is a value wherever the law is defined there."""
COEFFICIENTS = ("A", "B", "E", "alpha", "beta", "gamma", "delta")
"""Names that are parameters even where a column is called so, unless they are named as inputs."""
_ABOUT = ("cite", "summary", "caution", "fitted_on", "holds", "checks", "printed")
_USUAL = {"floor": 1.0, "scale": 1.0, "exponent": 0.5, "size": 1.0, "break": 1.0}
_TRIED = (0.3, -0.3, 3.0, -3.0)
"""Values of a parameter, by its role and for any real number, at which a law is tried for where it is defined."""
_LOSS = Kind("Nats", "input", "nats per token")
_INFERRED = {
    "floor": Kind("Floor", "floor"),
    "scale": Kind("Scale", "scale"),
    "exponent": Kind("Exponent", "exponent", search=(0.03, 1.2)),
    "size": Kind("Size", "size"),
    "real": Kind("Real", "real"),
}


@dataclass(frozen=True)
class Law:
    """A formula, the kinds of its inputs and free parameters, and the paper it is from.

    >>> list(isoflop.parse_law("E + A/N^alpha").parameters)
    ['E', 'A', 'alpha']
    """

    name: str
    formula: Formula
    inputs: Mapping[str, Kind]
    parameters: Mapping[str, Kind]
    output: Kind = _LOSS
    cite: str = ""
    summary: str = ""
    family: str = ""

    @property
    def linear(self) -> tuple[str, ...]:
        """The parameters that enter linearly and are never negative: floors and scales."""
        return tuple(name for name, kind in self.parameters.items() if kind.role in ("floor", "scale"))

    def __call__(self, **values: Any) -> Any:
        """Return the law's value; every input and every parameter is a keyword, arrays broadcast."""
        missing = [name for name in (*self.inputs, *self.parameters) if name not in values]
        if missing:
            raise UsageError(f"law {self.name} needs {', '.join(missing)}. Say {missing[0]}=...")
        with np.errstate(all="ignore"):
            return self.formula.evaluate({name: np.asarray(value, float) for name, value in values.items()})

    def defined(self, inputs: Mapping[str, Any]) -> Any:
        """Return where the law gives a number at inputs (points,), for some parameters of the usual size.

        Where inputs are 0, a law such as B / share^beta has no value, and (share / s)^gamma has. Where all are above
        0, no number comes of parameters that are far from right, and only a fit can tell.
        """
        found = np.logical_and.reduce([np.asarray(value) > 0 for value in inputs.values()]) if inputs else False
        for real in _TRIED:
            values = {key: _USUAL.get(kind.role, real) for key, kind in self.parameters.items()}
            found = found | np.isfinite(self(**values, **inputs))
        return np.broadcast_to(found, np.broadcast_shapes(*(np.shape(value) for value in inputs.values())))

    def at(self, name: str = "", /, **given: Any) -> Curve:
        """Return the curve with these parameter values; the rest describes it.

        cite, summary, caution: text. fitted_on: input → (lowest, highest). holds: the same, where
        the source itself says that it fails beyond. checks: pairs of
        inputs and the curve's value there. printed: inputs, the number that the source prints
        there, and how near the curve comes to it. All other keywords are parameter values.
        """
        about = {key: given.pop(key) for key in _ABOUT if key in given}
        wrong = set(given) ^ set(self.parameters)
        if wrong:
            raise UsageError(f"law {self.name} has the parameters {', '.join(self.parameters)}; check {sorted(wrong)}.")
        values = {key: float(given[key]) for key in self.parameters}
        return Curve(self, values, name or f"a curve of {self.name}", **about)

    def pinned(self, values: Mapping[str, str | float]) -> Law:
        """Return the law with parameters pinned to numbers (E=1.69) or tied to another one (alpha="beta")."""
        replacements: dict[str, Expr | float] = {}
        for key, value in values.items():
            if key not in self.parameters:
                raise UsageError(f'law {self.name} has no parameter "{key}", only {", ".join(self.parameters)}.')
            if value in values and value != key:
                raise UsageError(
                    f'"{key}={value}": {value} is itself pinned. Tie both to the same, or give both a number.'
                )
            replacements[key] = _pin(self, key, value)
        rest = {key: kind for key, kind in self.parameters.items() if key not in values}
        return replace(self, formula=self.formula.substitute(replacements), parameters=rest)

    def given(self, **inputs: float) -> Law:
        """Return the law with some of its inputs held at numbers, as in `law.given(experts=8)`."""
        wrong = [key for key in inputs if key not in self.inputs]
        if wrong:
            raise UsageError(f"law {self.name} takes {', '.join(self.inputs)}, not {', '.join(wrong)}.")
        rest = {key: kind for key, kind in self.inputs.items() if key not in inputs}
        return replace(self, formula=self.formula.substitute(inputs), inputs=rest)

    def javascript(self) -> str:
        """Return the law as one JavaScript function of its inputs and parameters, in order."""
        names = ", ".join(map(script_name, (*self.inputs, *self.parameters)))
        body = self.formula.javascript()
        if needed := "".join(code for name, code in SCRIPT_FUNCTIONS.items() if f"{name}(" in body):
            body = f"{{\n{needed}return {body};\n}}"
        return f"({names}) => {body}"


Find = Callable[[Law, Array], Array]
"""What finds a quantity on curves of a law: rows of parameter values (rows, parameters) to (rows, ...)."""


@dataclass(frozen=True)
class Curve:
    """A law with numbers in it: call it with the law's inputs, in order or by name.

    holds    input → (lowest, highest), where the source states that the curve fails beyond: there it does not plan
    checks   inputs and the curve's value there, held to 1e-7
    printed  inputs, the number its source prints there (measured, or by another of its laws), and the relative
             distance within which the curve comes to it

    >>> from isoflop.laws import find_curve
    >>> round(float(find_curve("besiroglu2024")(N=70e9, D=1.4e12)), 3)
    1.974
    """

    law: Law
    values: Mapping[str, float]
    name: str = "curve"
    cite: str = ""
    summary: str = ""
    caution: str = ""
    fitted_on: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    checks: Sequence[tuple[Mapping[str, float], float]] = ()
    printed: Sequence[tuple[Mapping[str, float], float, float]] = ()
    holds: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    runs = None
    metric = None
    freedom = math.inf

    def plot(self, kind: str = "") -> Figure:
        """Return a figure of the law, or of the best sizes: law or allocation, which a notebook shows."""
        return figure_of_result(self, kind)

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Return the curve's value, as a float for numbers and an array for arrays.

        >>> from isoflop.laws.chinchilla import besiroglu2024
        >>> round(besiroglu2024(70e9, 1.4e12), 4)
        1.9739
        """
        if len(args) > len(self.law.inputs):
            raise UsageError(f"{self.name} takes {', '.join(self.law.inputs)}, not {len(args)} values.")
        given = dict(zip(self.law.inputs, args, strict=False)) | inputs
        if wrong := set(given) - set(self.law.inputs):
            raise UsageError(f"{self.name} takes {', '.join(self.law.inputs)}, not {', '.join(sorted(wrong))}.")
        value = self.law(**self.values, **given)
        return float(value) if np.ndim(value) == 0 else value

    @property
    def row(self) -> Array:
        """The parameter values as one row (1, parameters), in the law's order."""
        return np.array([[self.values[key] for key in self.law.parameters]])

    def slopes(self, **inputs: Any) -> dict[str, Any]:
        """Return the exact derivative of the curve with respect to each of its inputs."""
        arrays = {key: np.asarray(value, float) for key, value in {**self.values, **inputs}.items()}
        return dual.gradient(self.law.formula, arrays, tuple(self.law.inputs))[1]

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curve itself: the one law that answers."""
        return (self,)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the laws that answer."""
        return (self.name,)

    @property
    def inputs(self) -> Mapping[str, Kind]:
        """The law's inputs."""
        return self.law.inputs

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know of any answer by this curve."""
        text = f"{self.name} is a published curve without a covariance, so there is no interval"
        return (Finding("P12", "INFO", text, "fit your own runs to get one"), *self.cautions)

    @property
    def cautions(self) -> tuple[Finding, ...]:
        """What its paper, or a later one, warns of."""
        if not self.caution:
            return ()
        return (Finding("P11", "WARN", f"{self.name}: {self.caution}", "see isoflop laws for other curves"),)

    def log_loss(self, at: Mapping[str, Array]) -> Array:
        """Return the log of the curve's value at inputs (points,); columns that it does not take are passed over."""
        points = np.shape(next(iter(at.values())))
        with np.errstate(all="ignore"):  # far out, a law may overflow
            return np.asarray(np.log(np.broadcast_to(self(**{key: at[key] for key in self.law.inputs}), points)))

    def each_law(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss by each law that answers, (1, points)."""
        return self.log_loss(at)[None]

    def shares(self, at: Mapping[str, Array]) -> Array:
        """Return how much each law counts, (1, points)."""
        return np.ones((1, np.size(next(iter(at.values())))))

    def standard_error(self, at: Mapping[str, Array]) -> Array:
        """Return the standard error of log loss, (points,): unknown, as papers print no covariances."""
        return np.full(np.shape(next(iter(at.values()))), math.nan)

    def draws_of(self, find: Find, at: Mapping[str, Array]) -> Array:  # noqa: ARG002 - one signature
        """Return how a quantity differs on other curves that the runs allow, (0, ...): there are none."""
        return find(self.law, self.row)[:0]

    def __str__(self) -> str:
        numbers = {key: value for key, value in self.values.items() if key in self.law.parameters}
        return str(self.law.formula.substitute(numbers))


def law(*, cite: str, family: str, name: str = "") -> Callable[[Callable[..., Any]], Law]:
    """Turn a Python function into a Law: inputs before the star, free parameters after it.

    The annotations are kinds; the body is the paper's formula in plain NumPy, and is called
    once, with names, to write the formula down. family is a key of `isoflop.laws.FAMILIES`.

    >>> from isoflop.quantities import Exponent, Nats, Params, Scale
    >>> @isoflop.law(cite="mine", family="pre-training")
    ... def falling(N: Params, *, A: Scale, alpha: Exponent) -> Nats:
    ...     return A / N**alpha
    >>> str(falling.formula)
    'A/N^alpha'
    """

    def decorate(function: Callable[..., Any]) -> Law:
        hints = typing.get_type_hints(function, include_extras=True)
        kinds = {key: _kind_of(hint) for key, hint in hints.items()}
        signature = inspect.signature(function).parameters.values()
        free = {p.name: kinds[p.name] for p in signature if p.kind is p.KEYWORD_ONLY}
        taken = {p.name: kinds[p.name] for p in signature if p.kind is not p.KEYWORD_ONLY}
        traced = function(**{key: expression.name(key) for key in (*taken, *free)})
        summary = inspect.getdoc(function) or ""
        label = name or function.__name__.replace("_", "-")
        return Law(label, Formula(traced), taken, free, kinds["return"], cite, summary, family)

    return decorate


def parse_law(
    text: str,
    *,
    inputs: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    name: str = "",
) -> Law:
    """Return the law of a typed formula such as "E + A/N^alpha + B/D^beta".

    Names in `inputs`, and N, D, C, U, S, L, x and the like, are inputs; the others are free parameters. A
    parameter's kind is read off its place: alone in the sum a floor, before a power of an
    input a scale, in such a power an exponent, dividing an input inside one a size, and
    otherwise any real number. `kinds` overrides that.

    >>> law = isoflop.parse_law("E + A/N^alpha")
    >>> list(law.inputs), list(law.parameters)
    (['N'], ['E', 'A', 'alpha'])
    """
    parsed = formula.parse(text)
    # In this order, so that a curve called with numbers alone means the same however its formula is written.
    taken = {key: INPUT_KINDS.get(key, VALUE) for key in (*inputs, *INPUT_KINDS) if key in parsed.names}
    if not taken:
        raise UsageError(f'formula "{text}" has no input. Use N, D, C, U, S, L or x, as in E + A/N^alpha.')
    free = [key for key in parsed.names if key not in taken]
    if not free:
        raise UsageError(f'formula "{text}" has no free parameter. Name one, as in E + A/N^alpha.')
    roles = Roles(parsed.expr, set(taken))
    found = {key: _INFERRED[roles.of(key)] for key in free}
    return Law(name or str(parsed), parsed, taken, found | dict(kinds or {}), summary="A formula typed by the user.")


def _kind_of(hint: object) -> Kind:
    return next(item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Kind))


def _pin(law_: Law, key: str, value: str | float) -> Expr | float:
    if not isinstance(value, str):
        if not np.isfinite(value):
            raise UsageError(f"{key}={value}: say a finite number, or another parameter.")
        return _not_negative(law_, key, float(value))
    if value in law_.parameters and value != key:
        if law_.parameters[value].role != law_.parameters[key].role:
            raise UsageError(
                f'"{key}={value}": a {law_.parameters[key].role} is no {law_.parameters[value].role}; tie like to like.'
            )
        return expression.name(value)
    try:
        number = units.parse_quantity(value)
    except UsageError:
        raise UsageError(f'"{key}={value}": say a number, as in {key}=1.69, or another parameter.') from None
    return _not_negative(law_, key, number)


def _not_negative(law_: Law, key: str, value: float) -> float:
    """Return the value that a parameter is pinned to; raises UsageError below zero where its kind knows none."""
    role = law_.parameters[key].role
    if value < 0 and role != "real":
        raise UsageError(f"{key}={value:g}: a {role} is never negative.")
    return value
