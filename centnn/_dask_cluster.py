"""What computes: a cluster of dask's, or threads; whether it can, and how work is shared out."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import dask
from dask.base import get_scheduler
from dask.system import CPU_COUNT

__all__ = ["check", "client_in_use", "strands"]

# A cluster must have the versions of these that the client has: what is sent depends on them.
SAME = ("centnn", "dask", "distributed", "numpy")

# Workers or packages that a message lists at most.
MOST = 3


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


def strands(X: Any, keys: Sequence[Any], client: Any | None) -> list[list[int]]:
    """Share chunks out, each part to be worked on by one thread: return their indices.

    `keys` are those of the chunks of X that the cluster holds, and None for others. The former are
    worked on where they are.
    """
    if client is None:
        return _parts(range(len(keys)), dask.config.get("num_workers", None) or CPU_COUNT)
    threads = client.nthreads()
    places = client.who_has(X)
    by_worker: dict[str | None, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        by_worker[min(places.get(key, ()), default=None)].append(index)
    read = by_worker.pop(None, [])
    parts = _parts(read, sum(threads.values()))
    for worker, held in by_worker.items():
        parts += _parts(held, threads[worker])
    return parts


def _parts(indices: Sequence[int], n: int) -> list[list[int]]:
    """Cut indices into n parts at most, of neighbours."""
    n = max(1, min(n, len(indices)))
    cuts = [len(indices) * part // n for part in range(n + 1)]
    parts = [list(indices[start:end]) for start, end in itertools.pairwise(cuts)]
    return [part for part in parts if part]
