"""Small studies for the tests: a folder with a study.toml and a command that trains next to nothing."""

import json
import os
import subprocess
import sys
import time

from isoflop.experiments.study import open_study
from isoflop.experiments.study.claims import claims_in
from isoflop.experiments.study.progress import progress

TRAIN = """\
import json, os, sys, time
name, tokens, mode = sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or ["fine"])[0]
with open("started.txt", "a") as stream:
    stream.write(name + "\\n")
def report(**what):
    print(json.dumps(what))
print("hello from", name)
if mode == "fails":
    raise SystemExit("no such luck")
if mode == "says-nothing":
    raise SystemExit(0)
for step in range(1, 6):
    if mode == "slow":
        time.sleep(0.05)
    loss = float("nan") if mode == "diverges" and step == 3 else 2 + 1 / step
    report(step=step, tokens=tokens * step // 5, params=1000, loss=loss)
if mode == "diverges":
    time.sleep(600)
    open("slept.txt", "w").close()
"""
PATIENT = """
import json, os, sys, time
open("started.txt", "a").write(sys.argv[1] + "\\n")
for step in range(1, 6):
    while step == 3 and not os.path.exists("go"):
        time.sleep(0.02)
    print(json.dumps({"step": step, "tokens": step, "params": 1000, "loss": 2 + 1 / step}))
"""
"""A command that waits in the middle until there is a file called go."""
LAUNCH = "import sys; from isoflop import launch, open_study; launch(open_study(sys.argv[1]))"


def sweep(folder, *, runs=("a", "b", "c"), train=TRAIN, mode="fine", top="", tables=""):
    """Write a study of a few runs and give it; `top` goes to the top of study.toml, `tables` to its end."""
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(train)
    listed = "".join(f'[[run]]\nname = "{name}"\nD = {1000 + i}\nmode = "{mode}"\n' for i, name in enumerate(runs))
    (folder / "study.toml").write_text(
        'name = "sweep"\ncommand = ["{python}", "-S", "-E", "-u", "train.py", "{name}", "{D}", "{mode}"]\n'
        f"workers = 2\n{top}\n{listed}{tables}"
    )
    return open_study(folder)


def started(study):
    """Give the names of the runs whose command was started, each as often as it was."""
    path = study.folder / "started.txt"
    return sorted(path.read_text().split()) if path.exists() else []


def records(study, name):
    """Give the records in a run's metrics file."""
    text = (study.folder_of(study.run_called(name)) / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def claims(study, name):
    """Give the attempts at a run."""
    return claims_in(study.folder_of(study.run_called(name)))


def at_work(study):
    """Give the names of the runs whose commands have begun to report."""
    return {run.name for run in progress(study).runs if run.state == "running" and run.loss}


def whole(study):
    """Say whether every run is done, and what its metrics hold is one attempt's, nothing twice."""
    steps = [[one["step"] for one in records(study, run.name)] for run in study.runs]
    return progress(study).count("done") == len(study) and steps == [[1, 2, 3, 4, 5]] * len(study)


def driver(study, program=LAUNCH, *words):
    """Start a driver of a study in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", program, str(study.folder), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def until(condition, *, patience=300.0):
    """Wait until something is so."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.01)
