"""Nearest-codeword search beside faiss, scikit-learn and SciPy, and beside the CPU's peak."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import _bench
import _data
import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import vq
from sklearn.metrics import pairwise_distances_argmin

import centnn
from centnn import _search

try:
    import faiss
except ImportError:
    faiss = None

Array = NDArray[Any]

# N, D, K of the design's table.
UNIFORM = [
    (262144, 1, 48),
    (262144, 3, 256),
    (65536, 4, 256),
    (65536, 8, 256),
    (65536, 16, 256),
    (65536, 16, 1024),
    (65536, 48, 512),
    (65536, 64, 1024),
    (32768, 128, 4096),
]

# A picture full of detail and a smooth one: what pruning gains depends on it.
PICTURES = ["kodim13", "kodim23"]

# With --quick: the first rows of the cases with few codewords.
QUICK_ROWS = 2048
QUICK_CODEWORDS = 256

# Names of the packages that the peers are in; the key is the table's name for them.
PEERS = {"faiss": "faiss-cpu", "sklearn": "scikit-learn", "scipy": "scipy"}


@dataclass(frozen=True)
class Case:
    """One search to time."""

    name: str
    n_codewords: int
    load: Callable[[], Array]
    """Returns the samples, (N, D)."""
    is_real: bool
    """Whether the codewords are to be trained; else they are uniform like the samples."""


def cases() -> Iterator[Case]:
    """Yield all cases, the real ones if there is a folder of data."""
    for n, d, k in UNIFORM:
        yield Case(f"uniform D={d} K={k}", k, partial(_data.uniform, n, d), False)
    if _data.folder() is None:
        print("note: CENTNN_DATA is not set, so the real rows are left out")
        return
    picture = PICTURES[-1]
    yield Case(f"grey uint8 {picture} K=48", 48, partial(_data.grey_levels, picture), True)
    yield Case(f"RGB {picture} K=256", 256, partial(_as_float, _data.rgb_pixels, picture), True)
    for name in PICTURES:
        for k in (256, 1024, 4096):
            load = partial(_as_float, _data.grey_blocks, name)
            yield Case(f"4x4 {name} K={k}", k, load, True)
    yield Case("SIFT K=1024", 1024, _data.sift_descriptors, True)


def _as_float(load: Callable[[str], Array], name: str) -> Array:
    return load(name).astype(np.float32)


def measure(case: Case, options: argparse.Namespace, peak: _bench.FmaPeak | None) -> dict[str, Any]:
    """Time one case and check its result; return its entry of the JSON line."""
    X = case.load()[: QUICK_ROWS if options.quick else None]
    n, d = X.shape
    k = case.n_codewords
    centers = _data.codebook(X, k) if case.is_real else _data.uniform(k, d, seed=1)
    codes = centnn.quantize(X, centers)
    times = _bench.race(
        [
            *searches(X, centers, codes),
            *searches_on_isas(X, centers, codes),
            *decodings(codes, centers),
        ],
        options.repeats,
        budget=0.01 if options.quick else 1.0,
        between=peak.measure if peak else lambda: None,
    )
    milliseconds: dict[str, dict[int, float]] = {}
    for (name, n_threads), seconds in times.items():
        milliseconds.setdefault(name, {})[n_threads] = 1e3 * seconds
    own = milliseconds["centnn"]
    return {
        "name": case.name,
        "n": n,
        "d": d,
        "k": k,
        "dtype": X.dtype.name,
        "ms": {name: milliseconds[name] for name in ("centnn", *PEERS) if name in milliseconds},
        "gflops": {threads: 2e-6 * n * k * d / ms for threads, ms in own.items()},
        "ratio": {
            peer: {threads: milliseconds[peer][threads] / ms for threads, ms in own.items()}
            for peer in PEERS
            if peer in milliseconds
        },
        "speedup": own[1] / own[max(own)],
        "isa_ms": {isa: milliseconds[f"centnn {isa}"][1] for isa in slower_isas()},
        "dequantize_ms": milliseconds["dequantize"][1],
        "copy_ms": milliseconds["copy"][1],
        "wrong": wrong_share(X, centers, codes),
        "wrong_far": wrong_far_share(X, centers),
    }


def searches(X: Array, centers: Array, codes: Array) -> Iterator[_bench.Contestant]:
    """Yield centnn's search, which overwrites `codes`, and the peers', for each thread count."""
    # Peers take float32 only; what it costs them to convert uint8 is not counted.
    x = np.ascontiguousarray(X, dtype=np.float32)
    out = out_option(centnn.quantize, codes)
    for n_threads in thread_counts():
        own = partial(centnn.quantize, X, centers, n_threads=n_threads, **out)
        yield _bench.Contestant("centnn", n_threads, own)
        if faiss is not None:
            yield _bench.Contestant("faiss", n_threads, faiss_search(x, centers))
        yield _bench.Contestant(
            "sklearn", n_threads, partial(pairwise_distances_argmin, x, centers)
        )
        yield _bench.Contestant("scipy", n_threads, partial(vq, x, centers))


def searches_on_isas(X: Array, centers: Array, codes: Array) -> Iterator[_bench.Contestant]:
    """Yield centnn's search on one thread for each slower vector instruction set."""
    best = _search.isa()
    out = out_option(centnn.quantize, codes)

    def search(isa: str) -> None:
        _search.set_isa(isa)
        centnn.quantize(X, centers, n_threads=1, **out)
        _search.set_isa(best)

    for isa in slower_isas():
        yield _bench.Contestant(f"centnn {isa}", 1, partial(search, isa))


