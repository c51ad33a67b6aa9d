"""Vector quantization with a given codebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _search, _validation

if TYPE_CHECKING:
    from centnn.codebook import Codebook

__all__ = ["dequantize", "quantize"]

Array = NDArray[Any]


@overload
def quantize(
    X: ArrayLike,
    codebook: Codebook | ArrayLike,
    *,
    n_threads: int | None = None,
    return_distance: Literal[False] = False,
) -> Array: ...


@overload
def quantize(
    X: ArrayLike,
    codebook: Codebook | ArrayLike,
    *,
    n_threads: int | None = None,
    return_distance: Literal[True],
) -> tuple[Array, Array]: ...


def quantize(
    X: ArrayLike,
    codebook: Codebook | ArrayLike,
    *,
    n_threads: int | None = None,
    return_distance: bool = False,
) -> Array | tuple[Array, Array]:
    """Return the index of the nearest codeword of each sample.

    Parameters
    ----------
    X : array_like, shape (N, D)
        Samples; uint8, uint16, float16, float32 and float64 are read as they are, in any memory
        layout, other real types are converted to float64.
    codebook : Codebook or array_like, shape (K, D)
        The codewords.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The result does not depend on it.
    return_distance : bool, default False
        Also return the squared distances.

    Returns
    -------
    codes : ndarray, shape (N,)
        Index of the codeword at the least squared Euclidean distance, the lowest on a tie; uint8,
        uint16 or uint32, the smallest that holds K values.
    distances : ndarray, shape (N,)
        Squared distances, only with `return_distance`; float64 if X or the codebook is, else
        float32.

    Raises
    ------
    ValueError
        If an argument has a wrong shape or type, or is not finite.

    Examples
    --------
    >>> import centnn
    >>> centnn.quantize([[1.0], [9.0], [4.0]], [[0.0], [10.0]])
    array([0, 1, 0], dtype=uint8)
    """
    rows = _validation.samples(X)
    centers = codewords(codebook)
    if rows.shape[1] != centers.shape[1]:
        raise ValueError(
            f"X must have as many features as the codebook has, {centers.shape[1]}, "
            f"got {rows.shape[1]}"
        )
    codes = np.empty(len(rows), dtype=code_type(len(centers)))
    distances = np.empty(len(rows)) if return_distance else None
    is_half = rows.dtype == np.float16
    _search.nearest(
        rows.view(np.uint16) if is_half else rows,
        is_half,
        np.ascontiguousarray(centers.T, dtype=np.float64),
        codes,
        distances,
        _validation.thread_count(n_threads),
    )
    if distances is None:
        return codes
    in_double = np.float64 in (rows.dtype, centers.dtype)
    return codes, distances if in_double else distances.astype(np.float32)


def dequantize(codes: ArrayLike, codebook: Codebook | ArrayLike) -> Array:
    """Return the codeword of each code.

    Parameters
    ----------
    codes : array_like of integers, shape (N,)
        Indices from 0 to K - 1.
    codebook : Codebook or array_like, shape (K, D)
        The codewords.

    Returns
    -------
    ndarray, shape (N, D)
        Codewords, in the codebook's dtype.

    Raises
    ------
    ValueError
        If `codes` is not a 1-D array of integers below K.

    Examples
    --------
    >>> import centnn
    >>> centnn.dequantize([1, 0], [[0.5, 0.0], [10.0, 2.0]])
    array([[10. ,  2. ],
           [ 0.5,  0. ]])
    """
    centers = codewords(codebook)
    indices = np.asarray(codes)
    if indices.ndim != 1 or (indices.dtype.kind not in "ui" and indices.size):
        raise ValueError(
            "codes must be a 1-D array of integers, "
            f"got shape {indices.shape} and dtype {indices.dtype}"
        )
    if indices.size == 0:
        return centers[:0].copy()
    least, largest = indices.min(), indices.max()
    if least < 0 or largest >= len(centers):
        raise ValueError(
            f"codes must be from 0 to {len(centers) - 1}, one less than the number of codewords, "
            f"got values from {least} to {largest}"
        )
    return centers.take(indices, axis=0)


def codewords(codebook: Codebook | ArrayLike) -> Array:
    """Return the (K, D) array of a codebook or of what stands for one."""
    centers = codebook.centers if hasattr(codebook, "centers") else codebook
    return _validation.samples(centers, "codebook")


def code_type(n_codewords: int) -> type[np.unsignedinteger[Any]]:
    """Return the smallest type of codes for so many codewords."""
    if n_codewords <= 1 << 8:
        return np.uint8
    return np.uint16 if n_codewords <= 1 << 16 else np.uint32
