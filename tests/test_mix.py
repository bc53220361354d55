"""Proxy runs with shares of several sources give the best mixture, and losses of others, for every target."""

import os
from pathlib import Path

import numpy as np
import pytest

from isoflop import DataError, Runs, UsageError, mix, read
from isoflop.beyond.mix.mixtures import mixtures_of

pytest_plugins = ["commands"]
WORTHS = {"code": (1.0, 0.1, 0.05), "text": (0.05, 1.0, 0.3), "math": (0.1, 0.2, 1.0)}
SOURCES = tuple(WORTHS)


def loss(shares):
    """Return the true losses of shares (points, 3): a floor and a power of effective tokens, one a target."""
    return np.column_stack([1.0 + 0.8 * (shares @ np.array(worth)) ** -0.35 for worth in WORTHS.values()])


def world(count=24, *, noise=3e-3, seed=0, scale=1.0, N=1e7):
    """Return proxies of three sources with the truth known; some shares are 0."""
    draw = np.random.default_rng(seed)
    shares = draw.dirichlet([0.8] * 3, count)
    shares = np.where(shares < 0.02, 0, shares)
    shares /= shares.sum(1, keepdims=True)
    reached = scale * loss(shares) * np.exp(draw.normal(0, noise, shares.shape))
    return {
        **{f"share_{name}": column for name, column in zip(SOURCES, shares.T, strict=True)},
        **{f"loss_{name}": column for name, column in zip(SOURCES, reached.T, strict=True)},
        "N": np.full(count, N),
        "D": np.full(count, 20 * N),
    }


@pytest.fixture(scope="module")
def found():
    return mix(Runs.of(**world()))


def test_held_out_mixtures_are_foretold_at_every_target():
    others = world(60, seed=5, noise=0)
    found = mix(Runs.of(**world()), at=Runs.of(**{key: others[key] for key in others if key.startswith("share")}))
    held = []
    for row, one in enumerate(found.forecasts):
        for name, estimate in one.losses.items():
            assert estimate.value == pytest.approx(others[name][row], rel=0.05)
            held.append(estimate.low <= others[name][row] <= estimate.high)
    assert np.mean(held) > 0.8


def test_the_best_mixture_is_as_good_as_the_true_one(found):
    grid = np.random.default_rng(1).dirichlet([1] * 3, 20_000)
    lowest = loss(grid).mean(1).min()
    best = np.array([[found.best.shares[f"share_{name}"] for name in SOURCES]])
    assert best.sum() == pytest.approx(1)
    assert loss(best).mean() < 1.01 * lowest
    assert found.best.objective.low <= loss(best).mean() <= found.best.objective.high


def test_a_target_of_one_loss_moves_the_shares_to_its_source():
    code = mix(Runs.of(**world()), targets={"loss_code": 1}).best.shares
    text = mix(Runs.of(**world()), targets={"loss_text": 3, "loss_code": 1}).best.shares
    assert code["share_code"] > 0.6
    assert text["share_text"] > text["share_code"]


def test_a_source_with_few_tokens_gives_less():
    free = mix(Runs.of(**world()), targets=["loss_code"]).best.shares["share_code"]
    limited = mix(Runs.of(**world()), targets=["loss_code"], limits={"share_code": 2e5}).best.shares["share_code"]
    assert limited < free - 0.1


def test_the_law_that_is_true_is_the_nearest_on_held_out_mixtures(found):
    errors = {one.name: one.error for one in found.laws}
    assert min(errors["effective tokens"], errors["average"]) < min(errors["log-linear"], errors["exponential"])


def test_larger_runs_carry_the_losses_to_their_scale():
    small, large = world(), world(6, seed=9, scale=0.7, N=1e9)
    both = Runs.of(**{key: np.concatenate([small[key], large[key]]) for key in small})
    found = mix(both, N=1e9, D=2e10, at=Runs.of(**{key: small[key] for key in small if key.startswith("share")}))
    off = [
        one.losses[f"loss_{name}"].value / small[f"loss_{name}"][row] / 0.7 - 1
        for row, one in enumerate(found.forecasts)
        for name in SOURCES
    ]
    assert np.abs(off).mean() < 0.02
    assert "X04" in {one.code for one in found.findings}


