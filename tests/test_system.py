"""Systems other than this one: what only some have is behind one file, and without it everything but studies works."""

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import isoflop
from isoflop.files import encoded, system

PACKAGE = Path(isoflop.__file__).parent
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "system.py"]
MODULES = {
    f"import {one}" for one in ("fcntl", "resource", "select", "pwd", "grp", "termios", "pty", "msvcrt", "winreg")
}
NAMES = {
    "killpg", "SIGKILL", "fork", "setsid", "getuid", "geteuid", "fchown", "fchmod", "chown", "getxattr", "setxattr",
    "symlink", "symlink_to", "mkfifo", "mknod", "sysconf", "O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY",
    "getpgid", "setpgrp", "statvfs", "uname", "ttyname",
}  # fmt: skip
SPECIAL = re.compile(rf"\b({'|'.join({one.removeprefix('import ') for one in MODULES} | NAMES)})\b|/(proc|sys|dev)/")
TEXT_MODES = {"read_text", "write_text"}


@cache
def nodes(path):
    """Give every node of a file's syntax tree."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def names_in(path):
    """Give what a file names with its line: each module that it imports, each attribute and each text."""
    if not SPECIAL.search(path.read_text(encoding="utf-8")):  # which is quick, and reading a tree is not
        return
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((f"import {one.name.partition('.')[0]}", node.lineno) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"import {(node.module or '').partition('.')[0]}", node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def test_no_other_file_asks_for_what_only_some_systems_have():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {name}"
        for path in FILES
        for name, line in names_in(path)
        if name in MODULES or name in NAMES or name.startswith(("/proc/", "/sys/", "/dev/"))
    ]
    assert found == []


def test_every_text_file_is_read_and_written_in_a_stated_encoding():
    found = []
    for path in [*FILES, PACKAGE / "files" / "system.py"]:
        content = path.read_text(encoding="utf-8")
        for node in nodes(path) if "open" in content or any(mode in content for mode in TEXT_MODES) else ():
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in {"open", "fdopen"} | TEXT_MODES:
                continue
            where = {one.arg for one in node.keywords}
            said = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            method = isinstance(node.func, ast.Attribute)
            of_os = method and getattr(node.func.value, "id", "") in {"os", "webbrowser"}
            opens = name in {"open", "fdopen"} and not of_os and not {"rb", "wb", "ab", "xb", "r+b"} & set(said)
            texts = method and name in TEXT_MODES and "direct_url.json" not in said  # of a package, without the choice
            if (opens or texts) and "encoding" not in where:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}")
    assert found == []


OTHER_SYSTEM = """
import getpass, os, pathlib, selectors, shutil, signal, subprocess, sys, tempfile  # which look at the system themselves

for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None  # importing it raises ImportError, as on Windows
for name in ("killpg", "fork", "setsid", "getuid", "geteuid", "fchown", "fchmod", "getxattr", "setxattr", "sysconf",
             "O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "getpgid", "statvfs", "sched_getaffinity"):
    delattr(os, name)
for name in ("SIGKILL", "SIGHUP"):
    delattr(signal, name)

class Locks:  # msvcrt as Windows has it: ranges of bytes, locked by one handle at a time
    LK_LOCK, LK_NBLCK, held = 1, 2, {}
    def locking(self, handle, mode, count):
        about = os.fstat(handle)
        place = (about.st_ino, os.lseek(handle, 0, os.SEEK_CUR), count)
        if self.held.setdefault(place, handle) != handle:
            raise PermissionError(13, "Permission denied")
sys.modules["msvcrt"] = Locks()
"""
"""What Python lacks on Windows taken away, and its one way of locking given: what runs then asks for nothing else."""


def elsewhere(code, *words, folder=None):
    """Run code with what another system lacks taken away before."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "0", "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, "-c", OTHER_SYSTEM + code, *words],
        capture_output=True, env=environment, cwd=folder, check=False, timeout=300,
    )  # fmt: skip


