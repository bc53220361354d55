"""Words that no command takes, and names of files that are none: one sentence that names the help, nothing lost."""

import pytest

pytest_plugins = ["commands"]

OF_FIT = "See isoflop fit --help."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["fit", "{runs}", "--seed", "nan"], f"invalid value for '--seed': 'nan' is not a valid int. {OF_FIT}"),
        (["fit", "{runs}", "--bound", "alpha=1,2"], "no such option: --bound"),
        (["check", "{runs}", "more"], "got unexpected extra argument(s) (more). See isoflop check --help."),
        (["fit"], "missing argument 'RUNS'."),
        (["frobnicate"], "no such command 'frobnicate'. See isoflop --help."),
        (["study", "frobnicate"], "no such command 'frobnicate'. See isoflop study --help."),
        (["fit", "{runs}", "-o", "{folder}/new/"], "/new/: a file to write needs a name,"),
        (["read", "{runs}", "-o", "{folder}/runs.svg"], "runs.svg: this command writes no figure."),
        (["fit", "{runs}", "-o", "{folder}/fit.PNG"], "fit.PNG: this command writes no figure."),
    ],
)
def test_a_slip_is_one_sentence_and_writes_nothing(words, says, *, run, tmp_path):
    runs = tmp_path / "runs.csv"
    runs.write_text(
        "N,D,loss\n" + "".join(f"{n}e7,{d}e8,{1.7 + 3 / n + 2 / d}\n" for n in range(1, 4) for d in (1, 2, 4))
    )
    done = run(*(word.format(runs=runs, folder=tmp_path) for word in words))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("isoflop: ")
    assert done.err.count("\n") == 1
    assert says in done.err
    assert [one.name for one in tmp_path.iterdir()] == ["runs.csv"]


@pytest.mark.parametrize("words", [[], ["study"]])
def test_no_words_show_the_help(words, run):
    done = run(*words)
    assert done.code == 2
    assert "Usage: " in done.out + done.err


def test_help_and_version_end_well(run):
    assert [run(*words).code for words in (["--help"], ["fit", "-h"], ["--version"])] == [0, 0, 0]
