"""Text logs, as trainings print them: lines that name a step and a loss.

Of Megatron-LM, NeMo, torchtitan, nanoGPT, llm.c, modded-nanogpt, litgpt, OLMo, Keras and the like: `name: value`,
`name=value` or `name value`, in any order.

A line's own words tell what it is about: "validation loss at iteration 200", "validate step: 200". A line without a
step belongs to the step before it. What a log states in a sentence, such as a parameter count, is the run's config.
Other lines are passed over.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from isoflop.data.readers.logs import Cell, Logged, Series, refuse_many, whole_lines
from isoflop.data.readers.restarts import Recorder
from isoflop.data.readers.source import head
from isoflop.data.readers.text_facts import Facts
from isoflop.data.readers.text_lines import CLOCKS, Line, is_loss, lines, read_line

TITLE = "text log"
SUFFIXES = frozenset({".log", ".out", ".txt", ".err", ".stdout", ".stderr", ""})
_LOOK = 1 << 20
"""Bytes of a file in which a log must show itself: some print all their code first."""
_ALONE = re.compile(r"\s+[A-Za-z_](?:[^\s=]*(?: [^=]*)?=|[^:]*/[^:]*: )[\d+.-]")
"""A metric on an indented line of its own, as OLMo and Composer print those of a step."""
_SAME_CLOCK = frozenset(CLOCKS) - {"batch", "s", "epoch"}
"""Words that all count steps: where a log has two of them, as nanoGPT's, both are the same count."""
_NEAR = 2
"""So many steps of the log from where the run stood, another word's count is one of the same steps."""
_ENOUGH = 2
"""So many lines with a step and a loss make a log."""
_GENERIC = re.compile(
    r"(?:train(?:ing)?|main|logs?|out(?:put)?|std(?:out|err)|console|slurm)[-_.]?\d*|run", re.IGNORECASE
)
"""Names that every log may have: then its folder names the run."""


def recognises(path: Path) -> bool:
    """Return whether a file is the text log of a training: lines with a step and a loss."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    start = head(path, _LOOK)
    return b"\0" not in start[:4096] and is_log(start)


def is_log(content: bytes | str) -> bool:
    """Return whether a text reads as the log of a training."""
    together, clocks, losses = 0, 0, 0
    for text in lines(content):
        line = read_line(text)
        clocks, losses = clocks + bool(line.clocks), losses + line.has_loss
        together += bool(line.clocks) and line.has_loss
        if together >= _ENOUGH or min(clocks, losses) >= _ENOUGH:
            return True
    return False


def read(path: Path) -> tuple[Logged, ...]:
    """Return the run in a log."""
    text, doubts = whole_lines(path)
    facts, said = Facts(), []
    count = 0
    for line in lines(text):
        facts.take(line)
        found = read_line(line)
        if found.clocks or found.has_loss or _ALONE.match(line):
            said.append(found)
            count += len(found.values)
            refuse_many(count, str(path))
    record, total = _recorded(said)
    metrics = record.metrics()
    whole, epochs = facts.stated.get("max_steps"), facts.stated.get("epochs")
    if _main_clock(said) == "epoch" and isinstance(whole, float) and isinstance(epochs, float):
        metrics = _by_steps(metrics, whole / epochs)
    if any(key.startswith("val/") and is_loss(key) for key in metrics):  # beside it, a plain loss is the training's
        metrics = {_training(key): found for key, found in metrics.items()}
    config: dict[str, Cell] = facts.config() | ({} if math.isnan(total) else {"max_steps": total})
    return (Logged(run_name(path), config, metrics, known=_known(config, metrics), doubts=doubts),)


def _recorded(said: Sequence[Line]) -> tuple[Recorder, float]:
    """Return the metrics of all lines by one clock, and how many steps there are to be (nan where it is not said)."""
    clock = _main_clock(said)
    record, step, total, ratio = Recorder(), 0.0, math.nan, dict[str, float]()
    steps = np.array([line.clocks[clock][0] for line in said if clock in line.clocks])
    gap = _NEAR * float(np.median(np.diff(steps))) if len(steps) > 1 else math.inf
    for line in said:
        if clock in line.clocks:
            step, whole = line.clocks[clock]
            total = total if math.isnan(whole) else whole
            ratio |= {word: step / count for word, (count, _) in line.clocks.items() if count}
        elif known := next((word for word in line.clocks if word in ratio), None):
            step = line.clocks[known][0] * ratio[known]
        else:
            near = [
                count for word, (count, _) in line.clocks.items() if word in _SAME_CLOCK and abs(count - step) <= gap
            ]
            step = near[0] if near else step
        for key, value in line.values:
            record.add(key, step, value)
    return record, total


def _main_clock(said: Sequence[Line]) -> str:
    """Return the most exact word for a step that at least half as many lines with a loss have as any other."""
    seen = Counter(word for line in said if line.has_loss for word in line.clocks)
    seen = seen or Counter(word for line in said for word in line.clocks)
    most = max(seen.values(), default=0)
    return next((word for word in CLOCKS if seen[word] * 2 >= most > 0), "step")


def _by_steps(metrics: Mapping[str, Series], each: float) -> dict[str, Series]:
    """Return metrics by steps, of which an epoch has so many, where the log says how many there are."""
    return {key: Series(np.round(found.steps * each), found.values) for key, found in metrics.items()}


def _training(key: str) -> str:
    return f"train/{key}" if "/" not in key and is_loss(key) else key


def _known(config: Mapping[str, Cell], metrics: Mapping[str, object]) -> dict[str, str]:
    """Return what the log itself makes of its keys: the held-out loss, and tokens from steps or samples and lengths."""
    losses = sorted(key for key in metrics if key.startswith("val/") and "loss" in key.lower())
    known = {"loss": losses[0]} if losses else {}
    if tokens := next((key for key in ("consumed_tokens", "Train_time/token", "time/token") if key in metrics), ""):
        known["D"] = tokens
    elif "consumed_samples" in metrics and "sequence_length" in config:
        known["D"] = "consumed_samples*sequence_length"
    elif "batch_tokens" in config:
        known["D"] = "step*batch_tokens"
    elif {"global_batch_size", "sequence_length"} <= config.keys() and "consumed_samples" not in metrics:
        known["D"] = "step*global_batch_size*sequence_length"
    return known


def run_name(path: Path) -> str:
    """Return the run's name: the file's, or its folder's where the file is called as any log may be."""
    folder = path.resolve().parent.name
    return folder if folder and _GENERIC.fullmatch(path.stem) else path.stem
