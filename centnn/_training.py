"""From validated samples to a trained codebook: the algorithms by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _classic, _group, _scalar
from centnn._validation import SCAN, check_distinct, check_enough_distinct
from centnn.quantizer import quantize

Array = NDArray[Any]
Callback = Callable[[int, int, float], bool | None]

ALGORITHMS = ("classic", "entropy", "group")


@dataclass
class Training:
    """What training gives; see `Codebook` for the meaning of what the two share."""

    centers: Array
    labels: NDArray[np.int32]
    counts: NDArray[np.float64]
    inertia: float
    n_iter: int
    history: NDArray[np.float64]


class Monitor:
    """Keeps the history of a training, reports it, and asks the callback whether to go on."""

    def __init__(self, callback: Callback | None, verbose: int, n_values: float) -> None:
        self.callback = callback
        self.verbose = verbose
        self.n_values = n_values  # the squared error divided by this is the distortion
        self.history: list[tuple[int, float]] = []
        self.stopped = False

    def __call__(self, epoch: int, n_codewords: int, error: float) -> bool:
        """Take note of an epoch; return True to stop."""
        distortion = max(error, 0.0) / self.n_values
        if self.verbose and (not self.history or self.history[-1][0] != n_codewords):
            print(f"epoch {epoch}: {n_codewords} codewords, distortion {distortion:.6g}")
        self.history.append((n_codewords, distortion))
        if self.callback is not None:
            self.stopped = bool(self.callback(epoch, n_codewords, distortion))
        return self.stopped

    def table(self) -> NDArray[np.float64]:
        """Return the history as an array (epochs, 2)."""
        return np.array(self.history, dtype=np.float64).reshape(-1, 2)


def train(
    X: Array,
    weights: NDArray[np.float64],
    n_clusters: int,
    algorithm: str,
    init: NDArray[np.float64] | None,
    callback: Callback | None,
    verbose: int,
    n_threads: int,
) -> Training:
    """Train on X (N, D) with weights (N,), at least n_clusters distinct samples of weight > 0.

    `init` (n_clusters, D) is for `classic` only.
    """
    used = weights > 0
    all_used = bool(used.all())
    samples = np.ascontiguousarray(X if all_used else X[used], dtype=np.float64)
    check_distinct(samples, n_clusters)
    monitor = Monitor(callback, verbose, float(weights.sum()) * X.shape[1])
    if algorithm == "group":
        trained = _group.train(samples, weights[used], n_clusters, monitor, n_threads)
    else:
        trained = _classic.train(
            samples,
            weights[used],
            n_clusters,
            monitor,
            early=algorithm == "entropy",
            init=init,
            n_threads=n_threads,
        )
    centers, labels, counts, n_iter = trained
    if monitor.stopped or not all_used:
        labels = quantize(X, centers, n_threads=n_threads).astype(np.int32)
        counts = weight_sums(labels, weights, len(centers))
    inertia = weighted_error(X, weights, centers, labels)
    return Training(centers, labels, counts, inertia, n_iter, monitor.table())


def train_scalar(
    X: Array,
    weights: NDArray[np.float64],
    n_clusters: int,
    callback: Callback | None,
    verbose: int,
    n_threads: int,
) -> Training | None:
    """Return the optimum for scalars X (N, 1) with weights (N,).

    None stands for more than 65,536 distinct values of weight > 0: then another algorithm must do.
    Unlike with other algorithms the codewords rise. One epoch is reported, when all is done.
    """
    used = weights > 0
    all_used = bool(used.all())
    values, totals, places = distinct_scalars(
        *(X[:, 0], weights) if all_used else (X[used, 0], weights[used])
    )
    check_enough_distinct(len(values), len(places), n_clusters)
    if len(values) > _scalar.MAX_VALUES:
        return None
    centers, cuts = _scalar.optimal(values, totals, n_clusters)
    centers = centers[:, None]
    clusters = np.repeat(np.arange(n_clusters, dtype=np.int32), np.diff(cuts))
    if all_used:
        labels = clusters[places]
    else:
        labels = quantize(X, centers, n_threads=n_threads).astype(np.int32)
    counts = np.add.reduceat(totals, cuts[:-1])
    inertia = weighted_error(X, weights, centers, labels)
    monitor = Monitor(callback, verbose, float(weights.sum()))
    monitor(1, n_clusters, inertia)
    return Training(centers, labels, counts, inertia, 1, monitor.table())


def weight_sums(
    labels: NDArray[Any], weights: NDArray[np.float64], n_labels: int = 0
) -> NDArray[np.float64]:
    """Return the sum of the weights of each label from 0 on, for n_labels or for all there are."""
    return np.bincount(labels, weights, n_labels).astype(np.float64, copy=False)


def distinct_scalars(
    x: Array, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return the distinct values of x (N,) rising, their weights, and the place of each sample."""
    places: NDArray[np.intp]
    if x.dtype in (np.uint8, np.uint16):
        totals = weight_sums(x, weights)
        present = totals > 0
        places = (np.cumsum(present) - 1)[x]
        return np.flatnonzero(present).astype(np.float64), totals[present], places
    values, places = np.unique(x.astype(np.float64, copy=False), return_inverse=True)
    return values, weight_sums(places, weights), places


def weighted_error(
    X: Array, weights: NDArray[np.float64], centers: Array, labels: NDArray[np.int32]
) -> float:
    """Return the sum of weight * squared distance to the sample's own centre."""
    step = max(1, SCAN // X.shape[1])
    total = 0.0
    for start in range(0, len(X), step):
        part = slice(start, start + step)
        difference = X[part] - centers[labels[part]]
        total += float(weights[part] @ np.einsum("ij,ij->i", difference, difference))
    return total
