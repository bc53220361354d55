"""One-dimensional digits: a task without language, as many examples as one asks for, and a network for it.

Made as Greydanus (2020, arXiv:2011.14439, section 2) describes MNIST-1D: ten templates, each padded, stretched,
shifted, made noisy, sheared and cut down to 40 numbers. The templates are our own (sums of sines that begin and end
at 0) and every example is new, so losses cannot be compared with those of the published data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from isoflop.experiments.trainer.weights import Matrix

if TYPE_CHECKING:
    from isoflop.experiments.trainer.config import Config
    from isoflop.formula.arrays import Array


CLASSES, LENGTH, VERSION = 10, 40, 1
VALIDATION, VALIDATION_SEED = 5000, 2**40
_TEMPLATE, _LONGEST, _WAVES = 24, 72, 4
"""Points of a template, of a padded one (from half as many on), and sines in it."""
_STRETCH, _SHEAR, _NOISE, _SMOOTH_NOISE = 0.4, 0.75, 0.02, 0.25
"""The paper's scale, shear, and the two noises, in standard deviations of a template."""
_CHUNK = 4096


def templates() -> Array:
    """Return the ten templates, (classes, points), each with mean square 1."""
    points = np.arange(1, _TEMPLATE + 1) / (_TEMPLATE + 1)
    waves = np.sin(np.pi * np.arange(1, _WAVES + 1)[:, None] * points)
    found = np.random.default_rng(10).normal(size=(CLASSES, _WAVES)) @ waves
    return np.asarray(found / np.sqrt(np.mean(found**2, axis=1, keepdims=True)))


def make(count: int, *, seed: int) -> Tensor:
    """Return that many digits, (count, 40 numbers and the class)."""
    rng = np.random.default_rng([seed, VERSION])
    classes = rng.integers(CLASSES, size=count)
    grid = np.arange(_LONGEST)
    # where each of the template's points comes to lie: stretched over a random length, shifted, around the end
    length = rng.uniform(_TEMPLATE, _LONGEST, (count, 1)) * (_TEMPLATE / _LONGEST) + _TEMPLATE / 2
    shift = rng.uniform(0, _LONGEST, (count, 1))
    place = ((grid - shift) % _LONGEST) / length * (_TEMPLATE - 1)
    left = np.clip(np.floor(place).astype(int), 0, _TEMPLATE - 2)
    heights = templates()[classes]
    low, high = (np.take_along_axis(heights, left + step, axis=1) for step in (0, 1))
    signal = np.where(place <= _TEMPLATE - 1, low + (high - low) * (place - left), 0.0)
    signal *= 1 + _STRETCH * rng.uniform(-0.5, 0.5, (count, 1))
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)  # a Gaussian of two points
    rough = rng.normal(size=(count, _LONGEST + 12))
    smooth = np.lib.stride_tricks.sliding_window_view(rough, 13, axis=1) @ (kernel / kernel.sum())
    signal += np.where(signal == 0, 1.0, 0.0) * _SMOOTH_NOISE * smooth + _NOISE * rng.normal(size=signal.shape)
    signal -= _SHEAR * rng.uniform(-0.5, 0.5, (count, 1)) * np.linspace(-0.5, 0.5, _LONGEST)
    whole = signal[:, np.round(np.linspace(0, _LONGEST - 1, LENGTH)).astype(int)]
    return torch.from_numpy(np.concatenate([whole, classes[:, None]], axis=1).astype(np.float32))


_made: dict[tuple[int, int], Tensor] = {}


def batch(config: Config, step: int) -> Tensor:
    """Return the digits of a step (from 0): parts of chunks that are made one at a time and never repeat."""
    places = np.arange(step * config.batch, (step + 1) * config.batch)
    found = []
    for chunk in sorted(set((places // _CHUNK).tolist())):
        key = (config.order, chunk)
        if key not in _made:
            _made.clear()
            _made[key] = make(_CHUNK, seed=config.order * 2**20 + chunk)
        found.append(_made[key][places[places // _CHUNK == chunk] % _CHUNK])
    return torch.cat(found)


def matrices(config: Config) -> list[Matrix]:
    """Return the matrices of a network with `depth` hidden layers."""
    wide = config.width
    inner = [Matrix(f"hidden{layer}", wide, wide, (2 / wide) ** 0.5) for layer in range(1, config.depth)]
    first = Matrix("first", wide, LENGTH + 1, (2 / LENGTH) ** 0.5, "input")
    return [first, *inner, Matrix("last", CLASSES, wide, 0.0)]


def counts(config: Config) -> dict[str, int]:
    """Return the parameters: the first and the last matrix are no embeddings here, so both counts are one."""
    total = sum(matrix.size for matrix in matrices(config))
    return {"N_total": total, "N_non_embedding": total}


def training_flops(config: Config, count: int) -> dict[str, float]:
    """Return the training FLOPs: every matrix is used once, two FLOPs forward and four backward."""
    return {"flops_6ND_total": 6.0 * counts(config)["N_total"] * count}


def _scores(parts: Mapping[str, Tensor], examples: Tensor, config: Config) -> Tensor:
    x = F.relu(F.linear(F.pad(examples[:, :LENGTH], (0, 1), value=1.0), parts["first"]))  # the 1 makes a bias
    for layer in range(1, config.depth):
        x = F.relu(F.linear(x, parts[f"hidden{layer}"]))
    return F.linear(x, parts["last"])


def losses(parts: Mapping[str, Tensor], examples: Tensor, config: Config) -> Tensor:
    """Return the cross-entropy of each digit, in nats."""
    return F.cross_entropy(_scores(parts, examples, config).float(), examples[:, LENGTH].long(), reduction="none")


def wrong(parts: Mapping[str, Tensor], examples: Tensor, config: Config) -> Tensor:
    """Return 1 for each digit that is taken for another, else 0."""
    return (_scores(parts, examples, config).argmax(-1) != examples[:, LENGTH].long()).float()
