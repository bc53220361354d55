"""An address to a copy on this machine: s3://, gs://, https:// and http://, within limits (the extra `remote`).

fsspec fetches. Nothing is fetched from an address inside a network, such as 127.0.0.1, 10.0.0.5 or a cloud's
169.254.169.254, wherever a name or a redirect leads, unless $ISOFLOP_ALLOW_PRIVATE is set to 1: for a store in-house.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from isoflop.data.limits import MAX_BYTES
from isoflop.data.readers.address import ADDRESS, Copy
from isoflop.errors import DataError, IsoflopError, MissingExtraError, shown

ALLOW = "ISOFLOP_ALLOW_PRIVATE"
"""The environment variable that allows addresses inside a network, set to 1."""
LONGEST, CONNECTING, SILENT = 120.0, 15.0, 30.0
"""Seconds for a whole source, for a connection, and in which something must come."""
MOST_FILES = 5_000
"""Objects below a prefix that are fetched; each is a request."""
_PIECE = 1 << 20
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass
class _Fetch:
    """One fetch: how much of it has come, until when it may take, and which inner address it was led to."""

    address: str
    until: float
    left: int
    inner: list[str] = field(default_factory=list)

    def take(self, stream: Any, target: Path) -> None:
        """Write what a stream gives into a file; raises DataError for too much of it, and where it takes too long."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            while piece := stream.read(_PIECE):
                self.left -= len(piece)
                if self.left < 0:
                    raise DataError(f"{self.address}: is larger than {MAX_BYTES >> 20} MiB. Keep one row a run.")
                if time.monotonic() > self.until:
                    raise DataError(f"{self.address}: took longer than {LONGEST:g} s. Download it, and name the file.")
                file.write(piece)

    def connect(self, found: tuple[Any, ...]) -> socket.socket:
        """Return a socket for an address that a name or a redirect has led to, if it is a public one."""
        family, kind, protocol, _, place = found
        if not is_allowed(place[0]):
            self.inner.append(place[0])
            raise OSError(f"{place[0]} is inside a network")
        return socket.socket(family, kind, protocol)


def is_allowed(host: str) -> bool:
    """Return whether a numeric address may be fetched from: it is public, or inner ones are allowed."""
    if os.environ.get(ALLOW) == "1":
        return True
    found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        hidden = found.ipv4_mapped or found.sixtofour
        hidden = ipaddress.IPv4Address(found.packed[-4:]) if found in _NAT64 else hidden
        found = hidden or found
    return found.is_global and not found.is_multicast


@contextmanager
def fetched(address: str) -> Iterator[Copy]:
    """Fetch what is at an address, a folder of an object store too, for as long as it is read.

    Raises DataError for what cannot be fetched, is too large, takes too long or lies inside a network, and
    MissingExtraError where the packages for it are not installed.
    """
    plain = _plain(address)
    with TemporaryDirectory(prefix="isoflop-") as folder:
        name = unquote(PurePosixPath(urlsplit(plain).path).name)
        copy = Copy(str(Path(folder) / (name if name not in {"", ".", ".."} else "runs")), plain)
        fetch = _Fetch(plain, until=time.monotonic() + LONGEST, left=MAX_BYTES)
        with _said(fetch):
            _KINDS[ADDRESS.match(address)[1].lower()](address, Path(copy.path), fetch)  # type: ignore[index]
        try:
            yield copy
        except IsoflopError as error:
            raise type(error)(copy.named(str(error))) from None


