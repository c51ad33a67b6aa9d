"""Product quantization of SIFT descriptors beside nanopq and faiss: error, recall, seconds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import _bench
import _data
import _product_search
import numpy as np
from numpy.typing import NDArray

import centnn

try:
    import faiss
except ImportError:
    faiss = None
try:
    import nanopq
except ImportError:
    nanopq = None

Array = NDArray[Any]
Result = dict[str, Any]

PARTS = 8
CODEWORDS = 256
# Each descriptor is a query once: the folds take turns.
FOLDS = 5
# With --quick, and without a folder of data.
QUICK_SAMPLES = 1500
SYNTHETIC = (20_000, 128, 500)

PACKAGES = {"faiss": "faiss-cpu", "nanopq": "nanopq"}

# What the codebooks are trained on: the vectors that are searched, or as many others.
MODES = {"on the base": "the vectors that are searched", "apart": "as many other vectors"}


def fit_centnn(X: Array, _seed: int) -> Array:
    """Return codewords (m, K, D / m) by centnn, as for the others."""
    return centnn.ProductQuantizer(PARTS, CODEWORDS).fit(X).codewords_


def fit_faiss(X: Array, seed: int) -> Array:
    """Train as IndexPQ does: 25 iterations, on 256 samples a codeword at most."""
    pq = faiss.ProductQuantizer(X.shape[1], PARTS, CODEWORDS.bit_length() - 1)
    pq.cp.seed = seed
    pq.cp.min_points_per_centroid = 1  # below 39 it would warn
    pq.train(X)
    return faiss.vector_to_array(pq.centroids).reshape(PARTS, CODEWORDS, -1)


def fit_nanopq(X: Array, seed: int) -> Array:
    """Train with 20 iterations, as nanopq does by default."""
    return nanopq.PQ(PARTS, CODEWORDS, verbose=False).fit(X, seed=seed).codewords


TRAINERS: dict[str, Callable[[Array, int], Array]] = {
    "centnn": fit_centnn,
    "faiss": fit_faiss,
    "nanopq": fit_nanopq,
}


def trainers() -> dict[str, Callable[[Array, int], Array]]:
    """Return those that are installed."""
    missing = {name for name, module in (("faiss", faiss), ("nanopq", nanopq)) if module is None}
    for name in sorted(missing):
        print(f"note: {name} is not installed (pip install {PACKAGES[name]}), so it is left out")
    return {name: fit for name, fit in TRAINERS.items() if name not in missing}


def load(quick: bool) -> tuple[str, Array]:
    """Return the name of the data and the vectors, (N, 128) float32, in a fixed random order."""
    if _data.folder() is None:
        print("note: CENTNN_DATA is not set, so the vectors are synthetic")
        name, X = "mixture", _data.mixture(*SYNTHETIC)
    else:
        name, X = "SIFT of kodim*", _data.sift_descriptors("kodim")
    X = X[np.random.default_rng(0).permutation(len(X))]
    return name, X[: QUICK_SAMPLES if quick else None]


def split(X: Array, fold: int, mode: str) -> tuple[Array, Array, Array]:
    """Return (training vectors, base, queries) of a fold: no query is in the base."""
    place = np.arange(len(X))
    queries, rest = X[place % FOLDS == fold], X[place % FOLDS != fold]
    if mode == "apart":
        return rest[::2], rest[1::2], queries
    return rest, rest, queries


def quantizer(codewords: Array) -> centnn.ProductQuantizer:
    """Return a product quantizer with given codewords, whoever trained them."""
    m, k, _ = codewords.shape
    pq = centnn.ProductQuantizer(m, k)
    pq.codebooks_ = tuple(
        centnn.Codebook(np.ascontiguousarray(part), np.zeros(k), 0.0, 0, np.empty((0, 2)))
        for part in codewords
    )
    return pq


def judge(codewords: Array, base: Array, queries: Array) -> tuple[float, Array]:
    """Return the mean squared error of a component, and for which queries recall@1 succeeds."""
    pq = quantizer(codewords)
    codes = pq.encode(base)
    error = np.mean((base - pq.decode(codes)) ** 2, dtype=np.float64)
    found = base[pq.search(queries, codes)[1][:, 0]]
    nearest = base[centnn.quantize(queries, base)]
    squares = [((queries - other) ** 2).sum(axis=1) for other in (found, nearest)]
    return float(error), squares[0] <= squares[1]


def compare(X: Array, mode: str, fits: dict[str, Callable[[Array, int], Array]]) -> Result:
    """Return error and recall@1 of everyone over all folds; differences are centnn's less theirs.

    Standard errors are over queries, those of differences over pairs of them.
    """
    errors: dict[str, list[float]] = {name: [] for name in fits}
    hits: dict[str, list[Array]] = {name: [] for name in fits}
    for fold in range(FOLDS):
        train, base, queries = split(X, fold, mode)
        for name, fit in fits.items():
            error, successes = judge(fit(train, fold), base, queries)
            errors[name].append(error)
            hits[name].append(successes)
    all_hits = {name: np.concatenate(parts).astype(np.float64) for name, parts in hits.items()}
    own = all_hits["centnn"]
    return {
        name: {
            "distortion": float(np.mean(errors[name])),
            "recall": float(successes.mean()),
            "recall_se": standard_error(successes),
            "recall_difference": float((own - successes).mean()),
            "recall_difference_se": standard_error(own - successes),
        }
        for name, successes in all_hits.items()
    }


def standard_error(values: Array) -> float:
    """Return the standard error of a mean."""
    return float(values.std() / np.sqrt(len(values)))


def time_training(
    X: Array, fits: dict[str, Callable[[Array, int], Array]], threads: list[int], repeats: int
) -> Result:
    """Return everyone's seconds by number of threads, medians."""
    contestants = [
        _bench.Contestant(name, n_threads, partial(fit, X, 0))
        for n_threads in threads
        for name, fit in fits.items()
    ]
    times = _bench.race(contestants, repeats, budget=60.0)
    return {name: {n: times[name, n] for n in threads} for name in fits}


