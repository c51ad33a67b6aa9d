"""Learning from mini-batches: `partial_fit` beside that of scikit-learn's MiniBatchKMeans."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _bench
import _rows
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits
from train import distortion

import centnn

Array = NDArray[Any]

# MiniBatchKMeans needs K samples in its first batch; it gets twice as many.
BATCH = 1024
SEEDS = range(3)
QUICK_SAMPLES = 4000
QUICK_CODEWORDS = 16


def batches(X: Array, size: int, epochs: int, shuffled: bool) -> list[Array]:
    """Return the mini-batches of some epochs, the same ones for everybody."""
    generator = np.random.default_rng(0)
    parts: list[Array] = []
    for _ in range(epochs):
        order = generator.permutation(len(X)) if shuffled else np.arange(len(X))
        cuts = range(size, len(X), size)
        parts += [X[part] for part in np.split(order, cuts) if len(part) == size or not parts]
    return parts


def learn(make: Callable[[], Any], parts: list[Array], n_threads: int) -> tuple[Array, float]:
    """Return the codewords that somebody learns from mini-batches, and the seconds it takes."""
    model = make()
    with threadpool_limits(n_threads):
        start = time.perf_counter()
        for part in parts:
            model.partial_fit(part)
        return model.cluster_centers_, time.perf_counter() - start


def measure(row: _rows.Row, options: argparse.Namespace, shuffled: bool) -> dict[str, Any]:
    """Let both learn a row in turns; return medians of the error and of the time."""
    X, k = row.load(), row.k
    if options.quick:
        X, k = X[:QUICK_SAMPLES], min(k, QUICK_CODEWORDS)
    size = max(options.batch, 2 * k)
    # As for the other peers, what it costs to convert integers is not counted.
    peers = batches(X.astype(np.float32), size, options.epochs, shuffled)
    own = batches(X, size, options.epochs, shuffled)
    found: dict[str, list[tuple[float, float]]] = {"centnn": [], "sklearn": []}
    for seed in SEEDS:
        for name, parts, make in (
            ("centnn", own, lambda: centnn.CentNN(k)),
            ("sklearn", peers, lambda seed=seed: MiniBatchKMeans(k, random_state=seed)),
        ):
            centers, seconds = learn(make, parts, options.threads)
            found[name].append((distortion(X, centers), seconds))
    medians = {
        name: [statistics.median(figures) for figures in zip(*runs, strict=True)]
        for name, runs in found.items()
    }
    return {
        "name": row.name,
        "shuffled": shuffled,
        "n": len(X),
        "d": X.shape[1],
        "k": k,
        "batch": size,
        "distortion": {name: error for name, (error, _) in medians.items()},
        "seconds": {name: seconds for name, (_, seconds) in medians.items()},
        "error_ratio": medians["centnn"][0] / medians["sklearn"][0],
        "time_ratio": medians["centnn"][1] / medians["sklearn"][1],
    }


def line(result: dict[str, Any]) -> list[str]:
    """Return a row of the table."""
    return [
        result["name"],
        "shuffled" if result["shuffled"] else "as they are",
        f"{result['batch']}",
        f"{result['distortion']['sklearn']:.5g}",
        f"{result['distortion']['centnn']:.5g}",
        f"{result['error_ratio']:.3f}",
        f"{result['time_ratio']:.2f}",
    ]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", metavar="REGEX", help="only rows with such a name")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=BATCH, help="samples, but at least 2 K")
    parser.add_argument("--threads", type=int, default=_bench.available_threads())
    parser.add_argument("--quick", action="store_true", help="small parts of the rows")
    parser.add_argument("--json", type=Path, help="write the JSON line there, do not print it")
    return parser.parse_args()


def main() -> int:
    """Run the benchmark."""
    _bench.restart_without_blas_overrides()
    options = parse_arguments()
    load = _bench.OtherLoad()
    chosen = _rows.matching(options.rows, {"article", "start"})
    results = [measure(row, options, shuffled) for row in chosen for shuffled in (True, False)]
    heading = ["samples", "order", "batch", "MiniBatchKMeans", "centnn", "error", "time"]
    print(_bench.format_table(heading, [line(result) for result in results]))
    print("error and time of centnn over those of MiniBatchKMeans, medians")
    others = load.mean()
    print("\n".join(_bench.busy_line(others)))
    summary = {
        "bench": "partial",
        "centnn": _bench.config(),
        "threads": options.threads,
        "epochs": options.epochs,
        "cores_busy_elsewhere": others,
        "rows": results,
    }
    _bench.put_json(summary, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
