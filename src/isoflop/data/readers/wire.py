"""The wire format of protocol buffers: a message as its fields, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
"""The kinds of field: a number of one to ten bytes, eight bytes, a length and so many bytes, four bytes."""


def fields(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field of a message: its number, its kind, and the bytes from and to which its value stands.

    Raises ValueError for bytes that are no message.
    """
    place, end = start, len(data) if stop is None else stop
    while place < end:
        key, place = data[place], place + 1  # nearly all numbers and lengths are of one byte
        if key > 127:
            key, place = varint(data, place - 1, end)
        kind = key & 7
        if kind == BYTES:
            size, after = (data[place], place + 1) if place < end else (128, place)
            if size > 127:
                size, after = varint(data, place, end)
            place, after = after, after + size
        elif kind == VARINT:
            _, after = varint(data, place, end)
        elif kind in {EIGHT, FOUR}:
            after = place + (8 if kind == EIGHT else 4)
        else:
            raise ValueError(f"a field of kind {kind}")
        if after > end or not key >> 3:
            raise ValueError("a field that is longer than its message" if key >> 3 else "a field without a number")
        yield key >> 3, kind, place, after
        place = after


def varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """Return the number of variable length that begins here, and where it ends."""
    value = shift = 0
    while place < end and shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise ValueError("a number that does not end")


def signed(value: int) -> int:
    """Return a 64-bit number as int64 has it."""
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value
