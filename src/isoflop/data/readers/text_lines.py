"""The lines of a text log: which say a step, which a metric, and of which kind it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)(?![A-Za-z])"
_PAIR = re.compile(
    r"(?<!\w)(?P<name>[A-Za-z_][\w./\-]*(?: \(?[A-Za-z_][\w./\-()]*){0,5})['\"]?"
    rf"\s*(?:[:=]\s*['\"]?|\s+)(?P<value>{_NUMBER})(?P<unit>[kKMBGT](?![A-Za-z]))?(?:\s*/\s*(?P<total>\d+))?"
)
"""A name of up to six words, then a number, which may have a suffix, or be one of so many: iteration 100/ 20000."""
CLOCKS = ("step", "global_step", "steps", "num_updates", "iteration", "iter", "it", "batch", "update", "s", "epoch")
"""Words for the step, the most exact first; where one stands last in a name, the rest says what the line is about."""
_CLOCK = re.compile(rf"(?:^|.*[\s_/])(?P<word>{'|'.join(CLOCKS)})$", re.IGNORECASE)
_NO_CLOCK = re.compile(r"\bper\b|skipped|nan |remaining|total|warm|starts? (?:at|from)|resum|load|sav", re.IGNORECASE)
_HELD_OUT = re.compile(r"(?:^|[\W_])(?:val|valid|validat\w*|eval\w*|test|tel|held.?out|dev)(?:$|[\W_])", re.IGNORECASE)
_TRAIN = re.compile(r"(?:^|[\W_])(?:train\w*|trl)(?:$|[\W_])", re.IGNORECASE)
_LOSS = re.compile(r"loss|entropy|(?:^|[\W_])(?:nll|bpb|ppl|perplexity|tel|trl|ce)(?:$|[\W_])", re.IGNORECASE)
_ABOUT = re.compile(r"\W*(?:\[\w+\]\W*)*(?:val|validat\w*|eval\w*|test)\b", re.IGNORECASE)
_AROUND = re.compile(
    r"^(?:val\w*|eval\w*|test|reduced|train(?:ing)?)[ _]+|[ _]+(?:value|val|validation|train)$", re.IGNORECASE
)
_SHORT = {"tel": "val loss", "trl": "train loss"}
"""llm.c's words."""
_SUFFIX = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
_BAR = re.compile(r"\|\s*(\d+)/(\d+)\s*\[")
"""A progress bar, which names neither its steps nor how many there are to be: 10%|#   | 100/1000 [00:10<01:30."""
_PARTS = re.compile(r"\bloss (?P<of>train\w*): (?P<train>\S+), (?P<held>val\w*): ")
"""A loss that is named once for both of its numbers, as litgpt does."""
_LONGEST = 4000
"""Characters of a line beyond which it is no line of a log."""


@dataclass(frozen=True)
class Line:
    """What one line says.

    clocks  word for a step -> where the run is by it, and of how many (nan where it does not say)
    values  the metrics in it, by their keys
    """

    clocks: dict[str, tuple[float, float]]
    values: list[tuple[str, float]]

    @property
    def has_loss(self) -> bool:
        """Whether one of its metrics is a loss."""
        return any(is_loss(name) for name, _ in self.values)


def lines(content: bytes | str) -> Iterator[str]:
    """Yield the lines as a terminal would show them: without colours, of one written over and over the last state.

    Of a progress bar every state is a line: each is another step.
    """
    text = content.decode(errors="replace") if isinstance(content, bytes) else content
    for line in text.split("\n"):
        states = line.rstrip("\r").split("\r")
        for shown in states if _BAR.search(states[0]) else states[-1:]:
            if len(shown) < _LONGEST:
                yield _ANSI.sub("", shown) if "\x1b" in shown else shown


def read_line(text: str) -> Line:
    """Return what a line says of steps and metrics."""
    clocks: dict[str, tuple[float, float]] = {}
    found: list[tuple[str, float]] = []
    about = "validation" if _ABOUT.match(text) else ""
    text = _PARTS.sub(r"\g<of> loss: \g<train>, \g<held> loss: ", text)
    if bar := _BAR.search(text):
        clocks["it"] = (float(bar[1]), float(bar[2]))
    for name, value, total in _pairs(text):
        word, before = _clock(name)
        if word == "batch" and (math.isnan(total) or _HELD_OUT.search(before)):
            word = ""  # a batch of so many, or one of an evaluation
        if word:
            clocks[word] = (value, total)
            about = f"{about} {before}"
        else:
            found.append((name, value))
    return Line(clocks, [(_key(name, about), value) for name, value in found])


def is_loss(name: str) -> bool:
    """Return whether a metric is a loss or made of one, by its name."""
    return bool(_LOSS.search(name))


def _pairs(line: str) -> Iterator[tuple[str, float, float]]:
    """Yield each name with its number, and of how many it is."""
    for found in _PAIR.finditer(line):
        value = float(found["value"].replace(",", "")) * _SUFFIX.get(found["unit"] or "", 1.0)
        yield found["name"].strip(), value, float(found["total"] or math.nan)


def _clock(name: str) -> tuple[str, str]:
    """Return the word for a step that a name ends in, and what stands before it; two empty texts for none."""
    found = _CLOCK.match(name)
    if not found or _NO_CLOCK.search(name):
        return "", ""
    word, before = found["word"].lower(), name[: found.start("word")]
    return ("", "") if word in {"s", "it"} and before else (word, before)


def _key(name: str, about: str) -> str:
    """Return the key of a metric: val/… for a loss of held-out data, train/… for what the log calls the training's."""
    plain = _SHORT.get(name, name)
    if not is_loss(plain) or "/" in plain:
        return plain.replace(" ", "_")
    kind = "val" if _HELD_OUT.search(plain) or _HELD_OUT.search(about) else "train" if _TRAIN.search(plain) else ""
    short = _AROUND.sub("", _AROUND.sub("", plain)).replace(" ", "_")
    return f"{kind}/{short}" if kind else short
