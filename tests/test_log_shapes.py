"""Lines as trainings print them, a few of each kind, in the words of public projects: the last loss and its step."""

import pytest

from isoflop import find_runs

STEPS = (100, 200, 300)
LOSSES = (4.5, 4.1, 3.9)
"""Where each log below ends: step 300, loss 3.9."""


def each(template, **more):
    """Return a template once for each step."""
    lines = (
        template.format(step=step, step0=step - 1, loss=loss, tokens=step * 524_288, epoch=number, **more)
        for number, (step, loss) in enumerate(zip(STEPS, LOSSES, strict=True), start=1)
    )
    return "\n".join(lines) + "\n"


SHAPES = {
    "megatron": each(
        " [2026-01-02 03:04:05] iteration {step:8d}/    1000 | consumed samples: {step:12d} | elapsed time per "
        "iteration "
        "(ms): 512.3 | learning rate: 1.500000E-04 | global batch size:   256 | lm loss: {loss:.6E} | loss "
        "scale: 1.0 | "
        "grad norm: 0.512 | number of skipped iterations:   0 | number of nan iterations:   0 |"
    ),
    "megatron validation": each(
        " validation loss at iteration {step} | lm loss value: {loss:.6E} | lm loss PPL: 4.940239E+01 | "
    ),
    "nemo bar": each(
        "Training epoch 0, iteration {step}/999 | lr: 1.499e-05 | global_batch_size: 512 | global_step: {step} | "
        "reduced_train_loss: {loss} | train_step_timing in s: 3.51 | consumed_samples: {step}"
    ),
    "torchtitan": each(
        "[rank0]:[titan] 2026-01-02 03:04:05,678 - root - INFO - step: {step:2d}  loss: {loss:7.4f}  grad_norm: "
        " 1.2000  "
        "memory: 20.28GiB(21.35%)  tps: 5,123  tflops: 301.2  mfu: 30.45%"
    ),
    "nanogpt": each("step {step}: train loss {loss:.4f}, val loss {loss:.4f}"),
    "nanogpt iter": each("iter {step}: loss {loss:.4f}, time 135.22ms, mfu 17.23%"),
    "llm.c": each("s:{step} tel:{loss:.6f}") + each("s:{step} trl:{loss:.6f} lr:0.000600 norm:1.02"),
    "llm.c stdout": each(
        "step {step:4d}/19560 | loss {loss:.6f} (-0.12z)| norm 0.5512 (+0.31z)| lr 1.2e-04 | 320.12 ms | 45.1% "
        "bf16 MFU | "
        "1637890 tok/s"
    ),
    "modded-nanogpt": each("step:{step}/300 val_loss:{loss:.4f} train_time:12345ms step_avg:98.76ms"),
    "litgpt": each(
        "Epoch 1 | iter {step} step {step} | loss train: {loss:.3f}, val: {loss:.3f} | iter time: 512.11 ms (step) "
        "remaining time: 1:02:03"
    ),
    "olmo": each(
        "2026-01-02 03:04:05.678\thost:0\tolmo.train:967\tINFO\t[step={step}/1000,epoch=0]\n"
        "    optim/learning_rate_group0=0.0003\n    train/CrossEntropyLoss={loss}\n    train/Perplexity=49.4\n"
        "    throughput/total_tokens={tokens}\n"
    ),
    "levanter": each(
        "2026-01-02T03:04:05 - 0 - levanter.callbacks - callbacks.py:301 - INFO :: Step {step}: "
        "validation loss: {loss:.3f}"
    ),
    "keras": each(
        "Epoch {epoch}/3\n100/100 [==============================] - 12s 120ms/step - loss: {loss:.4f} - "
        "val_loss: {loss:.4f}"
    ),
    "hf trainer": each(
        "{{'loss': {loss}, 'grad_norm': 1.21, 'learning_rate': 4.5e-05, 'epoch': 0.{step}}}\n"
        "{{'eval_loss': {loss}, 'eval_runtime': 5.1, 'eval_samples_per_second': 20.1, 'epoch': 0.{step}}}"
    ),
    "llama-factory": each(
        "[INFO|2026-01-02 03:04:05] llamafactory.train.callbacks:143 >> {{'loss': {loss:.4f}, 'learning_rate': "
        "4.9e-05, 'epoch': 0.{step}, 'throughput': 5123.4, 'num_input_tokens_seen': {tokens}}}"
    ),
    "fairseq": each(
        "2026-01-02 03:04:05 | INFO | valid | epoch {epoch:03d} | valid on 'valid' subset | loss {loss:.3f} | "
        "ppl 49.4 | "
        "wps 51234 | wpb 4096 | bsz 8 | num_updates {step}"
    ),
    "fairseq json": each(
        '2026-01-02 03:04:05 | INFO | train_inner | {{"epoch": 1, "update": 0.1, "loss": "{loss:.3f}", "ppl": "49.4", '
        '"num_updates": "{step}", "lr": "0.0003", "gnorm": "1.2"}}'
    ),
    "t5x": each(
        "I0102 03:04:05.678 140 metrics.py:301] train Metrics at step: {step}, {{'loss': {loss}, "
        "'learning_rate': 0.01}}"
    ),
    "deepspeed": each(
        "[2026-01-02 03:04:05,678] [INFO] [logging.py:96:log_dist] [Rank 0] step={step}, skipped=0, lr=[0.0003], "
        "mom=[(0.9, 0.95)]\nsteps: {step} loss: {loss:.4f} iter time (s): 1.234 samples/sec: 207.5"
    ),
    "composer": each(
        "[batch={step}/1000]:\n\t Train time/batch: {step0}\n\t Train time/token: {tokens}\n"
        "\t Train loss/train/total: {loss:.4f}\n\t Train metrics/train/LanguageCrossEntropy: {loss:.4f}\n"
    ),
    "composer evaluated": each(
        "[batch={step}/1000]:\n\t Train time/token: {tokens}\n\t Train loss/train/total: 5.0\n"
        "[Eval batch=1/10] Eval on eval data:\n\t Eval metrics/eval/LanguageCrossEntropy: {loss:.4f}\n"
    ),
    "nanogpt, both of its lines": each("iter {step0}: loss 5.0, time 135.22ms\nstep {step}: val loss {loss:.4f}"),
    "equals": each("step={step} loss={loss} lr=3e-4 tokens={tokens}"),
    "json lines": each('{{"step": {step}, "val_loss": {loss}, "tokens": {tokens}}}'),
    "tqdm": each("train:  10%|#         | {step}/1000 [00:10<01:40, 9.1it/s, loss={loss:.4f}]"),
    "logger": each("INFO:train:Step {step} | Loss: {loss:.4f} | LR: 3.0e-04 | Tokens: {tokens}"),
    "gpt-neox": each(
        "10.0.0.1:  samples/sec: 207.5 | iteration {step:8d}/  143000 | elapsed time per iteration (ms): 1234.5 "
        "| learning "
        "rate: 6.000E-04 | approx flops per GPU: 81.2TFLOPS | lm_loss: {loss:.6E} | loss scale: 4096.0 | "
    ),
    "nanotron": each(
        "01/02/2026 03:04:05 [INFO|DP=0|PP=0|TP=0]: iteration: {step} / 1000 | consumed_tokens: {tokens} | "
        "elapsed_time_per_iteration_ms: 512 | tokens_per_sec: 12.3K | global_batch_size: 512K | lm_loss: {loss:.3g} | "
        "lr: 0.0003 | model_tflops_per_gpu: 301 | grad_norm: 0.51"
    ),
    "nanochat": each(
        "step {step:05d}/01000 (10.00%) | loss: {loss:.6f} | lrm: 1.00 | dt: 512.00ms | tok/sec: 1,023,456 | mfu: 45.1"
    ),
    "lingua": each(
        "0: INFO    26-01-02 03:04:05.678 - 0:00:10 - step: {step}  acc: 0  loss: {loss:.4f}  grad: 1.20e+00  "
        "flops: 3.01e+14  wps: 1.02e+04  iter: 0.512  data: 0.001  lr: 3.00e-04  mem: 21%  pow: 512 W"
    ),
    "maxtext": each(
        "completed step: {step}, seconds: 1.234, TFLOP/s/device: 123.456, Tokens/s/device: 5123.4, "
        "total_weights: 524288, "
        "loss: {loss:.3f}"
    ),
}
"""A kind of log → its text."""
TRAINING_ONLY = {"nemo bar": "train/loss", "olmo": "train/CrossEntropyLoss", "composer": "Train_loss/train/total"}
"""Logs that hold no loss but the training's, by its name: what to take is asked."""
BY_EPOCH = {"keras": 3, "hf trainer": 0.3, "llama-factory": 0.3}
"""Logs that count epochs alone."""


