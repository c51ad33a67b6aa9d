"""Lists of integers in an entropy-coded stream: what a file has besides the codes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image import _rans

__all__ = ["Reader", "Writer"]

Array = NDArray[Any]

# How much less probable a number is than the one nearer to 0 by one, in 1/65536, for each class:
# floor(65536 * 2 ** -(2 ** (2 - i / 2))).
DECAYS = (
    4096, 9226, 16384, 24590, 32768, 40143, 46340, 51292, 55108, 57978,
    60096, 61641, 62757, 63558, 64131, 64539, 64830, 65036, 65182, 65285,
)  # fmt: skip
ESCAPE = 255
LIMIT = 1 << 24  # of a number, once folded


class Writer:
    """Collects integers for one stream."""

    def __init__(self) -> None:
        self._starts: list[NDArray[np.uint32]] = []
        self._sizes: list[NDArray[np.uint32]] = []

    def write(self, values: Array, *, signed: bool) -> None:
        """Append a list; folded, its numbers must be below LIMIT."""
        folded = np.asarray(values, np.int64)
        if signed:
            folded = np.where(folded > 0, 2 * folded - 1, -2 * folded)
        symbols = np.minimum(folded, ESCAPE)
        counts = np.bincount(symbols, minlength=ESCAPE + 1)
        costs = [counts @ _bits(decay, signed) for decay in range(len(DECAYS))]
        best = int(np.argmin(costs))
        self._put(np.array([best]), _uniform(len(DECAYS)))
        self._put(symbols, _table(best, signed))
        beyond = folded[symbols == ESCAPE] - ESCAPE
        for shift in (0, 8, 16):
            self._put(beyond >> shift & 255, _uniform(256))

    def to_bytes(self) -> bytes:
        """Return the stream."""
        return _rans.encode(np.concatenate(self._starts), np.concatenate(self._sizes))

    def _put(self, symbols: Array, table: _rans.Table) -> None:
        starts = table.starts[symbols]
        self._starts.append(starts)
        self._sizes.append(table.starts[symbols + 1] - starts)


class Reader:
    """Takes the lists back, in order; ValueError if the stream is damaged."""

    def __init__(self, data: bytes) -> None:
        self._stream = _rans.Decoder(data)

    def read(self, n: int, *, signed: bool) -> NDArray[np.int64]:
        """Return the next list, of n numbers."""
        decay = int(self._stream.pull(1, _uniform(len(DECAYS)))[0])
        folded = self._stream.pull(n, _table(decay, signed))
        if folded.max(initial=0) == ESCAPE:
            escaped = np.flatnonzero(folded == ESCAPE)
            for shift in (0, 8, 16):
                folded[escaped] += self._stream.pull(len(escaped), _uniform(256)) << shift
        if not signed:
            return folded
        magnitudes = (folded + 1) >> 1
        return np.where(folded & 1, magnitudes, -magnitudes)

    def close(self) -> None:
        """Raise ValueError unless all lists were taken."""
        self._stream.close()


@cache
def _uniform(n: int) -> _rans.Table:
    return _rans.Table(np.ones(n, np.uint32))


@cache
def _table(decay: int, signed: bool) -> _rans.Table:
    weights = [1 << 16]
    for _ in range(ESCAPE):
        weights.append(weights[-1] * DECAYS[decay] >> 16)
    magnitudes = (np.arange(ESCAPE + 1) + 1) // 2 if signed else np.arange(ESCAPE + 1)
    return _rans.Table(np.array(weights, np.uint32)[magnitudes])


@cache
def _bits(decay: int, signed: bool) -> NDArray[np.float64]:
    sizes = np.diff(_table(decay, signed).starts.astype(np.float64))
    bits = 20 - np.log2(sizes)
    bits[ESCAPE] += 24
    return np.asarray(bits)
