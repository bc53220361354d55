"""study.toml: what it means, and what is refused before anything runs."""

import hashlib
import json

import pytest
from sweeps import sweep

from isoflop.errors import DataError
from isoflop.experiments.study import open_study, plan_study
from isoflop.experiments.study.description import example, read_description

START = 'name = "s"\ncommand = ["train", "{lr}"]\n'


def described(text):
    return read_description(text, "study.toml")


def test_quantities_are_numbers_wherever_they_stand():
    text = START + '[config]\nlr = "1e-3"\nC = "1e18"\nseed = 7\nsteps = 1e4\n[grid]\nN = ["70M", 1e9]\nD = "1.4T"\n'
    _, configs = described(text)
    shared = {"lr": 0.001, "C": 10**18, "seed": 7, "steps": 10**4, "D": 14 * 10**11}
    assert configs == {
        "N70000000-D1400000000000": shared | {"N": 70 * 10**6},
        "N1000000000-D1400000000000": shared | {"N": 10**9},
    }
    assert all(isinstance(config["C"], float) == (config["C"] > 2**53) for config in configs.values())


def test_a_word_of_the_command_stays_one_word_and_nothing_in_it_is_expanded():
    text = 'name = "s"\ncommand = ["sh", "--note={note}", "${HOME}", "{{a}}", "{on}"]\n[[run]]\nname = "r"\n'
    settings, configs = described(text + 'on = true\nnote = "a b; $(id) `id` ${HOME} {a}"\na = 1\n')
    words = settings.argv(configs["r"], {})
    assert words == ("sh", "--note=a b; $(id) `id` ${HOME} {a}", "${HOME}", "{1}", "true")


@pytest.mark.parametrize("name", ["a; rm -rf ~", "$(id)", "--flag", "../up", ".hidden", "", "a" * 81, "a b", "ü"])
def test_a_name_that_could_be_anything_else_is_refused(name):
    with pytest.raises(DataError, match="cannot name a run"):
        described(f'{START}[[run]]\nname = "{name}"\nlr = 1\n')
    with pytest.raises(DataError, match="cannot name a study"):
        described(f'name = "{name}"\ncommand = ["x"]\n[[run]]\nname = "r"\n')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wokers = 2\n", 'there is no key "wokers". Did you mean "workers"?'),
        ('[columns]\nlos = "x"\n', 'there is no key "los" in [columns]. Did you mean "loss"?'),
        ("[[run]]\nlr_ = 1\n", 'the command asks for {lr}, which it does not have. Did you mean "lr_"?'),
        ("workers = 1.5\n", '"workers" must be a whole number from 1 to 10000, not 1.5'),
        ("retries = true\n", '"retries" must be a whole number'),
        ("heartbeat = 0\n", '"heartbeat" must be a number of at least 0.1'),
        ("[price]\ndollars_per_hour = -1\n", "at least 0"),
        ("[grid]\nlr = []\n", "a list of the grid is empty"),
        (f"[grid]\nlr = {list(range(400))}\nseed = {list(range(400))}\n", "the grid has 160,000 runs"),
        ("[grid]\nlr = [[1]]\n", "is neither a number nor text"),
        ("[grid]\nlr = [12:30:00]\n", "is neither a number nor text"),
        ("[grid]\nlr = [nan]\n", "not a number that a run can use"),
        ("[grid]\nlr = 1\nconfig = 2\n", '"config" cannot be a key'),
        ('[grid]\nlr = "--evil"\n', "would be read as an option. Write the word as --lr={lr}."),
        ('[grid]\nlr = "a\\u0000b"\n', "a NUL character"),
        ("[[run]]\nlr = 1\n[[run]]\nlr = 1\n", 'two runs are called "lr1"'),
        ("run = 1\n", "write [[run]] above each"),
        ("", "there are no runs"),
        ("[grid\n", "is not TOML"),
    ],
)
def test_what_study_toml_may_not_say_is_refused_with_what_to_write(text, said):
    with pytest.raises(DataError) as refused:
        described(START + text)
    assert said in str(refused.value)
    assert str(refused.value).startswith("study.toml: ")
    assert "\n" not in str(refused.value)


def test_a_command_that_a_shell_would_have_to_split_is_refused():
    with pytest.raises(DataError, match="must be a list of words"):
        described('name = "s"\ncommand = "python train.py; rm -rf ~"\n[[run]]\n')


def test_the_example_is_a_study():
    settings, configs = described(example("ladder"))
    assert (settings.name, len(configs)) == ("ladder", 6)
    assert settings.argv(configs["width16-D1000000"], {"python": "py"})[1:] == (
        "train.py", "--width", "16", "--tokens", "1000000", "--seed", "0",
    )  # fmt: skip


def test_a_run_is_what_it_is_set_to_whatever_its_name_and_the_order_of_its_keys(tmp_path):
    ids = {}
    for variant, text in {
        "plain": '[[run]]\nname = "a"\nlr = 1\nseed = 2\n',
        "renamed": '[[run]]\nname = "b"\nseed = 2.0\nlr = "1"\n',
        "other": '[[run]]\nname = "a"\nlr = 1\nseed = 3\n',
    }.items():
        (tmp_path / "study.toml").write_text(START + text)
        ids[variant] = open_study(tmp_path).runs[0].id
    (tmp_path / "study.toml").write_text(START + 'code = "2"\n[[run]]\nname = "a"\nlr = 1\nseed = 2\n')
    ids["code"] = open_study(tmp_path).runs[0].id
    content = b'{"code": "", "config": {"lr": 1, "seed": 2}, "data": ""}\n'
    assert ids["plain"] == ids["renamed"] == hashlib.sha256(content).hexdigest()[:16]
    assert len(set(ids.values())) == 3


def test_two_runs_that_are_the_same_are_refused(tmp_path):
    (tmp_path / "study.toml").write_text(START + '[[run]]\nname = "a"\nlr = 1\n[[run]]\nname = "b"\nlr = 1\n')
    with pytest.raises(DataError, match=r"a and b are the same run\. Replicates need a seed"):
        plan_study(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "gone", "garbage"])
def test_a_damaged_plan_is_made_again(tmp_path, damage):
    study = sweep(tmp_path / "s")
    path = study.folder / "plan.jsonl"
    good = path.read_bytes()
    assert [json.loads(line)["id"] for line in good.splitlines()[1:]] == [run.id for run in study.runs]
    flipped = bytearray(good)
    flipped[-20] ^= 1
    bad = {"truncated": good[:-30], "flipped": bytes(flipped), "gone": None, "garbage": b"\xff\0"}[damage]
    path.unlink() if bad is None else path.write_bytes(bad)
    assert open_study(study.folder) == study
    assert path.read_bytes() == good


def test_runs_added_to_study_toml_are_planned_beside_the_others(tmp_path):
    study = sweep(tmp_path / "s")
    grown = sweep(tmp_path / "s", runs=("a", "b", "c", "d"))
    assert grown.runs[:3] == study.runs
    assert len(grown) == 4
