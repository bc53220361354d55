"""Runs on a W&B server: the real package asks a real server, and every refusal is a sentence without the key."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from commands import Done
from wandb_server import KEY, serving

from isoflop.data.read import read
from isoflop.errors import MissingExtraError, UsageError

pytest_plugins = ["logs"]

PATIENCE = 600
"""Seconds that a server may take to answer: no busy machine takes so long."""
_PROGRAM = """
import json, os, sys
import wandb, wandb.apis.public
from isoflop.data.readers import wandb_online
from isoflop.faces.cli import application, main
application()
for line in sys.stdin:
    asked = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    for place, name in enumerate((os.devnull, asked["out"], asked["err"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), place)
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["isoflop", *asked["words"]]
    wandb_online.PATIENCE = asked["patience"]
    main()
"""
"""Each command is a fresh process, a copy of one that has loaded the package, which takes two seconds."""


@pytest.fixture(scope="module")
def server():
    with serving() as (address, asked):
        yield address, asked


@pytest.fixture(scope="module")
def copies(server, tmp_path_factory):
    """Give a function that runs isoflop in a process of its own: words, environment, files of what it says → code."""
    home = str(tmp_path_factory.mktemp("home"))
    own = {"HOME": home, "WANDB_DIR": home, "WANDB_ERROR_REPORTING": "false", "WANDB_HTTP_TIMEOUT": str(PATIENCE)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "HTTP_PROXY"))}
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**kept, **own},
    ) as first:  # fmt: skip

        def copy(words, said, *, files, patience):
            asked = {"words": words, "env": {**kept, **own, **said}, "out": str(files[0]), "err": str(files[1])}
            asked["patience"] = patience
            first.stdin.write(json.dumps(asked) + "\n")
            first.stdin.flush()
            return int(first.stdout.readline())

        yield copy
        first.stdin.close()


@pytest.fixture
def command(server, copies, tmp_path):
    """Give a function that runs isoflop in a fresh process, in which W&B is the server of this test."""

    def command(*words, key=KEY, address=None, patience=PATIENCE):
        said = {"WANDB_BASE_URL": address or server[0], **({"WANDB_API_KEY": key} if key else {})}
        out, err = tmp_path / "out", tmp_path / "err"
        for file in (out, err):
            file.write_text("")
        done = Done(copies(words, said, files=(out, err), patience=patience), out.read_text(), err.read_text())
        assert KEY not in done.out + done.err
        return done

    return command


@pytest.fixture
def refused(command):
    """Give a function that runs a command that must be refused in one line; gives the line."""

    def refused(code, *words, **said):
        done = command(*words, **said)
        assert (done.code, done.out) == (code, "")
        assert done.err.startswith("isoflop: ")
        assert done.err.count("\n") == 1
        return done.err

    return refused


def test_a_project_gives_what_the_offline_files_of_its_runs_give(command, logs):
    online = json.loads(command("read", "wandb:team/sweep", "--allow", "D02", "--json").out)
    offline = json.loads(command("read", str(logs("wandb")), "--allow", "D02", "--json").out)
    assert [online["kind"], online["rule"], online["taken"]] == [offline["kind"], offline["rule"], offline["taken"]]
    rows = [sorted(found["runs"], key=lambda row: row["N"]) for found in (online, offline)]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 3


def test_a_run_that_failed_is_left_out_and_every_rule_of_the_final_loss_holds(command):
    found = json.loads(command("read", "wandb:team/sweep", "--final", "mean:3", "--json").out)
    assert ["failed" in one["reason"] for one in found["excluded"]] == [True]
    last = json.loads(command("read", "wandb:team/sweep", "--json").out)
    assert all(a["loss"] > b["loss"] for a, b in zip(found["runs"], last["runs"], strict=True))


def test_only_the_metrics_that_are_taken_are_fetched(server, command):
    server[1].clear()
    assert command("read", "wandb:team/sweep", "--json").code == 0
    fetched = [one for one in server[1] if one.startswith("SampledHistoryPage")]
    assert len(fetched) == 2 * 3
    assert all('"val/loss"' in one or '"tokens"' in one for one in fetched)
    server[1].clear()
    assert command("read", "wandb:team/sweep", "--loss", "summary.score", "--json").code == 0
    fetched = [one for one in server[1] if one.startswith("SampledHistoryPage")]
    assert len(fetched) == 3
    assert all('"tokens"' in one for one in fetched)


def test_a_long_history_is_fetched_whole(command):
    found = json.loads(command("read", "wandb:team/long", "--curves", "--json").out)
    assert [row["step"] for row in found["runs"]][-1] == 2499
    assert len(found["runs"]) + len(found["excluded"]) == 2500


def test_names_are_text_and_two_runs_of_one_name_are_told_apart(command, tmp_path):
    done = command("read", "wandb:team/names", "-o", str(tmp_path / "runs.csv"))
    assert done.code == 0
    names = [line.partition(",")[0] for line in (tmp_path / "runs.csv").read_text().splitlines()[1:]]
    assert names == ["'=2+3", "<b>", "<b> #2"]


def test_any_command_takes_a_project(command):
    done = command("fit", "wandb:team/names", "--json")
    assert (done.code, done.out) == (3, "")
    assert "wandb:team/names: 3 usable runs" in done.err


@pytest.mark.parametrize("project", ["team/nothing", "nobody/sweep", "team/empty"])
def test_a_project_that_is_not_there_or_empty_is_said_to_be(refused, project):
    assert f"wandb:{project}: " in refused(3, "read", f"wandb:{project}")


@pytest.mark.parametrize("words", ["wandb:", "wandb:team", "wandb:team/sweep/run", "wandb:../sweep", "wandb:a b"])
def test_what_is_no_project_is_refused_before_anything_is_asked(words):
    with pytest.raises(UsageError, match="Say wandb:ENTITY/PROJECT"):
        read(words)


def test_without_a_key_one_is_asked_for_in_a_sentence(refused):
    assert "wandb login" in refused(1, "read", "wandb:team/sweep", key=None)


@pytest.mark.parametrize("key", ["f" * 40, "short"])
def test_a_key_that_the_server_does_not_take_is_not_shown(refused, key):
    told = refused(1, "read", "wandb:team/sweep", key=key)
    assert "wandb login --relogin" in told
    assert key not in told


def test_a_server_that_cannot_be_reached_is_given_up(refused):
    assert "127.0.0.1 cannot be asked (no usable answer)" in refused(
        1, "read", "wandb:team/sweep", address="http://127.0.0.1:9", patience=3
    )


def test_the_words_of_a_server_that_fails_are_not_repeated(refused):
    assert "cannot be asked" in refused(1, "read", "wandb:team/broken")


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtraError, match=r'pip install "isoflop\[read\]"'):
        read("wandb:team/sweep")
