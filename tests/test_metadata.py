"""metadata: what the other columns tell of the runs is noticed, and sound columns are passed over in silence."""

from __future__ import annotations

import numpy as np
import pytest

import isoflop
from isoflop.data.runs import Runs, table
from isoflop.errors import DataError, UsageError
from isoflop.laws.chinchilla import besiroglu2024

N = np.repeat(np.logspace(8, 9.5, 6), 4)
D = N * np.tile([10, 20, 40, 80], 6)
LOSS = besiroglu2024(N, D)
COUNT = len(N)


def runs(**more):
    """Give 24 sound runs with columns more; one value stands for all."""
    columns = {name: [values] * COUNT if isinstance(values, str | float) else values for name, values in more.items()}
    return table({"run": [f"r{row}" for row in range(COUNT)], "N": N, "D": D, "loss": LOSS} | columns)


def found(runs, code):
    return [one for one in runs.findings if one.code == code]


def first(value, rest):
    """Give a column whose first run has another value."""
    return [value, *[rest] * (COUNT - 1)]


SOUND = {
    "status": "finished", "min_loss": LOSS * 0.999, "planned_tokens": D * 1.001,
    "tokenizer": "bpe", "val": "c4", "dataset": "web", "precision": "bf16", "seq_len": N * 0 + 2048,
    "commit": "abc", "learning_rate": N**-0.3, "warmup_tokens": 0.02 * D, "epochs": 1.0,
    "unique_tokens": D, "schedule": "cosine", "decay_tokens": 0.98 * D,
    "width": (N / 192) ** (1 / 3), "depth": 16.0, "vocab_size": 4096.0, "val_tokens": 1e6,
}  # fmt: skip


def test_a_table_of_sound_columns_has_no_finding():
    sound = runs(**SOUND)
    assert sound.findings == ()
    assert len(sound) == COUNT


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("status", first("crashed", "finished"), "its status is crashed"),
        ("State", first("weird", "Finished"), "its status is weird"),
        ("status", first("diverged", ""), "its status is diverged"),
        ("min_loss", [LOSS[0] / 1.1, *LOSS[1:]], "its loss ended 10% above its lowest"),
        ("planned_tokens", [D[0] / 0.8, *D[1:]], "80% of its planned tokens"),
        ("Max-Tokens", [D[0] / 0.8, *D[1:]], "80% of its planned tokens"),
    ],
)
def test_a_run_that_diverged_or_did_not_finish_is_left_out_and_named(column, values, reason):
    left = runs(**{column: values})
    assert len(left) == COUNT - 1
    assert [(one.row, one.reason) for one in left.excluded] == [(1, reason)]
    (told,) = found(left, "D02")
    assert told.severity == "WARN"
    assert told.runs == ("r0",)
    assert reason in told.message


def test_what_was_left_out_stays_told_when_the_runs_are_narrowed():
    assert found(runs(status=first("failed", "done")).where("N > 2e8"), "D02")[0].runs == ("r0",)


def test_unfinished_runs_are_kept_if_allowed():
    columns = {"N": N, "D": D, "loss": LOSS, "status": first("crashed", "finished")}
    assert len(table(columns, allow=["D02"])) == COUNT


def test_runs_none_of_which_is_finished_are_refused():
    with pytest.raises(DataError, match=r"none of the 24 runs is finished.*--allow D02"):
        runs(status="running")


def test_a_status_that_says_nothing_of_finishing_is_passed_over():
    assert len(runs(state=["Ohio", "Texas"] * 12)) == COUNT


