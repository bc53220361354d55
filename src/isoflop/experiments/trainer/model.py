"""The transformer: its matrices, its parameter counts and FLOPs, and the loss of every token.

Decoder-only; norms without parameters, rotary positions, queries and keys normalised, GELU, no biases. Input is
the sum of an embedding of the token and, with more tables, of those before it. What writes into the residual stream
and the head begin at zero. With µP (Yang et al. 2022, arXiv:2203.03466, Table 8) one learning rate serves all widths.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from isoflop.compute.flops import shape_flops
from isoflop.compute.shape import Shape
from isoflop.experiments.trainer.config import Config
from isoflop.experiments.trainer.weights import Matrix

ROTARY_BASE = 100.0
"""Of the wavelengths of rotary positions: short, for contexts of a hundred tokens."""
SHARPNESS = 2.0
"""Logits of attention lie between ± SHARPNESS √head width, as queries and keys are normalised."""
TINY = 1e-6
RULES = ("kaplan", "chinchilla", "chinchilla-layers", "palm")


def shape_of(config: Config) -> Shape:
    """Return the model's shape, of which the further embedding tables are no part."""
    return Shape(
        config.depth, config.width, heads=config.heads, kv_heads=config.heads, ffn=4 * config.width,
        vocabulary=config.vocabulary, gated=False, tied=False, context=config.context,
    )  # fmt: skip


def matrices(config: Config) -> list[Matrix]:
    """Return the matrices of the model."""
    wide, words = config.width, config.vocabulary
    spread = wide**-0.5
    found = [Matrix("embedding", config.tables * words, wide, config.tables**-0.5, "input")]
    for layer in range(config.depth):
        found += [
            Matrix(f"qkv{layer}", 3 * wide, wide, spread),
            Matrix(f"out{layer}", wide, wide, 0.0),
            Matrix(f"up{layer}", 4 * wide, wide, spread),
            Matrix(f"down{layer}", wide, 4 * wide, 0.0),
        ]
    return [*found, Matrix("head", words, wide, 0.0)]


def counts(config: Config) -> dict[str, int]:
    """Return the parameters: N_total is N_embedding (the input's tables), N_head and N_non_embedding together."""
    shape = shape_of(config)
    head = config.vocabulary * config.width
    embedding = config.tables * head
    inner = shape.non_embedding
    return {
        "N_total": inner + embedding + head, "N_non_embedding": inner, "N_embedding": embedding, "N_head": head,
    }  # fmt: skip


def training_flops(config: Config, tokens: int) -> dict[str, float]:
    """Return the training FLOPs by each rule; 6ND twice, for N without embeddings and for all N.

    Looking a token up in further tables is no matrix product; the other rules leave it out.
    """
    shape, found = shape_of(config), counts(config)
    by_rule = {f"flops_{rule.replace('-', '_')}": shape_flops(shape, rule) * tokens for rule in RULES}
    return {
        "flops_6ND_non_embedding": 6.0 * found["N_non_embedding"] * tokens,
        "flops_6ND_total": 6.0 * found["N_total"] * tokens,
        **by_rule,
    }


class Normalised(torch.autograd.Function):
    """x / rms(x) over the last axis; a third of the time of F.rms_norm on a processor, for widths of 16 to 512."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return the normalised x."""
        inverse = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        inverse = inverse.square_().div_(x.shape[-1]).add_(TINY).rsqrt_()
        y = x * inverse
        ctx.save_for_backward(y, inverse)
        return y

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        """Return (slope - y mean(slope y)) / rms(x); TINY is left out of the mean, as it is beside any activation."""
        y, inverse = ctx.saved_tensors
        along = (slope * y).mean(-1, keepdim=True)
        return torch.addcmul(slope, y, along, value=-1).mul_(inverse)


def rotations(context: int, head_width: int, device: str = "cpu") -> Tensor:
    """Return how far each pair of a head is turned at each position: complex numbers (context, 1, head width / 2)."""
    speeds = ROTARY_BASE ** -(torch.arange(0, head_width, 2, dtype=torch.float32) / head_width)
    angles = torch.outer(torch.arange(context, dtype=torch.float32), speeds)
    return torch.polar(torch.ones_like(angles), angles)[:, None, :].to(device)


def token_losses(parts: Mapping[str, Tensor], windows: Tensor, config: Config, *, turns: Tensor) -> Tensor:
    """Return the loss of every predicted token, (windows × context,), in nats."""
    back = config.tables - 1
    seen = windows[:, :-1]
    looked_up = torch.stack(
        [seen[:, back - far : seen.shape[1] - far] + far * config.vocabulary for far in range(config.tables)], dim=-1
    )
    x = F.embedding_bag(looked_up.reshape(-1, config.tables), parts["embedding"], mode="sum")
    for layer in range(config.depth):
        x = x + F.linear(_attend(F.linear(_norm(x), parts[f"qkv{layer}"]), turns, config), parts[f"out{layer}"])
        x = x + F.linear(F.gelu(F.linear(_norm(x), parts[f"up{layer}"])), parts[f"down{layer}"])
    logits = F.linear(_norm(x), parts["head"])
    return F.cross_entropy(logits.float(), windows[:, back + 1 :].reshape(-1), reduction="none")


def _norm(x: Tensor) -> Tensor:
    return Normalised.apply(x)


def _attend(qkv: Tensor, turns: Tensor, config: Config) -> Tensor:
    """Return what each token takes from those up to itself; qkv and result are (windows × context, ...)."""
    head = config.width // config.heads
    split = qkv.view(-1, config.context, 3 * config.heads, head)
    asked = Normalised.apply(split[:, :, : 2 * config.heads].float())
    turned = torch.view_as_real(torch.view_as_complex(asked.unflatten(-1, (-1, 2))) * turns).flatten(-2)
    queries, keys = turned.to(qkv.dtype).transpose(1, 2).chunk(2, dim=1)
    values = split[:, :, 2 * config.heads :].transpose(1, 2)
    taken = F.scaled_dot_product_attention(queries, keys, values, is_causal=True, scale=SHARPNESS / math.sqrt(head))
    return taken.transpose(1, 2).reshape(-1, config.width)
