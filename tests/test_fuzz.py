"""Whatever is typed, passed or sent, isoflop answers or refuses in one sentence: no traceback, no hang, no warning.

A quarter of a minute in `make test`; ISOFLOP_FUZZ=600 (which `make bench` says) goes on for ten minutes, each time
with other examples.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from tabled import columns, csv

import isoflop
from isoflop.errors import IsoflopError
from isoflop.faces.cli import application
from isoflop.faces.web import requests, work

pytest_plugins = ["commands"]
SECONDS = float(os.environ.get("ISOFLOP_FUZZ", "0"))
"""About how long to go on; 0 is a short look that is the same every time."""
LEFT_OUT = {"web", "demo", "study", "verify", "docs"}
"""Commands that serve until they are ended, run commands, or take minutes by design."""
NUMBERS = ("0", "-1", "1", "0.5", "nan", "inf", "-inf", "1e308", "1e-308", "1e400", "7B",
           "9" * 400, "1e21", "8", "\uff11")  # fmt: skip
WORDS = (
    "", "-", "x", "N", "D", "loss", "N=1", "N=8e9", "=", "E=1.7", "E=-1", "alpha=beta", "1:2", "2:1", ":", "a,b", ",",
    "chinchilla", "chinchilla,chinchilla", "besiroglu2024", "E + A/N^a", "N > 1e7", "loss == 'x'", "9**9**9 > N",
    "N/0 > 1", "[red]", "\u202e", "é", "💥", "H100", "8xH100", "2027-01-01", "tinylm", "/dev/null", ".",
    "__import__('os')", "D01",
    "robust", "huber:0", "accuracy:up:1", "a" * 3000,
)  # fmt: skip


def examples(usual):
    """Return the settings of a test: so many examples, or more of them for a long look, of which each is another."""
    count = usual if not SECONDS else max(usual, int(usual * SECONDS / 15))
    return settings(
        max_examples=count, deadline=None, derandomize=not SECONDS, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def commands():
    """Return every command by its words, with its options and whether each takes a value."""

    def below(command, words):
        inner = getattr(command, "commands", None)
        if inner is None:
            return [(words, command.params)]
        return [found for name, one in inner.items() if name not in LEFT_OUT for found in below(one, (*words, name))]

    return below(typer.main.get_command(application()), ())


COMMANDS = commands()


@st.composite
def lines(draw):
    """Draw the words of a command line: a command, a source or two, and options with anything as their value."""
    words, params = draw(st.sampled_from(COMMANDS))
    anything = st.sampled_from(NUMBERS) | st.sampled_from(WORDS) | st.text(max_size=12)
    line = [
        *words,
        *draw(st.lists(st.sampled_from(["RUNS", "besiroglu2024", "N=8e9", "D=1e12"]) | anything, max_size=3)),
    ]
    options = [
        one for one in params if getattr(one, "opts", [""])[0].startswith("-") and one.name not in {"help", "output"}
    ]
    for one in draw(st.lists(st.sampled_from(options), max_size=3, unique=True)) if options else ():
        line.append(one.opts[0])
        if not getattr(one, "is_flag", False):
            line.append(draw(anything))
    return [word.replace("\0", "") for word in line]


@pytest.fixture(scope="module")
def table():
    """Return a small table of sound runs."""
    found = columns()
    rows = slice(0, 40, 4)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "runs.csv")
        path.write_text(csv({name: values[rows] for name, values in found.items()}))
        yield str(path)


@examples(24)
@given(line=lines())
def test_any_words_end_in_an_answer_or_in_one_sentence(run, table, line):
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        try:
            done = run(*[table if word == "RUNS" else word for word in line])
        finally:
            os.chdir(before)
    assert done.code in {0, 1, 2, 3, 4}
    assert "Traceback" not in done.err
    assert "Warning" not in done.err


VERBS = ("plan", "forecast", "solve", "fit", "check", "read", "backtest", "finish", "recipes", "frontier", "landmarks")
VALUES = st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats() | st.sampled_from(
    [*WORDS, *NUMBERS, [], {}, [1e9], ["8B"], b"x", 1j, object(), np.array([]), np.array(["x"]), np.zeros((2, 2)),
     {"N": [1e9], "D": [1e10], "loss": [2.0]}],
)  # fmt: skip


@examples(60)
@given(data=st.data())
def test_any_arguments_end_in_a_result_or_in_an_error_of_ours(data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
        _call(data)


def _call(data):
    """Call a verb with anything; what raises no error of ours is a fault."""
    verb = getattr(isoflop, data.draw(st.sampled_from([one for one in VERBS if hasattr(isoflop, one)])))
    named = [one for one in inspect.signature(verb).parameters.values() if one.kind != one.VAR_KEYWORD]
    first = [isoflop.laws.chinchilla.besiroglu2024] if named and named[0].name in {"source", "fit"} else []
    keys = [one.name for one in named[1:]] + ["N", "D", "flops", "loss", "hidden"]
    chosen = data.draw(st.lists(st.sampled_from(keys), max_size=3, unique=True))
    given_ = {key: data.draw(VALUES) for key in chosen if key not in {"draws", "starts", "look", "runs"}}
    args = first or [data.draw(VALUES)]
    if named and named[0].name in given_:
        return
    try:
        inspect.signature(verb).bind(*args, **given_)
    except TypeError:
        return  # Python's own words for a missing or misspelt argument
    with suppress(IsoflopError):
        verb(*args, **given_)


KEYS = ("curves", "dataset", "law", "where", "columns", "flops", "N", "D", "loss", "source", "context", "x")
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats(allow_nan=False)
    | st.sampled_from([*WORDS, *NUMBERS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(KEYS),
        inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@examples(60)
@given(body=BODIES | st.binary(max_size=60))
def test_any_body_is_an_answer_or_a_sentence(body):
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    with suppress(IsoflopError, HTTPException):
        work.view(requests.wanted_view(requests.parsed(sent)))
    if isinstance(body, dict):
        with suppress(IsoflopError):
            work.plan({"curves": ["besiroglu2024"]}, body)


NAMES = (
    "runs.csv",
    "runs.json",
    "runs.jsonl",
    "run.wandb",
    "trainer_state.json",
    "metrics.csv",
    "log.txt",
    "runs.parquet",
    "events.out.tfevents.1",
    "fit.json",
    "runs.csv.gz",
    "results_1.json",
    "history.jsonl",
    "mlflow.db",
)
BEGINNINGS = (b"", b"N,D,loss\n1e9,2e10,2.5\n", b'{"N": 1, "loss": ', b"PAR1", b"\x1f\x8b\x08\x00",
              b":W&B\x02\x00\x00", b"\n\x07\x00",
              b'{"log_history": [{"step": 1', b'{"isoflop": 1, "sha256": "', b"step,loss,tokens\n1,2,",
              b"SQLite format 3\0")  # fmt: skip


@examples(80)
@given(name=st.sampled_from(NAMES), begin=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=120))
def test_any_bytes_under_any_name_are_read_or_refused(name, begin, rest):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(begin + rest)
        for read in (isoflop.read, isoflop.load):
            with suppress(IsoflopError):
                read(path)
        with suppress(IsoflopError):
            isoflop.read(Path(folder))
