"""The command line on words that mean nothing: one clear message, the right exit code, nothing written."""

from __future__ import annotations

import os

import pytest

from isoflop.faces import cli
from isoflop.faces.cli.command import RENAMED

pytest_plugins = ["commands"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--law", "chinchila"], "Did you mean chinchilla?"),
        (["--law", "nonsense"], "isoflop laws lists them"),
        (["--law", ""], "formula"),
        (["--objective", "huber:-1"], "Say robust, squares, huber:1e-3 or envelope"),
        (["--objective", "mean"], "there is no objective"),
        (["--fix", "Q=3"], 'no parameter "Q"'),
        (["--fix", "E=abc"], "say a number"),
        (["--fix", "E=nan"], "say a number"),
        (["--fix", "E=1e999"], "beyond anything there is"),
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
    ],
)
def test_an_option_that_does_not_fit_the_runs_is_refused(refused, table, words, *, told):
    assert told in refused(3, "fit", table, *words)


@pytest.mark.parametrize("output", ["/nowhere/fit.json", os.curdir, "x" * 300 + ".json", f"{__file__}/fit.json"])
def test_a_file_that_cannot_be_written_is_a_failure_that_names_it(refused, table, output):
    message = refused(1, "fit", table, "-o", output)
    assert f"isoflop: {output}: " in message
    assert " written" in message


def test_runs_are_never_overwritten_by_their_fit(refused, table):
    before = table.read_bytes()
    assert "isoflop did not write it" in refused(2, "fit", table, "-o", table)
    assert "would overwrite the runs" in refused(2, "fit", table, "-o", table, "--force")
    assert table.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [["--law", "chinchilla", "--law", "coupled"], ["--seed", "1", "--seed=1"], ["--json", "--json"],
     ["-o", "a.json", "--output", "b.json"]],
)  # fmt: skip
def test_an_option_said_twice_is_refused(refused, table, words):
    assert "is given twice" in refused(2, "fit", table, *words)


def test_conditions_said_twice_must_both_hold(good, run, table):
    def kept(*conditions):
        return good("read", table, *(word for one in conditions for word in ("--where", one)))["runs"]

    everyone, both = kept(), kept("N > 1e8", "N < 1e9")
    assert len(everyone) > len(both) > 0
    assert both == [row for row in everyone if 1e8 < row["N"] < 1e9]
    assert run("read", table, "--where", "N > 1) or (N > 0", "--where", "N > 0").code == 2


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('echo owned')",
        "().__class__.__bases__[0].__subclasses__()",
        "E + A/N.real^alpha",
        "E + A/N[0]^alpha",
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
        (["N=8e999", "D=1e12"], "beyond anything there is"),
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


@pytest.mark.parametrize("condition", ["9**9**9**9 > N", "1/(N - N) > 1", "exp(N) > 1"])
def test_a_condition_beyond_all_numbers_says_nothing_of_numpy(run, table, condition):
    assert run("read", table, "--where", condition).err == ""


@pytest.mark.parametrize("pin", ["E=-1", "A=-5", "alpha=-0.3"])
def test_a_parameter_is_not_pinned_below_its_kind(refused, table, pin):
    assert "never negative" in refused(2, "fit", table, "--fix", pin)


SLIPS = ("1e308", "1e-308", "1e61", "3e-61")


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize(
    "words",
    [
        "plan --flops @", "plan besiroglu2024 --flops 1e20:@", "plan --gpus 8xH100 --days @",
        "plan --flops 1e22 --context @", "cost @ 1T", "cost 7B @", "cost 7B 1T --mfu @",
        "forecast besiroglu2024 N=@ D=1T", "forecast besiroglu2024 N=1B D=1T --level @",
        "solve D besiroglu2024 N=1B loss=@", "laws besiroglu2024 N=@ D=1T", "fit never.csv --fix alpha=@",
        "fit never.csv --objective huber:@", "fit never.csv --bounds E=@:2", "design ladder --sizes 1M:@",
        "landmarks N=@,D=1T",
    ],
)  # fmt: skip
def test_numbers_that_count_nothing_there_is_are_refused_whatever_they_were_typed_for(run, words, slip):
    done = run(*words.replace("@", slip).split())
    assert (done.code, done.out) == (2, "")
    assert "beyond anything there is" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("plan --flops 1e22 --max-params 1e-9", "less than one parameter"),
        ("forecast besiroglu2024 N=1B D=1T --level 0.00001", "no level that draws can tell"),
        ("fit @ --cluster loss", "names no run"),
        ("forecast @ N=1B D=1T --law chinchilla,coupled,chinchilla", "chinchilla is named twice"),
        ("fit @ --law E+A/N^lambda", '"lambda" cannot be a name'),
        ("cost 1e30 1T", "beyond any model"),
        ("cost 7B 0.1", "no number of tokens"),
        ("forecast besiroglu2024 n=1B d=20B", "Did you mean N=..., not n=..., D=..., not d=...?"),
        ("forecast besiroglu2024 C=1e22", "isoflop plan RUNS --flops"),
        ("plan --gpus 64 --days 7", "64 of which device? Say 64xH100."),
        ("plan --gpus 64H100 --days 7", "say 64xH100"),
        ("version", "Did you mean isoflop --version?"),
        ("predict runs.csv", "Did you mean isoflop forecast?"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(refused, table, words, *, told):
    assert told in refused(2, *words.replace("@", str(table)).split())


def test_words_of_other_programs_hide_no_command_and_lead_to_one():
    assert not set(cli.MEANT) & {*cli.HOMES, *cli.ALIASES}
    assert {meant.split()[0] for meant in cli.MEANT.values()} <= {*cli.HOMES, "--version", "--help"}


@pytest.mark.parametrize(
    "words",
    [
        ["forecast", "besiroglu2024", "N=1e9", "D=1e10", "level=3"],
        ["forecast", "besiroglu2024", "N=1e9", "source=3"],
        ["solve", "D", "besiroglu2024", "N=1e9", "loss=3", "unknown=2"],
        ["solve", "D", "besiroglu2024", "N=1e9", "loss=3", "level=.5"],
    ],
    ids=" ".join,
)
def test_an_option_of_the_verb_is_no_input_of_a_run(run, words):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert "is no input of a run" in done.err


@pytest.mark.parametrize(("name", "option"), [(name, old) for name, names in RENAMED.items() for old in names])
def test_an_option_by_its_old_name_is_taken_for_the_new_one(run, name, option):
    new = RENAMED[name][option]
    words = ["design", name] if name == "grid" else [name]
    assert new in run(*words, "--help").out
    said = run(*words, option, "1", "--nonsense").err
    assert said.startswith(f"isoflop: {option} is called {new} now")
    assert f"No such option: {option} " not in said


def test_a_device_without_a_number_is_what_money_buys_and_one_where_it_runs_for_days(good):
    assert good("plan", "--budget", "1M USD", "--gpus", "H200")["sheet"]["cost"]["device"] == "H200"
    assert good("plan", "--gpus", "H200", "--days", "21")["sheet"]["cost"]["count"] == 1
