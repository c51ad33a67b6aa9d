"""Codebooks of dask arrays: trained, and used, where the chunks are.

Any scheduler of dask will do: threads, processes, or a cluster, on whose dashboard the tasks are
seen. Importing this module needs dask: ``pip install 'centnn[dask]'``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import dask
import dask.array as da
import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _dask_cluster, _options, _summary, _validation, quantizer
from centnn._dask_cluster import Strand
from centnn._dask_tasks import Chunks, joined
from centnn._duplicates import count_distinct
from centnn._exact_sums import Units
from centnn._monitor import Callback, Monitor
from centnn._options import Options
from centnn._stream import OF_STREAMS, needs_array
from centnn._summary import Moments
from centnn.codebook import Codebook
from centnn.quantizer import array_of, code_type

__all__ = ["dequantize", "fit_codebook", "quantize"]

Array = NDArray[Any]

LARGE_GRAPH = "distributed.admin.large-graph-warning-threshold"


def fit_codebook(
    X: da.Array,
    n_clusters: int,
    *,
    sample_weight: da.Array | None = None,
    effort: str = "balanced",
    n_passes: int = _summary.N_PASSES,
    n_threads: int | None = None,
    callback: Callback | None = None,
    verbose: int = 0,
) -> Codebook:
    """Train a codebook on the chunks of a dask array, where they are.

    Parameters
    ----------
    X : dask.array.Array, shape (N, D)
        Samples. N need not be known. Each chunk should have at least some ten times `n_clusters`
        samples; a worker holds as many chunks as it has threads. Chunks are read once more in each
        pass, unless X is persisted.
    n_clusters : int
        Codewords to train, at most the number of distinct samples.
    sample_weight : dask.array.Array, shape (N,), optional
        Weights, at least 0, not all 0; by default 1. Cut as X is if it is not.
    effort : {"fast", "balanced", "best"}, default "balanced"
        How long to train on the codewords of all chunks, as for `centnn.fit_codebook`.
    n_passes : int, default 5
        Passes over all samples after that, each of which moves codewords to the means of the
        samples that are nearest to them. There are up to three more if codewords have no samples.
    n_threads : int, optional
        Threads of this process; by default as many as OpenMP would use. Each task uses one.
    callback : callable, optional
        Called in this process, as by `centnn.fit_codebook`, while it trains, and after each pass.
        If it returns True, the codewords so far are the result.
    verbose : int, default 0
        1 prints a line each time that the codebook has grown.

    Returns
    -------
    Codebook
        The trained codebook; float32, but float64 if X is. It depends on how X is cut into chunks,
        but neither on workers and threads nor on the order in which they finish.

    Raises
    ------
    ValueError
        If an argument is invalid or a chunk is not as X says; the message names the chunk.
    RuntimeError
        If a chunk cannot be read; the message names it.
    ImportError
        If a worker has not the centnn, dask or NumPy of this process.

    Notes
    -----
    Each chunk is summarised by a codebook that is larger than the one wanted. What is trained on
    these codewords, weighted by their counts, in this process, is then refined in passes. A pass
    sends the codebook to all workers, and each of their threads answers with sums and counts.

    Examples
    --------
    >>> import dask.array as da
    >>> import centnn.dask
    >>> X = da.random.default_rng(0).normal(size=(40_000, 4), chunks=(10_000, 4))
    >>> book = centnn.dask.fit_codebook(X, 64)
    >>> book.centers.shape, float(book.counts.sum())
    ((64, 4), 40000.0)
    """
    options = {
        "n_clusters": n_clusters,
        **OF_STREAMS,
        "effort": effort,
        "n_threads": n_threads,
        "callback": callback,
        "verbose": verbose,
        "n_passes": n_passes,
    }
    return fit_with_options(X, sample_weight, options)


def fit_with_options(X: Any, sample_weight: Any, options: dict[str, Any]) -> Codebook:
    """Do what `fit_codebook` does, with the options of `centnn.fit_codebook`."""
    samples = _samples(X)
    validated = _options.validated(samples.shape[1], **options)
    name = needs_array(options)
    if name is not None:
        raise ValueError(
            f"{name} must be {OF_STREAMS[name]!r} where X is a dask array, got {options[name]!r}"
        )
    chunks = Chunks(samples, _weights(sample_weight, samples))
    _dask_cluster.check(_dask_cluster.client_in_use())
    return train(chunks, validated)


def quantize(X: da.Array, codebook: Codebook | ArrayLike) -> da.Array:
    """Return the index of the nearest codeword of each sample, to be computed chunk by chunk.

    Parameters
    ----------
    X : dask.array.Array, shape (N, D)
        Samples.
    codebook : Codebook or array_like, shape (K, D)
        The codewords.

    Returns
    -------
    dask.array.Array, shape (N,)
        What `centnn.quantize` returns, cut as X is; uint8, uint16 or uint32.

    Raises
    ------
    ValueError
        If an argument has a wrong shape or type, or is not finite.

    Examples
    --------
    >>> import dask.array as da
    >>> import centnn.dask
    >>> X = da.from_array([[1.0], [9.0], [4.0]], chunks=(2, 1))
    >>> centnn.dask.quantize(X, [[0.0], [10.0]]).compute()
    array([0, 1, 0], dtype=uint8)
    """
    samples = _samples(X)
    centers = _validation.samples(array_of(codebook), "codebook")
    _validation.check_features(samples, centers)
    dtype = code_type(len(centers))
    return samples.map_blocks(
        quantize_chunk,
        dask.delayed(centers, pure=True),  # one task's result, not a part of each
        drop_axis=1,
        dtype=dtype,
        meta=np.empty(0, dtype),
    )


def dequantize(codes: da.Array, codebook: Codebook | ArrayLike) -> da.Array:
    """Return the codeword of each code, to be computed chunk by chunk.

    Parameters
    ----------
    codes : dask.array.Array of integers, shape (N,)
        Indices from 0 to K - 1.
    codebook : Codebook or array_like, shape (K, D)
        The codewords.

    Returns
    -------
    dask.array.Array, shape (N, D)
        Codewords, in the codebook's dtype, cut as `codes` is.

    Raises
    ------
    ValueError
        If `codes` is not a 1-D array of integers.

    Examples
    --------
    >>> import dask.array as da
    >>> import centnn.dask
    >>> codes = da.from_array([1, 0, 1], chunks=2)
    >>> centnn.dask.dequantize(codes, [[0.5, 0.0], [10.0, 2.0]]).compute()
    array([[10. ,  2. ],
           [ 0.5,  0. ],
           [10. ,  2. ]])
    """
    _check_is_dask(codes, "codes")
    if codes.ndim != 1 or codes.dtype.kind not in "ui":
        raise ValueError(
            "codes must be a 1-D array of integers, "
            f"got shape {codes.shape} and dtype {codes.dtype}"
        )
    centers = _validation.samples(array_of(codebook), "codebook")
    return codes.map_blocks(
        dequantize_chunk,
        dask.delayed(centers, pure=True),
        new_axis=1,
        chunks=(codes.chunks[0], (centers.shape[1],)),
        dtype=centers.dtype,
        meta=np.empty((0, 0), centers.dtype),
    )


def train(chunks: Chunks, options: Options, *, or_fewer: bool = False) -> Codebook:
    """Train on chunks; `or_fewer` asks for no more codewords than there are distinct samples."""
    overviews = dask.compute(*chunks.overviews(options.n_clusters, _strands(chunks)))
    found = joined(overviews)
    if found is None:
        raise ValueError("sample_weight must not be 0 everywhere, got only weights of 0")
    weight, d = float(found.summary.counts.sum()), found.summary.codewords.shape[1]
    if or_fewer:
        n_clusters = count_distinct(found.summary.codewords, options.n_clusters)
        options = replace(options, n_clusters=n_clusters)
    monitor = Monitor(options.callback, options.verbose, weight * d)
    trained = _summary.train(found.summary, options, monitor, found.n_samples)
    if not monitor.stopped:
        find = partial(_pass, chunks, Units.of(weight, found.largest, d))
        trained = _summary.refine(find, found.summary, trained, options.n_passes, monitor)
    history = monitor.table()
    return Codebook(*trained, len(history), history)


def _pass(chunks: Chunks, units: Units, centers: Array) -> Moments:
    """Compute the moments of all chunks, with as many running sums as there are threads."""
    # dask warns of graphs that hold much; that of a pass has to hold a codebook.
    limit = dask.utils.parse_bytes(dask.config.get(LARGE_GRAPH, "10MB")) + centers.nbytes
    with dask.config.set({LARGE_GRAPH: limit}):
        (moments,) = dask.compute(chunks.moments(centers, units, _strands(chunks)))
    assert isinstance(moments, Moments)
    return moments


def _strands(chunks: Chunks) -> list[Strand]:
    """Share chunks out to the threads that there are at the moment."""
    client = _dask_cluster.client_in_use()
    return _dask_cluster.strands(chunks.X, chunks.persisted(), client)


def _samples(X: Any) -> da.Array:
    """Return X as an array (N, D) that is cut along N only; ValueError if it cannot be."""
    _check_is_dask(X, "X")
    if X.ndim != 2 or X.shape[1] == 0:
        raise ValueError(
            "X must be a 2-D array of shape (n_samples, n_features), n_features at least 1, "
            f"got shape {X.shape}"
        )
    if np.isnan(X.shape[1]):
        raise ValueError(
            "X must have a known number of features, got an unknown one: "
            "X.compute_chunk_sizes() finds it"
        )
    if X.dtype.kind not in "buif":
        raise ValueError(f"X must be an array of real numbers, got dtype {X.dtype}")
    for i, n in enumerate(X.chunks[0]):
        if n == 0:
            raise ValueError(
                f"chunk {i} of X must be a 2-D array of at least 1 sample, "
                f"got shape {(0, *X.shape[1:])}"
            )
    return X if X.numblocks[1] == 1 else X.rechunk({1: -1})


def _weights(sample_weight: Any, X: da.Array) -> da.Array | None:
    """Return weights that are cut as X is; ValueError if they cannot be."""
    if sample_weight is None:
        return None
    _check_is_dask(sample_weight, "sample_weight")
    if sample_weight.chunks == (X.chunks[0],):
        return sample_weight
    unknown = np.isnan(X.shape[0]) or any(np.isnan(n) for n in sample_weight.shape)
    if unknown and sample_weight.numblocks == X.numblocks[:1]:
        return sample_weight
    if unknown or sample_weight.shape != X.shape[:1]:
        raise ValueError(
            f"sample_weight must have shape ({X.shape[0]},) and be cut as X is, "
            f"got shape {sample_weight.shape} and chunks {sample_weight.chunks}"
        )
    return sample_weight.rechunk((X.chunks[0],))


def _check_is_dask(array: Any, name: str) -> None:
    if not isinstance(array, da.Array):
        raise TypeError(f"{name} must be a dask array, got {type(array).__name__}")


def quantize_chunk(X: Array, centers: Array, block_id: tuple[int, ...] = (0,)) -> Array:
    name = f"chunk {block_id[0]} of X"
    samples = _validation.matrix(X, name)
    _validation.check_finite(samples, name)
    return quantizer.quantize(samples, centers, n_threads=1)


def dequantize_chunk(codes: Array, centers: Array, block_id: tuple[int, ...] = (0,)) -> Array:
    try:
        return quantizer.dequantize(codes, centers, n_threads=1)
    except ValueError as error:
        raise ValueError(f"chunk {block_id[0]}: {error}") from None
