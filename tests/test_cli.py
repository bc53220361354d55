"""The command line: the shapes others build on, and one engine behind every face.

Most tests call `main` in this process, as the installed command does; a few start the command itself.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tabled import RUNS, columns, csv

import isoflop
from isoflop.laws.chinchilla import besiroglu2024

pytest_plugins = ["commands"]

COMMAND = Path(sys.executable).with_name("isoflop")
CHINCHILLA = ["chinchilla", "--where", "D/N > 0.45", "--objective", "huber:1e-3"]


# The shapes.


def estimate(found):
    return set(found) - {"intervals"} == {"value", "low", "high"}


def findings(found):
    return all(set(one) == {"code", "severity", "message", "remedy", "runs"} for one in found)


def test_the_shape_of_fit(good, table):
    found = good("fit", table, "--draws", 50)
    assert found["law"] == "chinchilla"
    assert found["formula"] == "E + A/N^alpha + B/D^beta"
    assert list(found["parameters"]) == ["E", "A", "alpha", "B", "beta"]
    assert all(estimate(one) and one["low"] < one["value"] < one["high"] for one in found["parameters"].values())
    assert found["objective"]["name"] == "robust"
    assert found["objective"]["value"] > 0
    assert found["starts"] == {"total": 32, "reached_best": 1.0}
    assert 1 < found["condition"] < 1e6
    assert found["runs"]["used"] == 40
    assert found["runs"]["excluded"] == []
    assert findings(found["findings"])


def test_the_shape_of_forecast(good, table):
    found = good("forecast", table, "N=8e9", "D=15e12", "--draws", 0)
    assert set(found) == {"forecasts", "findings"}
    [one] = found["forecasts"]
    assert set(one) == {"N", "D", "loss", "low", "high", "level", "decades", "calibrated", "intervals", "baselines"}
    assert set(one["intervals"]) == {"statistical", "calibrated", "laws"}
    assert one["calibrated"] is True
    assert (one["N"], one["D"], one["level"]) == (8e9, 15e12, 0.9)
    assert one["low"] < one["loss"] < one["high"]
    assert findings(found["findings"])


def test_the_shape_of_plan(good, saved):
    found = good("plan", saved, "--flops", "5.76e23")
    assert found["C"] == 5.76e23
    for name in ("N", "D", "loss", "tokens_per_parameter"):
        assert estimate(found[name])
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    low, high = found["N_within_0.1_percent"]
    assert low < found["N"]["value"] < high
    assert findings(found["findings"])


def test_the_shape_of_solve(good, saved):
    found = good("solve", "D", saved, "loss=2.2", "N=8e9")
    assert list(found) == ["D", "findings"]
    assert estimate(found["D"])


def test_the_shape_of_data(good):
    found = good("data", "tinylm")
    assert list(found) == ["name", "source", "licence", "rows"]
    assert len(found["rows"]) == 87
    assert all({"N", "D", "C", "loss", "role"} <= set(row) for row in found["rows"])


def test_laws_and_datasets_are_listed(good):
    assert {"chinchilla", "gadre", "M1", "bnsl2"} <= {law["name"] for law in good("laws")["laws"]}
    assert {"besiroglu2024", "muennighoff2023-c4"} <= {curve["name"] for curve in good("laws")["curves"]}
    assert [curve["name"] for curve in good("laws", "besiroglu2024")["curves"]] == ["besiroglu2024"]
    assert "tinylm" in {one["name"] for one in good("data")}


@pytest.mark.parametrize(
    "words",
    [
        ["forecast", "besiroglu2024", "N=8e9", "D=15e12"],
        ["plan", "besiroglu2024", "--flops", "1e24"],
        ["solve", "D", "besiroglu2024", "loss=1.0", "N=8e9"],
        ["solve", "C", "besiroglu2024", "loss=2.0"],
    ],
)
def test_unknown_is_null_and_out_of_reach_is_a_number_beyond_all_floats(run, words):
    done = run(*words, "--json")
    assert "NaN" not in done.out
    assert "Infinity" not in done.out
    assert '"low": null' in done.out
    assert ('"value": 1e999' in done.out) == ("loss=1.0" in words)


def test_out_of_reach_reads_back_as_infinity(good):
    assert good("solve", "D", "besiroglu2024", "loss=1.0", "N=8e9")["D"]["value"] == math.inf


# The same numbers by every way.


def test_the_command_gives_what_python_gives(good, table):
    fit = isoflop.fit("chinchilla", isoflop.read(table), draws=50)
    found = good("fit", table, "--draws", 50)
    assert found["parameters"] == {name: one.as_dict() for name, one in fit.parameters.items()}
    planned = good("plan", table, "--flops", "1e24", "--draws", 50, "--law", "chinchilla")
    assert planned["N"] == isoflop.plan(fit, flops=1e24).N.as_dict()
    together = good("plan", table, "--flops", "1e24")
    assert together["N"] == isoflop.plan(isoflop.read(table), flops=1e24).N.as_dict()


@pytest.mark.parametrize(
    "words", [["forecast", "N=8e9", "D=15e12"], ["plan", "--flops", "1e23"], ["solve", "D", "loss=2.2", "N=8e9"]]
)
def test_a_saved_fit_answers_as_the_runs_do(good, words, saved, *, table):
    verb, *rest = words
    place = rest[:1] if verb == "solve" else []
    rest = rest[len(place) :]
    asked = ("--draws", 50, "--law", "chinchilla")
    assert good(verb, *place, saved, *rest) == good(verb, *place, table, *rest, *asked)


def test_equal_seeds_give_equal_output_and_others_other_draws(run, table):
    one, two, other = (run("fit", table, "--draws", 20, "--seed", seed, "--json").out for seed in (3, 3, 4))
    assert one == two != other


def test_a_typed_formula_is_the_catalogues_law(good, table):
    named = good("fit", table, "--draws", 20)
    typed = good("fit", table, "--draws", 20, "--law", "E + A/N^alpha + B/D^beta")
    starred = good("fit", table, "--draws", 20, "--law", "E + A / N**alpha + B / D**beta")
    assert named == typed == starred


def test_standard_input_is_a_file_like_any_other(good, table):
    piped, read = (good("fit", source, "--draws", 5, stdin=table.read_bytes()) for source in ("-", table))
    assert piped["parameters"] == read["parameters"]


def test_json_printed_by_data_can_be_piped_into_fit(run, good):
    rows = run("data", "tinylm", "--where", "role == 'sweep'", "--json").out.encode()
    words = ["--law", "log-quadratic", "--draws", 0]
    piped, direct = good("fit", "-", *words, stdin=rows), good("fit", "tinylm", "--where", "role == 'sweep'", *words)
    assert piped["parameters"] == direct["parameters"]


def test_targets_come_from_a_file_or_from_standard_input(good, write):
    targets = write("params,tokens\n8B,15T\n7e10,1.4e12\n", "targets.csv")
    found = good("forecast", "besiroglu2024", "--at", targets)["forecasts"]
    assert [(one["N"], one["D"]) for one in found] == [(8e9, 15e12), (7e10, 1.4e12)]
    assert [one["loss"] for one in found] == [besiroglu2024(8e9, 15e12), besiroglu2024(7e10, 1.4e12)]
    assert found == good("forecast", "besiroglu2024", "--at", "-", stdin=targets.read_bytes())["forecasts"]


def test_a_target_that_cannot_be_read_is_listed(good, write):
    targets = write("N,D\n8e9,15e12\n9e9,\n", "targets.csv")
    found = good("forecast", "besiroglu2024", "--at", targets)
    assert len(found["forecasts"]) == 1
    assert "row 3" in next(one["message"] for one in found["findings"] if one["code"] == "D01")


@pytest.mark.parametrize(("words", "N", "D"), [("N=8B D=15T", 8e9, 15e12), ("N=125M D=2.5G", 125e6, 2.5e9)])
def test_quantities_are_typed_as_people_write_them(good, words, *, N, D):
    [one] = good("forecast", "besiroglu2024", *words.split())["forecasts"]
    assert (one["N"], one["D"], one["loss"]) == (N, D, besiroglu2024(N, D))


def test_the_budget_may_have_a_suffix(good):
    assert good("plan", "besiroglu2024", "--flops", "1Y") == good("plan", "besiroglu2024", "--flops", "1e24")


def test_a_pinned_parameter_stays_put(good, table):
    found = good("fit", table, "--draws", 20, "--fix", "E=1.7")["parameters"]
    assert found["E"] == {"value": 1.7, "low": 1.7, "high": 1.7}
    assert found["alpha"]["low"] < found["alpha"]["high"]


def test_tied_parameters_are_equal(good, table):
    found = good("fit", table, "--draws", 20, "--fix", "alpha=beta")["parameters"]
    assert found["alpha"] == found["beta"]


@pytest.mark.parametrize(
    ("text", "low", "high"), [("alpha=0.2:0.3", 0.2, 0.3), ("alpha=:0.3", 0, 0.3), ("alpha=0.4:", 0.4, 9)]
)
def test_bounds_hold(good, table, text, *, low, high):
    found = good("fit", table, "--draws", 20, "--bounds", text)
    assert low <= found["parameters"]["alpha"]["value"] <= high
    assert "F02" in [one["code"] for one in found["findings"]]


def test_columns_are_named_as_the_file_has_them(good, write):
    free = columns()
    odd = {"Model Size": free["N"], "Seen": free["D"], "Nats": free["loss"]}
    named = good("fit", write(odd, "odd.csv"), "--N", "Model Size", "--D", "Seen", "--loss", "Nats", "--draws", 5)
    assert named["parameters"] == good("fit", write(free), "--draws", 5)["parameters"]


def test_tokens_follow_from_compute(good, write):
    odd = {"Model Size": RUNS["N"], "Training FLOP": 6 * RUNS["N"] * RUNS["D"], "loss": RUNS["loss"]}
    found = good("fit", write(odd), "--N", "Model Size", "--C", "Training FLOP", "--draws", 0)
    wanted = good("fit", write(columns()), "--draws", 0)
    for name, one in wanted["parameters"].items():
        assert found["parameters"][name]["value"] == pytest.approx(one["value"], rel=1e-6)


def test_any_other_column_may_be_an_input(good, write):
    examples = np.geomspace(1e3, 1e8, 20)
    path = write({"Seen Examples": examples, "loss": 1.5 + 20 * examples**-0.3})
    found = good("fit", path, "--law", "M2", "--column", "x=Seen Examples", "--draws", 0, "--objective", "squares")
    assert found["parameters"]["c"]["value"] == pytest.approx(0.3, rel=1e-6)


def test_a_filter_lists_what_it_leaves_out(good, write):
    path = write(columns(loss=[math.nan, *RUNS["loss"].tolist()[1:]]))
    found = good("fit", path, "--where", "D/N > 10", "--draws", 0)
    dropped = int((RUNS["D"] / RUNS["N"] <= 10)[1:].sum())
    assert found["runs"]["used"] == 39 - dropped
    assert {one["reason"] for one in found["runs"]["excluded"]} == {"D/N > 10 is false", "loss is nan"}
    assert len(found["runs"]["excluded"]) == 1 + dropped


def test_a_saved_fit_records_the_command(run, table, tmp_path):
    path = tmp_path / "fit.json"
    run("fit", table, "--draws", 50, "-o", path)
    content = json.loads(path.read_text())
    assert content["command"] == f"isoflop fit {table} --draws 50 -o {path}"
    assert len(content["draws"]) == 50


def test_a_saved_fit_may_have_any_name(good, run, table, *, tmp_path):
    assert run("fit", table, "--draws", 5, "-o", tmp_path / "my fit").code == 0
    assert good("plan", tmp_path / "my fit", "--flops", "1e22")["N"]["value"] > 0


def test_the_curve_of_the_rounded_paper_warns(good):
    found = good("plan", "hoffmann2022-rounded", "--flops", "5.76e23")
    assert "92.6" in next(one["message"] for one in found["findings"] if one["code"] == "P11")
    assert found["tokens_per_parameter"]["value"] == pytest.approx(92.6, abs=0.05)


@pytest.mark.public_data
def test_the_chinchilla_table_gives_its_published_optimum(good):
    found = good("fit", *CHINCHILLA, "--draws", 0)
    assert found["objective"]["value"] <= 0.00101828
    assert found["runs"]["used"] == 240
    assert len(found["runs"]["excluded"]) == 5
    assert found["starts"]["reached_best"] >= 0.95
    wanted = {
        "A": (477.8, 0.5),
        "B": (2143.4, 5),
        "E": (1.81722, 2e-4),
        "alpha": (0.34731, 2e-4),
        "beta": (0.36717, 2e-4),
    }
    for name, (value, within) in wanted.items():
        assert found["parameters"][name]["value"] == pytest.approx(value, abs=within)


# For people.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fit", "tinylm", "--draws", "10"], "90% interval"),
        (["forecast", "besiroglu2024", "N=8e9", "D=15e12"], "decades beyond"),
        (["solve", "D", "besiroglu2024", "loss=2.1", "N=8e9"], "D = "),
        (["plan", "besiroglu2024", "--flops", "1e24"], "tokens per parameter"),
        (["laws"], "published curves"),
        (["laws", "--family", "pre-training"], "E + A/N^alpha + B/D^beta"),
        (["laws", "--search", "diffusion"], "dit2024-FID"),
        (["laws", "--inputs", "N,S"], "kaplan-NS"),
        (["laws", "besiroglu"], "482.01"),
        (["laws", "chinchilla"], "Hoffmann"),
        (["laws", "besiroglu2024"], "482.01"),
        (["data"], "tinylm"),
        (["data", "tinylm"], "Apache-2.0"),
    ],
)
def test_without_json_every_command_prints_for_people(run, words, told):
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    assert told in done.out
    assert "{" not in done.out


# The installed command itself.


def start(*words, **options):
    return subprocess.run(
        [COMMAND, *map(str, words)], capture_output=True, text=True, check=False, timeout=600, **options
    )


def test_the_installed_command_answers():
    done = start("plan", "muennighoff2023-c4", "--flops", "5.76e23", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["N"]["value"] == pytest.approx(69_962_173_313, rel=1e-9)


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "isoflop", "laws", "chinchilla", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["laws"][0]["name"] == "chinchilla"


@pytest.mark.parametrize(
    ("code", "words", "text"),
    [
        (0, ["fit", "-", "--draws", "5", "--json"], csv(columns())),
        (4, ["fit", "-", "--draws", "5"], csv(columns(N=[1e9] * 40))),
    ],
)
def test_the_installed_command_ends_with_the_right_code(code, words, text):
    done = start(*words, input=text)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == (code > 0)


def test_a_reader_who_leaves_early_is_no_crash():
    with subprocess.Popen(
        [COMMAND, "data", "tinylm", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as done:
        done.stdout.close()
        assert done.stderr.read() == b""
    assert done.returncode == 1


@pytest.mark.parametrize(
    "words", [["bogus"], ["fit"], ["plan", "besiroglu2024", "--points", "1.5"], ["fit", "x.csv", "--draws", "1.5"]]
)
def test_words_that_are_no_command_are_usage_errors(run, words):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert re.search(r"See isoflop( fit| plan)? --help\.$", done.err.strip())