def test_a_ceiling_of_tokens_is_not_taken_for_each_runs_plan():
    capped = runs(max_tokens=N * 0 + 1e15)
    assert len(capped) == COUNT
    assert found(capped, "D02") == []


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("tokenizer", first("gpt2", "llama")),
        ("val", first("c4", "pile")),
        ("Train-DS", first("c4", "pile")),
        ("dataset", first("c4", "pile")),
        ("git_commit", first("a1", "b2")),
        ("precision", first("fp8", "bf16")),
        ("precision", first(8.0, 16.0)),
        ("seq_len", first(1024.0, 2048.0)),
    ],
)
def test_mixed_populations_block_until_one_is_kept_or_they_are_allowed(column, values):
    mixed = runs(**{column: values})
    (told,) = found(mixed, "D11")
    assert told.severity == "BLOCK"
    assert found(mixed.where("run != 'r0'"), "D11") == []
    fit = isoflop.fit("chinchilla", mixed, draws=5, allow=["D11"])
    (allowed,) = [one for one in fit.findings if one.code == "D11"]
    assert allowed.severity == "WARN"
    assert "allowed by you" in allowed.message


def test_a_number_called_val_is_a_loss_and_an_empty_cell_no_population():
    assert runs(val=LOSS, tokenizer=first("", "gpt2"), notes=first("a", "b")).findings == ()


def test_what_is_allowed_is_kept_when_runs_are_narrowed_and_fits_are_saved(tmp_path):
    path = tmp_path / "runs.csv"
    rows = zip(N, D, LOSS, first("gpt2", "llama"), strict=True)
    path.write_text("N,D,loss,tokenizer\n" + "\n".join(",".join(map(str, row)) for row in rows))
    allowed = isoflop.read(path, allow=["D11"], where="N > 0")
    assert [(one.code, one.severity) for one in allowed.findings] == [("D11", "WARN")]
    isoflop.save(isoflop.fit("chinchilla", allowed, draws=5, allow=["D11"]), tmp_path / "fit.json")
    back = isoflop.load(tmp_path / "fit.json")
    assert back.options.allow == ("D11",)
    assert [one.severity for one in back.findings if one.code == "D11"] == ["WARN"]


def test_only_a_code_can_be_allowed():
    with pytest.raises(UsageError, match="no code of a finding"):
        isoflop.fit("chinchilla", runs(), allow=["everything"])


@pytest.mark.parametrize(("schedule", "severity"), [("cosine", "BLOCK"), ("wsd", "WARN"), ("linear decay", "BLOCK")])
def test_a_loss_before_the_end_of_its_schedule_is_noticed(schedule, severity):
    (told,) = found(runs(schedule=schedule, planned_tokens=2 * D), "D08")
    assert told.severity == severity
    assert len(told.runs) == COUNT


def test_a_decay_made_for_another_length_is_noticed_only_where_it_is_the_whole_schedule():
    assert found(runs(schedule="cosine", decay_tokens=3 * D), "D08")
    assert not found(runs(schedule="wsd", decay_tokens=0.2 * D), "D08")


def test_checkpoints_of_a_cosine_block_and_their_ends_do_not():
    names = [f"{size:.3g}" for size in N]
    assert found(runs(run=names, schedule="cosine"), "D08")[0].severity == "BLOCK"
    assert not found(runs(run=names, schedule="wsd"), "D08")
    assert not found(runs(schedule="cosine"), "D08")


@pytest.mark.parametrize(
    "columns",
    [
        {"warmup_tokens": [0.3 * D[0], *0.01 * D[1:]]},
        {"warmup_steps": first(300.0, 10.0), "steps": N * 0 + 1000},
        {
            "warmup_steps": [0.3 * D[0] / 512, *0.01 * D[1:] / 512],
            "batch_tokens": N * 0 + 512,
        },
        {"warmup_ratio": first(0.2, 0.01)},
    ],
)
def test_a_long_warmup_is_named(columns):
    (told,) = found(runs(**columns), "D09")
    assert told.runs == ("r0",)


def test_one_learning_rate_for_all_sizes_is_noticed_unless_the_parametrization_carries_it():
    one = np.full(COUNT, 3e-4)
    assert found(runs(lr=one), "D10")
    assert not found(runs(lr=one, parametrization="muP"), "D10")
    assert found(runs(lr=one, parametrization="standard"), "D10")
    assert not found(runs(lr=one).where("N < 5e8"), "D10")


