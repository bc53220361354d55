"""Lines of a log by a pattern that the user declares: 'step {step} | loss {loss}'.

What stands in braces is a number and its key; {step} is the step, and N, D, C and loss are the letters themselves. All
else stands as it is, except that spaces may be more or fewer. {} is anything that is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from isoflop.data.limits import files_below
from isoflop.data.readers.logs import Logged, refuse_many, whole_lines
from isoflop.data.readers.restarts import Recorder
from isoflop.data.readers.text_lines import lines
from isoflop.data.readers.text_log import run_name
from isoflop.errors import DataError, UsageError, shown

TITLE = "lines of a log"
_NUMBER = r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?|nan|inf)"
_HOLE = re.compile(r"\{(\w*)\}")


def read_lines(path: Path, patterns: Sequence[str]) -> tuple[tuple[Logged, Path], ...]:
    """Return the run in a log, or in each log of a folder, by lines of these patterns.

    Raises UsageError for a pattern that is none, and DataError where no line is like one.
    """
    compiled = [_compiled(one) for one in patterns]
    files = sorted(files_below(path)) if path.is_dir() else [path]
    found = [(run, file) for file in files if (run := _read(file, compiled)) is not None]
    if not found:
        raise DataError(f"{shown(str(path))}: no line is like {' or '.join(map(repr, patterns))}. Correct the pattern.")
    return tuple(found)


def _compiled(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    keys = [key for key in _HOLE.findall(pattern) if key]
    if not keys or len({*keys}) < len(keys) or len(pattern) > 500:
        raise UsageError(f"{pattern!r} is no pattern of a line. Say one such as 'step {{step}} | loss {{loss}}'.")
    text, at = "", 0
    for hole in _HOLE.finditer(pattern):
        text += _literal(pattern[at : hole.start()]) + (rf"\s*{_NUMBER}" if hole[1] else r"\S*?")
        at = hole.end()
    return re.compile(text + _literal(pattern[at:])), tuple(keys)


def _literal(text: str) -> str:
    return r"\s*".join(re.escape(part) for part in re.split(r"\s+", text))


def _read(file: Path, patterns: Sequence[tuple[re.Pattern[str], tuple[str, ...]]]) -> Logged | None:
    text, doubts = whole_lines(file)
    record, step = Recorder(), 0.0
    for line in lines(text):
        for pattern, keys in patterns:
            if (found := pattern.search(line)) is None:
                continue
            values = {key: _number(cell) for key, cell in zip(keys, found.groups(), strict=True)}
            step = values.pop("step", step + 1 if "step" not in {*keys} and len(patterns) == 1 else step)
            for key, value in values.items():
                record.add(key, step, value)
            break
        refuse_many(record.count, str(file))
    return Logged(run_name(file), metrics=record.metrics(), doubts=doubts) if record.count else None


def _number(cell: str) -> float:
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return float("nan")
