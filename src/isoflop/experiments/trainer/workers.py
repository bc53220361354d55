"""Processes that train one model together (`torchrun`), and the device of each. One process alone is the usual case."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from isoflop.errors import UsageError
from isoflop.experiments.trainer.config import Config


@dataclass(frozen=True)
class Workers:
    """Where one process stands among those that train together.

    rank    which of them it is, from 0; the first one writes and talks
    count   how many there are
    device  cpu, or cuda:0 and so on
    """

    rank: int
    count: int
    device: str

    def share(self, examples: Tensor) -> Tensor:
        """Return this process's part of the examples, on its device."""
        return examples[self.rank :: self.count].to(self.device, non_blocking=True)

    def mean(self, slopes: Tensor) -> None:
        """Replace gradients by their mean over all processes."""
        if self.count > 1:
            dist.all_reduce(slopes)
            slopes.div_(self.count)

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes."""
        if self.count > 1:
            values = values.to(self.device)
            dist.all_reduce(values)
        return values

    def any(self, flag: bool) -> bool:  # noqa: FBT001 - it is the subject
        """Return whether any process says so: all of them stop at one step, or none."""
        return flag if self.count == 1 else bool(self.sum(torch.tensor(float(flag))) > 0)

    def precision(self) -> AbstractContextManager[object]:
        """Return where matrix products are of bfloat16: on a GPU; float32 elsewhere."""
        return torch.autocast("cuda", dtype=torch.bfloat16) if self.device.startswith("cuda") else nullcontext()


@contextmanager
def gathered(config: Config) -> Iterator[Workers]:
    """Find the other processes, if torchrun started any, and leave them at the end."""
    torch.set_num_threads(config.threads)
    count, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    device = _device(config, int(os.environ.get("LOCAL_RANK", "0")))
    if config.batch % count:
        raise UsageError(f"{count} processes cannot share a batch of {config.batch}. Say a multiple of {count}.")
    if count == 1:
        yield Workers(0, 1, device)
        return
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Workers(rank, count, device)
    finally:
        dist.destroy_process_group()


def _device(config: Config, local: int) -> str:
    if config.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device=cuda: torch finds no GPU. Say --device cpu, or install a torch for your GPU.")
    if config.device == "cpu" or not torch.cuda.is_available():
        return "cpu"
    torch.cuda.set_device(local)
    return f"cuda:{local}"


Stop = Callable[[], bool]


def never() -> bool:
    """Say no: what asks whether to stop where nobody can say so."""
    return False
