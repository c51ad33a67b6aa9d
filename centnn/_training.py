"""From validated samples to a trained codebook: the algorithms by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _classic, _group, _local
from centnn._duplicates import check_distinct
from centnn._error import squared_error
from centnn._monitor import Monitor
from centnn._options import Options
from centnn._scale import SUMMED, largest
from centnn.quantizer import quantize

Array = NDArray[Any]


@dataclass
class Training:
    """What training gives; see `Codebook` for the meaning of what the two share."""

    centers: Array
    labels: NDArray[np.int32] | None
    """The cluster of each sample; None if it is yet to be searched for."""
    counts: NDArray[np.float64]
    inertia: float
    n_iter: int
    history: NDArray[np.float64]


def train(X: Array, weights: NDArray[np.float64] | None, options: Options) -> Training:
    """Train on X (N, D) with weights (N,), at least 0 and not all 0; None for weights of 1."""
    n_values = X.shape[1] * (len(X) if weights is None else float(weights.sum()))
    monitor = Monitor(options.callback, options.verbose, n_values)
    if options.algorithm == "local":
        if weights is not None and not weights.all():
            X, weights = X[weights > 0], weights[weights > 0]
        centers, counts, inertia = _local.train(X, weights, options, monitor)
        labels = None
    else:
        centers, labels, counts = _train_published(X, weights, options, monitor)
        inertia = squared_error(X, weights, centers, labels, options.n_threads)
    history = monitor.table()
    return Training(centers, labels, counts, inertia, len(history), history)


def _train_published(
    X: Array, weights: NDArray[np.float64] | None, options: Options, monitor: Monitor
) -> tuple[Array, NDArray[np.int32], NDArray[np.float64]]:
    """Train with `classic`, `entropy` or `group`: centers, labels and counts, in float64."""
    if weights is None:
        weights = np.ones(len(X))
    used = weights > 0
    all_used = bool(used.all())
    samples = np.ascontiguousarray(X if all_used else X[used], dtype=np.float64)
    check_distinct(samples, options.n_clusters)
    most = 2.0**SUMMED
    if largest(samples) > most:
        raise ValueError(
            f"X must hold numbers of up to {most:.2g} unless algorithm is 'local', so that sums "
            f"of squares are finite in float64, got {largest(samples):.2g}"
        )
    if options.algorithm == "group":
        trained = _group.train(
            samples, weights[used], options.n_clusters, monitor, options.n_threads
        )
    else:
        trained = _classic.train(
            samples,
            weights[used],
            options.n_clusters,
            monitor,
            early=options.algorithm == "entropy",
            init=options.init,
            n_threads=options.n_threads,
        )
    centers, labels, counts, _ = trained
    if monitor.stopped or not all_used:
        labels = quantize(X, centers, n_threads=options.n_threads).astype(np.int32)
        counts = np.bincount(labels, weights, len(centers)).astype(np.float64, copy=False)
    return centers, labels, counts
