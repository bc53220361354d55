"""The looks at one run: made in a thread of their own as its log grows; a page asks for the last of them."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock, Thread
from typing import Any

import numpy as np

from isoflop.errors import IsoflopError, shown
from isoflop.experiments.watch.following import Asked, follow, look_once, looks_back
from isoflop.experiments.watch.result import Watched
from isoflop.fitting.saved import to_json

ROWS = 1500
"""Rows of a log that are drawn at most."""
LOOKS = 20
"""Earlier looks that are made at what has been logged when the page is opened."""


class Followed:
    """The last look at a run, as JSON, and its number; later ones have larger numbers.

    every, silent, on_alarm  as `follow` takes them
    """

    def __init__(
        self, asked: Asked, *, every: float, silent: float, on_alarm: Sequence[str] | None = None
    ) -> None:  # fmt: skip
        self._asked = asked
        self._how: dict[str, Any] = {"every": every, "silent": silent, "on_alarm": on_alarm}
        self._lock = Lock()
        self._number = 1
        self._told: dict[str, Any] = {"waiting": f"Waiting for the first row of {shown(asked.log or '')} …"}
        self._ends: list[dict[str, float]] = []

    def begin(self) -> None:
        """Follow the log from now on, as long as this process lives."""
        Thread(target=self._follow, daemon=True).start()

    def after(self, number: int) -> bytes | None:
        """Return the last look, or what is waited for, or what went wrong; None if it is not newer than a number."""
        with self._lock:
            return (
                None
                if self._number <= number
                else to_json({"number": self._number, **self._told}, indent=None).encode()
            )

    def _follow(self) -> None:
        try:
            self._begin()
            for found in follow(self._asked, **self._how, waiting=self._wait):
                self._show(found)
        except IsoflopError as error:
            self._tell({"error": str(error)})
        except Exception:  # noqa: BLE001 - a thread that dies unheard would leave a page that waits for ever
            traceback.print_exc()
            self._tell({"error": "isoflop failed at this. The terminal where it runs says how."})

    def _begin(self) -> None:
        """Show what was foretold before the run began, and what looks at the rows so far would have said."""
        try:
            past = looks_back(self._asked, LOOKS)
        except (IsoflopError, OSError):  # no log yet, or none of its rows: the run may be told all the same
            past = [look_once(replace(self._asked, log=None))] if self._asked.told.N is not None else []
        for found in past:
            self._keep(found)
        if past and not past[-1].step:
            self._show(past[-1])

    def _keep(self, found: Watched) -> None:
        end = found.end
        self._ends = [one for one in self._ends if one["step"] < found.step]
        self._ends.append({"step": found.step, "value": end.value, "low": end.low, "high": end.high})

    def _show(self, found: Watched) -> None:
        self._keep(found)
        self._tell({"look": as_page(found, self._ends)})

    def _wait(self, why: str) -> None:
        if "waiting" in self._told:  # what was foretold before the run began stays in sight
            self._tell({"waiting": f"Waiting for the first row: {why}"})

    def _tell(self, told: dict[str, Any]) -> None:
        with self._lock:
            self._told, self._number = told, self._number + 1


def as_page(found: Watched, ends: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return a look as the page draws it: its JSON, the whole band, the rows so far, and where it was to end."""
    at, loss = (values[:: max(1, len(values) // ROWS)] for values in found.rows)
    off = loss / np.interp(at, found.first.at, found.first.loss) - 1
    return {
        **found.as_dict(), "band": found.band.as_dicts(), "first": found.first.as_dicts(), "ends": list(ends),
        "rows": [{"step": step, "loss": value} for step, value in zip(at.tolist(), loss.tolist(), strict=True)],
        "off": [{"step": step, "share": value} for step, value in zip(at.tolist(), off.tolist(), strict=True)],
    }  # fmt: skip
