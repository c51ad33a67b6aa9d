"""What computes: a cluster of dask's, or threads; whether it can, and how work is shared out."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dask
from dask.base import get_scheduler
from dask.system import CPU_COUNT

__all__ = ["Strand", "check", "client_in_use", "strands"]

# A cluster must have the versions of these that the client has: what is sent depends on them.
SAME = ("centnn", "dask", "distributed", "numpy")

# Workers or packages that a message lists at most.
MOST = 3


@dataclass(frozen=True)
class Strand:
    """Chunks that one thread is to work on, one after another."""

    chunks: list[int]
    worker: str | None = None
    """The address of the worker that has this thread; None without a cluster."""
    held: bool = False
    """Whether that worker holds the chunks."""


def client_in_use() -> Any | None:
    """Return the client of the cluster that dask computes on; None for threads and the like."""
    owner = getattr(get_scheduler(), "__self__", None)
    return owner if hasattr(owner, "scheduler_info") else None


def check(client: Any | None) -> None:
    """Raise ImportError unless all workers have the packages of the client, in its versions."""
    if client is None:
        return
    versions = client.get_versions(packages=["centnn"])
    own = versions["client"]["packages"]
    found: dict[tuple[str, Any], list[str]] = defaultdict(list)
    for address, worker in versions["workers"].items():
        for name in SAME:
            version = worker["packages"].get(name)
            if version != own[name]:
                found[name, version].append(address)
    for (name, version), addresses in found.items():
        workers = ", ".join(addresses[:MOST]) + ", ..." * (len(addresses) > MOST)
        problem = "is missing" if version is None else f"has the version {version}"
        raise ImportError(
            f"{name} {problem} on {len(addresses)} of {len(versions['workers'])} workers "
            f"({workers}), and the client has {own[name]}: install {name}=={own[name]} where "
            "these workers run, and start them again",
            name=name,
        )


def strands(X: Any, keys: Sequence[Any], client: Any | None) -> list[Strand]:
    """Share chunks out to threads; the strands of a worker come one after another.

    `keys` are those of the chunks of X that the cluster holds, and None for others. The former are
    worked on where they are.
    """
    if client is None:
        n_threads = dask.config.get("num_workers", None) or CPU_COUNT
        return [Strand(part) for part in _parts(range(len(keys)), n_threads)]
    from distributed import futures_of, wait

    if loaded := futures_of(X):
        wait(loaded)  # nobody has them as long as they are only asked for
    threads = client.nthreads()
    places = client.who_has(X)
    held: dict[str | None, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        held[min(places.get(key, ()), default=None)].append(index)
    of_threads = [worker for worker, n in threads.items() for _ in range(n)]
    read = _parts(held.pop(None, []), len(of_threads))
    shared = [Strand(part, worker) for part, worker in zip(read, of_threads, strict=False)]
    for worker, chunks in held.items():
        shared += [Strand(part, worker, True) for part in _parts(chunks, threads.get(worker, 1))]
    return sorted(shared, key=lambda strand: strand.worker or "")


def _parts(indices: Sequence[int], n: int) -> list[list[int]]:
    """Cut indices into n parts at most, of neighbours."""
    n = max(1, min(n, len(indices)))
    cuts = [len(indices) * part // n for part in range(n + 1)]
    parts = [list(indices[start:end]) for start, end in itertools.pairwise(cuts)]
    return [part for part in parts if part]
