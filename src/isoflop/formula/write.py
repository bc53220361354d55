"""A formula written out: as text that parses back, as LaTeX for papers, as JavaScript for the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isoflop.formula.tree import Expr

_INFIX = {
    "or": 1,
    "and": 2,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "==": 4,
    "!=": 4,
    "add": 5,
    "sub": 5,
    "mul": 6,
    "div": 6,
}
_CHAINED = ("<", "<=", ">", ">=", "==", "!=")
_NOT, _NEGATIVE, _POWER, _ATOM = 3, 7, 8, 9
_THIN = r"\,"
_TEXT = {"add": " + ", "sub": " - ", "mul": "*", "div": "/", "or": " or ", "and": " and "}
_LATEX = {"add": " + ", "sub": " - ", "mul": _THIN, "<=": r" \le ", ">=": r" \ge ", "==": " = ", "!=": r" \ne ",
          "or": r" \lor ", "and": r" \land "}  # fmt: skip
_SCRIPT = {"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "or": " || ", "and": " && ", "==": " === ",
           "!=": " !== "}  # fmt: skip
_GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "kappa", "lambda", "mu", "nu", "omega", "phi",
          "psi", "rho", "sigma", "tau", "xi", "zeta"}  # fmt: skip
_RESERVED = {
    "arguments", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default",
    "delete", "do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if",
    "implements", "import", "in", "instanceof", "interface", "let", "new", "null", "package", "private",
    "protected", "public", "return", "static", "super", "switch", "this", "throw", "true", "try", "typeof",
    "var", "void", "while", "with", "yield", "Math",
}  # fmt: skip

SCRIPT_FUNCTIONS = {
    "saturate": """\
const saturate = (t, a) => {
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const logT = Math.log(t);
  let logit = logT < 0 ? logT : logT / a;
  for (let i = 0; i < 60; i++) {
    const z = 1 / (1 + Math.exp(-logit));
    const step = (a * softplus(logit) - softplus(-logit) - logT) / (a * z + (1 - z));
    logit -= step;
    if (Math.abs(step) <= 1e-15 * (1 + Math.abs(logit))) break;
  }
  return 1 / (1 + Math.exp(-logit));
};
""",
    "lgamma": """\
const lgamma = (z) => {
  const near = z < 10, far = near ? z + 10 : z, square = 1 / far / far;
  let steps = near ? z : 1, series = 0;
  if (near) for (let i = 1; i < 10; i++) steps *= z + i;
  for (const term of [1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12])
    series = series * square + term;
  const found = (far - 0.5) * Math.log(far) - far + 0.5 * Math.log(2 * Math.PI) + series / far - Math.log(steps);
  return z < 0 ? NaN : found;
};
""",
}
"""JavaScript of the functions that JavaScript lacks, by name."""
JAVASCRIPT_PRELUDE = "".join(SCRIPT_FUNCTIONS.values())
"""What a page must define before it evaluates a formula's JavaScript."""


@dataclass(frozen=True)
class _Dialect:
    """How one language writes names, numbers, infix signs, powers and calls."""

    name: Callable[[str], str]
    number: Callable[[float], str]
    infix: dict[str, str]
    power: Callable[[Expr], tuple[str, int]]
    call: Callable[[str, list[str]], str]
    divide: Callable[[Expr], tuple[str, int]] | None = None
    no: str = "not "
    no_binds: int = _NOT
    bracket: str = "({})"
    quote: Callable[[str], str] = repr


def to_text(expr: Expr) -> str:
    """Return the formula as text that `parse` reads back to the same tree."""
    return _write(expr, _TEXT_DIALECT)[0]


def to_latex(expr: Expr) -> str:
    """Return the formula as LaTeX, without dollar signs."""
    return _write(expr, _LATEX_DIALECT)[0]


def to_javascript(expr: Expr) -> str:
    """Return the formula as a JavaScript expression; `JAVASCRIPT_PRELUDE` defines what it may call."""
    return _write(expr, _SCRIPT_DIALECT)[0]


def _write(expr: Expr, dialect: _Dialect) -> tuple[str, int]:
    """Return the written node and how tightly it binds."""
    if expr.op in ("name", "number", "text"):
        return _atom(expr, dialect)
    if expr.op == "pow":
        return dialect.power(expr)
    if expr.op == "div" and dialect.divide:
        return dialect.divide(expr)
    if expr.op == "neg":
        return "-" + _bracket(expr.args[0], _NEGATIVE + 1, dialect), _NEGATIVE
    if expr.op == "not":
        return dialect.no + _bracket(expr.args[0], dialect.no_binds + 1, dialect), dialect.no_binds
    if expr.op in _INFIX:
        binds = _INFIX[expr.op]
        left = _bracket(expr.args[0], binds + (expr.op in _CHAINED), dialect)
        right = _bracket(expr.args[1], binds + (expr.op not in ("and", "or")), dialect)
        sign = dialect.infix.get(expr.op, f" {expr.op} ")
        if sign == _THIN and right[0].isdigit():
            sign = r" \cdot "
        return left + sign + right, binds
    return dialect.call(expr.op, [_write(arg, dialect)[0] for arg in expr.args]), _ATOM


