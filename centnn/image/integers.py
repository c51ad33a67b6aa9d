"""Lists of integers in an entropy-coded stream: what a file has besides the codes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image import _rans
from centnn.image._lists import DECAYS, ESCAPE, Reader, decaying, n_states, uniform

__all__ = ["LIMIT", "Reader", "Writer", "n_states"]

Array = NDArray[Any]

LIMIT = 1 << 24  # of a number, once folded


class Writer:
    """Collects integers for one stream."""

    def __init__(self) -> None:
        self._starts: list[NDArray[np.uint32]] = []
        self._sizes: list[NDArray[np.uint32]] = []

    def write(self, values: Array, *, signs: bool) -> None:
        """Append a list; folded, its numbers must be below LIMIT."""
        folded = np.asarray(values, np.int64)
        if signs:
            folded = np.where(folded > 0, 2 * folded - 1, -2 * folded)
        symbols = np.minimum(folded, ESCAPE)
        counts = np.bincount(symbols, minlength=ESCAPE + 1)
        costs = [counts @ _bits(decay, signs) for decay in range(len(DECAYS))]
        best = int(np.argmin(costs))
        self._put(np.array([best]), uniform(len(DECAYS)))
        self._put(symbols, decaying(best, signs))
        beyond = folded[symbols == ESCAPE] - ESCAPE
        for shift in (0, 8, 16):
            self._put(beyond >> shift & 255, uniform(256))

    def to_bytes(self, n_states: int = 1) -> bytes:
        """Return the stream, with so many states."""
        return _rans.encode(np.concatenate(self._starts), np.concatenate(self._sizes), n_states)

    def _put(self, symbols: Array, table: _rans.Table) -> None:
        starts = table.starts[symbols]
        self._starts.append(starts)
        self._sizes.append(table.starts[symbols + 1] - starts)


@cache
def _bits(decay: int, signs: bool) -> NDArray[np.float64]:
    sizes = np.diff(decaying(decay, signs).starts.astype(np.float64))
    bits = 20 - np.log2(sizes)
    bits[ESCAPE] += 24
    return np.asarray(bits)
