"""The expression tree of a formula, and what each operation does to arrays.

Arithmetic on its nodes writes down formulas, a small walker evaluates them. Nothing is ever handed to `eval`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.errors import UsageError

Functions = Mapping[str, Callable[..., Any]]


def saturate(t: Any, a: Any) -> Any:
    """Return the z in (0, 1) with z / (1 - z)^a = t, for t > 0 and a > 0 (the heart of the M4 law).

    Newton's method on the logit of z, where the equation is convex; 60 steps always suffice.
    """
    if isinstance(t, Expr) or isinstance(a, Expr):
        return call("saturate", t, a)
    log_t, power = np.broadcast_arrays(np.log(t), a)
    logit = np.where(log_t < 0, log_t, log_t / power)
    for _ in range(60):
        z = 1 / (1 + np.exp(-logit))
        excess = power * np.logaddexp(0, logit) - np.logaddexp(0, -logit) - log_t
        step = excess / (power * z + (1 - z))
        logit = logit - step
        if np.all(np.abs(step) <= 1e-15 * (1 + np.abs(logit))):
            break
    return 1 / (1 + np.exp(-logit))


SHIFT = 10
"""Below this argument, Stirling's series is taken so much further on and stepped back."""
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
"""B_2k / (2k (2k - 1)), the coefficients of z^(1 - 2k) in the logarithm of the gamma function."""


def lgamma(z: Any) -> Any:
    """Return the logarithm of the gamma function for z > 0, by Stirling's series (DLMF 5.11.1); nan below."""
    if isinstance(z, Expr):
        return call("lgamma", z)
    z = np.asarray(z, float)
    near = z < SHIFT
    far = np.where(near, z + SHIFT, z)
    steps = np.where(near, z, 1.0)
    for step in range(1, SHIFT):
        steps = steps * np.where(near, z + step, 1.0)
    square, series = 1 / far / far, np.zeros(z.shape)
    for coefficient in reversed(STIRLING):
        series = series * square + coefficient
    found = (far - 0.5) * np.log(far) - far + 0.5 * np.log(2 * np.pi) + series / far - np.log(steps)
    return np.where(z < 0, np.nan, found)


def digamma(z: Any) -> Any:
    """Return the derivative of lgamma for z > 0: the same series, differentiated."""
    near = z < SHIFT
    far = np.where(near, z + SHIFT, z)
    square, series = 1 / far / far, 0.0
    for power in range(len(STIRLING), 0, -1):
        series = series * square + STIRLING[power - 1] * (2 * power - 1)
    found = np.log(far) - 0.5 / far - series * square
    back = sum(np.where(near, 1 / (z + step), 0.0) for step in range(SHIFT))
    return np.where(z < 0, np.nan, found - back)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power, "neg": np.negative,
    "exp": np.exp, "log": np.log, "log10": np.log10, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "arctan": np.arctan,
    "min": np.minimum, "max": np.maximum, "where": np.where, "saturate": saturate,
    "lgamma": lgamma,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
}  # fmt: skip
"""What each operation does to arrays."""

CALLS = {"exp": 1, "log": 1, "log10": 1, "sqrt": 1, "sin": 1, "cos": 1, "arctan": 1, "min": 2, "max": 2, "where": 3,
          "saturate": 2, "lgamma": 1}  # fmt: skip
"""The functions a formula may call, and how many values each takes."""
_UFUNC_NAMES = {function: name for name, function in FUNCTIONS.items() if isinstance(function, np.ufunc)}


@dataclass(frozen=True, eq=False)
class Expr:
    """One node of a formula: a number, a name, a text, or an operation on other nodes.

    Arithmetic and NumPy functions on a node give a new node, so a law's Python body, called
    with names instead of numbers, writes down its own formula.
    """

    op: str
    args: tuple[Expr, ...] = ()
    value: float | str = 0.0

    def __add__(self, other: Expr | float) -> Expr:
        return Expr("add", (self, as_expr(other)))

    def __radd__(self, other: float) -> Expr:
        return Expr("add", (as_expr(other), self))

    def __sub__(self, other: Expr | float) -> Expr:
        return Expr("sub", (self, as_expr(other)))

    def __rsub__(self, other: float) -> Expr:
        return Expr("sub", (as_expr(other), self))

    def __mul__(self, other: Expr | float) -> Expr:
        return Expr("mul", (self, as_expr(other)))

    def __rmul__(self, other: float) -> Expr:
        return Expr("mul", (as_expr(other), self))

    def __truediv__(self, other: Expr | float) -> Expr:
        return Expr("div", (self, as_expr(other)))

    def __rtruediv__(self, other: float) -> Expr:
        return Expr("div", (as_expr(other), self))

    def __pow__(self, other: Expr | float) -> Expr:
        return Expr("pow", (self, as_expr(other)))

    def __rpow__(self, other: float) -> Expr:
        return Expr("pow", (as_expr(other), self))

    def __neg__(self) -> Expr:
        return Expr("neg", (self,))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **_: Any) -> Expr:
        if method != "__call__" or ufunc not in _UFUNC_NAMES:
            raise UsageError(f"numpy.{ufunc.__name__} cannot stand in a law. Use one of: {', '.join(CALLS)}.")
        return Expr(_UFUNC_NAMES[ufunc], tuple(as_expr(arg) for arg in args))


def as_expr(value: Expr | float) -> Expr:
    """Return the node for a plain number; leave a node as it is."""
    return value if isinstance(value, Expr) else Expr("number", value=float(value))


def name(text: str) -> Expr:
    """Return the node for a name."""
    return Expr("name", value=text)


def call(function: str, *args: Expr | float) -> Expr:
    """Return the node for a function that is no NumPy ufunc: where, saturate, lgamma."""
    return Expr(function, tuple(as_expr(arg) for arg in args))


def collect_names(expr: Expr, found: dict[str, None]) -> None:
    """Add every name of a tree to `found`, in order of appearance."""
    if expr.op == "name":
        found[str(expr.value)] = None
    for arg in expr.args:
        collect_names(arg, found)


def evaluate(expr: Expr, values: Mapping[str, Any], functions: Functions) -> Any:
    """Return a tree's value where each name stands for an array (or a Dual)."""
    if expr.op == "name":
        return values[str(expr.value)]
    if expr.op in ("number", "text"):
        return expr.value
    return functions[expr.op](*[evaluate(arg, values, functions) for arg in expr.args])


def substitute(expr: Expr, replacements: Mapping[str, Expr]) -> Expr:
    """Return a tree with names replaced by other trees."""
    if expr.op == "name":
        return replacements.get(str(expr.value), expr)
    return Expr(expr.op, tuple(substitute(arg, replacements) for arg in expr.args), expr.value)
