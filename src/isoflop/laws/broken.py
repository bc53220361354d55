"""Caballero et al. 2022, Broken Neural Scaling Laws, arXiv:2210.14891: power laws joined at smooth breaks."""

from __future__ import annotations

from isoflop.errors import UsageError
from isoflop.formula.law import Law, parse_law
from isoflop.quantities import Kind

MAX_BREAKS = 6
_BREAK, _SHARPNESS = Kind("Break", "break"), Kind("Exponent", "exponent", search=(0.05, 0.8))
_SLOPE = Kind("Real", "real", search=(-0.6, 0.8))


def broken_power_law(breaks: int = 1) -> Law:
    """Return the broken power law of x with so many breaks, from 0 to 6; its name is "bnsl" and that number.

    The slope in log-log is -c0 first and steeper by c_i after the break at d_i, of width f_i.
    """
    if not 0 <= breaks <= MAX_BREAKS:
        raise UsageError(f"a broken power law has 0 to {MAX_BREAKS} breaks, not {breaks}. Say bnsl1.")
    numbers = range(1, breaks + 1)
    text = "a + b*x^-c0" + "".join(f"*(1 + (x/d{i})^(1/f{i}))^(-c{i}*f{i})" for i in numbers)
    kinds = {f"d{i}": _BREAK for i in numbers} | {f"f{i}": _SHARPNESS for i in numbers}
    kinds |= {f"c{i}": _SLOPE for i in range(breaks + 1)}
    found = parse_law(text, kinds=kinds, name=f"bnsl{breaks}")
    cite, plural = "Caballero et al. 2022, arXiv:2210.14891, eq. 1", "" if breaks == 1 else "s"
    summary = f"Power laws of x joined at {breaks} smooth break{plural}, above a floor a."
    return Law(found.name, found.formula, found.inputs, found.parameters, found.output, cite, summary, "general")


bnsl1, bnsl2 = broken_power_law(1), broken_power_law(2)
