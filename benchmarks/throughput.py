"""Tokens per CPU second of the trainer beside plain PyTorch code of the same model, in turns within one process.

    python benchmarks/throughput.py [--rounds 8] [--batch 16]

Whole training steps on the standard library, context 128: batch, forward, backward, clip, AdamW. Every round each of
the two trains for about a second of CPU time; the table has the median round and the ratio's range over rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from plain_transformer import plain_step

from isoflop.experiments.trainer.config import Config
from isoflop.experiments.trainer.learner import Learner
from isoflop.experiments.trainer.model import counts
from isoflop.experiments.trainer.tasks import problem_of
from isoflop.experiments.trainer.windows import cut_windows
from isoflop.experiments.trainer.workers import Workers

WIDTHS = (48, 112, 208, 352)
SECONDS = 1.0


def own(config: Config) -> Callable[[], None]:
    """Give a function that takes one step of the trainer."""
    learner = Learner(config, problem_of(config, "cpu"), Workers(0, 1, "cpu"))
    return lambda: learner.learn(0.1)


def plain(config: Config) -> Callable[[], None]:
    """Give a function that takes one step of the plain code."""
    windows = cut_windows(config)
    model, optimiser = plain_step(config.width, rate=1e-3)
    steps = iter(range(10**9))

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        model(torch.from_numpy(windows.batch(next(steps), config.batch))).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return step


def pace(step: Callable[[], None], count: int) -> float:
    """Give the CPU seconds of a step."""
    before = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - before) / count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--widths", type=int, nargs="*", default=WIDTHS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, batch {asked.batch} × 128 tokens, one thread")
    print("| parameters (non-embedding) | plain | isoflop | ratio | range |\n|---|---|---|---|---|")
    for width in asked.widths:
        config = Config(width=width, heads=4, batch=asked.batch)
        steps = plain(config), own(config)
        count = max(1, round(SECONDS / max(pace(step, 2) for step in steps)))
        rounds = [tuple(pace(step, count) for step in steps) for _ in range(asked.rounds)]
        ratios = sorted(one / two for one, two in rounds)
        first, second = (config.batch_tokens / statistics.median(column) for column in zip(*rounds, strict=True))
        size = counts(config)["N_non_embedding"]
        print(
            f"| {size:,} | {first:,.0f} | {second:,.0f} | {statistics.median(ratios):.2f} "
            f"| {ratios[0]:.2f} – {ratios[-1]:.2f} |", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
