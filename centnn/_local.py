"""`local`: the same winner/loser moves, organised for speed and a low error; see `fit_codebook`.

This module prepares the samples and sends them through the stages:

- one coordinate: the optimum, which can be computed (`_optimal`), and nothing else;
- `_rounds` grows a codebook and settles it, in blocks, against lists of near codewords;
- `_worklist` refines it where the data is little enough: it looks only at what has changed, and can
  therefore afford thousands of trials;
- `_entropy_constrained` goes on from there, counting the bits of codes as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _entropy_constrained, _optimal, _rounds, _worklist
from centnn._duplicates import check_distinct, merge
from centnn._error import squared_error
from centnn._monitor import Monitor
from centnn._options import Options, precision_of
from centnn._rounds._plan import Plan
from centnn._scale import excess, times_power
from centnn.quantizer import quantize

Array = NDArray[Any]

# From so many dimensions on, every cluster is near every other: nothing is pruned by distances
# between codewords, which is what `_worklist` lives on.
MANY_DIMENSIONS = 32

# N * D * K from which on trying one swap after the other would take far longer than `_rounds`; and
# the most samples of `_worklist`, which takes a float copy of integer samples.
MUCH_WORK = 1e9
MANY_SAMPLES = 1 << 20

# Largest samples from 2**-20 to 2**20 leave room in a float32 for squares of their differences,
# down to the last bit and up to many dimensions, times two weights (which are brought to 2**24);
# and float64 has room for those of float64 numbers from 2**-400 to 2**400.
EXPONENTS = {np.dtype(np.float32): 20, np.dtype(np.float64): 400}


def train(
    X: Array,
    weights: NDArray[np.float64] | None,
    options: Options,
    monitor: Monitor,
    *,
    plan: Plan | None = None,
) -> tuple[Array, NDArray[np.float64], float]:
    """Train on X (N, D), all weights > 0 or None: centers, counts and the squared error.

    With a plan for `_rounds`, nothing comes after these.

    Centers are float64 if X is, else float32; each is the mean of `counts` samples (but fixed
    ones), at least one. They are fewer than asked for only if training was stopped, or if
    `rate_weight` made some die.
    """
    plain = options.init is None and options.fixed is None and not options.rate_weight
    if X.shape[1] == 1 and plain:
        optimum = _optimal.train(X, weights, options.n_clusters, monitor)
        if optimum is not None:
            return optimum
    samples, weights = merge(X, weights)
    _check_distinct(samples, options, len(X))
    samples, exponent = _scaled(samples)
    report = _reporter(monitor, exponent)
    start = options.init if options.fixed is None else options.fixed
    n_fixed = 0 if options.fixed is None else len(options.fixed)
    refines = plan is None and _suits_worklist(samples, options.n_clusters)
    centers, labels, counts, _ = _rounds.train(
        samples,
        weights,
        options.n_clusters,
        "balanced" if refines and options.effort == "best" else options.effort,
        report,
        options.n_threads,
        init=None if start is None else _scaled_start(start, exponent, samples.dtype),
        fixed=n_fixed,
        plan=plan,
    )
    if refines and not monitor.stopped:
        samples = samples.astype(centers.dtype, copy=False)
        centers, labels, counts = _worklist.refine(
            samples,
            weights,
            labels,
            options.n_clusters,
            "fast" if options.init is not None else options.effort,
            report,
            options.n_threads,
            fixed=centers[:n_fixed] if n_fixed else None,
        )
    if options.rate_weight and not monitor.stopped:
        centers, labels, counts = _constrain(samples, weights, labels, exponent, options, monitor)
    if monitor.stopped:
        centers, labels, counts = _reassigned(samples, weights, centers, n_fixed, options)
    error = squared_error(samples, weights, centers, labels, options.n_threads)
    centers = np.ldexp(centers, exponent)
    if options.fixed is not None:
        centers[:n_fixed] = options.fixed  # scaling may have rounded them
    return centers, counts, times_power(error, 2 * exponent)


def _check_distinct(samples: Array, options: Options, n_samples: int) -> None:
    """Raise ValueError unless there are as many distinct samples (or fixed codewords) as asked."""
    if options.fixed is not None:
        samples = np.concatenate([options.fixed, samples])
    check_distinct(samples, options.n_clusters, n_samples)


def _suits_worklist(samples: Array, n_clusters: int) -> bool:
    n, d = samples.shape
    work = float(n) * d * n_clusters
    return bool(d < MANY_DIMENSIONS and n <= MANY_SAMPLES and work <= MUCH_WORK)


def _scaled(samples: Array) -> tuple[Array, int]:
    """Return samples * 2**-exponent and the exponent, such that no square overflows."""
    samples = np.ascontiguousarray(samples)
    limit = EXPONENTS.get(samples.dtype)
    if limit is None:
        return samples, 0
    exponent = excess(samples, limit)
    return (np.ldexp(samples, -exponent) if exponent else samples), exponent


def _scaled_start(start: Array, exponent: int, samples: np.dtype[Any]) -> Array:
    """Return start * 2**-exponent, or the largest numbers that the codebook's type has.

    Codewords so far away are nobody's, wherever they are exactly.
    """
    most = np.finfo(precision_of(samples)).max
    with np.errstate(over="ignore"):
        return np.clip(np.ldexp(start, -exponent), -most, most)


def _reporter(monitor: Monitor, exponent: int) -> Callable[[int, int, float], bool]:
    """Return what the stages call after each round: their errors are those of scaled samples."""

    def report(_round: int, n_codewords: int, error: float) -> bool:
        return monitor.next(n_codewords, times_power(error, 2 * exponent))

    return report


def _reassigned(
    samples: Array,
    weights: NDArray[np.float64] | None,
    centers: Array,
    n_fixed: int,
    options: Options,
) -> tuple[Array, NDArray[np.int32], NDArray[np.float64]]:
    """Give each sample to its nearest codeword; drop codewords, unless fixed, that get none.

    For a training that was stopped: its samples had not settled.
    """
    codes = quantize(samples, centers, n_threads=options.n_threads)
    counts = np.bincount(codes, weights, len(centers)).astype(np.float64, copy=False)
    used = (counts > 0) | (np.arange(len(centers)) < n_fixed)
    labels = (np.cumsum(used) - 1)[codes].astype(np.int32)
    return centers[used], labels, counts[used]


def _constrain(
    samples: Array,
    weights: NDArray[np.float64] | None,
    labels: NDArray[np.int32],
    exponent: int,
    options: Options,
    monitor: Monitor,
) -> tuple[Array, NDArray[np.int32], NDArray[np.float64]]:
    """Go on from a partition, counting bits as well; return what is left of it."""
    if samples.dtype == np.float16:
        samples = samples.astype(np.float32)
    partition = _entropy_constrained.settle(
        samples,
        weights,
        labels,
        options.n_clusters,
        float(np.ldexp(options.rate_weight, -2 * exponent)),
        lambda k, error: _reporter(monitor, exponent)(0, k, error),
        options.n_threads,
    )
    counts = np.asarray(partition.counts)
    used = np.flatnonzero(counts)
    centers = np.asarray(partition.centers)[used]
    labels = np.searchsorted(used, labels).astype(np.int32)
    return centers.astype(np.result_type(samples, np.float32)), labels, counts[used]
