"""Training from parts of the samples: summaries of them, their merging, and passes over all.

A part that fits in memory is summarised by a codebook of its own, larger than the one wanted, whose
codewords count for their samples. Summaries are merged where they get too many, and `local` trains
on what they hold. Then passes over the samples put each codeword in the mean of its samples. What
a part gives is of the size of a codebook, in a summary as in a pass, and what comes of it depends
on the parts and their order only: not on where and when each was worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _local
from centnn._duplicates import count_distinct, distinct
from centnn._moments import add_rows
from centnn._monitor import Monitor
from centnn._options import Options
from centnn.quantizer import quantize

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """Samples that stand for more of them."""

    codewords: Array
    """(S, D), float64 if the samples are, else float32; each the mean of its samples."""
    counts: Floats
    """(S,) the weight of each codeword's samples"""
    error: float
    """Sum over the samples of weight times squared distance to their codeword."""


@dataclass(frozen=True)
class Moments:
    """What a pass over some samples finds of the clusters of a codebook."""

    sums: Floats
    """(K, D) weighted sum of each codeword's samples"""
    counts: Floats
    """(K,) their weight"""
    error: float
    """Sum over the samples of weight times squared distance to their codeword."""

    def __add__(self, other: Moments) -> Moments:
        """Return those of both: add parts up in their order, always the same."""
        return Moments(
            self.sums + other.sums, self.counts + other.counts, self.error + other.error
        )


def options_for(n_codewords: int, n_threads: int) -> Options:
    """Return the options with which a summary of so many codewords is trained."""
    return Options(n_codewords, "local", "fast", None, None, 0.0, n_threads, None, 0)


def summarize(
    X: Array, n_codewords: int, weights: Floats | None = None, n_threads: int = 1
) -> Summary:
    """Return a summary of samples X (N, D), with positive weights (N,) or None for 1.

    It has n_codewords, or the samples themselves if no more of them are distinct.
    """
    if count_distinct(X, n_codewords + 1) <= n_codewords:
        rows, totals = distinct(X, weights)
        return Summary(rows.astype(np.result_type(rows, np.float32)), totals, 0.0)
    options = options_for(n_codewords, n_threads)
    return Summary(*_local.train(X, weights, options, Monitor(None, 0, 1)))


def merge(summaries: Sequence[Summary], n_codewords: int, n_threads: int) -> Summary:
    """Return one summary of at most n_codewords for several, taken in the order given."""
    whole = union(summaries)
    reduced = summarize(whole.codewords, n_codewords, whole.counts, n_threads)
    return replace(reduced, error=whole.error + reduced.error)


def union(summaries: Sequence[Summary]) -> Summary:
    """Return one summary with all the codewords of several."""
    return Summary(
        np.concatenate([summary.codewords for summary in summaries]),
        np.concatenate([summary.counts for summary in summaries]),
        sum(summary.error for summary in summaries),
    )


def train(summary: Summary, options: Options, monitor: Monitor) -> tuple[Array, Floats, float]:
    """Train on a summary: centers (K, D), counts (K,) and the squared error of the samples."""
    centers, counts, error = _local.train(summary.codewords, summary.counts, options, monitor)
    return centers, counts, summary.error + error


def moments(X: Array, centers: Array, weights: Floats | None, n_threads: int) -> Moments:
    """Give samples X (N, D), with weights (N,) or None for 1, to the nearest of centers (K, D)."""
    codes, distances = quantize(X, centers, return_distance=True, n_threads=n_threads)
    sums = np.zeros(centers.shape)
    if weights is None:
        counts = np.bincount(codes, minlength=len(centers)).astype(np.float64)
        error = float(distances.sum(dtype=np.float64))
    else:
        counts = np.bincount(codes, weights, len(centers))
        error = float((weights * distances).sum())
    add_rows(X, weights, codes, sums, n_threads)
    return Moments(sums, counts, error)


def update(centers: Array, found: Moments) -> tuple[Array, float]:
    """Return the centers moved to the means of their samples, and the error that is left."""
    used = found.counts > 0
    moved = centers.astype(np.float64)
    moved[used] = found.sums[used] / found.counts[used, None]
    steps = moved - centers
    gain = float(found.counts @ np.einsum("ij,ij->i", steps, steps))
    return moved.astype(centers.dtype), max(0.0, found.error - gain)
