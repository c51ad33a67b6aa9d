"""Training of codebooks beside k-means of several kinds: seconds and distortion."""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import _bench
import _figures
import _rows
import _trainers
import _training_report
import numpy as np
from _workers import Outcome, Stopped, Worker
from numpy.typing import NDArray

import centnn

Array = NDArray[Any]
Result = dict[str, Any]

# A trainer takes part in another round only if all its rounds so far took less than this.
SLOW_SECONDS = 10.0

# With --quick: samples and codewords of a row.
QUICK_SAMPLES = 1000
QUICK_CODEWORDS = 16


def distortion(X: Array, centers: Array) -> float:
    """Return the mean squared error of a component, in float64, each sample to its nearest."""
    centers = np.ascontiguousarray(centers, dtype=np.float64)
    total = 0.0
    step = max(1, 2**20 // X.shape[1])
    for start in range(0, len(X), step):
        samples = X[start : start + step].astype(np.float64)
        samples -= centers[centnn.quantize(samples, centers)]
        total += float(np.einsum("ij,ij->", samples, samples))
    return total / X.size


def contestants(row: _rows.Row, d: int) -> dict[str, str | None]:
    """Return who is to train on a row of D dimensions, and why not, if something is against it."""
    if "article" in row.tags:
        names: Iterable[str] = _trainers.ALGORITHMS
    else:
        names = [*_trainers.PEERS, *_trainers.EFFORTS]
        if "start" not in row.tags:
            names.remove("k-means++ start")
    reasons = {name: _trainers.why_not(name) for name in names}
    if reasons.get("faiss super", "absent") is None and d < _trainers.SUPER_FROM_D:
        reasons["faiss super"] = f"made for D >= {_trainers.SUPER_FROM_D}"
    return reasons


def measure(row: _rows.Row, options: argparse.Namespace) -> Result:
    """Let everyone train on a row; return its entry of the JSON line."""
    X, k, reference_sse = row.load(), row.k, row.reference_sse
    if options.quick:
        X, k, reference_sse = X[:QUICK_SAMPLES], min(k, QUICK_CODEWORDS), None
    n, d = X.shape
    reasons = {
        name: reason
        for name, reason in contestants(row, d).items()
        if re.search(options.peers, name)
    }
    names = [name for name, reason in reasons.items() if reason is None]
    left_out = {name: reason for name, reason in reasons.items() if reason is not None}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "samples.npy")
        np.save(path, X)
        workers = {name: Worker(name, path, k, options.threads) for name in names}
        try:
            outcomes, stopped = race(workers, options.repeats, options.budget)
        finally:
            for worker in workers.values():
                worker.close()
    results = {name: summary(X, taken, reference_sse) for name, taken in outcomes.items()}
    return {
        "name": row.name,
        "tags": sorted(row.tags | ({"reference"} if reference_sse else set())),
        "n": n,
        "d": d,
        "k": k,
        "dtype": X.dtype.name,
        "results": results,
        "left_out": left_out | stopped,
    }


def race(
    workers: dict[str, Worker], repeats: int, budget: float
) -> tuple[dict[str, list[Outcome]], dict[str, str]]:
    """Train in turns; return what each gave, and why some gave nothing.

    Who has taken SLOW_SECONDS is not called again, nor who took more than the budget.
    """
    outcomes: dict[str, list[Outcome]] = {name: [] for name in workers}
    stopped: dict[str, str] = {}
    for turn in range(repeats):
        for name, worker in workers.items():
            taken = outcomes[name]
            if name in stopped or sum(outcome.seconds for outcome in taken) > SLOW_SECONDS:
                continue
            try:
                if turn == 0:
                    worker.wait_until_ready()
                    refuse_if_hopeless(name, outcomes, stopped, budget)
                taken.append(worker.fit(turn, budget))
            except Stopped as reason:
                stopped[name] = str(reason)
                worker.close()
    return {name: taken for name, taken in outcomes.items() if taken}, stopped


def refuse_if_hopeless(
    name: str, outcomes: dict[str, list[Outcome]], stopped: dict[str, str], budget: float
) -> None:
    """Raise Stopped for ten runs if what one took tells that they do not fit in the budget."""
    once = "k-means++ x1"
    if name != "k-means++ x10":
        return
    if once in stopped:
        raise Stopped(f"one takes {stopped[once]}")
    if outcomes.get(once) and 10 * outcomes[once][0].seconds > budget:
        raise Stopped(f"would take {10 * outcomes[once][0].seconds:.0f} s")


def summary(X: Array, outcomes: Sequence[Outcome], reference_sse: float | None) -> Result:
    """Return the medians of a trainer's outcomes."""
    # What is deterministic gives the same codebook each time: no need to measure that again.
    distinct = {outcome.centers.tobytes(): outcome.centers for outcome in outcomes}
    by_bytes = {key: distortion(X, centers) for key, centers in distinct.items()}
    distortions = [by_bytes[outcome.centers.tobytes()] for outcome in outcomes]
    typical = statistics.median(distortions)
    result: Result = {
        "seconds": statistics.median(outcome.seconds for outcome in outcomes),
        "cpu_seconds": statistics.median(outcome.cpu_seconds for outcome in outcomes),
        "distortion": typical,
        "distortions": distortions,
        "n_iter": outcomes[0].n_iter,
        "peak_bytes": max(outcome.peak_bytes for outcome in outcomes),
    }
    if reference_sse:
        result["sse_over_reference"] = typical * X.size / reference_sse
    return result


def describe(rows: Sequence[Result], others: float | None, options: argparse.Namespace) -> Result:
    """Return what becomes the JSON line."""
    return {
        "bench": "train",
        "centnn": _bench.config(),
        "peers": _trainers.versions(),
        "threads": options.threads,
        "budget": options.budget,
        "cores_busy_elsewhere": others,
        "rows": rows,
        "figures": _figures.verdicts(rows),
    }


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", metavar="REGEX", help="only rows with such a name")
    parser.add_argument("--peers", default="", metavar="REGEX", help="only trainers so named")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, of those who are quick")
    parser.add_argument(
        "--budget", type=float, default=120, metavar="SECONDS", help="the most for one training"
    )
    parser.add_argument("--threads", type=int, default=_bench.available_threads())
    parser.add_argument("--quick", action="store_true", help="small parts of the rows, one round")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw distortion against seconds")
    parser.add_argument("--json", type=Path, help="write the JSON line there, do not print it")
    options = parser.parse_args()
    if options.quick:
        options.repeats = 1
    return options


def main() -> int:
    """Run the benchmark."""
    _bench.restart_without_blas_overrides()
    options = parse_arguments()
    load = _bench.OtherLoad()
    rows = []
    for row in _rows.matching(options.rows):
        rows.append(measure(row, options))
        print(_training_report.table(rows[-1]), flush=True)
    if not rows:
        print(f"no row has a name that matches {options.rows!r}", file=sys.stderr)
        return 2
    summary = describe(rows, load.mean(), options)
    print(_training_report.legend(summary))
    if options.plot:
        _training_report.plot(rows, options.plot)
    _bench.put_json(summary, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
