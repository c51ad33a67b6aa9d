"""Threads that share out pieces of work, without waiting for one that has not begun.

OpenMP's barriers spin: on a machine with other work, each of some hundred short loops a second
would wait for a thread that is not running.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Components read below which another thread costs more than it saves (some tens of microseconds),
# and between two looks for Ctrl-C (some tenths of a second).
WORTH_THREADS = 1 << 20
MOST_AT_ONCE = 1 << 28

Piece = tuple[int, int]
Work = Callable[[int, int, int], Any]


class Team:
    """The calling thread and n_threads - 1 others."""

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self.pool = ThreadPoolExecutor(n_threads - 1) if n_threads > 1 else None

    def close(self) -> None:
        """Let the threads end."""
        if self.pool is not None:
            self.pool.shutdown()

    def run(self, work: Work, pieces: Sequence[Piece]) -> None:
        """Call work(first, last, thread) for each piece; it should release the GIL."""
        waiting = deque(pieces)

        def take_part(thread: int) -> None:
            while waiting:
                try:
                    first, last = waiting.popleft()
                except IndexError:  # another one was quicker
                    return
                work(first, last, thread)

        n_helpers = min(self.n_threads, len(pieces)) - 1
        futures = (
            [self.pool.submit(take_part, t + 1) for t in range(n_helpers)] if self.pool else []
        )
        try:
            take_part(0)
        finally:
            waiting.clear()
            for future in futures:
                if not future.cancel():
                    future.result()

    def divide(self, first: int, last: int, cost: float) -> list[Piece]:
        """Cut a range of items, each of which reads `cost` components, into pieces."""
        n = min(last - first, self._n_pieces((last - first) * cost))
        bounds = [first + (last - first) * i // n for i in range(n + 1)] if n else []
        return list(pairwise(bounds))

    def divide_clusters(
        self, start: NDArray[np.int64], first: int, last: int, row_cost: float
    ) -> list[Piece]:
        """Cut a range of clusters, whose members start at `start`, into pieces of like cost."""
        n_rows = int(start[last] - start[first])
        n = min(last - first, self._n_pieces(n_rows * row_cost))
        goals = start[first] + n_rows * np.arange(1, n) // max(n, 1)
        inner = np.unique(np.searchsorted(start[first : last + 1], goals) + first)
        bounds = [first, *(int(b) for b in inner if first < b < last), last]
        return list(pairwise(bounds)) if first < last else []

    def _n_pieces(self, cost: float) -> int:
        at_least = -int(-cost // MOST_AT_ONCE)
        if self.n_threads == 1 or cost < WORTH_THREADS:
            return max(1, at_least)
        return max(at_least, min(4 * self.n_threads, 1 + int(cost // (WORTH_THREADS // 4))))
