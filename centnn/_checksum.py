"""The checksum at the end of every file of this library: the CRC-32 of zlib and PNG."""

from __future__ import annotations

import struct
import zlib

__all__ = ["SIZE", "checksums", "is_intact", "with_checksum"]

_CRC = struct.Struct("<I")
SIZE = _CRC.size


def with_checksum(body: bytes) -> bytes:
    """Return the bytes of a file with the checksum at their end."""
    return body + _CRC.pack(zlib.crc32(body))


def checksums(data: bytes) -> tuple[int, int]:
    """Return the checksum at the end of a file of at least SIZE bytes, and that of the others."""
    (declared,) = _CRC.unpack_from(data, len(data) - SIZE)
    return declared, zlib.crc32(memoryview(data)[:-SIZE])


def is_intact(data: bytes) -> bool:
    """Tell whether the checksum at the end of a file of at least SIZE bytes fits the others."""
    declared, computed = checksums(data)
    return declared == computed
