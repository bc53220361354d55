"""The reference trainer counts exactly, learns, resumes and branches without a trace, and says what it refuses."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from isoflop.compute.flops import shape_flops
from isoflop.errors import DataError, UsageError
from isoflop.experiments.trainer import read_config
from isoflop.experiments.trainer.config import Config
from isoflop.experiments.trainer.corpus import read_corpus
from isoflop.experiments.trainer.digits import LENGTH, make
from isoflop.experiments.trainer.learner import Learner, Stopped, Validation, paired
from isoflop.experiments.trainer.model import (
    Normalised,
    counts,
    matrices,
    rotations,
    shape_of,
    token_losses,
    training_flops,
)
from isoflop.experiments.trainer.tasks import problem_of
from isoflop.experiments.trainer.train import CHECKPOINT, Diverged, train
from isoflop.experiments.trainer.weights import begin
from isoflop.experiments.trainer.windows import cut_windows
from isoflop.experiments.trainer.workers import Workers, never

torch.set_num_threads(1)
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "of", "the", "and", "loss", "falls", "slowly", "as", "models")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder of sixty texts that differ, with two copies among them that differ in white space alone."""
    root = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for number in range(60):
        (root / f"{number:02}.txt").write_text(f"{number} " + " ".join(rng.choice(WORDS, 400)))
    (root / "copy.txt").write_text((root / "07.txt").read_text().replace(" ", "\n"))
    (root / "short.txt").write_text("too short")
    return root


@pytest.fixture(scope="module")
def small(folder):
    return Config(
        corpus=str(folder), width=16, heads=2, depth=1, context=32, tokens=20_480, batch=4, warmup=10,
        validation_files=10, validation_cap=512, evaluations=2, records=8, device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="module")
def mixed(small, folder, tmp_path_factory):
    """Give a run on two corpora: three quarters of the folder's, a quarter of numbers."""
    root = tmp_path_factory.mktemp("more") / "numbers"
    root.mkdir()
    rng = np.random.default_rng(1)
    for number in range(30):
        (root / f"{number:02}.txt").write_text(" ".join(map(str, rng.integers(0, 1000, 300))))
    return replace(small, shares=f"{folder}=0.75,{root}=0.25", tokens=4_096)


def test_a_mixture_sees_each_corpus_by_its_share_and_more_tokens_begin_alike(mixed):
    windows = cut_windows(mixed)
    second = np.flatnonzero(np.diff(np.sort(windows.starts)) > mixed.context)  # between the corpora
    assert second.size
    joined = len(cut_windows(replace(mixed, shares="", corpus=mixed.shares.split("=")[0])).training)
    for count in (32, 64, 128):
        assert np.mean(windows.starts[:count] >= joined) == pytest.approx(0.25, abs=1 / count)
    longer = cut_windows(replace(mixed, tokens=8_192))
    assert np.array_equal(windows.starts[:128], longer.starts[:128])


def test_a_mixture_reports_the_share_and_the_loss_of_each_corpus(mixed):
    last = train(mixed)[-1]
    names = [key.removeprefix("share_") for key in last if key.startswith("share_")]
    assert names[1] == "numbers"
    assert [last[f"share_{name}"] for name in names] == [0.75, 0.25]
    assert min(last[f"loss_{name}"] for name in names) < last["loss"] < max(last[f"loss_{name}"] for name in names)


@pytest.mark.parametrize("shares", ["python=0.5", "python=1.5,text=-0.5", "0.5,0.5", "python=x,text=1"])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(UsageError):
        Config(shares=shares)


def losses_of(records):
    return {record["step"]: record["train_loss"] for record in records if "train_loss" in record}


@pytest.fixture(scope="module")
def whole(small):
    """Give the records of the run without any break, and the last one."""
    records: list[dict] = []
    return records, train(small, report=records.append)[0]


