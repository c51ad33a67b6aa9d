"""The bytes of .cvq files and codebook files of version 2. FORMAT.md specifies them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._checksum import with_checksum
from centnn.image import _context, _pixels, _rans, alpha, codewords, colour, context
from centnn.image.blocks import block_grid
from centnn.image.context import ContextModel
from centnn.image.fields import MAGIC, Fields, version_of
from centnn.image.integers import Reader, Writer, n_states

__all__ = [
    "Book",
    "Header",
    "PlaneBook",
    "PlaneCodes",
    "pack_book",
    "pack_image",
    "read_header",
    "unpack_book",
    "unpack_image",
]

Array = NDArray[Any]

VERSION = 2
MODE_IMAGE, MODE_BOOK = 0, 1
_KINDS = ("an image", "a shared codebook")
DEPTHS = (8, 16)
MAX_CODEWORDS = _rans.MAX_SYMBOLS
MAX_COMPONENTS = 1 << 22  # of all codewords of a plane
BOOK_ID_BYTES = 16

_HAS_ALPHA, _HALVED, _SHARED = 1, 2, 4
_OWN_CODEWORDS, _OWN_MODEL = 1, 2

_START = struct.Struct("<4sBBBBB")
_SIZE = struct.Struct("<II")
_PLANE = struct.Struct("<BBHBB")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class PlaneHeader:
    """What a file declares of a plane."""

    shape: tuple[int, int, int]
    """Height, width and channels."""
    block: tuple[int, int]
    """Height and width of a block."""
    n_codewords: int
    """Codewords of its codebook."""
    n_streams: int
    """Streams that its codes are spread over."""
    own_codewords: bool
    """Whether the file has the codewords; if not, a shared codebook has them."""
    own_model: bool
    """Whether the file has the model of neighbours."""

    @property
    def codewords_shape(self) -> tuple[int, int, int, int]:
        """Shape of all codewords together."""
        return (self.n_codewords, *self.block, self.shape[2])

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        return block_grid(self.shape, self.block)

    @property
    def coded_pixels(self) -> int:
        """Pixels of all blocks together."""
        rows, columns = self.grid
        return rows * self.block[0] * columns * self.block[1]


@dataclass(frozen=True)
class Header:
    """What a .cvq file declares, besides the lengths of its parts."""

    height: int
    """Pixels from top to bottom."""
    width: int
    """Pixels from left to right."""
    depth: int
    """Bits of a sample."""
    colour: str
    """One of `colour.MODELS`."""
    has_alpha: bool
    """Whether there is an alpha channel."""
    halved: bool
    """Whether Cb and Cr have half the rows and columns of Y."""
    book_id: bytes
    """What tells the shared codebook that is needed from others; empty if none is needed."""
    planes: tuple[PlaneHeader, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image."""
        channels = (1 if self.colour == "grey" else 3) + self.has_alpha
        size = (self.height, self.width)
        return size if channels == 1 else (*size, channels)


@dataclass(frozen=True, eq=False)
class PlaneBook:
    """The codewords of a plane and the model of how they lie beside each other."""

    levels: Array
    """Coefficients (K, height, width, C), in units of `step`."""
    step: int
    """How coarse they are."""
    codewords: Array
    """What they stand for, (K, height, width, C) samples."""
    model: ContextModel
    """The model."""


@dataclass(frozen=True, eq=False)
class Book:
    """A shared codebook: what is in a codebook file."""

    depth: int
    """Bits of a sample."""
    colour: str
    """One of `colour.MODELS`."""
    halved: bool
    """Whether Cb and Cr have half the rows and columns of Y."""
    planes: tuple[PlaneBook, ...]
    """The codebook of each plane."""
    id: bytes
    """What tells it from others."""


@dataclass(frozen=True, eq=False)
class PlaneCodes:
    """A plane as it is coded."""

    book: PlaneBook
    """Its codebook."""
    codes: NDArray[np.uint16]
    """Rows and columns of codes."""
    own_codewords: bool = True
    """Whether to put the codewords in the file."""
    own_model: bool = True
    """Whether to put the model in the file."""


# Writing


def pack_image(header: Header, planes: Sequence[PlaneCodes], alpha_channel: Array | None) -> bytes:
    """Return the contents of a .cvq file; the header's planes are not looked at."""
    parts = [
        _start(MODE_IMAGE, header, bool(header.book_id)),
        _SIZE.pack(header.width, header.height),
        header.book_id,
    ]
    for plane in planes:
        parts += _plane_parts(plane)
    if alpha_channel is not None:
        packed = alpha.pack(alpha_channel)
        parts += [_LENGTH.pack(len(packed)), packed]
    return with_checksum(b"".join(parts))


