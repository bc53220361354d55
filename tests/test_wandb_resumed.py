"""A run that the real W&B client logged in two processes, stopped and resumed under one id, is one run."""

import os
import subprocess
import sys

import pytest
from write_logs import PATIENT

import isoflop
from isoflop.forecasting.curves.logged import read_log

TRAIN = """
import sys
import wandb
first, last = map(int, sys.argv[1:])
settings = wandb.Settings(mode="offline", console="off", x_disable_stats=True, x_disable_meta=True, disable_git=True)
run = wandb.init(project="p", id="abc123", name="small", resume=True, config={"n_params": 1e7}, settings=settings)
for step in range(first, last + 1, 10):
    run.log({"val/loss": 2 + 30 / step, "tokens": step * 1000}, step=step)
run.finish()
"""


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """Give the folder of a run that two processes logged: the second goes back to step 60 of 100."""
    pytest.importorskip("wandb")
    folder = tmp_path_factory.mktemp("wandb")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    for words in (("10", "100"), ("60", "200")):
        subprocess.run(
            [sys.executable, "-c", TRAIN, *words], cwd=folder, check=True, capture_output=True,
            env={**kept, "WANDB_SILENT": "true", "WANDB_DIR": str(folder), "HOME": str(folder), **PATIENT},
        )  # fmt: skip
    return folder


def test_two_processes_with_one_id_are_one_run(resumed):
    assert len(list(resumed.rglob("*.wandb"))) == 2
    runs = isoflop.read(resumed)
    assert len(runs) == 1
    assert (runs["N"][0], runs["D"][0], runs["loss"][0]) == (1e7, 200_000, 2 + 30 / 200)


def test_its_curve_has_each_step_once(resumed):
    found = read_log(resumed)
    assert found.at.tolist() == list(range(10, 201, 10))
    assert found.loss == pytest.approx(2 + 30 / found.at)