@pytest.mark.parametrize(("width", "depth", "tables"), [(16, 1, 1), (32, 3, 3), (64, 2, 2)])
def test_counts_are_those_of_the_weights_and_of_the_shape(width, depth, tables):
    config = Config(width=width, depth=depth, tables=tables)
    shape, found = shape_of(config), counts(config)
    held = sum(part.numel() for part in begin(matrices(config), seed=0).parts.values())
    assert held == found["N_total"] == shape.total + (tables - 1) * 256 * width
    assert found["N_non_embedding"] == shape.non_embedding == 12 * depth * width**2
    assert found["N_total"] == found["N_non_embedding"] + found["N_embedding"] + found["N_head"]
    flops = training_flops(config, 1000)
    assert flops["flops_palm"] == 1000 * shape_flops(shape, "palm")
    assert flops["flops_6ND_non_embedding"] == 6 * 12 * depth * width**2 * 1000


def test_the_loss_is_that_of_plain_code():
    config = Config(width=16, context=24)
    generator = torch.Generator().manual_seed(1)
    parts = {one.name: torch.randn(one.rows, one.columns, generator=generator) * 0.2 for one in matrices(config)}
    windows = torch.randint(0, 256, (3, 27), generator=generator)
    found = token_losses(parts, windows, config, turns=rotations(24, 8))

    def norm(x):
        return x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()

    def turn(x):  # (windows, 24, 2, 8)
        angle = torch.arange(24.0)[:, None] * 100.0 ** -(torch.arange(0, 8, 2) / 8)
        sin, cos = angle.sin()[:, None], angle.cos()[:, None]
        even, odd = x[..., ::2], x[..., 1::2]
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)

    table = parts["embedding"]
    x = table[windows[:, 2:-1]] + table[256 + windows[:, 1:-2]] + table[512 + windows[:, :-3]]
    for layer in range(2):
        queries, keys, values = (norm(x) @ parts[f"qkv{layer}"].T).view(3, 24, 6, 8).split(2, dim=2)
        queries, keys = turn(norm(queries)), turn(norm(keys))
        logits = torch.einsum("bqhd,bkhd->bhqk", queries, keys) * 2 / math.sqrt(8)
        logits = logits.masked_fill(torch.ones(24, 24).triu(1).bool(), -torch.inf)
        taken = torch.einsum("bhqk,bkhd->bqhd", logits.softmax(-1), values).reshape(3, 24, 16)
        x = x + taken @ parts[f"out{layer}"].T
        x = x + torch.nn.functional.gelu(norm(x) @ parts[f"up{layer}"].T) @ parts[f"down{layer}"].T
    log_shares = (norm(x) @ parts["head"].T).log_softmax(-1)
    plain = -log_shares.gather(-1, windows[:, 3:, None])[..., 0]
    torch.testing.assert_close(found.view(3, 24), plain, rtol=1e-4, atol=1e-4)


def test_the_norm_has_the_slope_of_its_value():
    x = torch.randn(5, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Normalised.apply, (x,), atol=1e-5)


def test_training_and_validation_share_no_document(folder):
    corpus = read_corpus(str(folder), suffixes=(".txt",), held_out=20)
    words = [{tuple(text.split()) for text in texts} for texts in (corpus.training, corpus.validation)]
    assert not words[0] & words[1]
    assert len(corpus.training) == 40
    assert len(corpus.validation) == 20  # the copy and the short one are gone
    assert corpus.hash == read_corpus(str(folder), suffixes=(".txt",), held_out=5).hash


def test_the_standard_library_is_a_corpus_of_its_own():
    corpus = read_corpus("python", suffixes=(), held_out=100)
    assert len(corpus.validation) == 100
    assert not set(corpus.training) & set(corpus.validation)
    assert sum(map(len, corpus.training)) > 5e6


def test_no_token_is_seen_twice_and_an_order_is_the_same_for_every_size(small):
    windows = cut_windows(small)
    seen = np.concatenate([windows.batch(step, 4) for step in range(small.steps)])
    assert len(set(windows.starts.tolist())) == len(windows.starts)
    assert seen[:, 2:-1].shape == (small.steps * 4, small.context)
    assert np.array_equal(windows.starts, cut_windows(replace(small, width=32, seed=5)).starts)
    assert not np.array_equal(windows.starts, cut_windows(replace(small, order=1)).starts)


