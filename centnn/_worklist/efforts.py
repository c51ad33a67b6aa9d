"""The levels of effort: which stages follow each other.

`fast` grows and settles. `balanced` grows to half as many clusters again, shrinks, and swaps until
`PATIENCE` swaps in a row have failed. `best` finds two more solutions, crosses solutions while that
helps, and swaps for longer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._worklist.population import Population
from centnn._worklist.solver import Solver
from centnn.quantizer import quantize

Array = NDArray[Any]
Monitor = Callable[[int, int, float], bool]

STAGES = frozenset({"shrink", "swap", "cross"})
GROWTH = 1.15
PATIENCE = 100
LONG_PATIENCE = 300


def train(
    samples: Array,
    weights: NDArray[np.float64] | None,
    n_clusters: int,
    effort: str,
    monitor: Monitor,
    n_threads: int,
    *,
    init: NDArray[np.float64] | None = None,
    fixed: int = 0,
    stages: frozenset[str] = STAGES,
) -> tuple[Array, NDArray[np.int32], NDArray[np.float64], int]:
    """Train a codebook.

    Parameters
    ----------
    samples : (N, D) array of float32 or float64
        C-contiguous, at least n_clusters distinct rows.
    weights : (N,) array or None
        Positive; None for all ones.
    n_clusters : int
        Codewords wanted.
    effort : {"fast", "balanced", "best"}
        How much to do.
    monitor : callable
        Called as monitor(rounds, codewords so far, error) every now and then; True stops.
    n_threads : int
        Threads to use.
    init : (K, D) array, optional
        Codewords to start from, and then only settle; or the fixed codewords alone.
    fixed : int
        The number of codewords, the first of `init`, that are to stay as they are.
    stages : frozenset of str
        What may be used of shrink, swap and cross; for tests.

    Returns
    -------
    centers : (K, D) array of the samples' dtype
    labels : (N,) array of int32
    counts : (K,) array of float64
        The weight of each codeword's samples.
    n_iter : int
        Rounds in which samples moved.
    """
    grows_only = effort == "fast" or (init is not None and fixed == 0) or "shrink" not in stages
    widest = n_clusters if grows_only else min(n_clusters + n_clusters // 2, len(samples))
    solver = Solver(samples, weights, widest, n_threads, monitor)
    start(solver, samples, init, fixed)
    solver.grow(widest, GROWTH)
    if widest > n_clusters:
        solver.settle(3)
        solver.shrink(n_clusters)
    solver.settle()
    if (init is None or fixed > 0) and effort != "fast" and "swap" in stages:
        solver.swap(PATIENCE)
        if effort == "best":
            if fixed == 0 and "cross" in stages:
                Population(solver, samples, weights).evolve()
            solver.swap(LONG_PATIENCE)
    centers, labels = solver.state.centers(), solver.state.labels()
    if init is not None:
        centers[:fixed] = init[:fixed]
    counts = np.bincount(labels, weights, len(centers)).astype(np.float64, copy=False)
    return centers, labels, counts, solver.n_rounds


def start(solver: Solver, samples: Array, init: NDArray[np.float64] | None, fixed: int) -> None:
    """Give each sample to its nearest codeword of `init`, or all to one."""
    if init is None:
        solver.load(np.zeros(len(samples), dtype=np.int32), 1)
        return
    labels = quantize(samples, init.astype(samples.dtype), n_threads=solver.n_threads)
    labels = labels.astype(np.int32)
    if fixed > 0:
        solver.state.place_fixed(init)
        solver.load(labels, fixed)
    else:
        used, labels = np.unique(labels, return_inverse=True)
        solver.load(labels.astype(np.int32), len(used))
