"""Tables of scores as people have them: shares and per cents, long and wide, with counts and standard errors."""

import numpy as np
import pytest

from isoflop.beyond.downstream.long_tables import by_metric, widened
from isoflop.beyond.downstream.reading import read_scored
from isoflop.beyond.downstream.scores import as_shares, items_behind, scores_of
from isoflop.data.read import read
from isoflop.data.readers.source import read_text
from isoflop.data.readers.table import raw_table

TASKS = {"arc_easy": 2376, "piqa": 1838, "balance_copa": 500}


@pytest.fixture
def ladder():
    random = np.random.default_rng(0)
    N = np.repeat([2e8, 4e8, 8e8, 1.3e9], 3)
    D = N * np.tile([20, 40, 100], 4)
    bits = 0.5 + 400 / N**0.33 + 300 / D**0.28
    each = {task: random.binomial(n, 0.25 + 0.6 / (1 + np.exp(4 * (bits - 1.4)))) / n for task, n in TASKS.items()}
    return {"N": N, "D": D, "bits": bits, "scores": each}


def tables(ladder):
    """Give the same ladder as tables of many kinds: name → text."""
    rows = range(ladder["N"].size)
    at = [f"{ladder['N'][row]},{ladder['D'][row]}" for row in rows]
    scores = ladder["scores"]
    wide = lambda f: "\n".join(f"{at[row]}," + ",".join(f(scores[task][row], task) for task in TASKS) for row in rows)  # noqa: E731
    long = lambda f: "\n".join(f"{at[row]},{task},{f(scores[task][row], task)}" for row in rows for task in TASKS)  # noqa: E731
    return {
        "shares": "N,D," + ",".join(TASKS) + "\n" + wide(lambda p, _: str(p)),
        "per cent": "N,D," + ",".join(TASKS) + "\n" + wide(lambda p, _: f"{100 * p:.2f}"),
        "signs": "N,D," + ",".join(f"{task} (%)" for task in TASKS) + "\n" + wide(lambda p, _: f"{100 * p:.2f}"),
        "counts": "N,D," + ",".join(f"{task}_acc,{task}_num_instances" for task in TASKS) + "\n"
        + wide(lambda p, task: f"{p},{TASKS[task]}"),
        "errors": "N,D," + ",".join(f"{task}_acc,{task}_acc_stderr" for task in TASKS) + "\n"
        + wide(lambda p, task: f"{p},{(p * (1 - p) / TASKS[task]) ** 0.5}"),
        "long": "N,D,task,acc\n" + long(lambda p, _: str(p)),
        "long per cent": "N,D,benchmark,score,n\n" + long(lambda p, task: f"{100 * p:.2f},{TASKS[task]}"),
        "long by metric": "N,D,task,metric,value\n"
        + "\n".join(f"{at[row]},{task},{kind},{value}" for row in rows for task in TASKS
                    for kind, value in (("acc", scores[task][row]), ("bpb", ladder["bits"][row]))),
    }  # fmt: skip


KINDS = ("shares", "per cent", "signs", "counts", "errors", "long", "long per cent", "long by metric")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gives_the_same_scores(kind, tmp_path, ladder):
    path = tmp_path / "ladder.csv"
    path.write_text(tables(ladder)[kind])
    runs = as_shares(widened(read_scored(read, str(path))))
    found = scores_of(runs)
    assert len(found) == len(TASKS)
    for name, task in zip(found, TASKS, strict=True):
        assert runs[name] == pytest.approx(ladder["scores"][task], abs=1e-4)
        if kind in {"counts", "errors", "long per cent"}:
            assert items_behind(runs, name, runs[name]) == pytest.approx(TASKS[task], rel=0.01)


def test_counts_ratios_and_depths_are_no_scores_in_per_cent(ladder):
    columns = {"N": ladder["N"], "D": ladder["D"], "loss": ladder["bits"], "layers": np.tile([12.0, 24, 48], 4)}
    runs = read(
        {
            **columns,
            "D_over_N": ladder["D"] / ladder["N"],
            "arc": 100 * ladder["scores"]["piqa"],
            "average": 40 + ladder["bits"],
        }
    )
    assert scores_of(runs) == ("arc",)


def test_a_wide_table_has_no_column_of_metrics(tmp_path, ladder):
    path = tmp_path / "wide.csv"
    path.write_text(tables(ladder)["shares"])
    assert by_metric(raw_table(read_text(str(path)))) is None