def test_bytes_of_a_window_are_those_of_the_corpus(small):
    windows = cut_windows(small)
    text = b"\0\0" + b"\0".join(read_corpus(small.corpus, suffixes=(".txt",), held_out=10).training) + b"\0"
    start = int(windows.starts[3])
    assert bytes(windows.batch(0, 4)[3].astype(np.uint8)) == text[start : start + 35]


def test_it_learns(whole):
    records, last = whole
    assert last["loss"] < 0.55 * math.log(256)
    assert records[-1] == last
    assert last["D"] == 20_480
    assert last["N"] == 12 * 16**2
    assert last["flops_6ND"] == 6 * last["N"] * last["D"]
    assert 0 < last["loss_error"] < 0.1


def test_a_step_changes_the_loss_as_much_in_wide_models_as_in_narrow_ones(small):
    """What µP promises; with one rate and no scaling, the wide model's change would be 8 times as large."""
    changes = []
    for width in (16, 128):
        config = replace(small, width=width, tables=1, embedding_lr=1e-4)
        problem = problem_of(config, "cpu")
        learner = Learner(config, problem, Workers(0, 1, "cpu"))
        learner.learn(1.0)  # the first step moves what begins at zero
        before = learner.validate(never)[0].loss
        learner.learn(1.0)
        changes.append(before - learner.validate(never)[0].loss)
    assert changes[0] == pytest.approx(changes[1], rel=0.5)


def test_a_run_cut_off_anywhere_goes_on_as_if_nothing_had_been(small, whole, tmp_path):
    steps, asked, records = iter([37, 90, 1000]), [0], []

    def stop():
        asked[0] += 1
        return asked[0] == limit

    last = None
    while last is None:
        asked[0], limit = 0, next(steps)
        try:
            last = train(replace(small, folder=str(tmp_path)), report=records.append, stop=stop)[0]
        except Stopped:
            assert (tmp_path / CHECKPOINT).exists()
    assert last["started_at"] > 100
    assert last["loss"] == pytest.approx(whole[1]["loss"], rel=1e-6)
    assert losses_of(records) == pytest.approx(losses_of(whole[0]), rel=1e-6)


def test_branches_are_the_runs_they_stand_for(small, whole, tmp_path):
    runs = train(replace(small, branches="10240,20480", trunk=str(tmp_path)))
    alone = train(replace(small, tokens=10_240))[0]
    assert [run["D"] for run in runs] == [10_240, 20_480]
    assert runs[1]["started_at"] == 64  # of 160 steps: where the shorter one began to decay
    assert runs[0]["loss"] == pytest.approx(alone["loss"], rel=1e-6)
    assert runs[1]["loss"] == pytest.approx(whole[1]["loss"], rel=1e-6)


def test_a_state_of_another_run_or_a_damaged_one_is_refused(small, tmp_path):
    own = replace(small, folder=str(tmp_path), tokens=1280)
    with pytest.raises(Stopped):
        train(own, stop=lambda: True)
    with pytest.raises(DataError, match="is the state of another run"):
        train(replace(own, lr=0.001))
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="is damaged"):
        train(own)


def test_a_loss_that_is_no_number_is_told_as_divergence(small):
    records: list[dict] = []
    with pytest.raises(Diverged, match="smaller --lr"):
        train(replace(small, lr=1e38, embedding_lr=1e38, tokens=2560), report=records.append)
    assert records[-1]["diverged"]
    assert math.isnan(records[-1]["loss"])


def test_pairs_of_validations_see_a_difference_that_each_alone_does_not():
    rng = np.random.default_rng(3)
    hard, tokens = rng.normal(2, 0.4, 100), np.full(100, 1000.0)
    one, other = (
        Validation(hard * tokens, tokens),
        Validation((hard + 0.004 + rng.normal(0, 0.01, 100)) * tokens, tokens),
    )
    difference, error = paired(other, one)
    assert difference == pytest.approx(0.004, abs=3 * error)
    assert error < 0.002 < one.error
    with pytest.raises(UsageError, match="not of the same documents"):
        paired(one, Validation(hard, tokens[:50]))


