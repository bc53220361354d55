"""Quantities: what people type ("70B", "1.4T"), what is printed, and the kinds a law is made of."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import MAXYEAR, date
from functools import cache, wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal

from isoflop.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["input", "floor", "scale", "exponent", "size", "break", "real"]


@dataclass(frozen=True)
class Kind:
    """What a letter of a law stands for: its unit, and how a fit may move it.

    role    input (not fitted) · floor, scale (enter linearly, never negative) · exponent
            (never negative) · size (positive, in the unit of an input, often far beyond the
            runs) · break (positive, an input's value within the runs) · real (any sign)
    unit    the base unit, as printed
    search  where starts are drawn from, for exponents and reals
    """

    name: str
    role: Role
    unit: str = ""
    search: tuple[float, float] = (-1.0, 1.0)


# Inputs and outputs, in base units.
Params = Annotated[float, Kind("Params", "input", "parameters")]
Tokens = Annotated[float, Kind("Tokens", "input", "tokens")]
Flops = Annotated[float, Kind("Flops", "input", "FLOPs")]
FlopsPerToken = Annotated[float, Kind("FlopsPerToken", "input", "FLOPs per token")]
Steps = Annotated[float, Kind("Steps", "input", "steps")]
Count = Annotated[float, Kind("Count", "input", "")]
Nats = Annotated[float, Kind("Nats", "input", "nats per token")]
Difference = Annotated[float, Kind("Difference", "input", "difference in nats per token")]
Sequences = Annotated[float, Kind("Sequences", "input", "sequences")]
Experts = Annotated[float, Kind("Experts", "input", "experts")]
Granularity = Annotated[float, Kind("Granularity", "input", "granularity")]
Bits = Annotated[float, Kind("Bits", "input", "bits")]
Share = Annotated[float, Kind("Share", "input", "share")]
LearningRate = Annotated[float, Kind("LearningRate", "input", "learning rate")]
ErrorRate = Annotated[float, Kind("ErrorRate", "input", "error rate")]
Accuracy = Annotated[float, Kind("Accuracy", "input", "accuracy")]
Score = Annotated[float, Kind("Score", "input", "score")]
Days = Annotated[float, Kind("Days", "input", "days")]
Transitions = Annotated[float, Kind("Transitions", "input", "transitions")]
EnvironmentSteps = Annotated[float, Kind("EnvironmentSteps", "input", "environment steps")]

# Free parameters.
Floor = Annotated[float, Kind("Floor", "floor")]
Scale = Annotated[float, Kind("Scale", "scale")]
Exponent = Annotated[float, Kind("Exponent", "exponent", search=(0.03, 1.2))]
Real = Annotated[float, Kind("Real", "real")]
Size = Annotated[float, Kind("Size", "size")]
Break = Annotated[float, Kind("Break", "break")]

PF_DAY = 8.64e19
"""FLOPs in one petaflop/s-day."""

_SUFFIX = {
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "B": 1e9,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Z": 1e21,
    "Y": 1e24,
}
_DATES = (
    re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})(?:[-/](?P<d>\d{1,2}))?(?:[T ]\d{2}:\d{2}\S*)?", re.ASCII),
    re.compile(r"(?P<m>[A-Za-z]{3,9})\.? (?:(?P<d>\d{1,2}),? )?(?P<y>\d{4})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2}) (?P<m>[A-Za-z]{3,9})\.?,? (?P<y>\d{4})", re.ASCII),
)
"""2027-07-02, with a time or not, 2027/7/2 and 2027-07; July 2, 2027 and July 2027; 2 July 2027."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_QUANTITY = re.compile(r"\s*([+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*([kKMBGTPEZY]?)\s*$")
_DATED, _YEARS = ("date", "year", "released"), (1900.0, 2200.0)
"""What the name of a column of dates contains, and between which years they lie."""
DECADES_A_YEAR = 0.5
"""How many decades of compute a year counts for, where dates are all that is known; a choice."""
BEYOND = 1e60
"""A number of parameters, tokens, FLOPs, days or dollars from here on is a slip, as is one of less than its inverse.

The products of a few such still exist.
"""


def parse_quantity(text: str) -> float:
    """Return the number a person typed: "70B" is 7e10, "1.4T" is 1.4e12, "1e24" is 1e24, "2027-07-02" is 2027.5.

    Suffixes: k, M, B or G, T, P, E, Z, Y. Raises UsageError for anything else.
    """
    if (year := year_of(text)) is not None:
        return year
    found = _QUANTITY.match(text)
    if not found:
        raise UsageError(f'"{text}" is not a quantity. Say a number such as 8e9, 70B or 1.4T.')
    number, suffix = found.groups()
    value = float(number.replace("_", "")) * _SUFFIX["k" if suffix == "K" else suffix]
    refuse_beyond(f'"{text}"', value)
    return value


def refuse_beyond(name: str, value: float) -> None:
    """Refuse a number that is a slip: so large, or so near to zero, that it counts nothing there is."""
    if abs(value) > BEYOND or 0 < abs(value) < 1 / BEYOND:
        raise UsageError(f"{name} is beyond anything there is. Say a number such as 8e9, 70B or 1.4T.")


def year_of(text: str) -> float | None:
    """Return a date such as 2027-07-02 or July 2, 2027 in years, 2027.5 (to three digits); None for what is no date."""
    parts = next((found for one in _DATES if (found := one.fullmatch(text.strip()))), None)
    month = 0 if parts is None else _month(parts["m"])
    if parts is None or not month:
        return None
    try:
        day = date(int(parts["y"]), month, int(parts["d"] or 1))
    except ValueError:
        return None
    first, after = date(day.year, 1, 1), date(day.year + 1, 1, 1) if day.year < MAXYEAR else date.max
    return day.year + (day - first).days / (after - first).days


def _month(text: str) -> int:
    """Return the number of a month, 7 of "7", "Jul" and "July"; 0 for what is none."""
    if text.isdigit():
        return int(text)
    return next((place for place, name in enumerate(_MONTHS, 1) if text.lower().startswith(name)), 0)


def is_date(name: str, values: NDArray[Any]) -> bool:
    """Return whether a column is dates, in years such as 2027.5: by its name and what it holds."""
    named = values.dtype.kind == "f" and any(word in name.lower() for word in _DATED)
    return named and bool(((values > _YEARS[0]) & (values < _YEARS[1])).all())


def decades_of(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return the decimal logarithm of an input, in which distance is measured; a year counts half a decade."""
    import numpy as np

    return values * DECADES_A_YEAR if is_date(name, values) else np.log10(values)


def of_decades(values: NDArray[Any], *, dated: bool) -> NDArray[Any]:
    """Return the values of an input whose decimal logarithms are these: years where it is a date."""
    return values / DECADES_A_YEAR if dated else 10**values


def as_number(value: object, name: str) -> float:
    """Return a number, an Estimate or a quantity as text ("8B") as a number; raises UsageError that names it."""
    try:
        if isinstance(value, bool | complex | bytes):
            raise TypeError  # noqa: TRY301 - told as all that is no number
        return parse_quantity(value) if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except UsageError as error:
        raise UsageError(f"{name}={value}: {error}") from None
    except (TypeError, ValueError, OverflowError):
        raise UsageError(
            f"{name}={str(value)[:40]!r} is no number. Say one, as in {name}=8e9 or {name}='8B'."
        ) from None


def as_numbers(values: object, name: str) -> NDArray[np.float64]:
    """Return numbers, or quantities as text, as an array (at least one of them); raises UsageError that names them."""
    import numpy as np

    try:
        found = np.atleast_1d(np.asarray(values))
        if found.dtype.kind in "iuf" and found.size:
            return np.asarray(found, np.float64)
        found = np.atleast_1d(np.asarray(values, dtype=object))
    except (TypeError, ValueError):
        raise UsageError(f"{name} is no list of numbers. Say one, as in {name}=[8e9, 7e10].") from None
    if not found.size:
        raise UsageError(f"{name} is empty. Say a number, as in {name}=8e9.")
    return np.array([as_number(value, name) for value in found.ravel()]).reshape(found.shape)


_MOST_DIGITS = 12
_ALIKE = 0.01
"""Numbers that are this share of their range apart may look alike."""


def show(value: float, digits: int = 3) -> str:
    """Print a number for people: 70B, 1.40T, 2.02, 5.76e23, inf, –."""
    if math.isnan(value):
        return "–"
    if math.isinf(value) or value == 0:
        return "0" if value == 0 else ("∞" if value > 0 else "-∞")
    if abs(value) >= 1e4:
        value = float(f"{value:.{digits - 1}e}")  # 999.9996M is 1.00B
    size = abs(value)
    for limit, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if limit <= size < 1e15:
            scale = 1e3 if suffix == "k" else limit
            return f"{_significant(value / scale, digits)}{suffix}"
    if 1e-3 <= size < 1e4:
        return _significant(value, digits)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def digits_apart(*numbers: float, digits: int) -> int:
    """Return how many digits numbers need so that those that differ look different: at least `digits`, at most 12.

    Numbers nearer to each other than a hundredth of their whole range may look alike: a value at the very end of its
    interval needs no digit more.
    """
    ordered = sorted(one for one in numbers if math.isfinite(one))
    near = _ALIKE * (ordered[-1] - ordered[0]) if ordered else 0.0
    known = {one for place, one in enumerate(ordered) if not place or one - ordered[place - 1] > near}
    while digits < _MOST_DIGITS and len({show(one, digits) for one in known}) < len(known):
        digits += 1
    return digits


def show_flops(value: float) -> str:
    """Print FLOPs for people: 1e13, 5.76e23. Letters would read as parameters."""
    return f"{value:.3g}".replace("e+", "e") if math.isfinite(value) else show(value)


def show_money(dollars: float) -> str:
    """Print dollars for people: $258k, and what is under a cent as that."""
    return "under a cent" if 0 < dollars < 0.01 else f"${show(dollars)}"


def show_hours(hours: float, device: str) -> str:
    """Print the time of one device for people: 129k H100-hours, and of a small run its seconds."""
    seconds = hours * 3600
    if hours >= 0.1 or not seconds > 0:
        return f"{show(hours)} {device}-hours"
    return f"{show(seconds)} {device}-seconds" if seconds >= 1 else f"under 1 {device}-second"


def _significant(value: float, digits: int) -> str:
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


_PLAIN = frozenset({"float", "int", "str", "bool", "None"})
_CLASSES = frozenset(
    {"LossCurve", "Schedule", "Law", "Fit", "Study", "Path", "Hold", "Prices", "Model", "Told", "Machines", "Serving",
     "Choosing", "Asked", "str", "None"}
)  # fmt: skip
_BETWEEN = re.compile(r" \| (?![^\[]*\])")
"""What stands between the kinds of an annotation, outside brackets."""
_VALUES = re.compile(r"Mapping\[str, (float|tuple\[float, float\])\]")
"""Mappings whose values are numbers, or pairs of them."""
_NUMERIC = ("float", "int", "Array", "Any", "object")


def checked(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Return a public function that says in one sentence when an argument is of another kind than it takes.

    The kinds are those of its annotations; what is a number may also be said as a quantity ("8B"). What is missing is
    Python's to say, and a keyword that the signature lacks is the function's.
    """
    from inspect import Parameter, signature

    taken = signature(verb)
    open_ended = any(one.kind is Parameter.VAR_KEYWORD for one in taken.parameters.values())

    @wraps(verb)
    def called(*args: Any, **named: Any) -> Any:
        others = {name: named.pop(name) for name in [*named] if name not in taken.parameters and not open_ended}
        given = taken.bind(*args, **named)
        for name, value in given.arguments.items():
            one = taken.parameters[name]
            if one.kind not in {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD} and value is not one.default:
                given.arguments[name] = _fitting(value, name, str(one.annotation))
        return verb(*given.args, **given.kwargs, **others)

    return called


def _fitting(value: Any, name: str, annotation: str) -> Any:
    """Return a value as an annotation wants it; raises UsageError where it is of another kind."""
    kinds = frozenset("float" if one in _letters() else one for one in _BETWEEN.split(annotation))
    if kinds <= _PLAIN:
        return _plain(value, name, kinds)
    classes = {one.__name__ for one in type(value).__mro__} if value is not None else {"None"}
    unlike = isinstance(value, bool | int | float | complex | bytes) and not any(one in annotation for one in _NUMERIC)
    if (value is None and not kinds & {"None", "Any"}) or unlike or (kinds <= _CLASSES and not classes & kinds):
        raise _wrong(value, name, annotation)
    if annotation.startswith(("Sequence[float]", "Sequence[str]")) and value is not None:
        if not hasattr(value, "__iter__"):
            raise _wrong(value, name, annotation)
        inner = frozenset({annotation[9:].partition("]")[0]})
        return value if isinstance(value, str) else [_plain(one, name, inner) for one in value]
    mapped = annotation.startswith("Mapping") and not any(one.startswith("Sequence") for one in kinds)
    frame = getattr(value, "ndim", 1) > 1  # columns by name, where a few values by name are wanted
    if mapped and value is not None and (frame or not hasattr(value, "items")):
        raise _wrong(value, name, annotation)
    listed = all(one in {"str", "None"} or one.startswith(("Sequence", "Mapping")) for one in kinds)
    rows = isinstance(value, Mapping) and not any(one.startswith("Mapping") for one in kinds)
    if value is not None and listed and (rows or not hasattr(value, "__iter__")):
        raise _wrong(value, name, annotation)
    if isinstance(value, Mapping) and len(kinds - {"None"}) == 1 and (of := _VALUES.match(annotation)):
        return {key: _number_or_pair(one, f"{name}[{key!r}]", of[1]) for key, one in value.items()}
    return value


def _number_or_pair(value: Any, name: str, kind: str) -> Any:
    """Return one value of a mapping: a number, or the two of a pair."""
    if kind == "float":
        return as_number(value, name)
    try:
        low, high = value
    except (TypeError, ValueError):
        raise _wrong(value, name, "a pair of numbers") from None
    return as_number(low, name), as_number(high, name)


def settle_numbers(options: Any) -> None:
    """Set those numbers of frozen options that were said as quantities: Told(N="8B")."""
    for field in fields(options):
        value = getattr(options, field.name)
        if isinstance(value, str) and "float" in (kinds := str(field.type).split(" | ")) and "str" not in kinds:
            object.__setattr__(options, field.name, as_number(value, field.name))


@cache
def _letters() -> frozenset[str]:
    """Return the names of the kinds of letters above, such as Params: each is a number."""
    return frozenset(name for name, one in globals().items() if hasattr(one, "__metadata__"))


def _plain(value: Any, name: str, kinds: frozenset[str]) -> Any:
    """Return a number, a text or a truth as it is wanted."""
    if value is None or isinstance(value, bool | str) or type(value).__name__ == "bool_":
        kind = "None" if value is None else "str" if isinstance(value, str) else "bool"
        if kind in kinds:
            return value
        if kind != "str" or not kinds & {"float", "int"}:
            raise _wrong(value, name, " | ".join(sorted(kinds)))
    if not kinds & {"float", "int"}:
        raise _wrong(value, name, " | ".join(sorted(kinds)))
    number = as_number(value, name)
    if "float" in kinds:
        return number
    if not number.is_integer():
        raise _wrong(value, name, "int")
    return int(value) if isinstance(value, int) else int(number)


def _wrong(value: object, name: str, annotation: str) -> UsageError:
    words = {"float": "a number", "int": "a whole number", "str": "a text", "bool": "True or False"}
    tables = ("Source", "Runs", "ColumnMapping", "CurveSource")
    words |= dict.fromkeys(tables, "a path, a DataFrame, a mapping of columns or a list of them")
    wanted = " or ".join(dict.fromkeys(words.get(one, one) for one in _BETWEEN.split(annotation) if one != "None"))
    return UsageError(f"{name} must be {wanted}; {type(value).__name__} {str(value)[:40]!r} came.")