def test_fewer_mixtures_than_sources_are_said():
    draw = np.random.default_rng(0)
    shares = draw.dirichlet([1] * 9, 7)
    runs = Runs.of(**{f"share_{i}": shares[:, i] for i in range(9)}, loss=3 - shares[:, 0])
    found = mix(runs)
    assert "X01" in {one.code for one in found.findings}
    assert list(found.best.losses) == ["loss"]


def test_mixtures_that_cannot_be_are_refused():
    table = world()
    with pytest.raises(DataError, match=r"row 3.*add up to 1\.5"):
        mix(Runs.of(**{**table, "share_code": table["share_code"] + np.where(np.arange(24) == 2, 0.5, 0)}))
    with pytest.raises(DataError, match="one mixture"):
        mix(Runs.of(**{key: np.repeat(values[:1], 5) for key, values in table.items()}))
    with pytest.raises(DataError, match="columns of shares"):
        mix(Runs.of(N=[1e8] * 5, D=[1e9] * 5, loss=[3.0, 2.9, 2.8, 2.7, 2.6]))
    with pytest.raises(UsageError, match="no target"):
        mix(Runs.of(**table), targets=["loss_poems"])
    with pytest.raises(UsageError, match="no source"):
        mix(Runs.of(**table), limits={"share_poems": 1e9})
    percent = {key: 100 * values if key.startswith("share") else values for key, values in table.items()}
    assert mix(Runs.of(**percent)).best.shares == pytest.approx(mix(Runs.of(**table)).best.shares)


def test_the_command_line_gives_what_python_gives(run, tmp_path, found):
    table = world()
    rows = zip(*(values.tolist() for values in table.values()), strict=True)
    path = tmp_path / "mixtures.csv"
    path.write_text(",".join(table) + "\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    told = run("mix", path, "--at", path, "--json").json
    assert set(told) >= {"best", "forecasts", "laws", "findings"}
    assert set(told["best"]) >= {"shares", "losses"}
    assert told["best"]["shares"] == pytest.approx(dict(found.best.shares))
    assert set(told["forecasts"][0]) >= {"shares", "losses"}
    assert set(told["forecasts"][0]["losses"]["loss_code"]) >= {"value", "low", "high"}
    weighed = run("mix", path, "--target", "loss_code,loss_text=2", "--limit", "share_code=1M", "--json").json
    assert weighed["best"]["shares"] != told["best"]["shares"]


@pytest.mark.public_data
def test_twenty_proxies_of_seventeen_sources_foretell_others():
    folder = Path(os.environ.get("ISOFLOP_DATA", "../shared/data")) / "mixtures"
    runs, others = read(folder / "regmix_1m.csv"), read(folder / "regmix_1m_test.csv")
    rows, others = np.random.default_rng(0).choice(len(runs), 20, replace=False), others.take(slice(40))
    found = mix(runs.take(rows), at=others)
    off = [
        abs(estimate.value / others[name][row] - 1)
        for row, one in enumerate(found.forecasts)
        for name, estimate in one.losses.items()
    ]
    assert np.mean(off) < 0.05


def test_sources_and_targets_are_also_named_without_what_all_begin_with():
    runs = read("tinymix", where='role == "proxy"')
    short = mix(runs, targets={"text": 1.0}, limits={"text": 1e4})
    whole = mix(runs, targets={"loss_text": 1.0}, limits={"share_text": 1e4})
    assert short.best == whole.best
    with pytest.raises(UsageError, match='"maths" is no source'):
        mix(runs, limits={"maths": 1e4})


def test_columns_that_add_up_in_each_row_are_shares_whatever_they_are_called():
    table = {
        "web (%)": [20, 50, 30, 60, 10],
        "code": [80, 50, 70, 40, 90],
        "N": [1e8] * 5,
        "loss": [3, 2.8, 2.9, 2.7, 3.1],
    }
    assert mixtures_of(read(table)).sources == ("web (%)", "code")
    with pytest.raises(DataError, match="0 columns of shares"):
        mixtures_of(read({**table, "code": [80, 50, 70, 40, 80]}))


def test_a_learning_rate_beside_shares_is_none_of_them():
    table = {"web": [0.2, 0.5, 0.3, 0.6, 0.1], "code": [0.8, 0.5, 0.7, 0.4, 0.9], "lr": [3e-4] * 5, "decay": [0.0] * 5}
    assert mixtures_of(read({**table, "N": [1e8] * 5, "loss": [3, 2.8, 2.9, 2.7, 3.1]})).sources == ("web", "code")
