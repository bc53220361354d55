"""Metrics: what falls short of a bound goes through the verbs of losses, and comes back in its own units."""

import csv
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import isoflop
from isoflop.data.metric import parse_metric
from isoflop.errors import DataError, UsageError
from isoflop.estimate import Estimate

SPECS = ["accuracy:up:1.0", "BLEU:up:100.0", "WER:down:0.02", "FID:down:0.0", "Elo:odds:1500.0", "reward:as-is"]
TASKS = ("FLAN", "WMT19", "GIGAWORD")
VALUES = {"accuracy": 0.87, "BLEU": 31.5, "WER": 0.12, "FID": 7.5, "Elo": 1234.0, "reward": 0.4}


def accuracy_at(N, D):
    return 1 - (0.08 + 30 / N**0.35 + 60 / D**0.3)


def accuracies(noise=0.005):
    N, D = np.repeat([5e6, 2e7, 8e7, 3e8], 4), np.tile([1e8, 4e8, 2e9, 6e9], 4)
    short = (1 - accuracy_at(N, D)) * np.exp(noise * np.random.default_rng(0).standard_normal(len(N)))
    return {"N": N, "D": D, "accuracy": 1 - short}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "vision.csv"
    rows = zip(*accuracies().values(), strict=True)
    path.write_text("N,D,accuracy\n" + "".join(f"{n:.0f},{d:.0f},{a:.6f}\n" for n, d, a in rows))
    return str(path)


@pytest.fixture
def isoflop_says(monkeypatch, capsys):
    from isoflop.faces.cli import main

    def say(*words):
        monkeypatch.setattr(sys, "argv", ["isoflop", *words])
        with pytest.raises(SystemExit) as done:
            main()
        printed = capsys.readouterr()
        return done.value.code or 0, printed.out, printed.err

    return say


@pytest.mark.parametrize("spec", SPECS)
def test_a_metric_is_written_as_it_is_typed(spec):
    assert str(parse_metric(spec)) == spec
    assert parse_metric(str(parse_metric(spec))) == parse_metric(spec)


@pytest.mark.parametrize("spec", SPECS)
def test_what_falls_short_comes_back(spec):
    metric = parse_metric(spec)
    value = VALUES[metric.name]
    loss = metric.shortfall(value)
    assert loss > 0
    assert metric.value(float(loss)) == pytest.approx(value, rel=1e-12)
    assert metric.reached(value) == loss


@pytest.mark.parametrize(("spec", "better", "worse"), [
    ("accuracy:up:1", 0.9, 0.8), ("WER:down", 0.1, 0.2), ("WER:down:0.05", 0.1, 0.2), ("Elo:odds:1500", 1600, 1400),
])  # fmt: skip
def test_the_better_value_has_the_lower_loss(spec, better, worse):
    metric = parse_metric(spec)
    assert metric.shortfall(better) < metric.shortfall(worse)


def test_400_points_are_a_factor_of_ten():
    assert parse_metric("Elo:odds:1500").shortfall([1500, 1100, 1900]) == pytest.approx([1, 10, 0.1])


def test_a_rating_is_compared_with_the_largest_there_is():
    metric = parse_metric("Elo:odds").settled([900, 1300, math.nan])
    assert metric.bound == 1300
    assert parse_metric("Elo:odds:1500").settled([900]).bound == 1500


@pytest.mark.parametrize(("spec", "ends"), [
    ("accuracy:up:1", (0.7, 0.9)), ("FID:down", (0.1, 0.3)), ("FID:down:2", (2.1, 2.3)), ("r:as-is", (0.1, 0.3)),
    ("Elo:odds:1000", (1000 - 400 * math.log10(0.3), 1400)),
])  # fmt: skip
def test_the_ends_of_an_interval_stay_in_order(spec, ends):
    found = parse_metric(spec).back(Estimate(0.2, 0.1, 0.3, 0.8, {"laws": (0.1, 0.3)}))
    assert (found.low, found.high) == pytest.approx(ends)
    assert found.low < found.value < found.high
    assert found.intervals["laws"] == (found.low, found.high)
    assert found.level == 0.8


