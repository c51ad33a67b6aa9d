"""Read the fields of a file one after another, never beyond its end."""

from __future__ import annotations

import struct
from typing import Any

from centnn import _checksum

__all__ = ["CRC_BYTES", "MAGIC", "Fields", "check_crc", "version_of"]

MAGIC = b"\x89CVQ"

CRC_BYTES = _checksum.SIZE


class Fields:
    """A position in a file that ends with a checksum."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, n_bytes: int) -> bytes:
        """Return the next bytes; ValueError if the file ends before."""
        end = self._position + n_bytes
        if end + CRC_BYTES > len(self._data):
            raise ValueError(
                f"data is truncated: what it declares needs {end + CRC_BYTES} bytes at least, "
                f"got {len(self._data)}"
            )
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """Return the next fields, laid out like this."""
        return layout.unpack(self.take(layout.size))

    def finish(self) -> None:
        """Raise ValueError unless only the checksum is left, and fits."""
        if self._position + CRC_BYTES != len(self._data):
            raise ValueError(
                f"data is too long: what it declares takes {self._position + CRC_BYTES} bytes, "
                f"got {len(self._data)}"
            )
        check_crc(self._data)


def check_crc(data: bytes) -> None:
    """Raise ValueError unless the checksum at the end of a file fits the bytes before it."""
    declared, computed = _checksum.checksums(data)
    if computed != declared:
        raise ValueError(
            f"data is corrupted: its checksum says {declared:08x}, its bytes give {computed:08x}"
        )


def version_of(data: bytes) -> int:
    """Return the version of a file; ValueError if there is none that is known here."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ValueError(f"data must be the bytes of a .cvq file, got {type(data).__name__}")
    if data[:4] != MAGIC:
        raise ValueError(
            f"data is not a .cvq file: it must begin with {MAGIC!r}, got {bytes(data[:4])!r}"
        )
    if len(data) < 5:
        raise ValueError(f"data is truncated: it must have 5 bytes at least, got {len(data)}")
    if data[4] not in (1, 2):
        raise ValueError(
            f"data must be a .cvq file of version 1 or 2, got version {data[4]}"
            + (", from a later centnn" if data[4] > 2 else "")
        )
    return data[4]
