"""What one training run is: every choice that changes its loss, and where it keeps its state."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_type_hints

from isoflop.errors import MissingExtraError, UsageError, shown
from isoflop.files import parse_json, read_limited
from isoflop.quantities import parse_quantity, show

Task = Literal["language", "mnist1d"]

BASE_WIDTH = 64
"""The width at which `lr` is the learning rate of the matrices; at others µP scales it by BASE_WIDTH / width."""


@dataclass(frozen=True)
class Config:
    """One run. What is told of each field is also what `--help` says."""

    task: Annotated[Task, "language: text; mnist1d: one-dimensional digits"] = "language"
    width: Annotated[int, "width of the model"] = 64
    depth: Annotated[int, "layers"] = 2
    heads: Annotated[int, "attention heads"] = 2
    context: Annotated[int, "tokens that attend to each other"] = 128
    tables: Annotated[int, "embedding tables: of the token, of the one before it, of the one before that"] = 3
    vocabulary: Annotated[int, "256: bytes; more: a BPE trained on the corpus (needs tokenizers)"] = 256
    tokens: Annotated[int, "D: tokens, or digits, to train on"] = 1_000_000
    branches: Annotated[str, "several D by commas: one trunk, and a decay branch for each"] = ""
    lr: Annotated[float, "learning rate of the matrices at width 64"] = 0.006
    embedding_lr: Annotated[float, "learning rate of what reads the input, at every width"] = 0.09
    batch: Annotated[int, "windows, or digits, in a batch"] = 4
    warmup: Annotated[int, "steps over which the rate rises: the same for every D, so that they share a trunk"] = 100
    decay: Annotated[float, "share of the steps over which the rate falls to 0"] = 0.2
    clip: Annotated[float, "largest norm of the gradient"] = 1.0
    weight_decay: Annotated[float, "of AdamW, times the learning rate"] = 0.0
    beta1: Annotated[float, "memory of AdamW's mean"] = 0.9
    beta2: Annotated[float, "memory of AdamW's mean square"] = 0.99
    seed: Annotated[int, "of the first weights"] = 0
    order: Annotated[int, "of the data: one order within a ladder"] = 0
    corpus: Annotated[str, "python, text or tables, all of the standard library; or a folder of text"] = "python"
    shares: Annotated[
        str, "of several corpora in the tokens, as python=0.5,text=0.3,tables=0.2; then corpus is unread"
    ] = ""
    suffixes: Annotated[str, "of the files of a folder that are read, by commas"] = ".py,.txt,.md,.rst"
    repeat: Annotated[bool, "train on tokens again when the corpus is used up"] = False
    validation_files: Annotated[int, "files held out for validation"] = 100
    validation_cap: Annotated[int, "bytes of each that are used"] = 4096
    evaluations: Annotated[int, "validations on the way, on a sixteenth of the files' windows"] = 4
    records: Annotated[int, "lines on the way that say the training loss"] = 20
    counts: Annotated[Literal["non-embedding", "total"], "what the reported N counts"] = "non-embedding"
    folder: Annotated[str, "folder for checkpoints: a run that was cut off goes on from there"] = ""
    trunk: Annotated[str, "folder of trunks, shared by runs that differ in D alone"] = ""
    checkpoint_seconds: Annotated[float, "seconds between checkpoints"] = 60.0
    threads: Annotated[int, "threads of the processor"] = 1
    device: Annotated[Literal["auto", "cpu", "cuda"], "auto: a GPU if there is one, in bfloat16"] = "auto"

    def __post_init__(self) -> None:
        _refuse(self)

    @property
    def batch_tokens(self) -> int:
        """Return the tokens, or digits, of a batch."""
        return self.batch * (self.context if self.task == "language" else 1)

    @property
    def steps(self) -> int:
        """Return the steps that come nearest to D."""
        return max(1, round(self.tokens / self.batch_tokens))

    @property
    def decay_steps(self) -> int:
        """Return the steps over which the rate falls."""
        return min(math.ceil(self.decay * self.steps), self.steps - min(self.warmup, self.steps))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the D of every branch, in rising order; the run's own D if there are none."""
        words = [word for word in self.branches.split(",") if word.strip()]
        return tuple(sorted({int(parse_quantity(word)) for word in words})) or (self.tokens,)

    @property
    def mixture(self) -> dict[str, float]:
        """Return the share of each corpus; the one corpus where no shares are told."""
        if not self.shares:
            return {self.corpus: 1.0}
        pairs = [word.strip().rpartition("=") for word in self.shares.split(",") if word.strip()]
        return {name: parse_quantity(share) for name, _, share in pairs}

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as it stands in JSON."""
        return asdict(self)

    def trunk_id(self) -> str:
        """Return a name for all that decides the state before the decay: equal names, equal trunks."""
        own = asdict(replace(self, tokens=1, branches="", decay=0.0, counts="total"))
        kept = {key: value for key, value in own.items() if key not in _WITHOUT_EFFECT}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]

    def id(self) -> str:
        """Return a name for all that decides the run's loss."""
        return f"{self.trunk_id()}-{self.steps}-{self.decay_steps}"


def meanings() -> dict[str, str]:
    """Return what each setting means."""
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(Config, include_extras=True).items()}


