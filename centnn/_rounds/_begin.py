"""Where training begins: one codeword, or given ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _search
from centnn._rounds._state import State

Array = NDArray[Any]

# Multiply-adds of an exhaustive search between two looks for Ctrl-C.
MOST_AT_ONCE = 1 << 31


def begin(state: State, samples: Array, init: Array | None, n_fixed: int) -> None:
    """Start with one codeword, or with those of `init` (K, D) that have samples or are fixed."""
    if init is None or len(init) == 0:
        state.start_with(np.zeros(state.n, np.int32), 1, np.empty((0, state.d)))
        return
    labels = nearest(samples, init, state.team.n_threads)
    used = np.bincount(labels, minlength=len(init)) > 0
    used[:n_fixed] = True
    number = np.cumsum(used, dtype=np.int32) - 1
    state.start_with(number[labels], int(used.sum()), init[:n_fixed])


def nearest(samples: Array, codewords: Array, n_threads: int) -> NDArray[np.int32]:
    """Return the nearest codeword of each sample, the first of equals."""
    precision = np.float64 if samples.dtype == np.float64 else np.float32
    index = _search.pack(np.ascontiguousarray(codewords, dtype=precision))
    is_half = samples.dtype == np.float16
    rows = samples.view(np.uint16) if is_half else samples
    codes = np.empty(len(samples), np.uint32)
    step = max(1024, MOST_AT_ONCE // codewords.size)
    for i in range(0, len(samples), step):
        part = codes[i : i + step]
        _search.nearest(rows[i : i + step], is_half, index, 1, part.view(np.uint8), None, n_threads)
    return codes.view(np.int32)