def pack_book(book: Book) -> bytes:
    """Return the contents of a codebook file; the book's id is not looked at."""
    parts = [_start(MODE_BOOK, book, False)]
    for plane in book.planes:
        parts += _plane_parts(PlaneCodes(plane, np.empty((0, 0), np.uint16)))
    return with_checksum(b"".join(parts))


def _start(mode: int, what: Header | Book, is_shared: bool) -> bytes:
    flags = _HALVED * what.halved | _SHARED * is_shared
    if isinstance(what, Header):
        flags |= _HAS_ALPHA * what.has_alpha
    return _START.pack(MAGIC, VERSION, mode, colour.MODELS.index(what.colour), what.depth, flags)


def _plane_parts(plane: PlaneCodes) -> list[bytes]:
    book = plane.book
    n_codewords, height, width, _ = book.codewords.shape
    borders = _context.Borders(book.codewords, 8 * book.codewords.itemsize)
    n_streams = _n_streams(plane.codes)
    streams = book.model.encode(borders, plane.codes, n_streams) if n_streams else []
    writer = Writer()
    if plane.own_codewords:
        codewords.write(writer, book.levels, book.step)
    if plane.own_model:
        book.model.write(writer)
    own = _OWN_CODEWORDS * plane.own_codewords | _OWN_MODEL * plane.own_model
    parts = [writer.to_bytes(n_states(book.codewords.size)) if own else b"", *streams]
    return [
        _PLANE.pack(height, width, n_codewords - 1, own, n_streams),
        *(_LENGTH.pack(len(part)) for part in parts),
        *parts,
    ]


def _n_streams(codes: Array) -> int:
    # Several streams are decoded faster, each costs a dozen bytes.
    return 0 if codes.size == 0 else 4 if codes.size >= 4096 else 1


# Reading


def read_header(data: bytes) -> Header:
    """Return what a .cvq file declares; ValueError if it is damaged."""
    return _read_image(data, None)[0]


def unpack_image(data: bytes, book: Book | None, max_pixels: int) -> Array:
    """Return the image in a .cvq file; ValueError if it is damaged or has too many pixels."""
    header, parts, packed_alpha = _read_image(data, max_pixels)
    if header.book_id and (book is None or book.id != header.book_id):
        given = "none was given" if book is None else f"codebook {book.id.hex()} was given"
        raise ValueError(f"data needs the shared codebook {header.book_id.hex()}, {given}")
    planes = []
    for i, (plane, streams) in enumerate(zip(header.planes, parts, strict=True)):
        shared = book.planes[i] if header.book_id and book is not None else None
        planes.append(_unpack_plane(plane, streams, shared, header.depth))
    pixels = colour.from_planes(planes, header.colour, (header.height, header.width))
    if header.has_alpha:
        size = (header.height, header.width)
        channel = alpha.unpack(packed_alpha, size, header.depth)
        pixels = np.concatenate([pixels, channel[:, :, None]], axis=2)
    return pixels.reshape(header.shape)


def unpack_book(data: bytes) -> Book:
    """Return the codebook in a codebook file; ValueError if it is damaged or none."""
    fields, model, depth, flags = _read_start(data, MODE_BOOK)
    if flags & ~_HALVED:
        raise ValueError(f"data is corrupted: a codebook cannot have flags {flags}")
    halved = bool(flags & _HALVED)
    declared = []
    for shape in colour.plane_shapes(1, 1, model, halved=halved):
        plane, parts = _read_plane(fields, (0, 0, shape[2]))
        if plane.n_streams or not (plane.own_codewords and plane.own_model):
            raise ValueError("data is corrupted: a codebook must be complete and without codes")
        declared.append((plane, parts[0]))
    fields.finish()
    planes = tuple(_unpack_plane_book(plane, part, None, depth) for plane, part in declared)
    for book in planes:
        borders = _context.Borders(book.codewords, depth)
        context.check_size(borders, len(book.codewords), book.model.step_bits)
    return Book(depth, model, halved, planes, hashlib.sha256(data).digest()[:BOOK_ID_BYTES])


