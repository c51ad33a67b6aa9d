"""Training from parts of the samples: summaries of them, their merging, and passes over all.

A part that fits in memory is summarised by a codebook of its own, larger than the one wanted, whose
codewords count for their samples. Summaries are merged where they get too many, and `local` trains
on what they hold. Then passes over the samples put each codeword in the mean of its samples. What
a part gives is of the size of a codebook, in a summary as in a pass, and what comes of it depends
on the parts and their order only: not on where and when each was worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _local
from centnn._duplicates import check_distinct, count_distinct, distinct
from centnn._error import squared_error, total
from centnn._moments import add_rows
from centnn._monitor import Monitor
from centnn._options import Options
from centnn.quantizer import quantize

Array = NDArray[Any]
Floats = NDArray[np.float64]

# Codewords in the summaries of all parts together: so many for one that is wanted, but fewer, down
# to half as many, where they would be more than MANY, as the time that summaries take grows with
# their square; and at least LEAST_TOGETHER. The error then ends within 1 % of that of `local` on
# the whole, and 0.2 % is usual. A quarter as many lose 1 %.
TOGETHER = 64
MANY = 1 << 16
LEAST_TOGETHER = 4096

# In each summary, for one that is wanted. With half a codeword, parts that are alike miss the same
# clusters, which loses 10 % and more.
LEAST = 2

# Numbers that a summary of single values keeps: as many as `local` finds the optimum for.
EXACT_VALUES = 1 << 16

# Samples times components of the codebook in a pass between two looks for Ctrl-C: a tenth
# of a second on one core; but so many samples at least.
AT_ONCE = 1 << 32
LEAST_AT_ONCE = 4096

# Passes over the samples: the first gains 0.5 %, the fifth less than 0.1 %.
N_PASSES = 5

# And at most so many more while there are codewords without samples.
MORE_PASSES = 3

# How far codewords go in a pass that is not the last, the mean of their samples being at 1. Below 2
# no error rises: that of n samples whose mean is at a distance of r falls by n r^2 step (2 - step).
# Codewords settle sooner like that: five passes reach what eight would, whose steps are 1.
STEP = 1.9


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
        return Moments(self.sums + other.sums, self.counts + other.counts, self.error + other.error)

    def has_clusters_of(self, other: Moments) -> bool:
        """Tell whether the same samples are in each cluster, going by their sums."""
        return np.array_equal(self.counts, other.counts) and np.array_equal(self.sums, other.sums)


def summary_size(n_clusters: int, n_parts: int) -> int:
    """Return how many codewords each of so many parts is to have in its summary."""
    together = max(TOGETHER // 2 * n_clusters, min(TOGETHER * n_clusters, MANY), LEAST_TOGETHER)
    return max(LEAST * n_clusters, -(-together // n_parts))


def summarize(
    X: Array, n_codewords: int, weights: Floats | None = None, n_threads: int = 1
) -> Summary:
    """Return a summary of samples X (N, D), with positive weights (N,) or None for 1.

    It has n_codewords, or the samples themselves if no more of them are distinct.
    """
    n_exact = max(n_codewords, EXACT_VALUES) if X.shape[1] == 1 else n_codewords
    if count_distinct(X, n_exact + 1) <= n_exact:
        rows, totals = distinct(X, weights)
        return Summary(rows.astype(np.result_type(rows, np.float32)), totals, 0.0)
    options = Options(n_codewords, "local", "fast", None, None, 0.0, n_threads, None, 0)
    return Summary(*_local.train(X, weights, options, Monitor(None, 0, 1)))


def union(summaries: Sequence[Summary]) -> Summary:
    """Return one summary with all the codewords of several, in their order."""
    return Summary(
        np.concatenate([summary.codewords for summary in summaries]),
        np.concatenate([summary.counts for summary in summaries]),
        total(summary.error for summary in summaries),
    )


def merge(summaries: Sequence[Summary], n_codewords: int, n_threads: int = 1) -> Summary:
    """Return one summary of at most n_codewords for several, taken in their order."""
    whole = union(summaries)
    reduced = summarize(whole.codewords, n_codewords, whole.counts, n_threads)
    return replace(reduced, error=whole.error + reduced.error)


def train(
    summary: Summary, options: Options, monitor: Monitor, n_samples: int
) -> tuple[Array, Floats, float]:
    """Train on the summary of n_samples: centers (K, D), counts (K,) and the squared error.

    The callback is told errors of the samples, too.
    """
    check_distinct(summary.codewords, options.n_clusters, n_samples)
    monitor.within = summary.error
    centers, counts, error = _local.train(summary.codewords, summary.counts, options, monitor)
    monitor.within = 0.0
    return centers, counts, summary.error + error


def moments(X: Array, centers: Array, weights: Floats | None = None, n_threads: int = 1) -> Moments:
    """Give samples X (N, D), with weights (N,) or None for 1, to the nearest of centers (K, D)."""
    sums, counts, error = np.zeros(centers.shape), np.zeros(len(centers)), 0.0
    step = max(LEAST_AT_ONCE, AT_ONCE // centers.size)
    for start in range(0, len(X), step):
        rows = X[start : start + step]
        weight = None if weights is None else weights[start : start + step]
        labels = quantize(rows, centers, n_threads=n_threads).astype(np.int32)
        add_rows(rows, weight, labels, sums, n_threads)
        counts += np.bincount(labels, weight, len(centers))
        error += squared_error(rows, weight, centers, labels, n_threads)
    return Moments(sums, counts, error)


def refine(
    find: Callable[[Array], Moments],
    summary: Summary,
    trained: tuple[Array, Floats, float],
    n_passes: int,
    monitor: Monitor,
) -> tuple[Array, Floats, float]:
    """Move centers to the means of their samples in passes; all that is given and found as there.

    `find` returns the moments of all samples for some centers. There are more passes while there
    are centers without samples, and fewer if nothing moves any more.
    """
    centers, counts, error = trained
    before = None
    for i in range(n_passes + MORE_PASSES):
        if i >= n_passes and counts.all():
            break
        found = find(centers)
        counts = found.counts
        is_settled = before is not None and found.has_clusters_of(before)
        is_last = is_settled or i + 1 >= n_passes
        moved, error = update(centers, found, summary, 1.0 if is_last else STEP)
        is_settled = is_settled or np.array_equal(moved, centers)
        centers, before = moved, found
        if monitor.next(len(centers), error) or is_settled:
            break
    return centers, counts, error


def update(
    centers: Array, found: Moments, summary: Summary, step: float = 1.0
) -> tuple[Array, float]:
    """Return the centers moved to the means of their samples, and the error that is left.

    They go `step` times the way, which is below 2. Centers without samples go to the codewords of
    the summary that add most to its error.
    """
    used = found.counts > 0
    means = centers.astype(np.float64)
    means[used] = found.sums[used] / found.counts[used, None]
    gain = squared_error(means, found.counts, centers, np.arange(len(centers), dtype=np.int32), 1)
    moved = (means + (step - 1) * (means - centers)).astype(centers.dtype)
    n_unused = len(centers) - np.count_nonzero(used)
    if n_unused:
        _, distances = quantize(summary.codewords, moved[used], return_distance=True)
        farthest = np.argsort(-distances * summary.counts, kind="stable")[:n_unused]
        moved[~used] = summary.codewords[farthest]
    return moved, max(0.0, found.error - step * (2 - step) * gain)