def test_runs_are_read_fitted_forecast_planned_and_saved_on_another_system(tmp_path):
    runs = [(n, d, 1.7 + 400 / n**0.34 + 410 / d**0.28) for n in (1e7, 3e7, 1e8) for d in (1e9, 5e9, 2e10)]
    lines = ["run,N,D,loss", *(f"α{n:g},{n:g},{d:g},{loss:.5f}" for n, d, loss in runs)]
    (tmp_path / "runs.csv").write_text("\n".join(lines), encoding="utf-8")
    code = """
import isoflop, json
from isoflop.faces.cli import main
runs = isoflop.read("runs.csv")
fit = isoflop.fit("chinchilla", runs, draws=20)
isoflop.save(fit, "fit.json")
isoflop.save(isoflop.fit("chinchilla", runs, draws=21), "fit.json")  # over what isoflop wrote
again = isoflop.load("fit.json")
plan = isoflop.plan(fit, flops=1e21)
for words in (["isoflop", "design", "ladder", "--sizes", "10M:100M", "-o", "s/study.toml"],
              ["isoflop", "study", "new", "s"], ["isoflop", "study", "status", "s"]):
    sys.argv = words
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
print(json.dumps([runs["run"][0], again.curve(N=1e9, D=1e11), plan.N.value]), file=sys.stderr)
"""
    (tmp_path / "s").mkdir()
    done = elsewhere(code, folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    name, loss, size = json.loads(done.stderr.decode().splitlines()[-1])
    fit = isoflop.load(tmp_path / "fit.json")
    assert name == "α1e+07"
    assert loss == pytest.approx(fit.curve(N=1e9, D=1e11), rel=1e-12)
    assert size == pytest.approx(isoflop.plan(fit, flops=1e21).N.value, rel=0.05)  # by a fit of another draw


def test_a_study_is_refused_in_words_on_another_system(tmp_path):
    code = """
from isoflop.faces.cli import main
for words in (["study", "new", "s"], ["study", "run", "s"]):
    sys.argv = ["isoflop", *words]
    try:
        main()
    except SystemExit as end:
        print(end.code)
"""
    done = elsewhere(code, folder=tmp_path)
    assert done.stdout.decode().splitlines()[-1] == "1"
    assert "studies are not run here" in " ".join(done.stderr.decode().split())
    assert "Traceback" not in done.stderr.decode()


def test_two_writers_of_a_register_take_turns_on_another_system(tmp_path):
    code = """
import os
from isoflop.files import system
from isoflop.files import encoded
first, second = (os.open("r", os.O_RDWR | os.O_CREAT) for _ in range(2))
os.write(first, b"line")
assert system.lock(first) and not system.lock(second)
assert os.lseek(first, 0, os.SEEK_CUR) == 4
"""
    assert elsewhere(code, folder=tmp_path).returncode == 0


def test_a_lock_is_held_by_one_until_it_is_closed(tmp_path):
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert system.lock(first)
    assert not system.lock(second)
    os.close(first)
    assert system.lock(second)
    os.close(second)


@pytest.mark.parametrize(
    ("name", "told"), [("grie\udcc3\udc9f", "grieß"), ("\udcff", "\\udcff"), ("\ud800", "\\ud800"), ("α", "α")]
)
def test_names_that_the_locale_made_no_text_of_are_written_as_the_bytes_they_have(name, told):
    assert encoded(name).decode() == told


def test_names_and_texts_beyond_ascii_pass_through_files_in_the_poorest_locale(tmp_path):
    runs = [(n, d, 1.7 + 400 / n**0.34 + 410 / d**0.28) for n in (1e7, 3e7, 1e8) for d in (1e9, 5e9, 2e10)]
    lines = ["run,N,D,loss", *(f"α{n:g}💥,{n:g},{d:g},{loss:.5f}" for n, d, loss in runs)]
    (tmp_path / "grieß.csv").write_text("\n".join(lines), encoding="utf-8")
    plain = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "cp1252"}
    code = """
from isoflop.faces.cli import main
import os, sys
table, copy, sheet = (os.fsdecode(one.encode()) for one in ("grieß.csv", "kopie_ß.csv", "plan_ß.toml"))
for words in (["read", table, "-o", copy], ["plan", table, "--flops", "1e20", "-o", sheet], ["read", copy]):
    sys.argv = ["isoflop", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
"""
    (tmp_path / "words.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "words.py"], cwd=tmp_path, capture_output=True, check=False,
        env={**os.environ, **plain, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr.decode(errors="replace")
    assert "α1e+07💥" in (tmp_path / "kopie_ß.csv").read_text(encoding="utf-8")
    assert (tmp_path / "plan_ß.toml").exists()