def sweep(best, column="lr"):
    """Give runs at 6 sizes with 4 rates each, of which `best` is the best one's position."""
    rate = np.tile(np.arange(4.0), 6)
    loss = np.repeat(LOSS[::4], 4) * (1 + 0.004 * (rate - best) ** 2)
    return table({"N": N, "D": np.repeat(D[::4], 4), "loss": loss, column: 1e-3 * 2**rate})


def test_a_best_rate_or_batch_at_the_end_of_its_sweep_is_noticed():
    for column in ("lr", "batch_size"):
        assert "highest" in found(sweep(3, column), "D10")[0].message
        assert "lowest" in found(sweep(0, column), "D10")[0].message
        assert not found(sweep(1.4, column), "D10")


def test_embeddings_count_only_where_they_are_in_n():
    width = np.sqrt(N / 192)
    assert found(runs(n_embedding=0.3 * N), "D05")
    assert found(runs(params_no_embed=0.8 * N), "D05")
    assert not found(runs(params_no_embed=0.95 * N), "D05")
    assert not found(runs(width=width, depth=np.full(COUNT, 16.0), vocab=np.full(COUNT, 5e4)), "D05")
    # Here N = 12 x depth x width^2 + vocabulary x width.
    blocks = 12 * 8 * width**2
    more = {"width": width, "depth": np.full(COUNT, 8.0), "vocab_size": (N - blocks) / width}
    assert found(runs(**more), "D05")


def test_a_count_smaller_than_the_embeddings_leaves_them_out():
    assert not found(runs(n_embedding=[2 * N[0], *0.3 * N[1:]]), "D05")


def test_more_than_four_passes_need_a_law_of_unique_tokens():
    repeated = runs(unique_tokens=[D[0] / 8, *D[1:]])
    assert found(repeated, "D12")[0].runs == ("r0",)
    assert found(runs(epochs=first(5.0, 1.0)), "D12")
    assert not found(runs(unique_tokens=D / 3), "D12")
    by_unique = isoflop.fit("E + A/N^alpha + B/U^beta", repeated, draws=0)
    assert "D12" not in [one.code for one in by_unique.findings]


def test_only_long_warm_ups_and_replicates_are_found_in_the_bundled_ladder():
    for where, codes in ((None, {"D06", "D09"}), ("role == 'target'", {"D06"}), ("S >= 1000 and order == 1", set())):
        assert {one.code for one in isoflop.read("tinylm", where=where).findings} == codes


@pytest.mark.public_data
def test_nothing_fires_on_chinchillas_runs():
    assert isoflop.read("chinchilla").findings == ()


def test_runs_of_arrays_are_inspected_as_files_are():
    assert [one.code for one in Runs.of(N=N, D=D, loss=LOSS, dataset=first("a", "b")).findings] == ["D11"]


# Mixtures of experts


@pytest.mark.parametrize(
    ("column", "values", "count"),
    [("experts", first(8.0, 1.0), 1), ("num_experts", 16.0, COUNT), ("Active Params", N / 4, COUNT)],
)
def test_a_mixture_of_experts_is_pointed_out(column, values, count):
    (told,) = found(runs(**{column: values}), "D15")
    assert told.severity == "WARN"
    assert len(told.runs) == count
    assert f"{count} run" in told.message


def test_dense_runs_are_no_mixture():
    assert not found(runs(experts=1.0, active_params=N * 0.99), "D15")
    assert not found(runs(num_experts=[float("nan")] * COUNT), "D15")


def test_a_law_that_takes_the_experts_is_not_warned_of_them():
    mixed = runs(experts=np.tile([2.0, 4.0, 8.0], 8))
    dense, sparse = (isoflop.fit(text, mixed, draws=0) for text in ("E + A/N^alpha", "E + A*experts^-b/N^alpha"))
    assert "D15" in {one.code for one in dense.findings}
    assert "D15" not in {one.code for one in sparse.findings}