def test_unknown_stays_unknown_and_a_loss_of_nothing_is_an_endless_rating():
    found = parse_metric("Elo:odds:1000").back(Estimate(0.0))
    assert found.value == math.inf
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize(("spec", "said"), [
    ("accuracy", '"accuracy" is no metric. Say its column and which way is better: accuracy:up:1'),
    ("accuracy:sideways:1", "is no metric"),
    (":up:1", "is no metric"),
    ("accuracy:up:one", '"one" is no number. Say accuracy:up:1.'),
    ("accuracy:up:nan", '"nan" is no number'),
    ("accuracy:up:inf", '"inf" is no number'),
    ("Elo:odds:x", '"x" is no number'),
    ("reward:as-is:2", "Say reward:down:2."),
    ("acc\x1b[31m", "\\x1b"),
])  # fmt: skip
def test_words_that_are_no_metric_are_refused_in_one_line(spec, said):
    with pytest.raises(UsageError) as error:
        parse_metric(spec)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(("spec", "values", "shape"), [
    ("horizon:up", [0.1, 4, 60, 300], "growth"), ("reward:up", [-2, 0.5, 1.5], "rise"),
    ("score:up", [40, 55, 61], "rise"), ("reward:rise", [-3.0, -1.0], "rise"),
    ("nll:fall", [-1.2, -0.4, 0.3], "fall"), ("count:growth", [3, 900], "growth"),
])  # fmt: skip
def test_a_metric_without_a_best_value_is_measured_from_the_best_seen(spec, values, shape):
    metric = parse_metric(spec).settled(values)
    assert metric.shape == shape
    losses = metric.shortfall(values)
    assert (losses > 0).all()
    best = int(np.argmin(losses))
    assert losses[best] == pytest.approx(1)
    assert values[best] == (min(values) if shape == "fall" else max(values))
    assert [metric.value(float(one)) for one in losses] == pytest.approx(values)
    assert parse_metric(str(metric)) == metric
    assert metric.settled([*values, 10_000.0]) == metric  # what a fit was settled on stays


def test_a_metric_without_a_best_value_is_a_power_law_where_it_rises_with_the_logarithm():
    compute = np.geomspace(1e18, 1e22, 9)
    reward = -4 + 0.6 * np.log10(compute)
    loss = parse_metric("reward:rise").settled(reward).shortfall(reward)
    assert np.ptp(np.diff(np.log(loss))) == pytest.approx(0, abs=1e-9)
    horizon = 2e-9 * compute**0.45
    grown = parse_metric("horizon:up").settled(horizon).shortfall(horizon)
    assert np.diff(np.log(grown)) == pytest.approx(-0.45 * np.diff(np.log(compute)))


@pytest.mark.parametrize(("spec", "values", "said"), [
    ("accuracy:up", [0.2, 0.9], "accuracy:up:1"), ("density:down", [-1.0, 2.0], "density:fall"),
])  # fmt: skip
def test_a_bound_that_a_metric_must_have_is_asked_for(spec, values, said):
    with pytest.raises(UsageError, match=said):
        parse_metric(spec).settled(values)


def test_a_share_is_never_below_nothing():
    found = parse_metric("accuracy:up:1").back(Estimate(0.5, 0.1, 32.8))
    assert (found.low, found.high) == (0.0, 0.9)
    assert parse_metric("R2:up:0.99").value(2.0) == pytest.approx(-1.01)


def test_a_value_that_no_run_can_reach_is_refused():
    with pytest.raises(UsageError, match=r"accuracy is 1\.2, and its best value 1: no run can reach it"):
        parse_metric("accuracy:up:1").reached(1.2)