def _plain(address: str) -> str:
    """Return an address without what is secret in it: user and password, and the signature in its query."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextmanager
def _said(fetch: _Fetch) -> Iterator[None]:
    """Raise what goes wrong on the way as one error of ours: each library of fsspec has its own."""
    place = shown(fetch.address)
    try:
        yield
    except IsoflopError:
        raise
    except ImportError:
        raise MissingExtraError(f'{place}: is fetched with the extra read. Say: pip install "isoflop[read]"') from None
    except Exception as error:  # noqa: BLE001 - each library of fsspec has its own
        raise _unfetched(place, error, fetch.inner) from None


def _unfetched(place: str, error: BaseException, inner: list[str]) -> DataError:
    """Return the error for what could not be fetched: fsspec says "not found" whatever was behind it."""
    while isinstance(error, FileNotFoundError) and error.__cause__ is not None:
        error = error.__cause__
    if inner:
        return _inside(place, inner[0])
    status = getattr(error, "status", None)  # what a web server answered
    if isinstance(error, FileNotFoundError) or status in {404, 410}:
        return DataError(f"{place}: there is nothing at this address. Correct it.")
    if isinstance(error, PermissionError) or status in {401, 403}:
        return DataError(f"{place}: may not be read. Set the credentials of the store, or name what is public.")
    if isinstance(error, TimeoutError):
        return DataError(f"{place}: nothing came for {SILENT:g} s. Download it, and name the file.")
    reason = shown(str(error) or type(error).__name__)[:200]
    return DataError(f"{place}: cannot be fetched ({reason}). Download it, and name the file.")


def _inside(place: str, inner: str) -> DataError:
    return DataError(
        f"{place}: leads to {inner}, which is inside a network, and nothing is fetched from there. If it is a store of "
        f"your own, set {ALLOW}=1."
    )


# HTTP


def _web(address: str, target: Path, fetch: _Fetch) -> None:
    import aiohttp
    from fsspec.implementations.http import HTTPFileSystem

    async def client(**said: Any) -> aiohttp.ClientSession:
        limit = aiohttp.ClientTimeout(total=LONGEST, sock_connect=CONNECTING, sock_read=SILENT)
        connector = aiohttp.TCPConnector(socket_factory=fetch.connect)
        return aiohttp.ClientSession(connector=connector, timeout=limit, **said)

    system = HTTPFileSystem(get_client=client, encoded=True, skip_instance_cache=True)
    with system.open(address, "rb", block_size=0) as stream:
        fetch.take(stream, target)


# Object stores


def _s3(address: str, target: Path, fetch: _Fetch) -> None:
    from botocore.exceptions import NoCredentialsError
    from s3fs import S3FileSystem

    limits = {"connect_timeout": CONNECTING, "read_timeout": SILENT, "retries": {"max_attempts": 2}}
    for anonymous in (False, True):
        system = S3FileSystem(anon=anonymous, config_kwargs=limits, skip_instance_cache=True)
        system.connect()
        _refuse_inner(system.s3.meta.endpoint_url, fetch)
        try:
            return _objects(system, address, target=target, fetch=fetch)
        except NoCredentialsError:  # then the object may be public
            if anonymous:
                raise
    return None


def _google(address: str, target: Path, fetch: _Fetch) -> None:
    from gcsfs import GCSFileSystem

    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
    if emulator:
        _refuse_inner(emulator, fetch)
    system = GCSFileSystem(token="anon" if emulator else None, timeout=SILENT, skip_instance_cache=True)
    _objects(system, address, target=target, fetch=fetch)


def _refuse_inner(endpoint: str, fetch: _Fetch) -> None:
    """Refuse a store whose own address is inside a network."""
    parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    for *_, place in socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM):
        if not is_allowed(str(place[0])):
            raise _inside(shown(fetch.address), str(place[0]))


def _objects(system: Any, address: str, *, target: Path, fetch: _Fetch) -> None:
    """Fetch an object, or all that are below a prefix."""
    root = system._strip_protocol(address)  # noqa: SLF001 - how fsspec names it to those who build on it
    below = {root: target}
    if system.info(root)["type"] == "directory":
        below = {key: target / PurePosixPath(key).relative_to(root) for key in sorted(system.find(root))}
    if len(below) > MOST_FILES:
        raise DataError(f"{shown(fetch.address)}: holds more than {MOST_FILES:,} files. Name the folder of the runs.")
    if any(".." in path.parts for path in below.values()):
        raise DataError(f"{shown(fetch.address)}: an object is named as if it lay outside. Name one object.")
    for key, path in below.items():
        with system.open(key, "rb") as stream:
            fetch.take(stream, path)


_KINDS: dict[str, Callable[[str, Path, _Fetch], None]] = {
    "http": _web, "https": _web, "s3": _s3, "gs": _google, "gcs": _google,
}  # fmt: skip
"""How each kind of address is fetched."""