def test_digits_can_be_learnt_and_never_repeat():
    last = train(read_config({"task": "mnist1d", "tokens": 12_800, "evaluations": 0}))[0]
    assert last["error"] < 0.2
    assert last["N"] == last["N_total"] == 32 * 41 + 32 * 32 + 10 * 32
    digits = make(2000, seed=1)
    assert digits.shape == (2000, LENGTH + 1)
    assert len(np.unique(digits.numpy(), axis=0)) == 2000
    assert sorted(set(digits[:, -1].tolist())) == list(range(10))


def test_byte_pairs_are_fewer_tokens(small):
    last = train(replace(small, vocabulary=300, tokens=2560, tables=1))[0]
    assert last["bytes_per_token"] > 1.5
    assert last["N_head"] == 300 * 16


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"widht": 8}, 'Did you mean "width"'),
        ({"width": 18}, "multiple of 4"),
        ({"width": 16.5}, "whole number"),
        ({"lr": "fast"}, "fast"),
        ({"lr": 0}, "between"),
        ({"decay": 2}, "between 0 and 1"),
        ({"device": "tpu"}, "none of auto, cpu, cuda"),
        ({"D": 100, "tokens": 200}, "told twice"),
        ({"vocabulary": 100}, "256"),
        ({"repeat": "often"}, "true or false"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_a_way_out(told, words):
    with pytest.raises(UsageError, match=words):
        read_config(told)


def test_a_study_may_keep_its_own_notes_and_type_large_numbers():
    config = read_config({"D": "4M", "role": "target", "name": "t1", "width": 32.0, "branches": ["1M", "2M"]})
    assert config.tokens == 4_000_000
    assert config.lengths == (1_000_000, 2_000_000)


def test_more_tokens_than_there_are_need_leave_to_repeat(small):
    with pytest.raises(DataError, match="--repeat"):
        train(replace(small, tokens=10**8))
    with pytest.raises(DataError, match="validation-files"):
        train(replace(small, validation_files=1000))
    with pytest.raises(DataError, match="no folder"):
        train(replace(small, corpus="nowhere"))
    size = train(replace(small, tokens=640))[0]["corpus_tokens"]
    assert train(replace(small, tokens=size + 1280, batch=64, repeat=True))[0]["D"] > size


def command(*words, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "isoflop.experiments.trainer", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **variables},
    )  # fmt: skip


def test_the_command_stops_when_asked_and_goes_on(small, tmp_path):
    config = {"corpus": small.corpus, "width": 32, "context": 32, "tokens": "2M", "repeat": True, "records": 2000,
              "validation_files": 10, "folder": str(tmp_path), "role": "sweep"}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    metrics = tmp_path / "metrics.jsonl"
    process = command("--config", str(tmp_path / "config.json"), ISOFLOP_METRICS=str(metrics))
    first = json.loads(process.stdout.readline())
    assert first["tokens"] == first["step"] * 128
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    with np.load(tmp_path / CHECKPOINT, allow_pickle=False) as state:
        assert state["step"] < 2_000_000 // 128  # it ended long before its tokens did
    assert json.loads(metrics.read_text().splitlines()[0]) == first
    with np.load(tmp_path / CHECKPOINT, allow_pickle=False) as state:
        assert state["step"] >= first["step"]


def test_without_torch_the_command_says_what_to_type(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError")
    process = command("--width", "16", PYTHONPATH=os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    assert 'pip install "isoflop[train]"' in process.communicate()[1]
    assert process.returncode == 1


def test_two_processes_train_what_one_does(small, whole, tmp_path):
    told = {key: value for key, value in small.as_dict().items() if value != getattr(Config, key)}
    (tmp_path / "config.json").write_text(json.dumps(told))
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m",
         "isoflop.experiments.trainer", "--config", str(tmp_path / "config.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["loss"] == pytest.approx(whole[1]["loss"], rel=2e-3)
    first = json.loads(done.stdout.splitlines()[0])
    assert first["train_loss"] == pytest.approx(whole[0][0]["train_loss"], rel=1e-5)
