"""What a text log states of its run in sentences of its own: parameters, sequence length, batch, steps, warm-up."""

from __future__ import annotations

import re

from isoflop.data.readers.logs import Cell

_SAYS = r"\b['\"]?[\s.:=|]*([\d,]+)"
"""A name is over, and its whole number follows: after dots, a colon, an equals sign, a bar."""
_WHOLE, _SHORT = r"([\d,]{5,})", r"([\d.]+\s?[MBK])"
_NO_PART = "(?<!embed )(?<!embedding )(?<!expert )"
"""Words before a count of parameters that make it one of a part of the model."""
_FACTS = {
    "n_params": (
        r"parameter count:?\s*(?:dense\s*)?([\d,]{4,})",
        r"(?:number of|total|trainable|num)[ _](?:trainable |model )?param(?:eter)?s?\b[^\d\n]*?([\d.,]+\s?[KMBT]?)\b",
        rf"size:\s*{_WHOLE}\s*total parameters",
        rf"{_WHOLE}\s+(?:total |trainable )?parameters\b",
        rf"\b{_SHORT}\s+(?:total |trainable )?param(?:eter)?s\b",
        rf"{_NO_PART}\b(?:n_|model[ _])?param(?:eter)?s['\"]?\s*[:=]\s*(?:{_WHOLE}|{_SHORT})(?!\w)",
    ),
    "sequence_length": (
        r"\b(?:(?:encoder_)?(?:max[ _])?seq(?:uence)?[ _]?len(?:gth)?|block[ _]size|context[ _]length)" + _SAYS,
    ),
    "global_batch_size": (
        r"\bglobal[ _]batch(?:[ _]size)?" + _SAYS,
        r"total train batch size \([^)]*\)\s*=\s*([\d,]+)",  # Hugging Face's Trainer
    ),
    "batch_tokens": (
        r"\btokens per (?:iteration|step|batch|update)\b[^\d\n]*([\d,]+)",
        r"\btotal[ _]batch[ _]size\b[^\d\n]*([\d,]{4,})",
        r"\b(?:batch_tokens|total_batch_size_tokens)" + _SAYS,
    ),
    "max_steps": (
        r"\b(?:total[ _](?:optimization[ _])?steps|max[ _](?:iters|steps)|train[ _]iters|num_iterations)" + _SAYS,
    ),
    "epochs": (r"\bnum[ _]epochs" + _SAYS,),
    "warmup_steps": (r"\b(?:lr[ _])?warm-?up[ _]?(?:iters|steps|iterations)?" + _SAYS + r"(?![\d.]*[.e])",),
}
"""What a log states of its run in a sentence of its own; the first that is said counts."""
_COMPILED = {key: [re.compile(one, re.IGNORECASE) for one in patterns] for key, patterns in _FACTS.items()}
_RANK = re.compile(r"number of parameters on \(tensor, pipeline\) model parallel rank \((\d+), (\d+)\):\s*(\d+)")
_SUFFIX = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_HINTS = re.compile(r"param|length|seq|block|context|batch|step|iter|warm|num.epochs", re.IGNORECASE)


class Facts:
    """Takes in the lines of a log, and remembers what they state; the first that is said of a thing counts."""

    def __init__(self) -> None:
        self.stated: dict[str, Cell] = {}
        self.ranks: dict[tuple[str, str], float] = {}

    def take(self, line: str) -> None:
        """Take in one line."""
        if len(self.stated) == len(_FACTS) or not _HINTS.search(line):
            return
        for first, second, count in _RANK.findall(line):
            self.ranks[first, second] = float(count)
        for key, patterns in _COMPILED.items():
            if key not in self.stated and (value := _stated(line, patterns)):
                self.stated[key] = value

    def config(self) -> dict[str, Cell]:
        """Return what was stated; parameters that each rank states of its own part are added up."""
        return self.stated | ({"n_params": sum(self.ranks.values())} if self.ranks else {})


def _stated(line: str, patterns: list[re.Pattern[str]]) -> float | None:
    return next(
        (value for one in patterns if (found := one.search(line)) and (value := quantity(found[found.lastindex or 0]))),
        None,
    )


def quantity(text: str) -> float | None:
    """Return a number as people write it in a log: 134,105,856 or 123.59M; None for what is none, or zero."""
    found = re.fullmatch(r"([\d.,]*\d)\.?\s?([KMBT]?)", text.strip(" .,"))
    try:
        return float(found[1].replace(",", "")) * _SUFFIX[found[2]] if found else None
    except ValueError:
        return None
