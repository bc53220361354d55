"""Which sources are addresses, or standard input; what fetches them is loaded when one is met."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module

FETCHING = "isoflop.data.readers.remote"
"""The module that fetches, which loads much of the standard library."""
STANDARD_INPUT, PIPED = "-", "isoflop.data.readers.standard_input"
"""What standard input is called, and the module that takes it in."""
ADDRESS = re.compile(r"(s3|gs|gcs|https?)://", re.IGNORECASE)


@dataclass(frozen=True)
class Copy:
    """Where a copy lies, and its address as messages show it: without a password and without a signature."""

    path: str
    address: str

    def named(self, text: str) -> str:
        """Return a message about the copy as one about the address."""
        return text.replace(self.path, self.address)


def is_address(name: object) -> bool:
    """Return whether a source is named by an address that is fetched, or is standard input."""
    return isinstance(name, str) and (name == STANDARD_INPUT or ADDRESS.match(name) is not None)


def local_copy(address: str) -> AbstractContextManager[Copy]:
    """Return a copy of what is at an address, for as long as it is read."""
    module = PIPED if address == STANDARD_INPUT else FETCHING
    found: AbstractContextManager[Copy] = import_module(module).fetched(address)
    return found


def at_hand(name: str) -> AbstractContextManager[Copy]:
    """Return a copy of what is at an address, or what is named itself where it is on this machine."""
    return local_copy(name) if is_address(name) else nullcontext(Copy(name, name))