def slower_isas() -> list[str]:
    """Return the instruction sets that this machine has beside the one in use and the scalar."""
    isas = _search.available_isas()
    return [isa for isa in isas[isas.index(_search.isa()) + 1 :] if isa != "scalar"]


def faiss_search(x: Array, centers: Array) -> Callable[[], object]:
    """Return a call of faiss's flat index; building the index and its result is not timed."""
    index = faiss.IndexFlatL2(centers.shape[1])
    index.add(centers)
    distances = np.empty((len(x), 1), dtype=np.float32)
    indices = np.empty((len(x), 1), dtype=np.int64)
    return partial(index.search, x, 1, D=distances, I=indices)


def decodings(codes: Array, centers: Array) -> Iterator[_bench.Contestant]:
    """Yield centnn's dequantize and a plain copy of what it returns, on one thread."""
    decoded = centnn.dequantize(codes, centers)
    out = out_option(centnn.dequantize, np.empty_like(decoded))
    decode = partial(centnn.dequantize, codes, centers, **out)
    yield _bench.Contestant("dequantize", 1, decode)
    yield _bench.Contestant("copy", 1, partial(np.copyto, np.empty_like(decoded), decoded))


def out_option(function: Callable[..., object], out: Array) -> dict[str, Array]:
    """Return the option that makes a function write to `out`, if it has it."""
    return {"out": out} if "out" in inspect.signature(function).parameters else {}


def thread_counts() -> list[int]:
    """Return 1 and, if that is more, the number of threads there are."""
    return sorted({1, _bench.available_threads()})


def wrong_far_share(X: Array, centers: Array) -> float:
    """Return `wrong_share` with everything far from the origin."""
    X, centers = (array.astype(np.float32) + np.float32(1e4) for array in (X, centers))
    return wrong_share(X, centers, centnn.quantize(X, centers))


