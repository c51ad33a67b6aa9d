"""Timings of what a product quantizer does once it is trained, beside faiss on the same codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import _bench
import numpy as np
from numpy.typing import NDArray

import centnn

try:
    import faiss
except ImportError:
    faiss = None

Array = NDArray[Any]
Result = dict[str, Any]

# (codes, queries, nearest codes wanted of each); None: the base itself, all queries.
SEARCHES = [(None, None, 1), (None, None, 100), (10**6, 1, 1), (10**6, 1, 100), (10**6, 100, 10)]
QUICK_CODES = 20_000

Calls = tuple[Callable[[], object], Callable[[], object] | None]


def jobs(
    pq: centnn.ProductQuantizer, base: Array, queries: Array, n_most: int
) -> Iterator[tuple[str, Calls]]:
    """Yield what is timed: its name, centnn's call and faiss's. No set has more than n_most codes.

    Larger sets than the base are made of its codes, again and again.
    """
    codes = pq.encode(base)
    index = pq.to_faiss() if faiss is not None else None
    yield f"encode {len(base)}", (partial(pq.encode, base), index and codes_of(index, base))
    yield (
        f"tables {len(queries)}",
        (partial(pq.distance_tables, queries), index and tables_of(index, queries)),
    )
    for n_codes, n_queries, n_nearest in SEARCHES:
        many = np.resize(codes, (min(n_codes or len(codes), n_most), codes.shape[1]))
        some = queries[:n_queries]
        name = f"search {len(many)}, {len(some)} queries, nearest {n_nearest}"
        yield (
            name,
            (
                partial(pq.search, some, many, n_nearest),
                pq_search(pq, many, some, n_nearest) if index else None,
            ),
        )


def codes_of(index: Any, base: Array) -> Callable[[], object]:
    """Return faiss's call to encode."""
    return partial(index.pq.compute_codes, base)


def tables_of(index: Any, queries: Array) -> Callable[[], object]:
    """Return faiss's call for distance tables, in new memory as centnn's are."""

    def compute() -> Array:
        tables = np.empty((len(queries), index.pq.M, index.pq.ksub), np.float32)
        index.pq.compute_distance_tables(
            len(queries), faiss.swig_ptr(queries), faiss.swig_ptr(tables)
        )
        return tables

    return compute


def pq_search(
    pq: centnn.ProductQuantizer, codes: Array, queries: Array, n_nearest: int
) -> Callable[[], object]:
    """Return faiss's call to search among codes: distance tables and scan."""
    index = pq.to_faiss()
    index.add_sa_codes(codes)
    return partial(index.search, queries, n_nearest)


def measure(
    pq: centnn.ProductQuantizer,
    base: Array,
    queries: Array,
    threads: list[int],
    options: Any,
) -> list[Result]:
    """Time everything, on each number of threads."""
    rows = []
    n_most = QUICK_CODES if options.quick else max(n for n, _, _ in SEARCHES if n)
    for name, (own, other) in jobs(pq, base, queries, n_most):
        calls = {"centnn": own} | ({"faiss": other} if other else {})
        times = _bench.race(
            [_bench.Contestant(who, n, call) for n in threads for who, call in calls.items()],
            options.repeats,
            budget=0.01 if options.quick else 2.0,
        )
        milliseconds = {who: {n: 1e3 * times[who, n] for n in threads} for who in calls}
        row: Result = {"name": name, "ms": milliseconds}
        if other:
            row["of_faiss"] = {
                n: milliseconds["centnn"][n] / milliseconds["faiss"][n] for n in threads
            }
        rows.append(row)
    return rows


def table(rows: list[Result], threads: list[int]) -> str:
    """Return the timings as text."""

    def cells(row: Result, what: str, who: str | None = None) -> str:
        figures = row.get(what, {})
        figures = figures.get(who, {}) if who else figures
        return " ".join(f"{figures[n]:>8.2f}" for n in threads if n in figures)

    lines = [
        [row["name"], cells(row, "ms", "centnn"), cells(row, "ms", "faiss"), cells(row, "of_faiss")]
        for row in rows
    ]
    return _bench.format_table(["", "centnn, ms", "faiss, ms", "centnn / faiss"], lines)
