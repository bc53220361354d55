"""Prints that are the same but for the last digit of their numbers: processors round the last bits each in its way."""

import re

NUMBER = re.compile(r"(?<![\w.])[-+−]?(\d[\d,]*)(\.\d+)?(?:[eE]([-+]?\d+))?([kMBT](?![a-z]))?(\s?%)?")
TIMES = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
SURE = 100
"""Whole numbers below it are counts: they are equal or not."""


def alike(printed, shown):
    """Return whether two texts are the same line by line, but for white space and for numbers' last printed digit."""
    first, second = ([line.strip() for line in text.strip().splitlines()] for text in (printed, shown))
    return len(first) == len(second) and all(map(_lines, first, second))


def _lines(first, second):
    words = [
        [re.sub(r"(\s|─|━)+", " ", word) for word in NUMBER.sub("\0", line).split("\0")] for line in (first, second)
    ]
    return words[0] == words[1] and all(map(_numbers, NUMBER.finditer(first), NUMBER.finditer(second)))


def _numbers(first, second):
    (one, unit), (other, larger) = map(_value, (first, second))
    return one == other or abs(one - other) <= 1.01 * max(unit, larger)


def _value(found):
    """Return a printed number and what its last digit stands for, 0 for a count."""
    whole, part, exponent, suffix, share = found.groups()
    times = TIMES.get(suffix, 1.0) * 10 ** float(exponent or 0)
    value = float(whole.replace(",", "") + (part or "")) * times * (-1 if found[0][0] in "-−" else 1)
    count = not (part or exponent or suffix or share) and abs(value) < SURE
    return value, 0.0 if count else times / 10 ** (len(part or ".") - 1)
