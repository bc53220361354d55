"""What only some operating systems have, behind one file: locks, process groups, limits, owners of files.

Nothing else in isoflop asks which system it runs on. Where a system lacks something, it is done without where that is
safe, and refused in words where it is not: Windows reads, fits, forecasts, plans and serves the page, and does not
run studies, since it cannot end a run together with all that the run started.
"""

from __future__ import annotations

import os
import select
import signal
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

from isoflop.errors import IsoflopError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

NO_WAIT, BINARY = getattr(os, "O_NONBLOCK", 0), getattr(os, "O_BINARY", 0)
"""How files are opened where the system knows of it: a pipe at once, and bytes as they are."""
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
_FAR = 0x7FFF_0000
"""The byte that Windows locks, beyond the end of any file of ours: there, a locked byte cannot be read by others."""
STUDIES = hasattr(os, "killpg")
"""Whether a run can be ended with all that it started."""


def need_studies() -> None:
    """Refuse to run a study where the system cannot end a run; raises IsoflopError."""
    if not STUDIES:
        import platform

        raise IsoflopError(
            f"{platform.system()} cannot end a run with all that it started, so that studies are not run here. Run "
            "them on Linux or macOS, or on Windows within WSL; planning them and reading their results works here."
        )


def lock(handle: int, *, wait: bool = False) -> bool:
    """Lock an open file for this process alone, until it is closed or the process ends; False where another holds it.

    Raises OSError where the file system has no locks.
    """
    if fcntl is None:
        return _lock_on_windows(handle, wait=wait)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _lock_on_windows(handle: int, *, wait: bool) -> bool:
    import msvcrt

    place = os.lseek(handle, 0, os.SEEK_CUR)
    try:
        while True:
            os.lseek(handle, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            except OSError:  # LK_LOCK gives up after ten seconds
                if not wait:
                    return False
            else:
                return True
    finally:
        os.lseek(handle, place, os.SEEK_SET)


def signal_group(leader: int, number: int) -> None:
    """Send a signal to a process and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if STUDIES:
            os.killpg(leader, number)


def started(pid: int) -> str | None:
    """Return when a process started, in the system's own ticks; None if there is none, or only its corpse."""
    if Path("/proc/self/stat").exists():
        fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        return fields[19] if fields and fields[0] not in "ZX" else None
    if not STUDIES:
        return _started_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""


def _started_on_windows(pid: int) -> str | None:
    """Return whether a process is among those that run: there, os.kill would end it."""
    import subprocess

    asked = ["tasklist", "/FI", f"PID eq {pid}", "/FO", "CSV", "/NH"]
    with suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603
        return "" if f'"{pid}"' in found.stdout else None
    return None


@cache
def place() -> tuple[str, str, str]:
    """Return within what the number of a process means something: the machine, its boot, the name space."""
    import platform

    namespace = ""
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return platform.node(), _text("/proc/sys/kernel/random/boot_id"), namespace


def processor() -> str:
    """Return the name of this machine's processor."""
    import platform

    for line in _text("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory() -> int | None:
    """Return the bytes of memory of this machine, None where the system does not say."""
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def limit_memory(most: int) -> None:
    """Let this process have so many bytes of memory and leave no core file, where the system has such limits."""
    with suppress(ValueError, OSError):
        if resource is not None:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (most, most))


def readable(handle: int, wait: float = 0.0) -> bool:
    """Return whether something can be read from a pipe within so many seconds; True where only reading tells."""
    try:
        return bool(select.select([handle], [], [], wait)[0])
    except OSError:  # Windows waits for sockets alone
        return True


def is_mine(path: Path) -> bool:
    """Return whether a file belongs to this process's user and is no link; True where files have no owners."""
    about = path.lstat()
    return not stat.S_ISLNK(about.st_mode) and (not hasattr(os, "getuid") or about.st_uid == os.getuid())


def keep_owner(handle: int, old: os.stat_result) -> None:
    """Give an open file the mode, and as far as may be the owner, of another."""
    with suppress(OSError, AttributeError):  # another's file, or a system without owners
        os.fchown(handle, old.st_uid, old.st_gid)
    with suppress(AttributeError):
        os.fchmod(handle, stat.S_IMODE(old.st_mode))


def note(handle: int, name: str, value: bytes) -> None:
    """Write an attribute of an open file, where the file system keeps such."""
    with suppress(OSError, AttributeError):
        os.setxattr(handle, name, value)


def noted(path: Path, name: str) -> bytes | None:
    """Return an attribute of a file, b"" where it has none of that name; None where no file has attributes."""
    import errno

    try:
        return os.getxattr(path, name)
    except AttributeError:
        return None
    except OSError as error:
        return None if error.errno == errno.ENOTSUP else b""


def _text(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    return ""
