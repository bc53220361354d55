"""isoflop finish --metric: a reward that goes by a sigmoid, what has no best value, and each mistake in a line."""

from __future__ import annotations

import numpy as np
import pytest
from commands import run  # noqa: F401 - a fixture

from isoflop.beyond.finish.metric import finish_metric
from isoflop.errors import UsageError

END = 10_000.0


def truth(x):
    return 0.1 + 0.51 / (1 + (400 / x) ** 1.3)


@pytest.fixture
def table(tmp_path):
    hours = np.geomspace(10, 3000, 20)
    reward = truth(hours) + np.random.default_rng(0).normal(0, 0.004, 20)
    path = tmp_path / "rl.csv"
    path.write_text(
        "gpu_hours,reward\n" + "\n".join(f"{at:.1f},{one:.4f}" for at, one in zip(hours, reward, strict=True))
    )
    return path


def test_a_reward_ends_where_its_sigmoid_does(table):
    (found,) = finish_metric(str(table), metric="reward:as-is", end=END)
    assert found.score.low < truth(END) < found.score.high
    assert found.score.value == pytest.approx(truth(END), abs=0.03)


def test_rows_beyond_what_was_known_are_left_out(table):
    (early,) = finish_metric(str(table), metric="reward:as-is", end=3000, until=1000)
    (late,) = finish_metric(str(table), metric="reward:as-is", end=END)
    assert early.decades > 0.4
    assert early.score.high - early.score.low > late.score.high - late.score.low


def test_the_command_says_what_the_function_says(run, table):  # noqa: F811 - a fixture
    (found,) = finish_metric(str(table), metric="reward:as-is", end=END)
    done = run("finish", table, "--metric", "reward:as-is", "--steps", "10k", "--json")
    assert done.json["forecasts"][0]["metric"]["value"] == pytest.approx(found.score.value)


def test_which_run_along_what_and_to_where_must_be_known(table, tmp_path):
    with pytest.raises(UsageError, match="already at 3000"):
        finish_metric(str(table), metric="reward:as-is", end=100)
    two = tmp_path / "two.csv"
    two.write_text("run,step,reward\n" + "\n".join(f"{name},{at},{at / 100}" for name in "ab" for at in range(1, 9)))
    with pytest.raises(UsageError, match="--run a"):
        finish_metric(str(two), metric="reward:as-is", end=100)
    lone = tmp_path / "lone.csv"
    lone.write_text("when,reward\n" + "\n".join(f"{at},{at / 100}" for at in range(1, 9)))
    with pytest.raises(UsageError, match="--x COLUMN"):
        finish_metric(str(lone), metric="reward:as-is", end=100)