def wrong_share(X: Array, centers: Array, codes: Array) -> float:
    """Return the share of rows whose codeword is more than 1e-6 farther than the nearest.

    In float64, on some of the rows, spread evenly.
    """
    n_rows = max(256, 10**8 // centers.size)
    step = -(-len(X) // n_rows)
    rows, chosen = X[::step].astype(np.float64), codes[::step]
    n_wrong = 0
    for start in range(0, len(rows), 256):
        part = slice(start, start + 256)
        distances = np.zeros((len(rows[part]), len(centers)))
        for x, c in zip(rows[part].T, centers.T, strict=True):
            distances += np.square(x[:, None] - c)
        taken = np.take_along_axis(distances, chosen[part, None].astype(np.intp), axis=1)[:, 0]
        n_wrong += int(np.count_nonzero(taken > distances.min(axis=1) * (1 + 1e-6)))
    return n_wrong / len(rows)


def describe(
    results: list[dict[str, Any]], peak: _bench.FmaPeak | None, others: float | None
) -> dict[str, Any]:
    """Return what becomes the JSON line: the results, and what was compared on which machine."""
    summary = {
        "bench": "search",
        "centnn": _bench.config(),
        "peers": {peer: version(package) for peer, package in PEERS.items() if has(peer)},
        "threads": thread_counts(),
        "cores_busy_elsewhere": others,
        "peak_gflops": peak.gflops if peak else None,
        "peak_isa": peak.isa if peak else None,
    }
    if peak:
        results = [{**row, "of_peak": row["gflops"][1] / peak.gflops} for row in results]
    return {**summary, "rows": results}


def has(peer: str) -> bool:
    """Tell whether a peer takes part."""
    return peer != "faiss" or faiss is not None


def table(summary: dict[str, Any]) -> str:
    """Return the results as text."""
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "search": lambda row: row["name"],
        "N": lambda row: str(row["n"]),
        "D": lambda row: str(row["d"]),
        "K": lambda row: str(row["k"]),
        "ms": lambda row: pair(row["ms"]["centnn"]),
        "GFLOP/s": lambda row: pair(row["gflops"]),
    }
    if summary["peak_gflops"]:
        columns["of peak"] = lambda row: f"{row['of_peak']:.0%}"
    columns["speed-up"] = lambda row: f"{row['speedup']:.2f}"
    for peer in summary["peers"]:
        columns[f"x {peer}"] = lambda row, peer=peer: pair(row["ratio"][peer])
    for isa in slower_isas():
        columns[f"{isa} time"] = lambda row, isa=isa: (
            f"{row['isa_ms'][isa] / row['ms']['centnn'][1]:.2f}"
        )
    columns["decode/copy"] = lambda row: f"{row['dequantize_ms'] / row['copy_ms']:.2f}"
    columns["wrong"] = lambda row: f"{row['wrong']:.2%}"
    columns["wrong +1e4"] = lambda row: f"{row['wrong_far']:.2%}"
    lines = [[cell(row) for cell in columns.values()] for row in summary["rows"]]
    return _bench.format_table(list(columns), lines)


def pair(figures: dict[int, float]) -> str:
    """Return the figures for each thread count in one cell."""
    return " ".join(f"{figures[n_threads]:>7.2f}" for n_threads in sorted(figures))


def legend(summary: dict[str, Any]) -> str:
    """Return what the table's columns mean and what the figures depend on."""
    config, peers, threads = summary["centnn"], summary["peers"].items(), summary["threads"]
    lines = [
        f"centnn {config['version']}, ISA {config['isa']}, beside "
        + ", ".join(f"{peer} {number}" for peer, number in peers)
    ]
    if len(threads) > 1:
        lines.append(f"two figures: on {' and '.join(map(str, threads))} threads, peers as well")
    lines.append("GFLOP/s: 2NKD over the time, whatever the work was")
    if summary["peak_gflops"]:
        peak = f"{summary['peak_gflops']:.1f} GFLOP/s ({summary['peak_isa']})"
        lines.append(f"of peak: on one thread, of {peak}")
    lines += [
        "x peer: the peer's time over centnn's",
        *(
            f"{isa} time: centnn's with {isa} over that with {config['isa']}"
            for isa in slower_isas()
        ),
        "decode/copy: dequantize's time over that of a plain copy of what it returns",
        "wrong: rows whose winner is, in float64, more than 1e-6 farther than the nearest; "
        "+1e4: with that added to everything",
    ]
    lines += _bench.busy_line(summary["cores_busy_elsewhere"])
    return "\n".join(lines)


def plot(summary: dict[str, Any], path: Path) -> None:
    """Draw how many times faster centnn is than each peer, one panel a thread count."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    rows, peers, threads = summary["rows"], summary["peers"], summary["threads"]
    figure = Figure((5.5 * len(threads) + 1.5, 0.3 * len(rows) + 2), layout="constrained")
    panels = figure.subplots(1, len(threads), sharex=True, sharey=True, squeeze=False)[0]
    places = np.arange(len(rows))
    for panel, n_threads in zip(panels, threads, strict=True):
        for peer, marker in zip(peers, "osD", strict=False):
            ratios = [row["ratio"][peer][n_threads] for row in rows]
            label = f"than {peer}" if panel is panels[0] else None
            panel.plot(ratios, places, marker, label=label, markersize=7, zorder=3)
        panel.axvline(1, color="black", linewidth=1.2)
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_locator(LogLocator(subs=()))
        panel.grid(color="0.88")
        panel.set_title(f"{n_threads} thread" + "s" * (n_threads > 1))
    panels[0].set_yticks(places, [row["name"] for row in rows])
    panels[0].invert_yaxis()
    figure.suptitle("Nearest-codeword search: how many times faster centnn is (at 1: the same)")
    figure.legend(loc="outside lower center", ncols=len(peers))
    figure.savefig(path, dpi=120)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and small rows, few repeats")
    parser.add_argument("--rows", default="", metavar="REGEX", help="only rows with such a name")
    parser.add_argument("--repeats", type=int, help="rounds of timing (default: 9; 3 if quick)")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the ratios")
    parser.add_argument("--json", type=Path, help="write the JSON line there, do not print it")
    options = parser.parse_args()
    options.repeats = options.repeats or (3 if options.quick else 9)
    return options


def main() -> int:
    """Run the benchmark; 1 if a search gave a wrong winner."""
    _bench.restart_without_blas_overrides()
    options = parse_arguments()
    if faiss is None:
        print("note: faiss is not installed (pip install faiss-cpu), so it is left out")
    peak = _bench.fma_peak()
    load = _bench.OtherLoad()
    results = []
    for case in cases():
        too_large = options.quick and case.n_codewords > QUICK_CODEWORDS
        if re.search(options.rows, case.name) and not too_large:
            print(f"{case.name} ...", file=sys.stderr, flush=True)
            results.append(measure(case, options, peak))
    if not results:
        print(f"no row has a name that matches {options.rows!r}", file=sys.stderr)
        return 2
    summary = describe(results, peak, load.mean())
    print(table(summary))
    print(legend(summary))
    if options.plot:
        plot(summary, options.plot)
    _bench.put_json(summary, options.json)
    return int(any(row["wrong"] or row["wrong_far"] for row in results))


if __name__ == "__main__":
    sys.exit(main())