_WITHOUT_EFFECT = {"folder", "trunk", "checkpoint_seconds", "threads", "records", "evaluations"}
"""Fields that change where a run is kept and how it is told, not what it is."""
_OTHER_NAMES = {"D": "tokens", "learning_rate": "lr", "layers": "depth", "init_seed": "seed", "data_seed": "order"}
_NOTES = ("name", "id", "role", "run", "N", "C", "budget", "note")
"""Keys that a study may keep in a run's configuration and that say nothing to the trainer."""
_DIGITS = {"batch": 32, "lr": 0.01, "embedding_lr": 0.02, "width": 32, "tokens": 32_000, "validation_files": 0}
"""Defaults of the second task where they differ."""


def read_config(told: Mapping[str, Any]) -> Config:
    """Return the configuration of what a JSON file or the command line says; the rest has its usual value.

    Numbers may be typed as 4M. Raises UsageError for a key or a value that cannot be.
    """
    named = {_OTHER_NAMES.get(key, key): value for key, value in told.items() if key not in _NOTES}
    if len(named) < len([key for key in told if key not in _NOTES]):
        raise UsageError(f"one setting is told twice, under two names: {', '.join(map(shown, told))}. Remove one.")
    known = {one.name: one for one in fields(Config)}
    for key in named:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"There are {', '.join(known)}."
            raise UsageError(f'"{shown(key)}" is no setting of a run. {hint}')
    usual = _DIGITS if named.get("task") == "mnist1d" else {}
    return Config(**{**usual, **{key: _read(key, value, known[key].default) for key, value in named.items()}})


def config_file(path: str) -> dict[str, Any]:
    """Return what a JSON file with one object says."""
    try:
        found = parse_json(read_limited(path, 1 << 24))
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown(path)}: is no JSON file that can be read ({shown(str(error))}).") from None
    if not isinstance(found, dict):
        raise UsageError(f'{shown(path)}: holds no object. Write one, such as {{"width": 64, "tokens": 4000000}}.')
    return found


def _read(key: str, value: Any, usual: Any) -> Any:
    """Return a value in the type of the usual one."""
    if isinstance(usual, bool):
        if str(value).lower() not in {"true", "false"}:
            raise UsageError(f"{key}={shown(str(value))} must be true or false.")
        return str(value).lower() == "true"
    if isinstance(usual, str):
        return ",".join(str(part) for part in value) if isinstance(value, list) else str(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UsageError(f"{key}={shown(str(value))} must be a number.")
    number = parse_quantity(value) if isinstance(value, str) else float(value)
    if isinstance(usual, float):
        return number
    if not math.isfinite(number) or number != round(number):
        raise UsageError(f"{key}={shown(str(value))} must be a whole number.")
    return int(number)


_ROUNDING = 1e-3
"""By how much shares, as people round them, may miss 1."""
_RANGES = {
    **dict.fromkeys(("width", "depth", "heads", "context", "tables", "batch", "tokens", "threads"), (1, 2**53)),
    **dict.fromkeys(("lr", "embedding_lr", "clip", "checkpoint_seconds"), (1e-300, 1e300)),
    **dict.fromkeys(("seed", "order", "warmup", "records", "evaluations", "weight_decay"), (0, 2**40)),
    **dict.fromkeys(("decay", "beta1", "beta2"), (0, 1)),
}
_CHOICES = {
    "task": ("language", "mnist1d"), "counts": ("non-embedding", "total"), "device": ("auto", "cpu", "cuda"),
}  # fmt: skip


def _refuse(config: Config) -> None:
    """Refuse a run that cannot be."""
    for name, (low, high) in _RANGES.items():
        if not low <= getattr(config, name) <= high:
            raise UsageError(f"{name}={getattr(config, name):g} must lie between {low:g} and {high:g}.")
    for name, choices in _CHOICES.items():
        if getattr(config, name) not in choices:
            raise UsageError(f'{name}="{shown(getattr(config, name))}" is none of {", ".join(choices)}.')
    if any(length < 1 for length in config.lengths):
        raise UsageError(f"branches={shown(config.branches)} must be numbers of tokens, such as 1M,2M,4M.")
    if config.task == "language":
        _refuse_language(config)


def _refuse_language(config: Config) -> None:
    if config.width % (2 * config.heads):
        raise UsageError(
            f"{config.heads} heads do not divide a width of {config.width} into even parts, which rotary positions "
            f"need. Say a width that is a multiple of {2 * config.heads}."
        )
    if config.vocabulary < 256:
        raise UsageError(f"vocabulary={config.vocabulary} must be 256 (bytes) or more (a BPE).")
    if config.validation_files < 1:
        raise UsageError(f"validation_files={config.validation_files} must be 1 or more; 100 or more are wise.")
    shares = config.mixture
    if "" in shares or min(shares.values()) < 0 or abs(sum(shares.values()) - 1) > _ROUNDING:
        raise UsageError(f"shares={shown(config.shares)} must be 0 or more and add up to 1, as python=0.5,text=0.5.")
    if config.validation_cap <= config.context:
        raise UsageError(f"validation_cap={config.validation_cap} leaves no window of {config.context} tokens.")


def torch_or_refuse() -> None:
    """Raise MissingExtraError where torch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            'the trainer needs torch, which is not installed. Type: pip install "isoflop[train]"'
        ) from None


def few_steps(config: Config) -> str:
    """Return a warning about a run that will leave the power law; empty for others."""
    if config.steps >= 400:
        return ""
    return (
        f"{config.steps} steps for {show(config.tokens)} tokens: runs under 400 steps do not follow the power law "
        f"of longer ones. Say a smaller batch than {config.batch}, or more tokens."
    )