@pytest.mark.parametrize("kind", [kind for kind in SHAPES if kind not in TRAINING_ONLY])
def test_the_last_loss_and_its_step_are_read(kind, tmp_path):
    (tmp_path / "job.log").write_text(SHAPES[kind])
    runs = find_runs(str(tmp_path / "job.log")).runs
    assert len(runs) == 1
    assert runs["loss"][-1] == pytest.approx(3.9)
    assert runs["step"][-1] == pytest.approx(BY_EPOCH.get(kind, 300))
    assert "C" not in runs  # lingua's flops are a rate


@pytest.mark.parametrize(
    "said", ["model parameters: 10,000,000", "params=10000000 lr=0.1", "n_params: 10M", '"params": 10.0M,']
)
def test_parameters_are_known_however_they_are_written(said, tmp_path):
    for name in ("run1.log", "run2.log"):
        (tmp_path / name).write_text(f"{said}\n{SHAPES['equals']}")
    runs = find_runs(str(tmp_path)).runs
    assert runs["N"].tolist() == [1e7, 1e7]
    assert runs.names == ("run1", "run2")


def test_shares_of_epochs_are_steps_where_the_log_says_how_many_there_are(tmp_path):
    said = (
        "Num Epochs = 2",
        "Total train batch size (w. parallel, distributed) = 64",
        "Total optimization steps = 1,000",
    )
    (tmp_path / "job.log").write_text("\n".join([*said, SHAPES["hf trainer"]]))
    found = find_runs(str(tmp_path / "job.log"), columns={"D": "step*global_batch_size*1024"}).runs
    assert found["step"][-1] == pytest.approx(0.3 * 1000 / 2)
    assert found["D"][-1] == pytest.approx(150 * 64 * 1024)


