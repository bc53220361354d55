"""A shared file system with faults: each host's view shows the others' changes late, and can be cut, read-only or full.

    python benchmarks/late_files.py BACKING VIEW --late 1.5 --control FILE

A view is a FUSE mount (fusepy and libfuse 2, as root or with fusermount) over one folder that all views share, and
keeps to what NFS keeps to: what a host writes is at the server at once; creating, linking and renaming are decided
there; what it knows of a name or a folder it may believe for so many seconds. The word in the control file is the
fault: "cut" (every call waits until the network is back, as a hard mount's do), "read-only", "full".
"""

# ruff: noqa: ARG002, D102, PLR0917 - the methods of a file system, as FUSE names and calls them

from __future__ import annotations

import argparse
import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuse import FUSE, FuseOSError, Operations

_KNOWN = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid", "st_ino")
_SPACE = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize",
          "f_namemax")  # fmt: skip


class View(Operations):  # type: ignore[misc]  # fusepy has no types
    """One host's view of the folder."""

    def __init__(self, backing: str, late: float, control: str) -> None:
        self._backing, self._late, self._control = backing, late, Path(control)
        self._believed: dict[tuple[str, str], tuple[float, Any]] = {}

    def _at(self, path: str) -> str:
        return self._backing + path

    def _fault(self) -> str:
        try:
            return self._control.read_text()
        except OSError:
            return ""

    def _reach(self, *, writes: bool = False, grows: bool = False) -> None:
        """Wait while the network is cut; refuse what a disk that is read-only or full refuses."""
        while (fault := self._fault()) == "cut":
            time.sleep(0.05)
        if writes and fault == "read-only":
            raise FuseOSError(errno.EROFS)
        if grows and fault == "full":
            raise FuseOSError(errno.ENOSPC)

    def _believe(self, what: str, path: str, ask: Callable[[], Any]) -> Any:
        """Return what is known of a path, from the server where it is known for too long."""
        then, value = self._believed.get((what, path), (-1e9, None))
        if time.monotonic() - then > self._late:
            self._reach()
            try:
                value = ask()
            except OSError as error:
                value = error
            self._believed[what, path] = (time.monotonic(), value)
        if isinstance(value, OSError):
            raise FuseOSError(value.errno)
        return value

    def _changed(self, *paths: str) -> None:
        for path in paths:
            self._believed.pop(("is", path), None)
            self._believed.pop(("in", str(Path(path).parent)), None)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if fh is not None:
            return {key: getattr(os.fstat(fh), key) for key in _KNOWN}
        found: dict[str, Any] = self._believe("is", path, lambda: _stat(self._at(path)))
        return found

    def readdir(self, path: str, _: int) -> list[str]:
        found: list[str] = self._believe("in", path, lambda: [".", "..", *os.listdir(self._at(path))])  # noqa: PTH208
        return found

    def open(self, path: str, flags: int) -> int:
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
        self._reach(writes=writes)
        self._believed.pop(("is", path), None)  # close to open: what is opened is asked for anew
        return os.open(self._at(path), flags & ~os.O_APPEND)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        self._reach(writes=True, grows=True)
        self._changed(path)
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        self._reach()
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._reach(writes=True, grows=True)
        self._changed(path)
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        self._reach(writes=True)
        self._changed(path)
        os.truncate(self._at(path) if fh is None else fh, length)

    def utimens(self, path: str, times: tuple[float, float] | None = None) -> None:
        self._reach(writes=True)
        self._changed(path)
        os.utime(self._at(path), times)

    def _change(self, act: Callable[..., Any], *paths: str, grows: bool = False) -> None:
        self._reach(writes=True, grows=grows)
        self._changed(*paths)
        act(*map(self._at, paths))

    def unlink(self, path: str) -> None:
        self._change(os.unlink, path)

    def rmdir(self, path: str) -> None:
        self._change(os.rmdir, path)

    def rename(self, old: str, new: str) -> None:
        self._change(os.rename, old, new)

    def link(self, target: str, source: str) -> None:
        self._change(os.link, source, target, grows=True)

    def mkdir(self, path: str, mode: int) -> None:
        self._change(lambda at: os.mkdir(at, mode), path, grows=True)  # noqa: PTH102

    def chmod(self, path: str, mode: int) -> None:
        self._change(lambda at: os.chmod(at, mode), path)  # noqa: PTH101

    def chown(self, path: str, uid: int, gid: int) -> None:
        self._change(lambda at: os.chown(at, uid, gid), path)

    def statfs(self, path: str) -> dict[str, Any]:
        found = os.statvfs(self._at(path))
        return {key: getattr(found, key) for key in _SPACE}

    def fsync(self, path: str, datasync: int, fh: int) -> None:
        self._reach(writes=True)
        os.fsync(fh)

    def release(self, path: str, fh: int) -> None:
        os.close(fh)


def _stat(path: str) -> dict[str, Any]:
    found = os.lstat(path)
    return {key: getattr(found, key) for key in _KNOWN}


def main() -> None:
    """Show a folder as one host sees it, until it is unmounted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backing")
    parser.add_argument("view")
    parser.add_argument("--late", type=float, default=1.5)
    parser.add_argument("--control", default="/nowhere")
    asked = parser.parse_args()
    view = View(os.path.realpath(asked.backing), asked.late, asked.control)
    FUSE(view, asked.view, foreground=True, attr_timeout=0, entry_timeout=0, negative_timeout=0, use_ino=True)


if __name__ == "__main__":
    main()
