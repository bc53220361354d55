"""Logs as trainings print and trackers keep them: what a source itself says counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from isoflop.data.read import find_runs, read
from isoflop.data.readers import trainer_state
from isoflop.data.readers.clock import on_own_clock, strange_clocks
from isoflop.data.readers.logs import Logged, series
from isoflop.data.readers.restarts import Recorder, goes_on, one_run
from isoflop.errors import DataError, UsageError

RULE = "-" * 80
MEGATRON = f"""> number of parameters on (tensor, pipeline) model parallel rank (0, 0): 60000000
 > number of parameters on (tensor, pipeline) model parallel rank (1, 0): 50106624
 [2026-03-02 10:15:01] iteration      100/   20000 | consumed samples:        25600 | elapsed time per iteration (ms): \
412.3 | learning rate: 3.000E-05 | global batch size:   256 | lm loss: 7.412500E+00 | loss scale: 1.0 | grad norm: 1.2 |
{RULE}
 validation loss at iteration 200 | lm loss value: 6.502110E+00 | lm loss PPL: 6.665468E+02 |
{RULE}
 [2026-03-02 10:16:24] iteration      400/   20000 | consumed samples:       102400 | elapsed time per iteration (ms): \
411.4 | learning rate: 9.000E-05 | global batch size:   256 | lm loss: 5.912500E+00 | loss scale: 1.0 | grad norm: 1.2 |
 validation loss at iteration 400 | lm loss value: 5.774021E+00 | lm loss PPL: 3.218290E+02 |
