"""A codebook in a file: the transform of its codewords, rounded and sorted.

FORMAT.md specifies it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image import _codewords
from centnn.image.integers import Reader, Writer

__all__ = ["LIMIT_BLOCK", "Codewords", "from_levels", "is_related", "read", "transformed", "write"]

Array = NDArray[Any]

LIMIT_BLOCK = 64  # pixels a side
_LIMIT_VALUE = 1 << 22  # no coefficient of samples of 16 bits is larger
_SCALE = 1 << 12


@dataclass(frozen=True, eq=False)
class Codewords:
    """Codewords as a file has them."""

    levels: NDArray[np.int64]
    """Coefficients (K, height, width, C), in units of `step`."""
    step: int
    """How coarse they are."""
    codewords: Array
    """What they stand for: (K, height, width, C) samples of uint8 or uint16."""
    order: NDArray[np.intp]
    """Which of those given each of them is."""


def transformed(centers: Array) -> Array:
    """Return the coefficients of codewords (K, height, width, C), not rounded."""
    _, height, width, _ = centers.shape
    rows, columns = _transform(height) / _SCALE, _transform(width) / _SCALE
    return np.asarray(np.einsum("iy,kyxc,jx->kijc", rows, centers, columns, optimize=True))


def from_levels(levels: Array, step: int, depth: int) -> Codewords:
    """Return the codewords of coefficients in units of `step`, sorted as a file has them."""
    order = np.argsort(levels[:, 0, 0, 0], kind="stable")
    levels = np.ascontiguousarray(levels[order], np.int64)
    lists = np.ascontiguousarray(levels.transpose(3, 1, 2, 0), np.int32)
    return Codewords(levels, step, _restored(lists, step, depth), order)


def write(writer: Writer, levels: Array, step: int) -> None:
    """Append coefficients (K, height, width, C), sorted by the first, to a stream."""
    _, height, width, channels = levels.shape
    writer.write(np.array([step]), signs=False)
    writer.write(np.diff(levels[:, 0, 0, 0], prepend=0), signs=False)
    for channel in range(channels):
        own = levels[..., channel]
        rest = own - levels[..., 0]
        related = is_related(levels, channel)
        if channel > 0:
            writer.write(np.array([int(related)]), signs=False)
        for place in range(channel == 0, height * width):
            y, x = divmod(place, width)
            writer.write((rest if related else own)[:, y, x], signs=True)


def is_related(levels: Array, channel: int) -> bool:
    """Tell whether a channel's differences to channel 0 are smaller than its coefficients."""
    own = levels[..., channel]
    return channel > 0 and bool(np.abs(own - levels[..., 0]).sum() < np.abs(own).sum())


def read(reader: Reader, shape: tuple[int, int, int, int], depth: int) -> tuple[Array, int, Array]:
    """Take coefficients (K, height, width, C), their step and the codewords from a stream.

    Raises
    ------
    ValueError
        If they cannot be.
    """
    n, height, width, channels = shape
    lists = np.empty((channels, height * width, n), np.int32)
    step = int(reader.read(1, 1, signs=False)[0, 0])
    # Clipped only beyond what is refused below.
    first = np.cumsum(reader.read(1, n, signs=False), dtype=np.int64)
    lists[0, 0] = first.clip(max=_LIMIT_VALUE + 1)
    lists[0, 1:] = reader.read(height * width - 1, n, signs=True)
    for channel in range(1, channels):
        is_related = bool(reader.read(1, 1, signs=False)[0, 0])
        lists[channel] = reader.read(height * width, n, signs=True)
        if is_related:
            lists[channel] += lists[0]
    if step == 0 or max(int(lists.max()), -int(lists.min())) > _LIMIT_VALUE // step:
        raise ValueError("data is corrupted: its codewords are beyond the range of samples")
    levels = lists.reshape(channels, height, width, n)
    return levels.transpose(3, 1, 2, 0), step, _restored(levels, step, depth)


def _restored(levels: Array, step: int, depth: int) -> Array:
    """Return the codewords (K, height, width, C) of coefficients (C, height, width, K), int32."""
    channels, height, width, n = levels.shape
    pixels = np.empty((n, height, width, channels), np.uint8 if depth == 8 else np.uint16)
    _codewords.restore(levels, step, _transform(height), _transform(width), pixels)
    return pixels


@cache
def _transform(n: int) -> NDArray[np.float64]:
    """Return the orthonormal cosine transform of n samples, rounded to units of 1 / _SCALE."""
    frequencies, places = np.arange(n)[:, None], np.arange(n)
    waves = np.cos(np.pi * frequencies * (2 * places + 1) / (2 * n)) * np.sqrt(2 / n)
    waves[0] = np.sqrt(1 / n)
    return np.asarray(np.floor(_SCALE * waves + 0.5))