def test_epochs_stay_epochs_where_the_log_does_not_say_how_many_there_are(tmp_path):
    (tmp_path / "job.log").write_text(f"max_steps: 1000\n{SHAPES['hf trainer']}")
    assert find_runs(str(tmp_path / "job.log")).runs["step"][-1] == pytest.approx(0.3)


def test_parameters_of_a_part_are_not_those_of_the_model(tmp_path):
    (tmp_path / "job.log").write_text(f"embedding params: 4,000,000\nmodel params: 10,000,000\n{SHAPES['equals']}")
    assert find_runs(str(tmp_path / "job.log")).runs["N"].tolist() == [1e7]


@pytest.mark.parametrize("kind", [*TRAINING_ONLY])
def test_a_training_loss_alone_is_asked_about(kind, tmp_path):
    (tmp_path / "job.log").write_text(SHAPES[kind])
    found = find_runs(str(tmp_path / "job.log"))
    assert found.missing.startswith("loss and N")
    assert TRAINING_ONLY[kind] in found.missing
    told = find_runs(str(tmp_path / "job.log"), columns={"loss": TRAINING_ONLY[kind]}).runs
    assert told["loss"][-1] == pytest.approx(3.9)


def test_a_progress_bar_written_over_itself_gives_each_of_its_states(tmp_path):
    (tmp_path / "job.log").write_text(SHAPES["tqdm"].replace("\n", "\r") + "\n")
    runs = find_runs(str(tmp_path / "job.log"), curves=True).runs
    assert runs["step"].tolist() == [100, 200, 300]
    assert runs["loss"].tolist() == [4.5, 4.1, 3.9]


@pytest.mark.parametrize(("tokens", "taken"), [("{tokens}", True), ("524288", False)])
def test_tokens_that_do_not_grow_are_a_batch_and_not_d(tokens, taken, tmp_path):
    (tmp_path / "job.log").write_text(each("step={step} loss={loss} tokens=" + tokens))
    assert ("D" in find_runs(str(tmp_path / "job.log")).runs) is taken
