"""Law and Curve: a formula with inputs and free parameters, and the same with numbers in it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop import quantities as units
from isoflop.errors import UsageError
from isoflop.formula import dual
from isoflop.formula import parse as formula
from isoflop.formula import tree as expression
from isoflop.formula.parse import Formula
from isoflop.formula.tree import Expr
from isoflop.formula.write import SCRIPT_FUNCTIONS, script_name
from isoflop.quantities import Kind

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

_ABOUT = ("cite", "summary", "caution", "fitted_on", "checks", "printed")
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
    """A formula, the kinds of its inputs and free parameters, and the paper it is from."""

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
        """Give the law's value; every input and every parameter is a keyword, arrays broadcast."""
        missing = [name for name in (*self.inputs, *self.parameters) if name not in values]
        if missing:
            raise UsageError(f"law {self.name} needs {', '.join(missing)}. Say {missing[0]}=...")
        with np.errstate(all="ignore"):
            return self.formula.evaluate({name: np.asarray(value, float) for name, value in values.items()})

    def at(self, name: str = "", /, **given: Any) -> Curve:
        """Give the curve with these parameter values; the rest describes it.

        cite, summary, caution: text. fitted_on: input → (lowest, highest). checks: pairs of
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
        """Give the law with parameters pinned to numbers (E=1.69) or tied to another one (alpha="beta")."""
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
        """Give the law with some of its inputs held at numbers, as in `law.given(experts=8)`."""
        wrong = [key for key in inputs if key not in self.inputs]
        if wrong:
            raise UsageError(f"law {self.name} takes {', '.join(self.inputs)}, not {', '.join(wrong)}.")
        rest = {key: kind for key, kind in self.inputs.items() if key not in inputs}
        return replace(self, formula=self.formula.substitute(inputs), inputs=rest)

    def javascript(self) -> str:
        """Give the law as one JavaScript function of its inputs and parameters, in order."""
        names = ", ".join(map(script_name, (*self.inputs, *self.parameters)))
        body = self.formula.javascript()
        if needed := "".join(code for name, code in SCRIPT_FUNCTIONS.items() if f"{name}(" in body):
            body = f"{{\n{needed}return {body};\n}}"
        return f"({names}) => {body}"


@dataclass(frozen=True)
class Curve:
    """A law with numbers in it: call it with the law's inputs, in order or by name.

    checks   inputs and the curve's value there, held to 1e-7
    printed  inputs, the number its source prints there (measured, or by another of its laws), and the relative
             distance within which the curve comes to it
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

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Give the curve's value, as a float for numbers and an array for arrays.

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
    def row(self) -> NDArray[np.float64]:
        """The parameter values as one row (1, parameters), in the law's order."""
        return np.array([[self.values[key] for key in self.law.parameters]])

    def slopes(self, **inputs: Any) -> dict[str, Any]:
        """Give the exact derivative of the curve with respect to each of its inputs."""
        arrays = {key: np.asarray(value, float) for key, value in {**self.values, **inputs}.items()}
        return dual.gradient(self.law.formula, arrays, tuple(self.law.inputs))[1]

    def __str__(self) -> str:
        numbers = {key: value for key, value in self.values.items() if key in self.law.parameters}
        return str(self.law.formula.substitute(numbers))


@dataclass(frozen=True)
class Several:
    """Published curves looked at together: the first gives the value, all of them say how far they agree."""

    curves: tuple[Curve, ...]

    @property
    def name(self) -> str:
        """The curves' names."""
        return ", ".join(one.name for one in self.curves)


def several(curves: Sequence[Curve]) -> Several:
    """Give several curves together; raises UsageError if one of them takes other inputs than the first."""
    for one in curves[1:]:
        if set(one.law.inputs) != set(curves[0].law.inputs) or one.law.output.name != curves[0].law.output.name:
            takes = ", ".join(one.law.inputs)
            raise UsageError(f"{one.name} takes {takes} and gives {one.law.output.unit}; {curves[0].name} does not.")
    return Several(tuple(curves))


