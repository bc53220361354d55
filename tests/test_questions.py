"""What is read with nothing said: right, or one question that names what to type; of every kind of source."""

import gzip
import json

import numpy as np
import pytest

import isoflop
from isoflop import DataError, find_runs
from isoflop.data.runs import table
from isoflop.faces.cli import application

N, D = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(2e8, 2e10, 5), indexing="ij"))
LOSS = 1.7 + 400 / N**0.34 + 410 / D**0.28


def write(path, names, *columns):
    rows = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([",".join(names), *rows]) + "\n")
    return path


def asked(path):
    return find_runs(str(path)).missing


def codes(runs):
    return {one.code: one for one in runs.findings}


@pytest.mark.parametrize("name", ["runs.csv", "runs.csv.gz"])
def test_a_folder_with_one_table_of_runs_is_that_table(tmp_path, name):
    table = write(tmp_path / "plain.csv", ["N", "D", "loss"], N, D, LOSS)
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(table.read_bytes()))
        table.unlink()
    (tmp_path / "LICENSE").write_text("MIT\n")
    runs = isoflop.read(str(tmp_path))
    assert len(runs) == 25
    assert np.allclose(runs["loss"], LOSS)


@pytest.mark.parametrize("named_by", ["run_name", "Model", "config name"])
def test_a_table_that_names_its_runs_is_no_log_of_one_run(tmp_path, named_by):
    steps = np.tile([100, 200, 300, 400, 500], 5)
    write(tmp_path / "checkpoints.csv", [named_by, "step", "tokens", "val_loss"],
          [f"w{one // 5}" for one in range(25)], steps, D, LOSS)  # fmt: skip
    assert len(find_runs(str(tmp_path)).runs) == 25


def test_steps_that_begin_anew_again_and_again_are_several_runs(tmp_path):
    write(tmp_path / "all.csv", ["step", "val_loss"], [0, 1, 2] * 4, LOSS[:12])
    assert len(find_runs(str(tmp_path)).runs) == 12


def test_a_log_that_was_started_once_more_is_one_run(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / f"{name}.csv", ["step", "val_loss"], [0, 1, 0, 1, 2], LOSS[:5])
    assert len(find_runs(str(tmp_path)).runs) == 2


def test_the_question_names_the_columns_as_the_file_does_and_which_it_may_be(tmp_path):
    path = write(tmp_path / "a.csv", ["width", "params_active_precise", "tokens", "final_loss"], N, N, D, LOSS)
    assert asked(path) == (
        "N is missing; there are width, params_active_precise, tokens, final_loss. Say --N params_active_precise."
    )


def test_two_columns_whose_product_is_c_are_offered_as_n_and_d(tmp_path):
    path = write(tmp_path / "a.csv", ["flops", "n", "t", "loss"], 6 * N * D, N, D, LOSS)
    assert asked(path).endswith("Say --N n, --D t.")


def test_a_question_of_a_table_with_hundreds_of_columns_stays_short(tmp_path):
    (tmp_path / "grid.json").write_text(json.dumps([{f"setting {one}": one for one in range(700)}]))
    assert len(asked(tmp_path / "grid.json")) < 400


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["problem", "n", "c"], "isoflop test-time"),
        (["N", "D", "share_web", "share_code", "loss_web"], "isoflop mix"),
        (["step", "val_loss"], "isoflop finish"),
        (["N", "D", "accuracy"], "--metric 'accuracy:up:100'"),
    ],
)
def test_a_table_for_another_command_says_which(tmp_path, names, said):
    assert said in asked(write(tmp_path / "a.csv", names, *[np.arange(1.0, 5)] * len(names)))


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (("study.toml", '[corpus]\npaths = ["a", "b"]\n'), "is TOML, as a study or a plan"),
        (("train.py", "import sys, os\nprint(1, 2)\n"), "is a program"),
        (("tab1.txt", "\\begin{tabular}{ll}\na & b \\\\\n\\end{tabular}\n"), "is a LaTeX table"),
    ],
)
def test_what_holds_no_runs_is_named_for_what_it_is(tmp_path, named, said):
    name, text = named
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said):
        isoflop.read(str(tmp_path / name))


def test_a_folder_of_evaluations_names_the_command_that_reads_them(tmp_path):
    for model in ("a", "b"):
        result = {"results": {"arc_easy": {"acc,none": 0.4}}, "model_name": model}
        (tmp_path / f"results_{model}.json").write_text(json.dumps(result))
    with pytest.raises(DataError, match=r"holds results of evaluations .* isoflop downstream RUNS --evals"):
        isoflop.read(str(tmp_path))


def accuracies(noise=0.0):
    rising = 1 - 0.7 * (LOSS - 1.7) / 3
    return np.clip(rising + noise * np.sin(np.arange(25) * 7.0), 0.01, 0.99)


def mixed(every):
    values = accuracies()
    values[::every] *= 100
    return isoflop.Runs.of(N=N, D=D, accuracy=values)


@pytest.mark.parametrize("every", [2, 3, 5])
def test_per_cent_and_fractions_in_one_column_block(every):
    found = codes(mixed(every).measured("accuracy:up:100"))["D03"]
    assert found.severity == "BLOCK"
    assert "mixes per cent and fractions" in found.message


def test_per_cent_left_out_as_beyond_one_is_said_to_be_per_cent():
    found = codes(mixed(3).measured("accuracy:up:1"))["D01"]
    assert "mixes per cent and fractions" in found.remedy


def test_one_unit_of_a_mixed_column_may_be_kept():
    assert "D03" not in codes(mixed(3).measured("accuracy:up:1").where("accuracy <= 1"))


@pytest.mark.parametrize(
    "values",
    [accuracies(), 100 * accuracies(), 100 * accuracies(0.05), np.geomspace(0.1, 60, 25), 100 * accuracies() ** 6],
)
def test_one_unit_is_not_taken_for_two(values):
    runs = isoflop.Runs.of(N=N, D=D, accuracy=values)
    assert "D03" not in codes(runs.measured("accuracy:up:100"))


def test_a_run_in_progress_says_at_which_step_it_is(tmp_path):
    log = tmp_path / "run.txt"
    log.write_text(
        "".join(f"step:{step}/3000 val_loss:{9 - step / 100:.4f} train_time:{step}ms\n" for step in (0, 250))
    )
    found = codes(find_runs(str(log)).runs)["D08"]
    assert "is at 250 of 3,000 steps" in found.message


def test_a_young_run_of_a_log_is_not_taken_for_one_with_n_and_d_swapped():
    assert "D03" not in codes(isoflop.Runs.of(N=[134e6], D=[52e6], loss=[5.07]))


def test_bits_per_byte_by_their_name_are_not_suspected_of_being_so():
    found = codes(table({"N": N, "D": D, "val_bpb": 0.27 * LOSS}))
    assert "D20" in found
    assert "D03" not in found


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_check_of_too_few_runs_says_what_is_known_of_them(tmp_path, form, capsys):

    rows = zip(
        [6e8, 2e9, 5e9, 7e10], [7.5e10, 2e11, 5e11, 8e12], [2e19, 1e20, 7e20, 1e23], [3.2, 2.9, 2.7, 2.2], strict=True
    )
    lines = [f"{total},{total / 10},{tokens},{flops},{loss}" for total, tokens, flops, loss in rows]
    (tmp_path / "moe.csv").write_text("\n".join(["total params,active params,tokens,flops,loss", *lines]))
    with pytest.raises(DataError, match="needs"):
        application("check")(["check", str(tmp_path / "moe.csv"), *form], standalone_mode=False)
    assert "D15" in capsys.readouterr().out
