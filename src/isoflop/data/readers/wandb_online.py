"""Runs on a W&B server, wandb:ENTITY/PROJECT: asked for by the wandb package, with the key that the user gave it."""

from __future__ import annotations

import io
import math
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from typing import Any
from urllib.parse import urlsplit

from isoflop.data.readers.logs import Logged, Series, flat, number, refuse_many, series
from isoflop.errors import DataError, IsoflopError, MissingExtraError, UsageError, shown

TITLE = "W&B"
PATIENCE = 20.0
"""Seconds for which a server may leave the first question unanswered; the package itself would ask for a week."""
_NAME = r"[^/\\#?%:.\s][^/\\#?%:\0]*"
"""What an entity or a project can be called."""


def read(place: str) -> Iterator[Logged]:
    """Yield the runs of ENTITY/PROJECT, the oldest first; what they logged is fetched when it is looked at."""
    source = shown(f"wandb:{place}")
    if not re.fullmatch(f"{_NAME}/{_NAME}", place):
        raise UsageError(f"{source} is no project of W&B. Say wandb:ENTITY/PROJECT, as in wandb:my-team/sweep.")
    api = _signed_in()
    with _refusals(source):
        for run in api.runs(place, lazy=False, include_sweeps=False):
            yield _logged(run, source)


def _logged(run: Any, source: str) -> Logged:
    keys = run.history_keys or {}
    metrics = _Metrics(run, [key for key in keys.get("keys", {}) if not key.startswith("_")], source)
    noted = {key: cell for key, cell in flat(run.summary_metrics).items() if key not in keys.get("keys", {})}
    summary = {key: cell for key, cell in noted.items() if not key.startswith("_")}
    last = keys.get("lastStep", -1)
    return Logged(
        str(run.name or run.id), flat(run.config), metrics, summary, status=str(run.state),
        ended=float(last) if last >= 0 else math.nan, counts_calls=True,
    )  # fmt: skip


class _Metrics(Mapping[str, Series]):
    """What a run on a server logged: each metric is fetched when it is first looked at."""

    def __init__(self, run: Any, keys: list[str], source: str) -> None:
        self.run, self.source = run, source
        self.found: dict[str, Series | None] = dict.fromkeys(keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, key: str) -> Series:
        known = self.found[key]
        if known is None:
            known = self.found[key] = _fetched(self.run, key, self.source)
        return known


def _fetched(run: Any, key: str, source: str) -> Series:
    """Return all values of one metric: rows that lack it are never sent, nor are other metrics."""
    steps, values = [], []
    with _refusals(source):
        for row in run.scan_history(keys=["_step", key]):
            value = number(row.get(key))
            if value is not None:
                steps.append(float(row["_step"]))
                values.append(value)
            refuse_many(len(values), source)
    return series(steps, values)


def _signed_in() -> Any:
    """Return the package's way to the server; never asks for a key, and never waits for long."""
    try:
        import wandb
    except ImportError:
        raise MissingExtraError(
            'runs on a W&B server are read by wandb, which is not installed. Type: pip install "isoflop[read]". '
            "Offline files need no package: name the folder wandb/."
        ) from None
    said = io.StringIO()  # the package tells where it found the key
    with redirect_stderr(said), _refusals("wandb"):
        if wandb.api.api_key is None and not os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
            raise IsoflopError("wandb has no API key for this server. Type: wandb login, or set WANDB_API_KEY.")
        return _within(PATIENCE, wandb.Api)


def _within(seconds: float, ask: Callable[[], Any]) -> Any:
    """Return what a call gives, or its error; TimeoutError if it takes longer."""
    found: list[Any] = []
    failed: list[Exception] = []

    def call() -> None:
        try:
            found.append(ask())
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            failed.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError
    return found[0]


@contextmanager
def _refusals(source: str) -> Iterator[None]:
    """Say in a sentence of our own why the package or the server failed: its own words might hold the key."""
    try:
        yield
    except IsoflopError:
        raise
    except Exception as error:  # noqa: BLE001 - the package raises its own errors, those of requests, and plain ones
        raise _refusal(error, source) from None


def _refusal(error: Exception, source: str) -> IsoflopError:
    import wandb

    package: Any = wandb.api
    server = urlsplit(package.settings("base_url")).hostname
    status = _status(error)
    if status == 404 or (isinstance(error, ValueError) and str(error).startswith("Could not find")):
        return DataError(f"{source}: {server} has no such project, or none that your key may see. Look at its address.")
    if isinstance(error, TypeError | AttributeError):
        return MissingExtraError(
            f"wandb {wandb.__version__} cannot be asked as a newer one can. "
            'Type: pip install --upgrade "isoflop[read]".'
        )
    signing_in = isinstance(error, wandb.errors.AuthenticationError | wandb.errors.UsageError)
    if status in {401, 403} or (signing_in and error.__cause__ is None):
        return IsoflopError(f"{server} does not take the API key that wandb has. Type: wandb login --relogin.")
    told = f"HTTP {status}" if status else "no usable answer"
    return IsoflopError(f"{source}: {server} cannot be asked ({told}). See whether it can be reached, and try again.")


def _status(error: BaseException | None) -> int | None:
    """Return the status of the HTTP answer behind an error, if there was one."""
    while error is not None:
        response = getattr(getattr(error, "exc", error), "response", None)
        if response is not None:
            return int(response.status_code)
        error = error.__cause__ or error.__context__
    return None
