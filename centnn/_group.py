"""`group`: classic on parts of the samples side by side, then on their codewords, then on all.

L.-A. Tran's G-CentNN, 2026. Its gain does not need threads: the time of `classic` grows faster
than the number of samples, so that parts take less time than the whole.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _classic
from centnn._duplicates import count_distinct

Floats = NDArray[np.float64]
OnEpoch = Callable[[int, int, float], bool]


class CancelledError(Exception):
    """Raised in a thread whose result nobody waits for any more."""


class Reports:
    """Numbers the reports of all the stages, and remembers whether training is to end."""

    def __init__(self, on_epoch: OnEpoch) -> None:
        self.on_epoch = on_epoch
        self.n = 0
        self.stopped = False

    def __call__(self, n_codewords: int, error: float) -> bool:
        """Report; return True to end."""
        self.n += 1
        self.stopped = self.on_epoch(self.n, n_codewords, error)
        return self.stopped


def count_groups(n_samples: int, n_clusters: int) -> int:
    """Return the number of groups.

    With sqrt(N / K) of them a group is as large as what all groups together hand on, sqrt(N * K):
    fewer take longer to train, more take longer to merge.
    """
    return max(1, math.isqrt(n_samples // n_clusters))


def train(
    samples: Floats, weights: Floats, n_clusters: int, on_epoch: OnEpoch, n_threads: int
) -> tuple[Floats, NDArray[np.int32], Floats, int]:
    """Train with `group`; see `_classic.train` for the arguments and the result.

    Group g of G has the samples g, g + G, g + 2 G, ...: however they are ordered, the groups are
    alike. One group is all samples: that is `classic`.

    `on_epoch` is called after each group, in their order, with the error of all samples
    estimated from the groups so far; then after each epoch of the merging, when each sample counts
    as belonging where its group's codeword does; then after each epoch over all samples. If it ends
    the training before that, the labels and weights returned are not those of all samples.
    """
    n_groups = count_groups(len(samples), n_clusters)
    if n_groups == 1 or n_clusters == 1:
        return _classic.train(samples, weights, n_clusters, on_epoch, n_threads=n_threads)
    reports = Reports(on_epoch)
    centers, counts, error = train_groups(
        samples, weights, n_clusters, n_groups, reports, n_threads
    )
    if not reports.stopped:
        centers, _, counts, _ = _classic.train(
            centers,
            counts,
            count_distinct(centers, n_clusters),
            lambda _, k, added: reports(k, error + added),
        )
    if reports.stopped:
        return centers, np.zeros(len(samples), np.int32), counts, reports.n
    centers, labels, counts, _ = _classic.train(
        samples,
        weights,
        n_clusters,
        lambda _, k, error: reports(k, error),
        init=centers,
        n_threads=n_threads,
    )
    return centers, labels, counts, reports.n


def train_groups(
    samples: Floats,
    weights: Floats,
    n_clusters: int,
    n_groups: int,
    reports: Reports,
    n_threads: int,
) -> tuple[Floats, Floats, float]:
    """Return the codewords of all groups in order, their weights, and the samples' error.

    If training is to end: those of the last group that was reported.
    """
    cancelled = threading.Event()

    def check() -> None:
        if cancelled.is_set():
            raise CancelledError

    def train_group(g: int) -> tuple[Floats, Floats, float]:
        part = np.ascontiguousarray(samples[g::n_groups])
        errors = [0.0]

        def note(_epochs: int, _k: int, error: float) -> bool:
            errors[0] = error
            return False

        centers, _, counts, _ = _classic.train(
            part,
            np.ascontiguousarray(weights[g::n_groups]),
            count_distinct(part, n_clusters),
            note,
            check=check,
        )
        return centers, counts, errors[0]

    error = weight = 0.0
    all_weight = float(weights.sum())
    results: list[Any] = []
    with ThreadPoolExecutor(min(n_threads, n_groups)) as pool:
        try:
            parts = [pool.submit(train_group, g) for g in range(n_groups)]
            for g, result in enumerate(map(_result, parts)):
                results.append(result)
                error += result[2]
                weight += float(weights[g::n_groups].sum())
                if reports(len(result[0]), error / weight * all_weight):
                    results = [result]
                    break
        finally:
            cancelled.set()
            pool.shutdown(wait=False, cancel_futures=True)
    centers, counts, _ = zip(*results, strict=True)
    return np.concatenate(centers), np.concatenate(counts), error


def _result(part: Future[Any]) -> Any:
    """Wait for a result. Ctrl-C ends that even where a library, as polars, makes waits go on."""
    while not wait([part], timeout=0.1).done:
        pass
    return part.result()