def report(summary: Result) -> str:
    """Return the results as text."""
    threads = summary["threads"]
    parts = []
    for mode, row in summary["modes"].items():
        heading = [f"trained {mode}", "s", "distortion", "recall@1", "centnn's more, points"]
        lines = [
            [
                name,
                " ".join(f"{row['seconds'][name][n]:>7.3f}" for n in threads),
                f"{result['distortion']:.2f}",
                f"{result['recall']:.4f} ± {result['recall_se']:.4f}",
                f"{100 * result['recall_difference']:+.2f} ± "
                f"{100 * result['recall_difference_se']:.2f}",
            ]
            for name, result in row["results"].items()
        ]
        parts.append(_bench.format_table(heading, lines))
    parts.append(_product_search.table(summary["search"], threads))
    parts.append(legend(summary))
    return "\n\n".join(parts)


def legend(summary: Result) -> str:
    """Return what the figures mean and depend on."""
    peers = ", ".join(f"{name} {number}" for name, number in summary["peers"].items())
    lines = [
        f"{summary['n']} vectors ({summary['data']}), {PARTS} bytes each; every vector is a query "
        f"once, and then not in the base ({FOLDS} folds)",
        *(f"trained {mode}: on {meaning}" for mode, meaning in MODES.items()),
        f"centnn {summary['centnn']['version']}, ISA {summary['centnn']['isa']}, beside {peers}",
        f"times: on {' and '.join(map(str, summary['threads']))} thread(s), medians; "
        "distortion: mean squared error of a component; ±: standard error",
    ]
    return "\n".join(lines + _bench.busy_line(summary["cores_busy_elsewhere"]))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few vectors, few repeats")
    parser.add_argument("--repeats", type=int, help="rounds of timing (default: 9; 3 if quick)")
    parser.add_argument("--json", type=Path, help="write the JSON line there, do not print it")
    options = parser.parse_args()
    options.repeats = options.repeats or (3 if options.quick else 9)
    return options


def main() -> int:
    """Run the benchmark."""
    _bench.restart_without_blas_overrides()
    options = parse_arguments()
    fits = trainers()
    load_elsewhere = _bench.OtherLoad()
    threads = sorted({1, _bench.available_threads()})
    data, X = load(options.quick)
    modes = {}
    for mode in MODES:
        train, base, queries = split(X, 0, mode)
        modes[mode] = {
            "n_train": len(train),
            "seconds": time_training(train, fits, threads, options.repeats),
            "results": compare(X, mode, fits),
        }
    train, base, queries = split(X, 0, "on the base")
    pq = centnn.ProductQuantizer(PARTS, CODEWORDS).fit(train)
    summary = {
        "bench": "product",
        "centnn": _bench.config(),
        "peers": {name: version(PACKAGES[name]) for name in fits if name in PACKAGES},
        "threads": threads,
        "data": data,
        "n": len(X),
        "modes": modes,
        "search": _product_search.measure(pq, base, queries, threads, options),
        "cores_busy_elsewhere": load_elsewhere.mean(),
    }
    print(report(summary))
    _bench.put_json(summary, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
