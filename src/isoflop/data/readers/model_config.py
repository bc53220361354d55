"""What a model's config.json beside a log says: its parameters by the architecture's own shape, and whether it is text.

The names are those of Hugging Face's configurations and of nanoGPT and litgpt. Only decoders of a usual build are
counted; of others nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isoflop.compute.shape import Shape
from isoflop.data.readers.logs import Cell, Logged, read_json
from isoflop.errors import IsoflopError, shown
from isoflop.findings import Finding
from isoflop.quantities import show

TOTAL, NON_EMBEDDING = "shape.params_total", "shape.params_non_embedding"
"""The keys under which a run's config holds both counts."""
_FILE = "config.json"
_WIDTH = ("hidden_size", "n_embd", "d_model", "dim")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")
_VOCABULARY = ("vocab_size", "padded_vocab_size")
_BLOCK = ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "moe_intermediate_size")
_NOT_TEXT = frozenset(
    {"num_mel_bins", "image_size", "patch_size", "vision_config", "audio_config", "num_channels", "conv_dim",
     "feat_extract_norm", "sampling_rate", "input_feat_per_channel", "num_codebooks", "action_dim"}
)  # fmt: skip
"""Keys of models whose main input is no text: spectrograms, images, sound."""
_NOT_DECODERS = (
    "encoder_layers", "decoder_layers", "num_decoder_layers", "type_vocab_size", "relative_attention_num_buckets",
)  # fmt: skip
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts")
_NEAR = 0.05
"""A share by which a count may differ and mean the same: biases, norms, positions, a vocabulary that was padded."""
_GATED = frozenset({"silu", "swish", "gelu_pytorch_tanh", "swiglu", "geglu"})
_TIED = frozenset({"gpt2", "opt", "gemma", "gemma2", "gemma3", "gemma3_text", "gpt_neo", "codegen", "bloom", "cohere"})
_LEARNED_POSITIONS = frozenset({"gpt2", "opt", "gpt_neo"})


def beside(place: Path) -> dict[str, Any]:
    """Return the config.json in a folder, or beside a file; empty if there is none that can be read."""
    file = (place if place.is_dir() else place.parent) / _FILE
    try:
        found = read_json(file) if file.is_file() and not file.is_symlink() else {}
    except IsoflopError:
        return {}
    return found if isinstance(found, dict) else {}


def is_text(config: Mapping[str, Any]) -> bool:
    """Return whether a model reads text, as far as its configuration tells."""
    return not _NOT_TEXT & config.keys()


def counts(config: Mapping[str, Any]) -> dict[str, Cell]:
    """Return the parameters by the shape, with embeddings and without; empty where the shape is not known."""
    shape = _shape(config)
    if shape is None:
        return {}
    positions = _first(config, ("n_positions", "max_position_embeddings")) or 0.0
    learned = config.get("model_type") in _LEARNED_POSITIONS
    total = shape.total + (positions * shape.width if learned else 0.0)
    return {TOTAL: float(total), NON_EMBEDDING: float(shape.non_embedding)}


def contradicted(runs: Sequence[Logged], sizes: Sequence[float]) -> tuple[Finding, ...]:
    """Return the finding (D24) on runs whose N is neither all parameters of the shape they state, nor any part of it.

    sizes  the N of each run; nan where it has none
    """
    off = [(run, N) for run, N in zip(runs, sizes, strict=True) if TOTAL in run.config and not _fits(run.config, N)]
    if not off:
        return ()
    (run, N), others = off[0], f"; so it is in {len(off) - 1} more run{'s' * (len(off) > 2)}" if len(off) > 1 else ""
    total, blocks = (show(_first(run.config, (key,)) or 0.0) for key in (TOTAL, NON_EMBEDDING))
    message = (
        f"the N of {shown(run.name)} is {show(N)}, and the shape in its settings makes {total} parameters, {blocks} "
        f"without embeddings{others}: one of the two counts something else"
    )
    return (Finding("D24", "WARN", message, f"say which is right: --N {TOTAL}, or --N KEY"),)


def _fits(config: Mapping[str, Any], N: float) -> bool:
    """Return whether N lies from the blocks alone to all there is; of experts, as few as are active may count.

    How wide a gated block is, its builder chooses: where the settings do not say it, nothing is judged.
    """
    if _is_gated(config) and _first(config, _BLOCK) is None:
        return True
    least = 0.0 if (_first(config, _EXPERTS) or 1) > 1 else _first(config, (NON_EMBEDDING,)) or 0.0
    return math.isnan(N) or least * (1 - _NEAR) <= N <= (_first(config, (TOTAL,)) or math.inf) * (1 + _NEAR)


def _shape(config: Mapping[str, Any]) -> Shape | None:
    width, layers, heads, vocabulary = (_first(config, keys) for keys in (_WIDTH, _LAYERS, _HEADS, _VOCABULARY))
    if None in {width, layers, heads, vocabulary} or not is_text(config) or any(key in config for key in _NOT_DECODERS):
        return None
    kind = str(config.get("model_type", ""))
    experts = _first(config, _EXPERTS) or 1
    block = _first(config, _BLOCK if experts == 1 else _BLOCK[::-1]) or 4 * (width or 0)
    tied = config.get("tie_word_embeddings", kind in _TIED)
    try:
        return Shape(
            int(layers or 0), int(width or 0), heads=int(heads or 0),
            kv_heads=int(_first(config, ("num_key_value_heads", "n_query_groups", "n_kv_head")) or heads or 0),
            ffn=int(block), vocabulary=int(vocabulary or 0), gated=_is_gated(config), tied=bool(tied),
            experts=int(experts),
            experts_per_token=int(_first(config, ("num_experts_per_tok", "num_experts_per_token")) or 1),
            shared_experts=int(_first(config, ("n_shared_experts",)) or 0),
            head_width=int(_first(config, ("head_dim",)) or 0),
        )  # fmt: skip
    except (IsoflopError, ValueError, OverflowError):
        return None


def _is_gated(config: Mapping[str, Any]) -> bool:
    return str(config.get("hidden_act", config.get("activation_function", ""))).lower() in _GATED


def _first(config: Mapping[str, Any], keys: tuple[str, ...]) -> float | None:
    found = (config.get(key) for key in keys)
    return next(
        (float(one) for one in found if isinstance(one, int | float) and not isinstance(one, bool) and one > 0), None
    )
