"""What kind of parameter each name of a typed formula is, read off its place."""

from __future__ import annotations

from isoflop.formula.tree import Expr


class Roles:
    """Each parameter's role, read off its place in a formula."""

    def __init__(self, expr: Expr, inputs: set[str]) -> None:
        self.inputs = inputs
        self.count: dict[str, int] = {}
        self.roles: dict[str, str] = {}
        self._count(expr)
        terms = _terms(expr)
        self.signed = any(self._changes_sign(term) for term in terms)
        for term in terms:
            self._term(term)

    def of(self, key: str) -> str:
        """Return the role of a name; what stands in more than one place is any real number."""
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
        if term.op == "name" and not self.signed:
            self.roles.setdefault(str(term.value), "floor")
        above, below = _factors(term)
        powers = [factor for factor in (*above, *below) if factor.op == "pow" and self._has_input(factor)]
        for factor in above:
            if factor.op == "name" and powers:
                self.roles.setdefault(str(factor.value), "scale")
        self._powers(term)

    def _changes_sign(self, term: Expr) -> bool:
        """Return whether a term goes below 0 by itself, as b*log(x) does: then what is added to it is no floor."""
        above, below = _factors(term)
        return any(factor.op == "log" and self._has_input(factor) for factor in (*above, *below))

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
        if expr.op == "pow" and not self._has_input(expr.args[0]) and self._has_input(expr.args[1]):
            self._span(expr.args[1])
        for arg in expr.args:
            self._powers(arg)

    def _span(self, exponent: Expr) -> None:
        """Find what an input is divided by in an exponent, as a doubling time is: above zero, and of its size or so."""
        bare = exponent.args[0] if exponent.op == "neg" else exponent
        if bare.op == "div" and self._has_input(bare.args[0]) and bare.args[1].op == "name":
            self.roles.setdefault(str(bare.args[1].value), "exponent")


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
