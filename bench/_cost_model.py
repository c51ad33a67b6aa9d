"""What training on chunks costs, as power laws fitted to CPU time of one thread, and on a cluster.

Nothing here has been measured on a cluster of machines: `on_cluster` is arithmetic.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import _bench
import _data
import numpy as np
from numpy.typing import NDArray

from centnn import _options, _summary
from centnn._monitor import Monitor

Array = NDArray[Any]
Law = tuple[float, float]

D = 128
SUMMARIZED = ((40_000, 512), (40_000, 1024), (80_000, 2048), (80_000, 4096))
PASSED = ((40_000, 512), (40_000, 1024), (40_000, 4096))
QUICK = ((500, 16), (1000, 16), (1000, 32))
# Of the codewords trained on, for one that is wanted.
TRAINED_ON = 64
TRAINED = (128, 256, 512, 1024)
QUICK_TRAINED = (8, 16, 32)

# The case that is extrapolated to.
N, K, WORKERS, CHUNKS = 10**9, 65536, 100, 1000
GIGABYTE_SECOND = 1.25e9  # of a network card of 10 Gbit/s
DISK_SECOND = 0.5e9  # that a worker reads

FAN_IN, MERGED, MOST_TOGETHER = 8, 4, 128


def fit(*, quick: bool) -> dict[str, Any]:
    """Measure, and return the laws and what they say of the large case."""
    summarize = _law(QUICK if quick else SUMMARIZED, lambda X, m: _summary.summarize(X, m, None, 1))
    one_pass = _law(QUICK if quick else PASSED, lambda X, k: _summary.moments(X, X[:k].copy()))
    sizes = [(TRAINED_ON * k, k) for k in (QUICK_TRAINED if quick else TRAINED)]
    train = _law(sizes, _train)
    laws = {"summarize": summarize, "pass": one_pass, "train": train}
    return {"d": D, "laws": laws, "large": on_cluster(laws)}


def on_cluster(laws: dict[str, Law]) -> dict[str, float]:
    """Return seconds and bytes of each stage of the large case."""
    of_chunk = N // CHUNKS
    turns = math.ceil(CHUNKS / WORKERS)
    size = _summary.summary_size(K, CHUNKS)
    n_summaries = CHUNKS
    moved = CHUNKS * size * (4 * D + 8)
    merging = 0.0
    while n_summaries > 1 and n_summaries * size > MOST_TOGETHER * K:
        n_summaries = math.ceil(n_summaries / FAN_IN)
        one = _seconds(laws["summarize"], FAN_IN * size, MERGED * K)
        merging += math.ceil(n_summaries / WORKERS) * one
        size = MERGED * K
        moved += n_summaries * size * (4 * D + 8)
    codebook = K * D
    a_pass = WORKERS * codebook * (4 + 8)
    return {
        "chunk_bytes": of_chunk * D * 4,
        "reading_seconds": turns * of_chunk * D * 4 / DISK_SECOND,
        "summarize_seconds": turns
        * _seconds(laws["summarize"], of_chunk, _summary.summary_size(K, CHUNKS)),
        "merge_seconds": merging,
        "summaries_bytes": moved,
        "client_bytes": n_summaries * size * (4 * D + 8),
        "client_seconds_network": n_summaries * size * (4 * D + 8) / GIGABYTE_SECOND,
        "train_seconds": _seconds(laws["train"], n_summaries * size, K),
        "pass_seconds": turns * _seconds(laws["pass"], of_chunk, K),
        "pass_bytes": a_pass,
        "pass_seconds_network": math.log2(WORKERS) * codebook * 12 / GIGABYTE_SECOND,
    }


def table(model: dict[str, Any]) -> str:
    """Return the laws and the figures of the large case."""
    laws = [
        [name, f"{scale:.3g} * N * K^{power:.2f}"] for name, (scale, power) in model["laws"].items()
    ]
    large = [[name, f"{value:.4g}"] for name, value in model["large"].items()]
    title = f"{N:,} x {D}, K = {K:,}, {WORKERS} workers, {CHUNKS} chunks"
    tables = [
        _bench.format_table(["seconds of one thread", ""], laws),
        _bench.format_table(["extrapolated, not measured", ""], large),
    ]
    return f"\n{tables[0]}\n\n{title}\n{tables[1]}"


def _law(sizes: Sequence[tuple[int, int]], run: Callable[[Array, int], object]) -> Law:
    """Fit seconds = scale * N * K**b to what `run` takes with N samples and K.

    N has the power of 1, as each sample is looked at so many times: how often, K decides.
    """
    X = _data.uniform(max(n for n, _ in sizes), D)  # no structure, which is the worst case
    run(X[: sizes[0][0]], sizes[0][1])  # warms up
    of_sample = []
    for n, k in sizes:
        start = time.process_time()
        run(X[:n], k)
        of_sample.append((time.process_time() - start) / n)
    power, scale = np.polyfit([math.log(k) for _, k in sizes], np.log(of_sample), 1)
    return math.exp(scale), float(power)


def _train(X: Array, k: int) -> object:
    wanted: dict[str, Any] = {
        "n_clusters": k,
        "algorithm": "local",
        "effort": "balanced",
        "init": None,
        "fixed": None,
        "rate_weight": 0.0,
        "n_threads": 1,
        "callback": None,
        "verbose": 0,
        "n_passes": 0,
    }
    options = _options.validated(D, **wanted)
    summary = _summary.Summary(X, np.ones(len(X)), 0.0)
    return _summary.train(summary, options, Monitor(None, 0, X.size), len(X))


def _seconds(law: Law, n: float, k: float) -> float:
    scale, power = law
    return scale * n * float(k) ** power
