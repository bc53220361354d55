"""Train a ladder of tiny language models, larger runs, and runs that break, each with its whole curve as JSON lines.

    python benchmarks/watched_runs.py FOLDER ladder              # small runs
    python benchmarks/watched_runs.py FOLDER 3x 8x 20x           # 3, 8 and 20 times the largest budget
    python benchmarks/watched_runs.py FOLDER rate data spike     # the run at 3x, broken in three ways

Each run's log is FOLDER/NAME.jsonl: step, tokens, lr, loss (on a sixteenth of the validation windows) and train_loss.
What breaks is laid over the trainer from outside: it has no switch for it. A broken run goes on from the state and the
rows that the sound one had there, so 3x comes first.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from isoflop.experiments.trainer.config import Config
from isoflop.experiments.trainer.learner import Learner
from isoflop.experiments.trainer.state import load_state, save_state
from isoflop.experiments.trainer.tasks import Problem
from isoflop.experiments.trainer.train import PARTIAL, train
from isoflop.experiments.trainer.workers import Workers
from isoflop.formula.schedule import warmup_stable_decay

LADDER = {"w16": (16, 3_390_976), "w24s": (24, 1_506_816), "w24": (24, 3_616_768), "w32": (32, 2_034_688)}
"""Width and D: budgets of 1.25e11 and 3e11 FLOPs."""
LARGER = {"3x": (48, 2_713_088), "8x": (64, 4_069_376), "20x": (80, 6_510_592)}
BROKEN_AT = 0.5
"""The share of its steps after which a broken run breaks."""
EVALUATIONS = 60
HALF = "half"


def config(width: int, tokens: int) -> Config:
    """Return the configuration of a run: the recipe of the dataset tinylm."""
    return Config(width=width, tokens=tokens, device="cpu", evaluations=EVALUATIONS, records=0)


def broken(name: str, learner: Learner, steps: int, *, half: Path) -> None:
    """Break a run after half its steps: five times the rate for good, one shard for ever, or 20 steps at 30 times.

    A sound run keeps the state that it has there, and the broken ones go on from it.
    """
    learn, batch, begin = learner.learn, learner.problem.batch, int(BROKEN_AT * steps)
    if name in LARGER:

        def kept(rate: float) -> None:
            if learner.step == begin:
                save_state(learner.state(HALF), half)
            learn(rate)

        learner.learn = kept  # type: ignore[method-assign]
        return
    found = load_state(half, id=HALF, size=len(learner.weights.values))
    if found is not None:
        learner.restore(found)

    def learned(rate: float) -> None:
        far = learner.step - begin
        if name == "rate" and far >= 0:
            rate *= 5
        if name == "spike" and 0 <= far < 20:
            rate *= 30
        learn(rate)

    learner.learn = learned  # type: ignore[method-assign]
    if name == "data":
        learner.problem.__dict__["batch"] = lambda step: batch(step if step < begin else step % 64)


def rows_before(folder: Path, name: str, steps: int) -> list[str]:
    """Return the rows of the sound run from before the step at which a broken one leaves it."""
    if name in LADDER or name in LARGER:
        return []
    rows = (folder / "3x.jsonl").read_text().splitlines(keepends=True)
    return [row for row in rows if json.loads(row)["step"] <= int(BROKEN_AT * steps)]


def run(folder: Path, name: str) -> None:
    """Train one run and write its log."""
    own = config(*(LADDER | LARGER).get(name, LARGER["3x"]))
    rates = warmup_stable_decay(own.steps, peak=own.lr, decay=own.decay_steps, warmup=own.warmup)
    before, ends = Learner.__init__, []

    def begun(  # noqa: PLR0917 - as in Learner
        self: Learner, settings: Config, problem: Problem, workers: Workers
    ) -> None:
        before(self, settings, problem, workers)
        validate = self.validate

        def validated(stop: object, every: int = 1) -> object:
            if every == 1:  # the last one: on the windows of those before it, too
                ends.append(validate(stop, PARTIAL)[0].loss)  # type: ignore[arg-type]
            return validate(stop, every)  # type: ignore[arg-type]

        self.validate = validated  # type: ignore[method-assign,assignment]
        if name not in LADDER:
            broken(name, self, own.steps, half=folder / f"half-{own.steps}.npz")

    Learner.__init__ = begun  # type: ignore[method-assign]
    with (folder / f"{name}.jsonl").open("w") as log:
        log.writelines(rows_before(folder, name, own.steps))
        log.flush()

        def report(record: dict[str, object]) -> None:
            if "loss" in record and "step" in record:
                keys = ("step", "tokens", "loss", "train_loss")
                row = {key: record[key] for key in keys if key in record} | ({"loss": ends[-1]} if ends else {})
                log.write(json.dumps({**row, "lr": float(rates[int(str(record["step"])) - 1])}) + "\n")
                log.flush()

        started = time.process_time()
        last = train(own, report=report)[-1]
    Learner.__init__ = before  # type: ignore[method-assign]
    facts = {"run": name, "N": last["N"], "D": last["D"], "steps": own.steps, "loss": last["loss"]}
    print(json.dumps({**facts, "cpu_seconds": round(time.process_time() - started, 1)}), flush=True)


def main() -> None:
    """Train the runs that are named."""
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for one in LADDER if name == "ladder" else (name,):
            run(folder, one)


if __name__ == "__main__":
    main()
