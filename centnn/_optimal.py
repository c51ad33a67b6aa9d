"""One coordinate: the codebook of least error, from the distinct values and their weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _scalar
from centnn._duplicates import check_enough_distinct
from centnn._monitor import Monitor

Array = NDArray[Any]


def train(
    X: Array, weights: NDArray[np.float64] | None, n_clusters: int, monitor: Monitor
) -> tuple[Array, NDArray[np.float64], float] | None:
    """Return centers, counts and the squared error of the optimum for X (N, 1), all weights > 0.

    None stands for more than 65,536 distinct values: then another algorithm must do. The codewords
    rise. One epoch is reported, when all is done.
    """
    values, totals = distinct_scalars(X[:, 0], weights)
    check_enough_distinct(len(values), len(X), n_clusters)
    if len(values) > _scalar.MAX_VALUES:
        return None
    centers, cuts = _scalar.optimal(values, totals, n_clusters)
    counts = np.add.reduceat(totals, cuts[:-1])
    with np.errstate(over="ignore"):
        error = float(totals @ np.square(values - np.repeat(centers, np.diff(cuts))))
    monitor.next(n_clusters, error)
    return centers[:, None].astype(np.result_type(X, np.float32)), counts, error


def distinct_scalars(
    x: Array, weights: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distinct values of x (N,), rising, and the weight of each."""
    if x.dtype in (np.uint8, np.uint16):
        totals = np.bincount(x, weights).astype(np.float64, copy=False)
        present = totals > 0
        return np.flatnonzero(present).astype(np.float64), totals[present]
    values = x.astype(np.float64, copy=False)
    if weights is None:
        values, counts = np.unique(values, return_counts=True)
        return values, counts.astype(np.float64)
    values, places = np.unique(values, return_inverse=True)
    return values, np.bincount(places, weights).astype(np.float64, copy=False)
