"""Columns: which one is which letter, and which choices are refused."""

from __future__ import annotations

import numpy as np
import pytest

import isoflop
from isoflop.data.metric import parse_metric
from isoflop.data.runs import table
from isoflop.data.runs.columns import LETTERS, letter_of
from isoflop.errors import DataError

N = [1e8, 1e9, 1e10]
D = [2e9, 2e10, 2e11]
LOSS = [3.2, 2.6, 2.2]


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("params", "N"),
        ("Parameters", "N"),
        ("n_params", "N"),
        ("num-params", "N"),
        ("model_size", "N"),
        ("Model Size", "N"),
        ("params_no_embed", "N"),
        ("tokens", "D"),
        ("n_tokens", "D"),
        ("Training Tokens", "D"),
        ("train_tokens", "D"),
        ("flops", "C"),
        ("compute", "C"),
        ("training_flops", "C"),
        ("Training FLOP", "C"),
        ("Loss", "loss"),
        ("val_loss", "loss"),
        ("validation_loss", "loss"),
        ("eval-loss", "loss"),
        ("final_loss", "loss"),
        ("Test Loss", "loss"),
        ("unique_tokens", "U"),
        ("steps", "S"),
        ("batch_tokens", "B"),
        ("batch_size_tokens", "B"),
    ],
)
def test_an_alias_becomes_its_letter(name, letter):
    runs = table({name: [5.0, 6.0]})
    assert list(runs.columns) == [letter]
    assert letter_of(name) == letter


@pytest.mark.parametrize("name", ["n", "d", "c", "step", "learning_rate", "C_full", "train_loss", "lr_loss_scale"])
def test_a_column_that_is_no_alias_keeps_its_name(name):
    assert name in table({name: [5.0, 6.0]})


def test_the_exact_letter_comes_before_an_alias_and_the_alias_keeps_its_name():
    runs = table({"params_no_embed": [1e8], "N": [2e8], "loss": [3.0], "val_loss": [3.1]})
    assert runs["N"] == [2e8]
    assert runs["params_no_embed"] == [1e8]
    assert runs["val_loss"] == [3.1]


@pytest.mark.parametrize(
    ("names", "letter"),
    [
        (("params", "params_no_embed"), "N"),
        (("val_loss", "test_loss"), "loss"),
        (("loss", "Loss"), "loss"),
        (("tokens", "Tokens "), "D"),
    ],
)
def test_two_columns_for_one_letter_are_refused_by_name_with_what_to_type(names, letter):
    with pytest.raises(DataError) as refused:
        table({name: [5.0, 6.0] for name in names})
    assert f'"{names[0]}" and "{names[1]}"' in str(refused.value)
    assert f"--{letter} " in str(refused.value)


def test_what_the_user_names_comes_before_every_rule():
    data = {"params": N, "params_no_embed": [0.8e8, 0.9e9, 0.98e10], "val_loss": LOSS, "test_loss": [9, 9, 9]}
    runs = table(data, columns={"N": "params_no_embed", "loss": "val_loss"})
    assert runs["N"][0] == 0.8e8
    assert runs["loss"][0] == 3.2
    assert runs["params"][0] == 1e8


def test_a_column_displaced_by_the_user_stays_under_another_name():
    runs = table({"loss": LOSS, "val_loss": [3.3, 2.7, 2.3]}, columns={"loss": "val_loss"})
    assert runs["loss"][0] == 3.3
    assert runs["loss (file)"][0] == 3.2


def test_any_name_can_be_mapped():
    runs = table({"Seen Examples": [1.0, 2.0], "Loss": [3.0, 2.0]}, columns={"x": "Seen Examples"})
    assert list(runs.columns) == ["x", "loss"]


def test_a_train_loss_beside_a_validation_loss_is_not_ambiguous():
    assert table({"train_loss": [1.0], "val_loss": [2.0]})["loss"] == [2.0]


def test_a_mapping_to_a_column_that_is_not_there_is_refused_with_the_near_one():
    with pytest.raises(DataError, match=r'no column "Model Sise".*Did you mean "Model Size"'):
        table({"Model Size": N}, columns={"N": "Model Sise"})


@pytest.mark.parametrize("name", ["ppl", "Perplexity", "val_ppl", "eval_perplexity"])
def test_a_perplexity_is_refused_in_place_of_a_loss(name):
    with pytest.raises(DataError, match=f"{name} is perplexity; the loss is its logarithm"):
        table({"N": N, "D": D, name: LOSS})
    with pytest.raises(DataError, match="its logarithm"):
        table({"N": N, "D": D, "loss": LOSS, name: LOSS}, columns={"loss": name})


def test_a_perplexity_beside_a_loss_is_just_another_column():
    assert "ppl" in table({"loss": LOSS, "ppl": [24.5, 13.5, 9.0]})


def test_every_letter_has_a_word():
    assert all(LETTERS.values())


# A quantity that the file calls a loss, and that may be negative.


@pytest.mark.parametrize(("header", "spec"), [("loss", "loss:fall"), ("nll", "nll:fall"), ("nll", "loss:fall")])
def test_a_negative_loss_is_read_as_what_falls(tmp_path, header, spec):
    path = tmp_path / "runs.csv"
    values = [-1.0, -1.5, -2.1, -2.4, -3.0]
    path.write_text(f"compute,{header}\n" + "".join(f"{10.0 ** (18 + k)},{v}\n" for k, v in enumerate(values)))
    with pytest.raises(DataError, match="--metric loss:fall"):
        isoflop.read(path)
    runs = isoflop.read(path, metric=spec)
    assert len(runs) == 5
    assert np.argsort(runs["loss"]).tolist() == [4, 3, 2, 1, 0]


def test_a_run_without_a_loss_counts_where_something_else_is_asked_for(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("compute,loss,accuracy\n1e18,3,0.2\n1e19,,0.4\n1e20,2.5,0.5\n")
    assert len(isoflop.read(path)) == 2
    assert len(isoflop.read(path, metric="accuracy:up:1")) == 3


def test_what_is_above_a_negative_bound_is_written_with_a_plus():
    assert parse_metric("log-density:fall").settled([-3.5, -2.0]).loss == "exp((log-density + 3.5)/1)"
