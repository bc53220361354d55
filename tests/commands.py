"""Fixtures for tests of the command line: run it in this process, with files of simulated runs at hand."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from schemas import obeys
from tabled import columns, csv

import isoflop
from isoflop.faces import cli


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
    """Give a function that runs the command line in this process; JSON must be as its schema says."""

    def run(*words, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["isoflop", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        if "--json" in words and said.out:
            obeys([str(word) for word in words], said.out)
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


@pytest.fixture
def write(tmp_path):
    """Give a function that writes columns, text or bytes to a file and gives its path."""

    def write(content, name="runs.csv"):
        path = tmp_path / name
        text = csv(content) if isinstance(content, dict) else content
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """Give one table of simulated runs at one place, so that what is worked out from it is remembered."""
    path = tmp_path_factory.mktemp("table") / "runs.csv"
    path.write_text(csv(columns()))
    return path


@pytest.fixture(scope="session")
def saved_once(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "fit.json"
    isoflop.save(isoflop.fit("chinchilla", table, draws=50), path)
    return path


@pytest.fixture
def saved(saved_once, tmp_path):
    """Give a saved fit of that table."""
    return Path(shutil.copy(saved_once, tmp_path / "fit.json"))
