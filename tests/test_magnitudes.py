"""Units that contradict every published run, two tokenizers, and populations that no column names."""

from __future__ import annotations

import numpy as np
import pytest

from isoflop.data.runs import Runs, table

RNG = np.random.default_rng(7)
N, D = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(2e8, 2e10, 5)))
LOSS = (1.7 + 400 / N**0.34 + 410 / D**0.28) * np.exp(RNG.normal(0, 0.003, N.size))


def said(runs: Runs, code: str) -> str:
    found = [one for one in runs.findings if one.code == code]
    assert found, [one.code for one in runs.findings]
    return f"{found[0].severity} {found[0].message} {found[0].remedy}"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"N": N / 1e6, "D": D / 1e6}, "N and D in millions"),
        ({"N": N, "D": D / 1e6}, "D in millions"),
        ({"N": N, "D": D / 1e3}, "D in thousands"),
        ({"N": N / 1e3, "D": D}, "N in thousands"),
        ({"N": N, "D": np.round(D / 524288)}, "D in steps"),
        ({"N": D, "D": N}, "N and D swapped"),
    ],
)
def test_a_unit_that_no_published_run_has_is_named(columns, told):
    assert told in said(Runs.of(**columns, loss=LOSS), "D03")


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (LOSS / np.log(2), "bits per token"),
        (LOSS / np.log(10), "a logarithm to base 10"),
        (LOSS / np.log(2) / 5, "bits per byte"),
    ],
)
def test_a_loss_that_is_none_in_nats_per_token_is_named(loss, told):
    assert told in said(Runs.of(N=N, D=D, loss=loss), "D03")


def test_a_perplexity_below_twelve_is_named_too():
    large, long = 1e2 * N, 1e2 * D
    loss = 1.7 + 400 / large**0.34 + 410 / long**0.28
    assert "a perplexity" in said(Runs.of(N=large, D=long, loss=np.exp(loss)), "D03")


def test_sound_runs_have_no_finding_on_units():
    assert not [one for one in Runs.of(N=N, D=D, loss=LOSS).findings if one.code in {"D03", "D11"}]


def test_compute_in_pf_days_is_named_with_what_to_type():
    assert "8.64e19" in said(Runs.of(N=N, D=D, C=6 * N * D / 8.64e19, loss=LOSS), "D03")


@pytest.mark.parametrize("column", ["vocab_size", "bytes_per_token"])
def test_two_tokenizers_block_by_their_numbers(column):
    values = {"vocab_size": (50257, 128256), "bytes_per_token": (3.9, 4.7)}[column]
    runs = Runs.of(N=N, D=D, loss=LOSS, **{column: np.where(np.arange(N.size) % 2, *values)})
    assert said(runs, "D11").startswith("BLOCK")
    padded = Runs.of(N=N, D=D, loss=LOSS, vocab_size=np.where(np.arange(N.size) % 2, 50257, 50304))
    assert "D11" not in [one.code for one in padded.findings]


def twice(**more) -> Runs:
    """Return a table with each N and D twice, the second 4 % worse."""
    columns = {"N": np.tile(N, 2), "D": np.tile(D, 2), "loss": np.append(LOSS, LOSS * 1.04), **more}
    return table(columns)


@pytest.mark.parametrize("name", ["data", "corpus_id", "quantiser", "whatever"])
def test_a_column_of_words_that_explains_the_spread_tells_populations_whatever_its_name(name):
    told = said(twice(**{name: ["web"] * N.size + ["code"] * N.size}), "D11")
    assert told.startswith("BLOCK")
    assert f'{name} == "web"' in told


def test_words_that_explain_nothing_and_names_of_runs_are_no_populations():
    mixed = RNG.permutation(["web", "code"] * N.size)
    assert "D11" not in [one.code for one in twice(machine=mixed).findings]
    assert "D11" not in [one.code for one in twice(run=[f"r{row}" for row in range(2 * N.size)]).findings]


def test_a_search_over_a_learning_rate_is_no_noise():
    rates = np.array([1e-4, 3e-4, 1e-3])
    columns = {"N": np.repeat(N, 3), "D": np.repeat(D, 3), "lr": np.tile(rates, N.size)}
    loss = np.repeat(LOSS, 3) * np.exp(0.03 * np.log(columns["lr"] / 3e-4) ** 2 + RNG.normal(0, 0.003, 3 * N.size))
    told = said(table({**columns, "loss": loss}), "D06")
    told = next(
        f"{one.message} {one.remedy}" for one in table({**columns, "loss": loss}).findings
        if one.code == "D06" and one.severity == "WARN"
    )  # fmt: skip
    assert "goes with lr" in told
    assert "isoflop tune" in told


def test_a_bit_width_tells_models_apart():
    told = said(twice(w_bits=np.repeat([4.0, 16.0], N.size)), "D11")
    assert "precision" in told


def test_a_column_of_words_is_no_letter_whatever_it_is_called():
    runs = table({"param_count": ["kaplan", "total"], "n": [1e7, 2e7], "t": [1e9, 2e9], "loss": [3.0, 2.9]})
    assert "N" not in runs
    assert runs["param_count"].tolist() == ["kaplan", "total"]


def test_checkpoints_that_no_column_tells_apart_are_clustered_by_their_size():
    size, tokens = np.repeat([1e8, 3e8, 1e9], 30), np.tile(np.geomspace(1e9, 2e10, 30), 3)
    runs = Runs.of(N=size, D=tokens, loss=1.7 + 400 / size**0.34 + 410 / tokens**0.28)
    assert runs.run_named_by == ("N",)
    assert "3 runs" in said(runs, "D07")
    assert Runs.of(N=N, D=D, loss=LOSS).run_named_by == ()
