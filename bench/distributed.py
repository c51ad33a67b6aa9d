"""Training on the chunks of a dask array: error, time, bytes moved and memory of workers.

Beside training on the whole on one machine, dask-ml's KMeans (k-means||) on the same workers, and
scikit-learn's MiniBatchKMeans.
"""

from __future__ import annotations

import argparse
import sys

# This file has the name of a package that it needs: what is installed comes first.
sys.path.append(sys.path.pop(0))

import logging
import re
import tempfile
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import _bench
import _cluster
import _cost_model
import _rows
import numpy as np
from _cluster import OverBudgetError
from numpy.typing import NDArray
from train import distortion

import centnn
import centnn.dask
from centnn import _dask_cluster
from centnn._dask_tasks import Chunks
from centnn._exact_sums import Units

Array = NDArray[Any]
Result = dict[str, Any]

CHUNKS = (1, 4, 16, 64)
# The one at which others are compared, and with which workers are varied.
COMPARED = 16
QUICK_SAMPLES = 4000
QUICK_CODEWORDS = 16


def measure(row: _rows.Row, folder: str, options: argparse.Namespace) -> Result:
    """Train on a row in so many chunks, and as others do; return its entry of the JSON line."""
    X, k = row.load(), row.k
    if options.quick:
        X, k = X[:QUICK_SAMPLES], min(k, QUICK_CODEWORDS)
    path = Path(folder, "samples.npy")
    np.save(path, X)
    start = time.perf_counter()
    local = centnn.fit_codebook(X, k, n_threads=options.workers)
    result: Result = {
        "name": row.name,
        "n": len(X),
        "d": X.shape[1],
        "k": k,
        "dtype": X.dtype.name,
        "local": {
            "seconds": time.perf_counter() - start,
            "distortion": distortion(X, local.centers),
        },
        "others": {},
    }
    with _cluster.processes(options.workers, folder) as client:
        result["chunks"] = {
            n: in_chunks(X, k, _cluster.chunked(path, n), client) for n in options.chunks
        }
    for name in OTHERS:
        if re.search(options.others, name):
            result["others"][name] = try_other(name, path, k, options)
    return result


def try_other(name: str, path: Path, k: int, options: argparse.Namespace) -> Result:
    """Let somebody else train; return seconds and distortion, or why there are none."""
    X = np.load(path)
    # Workers of its own: they may be busy still when it is stopped.
    with _cluster.processes(options.workers, str(path.parent)):
        persisted = _cluster.chunked(path, COMPARED, np.float32).persist()
        try:
            centers, seconds = _cluster.within(
                options.budget, lambda: OTHERS[name](X, persisted, k)
            )
        except ImportError as error:
            return {"left_out": str(error)}
        except OverBudgetError:
            return {"left_out": f"> {options.budget:g} s"}
    return {"seconds": seconds, "distortion": distortion(X, centers)}


def in_chunks(X: Array, k: int, lazy: Any, client: Any) -> Result:
    """Train on an array in chunks that workers hold, and once more on one that they read."""
    persisted = lazy.persist()
    client.run(lambda: __import__("centnn.dask"))
    start = time.perf_counter()
    book = centnn.dask.fit_codebook(persisted, k)
    seconds = time.perf_counter() - start
    moved = bytes_of_a_pass(persisted, book, X, client)
    del persisted
    with _cluster.peaks(client) as peaks:
        sent = _cluster.sent_bytes(client)
        again = centnn.dask.fit_codebook(lazy, k)
        sent = _cluster.sent_bytes(client) - sent
    assert np.array_equal(book.centers, again.centers)
    return {
        "seconds": seconds,
        "distortion": distortion(X, book.centers),
        "pass_bytes": moved,
        "all_bytes": sent,
        "peak_bytes": max(peaks),
        "chunk_bytes": X.nbytes // lazy.numblocks[0],
        "chunk_samples": len(X) // lazy.numblocks[0],
    }


def bytes_of_a_pass(persisted: Any, book: centnn.Codebook, X: Array, client: Any) -> int:
    """Return what workers send in a pass, to each other and to the client."""
    chunks = Chunks(persisted)
    units = Units.of(float(len(X)), float(np.abs(X).max()), X.shape[1])
    strands = _dask_cluster.strands(persisted, chunks.persisted(), client)
    before = _cluster.sent_bytes(client)
    chunks.moments(book.centers, units, strands).compute()
    return _cluster.sent_bytes(client) - before