def test_rows_beyond_the_bound_are_left_out_and_listed():
    columns = accuracies()
    columns["accuracy"][[2, 5, 7]] = 1.2, 1.0, np.nan
    runs = isoflop.Runs.of(**columns).measured("accuracy:up:1")
    assert len(runs) == 13
    assert [(one.row, one.reason) for one in runs.excluded] == [
        (3, "accuracy is 1.2, and its best value 1"),
        (6, "accuracy is 1, and its best value 1"),
        (8, "accuracy is nan"),
    ]  # fmt: skip
    (finding,) = (one for one in runs.findings if one.code == "D01")
    assert "3 of 16 runs are left out: row 3 (accuracy is 1.2" in finding.message
    assert runs["loss"] == pytest.approx(1 - runs["accuracy"])


def test_runs_that_are_all_beyond_the_bound_are_refused():
    with pytest.raises(DataError, match=r"none of the 16 runs is usable; row 1: .* best value 0.1"):
        isoflop.Runs.of(**accuracies()).measured("accuracy:up:0.1")


def test_per_cent_under_a_best_value_of_1_is_told_rather_than_left_out():
    runs = isoflop.Runs.of(N=np.geomspace(1e7, 1e10, 8), D=[1e10] * 8, accuracy=[0.4, 0.7, 5, 12, 30, 44, 61, 70])
    with pytest.raises(DataError, match=r"in per cent.*--metric accuracy:up:100"):
        runs.measured("accuracy:up:1")


def test_values_that_are_missing_or_best_are_no_per_cent():
    shares = [0.2, np.nan, np.nan, 0.5, 0.7, 0.8, 1.0, 1.0]
    runs = isoflop.Runs.of(N=np.geomspace(1e7, 1e10, 8), D=[1e10] * 8, accuracy=shares)
    assert runs.measured("accuracy:up:1")["loss"] == pytest.approx([0.8, 0.5, 0.3, 0.2])


def test_a_column_that_is_missing_or_text_is_refused():
    runs = isoflop.Runs.of(**accuracies(), name=np.array(["a"] * 16, dtype=object))
    with pytest.raises(DataError, match='column "BLEU" is missing'):
        runs.measured("BLEU:up:100")
    with pytest.raises(DataError, match='column "name" is text, not numbers'):
        runs.measured("name:up:100")


def test_a_loss_of_the_tables_own_stays_beside_the_metrics():
    runs = isoflop.Runs.of(**accuracies(), loss=np.full(16, 2.5)).measured("accuracy:up:1")
    assert set(runs["loss (file)"]) == {2.5}
    assert runs["loss"] == pytest.approx(1 - runs["accuracy"])


def test_runs_say_what_their_loss_is_whatever_part_of_them_is_kept():
    runs = isoflop.Runs.of(**accuracies()).measured("accuracy:up:1").where("N > 1e7").take([0, 1, 2])
    assert str(runs.metric) == "accuracy:up:1.0"
    (finding,) = (one for one in runs.findings if one.code == "D18")
    assert finding.message == "loss is 1 − accuracy"
    assert isoflop.Runs.of(**accuracies()).metric is None


def test_a_large_metric_is_not_taken_for_perplexity():
    columns = accuracies()
    far = isoflop.Runs.of(N=columns["N"], D=columns["D"], BLEU=100 * columns["accuracy"])
    codes = {one.code for one in far.measured("BLEU:up:100").findings}
    assert codes == {"D18"}
    as_loss = isoflop.Runs.of(N=columns["N"], D=columns["D"], loss=100 * (1 - columns["accuracy"]))
    assert "D03" in {one.code for one in as_loss.findings}


def test_what_is_no_loss_is_told_of_metrics():
    columns = accuracies()
    rising = isoflop.fit("chinchilla", {**columns, "loss": columns["accuracy"]}, draws=0)
    far = isoflop.Runs.of(N=columns["N"], D=columns["D"], loss=100 * columns["accuracy"])
    for code, found in (("F14", rising), ("D03", far)):
        remedies = [one.remedy for one in found.findings if one.code == code]
        assert remedies
        assert all("--metric" in remedy for remedy in remedies)


