"""Read .cvq files of version 1: a raw codebook and packed codes. FORMAT.md specifies them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from centnn._packed import unpack_codes
from centnn.image.blocks import block_grid, from_blocks
from centnn.image.fields import CRC_BYTES, check_crc
from centnn.quantizer import dequantize

__all__ = ["Header", "decompress", "read_header"]

_FIELDS = struct.Struct("<4sBBHHIII")


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
        return _FIELDS.size + self.codebook_bytes + self.code_bytes + CRC_BYTES


def decompress(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """Return the image in a .cvq file; ValueError if it is damaged or has too many pixels."""
    header = read_header(data)
    # Few bytes can stand for many pixels: with one codeword a code takes no bits at all.
    if header.coded_pixels > max_pixels:
        raise ValueError(
            f"data must hold at most {max_pixels} pixels, got {header.coded_pixels} "
            f"(an image of {header.width}x{header.height})"
        )
    codebook = np.frombuffer(data, np.uint8, header.codebook_bytes, _FIELDS.size)
    codebook = codebook.reshape(header.n_codewords, header.n_components)
    packed = np.frombuffer(data, np.uint8, header.code_bytes, _FIELDS.size + codebook.size)
    blocks = np.empty((header.n_blocks, header.n_components), np.uint8)
    done = 0
    for codes in unpack_codes(packed, header.n_blocks, header.bits_per_code):
        if codes.max() >= header.n_codewords:
            raise ValueError(
                f"data is corrupted: its codes must be below {header.n_codewords}, "
                f"got {codes.max()}"
            )
        dequantize(codes, codebook, out=blocks[done : done + len(codes)])
        done += len(codes)
    return from_blocks(blocks, header.shape, header.block)


def read_header(data: bytes) -> Header:
    """Return what a .cvq file declares; ValueError if it is damaged."""
    if len(data) < _FIELDS.size:
        raise ValueError(
            f"data is truncated: a .cvq header takes {_FIELDS.size} bytes, got {len(data)}"
        )
    header = Header(*_FIELDS.unpack_from(data)[2:])
    _check_declared(header, len(data))
    check_crc(data)
    return header


def _check_declared(header: Header, n_bytes: int) -> None:
    """Refuse sizes that cannot be, before anything is allocated for them."""
    if header.channels not in (1, 3):
        raise ValueError(f"data is corrupted: it must have 1 or 3 channels, got {header.channels}")
    if min(*header.block, *header.shape, header.n_codewords) < 1:
        raise ValueError(f"data is corrupted: none of its sizes may be 0, got {header}")
    if n_bytes != header.file_bytes:
        what = "truncated" if n_bytes < header.file_bytes else "too long"
        raise ValueError(
            f"data is {what}: by its header it must have {header.file_bytes} bytes, got {n_bytes}"
        )
