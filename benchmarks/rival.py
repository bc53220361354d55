"""isoflop beside simple-scaling-laws and a plain SciPy multistart, on the Chinchilla runs, in one go.

    python benchmarks/rival.py --rival-python PATH [--repeats 5] [--points 3]

Each contender is started afresh in turn, on one thread, round after round; the whole process counts
(imports, reading, fit, draws, output). PATH is the Python of an environment with simple-scaling-laws
0.2.0 (it needs Python ≥ 3.12); ISOFLOP_RIVAL_PYTHON says the same. Without it the rival is left out.
The table is read from $ISOFLOP_DATA/chinchilla; "D/N > 0.45" leaves the 240 runs of the replication.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import ISOFLOP, Cost, print_costs, side_by_side

LEAST_TOKENS_PER_PARAMETER = 0.45
RIVAL = """
import json, sys
from simple_scaling_laws import fit
model = fit(sys.argv[1], law="separable-power", n_draws=int(sys.argv[2]), seed=0)
print(json.dumps({"parameters": model.params("test_loss__lm")}))
"""


def prepare(table: Path, folder: Path) -> tuple[Path, Path]:
    """Write the runs as the multistart and as the rival read them; give both paths."""
    with table.open() as file:
        columns = ("Model Size", "Training FLOP", "loss")
        rows = [tuple(float(row[name]) for name in columns) for row in csv.DictReader(file)]
    runs = [(N, C / (6 * N), loss) for N, C, loss in rows]
    runs = [(N, D, loss) for N, D, loss in runs if D / N > LEAST_TOKENS_PER_PARAMETER]
    plain, rival = folder / "plain.csv", folder / "rival.csv"
    with plain.open("w", newline="") as file:
        csv.writer(file).writerows([("N", "D", "loss"), *runs])
    header = ("training_run_id", "model_size__n_params", "dataset_size__n_tokens", "test_loss__lm")
    with rival.open("w", newline="") as file:
        csv.writer(file).writerows([header, *((number, *run) for number, run in enumerate(runs))])
    return plain, rival


def isoflop_fit(table: Path, draws: int) -> list[str]:
    """Give the command a user types; it reads the published table as it is."""
    columns = ["--N", "Model Size", "--C", "Training FLOP"]
    options = ["--where", f"D/N > {LEAST_TOKENS_PER_PARAMETER}", "--draws", str(draws), "--json"]
    return [ISOFLOP, "fit", str(table), "--law", "chinchilla", *columns, *options]


def print_answers(costs: dict[str, list[Cost]]) -> None:
    """Print what each contender found, to see that all solved the same problem."""
    width = max(map(len, costs))
    print(f"\n{'':{width}}       E    alpha     beta")
    for name, runs in costs.items():
        found = json.loads(runs[-1].output)["parameters"]
        values = [found[key]["value"] if isinstance(found[key], dict) else found[key] for key in ("E", "alpha", "beta")]
        print(f"{name:{width}}  {values[0]:.4f}   {values[1]:.4f}   {values[2]:.4f}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival-python", default=os.environ.get("ISOFLOP_RIVAL_PYTHON", ""))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--points", type=int, default=3, help="grid points a parameter, for the multistart")
    return parser.parse_args()


def main() -> None:
    """Run all contenders and print the two tables."""
    asked = arguments()
    if "ISOFLOP_DATA" not in os.environ:
        sys.exit("Set ISOFLOP_DATA to the folder of the public tables; it needs chinchilla/svg_extracted_data.csv.")
    table = Path(os.environ["ISOFLOP_DATA"]) / "chinchilla" / "svg_extracted_data.csv"
    with tempfile.TemporaryDirectory() as folder:
        plain, rival = prepare(table, Path(folder))
        multistart = [sys.executable, str(Path(__file__).with_name("multistart.py")), str(plain)]
        commands: dict[str, Sequence[str]] = {
            "isoflop, 1,000 draws": isoflop_fit(table, 1000),
            "isoflop, 4,000 draws": isoflop_fit(table, 4000),
            f"SciPy multistart, {asked.points**5} starts, 1,000 draws": [
                *multistart,
                "--points",
                str(asked.points),
            ],
        }
        if asked.rival_python:
            commands["simple-scaling-laws 0.2.0, 1,000 draws"] = [
                asked.rival_python,
                "-c",
                RIVAL,
                str(rival),
                "1000",
            ]
        costs = side_by_side(commands, asked.repeats)
    print_costs(costs)
    print_answers(costs)


if __name__ == "__main__":
    main()
