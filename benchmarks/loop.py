"""The loop closed with real runs, once for each seed: eight are trained, a ninth is forecast, trained and compared.

    python benchmarks/loop.py --seeds 0,1,2 --folder loops

Each seed (of the first weights and of the data's order) trains examples/loop, then the best run for three times its
largest budget, and at that budget the widths with half and with twice as many parameters.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

import numpy as np

import isoflop

EXAMPLE = Path(__file__).parents[1] / "examples" / "loop" / "study.toml"
TARGET, STEP = 9e10, 4


def inside(runs: isoflop.Runs) -> bool:
    """Say whether the least loss of a budget is at neither end of its sizes."""
    return bool(runs["N"].min() < runs["N"][np.argmin(runs["loss"])] < runs["N"].max())


def loop(folder: Path, seed: int) -> str:
    """Train, forecast, train the forecast, and give a row of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = re.sub(r"^(seed|order) = \d+", rf"\1 = {seed}", EXAMPLE.read_text(), flags=re.MULTILINE)
    (folder / "study.toml").write_text(text)
    study = isoflop.open_study(folder)
    isoflop.launch(study)
    valleys = [inside(isoflop.read(folder, where=one)) for one in ("C < 2e10", "C > 2e10")]
    found = isoflop.verify(study, flops=TARGET)
    width, trial = int(found.sizing.chosen["width"]), found.trial
    others = [
        isoflop.verify(study, flops=TARGET, settings={"width": str(STEP * round(width * factor / STEP))}).trial
        for factor in (2**-0.5, 2**0.5)
    ]
    seconds = sum(float(isoflop.read(one)["seconds"].sum()) for one in (folder, folder / "verify"))
    cells = [
        str(seed), f"{sum(valleys)} of 2", f"{found.plan.N.value:,.0f}", str(width), f"{trial.forecast.loss.value:.4f}",
        f"{trial.forecast.loss.low:.4f} – {trial.forecast.loss.high:.4f}", f"{trial.loss:.4f}", f"{trial.error:+.2%}",
        "yes" if trial.held else "no", ", ".join(f"{one.loss:.4f}" for one in others),
        "yes" if min(one.loss for one in others) > trial.loss else "no", f"{seconds:.0f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a row for each seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--folder", help="where the runs are kept; say it again to go on after an interruption")
    asked = parser.parse_args()
    head = ("seed", "minima inside", "best N", "width", "forecast", "90 % interval", "loss", "error", "held",
            "at half and twice N", "N_opt within 2", "seconds")  # fmt: skip
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    with tempfile.TemporaryDirectory() as temporary:
        for seed in map(int, asked.seeds.split(",")):
            print(loop(Path(asked.folder or temporary) / f"seed{seed}", seed), flush=True)


if __name__ == "__main__":
    main()
