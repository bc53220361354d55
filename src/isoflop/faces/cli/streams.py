"""What is printed can be printed anywhere: signs that a terminal's encoding lacks, lines wider than it is."""

from __future__ import annotations

import codecs
import shutil
import sys
import textwrap

from isoflop.errors import shown

_PLAIN = {
    "∞": "inf", "–": "-", "−": "-", "—": "-", "×": "x", "→": "->", "α": "alpha", "β": "beta", "σ": "sigma", "≥": ">=",
    "≤": "<=", "±": "+-", "·": "*", "…": "...", "◇": "o", "▲": "^", "²": "^2",
}  # fmt: skip
"""A sign → what is written where the encoding has none for it."""


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """Return plain signs for those that an encoding lacks: a handler of errors, as codecs want one."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign, "?") for sign in lacking), error.end


def write_anywhere() -> None:
    """Let standard output and standard error write plain signs instead of those that their encoding lacks."""
    codecs.register_error("plain", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")


def wrapped(message: str) -> str:
    """Return a message for standard error: control characters shown, lines broken at the terminal's width."""
    lines = [shown(line) for line in message.split("\n")]
    if not sys.stderr.isatty():
        return "\n".join(lines)
    width = max(40, shutil.get_terminal_size().columns)
    broken = (textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""] for line in lines)
    return "\n".join(part for parts in broken for part in parts)
