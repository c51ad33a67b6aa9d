"""Entropy-constrained training: the squared error, plus the bits of the codes times a weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._rate import Partition
from centnn.quantizer import code_type, quantize

Array = NDArray[Any]

# Rounds end when nothing moves, or when one has lowered the cost by less than this part of it.
LITTLE = 1e-5

# Rows that are given their coordinate for the rate at a time.
ROWS = 1 << 14


def settle(
    samples: Array,
    weights: NDArray[np.float64] | None,
    labels: NDArray[np.int32],
    n_clusters: int,
    rate_weight: float,
    on_round: Callable[[int, float], bool],
    n_threads: int,
) -> Partition:
    """Move samples (N, D) between clusters until the cost does not fall any more.

    `labels` says where they start, and is changed. After each round, `on_round` is told how many
    codewords are in use and the squared error, and returns True to stop.
    """
    partition = Partition(samples, weights, labels, n_clusters, rate_weight)
    error = partition.error(samples)
    cost = error + rate_weight * partition.bits()
    while True:
        moved = _move_all(partition, samples, rate_weight, n_threads)
        before, error = cost, partition.error(samples)
        cost = error + rate_weight * partition.bits()
        if on_round(int(np.count_nonzero(partition.counts)), error):
            break
        if not moved or before - cost <= LITTLE * before:
            break
    return partition


def _move_all(partition: Partition, samples: Array, rate_weight: float, n_threads: int) -> int:
    """Try to move each sample to the cheapest codeword but its own; return how many moved.

    Its own may well be cheaper as things are, but not once the counts have followed the move.
    """
    centers = np.asarray(partition.centers).astype(np.result_type(samples, np.float32))
    lengths = code_lengths(np.asarray(partition.counts))
    if np.count_nonzero(partition.counts) == 1:
        return 0
    moved = 0
    for start in range(0, len(samples), ROWS):
        rows = samples[start : start + ROWS]
        first, second = cheapest(rows, centers, lengths, rate_weight, 2, n_threads).T
        own = np.asarray(partition.labels)[start : start + ROWS]
        rivals = np.where(first == own, second, first)
        moved += partition.move(samples, start, rivals.astype(np.uint32))
    return moved


def code_lengths(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bits of each code if each occurs so often; infinite for one that never does."""
    with np.errstate(divide="ignore"):
        lengths: NDArray[np.float64] = np.log2(counts.sum()) - np.log2(counts)
    return lengths


def cheapest(
    rows: Array,
    codebook: Array,
    lengths: NDArray[np.float64],
    rate_weight: float,
    n_nearest: int,
    n_threads: int | None,
) -> NDArray[np.intp]:
    """Return for each row the n_nearest codewords of least squared distance + rate_weight * length.

    That is a search for the nearest one, with one coordinate more: 0 in the rows, the root of
    rate_weight * length in the codewords.
    """
    used = np.flatnonzero(np.isfinite(lengths))
    n_features = codebook.shape[1]
    extended_book = np.empty((len(used), n_features + 1), codebook.dtype)
    extended_book[:, :-1] = codebook[used]
    extended_book[:, -1] = np.sqrt(rate_weight * lengths[used])
    extended = np.zeros((len(rows), n_features + 1), rows.dtype)
    extended[:, :-1] = rows
    return used[quantize(extended, extended_book, n_nearest=n_nearest, n_threads=n_threads)]


def encode(
    X: Array,
    centers: Array,
    counts: NDArray[np.float64],
    rate_weight: float,
    n_threads: int | None,
) -> Array:
    """Return the codes of the cheapest codewords for all rows of X (N, D), a few at a time."""
    codes = np.empty(len(X), code_type(len(centers)))
    lengths = code_lengths(counts)
    for start in range(0, len(X), ROWS):
        rows = X[start : start + ROWS]
        codes[start : start + ROWS] = cheapest(rows, centers, lengths, rate_weight, 1, n_threads)[
            :, 0
        ]
    return codes
