"""Files are written whole, where their names lead, and never over what isoflop did not write."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from isoflop import files
from isoflop.errors import IsoflopError, UsageError
from isoflop.files import replacing, write_once, write_output, write_whole

NEW = b'{"isoflop": 1}\n'
pytest_plugins = ["commands"]


@pytest.fixture(params=["attributes", "none"])
def disk(request, monkeypatch, tmp_path):
    """Return a folder on a file system with attributes of files, and one that has none."""
    if request.param == "none":

        def refuse(*_):
            raise OSError(errno.ENOTSUP, "not supported")

        monkeypatch.setattr(os, "setxattr", refuse)
        monkeypatch.setattr(os, "getxattr", refuse)
    return tmp_path


def test_a_file_that_isoflop_wrote_is_replaced_and_one_that_was_changed_since_is_not(disk):
    path = disk / "fit.json"
    write_output(path, NEW)
    write_output(path, NEW + b"\n")
    assert path.read_bytes() == NEW + b"\n"


def test_an_edit_of_what_isoflop_wrote_is_seen(tmp_path):
    path = tmp_path / "runs.csv"
    write_output(path, b"N,D\n")
    path.write_bytes(b"N,D\n1,2\n")
    with pytest.raises(UsageError, match="--force"):
        write_output(path, b"N,D\n")
    assert path.read_bytes() == b"N,D\n1,2\n"


@pytest.mark.parametrize("name", ["study.toml", "runs.csv", "notes"])
def test_what_isoflop_did_not_write_stays_and_is_kept_when_forced(disk, name):
    path = disk / name
    path.write_text("mine\n")
    with pytest.raises(UsageError, match=r"\.bak"):
        write_output(path, NEW)
    assert path.read_text() == "mine\n"
    with replacing():
        write_output(path, NEW)
    assert path.read_bytes() == NEW
    assert (disk / f"{name}.bak").read_text() == "mine\n"
    path.write_text("mine again\n")
    with replacing():
        write_output(path, NEW)
    assert [(disk / f"{name}.bak{end}").read_text() for end in ("", "2")] == ["mine\n", "mine again\n"]


def test_an_empty_file_and_the_same_content_lose_nothing(disk):
    for content in (b"", NEW):
        (disk / "there").write_bytes(content)
        write_output(disk / "there", NEW)
        assert (disk / "there").read_bytes() == NEW


@pytest.mark.parametrize("write", [write_output, write_whole])
def test_a_link_is_followed_and_stays_a_link(tmp_path, write):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(Path("far", "real"))
    write(tmp_path / "link", NEW)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "real").read_bytes() == NEW
    write(tmp_path / "link", NEW + NEW)
    assert (tmp_path / "far" / "real").read_bytes() == NEW + NEW


@pytest.mark.parametrize("write", [write_output, write_whole])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_of_a_file_is_kept(tmp_path, write, mode):
    path = tmp_path / "there"
    path.touch()
    path.chmod(mode)
    write(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_a_new_file_has_what_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_output(tmp_path / "one", NEW)
        write_whole(tmp_path / "two", NEW)
        write_once(tmp_path / "three", NEW)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {mode}


def irregular(folder):
    """Yield what is no regular file, and how to see that it is untouched."""
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "to-null").symlink_to("/dev/null")
    (folder / "round").symlink_to(folder / "round")
    return [folder / "pipe", folder / "folder", folder / "to-null", folder / "round", Path("/dev/null"),
            Path("/dev/stdout"), Path("/dev/fd/1")]  # fmt: skip


@pytest.mark.parametrize("write", [write_output, write_whole])
@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_regular_file_is_refused_and_stays_what_it_is(tmp_path, write, force):
    for path in irregular(tmp_path):
        if path.is_relative_to("/dev") and stat.S_ISREG(path.stat().st_mode):
            continue  # the tests' own standard output goes to a file
        before = path.lstat()
        with pytest.raises(IsoflopError), replacing(force=force):
            write(path, NEW)
        assert (path.lstat().st_mode, path.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert {one.name for one in tmp_path.iterdir()} == {"pipe", "folder", "to-null", "round"}


@pytest.mark.parametrize("name", ["\0", "a" * 300, "", "no/such/folder"])
def test_a_name_that_no_file_can_have_is_one_sentence(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for write in (write_output, write_whole):
        with pytest.raises(IsoflopError):
            write(name, NEW)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_output(tmp_path / "fit.json", NEW)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(IsoflopError, match="No space left"):
        write_output(tmp_path / "fit.json", NEW + NEW)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"fit.json": NEW}


def test_a_dash_is_standard_output():
    program = "from isoflop.files import write_output; write_output('-', b'\\x00\\xff')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"\x00\xff"


def test_force_writes_a_file_that_is_not_there_yet(tmp_path):
    with replacing(force=True):
        write_output(tmp_path / "new.csv", b"a\n1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]
