"""Training: warm-up, a stable trunk, a decay to zero; one trunk serves every D that branches off it."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.errors import DataError, IsoflopError
from isoflop.experiments.trainer.config import Config
from isoflop.experiments.trainer.learner import Learner, Stopped
from isoflop.experiments.trainer.state import load_state, save_state, trunk_path, trunks
from isoflop.experiments.trainer.tasks import Problem, problem_of
from isoflop.experiments.trainer.workers import Stop, Workers, gathered, never
from isoflop.files import write_whole
from isoflop.formula.schedule import warmup_stable_decay

Record = dict[str, Any]
Report = Callable[[Record], None]

CHECKPOINT = "checkpoint.npz"
PARTIAL = 16
"""A validation on the way takes every so manieth window."""


class Diverged(IsoflopError):  # noqa: N818 - what a study calls it
    """The loss is no longer a number: the learning rate is too high."""


def train(config: Config, *, report: Report = lambda _: None, stop: Stop = never) -> list[Record]:
    """Train a run, or every branch of it in rising order; give the last record of each.

    A run that finds its own checkpoint goes on from there; one that finds a trunk takes it up to where its decay
    begins. Neither changes the result. Raises Diverged where the loss is no number, Stopped where `stop` says so.
    """
    with gathered(config) as workers, tempfile.TemporaryDirectory() as temporary:
        problem = problem_of(config, workers.device)
        found = []
        for tokens in config.lengths:
            own = replace(config, tokens=tokens, branches="")
            if config.branches and not config.trunk:
                own = replace(own, trunk=config.folder or temporary)
            found.append(_Run(own, problem, workers, report=report, stop=stop).to_the_end())
        return found


class _Run:
    """One run on its way."""

    def __init__(self, config: Config, problem: Problem, workers: Workers, *, report: Report, stop: Stop) -> None:
        self.config, self.problem, self.workers, self.stop = config, problem, workers, stop
        self.report = report if workers.rank == 0 else lambda _: None
        self.learner = Learner(config, problem, workers)
        corpus = problem.facts["corpus"]
        self.id, self.trunk_id = f"{config.id()}-{corpus}", f"{config.trunk_id()}-{corpus}"
        self.branch_off = config.steps - config.decay_steps
        self.saved = self.began = time.monotonic()

    def to_the_end(self) -> Record:
        """Train from the best state there is to the end, and give the last record."""
        self._resume()
        started = self.learner.step
        warmup = min(self.config.warmup, self.branch_off)
        rates = warmup_stable_decay(self.config.steps, peak=1.0, decay=self.config.decay_steps, warmup=warmup)
        tell = _marks(self.config.steps, self.config.records)
        look = _marks(self.config.steps, self.config.evaluations)
        try:
            while self.learner.step < self.config.steps:
                self._heed()
                self.learner.learn(float(rates[self.learner.step]))
                self._keep()
                if self.learner.step in tell or self.learner.step in look:
                    self._tell(self.learner.step in look)
            return self._finish(started)
        except Stopped:
            self._save()
            raise

    def _heed(self) -> None:
        """Stop if anybody says so: all processes together, or none."""
        if self.workers.any(self.stop()):
            raise Stopped

    def _resume(self) -> None:
        """Take the run's own checkpoint, or else the latest trunk that is not past its decay."""
        size = len(self.learner.weights.values)
        found = None
        if self.config.folder:
            found = load_state(Path(self.config.folder) / CHECKPOINT, id=self.id, size=size)
        if found is None and self.config.trunk:
            folder = Path(self.config.trunk)
            for step in trunks(folder, id=self.trunk_id, up_to=self.branch_off):
                with suppress(DataError):  # a trunk only saves time
                    found = load_state(trunk_path(folder, id=self.trunk_id, step=step), id=self.trunk_id, size=size)
                    break
        if found is not None:
            self.learner.restore(found)

    def _keep(self) -> None:
        """Save the trunk where the decay begins, and a checkpoint now and then."""
        if self.config.trunk and self.learner.step == self.branch_off and self.workers.rank == 0:
            path = trunk_path(Path(self.config.trunk), id=self.trunk_id, step=self.branch_off)
            if not path.exists():
                save_state(replace(self.learner.state(self.trunk_id), total=0.0, since=0), path)
        if time.monotonic() - self.saved > self.config.checkpoint_seconds:
            self._save()

    def _save(self) -> None:
        if self.config.folder and self.workers.rank == 0:
            save_state(self.learner.state(self.id), Path(self.config.folder) / CHECKPOINT)
        self.saved = time.monotonic()

    def _tell(self, look: bool) -> None:  # noqa: FBT001 - private, and its name says it
        """Report where the run is; with a validation if asked."""
        record: Record = {"step": self.learner.step, "tokens": self.learner.step * self.config.batch_tokens}
        record["train_loss"] = self.learner.mean_loss()
        if look and math.isfinite(record["train_loss"]) and self.learner.step < self.config.steps:
            record["loss"] = self.learner.validate(self._stop_alone(), PARTIAL)[0].loss
        self._refuse_divergence(record)
        self.report(record)

    def _refuse_divergence(self, record: Record) -> None:
        if all(math.isfinite(record[key]) for key in ("train_loss", "loss") if key in record):
            return
        self.report({**record, "loss": math.nan, "diverged": True})
        raise Diverged(
            f"the loss was no number after {self.learner.step} of {self.config.steps} steps at lr={self.config.lr:g}. "
            "Say a smaller --lr, or a longer --warmup."
        )

    def _stop_alone(self) -> Stop:
        """Return what a validation asks: processes together only stop between steps."""
        return self.stop if self.workers.count == 1 else never

    def _finish(self, started: int) -> Record:
        """Validate, report and give the last record."""
        trained = time.monotonic() - self.began
        found, wrong = self.learner.validate(self._stop_alone())
        config, facts = self.config, self.problem.facts
        tokens = config.steps * config.batch_tokens
        size = facts["N_total" if config.counts == "total" else "N_non_embedding"]
        record: Record = {"loss": found.loss}
        self._refuse_divergence(record)
        record |= {
            "step": config.steps, "tokens": tokens, "N": size, "D": tokens, "loss_error": found.error,
            **{f"loss_{name}": found.among(files).loss for name, files in self.problem.domains.items()},
            **({} if math.isnan(wrong) else {"error": wrong}), "counts": config.counts, **facts,
            "flops_6ND": 6.0 * size * tokens, **self.problem.flops(tokens), "steps": config.steps,
            "batch_tokens": config.batch_tokens, "warmup_steps": config.warmup, "decay_steps": config.decay_steps,
            "lr": config.lr, "embedding_lr": config.embedding_lr, "parametrization": "mup", "width": config.width,
            "depth": config.depth, "seed": config.seed, "order": config.order,
            "seconds": round(trained, 2), "started_at": started,
        }  # fmt: skip
        if config.folder and self.workers.rank == 0:
            _save_validation(found.losses, found.tokens, Path(config.folder) / f"validation-{tokens}.npz")
        self.report(record)
        return record


def _marks(steps: int, count: int) -> set[int]:
    """Return the steps of so many records, evenly apart, the last one included."""
    return {round(steps * part / count) for part in range(1, count + 1)} if count else set()


def _save_validation(losses: Any, tokens: Any, path: Path) -> None:
    import io

    content = io.BytesIO()
    np.savez(content, losses=losses, tokens=tokens)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue())
