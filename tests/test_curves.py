"""Runs in progress: what is read, what the trend and the laws of schedules say, what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from isoflop.beyond.finish import LossCurve, Schedule, finish, read_curve
from isoflop.errors import DataError, UsageError
from isoflop.forecasting.curves.average import Past, mix
from isoflop.forecasting.curves.logged import read_log, read_runs
from isoflop.forecasting.curves.loss_curve import BINS, thinned
from isoflop.forecasting.curves.responses import annealed, blocks, multi_powered
from isoflop.forecasting.curves.schedule_fit import FORMS, Seen, fit_jointly
from isoflop.forecasting.curves.schedules import changed, stopped, whole_rates
from isoflop.forecasting.curves.unknown_schedule import extrapolate
from isoflop.formula.schedule import constant, cosine, stages, warmup_stable_decay
from isoflop.laws.schedules import SCHEDULE_CURVES, SCHEDULE_LAWS

PEAK, WARMUP, STEPS = 3e-4, 600, 9000
TRUTH = SCHEDULE_CURVES["luo2025-100m"]
SHAPES = {
    "constant": constant(STEPS, peak=PEAK, warmup=WARMUP),
    "cosine": cosine(STEPS, peak=PEAK, final=PEAK / 10, warmup=WARMUP),
    "wsd": warmup_stable_decay(STEPS, peak=PEAK, decay=1800, warmup=WARMUP),
    "exponential": warmup_stable_decay(STEPS, peak=PEAK, decay=1800, final=PEAK / 10, shape="exponential"),
    "two stages": stages([4000, 5000], [PEAK, PEAK / 3], warmup=WARMUP),
}


def run_of(shape, until=STEPS, *, noise=1e-3, every=60, seed=0):
    """Give a run whose losses follow the multi-power law, with its rates."""
    at = np.arange(WARMUP + every, until + 1, every)
    loss = TRUTH(SHAPES[shape], after=at) * np.exp(noise * np.random.default_rng(seed).normal(size=at.size))
    return LossCurve(shape, at.astype(float), loss, SHAPES[shape][at - 1])


LATE = Schedule("wsd", STEPS, 1000)


def unlogged(run):
    return replace(run, rates=None)


def power(x, *, floor=2.0, noise=0.0, seed=0):
    return (floor + 3 * x**-0.4) * np.exp(noise * np.random.default_rng(seed).normal(size=x.size))


@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_of_steps_give_the_laws_step_by_step(shape):
    rates, after = SHAPES[shape], np.array([700, 2500, 4001, 7300, 8999, 9000])
    seen, v = blocks(rates, after), TRUTH.values
    brought = multi_powered(seen, {"log_C": np.log(v["C"] * PEAK ** (1 - v["gamma"])), **v})
    mine = v["L0"] + v["A"] * (PEAK * seen.travelled) ** -v["alpha"] - v["B"] * PEAK * brought
    assert mine == pytest.approx(TRUTH(rates, after=after), abs=2e-4)
    keep = 0.997
    exact = SCHEDULE_LAWS["annealing"](rates / PEAK, after=after, L0=0, A=0, alpha=1, C=1 - keep, momentum=keep)
    assert annealed(seen, {"log_steps": -np.log(-np.log(keep))}) == pytest.approx(-exact, abs=1e-3)
    assert seen.lost.shape[1] < 400


def test_a_law_finds_the_numbers_that_made_the_curves():
    runs = []
    for shape in ("cosine", "constant", "two stages"):
        at = np.arange(700, STEPS, 100)
        runs.append(Seen(blocks(SHAPES[shape], at), np.log(TRUTH(SHAPES[shape], after=at)), np.full(at.size, 1e-5), at))
    found = fit_jointly(FORMS[0], runs)
    v = TRUTH.values
    wanted = [v["alpha"], np.log(v["C"] * PEAK ** (1 - v["gamma"])), v["beta"], v["gamma"], v["L0"]]
    assert found.values[:5] == pytest.approx(wanted, rel=0.02)
    unseen = blocks(SHAPES["wsd"], np.array([STEPS]))
    assert np.exp(found.log_loss(unseen)) == pytest.approx(TRUTH(SHAPES["wsd"], after=[STEPS]), abs=1e-3)


@pytest.mark.parametrize(("shape", "steps"), [("cosine", 4500), ("wsd", 6000), ("constant", 4500)])
def test_the_end_of_a_run_is_forecast_from_its_rows_and_its_schedule(shape, steps):
    plan = Schedule(shape, STEPS, WARMUP, final=0.1 if shape == "cosine" else 0.0)
    found = finish(run_of(shape, steps), schedule=plan)
    true = float(TRUTH(SHAPES[shape], after=[STEPS])[0])
    assert found.loss.low < true < found.loss.high
    assert found.loss.value == pytest.approx(true, rel=0.02)
    assert found.path.loss[-1] == found.loss.value
    assert found.path.at[-1] == found.end == STEPS


def test_a_finished_run_narrows_what_the_decay_brings():
    plan, now = Schedule("wsd", STEPS, WARMUP), run_of("wsd", 6000)
    alone, helped = finish(now, schedule=plan), finish(now, schedule=plan, like=[run_of("cosine", seed=1)])
    true = float(TRUTH(SHAPES["wsd"], after=[STEPS])[0])
    assert helped.loss.high - helped.loss.low < 0.7 * (alone.loss.high - alone.loss.low)
    assert helped.loss.low < true < helped.loss.high
    assert "S09" in [one.code for one in alone.findings]
    assert not helped.findings


def test_other_schedules_and_stopping_are_compared_with_the_plan():
    found = finish(
        run_of("wsd", 6000), schedule=Schedule("wsd", STEPS, WARMUP), like=[run_of("cosine")],
        what_if=["constant", "cosine"], stop=0.1,
    )  # fmt: skip
    steady, falling, stop = found.others
    assert [one.name for one in found.others] == ["constant", "cosine", "stop, decay 10%"]
    true = {name: float(TRUTH(rates)[-1]) for name, rates in (
        ("constant", SHAPES["constant"]), ("plan", SHAPES["wsd"]),
        ("stop", stopped(SHAPES["wsd"], 6000, decay=0.1, final=0.0)),
    )}  # fmt: skip
    for one, name in ((steady, "constant"), (stop, "stop")):
        assert one.above.low < true[name] - true["plan"] < one.above.high
        assert one.above.value == pytest.approx(one.loss.value - found.loss.value, abs=2e-3)
    assert stop.end == pytest.approx(6600, abs=10)
    assert falling.end == STEPS
    assert steady.above.low > 0


def test_what_others_share_with_the_plan_cancels():
    found = finish(run_of("cosine", 5000), schedule=Schedule("cosine", STEPS, WARMUP, final=0.1), what_if=["linear"])
    apart = found.others[0].above
    assert apart.high - apart.low < found.loss.high - found.loss.low


def test_without_a_schedule_the_trend_goes_on():
    x = np.geomspace(100, 1e4, 80)
    found = finish(LossCurve("run", x, power(x, noise=0.002), unit="tokens"), end=3e4)
    true = float(power(np.array([3e4]))[0])
    assert found.loss.low < true < found.loss.high
    assert found.loss.value == pytest.approx(true, rel=0.01)
    assert sum(found.weights.values()) == pytest.approx(1)
    assert [one.code for one in found.findings] == ["S08"]


def test_a_curve_that_stays_where_it_is_is_forecast_to_stay():
    x = np.arange(1.0, 101.0)
    loss = 3 + 0.01 * np.random.default_rng(0).normal(size=100)
    found = finish(LossCurve("flat", x, loss), end=200)
    assert found.loss.value == pytest.approx(3, abs=0.02)
    assert found.loss.low < 3 < found.loss.high


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_units_of_loss_and_of_tokens_do_not_matter(scale):
    x = np.geomspace(100, 1e4, 50)
    run = LossCurve("run", x, power(x, noise=0.01))
    other = LossCurve("run", scale * x, scale * run.loss)
    one, two = finish(run, end=2e4).loss, finish(other, end=scale * 2e4).loss
    assert [scale * one.value, scale * one.low, scale * one.high] == pytest.approx([two.value, two.low, two.high])


def test_a_longer_way_has_a_wider_interval():
    x = np.geomspace(100, 1e4, 80)
    run = LossCurve("run", x, power(x, noise=0.003))
    widths = [found.high - found.low for found in (finish(run, end=end).loss for end in (1.2e4, 2e4, 6e4, 1e6))]
    assert widths == sorted(widths)


def test_the_interval_of_a_noisy_end_covers_as_it_says():
    inside, generator = [], np.random.default_rng(5)
    for seed in range(80):
        x = np.append(np.geomspace(100, 1e4, 60), 2e4)
        loss = power(x, floor=generator.uniform(0, 3), noise=0.005, seed=seed)
        found = finish(LossCurve("run", x[:-1], loss[:-1]), end=2e4).loss
        inside.append(found.low < loss[-1] < found.high)
    assert 0.82 <= np.mean(inside) <= 0.99


def test_a_member_that_missed_counts_less_and_misses_widen_the_interval():
    tests, ones = np.ones((2, 6)), np.ones(6)
    ago = 0.01 * np.arange(6, 0, -1)
    past = Past(tests * [[0.001], [0.01]], 0.1 * tests, 0 * tests, 0.01 * ones, ago, np.arange(6))
    each = np.array([[1.0], [2.0]])
    given = {"moved": np.array([[0.1], [0.1]]), "far": np.array([0.01]), "noise": 0.001}
    found = mix(each, 0 * each, past=past, **given)
    assert found.weights[0] > 3 * found.weights[1]
    worse = mix(each, 0 * each, past=replace(past, error=5 * past.error), **given)
    assert worse.error > 1.5 * found.error
    assert mix(each, 0 * each, past=replace(past, error=0 * past.error), least=1.0, **given).scale == 1


def test_many_rows_become_few_points_and_keep_their_mean():
    x = np.arange(1.0, 50_001.0)
    found = thinned(LossCurve("run", x, power(x, noise=0.05)))
    assert len(found.x) <= BINS + 1
    assert found.rows.sum() == 50_000
    assert found.noise == pytest.approx(0.05, rel=0.05)
    assert found.y[-1] == pytest.approx(np.log(power(np.exp(found.x[-1:])))[0], abs=0.003)


def test_findings_say_what_a_forecast_rests_on():
    x = np.geomspace(100, 1000, 12)
    codes = [one.code for one in finish(LossCurve("run", x, power(x)), end=1e6).findings]
    assert codes == ["S07", "S08"]
    rising = np.append(power(x), power(x)[-1] * 1.3)
    assert "S11" in [one.code for one in finish(LossCurve("run", np.append(x, 1100), rising), end=1500).findings]
    other = run_of("cosine", seed=1)
    other = replace(other, loss=other.loss * 1.2)
    found = finish(run_of("wsd", 6000), schedule=Schedule("wsd", STEPS, WARMUP), like=[other])
    assert "S10" in [one.code for one in found.findings]


def test_schedules_go_on_from_where_the_run_is():
    rates = Schedule("wsd", 1000, 100).rates(PEAK)
    assert rates[[99, 799]] == pytest.approx([PEAK, PEAK])
    assert rates[-1] == pytest.approx(0, abs=PEAK / 100)
    for shape in ("constant", "cosine", "linear", "wsd"):
        found = changed(rates, 500, Schedule(shape, 1000, 100))
        assert found[:500] == pytest.approx(rates[:500])
        assert found[-1] == pytest.approx(PEAK if shape == "constant" else 0, abs=PEAK / 50)
        assert np.all(np.diff(found[500:]) <= 1e-18)
    assert Schedule("linear", 1000, 100, final=0.5).rates()[-1] == pytest.approx(0.5, abs=1e-2)


def test_logged_rates_come_before_planned_ones():
    run = run_of("cosine", 4500)
    rates = whole_rates(run, Schedule("cosine", STEPS, WARMUP, final=0.1))
    assert rates == pytest.approx(SHAPES["cosine"], rel=0.03, abs=1e-7)
    higher = whole_rates(run, Schedule("cosine", STEPS, WARMUP, final=0.1, peak=2 * PEAK))
    assert higher[5000] == pytest.approx(2 * rates[5000], rel=1e-3)
    assert higher[4000] == rates[4000]


def test_a_file_of_rates_is_a_schedule(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("step,lr\n1,1e-5\n100,1e-3\n1000,0\n")
    rates = Schedule(str(path), 1000).rates()
    assert rates[[0, 99, 549, 999]] == pytest.approx([1e-5, 1e-3, 5e-4, 0])
    path.write_text("step,lr\n1,1e-5\n100,1e-3\n")
    with pytest.raises(DataError, match="at least 1,000"):
        Schedule(str(path), 1000).rates()
    path.write_text("step,rate\n1,1e-5\n")
    with pytest.raises(DataError, match="columns step and lr"):
        Schedule(str(path), 1000).rates()


def test_a_log_is_read_whatever_its_columns_are_called(tmp_path):
    x = np.arange(10, 110, 10)
    log = tmp_path / "log.jsonl"
    rows = [{"global_step": int(step), "Val Loss": 3.0 - step / 100, "learning_rate": 1e-3} for step in x[::-1]]
    log.write_text("\n".join(json.dumps(row) for row in [*rows, {"global_step": 5, "note": "x"}]) + "\n")
    found = read_curve(log)
    assert found.unit == "steps"
    assert found.at.tolist() == x.tolist()
    assert found.loss[0] == pytest.approx(2.9)
    assert found.rates is not None
    table = tmp_path / "table.csv"
    table.write_text("tok,l\n" + "".join(f"{step}k,{4 - step / 100}\n" for step in x))
    assert read_curve(table, at="tok", loss="l").last == 100_000
    with pytest.raises(DataError, match=r'column "step" is missing; there are tok, l\. Say which column it is: --x'):
        read_curve(table, loss="l")
    with pytest.raises(DataError, match='column "nothing" is missing'):
        read_curve(table, at="tok", loss="nothing")


def test_losses_that_are_no_numbers_are_left_out_and_said(tmp_path):
    path = tmp_path / "log.csv"
    rows = "".join(f"{step},{4 - step / 100}\n" for step in range(1, 11))
    path.write_text(f"step,loss\n{rows}11,\n12,NaN\n13,-inf\n")
    run = read_curve(path)
    assert (run.last, run.lost) == (10, 2)
    (said,) = [one for one in finish(run, end=20).findings if one.code == "S12"]
    assert said.message.startswith("2 rows have a loss that is no number")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "log"])
def test_a_line_still_being_written_is_left_out_wherever_it_is_cut(suffix, tmp_path):
    path = tmp_path / f"grows.{suffix}"
    shape = {"csv": "{},{},naïve\n", "tsv": "{}\t{}\tnaïve\n", "log": "step {} | val loss: {} naïve\n",
             "jsonl": '{{"step": {}, "loss": {}, "note": "naïve"}}\n'}[suffix]  # fmt: skip
    names = {"csv": "step,loss,note\n", "tsv": "step\tloss\tnote\n"}.get(suffix, "")
    whole = (names + "".join(shape.format(step, 4 - step / 100) for step in range(1, 11))).encode()
    last = shape.format(11, 3.89).encode()
    for cut in range(len(last)):
        path.write_bytes(whole + last[:cut])
        for found in (read_curve(path, growing=True), read_log(path)):
            assert (found.at[-1], found.loss[-1]) == (10, 3.9), last[:cut]
    path.write_bytes(whole + last)
    assert read_curve(path, growing=True).last == read_log(path).at[-1] == 11


def test_in_a_folder_with_a_table_a_run_a_line_still_being_written_is_left_out_wherever_it_is_cut(tmp_path):
    rows = [f"{step},{4 - step / 100}\n" for step in range(1, 12)]
    (tmp_path / "ended.csv").write_text("step,loss\n" + "".join(rows))
    whole, growing = "step,loss\n" + "".join(rows[:10]), tmp_path / "grows.csv"
    for cut in range(len(rows[10])):
        growing.write_text(whole + rows[10][:cut])
        for found in (read_curve(tmp_path, run="grows", growing=True), read_log(tmp_path, "grows")):
            assert (found.at[-1], found.loss[-1]) == (10, 3.9), rows[10][:cut]
    growing.write_text(whole + rows[10])
    assert read_curve(tmp_path, run="grows", growing=True).last == read_log(tmp_path, "grows").at[-1] == 11
    growing.write_text(whole + rows[10].strip())
    assert read_curve(tmp_path, run="grows").last == 11  # a log that does not grow has its last line


@pytest.mark.parametrize("begun", ["", "st", "step,loss", "step,loss\n", "step,loss\n1,3"])
def test_a_table_of_a_folder_that_has_no_row_yet_keeps_nobody_from_the_others(begun, tmp_path):
    (tmp_path / "grows.csv").write_text("step,loss\n" + "".join(f"{step},{4 - step / 100}\n" for step in range(1, 12)))
    (tmp_path / "new.csv").write_text(begun)
    assert read_log(tmp_path).at[-1] == 11


def test_the_last_line_of_a_log_that_does_not_grow_and_of_a_document_counts(tmp_path):
    path, document = tmp_path / "log.csv", tmp_path / "log.json"
    path.write_text("step,loss\n" + "".join(f"{step},{4 - step / 100}\n" for step in range(1, 11)) + "11,3.89")
    assert read_curve(path).last == 11
    rows = [{"step": step, "loss": 4 - step / 100} for step in range(1, 12)]
    for said in (rows, {key: [row[key] for row in rows] for key in rows[0]}):
        for indent in (None, 1):
            document.write_text(json.dumps(said, indent=indent))
            assert read_curve(document, growing=True).last == read_log(document).at[-1] == 11


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        (finish, UsageError, "say where the run ends, in steps"),
        (lambda run: finish(run, end=run.last), UsageError, "already"),
        (lambda run: finish(run, end=np.inf), UsageError, "already"),
        (lambda run: finish(run, end=1e5, what_if=["wsd"]), UsageError, "Say --schedule cosine"),
        (lambda run: finish(run, end=1e5, level=1.0), UsageError, "between 0 and 1"),
        (lambda run: finish(run, schedule=Schedule("wsd", 4000)), UsageError, "already"),
        (lambda run: finish(run, schedule=Schedule("wsd", STEPS), stop=0.0), UsageError, "above 0"),
        (lambda run: finish(run, schedule=Schedule("wsd", STEPS), what_if=["dance"]), UsageError, "is no schedule"),
        (lambda run: finish(replace(run, unit="tokens"), schedule=Schedule("wsd", STEPS)), UsageError, "goes by steps"),
        (lambda _: Schedule("wsd", 1), UsageError, "from 2 to"),
        (lambda _: Schedule("wsd", 100, 100), UsageError, "warmup=100"),
        (lambda _: Schedule("wsd", 100, decay=0), UsageError, "are shares"),
        (lambda _: Schedule("wsd", 100, peak=-1.0), UsageError, "above zero"),
        (lambda run: run.until(800), DataError, "a forecast needs 6"),
        (lambda run: replace(run, loss=run.loss - 9), DataError, "must be above zero"),
        (lambda run: replace(run, rates=run.rates - 1), DataError, "none may be below zero"),
        (
            lambda run: finish(unlogged(run.until(1100)), schedule=LATE),
            DataError,
            "after the warm-up",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(ask, error, says):
    with pytest.raises(error, match=says):
        ask(run_of("wsd", 5000))


@pytest.mark.public_data
def test_trends_beat_every_published_method_on_most_kinds_of_learning_curve():
    """Against 1,500 held-out points of image classification (5 shots), translation, language models, BIG-Bench."""
    from isoflop import datasets

    errors = {}
    for name in ("revisiting-vision", "revisiting-language"):
        runs = datasets.load(name)
        keys = np.array(["|".join(key) for key in zip(*(runs[k] for k in ("Domain", "Task", "Model")), strict=True)])
        for key in dict.fromkeys(keys.tolist()):
            begin, end = (runs.take((keys == key) & (runs["Training"] == part)) for part in (1, 0))
            order = np.argsort(begin["x"], kind="stable")
            found, _ = extrapolate(LossCurve(key, begin["x"][order], begin["loss"][order]), end["x"])
            off = found.mean - np.log(end["loss"])
            errors.setdefault(key.split("|")[0], []).append(np.sqrt(np.mean(off**2)))
    best = {"IC": 0.0421, "LM": 0.00083, "BB": 0.0083}
    assert all(np.mean(errors[domain]) < published for domain, published in best.items())
    assert np.mean(errors["NMT"]) < 0.03


def test_without_a_column_run_a_table_of_several_sizes_is_a_run_for_each(tmp_path):
    path = tmp_path / "ladder.csv"
    rows = [f"{N},{step},{4 - step / 100 - N / 1e9}" for step in range(1, 11) for N in (10_000_000, 20_000_000)]
    path.write_text("\n".join(["N,step,loss", *rows]) + "\n")
    found = read_runs([path])
    assert [(one.name, one.N, len(one.at)) for one in found] == [
        ("ladder N=10.0M", 1e7, 10), ("ladder N=20.0M", 2e7, 10)
    ]  # fmt: skip
    assert found[1].loss[-1] == pytest.approx(3.88)
