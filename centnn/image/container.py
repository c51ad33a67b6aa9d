"""The .cvq file, version 1: an image as a codebook and the packed codes of its blocks.

All numbers are unsigned and little-endian. With C channels, blocks of h x w pixels and K
codewords of D = h * w * C components, an image of H x W pixels has n = ceil(H/h) * ceil(W/w)
blocks, each coded in b = ceil(log2 K) bits (none if K = 1):

======  =================  ==============================================================
offset  bytes              what
======  =================  ==============================================================
0       4                  magic: 89 43 56 51, which is "CVQ" after a byte no text begins
                           with
4       1                  version: 1
5       1                  C: 1 (grey) or 3 (red, green, blue)
6       2                  h
8       2                  w
10      4                  H
14      4                  W
18      4                  K
22      K * D              codebook: codewords in order, each a block line by line, a
                           pixel's channels side by side; one byte a component
...     ceil(n * b / 8)    codes of the blocks in raster order, b bits each, the most
                           significant first; the last byte is filled up with zero bits
...     4                  CRC-32 (that of zlib and PNG) of all the bytes before it
======  =================  ==============================================================

The blocks at the right and bottom edge may reach beyond the image; what is there is cut off.
No size is 0, codes are below K, and all blocks together hold at most 2**28 pixels. Files of
this version are read by every later version of the library.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._duplicates import count_distinct
from centnn._monitor import Callback
from centnn._validation import integer
from centnn.codebook import fit_codebook
from centnn.image.blocks import Block, block_grid, block_size, from_blocks, to_blocks
from centnn.quantizer import dequantize, quantize

__all__ = ["Header", "compress", "decompress", "read_header"]

MAGIC = b"\x89CVQ"
VERSION = 1
MAX_PIXELS = 2**28
MAX_BLOCK_SIDE = 2**16 - 1

_FIELDS = struct.Struct("<4sBBHHIII")
_CRC = struct.Struct("<I")
_CODES_AT_A_TIME = 2**16  # a multiple of 8, so that every portion ends with a whole byte


@dataclass(frozen=True)
class Header:
    """The sizes that a .cvq file declares."""

    channels: int
    block_height: int
    block_width: int
    height: int
    width: int
    n_codewords: int

    @property
    def block(self) -> tuple[int, int]:
        """Size of a block: (height, width)."""
        return self.block_height, self.block_width

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image: (H, W) if grey, (H, W, 3) if in colour."""
        size = (self.height, self.width)
        return size if self.channels == 1 else (*size, self.channels)

    @property
    def n_components(self) -> int:
        """Components of a codeword."""
        return self.block_height * self.block_width * self.channels

    @property
    def n_blocks(self) -> int:
        """Blocks that cover the image."""
        rows, columns = block_grid(self.shape, self.block)
        return rows * columns

    @property
    def coded_pixels(self) -> int:
        """Pixels of all blocks together: those of the image and those beyond its edges."""
        return self.n_blocks * self.block_height * self.block_width

    @property
    def bits_per_code(self) -> int:
        """Bits that a block's code takes."""
        return (self.n_codewords - 1).bit_length()

    @property
    def codebook_bytes(self) -> int:
        """Bytes that the codebook takes."""
        return self.n_codewords * self.n_components

    @property
    def code_bytes(self) -> int:
        """Bytes that the codes take."""
        return -(-self.n_blocks * self.bits_per_code // 8)

    @property
    def file_bytes(self) -> int:
        """Bytes that the whole file takes."""
        return _FIELDS.size + self.codebook_bytes + self.code_bytes + _CRC.size


def compress(
    img: NDArray[np.uint8],
    n_codewords: int = 512,
    block: Block = 4,
    *,
    n_threads: int | None = None,
    callback: Callback | None = None,
) -> bytes:
    """Compress an image with a codebook trained on its own blocks.

    Parameters
    ----------
    img : uint8 array of shape (H, W) or (H, W, 3)
        A grey image, or one in colour (red, green, blue).
    n_codewords : int
        Codewords in the codebook; at most as many as the image has different blocks.
    block : int or (height, width)
        Size of a block in pixels. 1 quantizes grey levels or colours.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The file does not depend on it.
    callback : callable, optional
        Called during the training as by `centnn.fit_codebook`. If it returns True, the codebook
        has the codewords so far.

    Returns
    -------
    bytes
        The contents of a .cvq file, for `decompress`.

    Raises
    ------
    ValueError
        If `img` is no such image, or it has fewer different blocks than `n_codewords`.
    """
    img = np.asarray(img)
    _check_image(img, block)
    n_codewords = integer(n_codewords, "n_codewords", 1)
    blocks = to_blocks(img, block)
    n_different = count_distinct(blocks, n_codewords)
    if n_different < n_codewords:
        raise ValueError(
            f"n_codewords must be at most the number of different blocks in img, {n_different}, "
            f"got {n_codewords}"
        )
    book = fit_codebook(blocks, n_codewords, n_threads=n_threads, callback=callback)
    codebook = np.rint(book.centers).clip(0, 255).astype(np.uint8)
    # With the codebook as the file has it: its rounding may have changed which is nearest.
    codes = quantize(blocks, codebook, n_threads=n_threads)
    height, width, channels = (*img.shape, 1)[:3]
    header = Header(channels, *block_size(block), height, width, len(codebook))
    return _assemble(header, codebook, codes)


def decompress(data: bytes) -> NDArray[np.uint8]:
    """Decompress the contents of a .cvq file.

    Parameters
    ----------
    data : bytes
        What `compress` returned.

    Returns
    -------
    uint8 array of shape (H, W) or (H, W, 3)
        The image; if in colour, red, green, blue.

    Raises
    ------
    ValueError
        If `data` is not a whole, undamaged .cvq file of a version that is known here.
    """
    header = read_header(data)
    codebook = np.frombuffer(data, np.uint8, header.codebook_bytes, _FIELDS.size)
    codebook = codebook.reshape(header.n_codewords, header.n_components)
    packed = np.frombuffer(data, np.uint8, header.code_bytes, _FIELDS.size + codebook.size)
    blocks = np.empty((header.n_blocks, header.n_components), np.uint8)
    done = 0
    for codes in _unpack_codes(packed, header.n_blocks, header.bits_per_code):
        if codes.max() >= header.n_codewords:
            raise ValueError(
                f"data is corrupted: its codes must be below {header.n_codewords}, "
                f"got {codes.max()}"
            )
        blocks[done : done + len(codes)] = dequantize(codes, codebook)
        done += len(codes)
    return from_blocks(blocks, header.shape, header.block)


def read_header(data: bytes) -> Header:
    """Return the sizes that a .cvq file declares, once they and its checksum are found right.

    Parameters
    ----------
    data : bytes
        The contents of a whole .cvq file.

    Returns
    -------
    Header
        Sizes that agree with the length of `data`.

    Raises
    ------
    ValueError
        If `data` is foreign, truncated, damaged or of a later version.
    """
    if data[:4] != MAGIC:
        raise ValueError(
            f"data is not a .cvq file: it must begin with {MAGIC!r}, got {bytes(data[:4])!r}"
        )
    if len(data) > 4 and data[4] != VERSION:
        raise ValueError(
            f"data must be a .cvq file of version {VERSION}, got version {data[4]}"
            + (", from a later centnn" if data[4] > VERSION else "")
        )
    if len(data) < _FIELDS.size:
        raise ValueError(
            f"data is truncated: a .cvq header takes {_FIELDS.size} bytes, got {len(data)}"
        )
    header = Header(*_FIELDS.unpack_from(data)[2:])
    _check_declared(header, len(data))
    (declared,) = _CRC.unpack_from(data, len(data) - _CRC.size)
    computed = zlib.crc32(memoryview(data)[: -_CRC.size])
    if computed != declared:
        raise ValueError(
            f"data is corrupted: its checksum says {declared:08x}, its bytes give {computed:08x}"
        )
    return header


def _check_declared(header: Header, n_bytes: int) -> None:
    """Refuse sizes that cannot be, before anything is allocated for them."""
    if header.channels not in (1, 3):
        raise ValueError(f"data is corrupted: it must have 1 or 3 channels, got {header.channels}")
    if min(*header.block, *header.shape, header.n_codewords) < 1:
        raise ValueError(f"data is corrupted: none of its sizes may be 0, got {header}")
    # Few bytes can stand for many pixels: with one codeword a code takes no bits at all.
    if header.coded_pixels > MAX_PIXELS:
        raise ValueError(
            f"data must hold at most {MAX_PIXELS} pixels, got {header.coded_pixels} "
            f"(an image of {header.width}x{header.height})"
        )
    if n_bytes != header.file_bytes:
        what = "truncated" if n_bytes < header.file_bytes else "too long"
        raise ValueError(
            f"data is {what}: by its header it must have {header.file_bytes} bytes, got {n_bytes}"
        )


def _check_image(img: NDArray[Any], block: Block) -> None:
    """Refuse what a file cannot hold."""
    if img.dtype != np.uint8:
        raise ValueError(f"img must be of dtype uint8, got {img.dtype}")
    if img.ndim not in (2, 3) or img.size == 0 or img.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"img must have shape (H, W) or (H, W, 3) without an empty axis, got shape {img.shape}"
        )
    block_height, block_width = block_size(block)
    if max(block_height, block_width) > MAX_BLOCK_SIDE:
        raise ValueError(f"block must be at most {MAX_BLOCK_SIDE} a side, got {block!r}")
    rows, columns = block_grid(img.shape, block)
    coded_pixels = rows * block_height * columns * block_width
    if coded_pixels > MAX_PIXELS:
        raise ValueError(
            f"img must have at most {MAX_PIXELS} pixels, counting those of its last blocks "
            f"beyond the edges, got {coded_pixels}"
        )


