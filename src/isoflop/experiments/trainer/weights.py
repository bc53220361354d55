"""All weights of a model in one vector, and their gradients in another: one step of AdamW touches each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Group = Literal["input", "hidden"]
GROUPS: tuple[Group, ...] = ("input", "hidden")


@dataclass(frozen=True)
class Matrix:
    """One matrix of a model before it is trained.

    spread  standard deviation of its entries; 0 for a matrix that begins with zeros
    group   input: its learning rate is the same at every width; hidden: it falls as 1 / width (µP)
    """

    name: str
    rows: int
    columns: int
    spread: float
    group: Group = "hidden"

    @property
    def size(self) -> int:
        """Return the number of its entries."""
        return self.rows * self.columns


@dataclass(frozen=True)
class Weights:
    """The weights of a model.

    values, slopes  the vector of all weights, and of their gradients
    parts           name → matrix: leaves of the graph whose memory is the vectors'
    ends            group → its slice of the vectors
    """

    values: Tensor
    slopes: Tensor
    parts: Mapping[str, Tensor]
    ends: Mapping[Group, slice]


def begin(matrices: Sequence[Matrix], *, seed: int, device: str = "cpu") -> Weights:
    """Return a model's first weights: normal, drawn in the order of the matrices, the same on every device."""
    ordered = [matrix for group in GROUPS for matrix in matrices if matrix.group == group]
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(matrix.size, generator=generator) * matrix.spread for matrix in ordered]
    values = torch.cat(drawn).to(device)
    slopes = torch.zeros_like(values)
    parts: dict[str, Tensor] = {}
    ends: dict[Group, slice] = {}
    place = 0
    for matrix in ordered:
        here = slice(place, place + matrix.size)
        part = values[here].view(matrix.rows, matrix.columns).requires_grad_()
        part.grad = slopes[here].view(matrix.rows, matrix.columns)
        parts[matrix.name] = part
        ends[matrix.group] = slice(ends.get(matrix.group, here).start, here.stop)
        place = here.stop
    return Weights(values, slopes, parts, ends)


def clip(slopes: Tensor, largest: float) -> None:
    """Scale a gradient down to the largest norm allowed; one that is not finite stays so."""
    slopes.mul_((largest / (slopes.norm() + 1e-6)).clamp(max=1.0))