"""
TITAN = """\x1b[32m[rank0]:[titan] 2026-02-11 09:13:40,102 - root - INFO - Total parameter count: dense 134,105,856
[rank0]:[titan] - INFO - Training starts at step 1, with global batch size 128, sequence length 2048
[rank0]:[titan] 2026-02-11 09:13:45,284 - root - INFO - step:  1  loss: 11.9410  grad_norm:  1.5423  tps: 41,075
[rank0]:[titan] 2026-02-11 09:15:45,922 - root - INFO - step: 200  loss:  5.0984  grad_norm:  0.7449  tps: 51,652
[rank0]:[titan] 2026-02-11 09:16:02,101 - root - INFO - validate step: 200  loss:  5.0711  memory: 40.71GiB(29.12%)
"""
NANOGPT = """tokens per iteration will be: 491,520
number of parameters: 123.59M
step 0: train loss 10.9886, val loss 10.9892
iter 0: loss 10.9880, time 60000.00ms, mfu -100.00%
step 1000: train loss 3.5123, val loss 3.5234
iter 1000: loss 3.5001, time 240.00ms, mfu 43.10%
"""
SPEEDRUN = """import torch  # a log may print all its code first
step:0/3000 val_loss:10.8258 train_time:0ms step_avg:nanms
step:1/3000 train_loss:10.8102 train_time:180ms step_avg:180.00ms
step:250/3000 val_loss:4.5010 train_time:36008ms step_avg:144.03ms
"""
LLM_C = """| num_parameters        | 124475904                                          |
| total batch size      | 524288                                             |
val loss 11.010
step    1/19560 | loss 11.0097 (+nanz)| norm 15.36 (+nanz)| lr 8.57e-07 | 1234.5 ms | 50.0% bf16 MFU | 400000 tok/s
step  250/19560 | loss 6.2097 (+nanz)| norm 1.36 (+nanz)| lr 2.15e-04 | 1234.5 ms | 50.0% bf16 MFU | 400000 tok/s
val loss 6.171
"""
MAIN_LOG = "s:0 tel:11.0092\ns:0 trl:10.99 lr:0.000001\ns:250 tel:6.1710\ns:250 trl:6.20 lr:0.000215\n"
LITGPT = """Total parameters: 160,000,000
Epoch 1 | iter 800 step 100 | loss train: 7.210, val: n/a | iter time: 310.00 ms (step) remaining time: 1:00:00
iter 800: val loss 6.9000, val time: 1234.50 ms
Epoch 1 | iter 1600 step 200 | loss train: 6.110, val: 6.900 | iter time: 310.00 ms (step) remaining time: 0:50:00
iter 1600: val loss 6.0500, val time: 1234.50 ms
"""
OLMO = """[2026-01-01 10:00:00] INFO Total parameters: 1,176,764,416
[step=1000/739328,epoch=0]
    train/CrossEntropyLoss=4.2
    throughput/total_tokens=4,194,304,000
[step=2000/739328,epoch=0]
    train/CrossEntropyLoss=3.6
    eval/c4/CrossEntropyLoss=3.55
    throughput/total_tokens=8,388,608,000
"""
KERAS = """Epoch 1/10
100/100 [====] - 3s 2ms/step - loss: 0.9000 - val_loss: 0.8000
Epoch 2/10
100/100 [====] - 3s 2ms/step - loss: 0.7000 - val_loss: 0.6000
"""
NEMO = """Training epoch 0, iteration 98/999 | lr: 0.0003 | global_step: 98 | reduced_train_loss: 8.5
Training epoch 0, iteration 99/999 | lr: 0.0003 | global_step: 99 | reduced_train_loss: 8.4 | consumed_samples: 51200 \
| val_loss: 8.3
"""


@pytest.mark.parametrize(
    ("text", "step", "loss", "N", "D"),
    [
        (MEGATRON, 400, 5.774021, 110_106_624, None),
        (TITAN, 200, 5.0711, 134_105_856, 200 * 128 * 2048),
        (NANOGPT, 1000, 3.5234, 123.59e6, 1000 * 491_520),
        (SPEEDRUN, 250, 4.5010, None, None),
        (LLM_C, 250, 6.171, 124_475_904, 250 * 524_288),
        (MAIN_LOG, 250, 6.1710, None, None),
        (LITGPT, 200, 6.05, 160e6, None),
        (OLMO, 2000, 3.55, 1_176_764_416, 8_388_608_000),
        (KERAS, 2, 0.6, None, None),
        (NEMO, 99, 8.3, None, None),
    ],
    ids=["Megatron", "torchtitan", "nanoGPT", "modded-nanogpt", "llm.c", "main.log", "litgpt", "OLMo", "Keras", "NeMo"],
)  # fmt: skip
def test_a_text_log_gives_its_last_held_out_loss_and_what_it_states(tmp_path, text, *, step, loss, N, D):
    (tmp_path / "run.log").write_text(text)
    found = find_runs(tmp_path / "run.log")
    assert found.kind == "text log"
    assert (found.runs["step"][0], found.runs["loss"][0]) == (step, loss)
    assert "N" not in found.runs if N is None else found.runs["N"][0] == pytest.approx(N)
    assert "D" not in found.runs if D is None else found.runs["D"][0] == D


def test_a_log_that_does_not_say_its_sequence_length_is_asked_for_it_once(tmp_path):
    (tmp_path / "train.out").write_text(MEGATRON)
    assert find_runs(tmp_path).missing.startswith("D is missing")
    runs = read(tmp_path, columns={"D": "consumed_samples*2048"})
    assert (runs["D"][0], runs.names) == (102_400 * 2048, (tmp_path.name,))


def test_prose_and_tables_are_no_text_logs(tmp_path):
    (tmp_path / "notes.txt").write_text("At step 5 we saw a loss.\nNothing of it is a log.\n")
    assert find_runs(tmp_path / "notes.txt").kind != "text log"


# Restarts and pieces


def test_what_a_job_logged_after_the_checkpoint_it_went_back_to_does_not_count():
    record = Recorder()
    for step, loss in [(500, 4.5), (1000, 4.0), (1500, 3.5), (1100, 3.95), (1300, 3.85)]:
        record.add("val/loss", step, loss)
        if step % 500 == 0:
            record.add("eval", step, loss)
    found = record.metrics()
    assert found["val/loss"].steps.tolist() == [500, 1000, 1100, 1300]
    assert found["val/loss"].values[-1] == 3.85
    assert found["eval"].steps.tolist() == [500, 1000]  # that of 1500 is of the abandoned attempt


def test_an_evaluation_that_is_logged_late_is_no_restart():
    record = Recorder()
    for step in range(0, 1000, 100):
        record.add("loss", step, 5 - step / 1000)
    record.add("eval", 200, 1.0)
    record.add("eval", 600, 0.9)
    assert len(record.metrics()["loss"].steps) == 10


def test_pieces_of_a_run_are_one_run_in_which_what_was_logged_again_counts():
    pieces = [
        Logged("a", metrics={"loss": series(range(1, 7), np.arange(6.0, 0, -1)), "late": series([6], [9.0])}),
        Logged("a", metrics={"loss": series(range(5, 11), np.linspace(2.5, 2.0, 6))}, status="finished"),
    ]
    found = one_run(pieces)
    assert found.metrics["loss"].steps.tolist() == list(range(1, 11))
    assert found.metrics["loss"].values[4] == 2.5
    assert "late" not in found.metrics
    assert [one.code for one in found.doubts] == ["D22"]


def test_a_run_goes_on_only_right_after_the_end_of_another():
    first, second = (Logged("", metrics={"loss": series(range(a, b, 10), np.ones((b - a) // 10))}) for a, b in
                     ((0, 1000), (1000, 1500)))  # fmt: skip
    assert goes_on(second, first)
    assert not goes_on(first, second)
    assert not goes_on(Logged("", metrics={"loss": series(range(0, 500, 10), np.ones(50))}), first)


# Clocks


def wandb_run(**metrics) -> Logged:
    found = {key.replace("__", "/"): series(range(len(values)), values) for key, values in metrics.items()}
    return Logged("a", {"max_iters": 3000.0, "warmup_iters": 60.0}, found, counts_calls=True)


def test_the_optimisers_step_is_the_step_of_a_run_that_logs_it():
    run = on_own_clock(wandb_run(iter=[0, 1000, 2000, 3000], val__loss=[4.0, 3.5, 3.2, 3.0]))
    assert run.metrics["val/loss"].steps.tolist() == [0, 1000, 2000, 3000]
    assert run.last_step == 3000
    assert not strange_clocks([run])


def test_calls_of_log_are_not_compared_with_a_schedule():
    assert [one.code for one in strange_clocks([wandb_run(val__loss=[4.0, 3.5, 3.2])])] == ["D21"]
    ends_as_planned = wandb_run(val__loss=[4.0] * 3000)
    assert not strange_clocks([ends_as_planned])


# Counts that a source makes of something else


def trainer(folder, config, **state):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    history = [{"step": 500, "eval_loss": 0.61}, {"step": 1000, "eval_loss": 0.52}]
    (folder / "trainer_state.json").write_text(json.dumps({"log_history": history, "max_steps": 1000, **state}))
    return folder


def test_total_flos_of_a_model_that_reads_no_text_is_not_compute(tmp_path):
    speech = {"model_type": "whisper", "num_mel_bins": 80, "max_source_positions": 1500, "d_model": 384}
    folder = trainer(tmp_path / "a" / "checkpoint-1000", speech, total_flos=3.6e18, train_batch_size=64)
    runs = read(folder.parent, columns={"N": "39M"})
    assert runs["D"][0] == 1000 * 64 * 1500
    assert "D24" in [one.code for one in runs.findings]


GPT2 = {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257, "n_positions": 1024}


def test_the_shape_beside_a_log_gives_n_by_both_counts(tmp_path):
    (run,) = trainer_state.read(trainer(tmp_path / "a", GPT2))
    assert run.config["shape.params_total"] == pytest.approx(124.4e6, rel=0.002)
    assert run.config["shape.params_non_embedding"] == pytest.approx(84.9e6, rel=0.002)


def test_a_shape_that_contradicts_the_compute_is_said(tmp_path):
    (run,) = trainer_state.read(trainer(tmp_path / "a", GPT2, total_flos=6 * 680e6 * 1e9, num_input_tokens_seen=1e9))
    assert [one.code for one in run.doubts] == ["D24"]
    assert "680M" in run.doubts[0].message
    (sound,) = trainer_state.read(trainer(tmp_path / "b", GPT2, total_flos=6 * 85e6 * 1e9, num_input_tokens_seen=1e9))
    assert not sound.doubts


# Lines by a declared pattern


def test_lines_by_a_pattern_of_the_user_are_read_and_no_others(tmp_path):
    (tmp_path / "own.log").write_text(
        "start\nepoch 1, it 100 -- nll= 4.5 (lr 3e-4)\nepoch 1, it 1,200 -- nll=4.1 (lr 2e-4)\n"
    )
    runs = read(tmp_path / "own.log", line="it {step} -- nll={loss} (lr {lr})", columns={"N": "10M", "D": "step*1000"})
    assert (runs["step"][0], runs["loss"][0], runs["D"][0]) == (1200, 4.1, 1.2e6)
    assert len(read(tmp_path, line="it {step} -- nll={loss} (", columns={"N": "1M"}, curves=True)) == 2


@pytest.mark.parametrize("pattern", ["no braces", "{a} and {a}"])
def test_a_pattern_that_is_none_is_refused(tmp_path, pattern):
    (tmp_path / "own.log").write_text("step 1 loss 2\n")
    with pytest.raises(UsageError, match="pattern"):
        read(tmp_path / "own.log", line=pattern)


def test_a_pattern_that_no_line_is_like_is_refused(tmp_path):
    (tmp_path / "own.log").write_text("step 1 loss 2\n")
    with pytest.raises(DataError, match="no line is like"):
        read(tmp_path / "own.log", line="iteration {step}: {loss}")


# Folders with a table for each run, and exports


def test_a_folder_with_a_table_for_each_run_is_read_as_runs(tmp_path):
    for width, loss in ((256, 4.3), (512, 4.1)):
        (tmp_path / f"w{width}.csv").write_text(
            f"step,tokens,train_loss,val_loss\n100,1e6,5.1,5.0\n200,2e6,4.4,{loss}\n"
        )
    runs = read(tmp_path, columns={"N": "10M"})
    assert (runs.names, runs["loss"].tolist(), runs["D"].tolist()) == (("w256", "w512"), [4.3, 4.1], [2e6, 2e6])


def test_trials_with_nested_settings_are_read_by_the_last_part_of_a_key(tmp_path):
    for name, size in (("a", 1e7), ("b", 4e7)):
        rows = [{"val_loss": 4.0 - i, "tokens": i * 1e8, "config": {"n_params": size}, "it": i} for i in (1, 2)]
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text("\n".join(map(json.dumps, rows)))
    runs = read(tmp_path)
    assert (runs.names, runs["N"].tolist(), runs["loss"].tolist()) == (("a", "b"), [1e7, 4e7], [2.0, 2.0])


def test_a_folder_with_tables_of_runs_is_refused_by_their_names(tmp_path):
    for name in ("more.csv", "runs.csv"):
        (tmp_path / name).write_text("N,D,loss\n1e7,2e8,4.1\n2e7,4e8,3.8\n")
    with pytest.raises(DataError, match=r"is a folder.*more\.csv, runs\.csv"):
        read(tmp_path)


def test_exports_of_metrics_are_read(tmp_path):
    (tmp_path / "run-a-tag-val_loss.csv").write_text("Wall time,Step,Value\n1.7e9,100,4.51\n1.7e9,200,4.02\n")
    assert find_runs(tmp_path / "run-a-tag-val_loss.csv").runs.names == ("a",)
    long = "run_id,attribute_path,step,float_value\n"
    (tmp_path / "n.csv").write_text(
        long + "r1,metrics/val/loss,1,4.0\nr1,metrics/val/loss,2,3.5\nr2,metrics/val/loss,2,3.9\n"
    )
    found = find_runs(tmp_path / "n.csv").runs
    assert (found.names, found["loss"].tolist()) == (("r1", "r2"), [3.5, 3.9])
    (tmp_path / "c.json").write_text(json.dumps({"val": {"loss": {"name": "loss", "x": [1, 2], "y": [4.0, 3.0]}}}))
    assert find_runs(tmp_path / "c.json").runs["loss"].tolist() == [3.0]


@pytest.mark.parametrize(
    "text",
    [
        "N D loss\n1e7 2e8 4.1\n2e7 4e8 3.8\n",
        "# N D loss\n1e7 2e8 4.1\n2e7 4e8 3.8\n",
        "# made by me\n# N,D,loss\n1e7,2e8,4.1\n# a note\n2e7,4e8,3.8\n",
        "| N | D | loss |\n|---|---:|:---:|\n| 1e7 | 2e8 | 4.1 |\n| 20M | 4e8 | 3.8 |\n",
        "sep=;\nN;D;loss\n1e7;2e8;4,1\n2e7;4e8;3,8\n",
    ],
    ids=["spaces", "savetxt", "comments", "Markdown", "sep"],
)
def test_tables_as_people_write_them_are_read(tmp_path, text):
    (tmp_path / "runs.txt").write_text(text)
    runs = read(tmp_path / "runs.txt")
    assert (runs["N"].tolist(), runs["loss"].tolist()) == ([1e7, 2e7], [4.1, 3.8])


def test_a_row_that_is_not_done_is_dropped_before_its_cells_are_judged(tmp_path):
    (tmp_path / "runs.csv").write_text("budget,tokens,macro loss,status\n6e16,1e9,4.1,done\n6e17,1e10,later,running\n")
    with pytest.raises(DataError, match="later"):
        read(tmp_path / "runs.csv")
    runs = read(tmp_path / "runs.csv", where='status == "done"')
    assert runs["N"].tolist() == pytest.approx([1e7])
    assert [one.reason for one in runs.excluded] == ['status == "done" is false']


def logged_with(folder, config):
    folder.mkdir(parents=True)
    (folder / "params.json").write_text(json.dumps(config))
    (folder / "progress.csv").write_text("step,tokens,val_loss\n100,1e9,3.5\n200,2e9,3.25\n")
    return folder.parent


@pytest.mark.parametrize(
    ("count", "more", "said"),
    [
        (124e6, {}, False),  # all of GPT-2's parameters, its blocks alone, and its blocks with an output head
        (85e6, {}, False),
        (117e6, {}, False),
        (350e6, {}, True),
        (40e6, {}, True),
        (40e6, {"num_experts": 8}, False),  # the active ones, of a mixture
        (9e9, {"num_experts": 8}, True),
        (70e6, {"hidden_act": "silu"}, False),  # nobody knows how wide its gated block is
        (40e6, {"hidden_act": "silu", "intermediate_size": 2048}, True),
    ],
)
def test_an_n_that_is_no_part_of_the_shape_in_the_same_settings_is_said(count, more, said, *, tmp_path):
    runs = read(logged_with(tmp_path / "logs" / "one", {**GPT2, **more, "n_params": count}))
    assert runs["N"][0] == count
    assert [one.severity for one in runs.findings if one.code == "D24"] == ["WARN"] * said


def test_the_conflict_of_n_and_shape_has_both_numbers_and_ends_when_one_says_which(tmp_path):
    for name in ("one", "two"):
        folder = logged_with(tmp_path / "logs" / name, {**GPT2, "n_params": 350e6})
    (found,) = [one for one in read(folder).findings if one.code == "D24"]
    assert all(word in found.message for word in ("one is 350M", "124M", "84.9M", "1 more run:")), found.message
    runs = read(folder, columns={"N": "shape.params_total"})
    assert runs["N"].tolist() == pytest.approx([124.4e6] * 2, rel=0.002)
    assert "D24" not in {one.code for one in runs.findings}
