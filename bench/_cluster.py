"""A cluster of processes for benchmarks: samples in chunks, what workers sent and held."""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.array as da
import distributed
import numpy as np
from _workers import forget_peak, peak
from dask import delayed
from numpy.typing import NDArray

Array = NDArray[Any]

# Workers count what they have sent a little later.
SETTLE_SECONDS = 0.6


class OverBudgetError(Exception):
    """Raised where something takes too long."""


@contextlib.contextmanager
def processes(n_workers: int, folder: str) -> Iterator[distributed.Client]:
    """Give the client of a cluster of processes of one thread each."""
    with (
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            dashboard_address=":0",
            local_directory=folder,
            silence_logs="ERROR",
            memory_limit=0,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def chunked(path: Path, n_chunks: int, dtype: Any | None = None) -> da.Array:
    """Return the samples in a .npy file as an array in chunks, read by workers."""
    whole = np.load(path, mmap_mode="r")
    n, d = whole.shape
    dtype = np.dtype(dtype or whole.dtype)
    cuts = [n * i // n_chunks for i in range(n_chunks + 1)]
    return da.concatenate(
        [
            da.from_delayed(delayed(_read)(str(path), start, stop, dtype), (stop - start, d), dtype)
            for start, stop in itertools.pairwise(cuts)
        ]
    )


def _read(path: str, start: int, stop: int, dtype: Any) -> Array:
    rows = np.load(path, mmap_mode="r")[start:stop]
    return np.array(rows, dtype)


def sent_bytes(client: distributed.Client) -> int:
    """Return the bytes that workers have sent so far, to each other and to the client."""
    time.sleep(SETTLE_SECONDS)
    sent = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
    return int(sum(sent.values()))


@contextlib.contextmanager
def peaks(client: distributed.Client) -> Iterator[list[int]]:
    """Give a list that at the end has what each worker held at most, above what it held before."""
    held = client.run(forget_peak)
    found: list[int] = []
    yield found
    highest = client.run(peak)
    found += [highest[worker] - held[worker] for worker in held if worker in highest]


def within(seconds: float, run: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns and the seconds it takes; OverBudgetError if that is too many."""

    def stop(*_: object) -> None:
        raise OverBudgetError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    start = time.perf_counter()
    try:
        return run(), time.perf_counter() - start
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
