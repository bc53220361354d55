"""A formula: parsed from text by an allow-list, evaluated on NumPy, printed as text, LaTeX and JavaScript.

Text goes through Python's `ast`, of which only the named nodes are kept; never through `eval`.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from keyword import iskeyword
from typing import Any

import numpy as np

from isoflop.errors import UsageError, shown
from isoflop.formula.tree import CALLS, FUNCTIONS, Expr, Functions, as_expr, collect_names, evaluate, name, substitute
from isoflop.formula.write import to_javascript, to_latex, to_text

MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, MAX_EXPONENT = 2000, 40, 500, 64.0
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow",
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_WORD, _OPERATORS = re.compile(r"[^\W\d]\w*"), {"and", "or", "not", "in", "is", "if", "else", "True", "False", "None"}
"""The words of a formula, and those that Python keeps for itself and that are said to be no names where they stand."""
_QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


@dataclass(frozen=True)
class Formula:
    """An expression with a face: it knows its names, evaluates itself and prints itself."""

    expr: Expr = field(repr=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name in the formula, in order of appearance."""
        found: dict[str, None] = {}
        collect_names(self.expr, found)
        return tuple(found)

    def evaluate(self, values: Mapping[str, Any], functions: Functions = FUNCTIONS) -> Any:
        """Return the formula's value where each name stands for an array (or a Dual)."""
        return evaluate(self.expr, values, functions)

    def substitute(self, replacements: Mapping[str, Expr | float]) -> Formula:
        """Return the formula with names replaced by numbers or other expressions."""
        return Formula(substitute(self.expr, {key: as_expr(new) for key, new in replacements.items()}))

    def __str__(self) -> str:
        return to_text(self.expr)

    def latex(self) -> str:
        """Return the formula as LaTeX, without dollar signs."""
        return to_latex(self.expr)

    def javascript(self) -> str:
        """Return the formula as a JavaScript expression over variables of the same names."""
        return to_javascript(self.expr)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def parse(text: str) -> Formula:
    """Return the formula that a person typed, such as "E + A/N^alpha + B/D^beta".

    Numbers, names, + - * / ^ (or **), exp log log10 sqrt sin cos arctan min max
    where(condition, a, b), saturate and lgamma; nothing else. Raises UsageError otherwise.
    """
    return Formula(_Parser(text, condition=False).expr)


def parse_condition(text: str) -> Formula:
    """Return a yes-or-no formula over columns, such as "D/N > 0.5 and role == 'sweep'"."""
    formula = Formula(_Parser(text, condition=True).expr)
    if formula.expr.op not in ("and", "or", "not", *_COMPARE.values()):
        raise UsageError(f'"{_shown(text)}" is no condition. Say a comparison such as D/N > 0.5.')
    return formula