def test_a_forecast_of_accuracy_holds_the_truth(table):
    runs = isoflop.read(table, metric="accuracy:up:1")
    (found,) = isoflop.forecast(runs, N=1e9, D=3e10)
    truth = accuracy_at(1e9, 3e10)
    assert found.score.low < truth < found.score.high
    assert found.score.value == pytest.approx(truth, abs=0.003)
    assert found.score.value == pytest.approx(1 - found.loss.value)
    assert isoflop.solve("D", runs, loss=runs.metric.reached(found.score.value), N=1e9).value == pytest.approx(
        3e10, rel=0.1
    )


def test_ratings_that_grow_with_the_logarithm_of_compute_are_a_power_law():
    C = np.geomspace(1e12, 1e16, 9)
    runs = isoflop.Runs.of(C=C, Elo=260 + 220 * np.log10(C / 1e12)).measured("Elo:odds")
    found = isoflop.fit("A/C^p", runs)
    assert found.parameters["p"].value == pytest.approx(220 / 400, rel=1e-6)
    assert isoflop.forecast(found, C=1e18)[0].score.value == pytest.approx(260 + 6 * 220, abs=0.01)


def test_a_law_that_speaks_of_the_metric_itself_is_forecast():
    x = np.geomspace(50, 50_000, 12)
    runs = isoflop.Runs.of(x=x, rate=0.25 + 0.36 / (1 + (1500 / x) ** 1.1))
    with pytest.raises(UsageError, match="law scalerl gives accuracy, not a loss"):
        isoflop.forecast(isoflop.fit("scalerl", isoflop.Runs.of(x=x, loss=runs["rate"])), x=1e5)
    found = isoflop.fit("scalerl", runs.measured("rate:as-is"))
    score = isoflop.forecast(found, x=1e5)[0].score
    assert score.value == pytest.approx(0.25 + 0.36 / (1 + 0.015**1.1), rel=1e-4)
    with pytest.raises(UsageError, match="not a loss"):  # it rises, and solve looks for where a loss falls to a value
        isoflop.solve("x", found, loss=0.5)


def test_a_law_of_the_metric_is_not_said_to_turn_where_it_rises():
    N, D = np.repeat([1e7, 1e8, 1e9], 5), np.tile([1e5, 1e6, 1e7, 1e8, 1e9], 3)
    runs = isoflop.Runs.of(N=N, D=D, saved=1.9e4 * D**0.18 * N**0.38).measured("saved:as-is")
    found = isoflop.forecast(isoflop.fit("transferred", runs), N=1e10, D=1e6)
    assert found[0].score.value == pytest.approx(1.9e4 * 1e6**0.18 * 1e10**0.38, rel=1e-3)
    assert not {"P10", "D03"} & {one.code for one in found.findings}


def test_a_saved_fit_remembers_its_metric(tmp_path):
    runs = isoflop.Runs.of(**accuracies()).measured("accuracy:up:1")
    fit = isoflop.fit("chinchilla", runs, draws=50)
    isoflop.save(fit, tmp_path / "fit.json")
    again = isoflop.load(tmp_path / "fit.json")
    assert again.runs.metric == runs.metric
    assert isoflop.forecast(again, N=1e9, D=3e10)[0].score == isoflop.forecast(fit, N=1e9, D=3e10)[0].score


def test_the_command_prints_the_metric_in_its_own_units(table, isoflop_says):
    code, printed, _ = isoflop_says("forecast", table, "--metric", "accuracy:up:1", "N=1e9", "D=3e10")
    assert code == 0
    assert "accuracy      90% interval" in printed
    assert "   0.85" in printed
    assert "loss is 1 − accuracy" in printed


def test_the_json_has_both_the_loss_and_the_metric(table, isoflop_says):
    _, printed, _ = isoflop_says("forecast", table, "--metric", "accuracy:up:1", "N=1e9", "D=3e10", "--json")
    (row,) = json.loads(printed)["forecasts"]
    own = row["metric"]
    assert (own["name"], own["loss_is"]) == ("accuracy", "1 − accuracy")
    assert own["value"] == pytest.approx(1 - row["loss"])
    assert (own["low"], own["high"]) == pytest.approx((1 - row["high"], 1 - row["low"]))
    assert own["intervals"]["laws"] == pytest.approx([1 - end for end in row["intervals"]["laws"][::-1]])
    assert own["low"] < accuracy_at(1e9, 3e10) < own["high"]


