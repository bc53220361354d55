"""Exact derivatives of any formula: forward-mode dual numbers through NumPy's `__array_ufunc__`.

A Dual carries a value and one tangent for each name that value depends on, and no others:
in A / N^alpha only A and alpha are ever differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from isoflop.formula import tree as expression
from isoflop.formula.parse import Formula

Partials = tuple[Any, ...]


class Dual:
    """A value and its derivatives with respect to the names it depends on."""

    __slots__ = ("tangents", "value")

    def __init__(self, value: Any, tangents: dict[str, Any]) -> None:
        self.value = value
        self.tangents = tangents

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **_: Any) -> Any:
        values = [arg.value if isinstance(arg, Dual) else arg for arg in args]
        if ufunc in _COMPARISONS:
            return ufunc(*values)
        if method != "__call__" or ufunc not in _RULES:
            return NotImplemented
        value, partials = _RULES[ufunc](values, [isinstance(arg, Dual) for arg in args])
        return Dual(value, _chain(args, partials))


def gradient(formula: Formula, values: Mapping[str, Any], wrt: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Return the formula's value and its exact derivative for each name in `wrt`.

    A name the formula does not depend on is missing from the result; a constant derivative
    may come as a scalar. Arrays broadcast as they do in the formula itself.
    """
    duals = {key: Dual(np.asarray(values[key]), {key: _UNIT}) for key in wrt}
    found = formula.evaluate({**values, **duals}, _FUNCTIONS)
    return (found.value, found.tangents) if isinstance(found, Dual) else (found, {})


def _chain(args: Sequence[Any], partials: Partials) -> dict[str, Any]:
    """Add up partial times tangent over the arguments."""
    total: dict[str, Any] = {}
    for arg, partial in zip(args, partials, strict=True):
        if not isinstance(arg, Dual) or partial is None:
            continue
        for key, tangent in arg.tangents.items():
            if partial is _ONE or partial is _MINUS_ONE:
                term = tangent if partial is _ONE else -tangent
            else:
                term = partial if tangent is _UNIT else partial * tangent
            total[key] = total[key] + term if key in total else term
    return total


_ONE, _MINUS_ONE = object(), object()
_UNIT = 1.0  # the one tangent that names start with, known by identity


def _divide(values: list[Any], dual: list[bool]) -> tuple[Any, Partials]:
    reciprocal = np.divide(1.0, values[1])
    value = values[0] * reciprocal if dual[0] else values[0] / values[1]
    return value, (reciprocal, -value * reciprocal if dual[1] else None)


def _power(values: list[Any], dual: list[bool]) -> tuple[Any, Partials]:
    base, exponent = values
    if not dual[1]:
        return np.power(base, exponent), (_at_zero(base, exponent, exponent * np.power(base, exponent - 1.0)), None)
    if np.count_nonzero(base) == np.size(base):
        log_base = np.log(base)
        value = np.exp(exponent * log_base)
        return value, (exponent * value / base if dual[0] else None, value * log_base)
    with np.errstate(divide="ignore", invalid="ignore"):  # of a base that is 0: `_at_zero` says what is right
        log_base = np.log(base)
        value = np.exp(exponent * log_base)
        by_base = _at_zero(base, exponent, exponent * value / base) if dual[0] else None
        return value, (by_base, _at_zero(base, exponent, value * log_base))


def _at_zero(base: Any, exponent: Any, partial: Any) -> Any:
    """Return a partial of base^exponent, 0 where the base is 0 and the exponent positive.

    0^p is 0 for every p > 0, so its derivative by p is 0; a base that is 0 because an input is (a share, a sparsity)
    stays 0 whatever it is divided by.
    """
    zero = np.equal(base, 0)
    return np.where(zero & (np.asarray(exponent) > 0), 0.0, partial) if zero.any() else partial


def _unary(function: np.ufunc, partial: Callable[[Any, Any], Any]) -> Callable[..., tuple[Any, Partials]]:
    def rule(values: list[Any], _dual: list[bool]) -> tuple[Any, Partials]:
        value = function(values[0])
        return value, (partial(values[0], value),)

    return rule


def _choose(pick: np.ufunc, compare: np.ufunc) -> Callable[..., tuple[Any, Partials]]:
    def rule(values: list[Any], _dual: list[bool]) -> tuple[Any, Partials]:
        first = compare(values[0], values[1]).astype(float)
        return pick(values[0], values[1]), (first, 1.0 - first)

    return rule


def _where(condition: Any, first: Any, second: Any) -> Any:
    values = [item.value if isinstance(item, Dual) else item for item in (first, second)]
    left, right = (item.tangents if isinstance(item, Dual) else {} for item in (first, second))
    # Chosen, not multiplied by 0: the branch not taken may be undefined there.
    tangents = {key: np.where(condition, left.get(key, 0.0), right.get(key, 0.0)) for key in {**left, **right}}
    return Dual(np.where(condition, *values), tangents)


def _saturate(t: Any, a: Any) -> Any:
    """Differentiate log z - a log(1 - z) = log t implicitly."""
    t_value, a_value = (item.value if isinstance(item, Dual) else item for item in (t, a))
    z = expression.saturate(t_value, a_value)
    rest = np.maximum(1 - z, 1e-300)  # z rounds to 1 far below the bend
    slope = 1 / (1 / z + a_value / rest)
    return Dual(z, _chain((t, a), (slope / t_value, slope * np.log(rest))))


def _lgamma(z: Any) -> Any:
    if not isinstance(z, Dual):
        return expression.lgamma(z)
    return Dual(expression.lgamma(z.value), _chain((z,), (expression.digamma(z.value),)))


_COMPARISONS = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}

_RULES: dict[np.ufunc, Callable[[list[Any], list[bool]], tuple[Any, Partials]]] = {
    np.add: lambda v, _: (v[0] + v[1], (_ONE, _ONE)),
    np.subtract: lambda v, _: (v[0] - v[1], (_ONE, _MINUS_ONE)),
    np.multiply: lambda v, _: (v[0] * v[1], (v[1], v[0])),
    np.divide: _divide,
    np.power: _power,
    np.negative: lambda v, _: (-v[0], (_MINUS_ONE,)),
    np.exp: _unary(np.exp, lambda _, value: value),
    np.log: _unary(np.log, lambda x, _: 1 / x),
    np.log10: _unary(np.log10, lambda x, _: 1 / (x * np.log(10))),
    np.sqrt: _unary(np.sqrt, lambda _, value: 0.5 / value),
    np.sin: _unary(np.sin, lambda x, _: np.cos(x)),
    np.cos: _unary(np.cos, lambda x, _: -np.sin(x)),
    np.arctan: _unary(np.arctan, lambda x, _: 1 / (1 + x * x)),
    np.minimum: _choose(np.minimum, np.less_equal),
    np.maximum: _choose(np.maximum, np.greater_equal),
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **expression.FUNCTIONS, "where": _where, "saturate": _saturate, "lgamma": _lgamma,
}  # fmt: skip
