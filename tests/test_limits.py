"""Whatever is named as a source, an answer comes: nothing waits for ever, and nothing is built without a limit."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest
from tabled import columns, csv

from isoflop import files, read
from isoflop.data import limits
from isoflop.data.limits import Look
from isoflop.errors import DataError, IsoflopError
from isoflop.files import read_limited

pytest_plugins = ["commands"]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(files, "WRITER", 0.01)


READING = (
    ("read",), ("fit",), ("check",), ("forecast", "N=1e9", "D=1e10"), ("plan", "--flops", "1e21"), ("emergence",),
    ("inference",), ("web", "--no-browser"),
)  # fmt: skip


@pytest.mark.parametrize("words", READING, ids=[words[0] for words in READING])
@pytest.mark.usefixtures("impatient")
def test_a_pipe_that_nobody_writes_to_is_refused(run, tmp_path, words):
    os.mkfifo(tmp_path / "pipe")
    done = run(words[0], tmp_path / "pipe", *words[1:])
    assert done.code in {2, 3}
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", READING, ids=[words[0] for words in READING])
def test_a_device_without_an_end_is_refused(run, words):
    done = run(words[0], "/dev/zero", *words[1:])
    assert done.code in {2, 3}
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("name", ["study.toml", "plan.jsonl"])
@pytest.mark.parametrize("verb", ["new", "run", "status", "repair", "export"])
@pytest.mark.usefixtures("impatient")
def test_a_pipe_in_the_place_of_a_studys_file_is_refused(run, tmp_path, *, name, verb):
    os.mkfifo(tmp_path / name)
    assert run("study", verb, tmp_path).code in {0, 1, 2, 3}


def test_a_pipe_with_a_writer_is_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "WRITER", 600.0)
    pipe = tmp_path / "runs.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=[csv(columns())])
    writer.start()
    assert len(read(pipe)) == 40
    writer.join()


def test_a_pipe_whose_writer_says_nothing_more_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SILENCE", 0.05)
    os.mkfifo(tmp_path / "pipe")
    held = os.open(tmp_path / "pipe", os.O_RDWR)
    os.write(held, b"N,D,loss\n")
    with pytest.raises(DataError, match="nothing came"):
        read(tmp_path / "pipe")
    os.close(held)


def test_no_more_is_read_than_was_asked_for(tmp_path):
    (tmp_path / "long").write_bytes(b"x" * 5_000_000)
    assert len(read_limited(tmp_path / "long", 1000)) == 1001


def many_keys(count):
    return json.dumps([{f"k{row}-{key}": 1 for key in range(count)} for row in range(100)])


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [("a.json", many_keys(2000), "1,000 columns"), ("a.jsonl", json.dumps({f"k{i}": 1 for i in range(9000)}), "1,000"),
     ("a.json", json.dumps({f"k{i}": [1, 2] for i in range(2000)}), "1,000 columns"),
     ("a.json", "[{" + ",".join(f'"k{i}": 1' for i in range(30_000)) + ', "k0": 2}]', "stands twice"),
     ("a.json", "[" * 100_000, "nested"), ("a.json", '[{"N": ' + "9" * 5000 + "}]", "digits")],
)  # fmt: skip
def test_json_that_would_grow_is_refused_before_it_does(tmp_path, monkeypatch, *, name, text, told):
    monkeypatch.setattr("isoflop.data.readers.records._cell", None)  # no cell is made
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=told):
        read(tmp_path / name)


def test_a_table_of_too_many_cells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CELLS", 100)
    (tmp_path / "a.json").write_text(json.dumps([{f"k{key}": 1 for key in range(11)}] * 10))
    with pytest.raises(DataError, match="110 cells"):
        read(tmp_path / "a.json")


def test_a_folder_without_an_end_is_left(tmp_path, monkeypatch):
    for number in range(30):
        (tmp_path / f"{number}.txt").touch()
    monkeypatch.setattr(limits, "MAX_FILES", 10)
    with pytest.raises(DataError, match="more than 10 files"):
        read(tmp_path)
    monkeypatch.undo()
    clock = iter(range(1000))
    look = Look("folder", lambda: float(next(clock)))
    [look.take() for _ in range(limits.AT_LEAST)]
    with pytest.raises(DataError, match="no end of it"):
        [look.take() for _ in range(20)]


def test_ctrl_c_ends_a_reader_that_waits(tmp_path):
    """A writer that is silent is waited for, and the user may stop waiting."""
    os.mkfifo(tmp_path / "pipe")
    held = os.open(tmp_path / "pipe", os.O_RDWR)
    command = [sys.executable, "-m", "isoflop", "read", str(tmp_path / "pipe")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    os.write(held, b"N,D")
    while os.read(held, 0) == b"" and process.poll() is None:
        import fcntl
        import struct
        import termios

        left = struct.unpack("i", fcntl.ioctl(held, termios.FIONREAD, b"\0" * 4))[0]
        if not left:  # it has read what there was, and waits for more
            break
        time.sleep(0.01)
    process.send_signal(2)
    _, said = process.communicate()
    os.close(held)
    assert (process.returncode, said) == (130, b"")


def test_nothing_but_our_own_errors_comes_of_what_cannot_be_opened(tmp_path):
    for name in ("\0", "a" * 300, ".", "nowhere/x", "/proc/self/mem"):
        with pytest.raises(IsoflopError):
            read(name)


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (3, ["read", "https://x/runs.csv"], "Download it"),
        (2, ["read", "tinylm", "--where", "N"], '"N" is no condition'),
        (2, ["read", "tinylm", "--where", "loss =="], 'formula "loss =="'),
        (2, ["fit", "tinylm", "--law", "E + A/\u039d^a"], "is U+039D"),
    ],
)
def test_a_refusal_speaks_of_what_was_typed(refused, code, words, *, said):
    assert said in refused(code, *words)