def law(*, cite: str, family: str, name: str = "") -> Callable[[Callable[..., Any]], Law]:
    """Turn a Python function into a Law: inputs before the star, free parameters after it.

    The annotations are kinds; the body is the paper's formula in plain NumPy, and is called
    once, with names, to write the formula down. family is a key of `isoflop.laws.FAMILIES`.
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
    """Give the law of a typed formula such as "E + A/N^alpha + B/D^beta".

    Names in `inputs`, and N, D, C, U, S, L, x, are inputs; the others are free parameters. A
    parameter's kind is read off its place: alone in the sum a floor, before a power of an
    input a scale, in such a power an exponent, dividing an input inside one a size, and
    otherwise any real number. `kinds` overrides that.
    """
    parsed = formula.parse(text)
    # In this order, so that a curve called with numbers alone means the same however its formula is written.
    taken = {key: INPUT_KINDS.get(key, INPUT_KINDS["x"]) for key in (*inputs, *INPUT_KINDS) if key in parsed.names}
    if not taken:
        raise UsageError(f'formula "{text}" has no input. Use N, D, C, U, S, L or x, as in E + A/N^alpha.')
    free = [key for key in parsed.names if key not in taken]
    if not free:
        raise UsageError(f'formula "{text}" has no free parameter. Name one, as in E + A/N^alpha.')
    roles = _Roles(parsed.expr, set(taken))
    found = {key: _INFERRED[roles.of(key)] for key in free}
    return Law(name or str(parsed), parsed, taken, found | dict(kinds or {}), summary="A formula typed by the user.")


class _Roles:
    """Reads each parameter's role off its place in a formula."""

    def __init__(self, expr: Expr, inputs: set[str]) -> None:
        self.inputs = inputs
        self.count: dict[str, int] = {}
        self.roles: dict[str, str] = {}
        self._count(expr)
        for term in _terms(expr):
            self._term(term)

    def of(self, key: str) -> str:
        role = self.roles.get(key, "real")
        return "real" if role in ("floor", "scale") and self.count[key] > 1 else role

    def _count(self, expr: Expr) -> None:
        if expr.op == "name":
            self.count[str(expr.value)] = self.count.get(str(expr.value), 0) + 1
        for arg in expr.args:
            self._count(arg)

    def _has_input(self, expr: Expr) -> bool:
        return (expr.op == "name" and expr.value in self.inputs) or any(map(self._has_input, expr.args))

    def _term(self, term: Expr) -> None:
        if term.op == "name":
            self.roles.setdefault(str(term.value), "floor")
        above, below = _factors(term)
        powers = [factor for factor in (*above, *below) if factor.op == "pow" and self._has_input(factor.args[0])]
        for factor in above:
            if factor.op == "name" and powers:
                self.roles.setdefault(str(factor.value), "scale")
        self._powers(term)

    def _powers(self, expr: Expr) -> None:
        if expr.op == "pow" and self._has_input(expr.args[0]):
            base, exponent = expr.args
            bare = exponent.args[0] if exponent.op == "neg" else exponent
            if bare.op == "name":
                self.roles.setdefault(str(bare.value), "exponent")
            if base.op == "div":
                for side in base.args:
                    if side.op == "name" and side.value not in self.inputs:
                        self.roles.setdefault(str(side.value), "size")
        for arg in expr.args:
            self._powers(arg)


def _terms(expr: Expr) -> list[Expr]:
    """Split a sum into the terms that are added."""
    if expr.op == "add":
        return [term for arg in expr.args for term in _terms(arg)]
    return [expr]


def _factors(expr: Expr) -> tuple[list[Expr], list[Expr]]:
    """Split a product into the factors above and below the line."""
    if expr.op not in ("mul", "div"):
        return [expr], []
    (above, below), (more, less) = (_factors(arg) for arg in expr.args)
    return (above + more, below + less) if expr.op == "mul" else (above + less, below + more)


def _kind_of(hint: object) -> Kind:
    return next(item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Kind))


def _pin(law_: Law, key: str, value: str | float) -> Expr | float:
    if not isinstance(value, str):
        if not np.isfinite(value):
            raise UsageError(f"{key}={value}: say a finite number, or another parameter.")
        return float(value)
    if value in law_.parameters and value != key:
        if law_.parameters[value].role != law_.parameters[key].role:
            raise UsageError(
                f'"{key}={value}": a {law_.parameters[key].role} is no {law_.parameters[value].role}; tie like to like.'
            )
        return expression.name(value)
    try:
        return units.parse_quantity(value)
    except UsageError:
        raise UsageError(f'"{key}={value}": say a number, as in {key}=1.69, or another parameter.') from None
