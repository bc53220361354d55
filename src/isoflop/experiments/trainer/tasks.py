"""What is trained: a model, its batches, its validation set, its counts. Two tasks, one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isoflop.experiments.trainer import digits, model, windows
from isoflop.experiments.trainer.config import Config
from isoflop.experiments.trainer.weights import Matrix

Parts = Mapping[str, Tensor]


@dataclass(frozen=True)
class Problem:
    """A task as the trainer sees it.

    batch       step (from 0) → the examples of that step
    losses      weights, examples → the loss of every token (or digit) of them, one example after another
    validation  examples, and the group (document) of each
    facts       what the final record says besides: counts, the corpus
    flops       tokens → training FLOPs by rule
    wrong       weights, examples → which were not recognised, where that means something
    domains     of a mixture of corpora: the name of each → its groups of the validation
    """

    matrices: list[Matrix]
    batch: Callable[[int], Tensor]
    losses: Callable[[Parts, Tensor], Tensor]
    validation: Tensor
    group: Tensor
    facts: Mapping[str, Any]
    flops: Callable[[int], dict[str, float]]
    wrong: Callable[[Parts, Tensor], Tensor] | None = None
    domains: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)


def problem_of(config: Config, device: str) -> Problem:
    """Return the problem of a run."""
    return _language(config, device) if config.task == "language" else _digits(config)


def _language(config: Config, device: str) -> Problem:
    found = windows.cut_windows(config)
    turns = model.rotations(config.context, config.width // config.heads, device)
    return Problem(
        matrices=model.matrices(config),
        batch=lambda step: torch.from_numpy(found.batch(step, config.batch)),
        losses=lambda parts, examples: model.token_losses(parts, examples, config, turns=turns),
        validation=torch.from_numpy(found.validation),
        group=torch.from_numpy(found.file),
        facts={
            **model.counts(config), "corpus": found.hash, "corpus_tokens": found.unique,
            "vocabulary": config.vocabulary, "bytes_per_token": round(found.bytes_each, 6),
            "validation_windows": len(found.validation),
            **{f"share_{name}": share for name, share in zip(found.domains, config.mixture.values(), strict=False)},
        },
        domains=found.domains,
        flops=lambda tokens: model.training_flops(config, tokens),
    )  # fmt: skip


def _digits(config: Config) -> Problem:
    examples = digits.make(digits.VALIDATION, seed=digits.VALIDATION_SEED)
    return Problem(
        matrices=digits.matrices(config), batch=lambda step: digits.batch(config, step),
        losses=lambda parts, some: digits.losses(parts, some, config), validation=examples,
        group=torch.arange(len(examples)),
        facts={**digits.counts(config), "corpus": f"one-dimensional digits {digits.VERSION}"},
        flops=lambda count: digits.training_flops(config, count),
        wrong=lambda parts, some: digits.wrong(parts, some, config),
    )  # fmt: skip