def _atom(expr: Expr, dialect: _Dialect) -> tuple[str, int]:
    if expr.op == "name":
        return dialect.name(str(expr.value)), _ATOM
    if expr.op == "text":
        return dialect.quote(str(expr.value)), _ATOM
    number = float(expr.value)
    written = dialect.number(number)
    if "^" in written:
        return written, _INFIX["mul"]
    return written, _NEGATIVE if number < 0 else _ATOM


def _bracket(expr: Expr, at_least: int, dialect: _Dialect) -> str:
    text, binds = _write(expr, dialect)
    return text if binds >= at_least else dialect.bracket.format(text)


def _number(value: float) -> str:
    whole = [str(int(value))] if value == int(value) and abs(value) < 1e15 else []
    mantissa, _, exponent = repr(value).partition("e") if "e" in repr(value) else f"{value:.16e}".partition("e")
    short = f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"
    exact = [short] if float(short) == value else []
    return min([*whole, repr(value), *exact], key=len)


def _text_power(expr: Expr) -> tuple[str, int]:
    # Python's power binds tighter than a minus on its left and looser than one on its right.
    base, exponent = (_bracket(arg, at_least, _TEXT_DIALECT) for arg, at_least in zip(expr.args, (9, 7), strict=True))
    return f"{base}^{exponent}", _POWER


def _latex_power(expr: Expr) -> tuple[str, int]:
    base = _bracket(expr.args[0], _ATOM, _LATEX_DIALECT)
    return f"{base}^{{{_write(expr.args[1], _LATEX_DIALECT)[0]}}}", _POWER


def _latex_divide(expr: Expr) -> tuple[str, int]:
    above, below = (_write(arg, _LATEX_DIALECT)[0] for arg in expr.args)
    return rf"\frac{{{above}}}{{{below}}}", _POWER


def _latex_name(text: str) -> str:
    stem, _, index = text.partition("_")
    if not index and len(stem) > 1 and stem.rstrip("0123456789") != stem:
        digits = len(stem.rstrip("0123456789"))
        stem, index = stem[:digits], stem[digits:]
    written = f"\\{stem}" if stem in _GREEK else stem if len(stem) == 1 else rf"\mathrm{{{stem}}}"
    return f"{written}_{{{_latex_name(index) if index.isalpha() else index}}}" if index else written


def _latex_number(value: float) -> str:
    mantissa, _, exponent = _number(value).partition("e")
    if not exponent:
        return mantissa
    factor = "" if mantissa == "1" else rf"{mantissa} \times "
    return rf"{factor}10^{{{int(exponent)}}}"


def _latex_call(function: str, args: list[str]) -> str:
    if function == "sqrt":
        return rf"\sqrt{{{args[0]}}}"
    if function == "where":
        return rf"\begin{{cases}} {args[1]} & {args[0]} \\ {args[2]} & \text{{otherwise}} \end{{cases}}"
    named = {"log10": r"\log_{10}", "saturate": r"\operatorname{saturate}", "lgamma": r"\log\Gamma"}.get(
        function, f"\\{function}"
    )
    return rf"{named}\left({', '.join(args)}\right)"


def _latex_quote(text: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in " .,:;-+" else r"\_" for letter in text)
    return rf"\text{{{kept}}}"


def script_name(text: str) -> str:
    """Return a name as JavaScript may use it: words that JavaScript keeps for itself get a dollar sign."""
    return f"${text}" if text in _RESERVED else text


def _script_power(expr: Expr) -> tuple[str, int]:
    base, exponent = (_write(arg, _SCRIPT_DIALECT)[0] for arg in expr.args)
    return f"Math.pow({base}, {exponent})", _ATOM


def _script_call(function: str, args: list[str]) -> str:
    if function == "where":
        return f"({args[0]} ? {args[1]} : {args[2]})"
    named = {"arctan": "Math.atan"}.get(function, function if function in SCRIPT_FUNCTIONS else f"Math.{function}")
    return f"{named}({', '.join(args)})"


_TEXT_DIALECT = _Dialect(str, _number, _TEXT, _text_power, lambda function, args: f"{function}({', '.join(args)})")
_LATEX_DIALECT = _Dialect(
    _latex_name,
    _latex_number,
    _LATEX,
    _latex_power,
    _latex_call,
    _latex_divide,
    r"\lnot ",
    bracket=r"\left({}\right)",
    quote=_latex_quote,
)
_SCRIPT_DIALECT = _Dialect(script_name, _number, _SCRIPT, _script_power, _script_call, no="!", no_binds=_POWER)
