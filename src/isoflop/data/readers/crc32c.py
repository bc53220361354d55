"""CRC-32C, the checksum of TensorBoard's records: of many rows at once, or of one long one.

Polynomial 0x1EDC6F41, reflected (RFC 3720, appendix B.4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]
Bytes = NDArray[np.uint8]

_ALL = np.uint32(0xFFFFFFFF)
_LANE = 64
"""Bytes that a long row is cut into, for all of them to be worked on at once."""
_LONG = 1024


def _table() -> Words:
    found = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        found = np.where(found & 1, (found >> np.uint32(1)) ^ np.uint32(0x82F63B78), found >> np.uint32(1))
    return found.astype(np.uint32)


_TABLE = _table()


def checksums(rows: Bytes) -> Words:
    """Return the CRC-32C of each row of bytes (rows, length)."""
    if rows.shape[1] > _LONG:
        return np.array([_long(row) for row in rows], dtype=np.uint32)
    return _register(rows, np.full(len(rows), _ALL)) ^ _ALL


def masked(values: Words) -> Words:
    """Return checksums as TensorBoard stores them: rotated, and a constant added."""
    return ((values >> np.uint32(15)) | (values << np.uint32(17))) + np.uint32(0xA282EAD8)


def _register(rows: Bytes, start: Words) -> Words:
    found = start
    for column in np.ascontiguousarray(rows.T):
        found = _TABLE[(found ^ column) & np.uint32(0xFF)] ^ (found >> np.uint32(8))
    return found


def _long(row: Bytes) -> np.uint32:
    """Return one long row's checksum: of its lanes, then of neighbours joined until one is left.

    The register is linear over GF(2), zeros before the first byte leave it at zero, and starting it at all ones
    is the same as inverting the first four bytes.
    """
    lanes = 1 << max(0, int(np.ceil(np.log2(len(row) / _LANE))))
    padded = np.zeros(lanes * _LANE, dtype=np.uint8)
    padded[len(padded) - len(row) :] = row
    padded[len(padded) - len(row) :][:4] ^= np.uint8(0xFF)
    found = _register(padded.reshape(lanes, _LANE), np.zeros(lanes, dtype=np.uint32))
    shift = _one_zero_byte()
    for _ in range(_LANE.bit_length() - 1):
        shift = _apply(shift, shift)
    while len(found) > 1:
        found = _apply(shift, found[0::2]) ^ found[1::2]
        shift = _apply(shift, shift)
    return np.uint32(found[0] ^ _ALL)


def _one_zero_byte() -> Words:
    """Return what a zero byte makes of each bit of the register."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    return np.asarray(_TABLE[bits & np.uint32(0xFF)] ^ (bits >> np.uint32(8)), dtype=np.uint32)


def _apply(shift: Words, registers: Words) -> Words:
    found = np.zeros(len(registers), dtype=np.uint32)
    for bit in range(32):
        found ^= np.where((registers >> np.uint32(bit)) & np.uint32(1), shift[bit], np.uint32(0))
    return found
