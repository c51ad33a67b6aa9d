"""Damaged files of every kind, read from Python: a target for atheris.

    python tests/fuzz_seeds.py SEEDS
    python tests/fuzz_files.py -runs=1000000 -max_len=4096 -timeout=60 -rss_limit_mb=512 SEEDS

Whatever a file holds, it is read or refused with a ValueError, in less than a second of processor
time (by the clock it may take longer, on a machine with other work), in memory for four times what
it declares. Checksums are put right, so that what is behind them is read.
"""

import contextlib
import functools
import math
import struct
import sys
import time
import tracemalloc
import zlib

import atheris

with atheris.instrument_imports(include=["centnn"]):
    import fuzz_seeds

    from centnn import _bookfile, _chunks, _productfile
    from centnn.image import colour, container, header, photo, version2
    from centnn.image.blocks import block_grid

# Those of the codebooks in a product quantizer's file, of which each has its own.
_bookfile.is_intact = lambda data: True

MAX_PIXELS = 1 << 18
UPTO = 3
BOOK = fuzz_seeds.shared_book()
SEVERAL = 4
MOST_SECONDS = 1
# What reading takes that no file has declared: tables, messages, Python's own objects.
FIXED_BYTES = 1 << 18
# Codewords are read as coefficients of four bytes. Photo mode holds samples in two, and its blocks
# have others around them.
COEFFICIENT_BYTES = 4
PHOTO_BYTES = 2
MARGIN = 32


def picture_bytes(data: bytes) -> int:
    """Return the bytes that a .cvq file declares: of whole blocks, and of its codebooks."""
    info = header.read_header(data)
    if info.mode == "photo":
        return photo_bytes(photo.N_LAYERS, data)
    samples = (1 if info.colour == "grey" else 3) + info.has_alpha
    rows, columns = block_grid((info.height, info.width), info.block)
    coefficients = sum(info.n_codewords) * COEFFICIENT_BYTES
    return samples * math.prod(info.block) * (rows * columns * info.depth // 8 + coefficients)


def photo_bytes(n_layers: int, data: bytes) -> int:
    """Return those of a file of photo mode, which may be cut off after some layers."""
    file = photo.read(data, n_layers)
    height, width, channels = file.shape
    pixels = photo._coded_pixels(height + MARGIN, width + MARGIN, halved=file.halved)
    return pixels * (channels * PHOTO_BYTES + bool(file.alpha))


def book_bytes(data: bytes) -> int:
    """Return the bytes that a shared codebook declares."""
    fields, model, _, flags = version2._read_start(data, version2.MODE_BOOK)
    shapes = colour.plane_shapes(1, 1, model, halved=bool(flags & version2._HALVED))
    planes = [version2._read_plane(fields, (0, 0, channels))[0] for _, _, channels in shapes]
    return COEFFICIENT_BYTES * sum(math.prod(plane.codewords_shape) for plane in planes)


def chunk_bytes(data: bytes) -> int:
    """Return the bytes that an encoded chunk declares."""
    fields = _chunks._read_header(data)
    return math.prod(fields.layout.grid) * fields.layout.n_components * fields.dtype.itemsize


# What reads files, and how many bytes these declare; all of what some declare is in the file.
READERS = (
    (_bookfile.unpack, len),
    (_productfile.unpack, len),
    (lambda data: _chunks.unpack(data, None), chunk_bytes),
    (header.read_header, len),
    (version2.unpack_book, book_bytes),
    (lambda data: container.decompress(data, max_pixels=MAX_PIXELS, n_threads=1), picture_bytes),
    (
        lambda data: container.decompress(data, max_pixels=MAX_PIXELS, codebook=BOOK, n_threads=1),
        picture_bytes,
    ),
    (
        lambda data: container.decompress(data, max_pixels=MAX_PIXELS, upto=UPTO, n_threads=1),
        functools.partial(photo_bytes, UPTO),
    ),
)


def read(data: bytes) -> None:
    """Read bytes as each kind of file."""
    if len(data) >= 4:
        data = data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))
    for reader, declared in READERS:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        start = time.process_time()
        with contextlib.suppress(ValueError):
            reader(data)
        seconds = time.process_time() - start
        if seconds > MOST_SECONDS:
            raise TimeoutError(f"reading took {seconds} s")
        _, peak = tracemalloc.get_traced_memory()
        if peak - before > FIXED_BYTES:
            check_memory(peak - before, declared, data)


def check_memory(taken, declared, data: bytes) -> None:
    """Raise MemoryError if more was taken than several times of what a file declares."""
    promised = 0
    with contextlib.suppress(ValueError):
        promised = declared(data)
    if taken > SEVERAL * promised + FIXED_BYTES:
        raise MemoryError(f"{taken} bytes were taken to read {promised}")


def change(data: bytes, max_size: int, seed: int) -> bytes:
    """Change a file; three times in four it keeps its length, without which all are refused."""
    changed = atheris.Mutate(data, max_size)
    if seed % 4 == 0:
        return changed
    return changed[: len(data)] + data[len(changed) :]


if __name__ == "__main__":
    photo.default_model()  # is kept from the first file to the last
    tracemalloc.start()
    atheris.Setup(sys.argv, read, custom_mutator=change)
    atheris.Fuzz()