def test_the_json_of_a_loss_has_no_metric(table, isoflop_says):
    _, printed, _ = isoflop_says("forecast", table, "--loss", "accuracy", "N=1e9", "D=3e10", "--json")
    assert all("metric" not in row for row in json.loads(printed)["forecasts"])


def test_solve_takes_the_metric_to_reach(table, isoflop_says):
    asked = ("solve", "D", table, "--metric", "accuracy:up:1", "N=1e9")
    code, printed, _ = isoflop_says(*asked, "accuracy=0.85", "--json")
    assert code == 0
    found = json.loads(printed)["D"]
    needed = (60 / (1 - 0.85 - 0.08 - 30 / 1e9**0.35)) ** (1 / 0.3)
    assert found["low"] < needed < found["high"]
    code, _, told = isoflop_says(*asked, "accuracy=1")
    assert code == 2
    assert "accuracy is 1, and its best value 1: no run can reach it" in told


@pytest.mark.parametrize("words", [("fit",), ("check",), ("backtest",)])
def test_the_other_verbs_take_a_metric_and_say_so(words, table, isoflop_says):
    code, printed, _ = isoflop_says(*words, table, "--metric", "accuracy:up:1", "--json")
    assert code == 0
    if words != ("backtest",):
        assert "loss is 1 − accuracy" in printed


def test_a_figure_names_its_axis_after_the_metric():
    from isoflop.faces.plot.fitted import frontier_figure

    figure = frontier_figure(isoflop.fit("chinchilla", isoflop.Runs.of(**accuracies()).measured("accuracy:up:1")))
    assert figure.axes[0].get_ylabel() == "1 − accuracy"


def test_bad_metrics_end_with_their_exit_codes(table, isoflop_says):
    assert isoflop_says("fit", table, "--metric", "accuracy")[0] == 2
    assert isoflop_says("fit", table, "--metric", "BLEU:up:100")[0] == 3


def test_the_metric_of_emergence_is_still_its_column(isoflop_says):
    import typer

    from isoflop.faces.cli import application

    command = typer.main.get_command(application()).commands["emergence"]
    (option,) = (one for one in command.params if "--metric" in one.opts)
    assert option.metavar == "COLUMN"


def rmsd(law, tokens, loss):
    curve = isoflop.fit(law, {"D": tokens, "loss": loss}, objective="squares", draws=0).curve
    return np.sqrt(np.mean((np.log(loss) - np.log(curve(D=tokens))) ** 2))


@pytest.mark.simulates
@pytest.mark.public_data
def test_the_rectified_law_fits_fine_tuning_as_closely_as_was_published():
    folder = Path(os.environ["ISOFLOP_DATA"]) / "finetuning"
    losses = {
        (task, row["config name"]): row for task in TASKS for row in rows(folder / f"benchmark/{task.lower()}.csv")
    }
    found, published = [], []
    for line in rows(folder / "results" / "rmsd.csv"):
        row = losses[line["dataset"], line["model"]]
        tokens, loss = np.array([(float(key), float(row[key])) for key in row if key.isdigit() and int(key)]).T
        found.append([rmsd(law, tokens, loss) for law in ("rectified", "E + B/D^beta")])
        published.append([float(line[f"{who}_rmsd_under_log"]) for who in ("our", "vanilla")])
    (rectified, vanilla), (theirs, their_vanilla) = np.transpose(found), np.transpose(published)
    assert len(found) == 90
    assert np.all(rectified <= theirs * 1.001)
    assert np.all(rectified <= vanilla * 1.001)
    # Published below what any floor of 0 or more allows: three, of which one has a floor below zero.
    assert np.sum(vanilla > their_vanilla * 1.001) == 3
    assert (rectified.mean(), vanilla.mean()) == pytest.approx((theirs.mean(), their_vanilla.mean()), rel=0.06)


def rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))
