"""A model that learns: its weights, AdamW, one step at a time, and its state as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from isoflop.errors import UsageError
from isoflop.experiments.trainer.config import BASE_WIDTH, Config
from isoflop.experiments.trainer.state import State
from isoflop.experiments.trainer.weights import GROUPS, begin, clip
from isoflop.formula.arrays import Array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.experiments.trainer.tasks import Problem
    from isoflop.experiments.trainer.workers import Stop, Workers

_EPSILON = 1e-10  # of AdamW: far below the gradients of zero-initialised matrices
_VALIDATED_AT_ONCE = 32


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """The run was asked to stop before its end."""


class Learner:
    """A model in training. `step` counts the steps it has learned from."""

    def __init__(self, config: Config, problem: Problem, workers: Workers) -> None:
        self.config, self.problem, self.workers = config, problem, workers
        self.weights = begin(problem.matrices, seed=config.seed, device=workers.device)
        self.step, self.total, self.since = 0, torch.zeros((), dtype=torch.float64, device=workers.device), 0
        self._memory: list[tuple[slice, Tensor]] = []
        groups = []
        for group in GROUPS:
            here = self.weights.ends[group]
            vector = torch.nn.Parameter(self.weights.values[here])
            vector.grad = self.weights.slopes[here]
            groups.append({"params": [vector], "lr": 0.0})
            self._memory.append((here, vector))
        self._optimiser = torch.optim.AdamW(
            groups, betas=(config.beta1, config.beta2), eps=_EPSILON, weight_decay=config.weight_decay, fused=True
        )
        self._rates = dict(zip(GROUPS, (config.embedding_lr, config.lr * BASE_WIDTH / config.width), strict=True))

    def learn(self, rate: float) -> None:
        """Take one step at a share of the peak learning rates."""
        examples = self.workers.share(self.problem.batch(self.step))
        self.weights.slopes.zero_()
        with self.workers.precision():
            loss = self.problem.losses(self.weights.parts, examples).mean()
        loss.backward()
        self.workers.mean(self.weights.slopes)
        clip(self.weights.slopes, self.config.clip)
        for group, peak in zip(self._optimiser.param_groups, self._rates.values(), strict=True):
            group["lr"] = peak * rate
        self._optimiser.step()
        self.total += loss.detach()
        self.step += 1
        self.since += 1

    def mean_loss(self) -> float:
        """Return the mean training loss of the steps since this was last asked, and begin anew."""
        found = float(self.workers.sum(self.total / max(1, self.since))) / self.workers.count
        self.total.zero_()
        self.since = 0
        return found

    def validate(self, stop: Stop, every: int = 1) -> tuple[Validation, float]:
        """Return the validation by group, on every so manieth example, and the share not recognised, nan if unknown."""
        examples, group = self.problem.validation[::every], self.problem.group[::every]
        count = int(self.problem.group.max()) + 1
        sums = torch.zeros(3, count, dtype=torch.float64)
        shares = self.workers.rank, self.workers.count
        with torch.no_grad(), self.workers.precision():
            for first in range(shares[0] * _VALIDATED_AT_ONCE, len(examples), shares[1] * _VALIDATED_AT_ONCE):
                if stop():
                    raise Stopped
                some = examples[first : first + _VALIDATED_AT_ONCE].to(self.workers.device)
                losses = self.problem.losses(self.weights.parts, some).view(len(some), -1).double().cpu()
                here = group[first : first + _VALIDATED_AT_ONCE]
                sums[0].index_add_(0, here, losses.sum(1))
                sums[1].index_add_(0, here, torch.full_like(losses[:, 0], losses.shape[1]))
                if self.problem.wrong:
                    sums[2].index_add_(0, here, self.problem.wrong(self.weights.parts, some).double().cpu())
        found = self.workers.sum(sums).cpu().numpy()
        seen = found[:, found[1] > 0]
        error = float(seen[2].sum() / seen[1].sum()) if self.problem.wrong else float("nan")
        return Validation(seen[0], seen[1]), error

    def state(self, id: str) -> State:  # noqa: A002 - what it is
        """Return the state as arrays."""
        vectors = {name: np.zeros(len(self.weights.values), np.float32) for name in ("exp_avg", "exp_avg_sq")}
        for here, vector in self._memory:
            for name, found in vectors.items():
                if vector in self._optimiser.state:
                    found[here] = self._optimiser.state[vector][name].cpu().numpy()
        values = self.weights.values.detach().cpu().numpy().copy()
        mean, square = vectors.values()
        return State(id, self.step, values, mean, square, float(self.total), self.since)

    def restore(self, state: State) -> None:
        """Go back, or forward, to a state."""
        device = self.workers.device
        with torch.no_grad():
            self.weights.values.copy_(torch.from_numpy(state.values))
        for here, vector in self._memory:
            self._optimiser.state[vector] = {
                "step": torch.tensor(float(state.step), device=device),
                "exp_avg": torch.from_numpy(state.mean[here].copy()).to(device),
                "exp_avg_sq": torch.from_numpy(state.square[here].copy()).to(device),
            }
        self.step, self.since = state.step, state.since
        self.total.fill_(state.total)


@dataclass(frozen=True)
class Validation:
    """What a model lost on the validation set, by document: `losses` summed over `tokens` of each."""

    losses: Array
    tokens: Array

    @property
    def loss(self) -> float:
        """Return the mean loss of a token."""
        return float(self.losses.sum() / self.tokens.sum())

    def among(self, documents: NDArray[np.int64]) -> Validation:
        """Return the validation on some of the documents."""
        return Validation(self.losses[documents], self.tokens[documents])

    @property
    def error(self) -> float:
        """Return the standard error of the loss: how far it would move with other documents of the same kind."""
        return _standard_error(self.losses - self.loss * self.tokens, self.tokens)


def paired(one: Validation, other: Validation) -> tuple[float, float]:
    """Return by how much the first loss is above the second, and the standard error of that difference.

    Both are of the same documents, so what these have in common drops out: that error is far below each loss's own.
    """
    if one.tokens.shape != other.tokens.shape or np.any(one.tokens != other.tokens):
        raise UsageError("the two validations are not of the same documents. Compare runs on one corpus and split.")
    difference = one.loss - other.loss
    return difference, _standard_error(one.losses - other.losses - difference * one.tokens, one.tokens)


def _standard_error(residuals: Array, tokens: Array) -> float:
    """Return the standard error of a ratio of sums over documents (Cochran 1977, equation 6.13)."""
    count = len(tokens)
    if count < 2:
        return float("nan")
    return float(np.sqrt(count / (count - 1) * np.sum(residuals**2)) / tokens.sum())
