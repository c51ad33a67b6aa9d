"""What each level of effort does to a partition.

All settle it: samples move until no single move lowers the error. `balanced` swaps clusters until
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

Array = NDArray[Any]
Monitor = Callable[[int, int, float], bool]

STAGES = frozenset({"swap", "cross"})
GROWTH = 1.15
PATIENCE = 100
LONG_PATIENCE = 300


def refine(
    samples: Array,
    weights: NDArray[np.float64] | None,
    labels: NDArray[np.int32],
    n_clusters: int,
    effort: str,
    monitor: Monitor,
    n_threads: int,
    *,
    fixed: Array | None = None,
    stages: frozenset[str] = STAGES,
) -> tuple[Array, NDArray[np.int32], NDArray[np.float64]]:
    """Improve a partition.

    Parameters
    ----------
    samples : (N, D) array of float32 or float64
        C-contiguous, at least n_clusters distinct rows.
    weights : (N,) array or None
        Positive; None for all ones.
    labels : (N,) array of int32
        Where to start: from 0 on, each one used (but for those of fixed codewords). If they are
        fewer than n_clusters, the others are found by splits.
    n_clusters : int
        Codewords wanted.
    effort : {"fast", "balanced", "best"}
        How much to do.
    monitor : callable
        Called as monitor(rounds, codewords so far, error) every now and then; True stops.
    n_threads : int
        Threads to use.
    fixed : (F, D) array, optional
        Codewords of the first labels, that are to stay as they are.
    stages : frozenset of str
        What may be used of swap and cross; for tests.

    Returns
    -------
    centers : (K, D) array of the samples' dtype
    labels : (N,) array of int32
    counts : (K,) array of float64
        The weight of each codeword's samples.
    """
    n_fixed = 0 if fixed is None else len(fixed)
    solver = Solver(samples, weights, n_clusters, n_threads, monitor)
    if fixed is not None:
        solver.state.place_fixed(fixed.astype(np.float64))
    solver.load(labels, max(n_fixed, int(labels.max()) + 1))
    solver.grow(n_clusters, GROWTH)
    solver.settle()
    if effort != "fast" and "swap" in stages:
        solver.swap(PATIENCE)
        if effort == "best":
            if n_fixed == 0 and "cross" in stages:
                Population(solver, samples, weights).evolve()
            solver.swap(LONG_PATIENCE)
    centers, labels = solver.state.centers(), solver.state.labels()
    if fixed is not None:
        centers[:n_fixed] = fixed
    counts = np.bincount(labels, weights, len(centers)).astype(np.float64, copy=False)
    return centers, labels, counts
