"""From validated samples to a trained codebook: the algorithms by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _classic
from centnn._validation import SCAN, check_distinct
from centnn.quantizer import quantize

Array = NDArray[Any]
Callback = Callable[[int, int, float], bool | None]

ALGORITHMS = ("classic",)


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


def train(
    X: Array,
    weights: NDArray[np.float64],
    n_clusters: int,
    callback: Callback | None,
    verbose: int,
    n_threads: int,
) -> Training:
    """Train on X (N, D) with weights (N,), at least n_clusters distinct samples of weight > 0."""
    used = weights > 0
    all_used = bool(used.all())
    samples = np.ascontiguousarray(X if all_used else X[used], dtype=np.float64)
    check_distinct(samples, n_clusters)
    monitor = Monitor(callback, verbose, float(weights.sum()) * X.shape[1])
    centers, labels, counts, n_iter = _classic.train(samples, weights[used], n_clusters, monitor)
    if monitor.stopped or not all_used:
        labels = quantize(X, centers, n_threads=n_threads).astype(np.int32)
        counts = np.bincount(labels, weights, len(centers)).astype(np.float64, copy=False)
    history = np.array(monitor.history, dtype=np.float64).reshape(-1, 2)
    inertia = weighted_error(X, weights, centers, labels)
    return Training(centers, labels, counts, inertia, n_iter, history)


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
