"""Write the same three runs with the writers that people train with: python write_logs.py KIND FOLDER.

Run as a process of its own: the writers are slow to load, start helpers, and warn of what is theirs to mend.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

RUNS = 3
STEPS = tuple(range(0, 100, 5))
OTHER = (25, 50, 99)
"""Steps of the evaluations."""
PATIENT = {"WANDB__SERVICE_WAIT": "600", "WANDB_INIT_TIMEOUT": "600"}
"""Seconds that W&B's own process may take to start: no busy machine takes so long."""


def name(run: int) -> str:
    return f"small-{run}"


def config(run: int) -> dict[str, float | str]:
    return {"n_params": 10**7 * (run + 1), "lr": 0.0003, "optimizer": "adamw"}


def train_loss(run: int, step: int) -> float:
    return 4 - 0.01 * step - 0.1 * run + 1 / 3


def val_loss(run: int, step: int) -> float:
    return train_loss(run, step) + 0.125


def tokens(step: int) -> int:
    return 10**6 * (step + 1)


def logged(run: int) -> list[tuple[int, dict[str, float]]]:
    """Give what a run logs, step by step."""
    return [
        (step, ({"train/loss": train_loss(run, step), "tokens": tokens(step)} if step in STEPS else {})
         | ({"val/loss": val_loss(run, step), "tokens": tokens(step)} if step in OTHER else {}))
        for step in sorted({*STEPS, *OTHER})
    ]  # fmt: skip


def wandb(folder: Path) -> None:
    os.environ.update({"WANDB_SILENT": "true", **PATIENT})
    import wandb

    settings = wandb.Settings(
        mode="offline", console="off", x_disable_stats=True, x_disable_meta=True, disable_git=True, save_code=False
    )
    for run in range(RUNS):
        writer = wandb.init(project="p", dir=str(folder), name=name(run), config=config(run) | {"model": {"depth": 4}},
                            settings=settings)  # fmt: skip
        for step, values in logged(run):
            writer.log(values, step=step)
        writer.summary["verdict"] = "fine"
        writer.finish(exit_code=int(run == 2))


def torch(folder: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    for run in range(RUNS):
        writer = SummaryWriter(str(folder / name(run)))
        for step, values in logged(run):
            for key, value in values.items():
                writer.add_scalar(key, value, step, new_style=key == "val/loss")
        writer.add_text("notes", "nothing of interest", 3)
        writer.add_histogram("weights", __import__("numpy").arange(2000.0), 7)
        writer.add_hparams(config(run), {"final": 1.0})
        writer.close()


def tensorboard(folder: Path) -> None:
    from tensorboard.summary import Writer

    for run in range(RUNS):
        writer = Writer(str(folder / name(run)))
        for step, values in logged(run):
            for key, value in values.items():
                writer.add_scalar(key, value, step)
        writer.close()


def _mlflow(address: str) -> None:
    import mlflow

    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("sweep")
    for run in range(RUNS):
        with mlflow.start_run(run_name=name(run)):
            mlflow.log_params(config(run))
            for step, values in logged(run):
                mlflow.log_metrics(values, step=step)
    with mlflow.start_run(run_name="deleted") as gone:
        mlflow.log_metric("val/loss", 9.0)
    mlflow.delete_run(gone.info.run_id)


def mlflow(folder: Path) -> None:
    _mlflow(f"sqlite:///{folder / 'mlflow.db'}")


def mlruns(folder: Path) -> None:
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    _mlflow((folder / "mlruns").as_uri())


def trainer_state(folder: Path) -> None:
    """As transformers.TrainerState.save_to_json writes it."""
    for run in range(RUNS):
        history = [
            {"epoch": step / 100, "step": step}
            | ({"loss": values["train/loss"], "grad_norm": 1.0} if "train/loss" in values else {})
            | ({"eval_loss": values["val/loss"], "eval_runtime": 1.5} if "val/loss" in values else {})
            for step, values in logged(run)
        ]
        for steps in (50, 99):
            state = {
                "best_metric": None, "epoch": 1.0, "global_step": steps, "is_world_process_zero": True,
                "log_history": [row for row in history if row["step"] <= steps], "max_steps": 99,
                "num_input_tokens_seen": tokens(steps), "total_flos": 6.0 * config(run)["n_params"] * tokens(steps),
            }  # fmt: skip
            place = folder / name(run) / f"checkpoint-{steps}"
            place.mkdir(parents=True)
            (place / "trainer_state.json").write_text(json.dumps(state, indent=2, sort_keys=True) + "\n")
            (place / "config.json").write_text(json.dumps({"hidden_size": 256, "architectures": ["GPT"]}))


def lightning(folder: Path) -> None:
    """As lightning.fabric.loggers.csv_logs and its hparams.yaml write it."""
    for run in range(RUNS):
        place = folder / name(run)
        place.mkdir(parents=True)
        with (place / "metrics.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, ["epoch", "step", "train_loss", "val_loss", "tokens"])
            writer.writeheader()
            for step, values in logged(run):
                row = {key.replace("/", "_"): value for key, value in values.items()}
                writer.writerow({"epoch": 0, "step": step} | row)
        lines = [f"{key}: {value}" for key, value in config(run).items()]
        (place / "hparams.yaml").write_text("\n".join([*lines, "betas:", "- 0.9", "odd: !!python/object:os.x {}", ""]))


def olmo(folder: Path) -> None:
    """As olmo_core.train.callbacks.MetricSaverCallback writes it."""
    for run in range(RUNS):
        place = folder / name(run)
        place.mkdir(parents=True)
        for step in OTHER:
            saved = {"train/CE loss": train_loss(run, step), "eval/loss": val_loss(run, step),
                     "throughput/total tokens": tokens(step)}  # fmt: skip
            (place / f"metrics_step{step}.json").write_text(json.dumps(saved))
        (place / "metrics.json").write_text("{}")
        (place / "config.json").write_text(json.dumps({"model": config(run)}))


KINDS: dict[str, Callable[[Path], None]] = {
    one.__name__: one
    for one in (wandb, torch, tensorboard, mlflow, mlruns, trainer_state, lightning, olmo)
}  # fmt: skip

if __name__ == "__main__":
    KINDS[sys.argv[1]](Path(sys.argv[2]))
