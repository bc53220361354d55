"""Shapes: published models have their published counts, and every size has a shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.compute.shape import Shape, shape_for, typical
from isoflop.errors import UsageError

# Hoffmann et al. 2022, Table A9, complete: parameters (million), d_model, kv_size, n_heads, n_layers; FFN 4 d_model.
TABLE_A9 = """
44 512 64 8 8 · 57 576 64 9 9 · 74 640 64 10 10 · 90 640 64 10 13 · 106 640 64 10 16 · 117 768 64 12 12
140 768 64 12 15 · 163 768 64 12 18 · 175 896 64 14 14 · 196 896 64 14 16 · 217 896 64 14 18 · 251 1024 64 16 16
278 1024 64 16 18 · 306 1024 64 16 20 · 425 1280 128 10 18 · 489 1280 128 10 21 · 509 1408 128 11 18
552 1280 128 10 24 · 587 1408 128 11 21 · 632 1536 128 12 19 · 664 1408 128 11 24 · 724 1536 128 12 22
816 1536 128 12 25 · 893 1792 128 14 20 · 1018 1792 128 14 23 · 1143 1792 128 14 26 · 1266 2048 128 16 22
1424 2176 128 17 22 · 1429 2048 128 16 25 · 1593 2048 128 16 28 · 1609 2176 128 17 25 · 1731 2304 128 18 24
1794 2176 128 17 28 · 2007 2304 128 18 28 · 2283 2304 128 18 32 · 2298 2560 128 20 26 · 2639 2560 128 20 30
2980 2560 128 20 34 · 3530 2688 128 22 36 · 3802 2816 128 22 36 · 4084 2944 128 22 36 · 4516 3072 128 24 36
6796 3584 128 28 40 · 9293 4096 128 32 42 · 11452 4352 128 32 47 · 12295 4608 128 36 44 · 12569 4608 128 32 47
13735 4864 128 32 47 · 14940 4992 128 32 49 · 16183 5120 128 40 47
"""
ROWS = [[int(word) for word in row.split()] for row in TABLE_A9.replace("\n", " · ").split("·") if row.strip()]


def chinchilla_shape(row):
    width, head_width, heads, layers = row
    return Shape(
        layers, width, heads=heads, kv_heads=heads, ffn=4 * width, head_width=head_width,
        vocabulary=32_000, gated=False, tied=True, relative_positions=True,
    )  # fmt: skip


def llama(layers, width, *, heads, ffn, kv_heads=None, vocabulary=32_000, **more):
    return Shape(layers, width, heads=heads, kv_heads=kv_heads or heads, ffn=ffn, vocabulary=vocabulary, **more)


LLAMA_2_7B = llama(32, 4096, heads=32, ffn=11008)
LLAMA_3_8B = llama(32, 4096, heads=32, kv_heads=8, ffn=14336, vocabulary=128_256)
MIXTRAL = llama(32, 4096, heads=32, kv_heads=8, ffn=14336, experts=8, experts_per_token=2)
GPT_3 = Shape(96, 12288, heads=96, kv_heads=96, ffn=49152, gated=False, tied=True, vocabulary=50_257)


def test_all_models_of_chinchillas_table_a9_have_the_parameters_printed():
    assert len(ROWS) == 50
    for millions, *row in ROWS:
        assert chinchilla_shape(row).total / 1e6 == pytest.approx(millions, rel=0.003, abs=0.5)


@pytest.mark.parametrize(
    ("shape", "billions"),
    [
        (LLAMA_2_7B, 6.738),  # these two as counted by Hugging Face, from the models' config.json
        (LLAMA_3_8B, 8.030),
        (llama(80, 8192, heads=64, kv_heads=8, ffn=28672), 68.98),
        (llama(80, 8192, heads=64, kv_heads=8, ffn=28672, vocabulary=128_256), 70.55),
        (llama(126, 16384, heads=128, kv_heads=8, ffn=53248, vocabulary=128_256), 405.8),  # Dubey et al. 2024, Table 3
        (MIXTRAL, 46.70),  # Jiang et al. 2024: 47B, of which 13B are active
        (GPT_3, 174.6),  # Brown et al. 2020, Table 2.1; position embeddings (25M) are not counted
    ],
)
def test_published_shapes_have_published_counts(shape, billions):
    assert shape.total / 1e9 == pytest.approx(billions, rel=1e-3)


def test_the_counts_say_what_a_token_uses():
    assert MIXTRAL.active / 1e9 == pytest.approx(12.9, abs=0.05)
    assert MIXTRAL.active < MIXTRAL.total
    assert LLAMA_2_7B.active == LLAMA_2_7B.total == LLAMA_2_7B.embedding + LLAMA_2_7B.non_embedding
    assert GPT_3.non_embedding == 12 * 96 * 12288**2  # Kaplan et al. 2020, section 2.1
    assert GPT_3.embedding == 50_257 * 12288
    assert MIXTRAL.counted("non-embedding") == MIXTRAL.active_non_embedding
    shared = llama(32, 4096, heads=32, ffn=1024, experts=64, experts_per_token=6, shared_experts=2)
    one = 32 * 3 * 4096 * 1024
    assert shared.total - shared.active == 58 * one
    assert shared.active - llama(32, 4096, heads=32, ffn=8 * 1024).active == 32 * 64 * 4096  # its routers


def test_a_shape_is_said_in_one_line():
    assert str(LLAMA_2_7B) == "32 layers × 4096, 32 heads, FFN 11008, vocabulary 32k"
    assert "32 heads (8 of keys and values)" in str(LLAMA_3_8B)
    assert "8 experts, 2 a token" in str(MIXTRAL)
    assert LLAMA_2_7B.as_dict()["total"] == LLAMA_2_7B.total


@pytest.mark.parametrize(
    ("N", "options", "expected"),
    [
        (6.738e9, {}, (32, 4096, 11008)),  # Llama 2 7B
        (13.02e9, {}, (40, 5120, 13824)),  # Llama 2 13B
        (8.03e9, {"kv_heads": 8, "vocabulary": 128_256}, (32, 4096, 14336)),  # Llama 3 8B
        (175.2e9, {"gated": False, "vocabulary": 50_257}, (96, 12288, 49152)),  # GPT-3, its output matrix counted twice
        (12.88e9, {"kv_heads": 8, "experts": 8, "experts_per_token": 2}, (32, 4096, 14336)),  # Mixtral 8x7B
    ],
)
def test_sizes_of_published_models_get_their_shapes(N, options, expected):
    found = shape_for(N, **options)
    assert (found.layers, found.width, found.ffn) == expected


@given(st.floats(5, 14).map(lambda power: 10**power), st.sampled_from(["total", "non-embedding"]))
def test_a_shape_is_as_near_to_its_size_as_whole_layers_allow(N, counts):
    found = shape_for(N, counts=counts, vocabulary=256)
    assert found.counted(counts) == pytest.approx(N, rel=0.02 if N > 3e8 else 0.15)
    assert found.attention_width == found.width
    assert found.width / found.attention_width * found.heads in (found.width / 64, found.width / 128, 1)


@pytest.mark.parametrize(
    ("N", "options"), [(1e5, {}), (-1.0, {}), (float("nan"), {}), (float("inf"), {}), (7e9, {"kv_heads": 1000})]
)
def test_a_size_without_a_shape_is_refused_with_what_to_say(N, options):
    with pytest.raises(UsageError, match="Say"):
        shape_for(N, **options)


@pytest.mark.parametrize(
    "wrong", [{"heads": 3, "kv_heads": 3}, {"kv_heads": 3}, {"layers": 0}, {"experts_per_token": 2}, {"ffn": -1}]
)
def test_a_shape_that_no_model_has_is_refused(wrong):
    with pytest.raises(UsageError):
        Shape(**{"layers": 2, "width": 64, "heads": 4, "kv_heads": 4, "ffn": 256, **wrong})


def test_the_typical_shape_is_near_every_published_one_and_has_the_parameters_asked_for():
    gpt_3 = [(12, 768), (24, 1024), (24, 1536), (24, 2048), (32, 2560), (32, 4096), (40, 5140), (96, 12288)]
    published = np.array(
        [(row[-1], row[1]) for row in ROWS] + gpt_3 + [(32, 4096), (40, 5120), (80, 8192), (126, 16384)]
    )
    layers, width = published.astype(float).T
    guide = typical(12 * layers * width**2, counts="non-embedding")
    assert np.abs(np.log(guide.width / guide.layers * layers / width)).max() < np.log(1.75)
    sizes = 10.0 ** np.linspace(-3, 18, 100)
    guide = typical(sizes, vocabulary=50_257)
    np.testing.assert_allclose(12 * guide.layers * guide.width**2 + 2 * 50_257 * guide.width, sizes, rtol=1e-13)
