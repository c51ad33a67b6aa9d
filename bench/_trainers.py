"""Everything that trains codebooks for the benchmarks: centnn and its peers, by name.

Each trainer is called as ``trainer(X, k, seed, n_threads)`` and returns the codewords (K, D) and
the number of iterations or epochs, None if it does not tell. Peers are imported when they are
called, so that a process loads only the one that it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import centnn

Array = NDArray[Any]
Trainer = Callable[[Array, int, int, int], tuple[Array, int | None]]

EFFORTS = ("fast", "balanced", "best")
ALGORITHMS = ("classic", "entropy", "group", "local")


def _kmeans(
    X: Array, k: int, seed: int, _n_threads: int, n_init: int = 1
) -> tuple[Array, int | None]:
    from sklearn.cluster import KMeans

    model = KMeans(k, n_init=n_init, algorithm="lloyd", random_state=seed).fit(X)
    return model.cluster_centers_, model.n_iter_


def _start(X: Array, k: int, seed: int, _n_threads: int) -> tuple[Array, int | None]:
    from sklearn.cluster import kmeans_plusplus

    return kmeans_plusplus(X, k, random_state=seed)[0], None


def _bisecting(X: Array, k: int, seed: int, _n_threads: int) -> tuple[Array, int | None]:
    from sklearn.cluster import BisectingKMeans

    return BisectingKMeans(k, random_state=seed).fit(X).cluster_centers_, None


def _mini_batch(X: Array, k: int, seed: int, _n_threads: int) -> tuple[Array, int | None]:
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(k, n_init="auto", random_state=seed).fit(X)
    return model.cluster_centers_, model.n_iter_


def _breathing(X: Array, k: int, seed: int, _n_threads: int) -> tuple[Array, int | None]:
    from bkmeans import BKMeans

    return BKMeans(n_clusters=k, random_state=seed).fit(X).cluster_centers_, None


def _faiss(X: Array, k: int, seed: int, _n_threads: int, kind: str) -> tuple[Array, int | None]:
    import faiss

    # By default faiss trains on a random 256 samples for each codeword.
    options = {"niter": 25, "seed": seed, "max_points_per_centroid": len(X)}
    # Below 39 it would warn.
    model = getattr(faiss, kind)(X.shape[1], k, min_points_per_centroid=1, **options)
    model.train(X)
    return model.centroids, 25


def _centnn(
    X: Array, k: int, _seed: int, n_threads: int, **options: str
) -> tuple[Array, int | None]:
    book = centnn.fit_codebook(X, k, n_threads=n_threads, **options)
    return book.centers, book.n_iter


def _stream(X: Array, k: int, _seed: int, n_threads: int) -> tuple[Array, int | None]:
    """Train on the file of mapped samples, which is what `load` returns for this."""
    samples = X.filename if isinstance(X, np.memmap) else X
    book = centnn.fit_codebook(samples, k, n_threads=n_threads)
    return book.centers, book.n_iter


PEERS: dict[str, Trainer] = {
    "k-means++ x1": _kmeans,
    "k-means++ x10": partial(_kmeans, n_init=10),
    "k-means++ start": _start,
    "bisecting": _bisecting,
    "mini-batch": _mini_batch,
    "faiss": partial(_faiss, kind="Kmeans"),
    "faiss super": partial(_faiss, kind="SuperKmeans"),
    "breathing": _breathing,
}
OWN: dict[str, Trainer] = {
    **{name: partial(_centnn, algorithm="local", effort=name) for name in EFFORTS},
    **{name: partial(_centnn, algorithm=name) for name in ALGORITHMS},
    "stream": _stream,
}
TRAINERS = PEERS | OWN

# Names of the packages that the peers are in.
PACKAGES = {"sklearn": "scikit-learn", "faiss": "faiss-cpu", "bkmeans": "bkmeans"}

# SuperKMeans is made for D >= 128; its pruning needs some dimensions to prune by.
SUPER_FROM_D = 128


def load(name: str, path: Path) -> Array:
    """Return samples as a trainer wants them: as they are for centnn, float32 for peers.

    What it costs peers to convert integers is thus not counted.
    """
    if name == "stream":
        return np.load(path, mmap_mode="r")
    X = np.load(path)
    return X if name in OWN else np.ascontiguousarray(X, dtype=np.float32)


def why_not(name: str) -> str | None:
    """Return why a trainer cannot take part; None if it can."""
    package = {"faiss": "faiss", "faiss super": "faiss", "breathing": "bkmeans"}.get(name)
    if package is not None and versions()[package] is None:
        return f"{PACKAGES[package]} is not installed"
    if name == "faiss super":
        import faiss

        return None if hasattr(faiss, "SuperKmeans") else "this faiss does not have it"
    return None


def versions() -> dict[str, str | None]:
    """Return the versions of the peers' packages, None for one that is not installed."""
    found: dict[str, str | None] = {}
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = None
    return found
