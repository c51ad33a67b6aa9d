"""Train the codebooks of a product quantizer, one for each part of the vectors, side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _local, _options
from centnn._duplicates import count_distinct
from centnn._monitor import Monitor
from centnn._rounds._plan import choose_for_part
from centnn._rounds._team import Team
from centnn.codebook import Codebook

Array = NDArray[Any]


def train(
    X: Array,
    weights: NDArray[np.float64] | None,
    m: int,
    n_codewords: int,
    effort: str,
    n_threads: int,
    verbose: int,
) -> tuple[Codebook, ...]:
    """Return a codebook for each of the m parts of X (N, D), D a multiple of m.

    Weights are positive, None for weights of 1. The codebooks do not depend on n_threads.
    """
    books: list[Codebook | None] = [None] * m
    parts = np.split(X, m, axis=1)
    failed: list[BaseException] = []
    # What is left over when each part has a thread; the result does not depend on it.
    n_inside = max(1, n_threads // m)

    def train_parts(first: int, last: int, _thread: int) -> None:
        for i in range(first, last):
            try:
                books[i] = train_part(parts[i], weights, n_codewords, effort, n_inside, failed)
            except BaseException as error:
                failed.append(error)
                raise
            if verbose:
                print(f"part {i + 1} of {m}: {books[i]}")

    team = Team(min(n_threads, m))
    try:
        team.run(train_parts, [(i, i + 1) for i in range(m)])
    finally:
        team.close()
    return tuple(book for book in books if book is not None)


def train_part(
    X: Array,
    weights: NDArray[np.float64] | None,
    n_codewords: int,
    effort: str,
    n_threads: int,
    failed: list[BaseException],
) -> Codebook:
    """Train on one part; stop, with any result, once another one has failed or was interrupted.

    Where a part has fewer distinct vectors than n_codewords (a margin that is always 0, say),
    each is a codeword, and the rest of the codebook repeats the first of them, in vain: searches
    return the lowest index.
    """
    k = count_distinct(X, n_codewords)
    options = _options.validated(
        X.shape[1],
        n_clusters=k,
        algorithm="local",
        effort=effort,
        init=None,
        fixed=None,
        rate_weight=0,
        n_threads=n_threads,
        callback=lambda *_: bool(failed),
        verbose=0,
    )
    n_values = X.shape[1] * (len(X) if weights is None else float(weights.sum()))
    monitor = Monitor(options.callback, options.verbose, n_values)
    # With hundreds of samples a codeword, which is what product quantizers have, to refine takes
    # several times as long as all the rest, and gains less than the next effort does without it.
    plan = choose_for_part(len(X), X.shape[1], k, effort)
    centers, counts, inertia = _local.train(X, weights, options, monitor, plan=plan)
    missing = n_codewords - len(centers)
    centers = np.concatenate([centers, np.repeat(centers[:1], missing, axis=0)])
    counts = np.concatenate([counts, np.zeros(missing)])
    history = monitor.table()
    return Codebook(centers, counts, inertia, len(history), history)