class _Parser:
    """Walks Python's syntax tree of one text and keeps only what the allow-list names."""

    def __init__(self, text: str, *, condition: bool) -> None:
        self.text = _shown(text)
        self.condition = condition
        self.nodes = 0
        self.expr = self._walk(_syntax(text, self.text), 0, logical=condition)

    def _refuse(self, what: str) -> UsageError:
        allowed = f"numbers, names, + - * / ^ and {', '.join(CALLS)}"
        return UsageError(f'formula "{self.text}": {what}. A formula may hold {allowed}.')

    def _walk(self, node: ast.expr, depth: int, *, logical: bool = False) -> Expr:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise self._refuse(f"deeper than {MAX_DEPTH} levels or longer than {MAX_NODES} terms")
        if logical:
            found = self._condition(node, depth)
            if found is not None:
                return found
        return self._arithmetic(node, depth)

    def _arithmetic(self, node: ast.expr, depth: int) -> Expr:
        if isinstance(node, ast.Constant):
            return self._number(node.value)
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            operand = self._walk(node.operand, depth + 1)
            return -operand if isinstance(node.op, ast.USub) else operand
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return self._binary(_BINARY[type(node.op)], node, depth)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        raise self._refuse(f"{type(node).__name__.lower()} is not allowed")

    def _condition(self, node: ast.expr, depth: int) -> Expr | None:
        if isinstance(node, ast.BoolOp):
            op = "and" if isinstance(node.op, ast.And) else "or"
            return self._joined(op, [self._walk(value, depth + 1, logical=True) for value in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Expr("not", (self._walk(node.operand, depth + 1, logical=True),))
        if isinstance(node, ast.Compare):
            return self._comparison(node, depth)
        return None

    def _comparison(self, node: ast.Compare, depth: int) -> Expr:
        sides = [self._walk(side, depth + 1) for side in (node.left, *node.comparators)]
        parts = []
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if type(op) not in _COMPARE:
                raise self._refuse(f"{type(op).__name__.lower()} is not allowed")
            parts.append(Expr(_COMPARE[type(op)], (left, right)))
        return self._joined("and", parts)

    def _joined(self, op: str, parts: list[Expr]) -> Expr:
        if len(parts) > MAX_DEPTH:
            raise self._refuse(f"more than {MAX_DEPTH} conditions in a row")
        joined = parts[0]
        for part in parts[1:]:
            joined = Expr(op, (joined, part))
        return joined

    def _number(self, value: object) -> Expr:
        if isinstance(value, str) and self.condition:
            return Expr("text", value=value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(f"{value!r} is not a number")
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if not np.isfinite(number):
            raise self._refuse("a number is too large")
        return Expr("number", value=number)

    def _name(self, text: str) -> Expr:
        if not text.isascii():
            odd = next(one for one in text if not one.isascii())
            raise self._refuse(f'"{text}" cannot be a name: "{odd}" is U+{ord(odd):04X}, and names have letters a to z')
        if text.startswith("_") or text in CALLS:
            raise self._refuse(f'"{text}" cannot be a name')
        return name(text)

    def _binary(self, op: str, node: ast.BinOp, depth: int) -> Expr:
        left, right = self._walk(node.left, depth + 1), self._walk(node.right, depth + 1)
        literal = right.args[0] if right.op == "neg" else right
        if op == "pow" and literal.op == "number" and abs(float(literal.value)) > MAX_EXPONENT:
            raise self._refuse(f"an exponent is beyond {MAX_EXPONENT:g}")
        return Expr(op, (left, right))

    def _call(self, node: ast.Call, depth: int) -> Expr:
        function = node.func.id if isinstance(node.func, ast.Name) else "?"
        if function not in CALLS or node.keywords:
            raise self._refuse(f'no function "{ast.unparse(node.func)[:40]}"')
        if len(node.args) != CALLS[function]:
            raise self._refuse(f"{function} takes {CALLS[function]} values, not {len(node.args)}")
        args = [
            self._walk(arg, depth + 1, logical=function == "where" and position == 0)
            for position, arg in enumerate(node.args)
        ]
        return Expr(function, tuple(args))


def _shown(text: str) -> str:
    """Return the text as a message shows it: printable, and not longer than 60 characters."""
    return shown(text if len(text) <= 60 else f"{text[:57]}...")


def _syntax(text: str, short: str) -> ast.expr:
    """Parse text into Python's syntax tree, refusing what could exhaust the parser first."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f'formula "{short}": {len(text)} characters; at most {MAX_CHARACTERS} are read.')
    pieces = _QUOTED.split(text.strip())  # code at even places, quoted text at odd ones
    if any("#" in code for code in pieces[::2]):
        raise UsageError(f'formula "{short}": # is not allowed. Say it like "E + A/N^alpha + B/D^beta".')
    depth = deepest = 0
    for character in "".join(pieces[::2]):
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise UsageError(f'formula "{short}": brackets nest deeper than {MAX_DEPTH}.')
    words = {word for code in pieces[::2] for word in _WORD.findall(code) if iskeyword(word)} - _OPERATORS
    if words:
        raise UsageError(
            f'formula "{short}": "{min(words)}" cannot be a name, since Python keeps that word for itself. Say '
            f"another, as in {min(words)}_."
        )
    try:
        pieces[::2] = [code.replace("^", "**") for code in pieces[::2]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's remarks on style, such as on "1and"
            return ast.parse("".join(pieces), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        raise UsageError(f'formula "{short}": {reason}. Say it like "E + A/N^alpha + B/D^beta".') from None