def dask_ml(_X: Array, persisted: Any, k: int) -> Array:
    """Train k-means with dask-ml, started by k-means||."""
    from dask_ml.cluster import KMeans

    logging.getLogger("dask_ml").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = KMeans(k, random_state=0).fit(persisted)
    return np.asarray(model.cluster_centers_)


def mini_batch(X: Array, _persisted: Any, k: int) -> Array:
    """Train mini-batch k-means on one machine."""
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(k, n_init="auto", random_state=0).fit(X.astype(np.float32))
    return np.asarray(model.cluster_centers_)


OTHERS = {"dask-ml": dask_ml, "mini-batch": mini_batch}


def lines(result: Result, n_workers: int) -> list[list[str]]:
    """Return the rows of the table of one data set."""
    least = result["local"]["distortion"]
    table = [["local", f"{result['local']['seconds']:.2f}", f"{least:.5g}", "", "", "", ""]]
    codebook = result["k"] * result["d"] * 8
    for n, figures in result["chunks"].items():
        bound = figures["chunk_bytes"] + 24 * figures["chunk_samples"]
        table.append(
            [
                f"{n} chunks",
                f"{figures['seconds']:.2f}",
                f"{figures['distortion']:.5g}",
                f"{100 * (figures['distortion'] / least - 1):+.2f} %",
                f"{figures['pass_bytes'] / (n_workers * codebook):.2f}",
                f"{figures['all_bytes'] / (n_workers * codebook):.1f}",
                f"{(figures['peak_bytes'] - bound) / 1e6:+.0f}",
            ]
        )
    for name, figures in result["others"].items():
        if "left_out" in figures:
            table.append([name, figures["left_out"], "", "", "", "", ""])
            continue
        excess = f"{100 * (figures['distortion'] / least - 1):+.2f} %"
        told = [name, f"{figures['seconds']:.2f}", f"{figures['distortion']:.5g}", excess]
        table.append([*told, "", "", ""])
    return table


def versions() -> dict[str, str | None]:
    """Return the versions of the others, None for one that is not installed."""
    found: dict[str, str | None] = {}
    for name in ("dask", "distributed", "dask-ml", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", metavar="REGEX", help="only rows with such a name")
    parser.add_argument("--workers", type=int, default=_bench.available_threads())
    parser.add_argument("--others", default="", metavar="REGEX", help="only those of such a name")
    parser.add_argument("--chunks", type=int, nargs="+", default=CHUNKS)
    parser.add_argument(
        "--budget",
        type=float,
        default=300,
        metavar="SECONDS",
        help="the most for one of the others",
    )
    parser.add_argument("--model", action="store_true", help="also fit the model of what it costs")
    parser.add_argument("--quick", action="store_true", help="small parts of the rows")
    parser.add_argument("--json", type=Path, help="write the JSON line there, do not print it")
    return parser.parse_args()


def main() -> int:
    """Run the benchmark."""
    _bench.restart_without_blas_overrides()
    options = parse_arguments()
    load = _bench.OtherLoad()
    chosen = _rows.matching(options.rows, {"article", "start"})
    heading = ["", "s", "distortion", "excess", "a pass", "all", "memory"]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for row in chosen:
            results.append(measure(row, folder, options))
            print(f"\n{row.name}")
            print(_bench.format_table(heading, lines(results[-1], options.workers)), flush=True)
    print("\nbytes that workers sent, in a pass and in all, over workers * K * D * 8")
    print("memory of a worker beyond a chunk and 24 bytes a sample of it, in MB")
    model = _cost_model.fit(quick=options.quick) if options.model else None
    if model is not None:
        print(_cost_model.table(model))
    others = load.mean()
    print("\n".join(_bench.busy_line(others)))
    summary = {
        "bench": "distributed",
        "centnn": _bench.config(),
        "peers": versions(),
        "workers": options.workers,
        "cores_busy_elsewhere": others,
        "rows": results,
        "model": model,
    }
    _bench.put_json(summary, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