def _assemble(header: Header, codebook: NDArray[np.uint8], codes: NDArray[Any]) -> bytes:
    """Put the parts of a file together."""
    fields = _FIELDS.pack(MAGIC, VERSION, *astuple(header))
    body = b"".join([fields, codebook.tobytes(), _pack_codes(codes, header.bits_per_code)])
    return body + _CRC.pack(zlib.crc32(body))


def _pack_codes(codes: NDArray[Any], bits: int) -> bytes:
    """Pack codes into this many bits each."""
    portions = []
    for start in range(0, len(codes), _CODES_AT_A_TIME):
        portion = codes[start : start + _CODES_AT_A_TIME].astype(">u4")
        all_bits = np.unpackbits(portion.view(np.uint8).reshape(-1, 4), axis=1)
        portions.append(np.packbits(all_bits[:, 32 - bits :]).tobytes())
    return b"".join(portions)


def _unpack_codes(
    packed: NDArray[np.uint8], n_codes: int, bits: int
) -> Iterator[NDArray[np.uint32]]:
    """Undo `_pack_codes`, a portion at a time."""
    for start in range(0, n_codes, _CODES_AT_A_TIME):
        n_here = min(_CODES_AT_A_TIME, n_codes - start)
        first_byte = start * bits // 8
        all_bits = np.zeros((n_here, 32), np.uint8)
        all_bits[:, 32 - bits :] = np.unpackbits(
            packed[first_byte : first_byte + _CODES_AT_A_TIME * bits // 8], count=n_here * bits
        ).reshape(n_here, bits)
        yield np.packbits(all_bits, axis=1).view(">u4")[:, 0].astype(np.uint32)
