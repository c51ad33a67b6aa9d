"""Training on samples that are read in parts, beside training on the array: error and memory."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _bench
import _rows
import _workers
import numpy as np
from numpy.typing import NDArray
from train import distortion

import centnn
from centnn import _options, _source, _stream, _summary

Array = NDArray[Any]

# As many parts as that there are summaries of, at least, and more, which are merged.
PARTS = (16, 64)
ORDERS = ("as they are", "sorted")
QUICK_SAMPLES = 4000
QUICK_CODEWORDS = 16
QUICK_FILE = 20000

# The large file: blocks of 16 bytes, from so many normal distributions.
N_FEATURES = 16
N_CLUSTERS = 1024
N_DISTRIBUTIONS = 4000
WRITTEN_AT_ONCE = 1 << 18


def in_order(X: Array, order: str) -> Array:
    """Return samples as they are, or sorted by their sum: no part is then like the others."""
    if order == "as they are":
        return X
    return X[np.argsort(X.sum(axis=1, dtype=np.float64), kind="stable")]


def fit_in_parts(X: Array, k: int, n_parts: int, n_threads: int) -> Array:
    """Return the codewords that come of so many parts, of sizes that a stream would not have."""
    part = -(-len(X) // n_parts)
    sizes = _stream.Sizes(part, part, _summary.summary_size(k, _stream.SUMMARIES))
    options = _options.validated(
        X.shape[1],
        n_clusters=k,
        algorithm="local",
        effort="balanced",
        init=None,
        fixed=None,
        rate_weight=0.0,
        n_threads=n_threads,
        callback=None,
        verbose=0,
        n_passes=_summary.N_PASSES,
    )
    return _stream.fit(_source.open_source([X]), None, options, sizes).centers


def measure(row: _rows.Row, order: str, options: argparse.Namespace) -> dict[str, Any]:
    """Train on a row as an array and in parts; return errors over that of the array, and times."""
    X, k = in_order(row.load(), order), row.k
    if options.quick:
        X, k = X[:QUICK_SAMPLES], min(k, QUICK_CODEWORDS)
    start = time.perf_counter()
    whole = distortion(X, centnn.fit_codebook(X, k, n_threads=options.threads).centers)
    seconds = {"array": time.perf_counter() - start}
    ratios = {}
    for n_parts in options.parts:
        start = time.perf_counter()
        centers = fit_in_parts(X, k, n_parts, options.threads)
        seconds[str(n_parts)] = time.perf_counter() - start
        ratios[str(n_parts)] = distortion(X, centers) / whole
    return {
        "name": row.name,
        "order": order,
        "n": len(X),
        "d": X.shape[1],
        "k": k,
        "error_ratios": ratios,
        "seconds": seconds,
    }


def line(result: dict[str, Any]) -> list[str]:
    """Return a row of the table."""
    ratios = [f"{ratio:.4f}" for ratio in result["error_ratios"].values()]
    return [result["name"], result["order"], *ratios]


def write(path: Path, n: int) -> None:
    """Write n samples to a .npy file bit by bit."""
    generator = np.random.default_rng(n)
    means = 256 * generator.random((N_DISTRIBUTIONS, N_FEATURES), dtype=np.float32)
    file = np.lib.format.open_memmap(path, "w+", np.uint8, (n, N_FEATURES))
    for start in range(0, n, WRITTEN_AT_ONCE):
        part = file[start : start + WRITTEN_AT_ONCE]
        noise = generator.standard_normal(part.shape, dtype=np.float32)
        part[:] = (means[generator.integers(len(means), size=len(part))] + 12 * noise).clip(0, 255)


def measure_file(n: int, k: int, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the figures of the large file, read as a stream and as an array."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "samples.npy")
        write(path, n)
        for trainer in ("stream", "balanced"):
            worker = _workers.Worker(trainer, path, k, options.threads)
            try:
                worker.wait_until_ready()
                outcome = worker.fit(0, options.budget)
            finally:
                worker.close()
            yield {
                "trainer": trainer,
                "n": n,
                "d": N_FEATURES,
                "k": k,
                "seconds": outcome.seconds,
                "cpu_seconds": outcome.cpu_seconds,
                "extra_bytes": outcome.peak_bytes,
                "distortion": distortion(np.load(path, mmap_mode="r"), outcome.centers),
            }


def file_line(result: dict[str, Any]) -> list[str]:
    """Return a row of the large file's table."""
    return [
        result["trainer"],
        f"{result['distortion']:.6g}",
        f"{result['seconds']:.3g}",
        f"{result['cpu_seconds']:.3g}",
        f"{result['extra_bytes'] / 2**20:.0f}",
    ]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", metavar="REGEX", help="only rows with such a name")
    parser.add_argument("--parts", type=int, nargs="+", default=PARTS, metavar="N")
    parser.add_argument(
        "--samples", type=int, default=10**7, metavar="N", help="of the large file; 0: without it"
    )
    parser.add_argument(
        "--budget", type=float, default=600, metavar="SECONDS", help="the most for the large file"
    )
    parser.add_argument("--threads", type=int, default=_bench.available_threads())
    parser.add_argument("--quick", action="store_true", help="small parts of the rows and the file")
    parser.add_argument("--json", type=Path, help="write the JSON line there, do not print it")
    return parser.parse_args()


def main() -> int:
    """Run the benchmark."""
    _bench.restart_without_blas_overrides()
    options = parse_arguments()
    load = _bench.OtherLoad()
    rows = _rows.matching(options.rows, {"article"})
    results = []
    for row in rows:
        for order in ORDERS:
            results.append(measure(row, order, options))
            print("  ".join(line(results[-1])), flush=True)
    heading = ["samples", "order", *(f"{n} parts" for n in options.parts)]
    print()
    print(_bench.format_table(heading, [line(result) for result in results]))
    print("error of samples read in so many parts over that of local on the array")
    n, k = (QUICK_FILE, QUICK_CODEWORDS) if options.quick else (options.samples, N_CLUSTERS)
    files = list(measure_file(n, k, options)) if n else []
    if files:
        print(f"\n{n} x {N_FEATURES} uint8 in a file, K = {k}")
        heading = ["trainer", "distortion", "seconds", "CPU s", "extra MiB"]
        print(_bench.format_table(heading, [file_line(result) for result in files]))
    others = load.mean()
    print("\n".join(_bench.busy_line(others)))
    summary = {
        "bench": "stream",
        "centnn": _bench.config(),
        "threads": options.threads,
        "cores_busy_elsewhere": others,
        "rows": results,
        "files": files,
    }
    _bench.put_json(summary, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
