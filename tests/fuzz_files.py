"""Damaged files of every kind, read from Python: a target for atheris.

python tests/fuzz_files.py -runs=1000000 -max_len=4096 -timeout=1 -rss_limit_mb=1024 SEEDS

SEEDS is a folder; tests/fixtures will do. Checksums are put right, so that what is behind them is
read. Whatever a file holds, it is read or refused with a ValueError.
"""

import contextlib
import struct
import sys
import zlib

import atheris

with atheris.instrument_imports(include=["centnn"]):
    from centnn import _bookfile, _chunks, _productfile
    from centnn.image import container, header, version2

MAX_PIXELS = 1 << 16
READERS = (
    _bookfile.unpack,
    _productfile.unpack,
    lambda data: _chunks.unpack(data, None),
    header.read_header,
    version2.unpack_book,
    lambda data: container.decompress(data, max_pixels=MAX_PIXELS),
    lambda data: container.decompress(data, max_pixels=MAX_PIXELS, upto=3),
)


def read(data: bytes) -> None:
    """Read bytes as each kind of file."""
    if len(data) >= 4:
        data = data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))
    for reader in READERS:
        with contextlib.suppress(ValueError):
            reader(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