def _read_image(data: bytes, max_pixels: int | None) -> tuple[Header, list[list[bytes]], bytes]:
    """Return header, the parts of each plane and the alpha channel, packed."""
    fields, model, depth, flags = _read_start(data, MODE_IMAGE)
    if flags & ~(_HAS_ALPHA | _HALVED | _SHARED):
        raise ValueError(f"data is corrupted: an image cannot have flags {flags}")
    width, height = fields.unpack(_SIZE)
    if min(width, height) < 1:
        raise ValueError(f"data is corrupted: an image cannot be {width}x{height}")
    halved = bool(flags & _HALVED)
    book_id = fields.take(BOOK_ID_BYTES) if flags & _SHARED else b""
    planes, parts = [], []
    for shape in colour.plane_shapes(height, width, model, halved=halved):
        plane, plane_parts = _read_plane(fields, shape)
        if max_pixels is not None and plane.coded_pixels > max_pixels:
            raise ValueError(
                f"data must hold at most {max_pixels} pixels, got {plane.coded_pixels} "
                f"(an image of {width}x{height})"
            )
        if not plane.n_streams or not (book_id or (plane.own_codewords and plane.own_model)):
            raise ValueError("data is corrupted: an image must have codes and a codebook")
        planes.append(plane)
        parts.append(plane_parts)
    has_alpha = bool(flags & _HAS_ALPHA)
    packed_alpha = fields.take(*fields.unpack(_LENGTH)) if has_alpha else b""
    fields.finish()
    header = Header(height, width, depth, model, has_alpha, halved, book_id, tuple(planes))
    return header, parts, packed_alpha


def _read_start(data: bytes, mode: int) -> tuple[Fields, str, int, int]:
    """Return what comes after the beginning of a file, and of it colour model, depth, flags."""
    version_of(data)
    fields = Fields(data)
    _, version, found, model, depth, flags = fields.unpack(_START)
    if version != VERSION or found != mode:
        got = _KINDS[found] if found < len(_KINDS) else "a kind from a later centnn"
        raise ValueError(f"data must be {_KINDS[mode]}, got {got} of version {version}")
    if model >= len(colour.MODELS) or depth not in DEPTHS:
        raise ValueError(
            f"data must be of a colour model below {len(colour.MODELS)} and 8 or 16 bits, "
            f"got model {model} and {depth} bits"
        )
    return fields, colour.MODELS[model], depth, flags


def _read_plane(fields: Fields, shape: tuple[int, int, int]) -> tuple[PlaneHeader, list[bytes]]:
    height, width, last_codeword, own, n_streams = fields.unpack(_PLANE)
    plane = PlaneHeader(
        shape,
        (height, width),
        last_codeword + 1,
        n_streams,
        bool(own & _OWN_CODEWORDS),
        bool(own & _OWN_MODEL),
    )
    if not (0 < height <= codewords.LIMIT_BLOCK and 0 < width <= codewords.LIMIT_BLOCK):
        raise ValueError(
            f"data is corrupted: blocks must be of 1 to {codewords.LIMIT_BLOCK} pixels a side, "
            f"got {height}x{width}"
        )
    n_components = plane.n_codewords * height * width * shape[2]
    if n_components > MAX_COMPONENTS:
        raise ValueError(
            f"data is corrupted: a codebook must have at most {MAX_COMPONENTS} components, "
            f"got {n_components}"
        )
    if own & ~(_OWN_CODEWORDS | _OWN_MODEL) or n_streams > _context.MAX_STREAMS:
        raise ValueError(
            f"data is corrupted: a plane cannot have parts {own} and {n_streams} streams"
        )
    lengths = [fields.unpack(_LENGTH)[0] for _ in range(1 + n_streams)]
    return plane, [fields.take(length) for length in lengths]


def _unpack_plane(
    plane: PlaneHeader, parts: list[bytes], shared: PlaneBook | None, depth: int
) -> Array:
    """Return the pixels of a plane."""
    book = _unpack_plane_book(plane, parts[0], shared, depth)
    borders = _context.Borders(book.codewords, depth)
    context.check_size(borders, plane.n_codewords, book.model.step_bits)
    codes = book.model.decode(borders, parts[1:], plane.grid)
    pixels = np.empty(plane.shape, book.codewords.dtype)
    _pixels.paint(codes, book.codewords, pixels)
    return pixels


def _unpack_plane_book(
    plane: PlaneHeader, part: bytes, shared: PlaneBook | None, depth: int
) -> PlaneBook:
    if shared is not None and shared.codewords.shape != plane.codewords_shape:
        raise ValueError(
            f"data needs codewords of shape {plane.codewords_shape}, but those of its shared "
            f"codebook have shape {shared.codewords.shape}"
        )
    n_components = int(np.prod(plane.codewords_shape))
    is_own = plane.own_codewords or plane.own_model
    reader = Reader(part, n_states(n_components)) if is_own else None
    levels, step, samples, model = (
        (shared.levels, shared.step, shared.codewords, shared.model) if shared else (None,) * 4
    )
    if reader is not None and plane.own_codewords:
        levels, step, samples = codewords.read(reader, plane.codewords_shape, depth)
    if reader is not None and plane.own_model:
        model = ContextModel.read(reader, plane.n_codewords)
    if reader is not None:
        reader.close()
    assert levels is not None and step is not None and samples is not None and model is not None
    return PlaneBook(levels, step, samples, model)
