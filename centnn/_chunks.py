r"""A chunk of an array as a codebook and codes, which is what `centnn.numcodecs` stores.

Little-endian, without gaps:

======  ==================================================================
bytes   meaning
======  ==================================================================
8       magic ``b"\x89CENTVQ\n"``
1       version, 1
1       flags: 1, the array is in Fortran's order; 2, the codebook is apart
4       type as NumPy writes it, such as ``"<f4"``, ended by 0
1       number of axes
1       number of sides of a block, at most that of axes; last axes
4       K, number of codewords; 0 for an array without elements
8 each  length of each axis
8 each  each side of a block
        the codewords, row by row, in the array's type; or the CRC-32 of
        those that are apart, 4 bytes
        codes, ``max(1, ceil(log2(K)))`` bits each, the first bits first,
        of blocks in C's order
4       CRC-32 of everything before
======  ==================================================================

A code has a bit at least, so that few bytes cannot stand for any number of blocks. Blocks may reach
beyond the array's end.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._checksum import SIZE, is_intact, with_checksum
from centnn._packed import pack_codes, unpack_codes
from centnn.quantizer import dequantize

Array = NDArray[Any]

MAGIC = b"\x89CENTVQ\n"
VERSION = 1
HEADER = struct.Struct("<8sBB4sBBI")
BOOK_CHECKSUM = struct.Struct("<I")
FORTRAN, APART = 1, 2
WHAT = "encoded chunk"

TYPES = {
    np.dtype(order + kind).str
    for order in "<>"
    for kind in ("b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8")
}

# Decoded bytes, and those of the blocks before what reaches beyond the array is cut off: the limit
# that numcodecs' own codecs have.
MOST_BYTES = (1 << 31) - 1
MOST_AXES = 32


@dataclass(frozen=True)
class Layout:
    """An array's shape and how it is cut into vectors."""

    shape: tuple[int, ...]
    block: tuple[int, ...]
    """Sides of a block, along the last axes."""

    @property
    def grid(self) -> tuple[int, ...]:
        """How many blocks cover the array along each axis, those without sides being whole."""
        first = len(self.shape) - len(self.block)
        covered = zip(self.shape[first:], self.block, strict=True)
        return (*self.shape[:first], *(-(-length // side) for length, side in covered))

    @property
    def n_vectors(self) -> int:
        """Blocks of the array."""
        return math.prod(self.grid)

    @property
    def n_components(self) -> int:
        """Elements of a block."""
        return math.prod(self.block)

    def cut(self, array: Array) -> Array:
        """Return an array's blocks (N, D); where it ends within one, its last elements repeat."""
        missing = [(0, n - length) for n, length in zip(self._covered(), self.shape, strict=True)]
        if any(after for _, after in missing):
            array = np.pad(array, missing, mode="edge")
        numbers, order = self._interleaved()
        return array.reshape(numbers).transpose(order).reshape(self.n_vectors, self.n_components)

    def join(self, vectors: Array) -> Array:
        """Undo `cut`."""
        numbers, order = self._interleaved()
        interleaved = vectors.reshape([numbers[axis] for axis in order])
        array = interleaved.transpose(np.argsort(order).tolist()).reshape(self._covered())
        return np.asarray(array[tuple(slice(length) for length in self.shape)], order="C")

    def _covered(self) -> tuple[int, ...]:
        """Return the lengths of the axes in whole blocks."""
        sides = (1,) * (len(self.shape) - len(self.block)) + self.block
        return tuple(n * side for n, side in zip(self.grid, sides, strict=True))

    def _interleaved(self) -> tuple[list[int], list[int]]:
        """Return a shape in which each side follows its number of blocks, and an order of its axes.

        In that order all sides are last.
        """
        first, n = len(self.shape) - len(self.block), len(self.block)
        numbers = list(self.shape[:first])
        for pair in zip(self.grid[first:], self.block, strict=True):
            numbers.extend(pair)
        counts, sides = range(first, first + 2 * n, 2), range(first + 1, first + 2 * n, 2)
        return numbers, [*range(first), *counts, *sides]


def bits_of_code(k: int) -> int:
    """Return how many bits a code of k codewords takes: one at least."""
    return max(1, (k - 1).bit_length())


def pack(
    layout: Layout,
    dtype: np.dtype[Any],
    is_fortran: bool,
    codewords: Array,
    codes: Array,
    *,
    is_apart: bool,
) -> bytes:
    """Return an encoded chunk, of codewords (K, D) of its type and of codes (N,)."""
    flags = FORTRAN * is_fortran | APART * is_apart
    sizes = len(layout.shape), len(layout.block), len(codewords)
    plain = codewords.astype(dtype).tobytes()
    body = (
        HEADER.pack(MAGIC, VERSION, flags, dtype.str.encode(), *sizes)
        + np.array([*layout.shape, *layout.block], "<u8").tobytes()
        + (BOOK_CHECKSUM.pack(zlib.crc32(plain)) if is_apart else plain)
        + pack_codes(codes, bits_of_code(len(codewords)))
    )
    return with_checksum(body)


def unpack(data: bytes, codewords: Array | None) -> Array:
    """Return the array of an encoded chunk, or raise ValueError saying what is wrong with it.

    `codewords` (K, D) are those that may be apart.
    """
    fields = _read_header(data)
    dtype, layout, k = fields.dtype, fields.layout, fields.k
    start = HEADER.size + 8 * (len(layout.shape) + len(layout.block))
    n_code_bytes = -(-layout.n_vectors * bits_of_code(k) // 8)
    n_book_bytes = (
        BOOK_CHECKSUM.size if fields.is_apart else k * layout.n_components * dtype.itemsize
    )
    expected = start + n_book_bytes + n_code_bytes + SIZE
    if len(data) != expected:
        raise ValueError(f"{WHAT} must have {expected} bytes by its header, got {len(data)}")
    if not is_intact(data):
        raise ValueError(f"{WHAT} must match its checksum: it is damaged")
    if fields.is_apart:
        book = _apart(codewords, dtype, (k, layout.n_components), data, start)
    else:
        book = np.frombuffer(data, dtype, k * layout.n_components, start)
        book = book.reshape(k, layout.n_components)
        if dtype.kind == "b":
            book = book.view(np.uint8) != 0
    packed = np.frombuffer(data, np.uint8, n_code_bytes, start + n_book_bytes)
    if layout.n_vectors == 0:
        return np.zeros(layout.shape, dtype)
    rows = np.empty((layout.n_vectors, layout.n_components), dtype)
    _fill(rows, book, packed, bits_of_code(k))
    array = layout.join(rows)
    return np.asfortranarray(array) if fields.is_fortran else array


def _fill(rows: Array, book: Array, packed: NDArray[np.uint8], bits: int) -> None:
    """Fill rows with the codewords of packed codes; ValueError if there are none of some."""
    # As bytes, as they may have any type.
    codewords, into = book.view(np.uint8).reshape(len(book), -1), rows.view(np.uint8)
    done = 0
    for codes in unpack_codes(packed, len(rows), bits):
        if codes.max() >= len(book):
            raise ValueError(f"{WHAT} must have codes below {len(book)}, got {codes.max()}")
        dequantize(codes, codewords, out=into[done : done + len(codes)])
        done += len(codes)


@dataclass(frozen=True)
class _Fields:
    dtype: np.dtype[Any]
    layout: Layout
    k: int
    is_fortran: bool
    is_apart: bool


def _read_header(data: bytes) -> _Fields:
    """Return what a chunk declares; ValueError, before anything is allocated, if it cannot be."""
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError(f"{WHAT} must begin with its magic: this is another kind")
    if len(data) < HEADER.size:
        raise ValueError(f"{WHAT} must be complete: it ends after {len(data)} bytes")
    _, version, flags, name, n_axes, n_sides, k = HEADER.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"{WHAT} must be of version {VERSION}, got version {version}")
    text = name.rstrip(b"\0").decode("latin-1")
    if text not in TYPES or flags & ~(FORTRAN | APART):
        raise ValueError(f"{WHAT} must have a known type and flags, got {text!r} and {flags}")
    if not n_sides <= n_axes <= MOST_AXES:
        raise ValueError(
            f"{WHAT} must have at most {MOST_AXES} axes, and as many sides of a block at most, "
            f"got {n_axes} and {n_sides}"
        )
    if len(data) < HEADER.size + 8 * (n_axes + n_sides):
        raise ValueError(f"{WHAT} must be complete: it ends after {len(data)} bytes")
    sizes = [int(size) for size in np.frombuffer(data, "<u8", n_axes + n_sides, HEADER.size)]
    dtype, layout = np.dtype(text), Layout(tuple(sizes[:n_axes]), tuple(sizes[n_axes:]))
    if 0 in layout.block or (k == 0) != (0 in layout.shape):
        raise ValueError(f"{WHAT} must not have sides of 0, nor {k} codewords for {layout.shape}")
    # Of an array without elements too: NumPy has limits of its own.
    elements = math.prod(max(1, n) for n in layout.grid) * layout.n_components
    check_size(elements * dtype.itemsize)
    return _Fields(dtype, layout, k, bool(flags & FORTRAN), bool(flags & APART))


def check_size(n_bytes: int) -> None:
    """Raise ValueError if the blocks of a chunk take too many bytes."""
    if n_bytes > MOST_BYTES:
        raise ValueError(f"a chunk must have at most {MOST_BYTES} bytes, got {n_bytes}")


def _apart(
    codewords: Array | None, dtype: np.dtype[Any], shape: tuple[int, int], data: bytes, start: int
) -> Array:
    """Return the codewords that are apart, in the chunk's type, if they are the chunk's."""
    if codewords is None:
        raise ValueError(f"{WHAT} has its codebook apart: the codec must be given it")
    book = np.ascontiguousarray(codewords, dtype)
    expected = BOOK_CHECKSUM.unpack_from(data, start)[0]
    if book.shape != shape or zlib.crc32(book.tobytes()) != expected:
        raise ValueError(
            f"{WHAT} has another codebook: it needs {shape[0]} codewords of {shape[1]} components "
            f"with checksum {expected}"
        )
    return book
