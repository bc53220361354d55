"""isoflop watch: the expected curve before a run and during it, what is wrong with it, since when."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from curves import SHARES, STEPS, curve, ladder, table, trend

import isoflop
from isoflop import DataError, Machines, Told, UsageError, watch
from isoflop.experiments.watch import following
from isoflop.experiments.watch.advice import OUT_OF_REACH, SURE
from isoflop.experiments.watch.changes import usual
from isoflop.experiments.watch.following import as_it_was, joined
from isoflop.experiments.watch.watch import climb, look
from isoflop.forecasting.curves.annealing import annealed
from isoflop.forecasting.curves.deviation import Widths
from isoflop.forecasting.curves.logged import read_log
from isoflop.forecasting.curves.sized import PLACES
from isoflop.forecasting.curves.spikes import spikes

pytest_plugins = ["commands"]

N, D = 1.28e9, 25.6e9


@pytest.fixture(scope="module")
def behind():
    """Return what a ladder of five sizes says of a run four times as large as its largest."""
    return climb(curve(N, D), ladder(), Told())


def until(found, share):
    """Return a logged run as it was when it had come this far."""
    keep = found.at <= share * STEPS * (1 + 1e-9)
    return replace(found, step=found.step[keep], tokens=found.tokens[keep], loss=found.loss[keep])


def test_before_it_starts_the_curve_is_foretold_and_inside_its_band(behind):
    found = look(None, behind)
    true = trend(N, D, found.expected.at / STEPS)
    assert found.step == 0
    assert found.state == "on track"
    assert np.all((found.expected.low < true) & (true < found.expected.high))
    assert found.end.value == pytest.approx(trend(N, D, 1.0), rel=0.01)


def test_the_interval_narrows_and_the_error_falls_as_the_run_goes_on(behind):
    looks = [look(until(curve(N, D, seed=9), share), behind) for share in (0.1, 0.3, 0.6, 0.9)]
    widths = [one.end.high - one.end.low for one in looks]
    assert widths == sorted(widths, reverse=True)
    assert looks[-1].end.value == pytest.approx(trend(N, D, 1.0), rel=0.001)
    assert {one.state for one in looks} == {"on track"}


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        (0.01 * (SHARES >= 0.5), {"above"}),
        (-0.01 * (SHARES >= 0.5), {"below"}),
        (0.3 * np.maximum(SHARES - 0.5, 0) ** 1.0, {"diverging", "above", "stalled"}),
    ],
)
def test_a_change_is_found_where_it_began(fault, states, *, behind):
    found = look(until(curve(N, D, seed=3, fault=fault), 0.7), behind)
    assert found.state in states
    assert found.since == pytest.approx(0.5 * STEPS, abs=0.05 * STEPS)
    codes = {one.code for one in found.findings}
    assert codes & {"W01", "W02", "W05", "W06"}


def test_a_step_of_one_percent_is_found_within_three_rows(behind):
    whole = curve(N, D, seed=4, fault=0.01 * (SHARES >= 0.5))
    assert look(until(whole, 0.49), behind).state == "on track"
    assert look(until(whole, 0.52), behind).state == "above"


def test_a_spike_that_came_back_is_named_and_moves_nothing(behind):
    plain = look(until(curve(N, D, seed=5), 0.6), behind)
    fault = 0.05 * ((SHARES >= 0.4) & (SHARES < 0.43))
    spiked = look(until(curve(N, D, seed=5, fault=fault), 0.6), behind)
    assert spiked.state == "on track"
    assert "W03" in {one.code for one in spiked.findings}
    assert spiked.end.value == pytest.approx(plain.end.value, rel=0.002)


def test_a_spike_in_progress_is_one(behind):
    fault = 0.08 * (SHARES >= 0.6)
    assert look(until(curve(N, D, seed=6, fault=fault), 0.61), behind).state == "spike"


def test_sound_runs_raise_no_alarm_at_any_look(behind):
    for seed in range(20, 26):
        whole = curve(N, D, seed=seed)
        assert {look(until(whole, share), behind).state for share in (0.05, 0.2, 0.5, 0.8)} == {"on track"}


def test_a_loss_that_is_no_number_at_the_end_is_a_divergence(behind):
    found = look(replace(until(curve(N, D), 0.5), lost=(0.51 * STEPS,)), behind)
    assert found.state == "diverging"
    assert "W08" in {one.code for one in found.findings}


def test_a_run_at_its_end_has_ended(behind):
    assert look(curve(N, D, seed=7), behind).state == "ended"


def fallen():
    """Return the rates of a schedule that falls over its last fifth, and what that brings, in log loss."""
    share = np.arange(1, PLACES + 1) / PLACES
    wsd = np.minimum(1.0, (1 - share) / 0.2 + 1e-6)
    return np.interp(SHARES, share, wsd), np.log1p(-0.06 * annealed(wsd, STEPS).at(SHARES)[1])


def test_a_fall_of_the_rate_that_is_planned_raises_no_alarm():
    rates, drop = fallen()
    runs = [curve(one.N, one.D, seed=seed, rates=rates, fault=drop) for seed, one in enumerate(ladder(4))]
    told = Told(schedule="wsd", decay=0.2)
    own = replace(curve(N, D, seed=8, rates=rates, fault=drop))
    behind = climb(own, runs, told)
    for share in (0.7, 0.85, 0.95):
        keep = own.at <= share * STEPS
        part = replace(own, step=own.step[keep], tokens=own.tokens[keep], loss=own.loss[keep], rates=rates[keep])
        assert look(part, behind).state == "on track"


def test_a_rate_that_leaves_its_plan_is_named_with_its_step():
    rates = np.where(SHARES >= 0.5, 5.0, 1.0) * 3e-4
    own = curve(N, D, rates=rates)
    found = watch(until_with_rates(own, 0.7), ladder(), told=Told(schedule="constant"))
    (said,) = [one for one in found.findings if one.code == "W07"]
    assert "step 10.0k" in said.message
    assert "5 times" in said.message


def until_with_rates(own, share):
    """Return a logged run with rates as it was when it had come this far."""
    keep = own.at <= share * STEPS
    return replace(
        own, step=own.step[keep], tokens=own.tokens[keep], loss=own.loss[keep], rates=own.rates[keep]
    )  # fmt: skip


def test_ladders_of_other_schedules_are_carried_over():
    share = np.arange(1, PLACES + 1) / PLACES
    cosine = (1 + np.cos(np.pi * share)) / 2 + 1e-6
    drop = np.log1p(-0.06 * annealed(cosine, STEPS).at(SHARES)[1])
    rates = np.interp(SHARES, share, cosine)
    runs = [curve(one.N, one.D, seed=seed, rates=rates, fault=drop) for seed, one in enumerate(ladder(3))]
    found = watch(None, runs, told=Told(N=N, D=D, schedule="constant"))
    same = watch(None, runs, told=Told(N=N, D=D, schedule="cosine"))
    assert found.end.value > same.end.value * 1.02
    assert "W12" in {one.code for one in found.findings}


def test_thin_logs_of_seven_rows_get_an_answer():
    few = np.geomspace(0.02, 1, 7)
    runs = [curve(one.N, one.D, seed=seed, shares=few) for seed, one in enumerate(ladder(3))]
    own = curve(N / 4, D / 4, shares=few)
    part = replace(own, step=own.step[:4], tokens=own.tokens[:4], loss=own.loss[:4])
    found = watch(part, runs, told=Told(D=D / 4))
    assert found.end.value == pytest.approx(trend(N / 4, D / 4, 1.0), rel=0.01)
    assert found.end.low < trend(N / 4, D / 4, 1.0) < found.end.high


def test_tokens_do_as_well_as_steps():
    own = until(curve(N, D, seed=9), 0.4)
    tokens = replace(own, step=None)
    by_step, by_token = (watch(one, ladder(), told=Told()) for one in (own, tokens))
    assert by_token.unit == "tokens"
    assert by_token.end.value == pytest.approx(by_step.end.value, rel=1e-3)


def test_the_slow_tail_of_a_spike_belongs_to_it():
    at = np.arange(1.0, 121.0)
    values = 0.001 * np.sin(7 * at) + np.where(at >= 60, 0.5 * np.exp(-(at - 60) / 3), 0)
    inside, (one,) = spikes(at, values, 0.002)
    assert (one.begin, one.top) == (60, 60)
    assert 72 <= one.end <= 80
    assert inside.sum() == one.end - one.begin + 1


def test_spikes_know_a_rise_that_stays_from_one_that_comes_back():
    share = np.linspace(0.1, 0.6, 200)
    known = usual(share, Widths(0.01, 0.001, 0.001, 0.0005))
    off = np.random.default_rng(0).normal(0, 5e-4, 200)
    back = off + 0.03 * ((share > 0.3) & (share < 0.315))
    assert spikes(share, off, known)[1] == ()
    (one,) = spikes(share, back, known)[1]
    assert 0.3 < one.begin <= one.end < 0.32
    assert spikes(share, off + 0.03 * (share > 0.59), known)[1] == ()


def test_rows_that_a_rotation_took_away_are_kept_and_what_is_written_anew_stands():
    whole = curve(N, D)
    late = replace(whole, step=whole.step[40:], tokens=whole.tokens[40:], loss=whole.loss[40:] + 1)
    both = joined(until(whole, 0.6), late)
    assert len(both.at) == 100
    assert both.loss[45] == late.loss[5]


def test_the_command_answers_in_the_json_that_was_promised(run, tmp_path):
    (tmp_path / "ladder.csv").write_text(table(ladder(4)))
    (tmp_path / "log.csv").write_text(table([until(curve(N, D), 0.4)], ("step", "loss")))
    (tmp_path / "at.csv").write_text("step\n10000\n20000\n")
    words = ("watch", tmp_path / "log.csv", "--ladder", tmp_path / "ladder.csv", "--N", "1.28B", "--steps", "20k",
             "--D", "25.6B", "--at", tmp_path / "at.csv", "--once", "--json", "--target", "1.5")  # fmt: skip
    done = run(*words)
    assert done.code == 0
    found = done.json
    assert found["state"] == "on track"
    assert found["since"] is None
    assert found["step"] == 8000
    assert found["end"]["low"] < found["end"]["value"] < found["end"]["high"]
    assert [row["step"] for row in found["expected"]] == [10000, 20000]
    assert set(found["expected"][0]) == {"step", "loss", "low", "high"}
    assert found["reach"] < 0.05
    assert "W09" in {one["code"] for one in found["findings"]}


def test_a_run_not_started_needs_no_log(run, tmp_path):
    (tmp_path / "ladder.csv").write_text(table(ladder(4)))
    done = run("watch", "--ladder", tmp_path / "ladder.csv", "N=1.28B", "D=25.6B", "--steps", "20000", "--json")
    assert done.code == 0
    assert len(done.json["expected"]) == 10
    assert done.json["end"]["low"] < trend(N, D, 1.0) < done.json["end"]["high"]


def test_what_is_missing_is_said_with_what_to_type(run, tmp_path):
    (tmp_path / "ladder.csv").write_text(table(ladder(3)))
    done = run("watch", "--ladder", tmp_path / "ladder.csv", "D=25.6B", "--json")
    assert done.code == 2
    assert "--N" in done.err
    done = run("watch", tmp_path / "nowhere.csv", "--ladder", tmp_path / "ladder.csv", "--once")
    assert done.code == 3
    assert "nowhere.csv" in done.err


def test_what_is_waited_for_is_said_once_for_each_reason_and_nothing_after_the_first_row(run, tmp_path, monkeypatch):
    (tmp_path / "ladder.csv").write_text(table(ladder(4)))
    log, whole = tmp_path / "log.csv", table([curve(N, D)], ("step", "tokens", "loss"))
    states = iter([None, "", "step,tokens,loss\n", "step,tokens,loss\n1", whole])

    def wait(_):
        """Stand for the seconds between two looks: the training starts and writes."""
        if (state := next(states)) is not None:
            log.write_text(state)

    clock = SimpleNamespace(sleep=wait, monotonic=time.monotonic, thread_time=time.thread_time)
    monkeypatch.setattr(following, "time", clock)
    done = run("watch", log, "--ladder", tmp_path / "ladder.csv", "N=1.28B", "D=25.6B", "--json")
    assert (done.code, done.json["state"]) == (0, "ended")
    reasons = [
        line.removeprefix("isoflop: waiting for the first row (Ctrl-C ends it): ") for line in done.err.splitlines()
    ]
    assert [one.partition(": ")[0] for one in reasons] == [str(log)] * 3
    assert [one.partition(": ")[2].split(".")[0] for one in reasons] == [
        "there is no such file or folder", "is empty", "has no row yet"
    ]  # fmt: skip


def test_an_address_is_looked_at_once_and_not_followed(run, tmp_path):
    (tmp_path / "ladder.csv").write_text(table(ladder(3)))
    done = run("watch", "https://example.org/log.csv", "--ladder", tmp_path / "ladder.csv", "N=1.28B", "D=25.6B")
    assert done.code == 2
    assert "--once" in done.err


def test_exit_code_five_only_where_it_is_asked_for(run, tmp_path):
    (tmp_path / "ladder.csv").write_text(table(ladder(4)))
    bad = until(curve(N, D, fault=0.02 * (SHARES >= 0.3)), 0.5)
    (tmp_path / "log.csv").write_text(table([bad], ("step", "tokens", "loss")))
    words = ("watch", tmp_path / "log.csv", "--ladder", tmp_path / "ladder.csv", "N=1.28B", "D=25.6B", "--once")
    assert run(*words).code == 0
    assert run(*words, "--exit-code").code == 5


def test_an_alarm_runs_a_command_once_with_the_look_on_stdin(run, tmp_path):
    (tmp_path / "ladder.csv").write_text(table(ladder(4)))
    whole = curve(N, D, fault=0.02 * (SHARES >= 0.9))
    (tmp_path / "log.csv").write_text(table([whole], ("step", "tokens", "loss")))
    (tmp_path / "tell.py").write_text("import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n---\\n')\n")
    tell = f"{sys.executable} {tmp_path / 'tell.py'} {tmp_path / 'told.txt'}"
    words = ("watch", tmp_path / "log.csv", "--ladder", tmp_path / "ladder.csv", "N=1.28B", "D=25.6B")
    done = run(*words, "--every", "0.01", "--on-alarm", tell, "--json")
    assert done.code == 0
    assert json.loads(done.out)["state"] == "ended"
    assert not (tmp_path / "told.txt").exists()


def test_a_length_of_none_is_refused():
    with pytest.raises(UsageError, match="--steps"):
        watch(replace(until(curve(N, D), 0.5), D=float("nan"), tokens=None), ladder(3), told=Told())


def test_a_study_is_a_ladder(run, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "plan.jsonl").write_text("{}\n")
    for one in ladder(4):
        folder = tmp_path / "study" / "runs" / one.name
        folder.mkdir(parents=True)
        rows = zip(one.step.tolist(), one.tokens.tolist(), one.loss.tolist(), strict=True)
        lines = [json.dumps({"step": step, "tokens": tokens, "loss": loss}) for step, tokens, loss in rows]
        (folder / "metrics.jsonl").write_text("\n".join([*lines, json.dumps({"N": one.N})]) + "\n")
        (folder / "run.json").write_text(json.dumps({"name": one.name}))
        (folder / "DONE").write_text("{}")
    done = run("watch", "--ladder", tmp_path / "study", "N=1.28B", "D=25.6B", "--json")
    assert done.code == 0
    assert done.json["ladder"] == [one.name for one in sorted(ladder(4), key=lambda one: one.name)]


def asked_at(behind, share, **asked):
    """Return a look at a sound run when it had come this far."""
    return look(until(curve(N, D, seed=9), share), behind, **asked)


def test_each_way_to_go_on_is_paid_as_isoflop_cost_says(behind):
    machines = Machines(gpus="8xH100", price=2.0)
    found = asked_at(behind, 0.5, machines=machines)
    go, stop = found.options[:2]
    for one in (go, stop):
        bill = isoflop.cost(6 * N * one.tokens, device="H100", count=8, price=2.0)
        assert (one.days, one.dollars) == pytest.approx((bill.days, bill.dollars))
    assert go.loss == found.end
    assert go.tokens == pytest.approx(D / 2)
    assert stop.tokens == pytest.approx(D / 20)
    assert found.advice.do == "go on"
    assert asked_at(behind, 1.0, machines=machines).options == ()


def test_a_rate_that_falls_from_now_on_ends_below_a_constant_one():
    rates, fault = fallen()
    runs = [curve(one.N, one.D, rates=rates, fault=fault) for one in ladder()]
    steady = climb(until(curve(N, D), 0.5), runs, Told(schedule="constant"))
    names = {one.name: one for one in asked_at(steady, 0.5, stop=0.1).options}
    assert names["decay from now on"].loss.value < names["go on as planned"].loss.value


def test_the_target_decides_whether_to_stop(behind):
    end = asked_at(behind, 0.5).end
    hard, easy = (asked_at(behind, 0.5, target=target) for target in (0.9 * end.value, 1.2 * end.value))
    assert (hard.advice.do, easy.advice.do) == ("stop", "stop")
    assert hard.reach < OUT_OF_REACH
    assert easy.options[1].reach > SURE
    assert "W09" in {one.code for one in hard.findings}
    middle = asked_at(behind, 0.5, target=end.value)
    assert middle.advice.do == "go on"
    assert middle.reach == pytest.approx(0.5)
    assert look(None, behind, target=0.9 * end.value).advice.do == "do not start"


def test_a_run_that_left_its_curve_is_looked_at_before_it_is_paid_for(behind):
    high = until(curve(N, D, fault=0.02 * (SHARES >= 0.4)), 0.6)
    assert look(high, behind, stop=0.1).advice.do == "look first"


def test_a_price_without_machines_is_refused(run, tmp_path):
    (tmp_path / "ladder.csv").write_text(table(ladder()))
    done = run("watch", "--ladder", tmp_path / "ladder.csv", "N=1e9", "D=2e10", "--price", "2")
    assert done.code == 2
    assert "--gpus" in done.err


def test_the_bundled_runs_are_what_they_are_called_and_the_sound_ones_stay_on_track():
    for name, states in {"3x": {"on track"}, "data": {"diverging"}, "rate": {"above"}, "spike": {"above"}}.items():
        whole = read_log("tinylm-watched", name)
        part = as_it_was(whole, round(0.7 * len(whole.at)))
        assert watch(part, "tinylm-curves", told=Told(steps=5299)).state in states
    with pytest.raises(DataError, match="--run"):
        read_log("tinylm-watched")
