"""The command line: the shapes others build on, one engine behind every face, and every refusal in words.

Most tests call `main` in this process, as the installed command does; a few start the command itself.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop import cli
from isoflop.laws.chinchilla import besiroglu2024

COMMAND = Path(sys.executable).with_name("isoflop")
RUNS = chinchilla_runs(40, noise=0.005)
CHINCHILLA = ["chinchilla", "--where", "D/N > 0.45", "--objective", "huber:1e-3"]


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Give what stdout holds; all of it must be one JSON document."""
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch, capsys):
    """Give a function that runs the command line in this process."""

    def run(*words, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["isoflop", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Done(ended.value.code or 0, said.out, said.err)

    return run


@pytest.fixture
def good(run):
    """Give a function that runs a command with --json, which must end well and be quiet on stderr."""

    def good(*words, stdin=b""):
        done = run(*words, "--json", stdin=stdin)
        assert (done.code, done.err) == (0, "")
        return done.json

    return good


@pytest.fixture
def refused(run, tmp_path):
    """Give a function that runs a command that must be refused: nothing on stdout, one line on stderr.

    Where runs are fitted, -o is given too, and no file may come of it.
    """

    def refused(code, *words, stdin=b""):
        folder = sorted(tmp_path.iterdir())
        output = ["-o", tmp_path / "never.json"] if words[0] == "fit" and "-o" not in words else []
        done = run(*words, *output, stdin=stdin)
        assert (done.code, done.out) == (code, "")
        assert re.fullmatch(r"isoflop: [^\n]+\n", done.err)
        assert sorted(tmp_path.iterdir()) == folder
        return done.err

    return refused


def csv(columns):
    """Give columns as CSV text."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def write(tmp_path):
    """Give a function that writes columns, or text, to a file and gives its path."""

    def write(content, name="runs.csv"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else csv(content))
        return path

    return write


def columns(**changed):
    """Give the columns of the simulated runs, some of them changed."""
    return {"N": RUNS["N"].tolist(), "D": RUNS["D"].tolist(), "loss": RUNS["loss"].tolist()} | changed


@pytest.fixture
def table(write):
    return write(columns())


@pytest.fixture
def saved(run, table, tmp_path):
    """Give a fit saved by the command line."""
    path = tmp_path / "fit.json"
    assert run("fit", table, "--draws", 50, "-o", path).code == 0
    return path


# The shapes.


def estimate(found):
    return set(found) == {"value", "low", "high"}


def findings(found):
    return all(set(one) == {"code", "severity", "message", "remedy"} for one in found)


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
    assert set(one) == {"N", "D", "loss", "low", "high", "level", "decades"}
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
    assert list(found) == ["D"]
    assert estimate(found["D"])


def test_the_shape_of_data(good):
    found = good("data", "tinylm")
    assert list(found) == ["name", "source", "licence", "rows"]
    assert len(found["rows"]) == 33
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
    planned = good("plan", table, "--flops", "1e24", "--draws", 50)
    assert planned["N"] == isoflop.plan(fit, flops=1e24).N.as_dict()


@pytest.mark.parametrize(
    "words", [["forecast", "N=8e9", "D=15e12"], ["plan", "--flops", "1e23"], ["solve", "D", "loss=2.2", "N=8e9"]]
)
def test_a_saved_fit_answers_as_the_runs_do(good, words, saved, *, table):
    verb, *rest = words
    place = rest[:1] if verb == "solve" else []
    rest = rest[len(place) :]
    assert good(verb, *place, saved, *rest) == good(verb, *place, table, *rest, "--draws", 50)


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


def test_a_saved_fit_records_the_command(saved, table):
    content = json.loads(saved.read_text())
    assert content["command"] == f"isoflop fit {table} --draws 50 -o {saved}"
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
        (["laws"], "E + A/N^alpha + B/D^beta"),
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
        [COMMAND, *map(str, words)], capture_output=True, text=True, check=False, timeout=60, **options
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
        (2, ["fit", "-", "--law", "__import__('os').getpid()"], csv(columns())),
        (3, ["fit", "-"], "N,D,loss\n"),
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


@pytest.mark.parametrize("words", [["bogus"], ["fit"], ["plan", "besiroglu2024"], ["fit", "x.csv", "--draws", "1.5"]])
def test_words_that_are_no_command_are_usage_errors(run, words):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert "--help" in done.err


# Bad input: runs.


def test_a_block_prints_the_findings_saves_nothing_and_ends_with_four(run, write, tmp_path):
    path = write(columns(N=[1e9] * 40))
    done = run("fit", path, "--draws", 5, "--json", "-o", tmp_path / "fit.json")
    assert done.code == 4
    assert ("F04", "BLOCK") in [(one["code"], one["severity"]) for one in done.json["findings"]]
    assert re.fullmatch(r"isoflop: not to be trusted \(F04\): [^\n]*[^.\n]\.\n", done.err)
    assert not (tmp_path / "fit.json").exists()


SIZES = np.geomspace(1e7, 1e10, 16)
BLOCKED = {
    "all N equal": (columns(N=[1e9] * 40), "F04", "all runs have the same N"),
    "all D equal": (columns(D=[1e11] * 40), "F04", "all runs have the same D"),
    "N in millions, C in FLOPs": (
        columns(N=(RUNS["N"] / 1e6).tolist(), C=(6 * RUNS["N"] * RUNS["D"]).tolist()),
        "D03",
        "not in base units",
    ),
    "N in millions": (columns(N=(RUNS["N"] / 1e6).tolist()), "D03", "millions"),
    "D in billions": (columns(D=(RUNS["D"] / 1e9).tolist()), "D03", "billions"),
    "N in millions in some rows": (
        columns(N=[*(RUNS["N"][:5] / 1e6), *RUNS["N"][5:]], C=(6 * RUNS["N"] * RUNS["D"]).tolist()),
        "D03",
        "changes its unit",
    ),
    "perplexity for loss": (columns(loss=np.exp(RUNS["loss"]).tolist()), "D03", "perplexity"),
}


@pytest.mark.parametrize("name", BLOCKED)
@pytest.mark.parametrize("verb", ["fit", "forecast", "plan", "solve"])
def test_runs_that_are_not_what_they_seem_stop_every_command_with_four(run, write, name, *, verb):
    content, code, told = BLOCKED[name]
    words = {"fit": [], "forecast": ["N=1e9", "D=1e10"], "plan": ["--flops", "1e20"], "solve": ["loss=2.5", "N=1e9"]}[
        verb
    ]
    done = run(verb, *(["D"] if verb == "solve" else []), write(content), *words, "--draws", 0, "--json")
    assert done.code == 4
    assert done.json
    assert re.fullmatch(rf"isoflop: not to be trusted \({code}\): [^\n]*{told}[^\n]*\n", done.err)
    assert ".." not in done.err


def test_one_ratio_of_tokens_to_parameters_is_pointed_out(good, write):
    random = np.random.default_rng(0)
    loss = besiroglu2024(SIZES, 20 * SIZES) * np.exp(0.003 * random.standard_normal(16))
    found = good("fit", write({"N": SIZES, "D": 20 * SIZES, "loss": loss}), "--draws", 5)["findings"]
    assert "one ratio of tokens to parameters" in next(one["remedy"] for one in found if one["code"] == "F03")


def test_a_loss_that_never_changes_is_pointed_out(good, write):
    found = good("fit", write(columns(loss=[2.5] * 40)), "--draws", 5)["findings"]
    assert {"F02"} <= {one["code"] for one in found if one["severity"] == "WARN"}


def test_losses_that_are_none_are_left_out_and_listed(good, write):
    bad = [math.nan, math.inf, -math.inf, 0, -1]
    found = good("fit", write(columns(loss=[*bad, *RUNS["loss"].tolist()[5:]])), "--draws", 5)
    assert [one["row"] for one in found["runs"]["excluded"]] == [2, 3, 4, 5, 6]
    assert found["runs"]["used"] == 35
    assert "5 of 40 runs are left out" in next(one["message"] for one in found["findings"] if one["code"] == "D01")


def test_sound_runs_raise_nothing(good, table):
    assert good("fit", table, "--draws", 5)["findings"] == []


HEAD = "N,D,loss\n"
BAD_FILES = {
    "empty": ("", "is empty"),
    "blank lines": ("\n\n", "is empty"),
    "header only": (HEAD, "0 runs"),
    "ragged": (f"{HEAD}1e9,2e10,2.5\n1e9,2e10\n", "row 3: 2 cells"),
    "too wide": (f"{HEAD}1e9,2e10,2.5,7\n", "row 2: 4 cells"),
    "duplicate header": ("N,loss,loss\n1,2,3\n", '2 columns are called "loss"'),
    "no header": ("1e9,2e10,2.5\n1e9,2e10,2.5\n", "holds numbers where the column names"),
    "open quote": (f'{HEAD}1e9,2e10,"2.5\n1e9,2e10,2.5\n', "quote left open"),
    "thousands": (f'{HEAD}1e9,"1,000",2.5\n', "thousands separators"),
    "text": (f"{HEAD}1e9,many,2.5\n", '"many" is not a number'),
    "all NaN": (f"{HEAD}1e9,2e10,nan\n2e9,2e10,nan\n", "none of the 2 runs is usable"),
    "all infinite": (f"{HEAD}1e9,2e10,inf\n", "loss is inf"),
    "all negative": (f"{HEAD}1e9,2e10,-2\n", "loss is -2"),
    "perplexity column": ("N,D,perplexity\n1e9,2e10,12\n", "its logarithm"),
    "no loss": ("N,D\n1e9,2e10\n", 'column "loss" is missing'),
    "no tokens": ("N,loss\n1e9,2.5\n", 'column "D" is missing'),
    "two losses": ("N,D,val_loss,test_loss\n1e9,2e10,2.5,2.6\n", "could each be loss"),
    "one run": (f"{HEAD}1e9,2e10,2.5\n", "1 usable run, but law chinchilla has 5"),
    "two runs": (f"{HEAD}1e9,2e10,2.5\n2e9,2e10,2.4\n", "2 usable runs, but law chinchilla has 5"),
    "nested JSON": ("[" * 100_000, "nested too deep"),
    "broken JSON": ('[{"N": 1},', "is not JSON"),
    "JSON NaN": ('[{"N": NaN}]', "NaN is not JSON"),
    "JSON 1e999": ('[{"N": 1e999}]', "beyond 1.8e308"),
    "a printed fit": ('{"law": "x", "formula": "E", "parameters": {}, "runs": {}}', "printed fit"),
    "a torn fit": ('{"isoflop": 1, "law":', "not a saved fit"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_in_one_line_that_names_it(refused, write, name):
    text, told = BAD_FILES[name]
    path = write(text)
    verb = ["plan", path, "--flops", "1e20"] if name == "a torn fit" else ["fit", path]
    message = refused(3, *verb)
    assert told in message
    assert "runs.csv" in message


@pytest.mark.parametrize("name", sorted(BAD_FILES.keys() - {"a torn fit"}))
def test_a_bad_pipe_is_refused_as_a_bad_file_is(refused, name):
    text, told = BAD_FILES[name]
    message = refused(3, "fit", "-", stdin=text.encode())
    assert told in message
    assert "standard input" in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"N,D,loss\n1e9,2e10,\x002\n", "NUL byte"),
        ("N,D,größe\n".encode("latin-1"), "byte 6 (0xf6) is not UTF-8"),
        ("N,D,loss\n".encode("utf-16"), "UTF-16"),
        (b"\x80\x04\x95", "pickle"),
        (b"PK\x03\x04", "zip"),
        (b"\x93NUMPY", "NumPy"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
    ],
)
def test_bytes_that_are_no_table_are_refused(run, content, told):
    done = run("fit", "-", stdin=content)
    assert (done.code, done.out) == (3, "")
    assert told in done.err
    assert done.err.startswith("isoflop: standard input")


# Bad input: words.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--law", "chinchila"], "Did you mean chinchilla?"),
        (["--law", "nonsense"], "Say one of chinchilla"),
        (["--law", ""], "formula"),
        (["--objective", "huber:-1"], "Say robust, squares, huber:1e-3 or envelope"),
        (["--objective", "mean"], "there is no objective"),
        (["--fix", "Q=3"], 'no parameter "Q"'),
        (["--fix", "E=abc"], "say a number"),
        (["--fix", "E=nan"], "say a number"),
        (["--fix", "E=1e999"], "say a number"),
        (["--fix", "E"], "NAME=VALUE"),
        (["--fix", "E=1", "--fix", "E=2"], "given twice"),
        (["--fix", "alpha=beta", "--fix", "beta=alpha"], "itself pinned"),
        (["--fix", "alpha=A"], "tie like to like"),
        (["--fix=E=1.8", "--fix=A=480", "--fix=alpha=.3", "--fix=B=2000", "--fix=beta=.3"], "no free parameter"),
        (["--bounds", "Q=0:1"], "no free parameter Q"),
        (["--bounds", "alpha=0.3"], "LOWEST:HIGHEST"),
        (["--bounds", "alpha=x:y"], "not a quantity"),
        (["--bounds", "alpha=0.5:0.2"], "lowest must be below"),
        (["--bounds", "alpha=nan:1"], "not a quantity"),
        (["--bounds", "A=-5:-1"], "never negative"),
        (["--bounds", "E=-3:-1"], "never negative"),
        (["--level", "2"], "between 0 and 1"),
        (["--level", "0"], "between 0 and 1"),
        (["--level", "nan"], "between 0 and 1"),
        (["--draws", "-1"], "draws"),
        (["--draws", "1000000000000"], "draws"),
        (["--starts", "0"], "starts"),
        (["--starts", "1000000000000"], "starts"),
        (["--seed", "-1"], "seed"),
        (["--flop-rule", "7ND"], "Say one of 6ND"),
        (["--where", "N >"], "invalid syntax"),
        (["--where", "N"], "is no condition"),
        (["--where", "loss > 'a'"], "mixes numbers and text"),
        (["--column", "x"], "NAME=VALUE"),
        (["-o", ""], "-o needs the name of a file"),
    ],
)
def test_an_option_that_means_nothing_is_refused(refused, table, words, *, told):
    assert told in refused(2, "fit", table, *words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--N", "Model Size"], 'no column "Model Size" to be N'),
        (["--N", ""], 'no column "" to be N'),
        (["--column", "x=Seen"], 'no column "Seen" to be x'),
        (["--where", "colour > 1"], 'column "colour" is missing'),
        (["--where", "N > 1e20"], "none is left"),
        (["--law", "E + A/x^a"], "--column x=COLUMN"),
        (["--law", "E + A/U^a"], "--column U=COLUMN"),
        (["-o", "/nowhere/fit.json"], "/nowhere/fit.json"),
        (["-o", os.curdir], "."),
    ],
)
def test_an_option_that_does_not_fit_the_runs_or_the_disk_is_refused(refused, table, words, *, told):
    assert told in refused(3, "fit", table, *words)


def test_runs_are_never_overwritten_by_their_fit(refused, table):
    before = table.read_bytes()
    assert "would overwrite the runs" in refused(2, "fit", table, "-o", table)
    assert table.read_bytes() == before


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('touch /tmp/owned')",
        "().__class__.__bases__[0].__subclasses__()",
        "E + A/N.real^alpha",
        "E + A/N[0]^alpha",
        "open('/etc/passwd')",
        "exec('1')",
        "E + f(N)",
        "E + log(N, 2)",
        "E + log(x=N)",
        "lambda: N",
        "[N for N in D]",
        "E + A/N^alpha if N else D",
        "E := N",
        "A; import os",
        "E + 'a'*N",
        "E + A*N^1000000",
        "E + 9^9^9^9*N",
        "E + 1e999*N",
        "E + True*N",
        "E + _private*N",
        "E + A",
        "N + D",
        "E + A/N^",
        "E + A/N^alpha # B",
        "(" * 100_000 + "N" + ")" * 100_000,
        "-" * 100_000 + "N",
        "N" + "+N" * 100_000,
        "exp(" * 100_000 + "N" + ")" * 100_000,
        "((" * 60 + "N" + "))" * 60,
        "[" * 50 + "]" * 50,
        "\0",
    ],
)
def test_a_formula_that_is_more_than_a_formula_is_refused(refused, table, formula):
    assert len(refused(2, "fit", table, f"--law={formula}")) < 500


@pytest.mark.parametrize(
    "condition", ["__import__('os').getpid() > 1", "N[0] > 1", "(" * 100_000 + "N>1", "open('x') > 1"]
)
def test_a_condition_that_is_more_than_a_condition_is_refused(refused, table, condition):
    assert len(refused(2, "fit", table, "--where", condition)) < 500


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say where to forecast"),
        (["N=8e9"], "needs D"),
        (["D=8e9"], "needs N"),
        (["N=8e9", "D=1e12", "Q=4"], "takes N, D, not Q"),
        (["N=8e9", "D=1e12", "C=1e22"], "takes N, D, not C"),
        (["N=-1", "D=1e12"], "N=-1 must be"),
        (["N=0", "D=1e12"], "N=0 must be"),
        (["N=nan", "D=1e12"], "not a quantity"),
        (["N=inf", "D=1e12"], "not a quantity"),
        (["N=8 billion", "D=1e12"], "not a quantity"),
        (["N=8e999", "D=1e12"], "too large"),
        (["N", "D"], "NAME=VALUE"),
        (["N=8e9", "N=9e9", "D=1e12"], "given twice"),
        (["N=8e9", "D=1e12", "--level", "2"], "between 0 and 1"),
        (["N=8e9", "D=1e12", "--at", "targets.csv"], "say where to forecast"),
    ],
)
def test_a_forecast_of_nothing_is_refused(refused, words, told):
    assert told in refused(2, "forecast", "besiroglu2024", *words)


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "is empty"), ("N,D\n", "0 runs"), ("N\n1e9\n", 'column "D" is missing'), ("N,D\n-1,2\n", "N is -1")],
)
def test_targets_that_cannot_be_read_are_refused(refused, write, text, *, told):
    assert told in refused(3, "forecast", "besiroglu2024", "--at", write(text, "targets.csv"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["besiroglu2024", "--flops", "0"], "is no budget"),
        (["besiroglu2024", "--flops", "-1e20"], "is no budget"),
        (["besiroglu2024", "--flops", "abc"], "not a quantity"),
        (["besiroglu2024", "--flops", "nan"], "not a quantity"),
        (["besiroglu2024", "--flops", "inf"], "not a quantity"),
        (["besiroglu2024", "--flops", ""], "not a quantity"),
        (["besiroglu2024", "--flops", "1e24", "--level", "1"], "between 0 and 1"),
        (["kaplan2020-N", "--flops", "1e24"], "needs a law of N and D"),
        (["kaplan2020-C-min", "--flops", "1e24"], "needs a law of N and D"),
        (["besiroglu2042", "--flops", "1e24"], "Did you mean besiroglu2024?"),
    ],
)
def test_a_plan_of_nothing_is_refused(refused, words, told):
    assert told in refused(2, "plan", *words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["D", "besiroglu2024", "N=8e9"], "loss=2.0"),
        (["D", "besiroglu2024", "loss=2"], "also needs N"),
        (["D", "besiroglu2024", "loss=-2", "N=8e9"], "loss=-2 must be"),
        (["D", "besiroglu2024", "loss=2", "N=0"], "N=0 must be"),
        (["D", "besiroglu2024", "loss=2", "N=8e9", "D=1"], "D cannot be given"),
        (["Q", "besiroglu2024", "loss=2", "N=8e9"], "can be solved for N, D, C"),
        (["D", "kaplan2020-N", "loss=2"], "can be solved for N"),
        (["C", "kaplan2020-N-opt", "loss=2"], "not a loss"),
        (["D", "besiroglu2024", "loss=2", "N=8e9", "--level", "2"], "between 0 and 1"),
    ],
)
def test_a_question_without_an_answer_is_refused(refused, words, told):
    assert told in refused(2, "solve", *words)


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        (2, ["laws", "chinchila"], "Did you mean chinchilla?"),
        (2, ["laws", "besiroglu2042"], "Did you mean besiroglu2024?"),
        (2, ["data", "chinchila"], "Did you mean chinchilla?"),
        (2, ["data", "nothing-like-it"], "Say one of tinylm"),
        (2, ["data", "tinylm", "--where", "N >"], "invalid syntax"),
        (3, ["fit", "chinchila"], 'the dataset "chinchilla"'),
        (3, ["fit", "nowhere.csv"], "there is no such file"),
        (3, ["plan", "nowhere.json", "--flops", "1e20"], "there is no such file"),
    ],
)
def test_a_name_that_nothing_bears_is_refused_with_the_nearest(refused, code, words, *, told):
    assert told in refused(code, *words)
