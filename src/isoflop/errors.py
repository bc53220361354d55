"""The errors isoflop raises on purpose, each with the exit code the command line gives it.

IsoflopError            1  something went wrong, such as a file that cannot be written
├── UsageError          2  the call's words are off: unknown law, bad formula, bad option
├── DataError           3  the runs are refused: file, row, column, reason
├── UntrustedError      4  a BLOCK finding: the fit is not to be trusted
└── MissingExtraError   1  an optional dependency is not installed

A message says what was expected, what came and what to type.
"""

from __future__ import annotations


class IsoflopError(Exception):
    """Anything isoflop refuses or cannot do, told in one clear message.

    >>> issubclass(isoflop.UsageError, isoflop.IsoflopError)
    True
    """

    exit_code = 1


class UsageError(IsoflopError):
    """The call's words are off: an unknown law, a broken formula, a bad option.

    >>> try:
    ...     isoflop.cost(1e24, device="H1000")
    ... except isoflop.UsageError as error:
    ...     print(error.exit_code)
    2
    """

    exit_code = 2


class DataError(IsoflopError):
    """The runs are refused; the message names file, row, column and reason.

    >>> try:
    ...     isoflop.read("no-such-file.csv")
    ... except isoflop.DataError as error:
    ...     print(error.exit_code)
    3
    """

    exit_code = 3


class UntrustedError(IsoflopError):
    """A BLOCK finding stands in the way of an answer.

    >>> isoflop.UntrustedError.exit_code
    4
    """

    exit_code = 4


class MissingExtraError(IsoflopError):
    """An optional dependency is missing; the message says which `pip install` to type.

    >>> issubclass(isoflop.MissingExtraError, isoflop.IsoflopError)
    True
    """


def shown(text: str) -> str:
    """Return a name or a cell as messages show it: on one line, and nothing that could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
