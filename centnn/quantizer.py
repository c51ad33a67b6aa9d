"""Vector quantization with a given codebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _scale, _search, _validation

if TYPE_CHECKING:
    from centnn.codebook import Codebook

__all__ = ["dequantize", "quantize"]

Array = NDArray[Any]

# Numbers that are scaled in one step.
SCALED = 1 << 18


@overload
def quantize(
    X: ArrayLike,
    codebook: Codebook | ArrayLike,
    *,
    n_nearest: int | None = None,
    out: Array | None = None,
    return_distance: Literal[False] = False,
    n_threads: int | None = None,
) -> Array: ...


@overload
def quantize(
    X: ArrayLike,
    codebook: Codebook | ArrayLike,
    *,
    n_nearest: int | None = None,
    out: Array | None = None,
    return_distance: Literal[True],
    n_threads: int | None = None,
) -> tuple[Array, Array]: ...


def quantize(
    X: ArrayLike,
    codebook: Codebook | ArrayLike,
    *,
    n_nearest: int | None = None,
    out: Array | None = None,
    return_distance: bool = False,
    n_threads: int | None = None,
) -> Array | tuple[Array, Array]:
    """Return the index of the nearest codeword of each sample.

    The search is exact: the nearest codeword is the one at the least squared Euclidean distance,
    computed in float64, the lowest index on a tie. Chunks of X are searched in parallel; beyond
    its result the call allocates memory for the codebook and for each thread only (and for the
    distances, where float64 codewords are so large or small that their squares are no numbers).

    Parameters
    ----------
    X : array_like, shape (N, D)
        Samples, N may be 0; uint8, uint16, float16, float32 and float64 are read as they are, in
        any memory layout (an ``np.memmap``, too), other real types are converted to float64. For a
        dask array, the result is one as well, to be computed: that of `centnn.dask.quantize`.
    codebook : Codebook or array_like, shape (K, D)
        The codewords.
    n_nearest : int, optional
        Return so many codewords for each sample, at most K, the nearest first.
    out : ndarray of uint8, uint16 or uint32, optional
        C-contiguous array of the shape of `codes` to write them to; its dtype must hold K values.
    return_distance : bool, default False
        Also return the squared distances.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The result does not depend on it.

    Returns
    -------
    codes : ndarray, shape (N,) or (N, n_nearest)
        Indices of codewords; uint8, uint16 or uint32, the smallest that holds K values. `out` if
        that is given.
    distances : ndarray, shape of codes
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
    >>> centnn.quantize([[1.0], [9.0]], [[0.0], [10.0], [5.0]], n_nearest=2)
    array([[0, 2],
           [1, 2]], dtype=uint8)
    """
    if _validation.is_dask(X):
        _check_plain("X", n_nearest=n_nearest, out=out, return_distance=return_distance)
        from centnn import dask

        lazy: Array = dask.quantize(X, codebook)
        return lazy
    rows = _validation.matrix(X, "X")
    centers = _validation.samples(array_of(codebook), "codebook")
    _validation.check_features(rows, centers)
    shape: tuple[int, ...] = (len(rows),)
    if n_nearest is not None:
        shape = (len(rows), _validation.integer(n_nearest, "n_nearest", 1, len(centers)))
    precision = np.float64 if np.float64 in (rows.dtype, centers.dtype) else np.float32
    codes = code_array(out, shape, len(centers))
    centers = np.ascontiguousarray(centers, precision)
    n_threads = _validation.thread_count(n_threads)
    # Squares of float32 numbers are well within the range of float64, in which they are compared.
    exponent = _scale.excess(centers) if precision is np.float64 else 0
    distances = np.empty(shape, precision) if return_distance or exponent else None
    if not _nearest(rows, centers, codes, distances, n_threads):
        _validation.check_finite(rows, "X")
    if distances is not None and exponent:
        _search_scaled(rows, centers, exponent, codes, distances, n_threads)
    return (codes, distances) if return_distance and distances is not None else codes


def _nearest(
    rows: Array, centers: Array, codes: Array, distances: Array | None, n_threads: int
) -> bool:
    """Fill codes, and distances if wanted, (N,) or (N, n_nearest); False if a row is not finite."""
    is_half = rows.dtype == np.float16
    finite: bool = _search.nearest(
        rows.view(np.uint16) if is_half else rows,
        is_half,
        _search.pack(centers),
        1 if codes.ndim == 1 else codes.shape[1],
        as_bytes(codes),
        None if distances is None else as_bytes(distances),
        n_threads,
    )
    return finite


def _search_scaled(
    rows: Array, centers: Array, exponent: int, codes: Array, distances: Array, n_threads: int
) -> None:
    """Search again where squares have left the range of float64, for numbers * 2**-exponent.

    Each place in the order is looked at by itself: the nearer codewords have no distance that is
    infinite, and the farther ones none that is tiny, both before and after.
    """
    scaled_centers = np.ldexp(centers, -exponent)
    step = max(1, SCALED // rows.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        found = distances[part]
        is_lost = np.isinf(found) if exponent > 0 else found < _scale.TINY
        where = np.flatnonzero(is_lost if is_lost.ndim == 1 else is_lost.any(axis=1))
        if len(where) == 0:
            continue
        scaled = np.ldexp(rows[part][where].astype(np.float64), -exponent)
        new_codes, new_distances = codes[part][where], found[where]
        _nearest(scaled, scaled_centers, new_codes, new_distances, n_threads)
        with np.errstate(over="ignore"):
            new_distances = np.ldexp(new_distances, 2 * exponent)
        codes[part][where] = np.where(is_lost[where], new_codes, codes[part][where])
        found[where] = np.where(is_lost[where], new_distances, found[where])


def dequantize(
    codes: ArrayLike,
    codebook: Codebook | ArrayLike,
    *,
    out: Array | None = None,
    n_threads: int | None = None,
) -> Array:
    """Return the codeword of each code.

    Parameters
    ----------
    codes : array_like of integers, shape (N,)
        Indices from 0 to K - 1. For a dask array, the result is one as well, to be computed: that
        of `centnn.dask.dequantize`.
    codebook : Codebook or array_like, shape (K, D)
        The codewords.
    out : ndarray, shape (N, D), optional
        C-contiguous array of the codebook's dtype to write to.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would.

    Returns
    -------
    ndarray, shape (N, D)
        Codewords, in the codebook's dtype. `out` if that is given.

    Raises
    ------
    ValueError
        If `codes` is not a 1-D array of integers below K, or `out` is unfit.

    Examples
    --------
    >>> import centnn
    >>> centnn.dequantize([1, 0], [[0.5, 0.0], [10.0, 2.0]])
    array([[10. ,  2. ],
           [ 0.5,  0. ]])
    """
    if _validation.is_dask(codes):
        _check_plain("codes", out=out)
        from centnn import dask

        restored: Array = dask.dequantize(codes, codebook)
        return restored
    centers = np.ascontiguousarray(_validation.matrix(array_of(codebook), "codebook"))
    indices = index_array(codes, len(centers))
    shape = (len(indices), centers.shape[1])
    if out is None:
        out = np.empty(shape, centers.dtype)
    else:
        check_out(out, shape, [centers.dtype])
    valid = _search.decode(
        as_bytes(centers).reshape(len(centers), -1),
        as_bytes(indices),
        as_bytes(out).reshape(len(indices), -1) if len(indices) else np.empty((0, 1), np.uint8),
        _validation.thread_count(n_threads),
    )
    if not valid:
        raise_code_error(indices, len(centers))
    return out


def _check_plain(name: str, **options: Any) -> None:
    """Raise ValueError for options that dask arrays, which is what `name` is, do not have."""
    for option, given in options.items():
        none = False if option == "return_distance" else None
        if given is not none:
            raise ValueError(f"{option} must be {none} where {name} is a dask array, got {given}")


def array_of(codebook: Codebook | ArrayLike) -> ArrayLike:
    """Return the codewords of a codebook, or what stands for them."""
    return codebook.centers if hasattr(codebook, "centers") else codebook


def code_type(n_codewords: int) -> type[np.unsignedinteger[Any]]:
    """Return the smallest type of codes for so many codewords."""
    if n_codewords <= 1 << 8:
        return np.uint8
    return np.uint16 if n_codewords <= 1 << 16 else np.uint32


def code_array(out: Array | None, shape: tuple[int, ...], n_codewords: int) -> Array:
    """Return an array for codes: `out`, or a new one."""
    smallest = np.dtype(code_type(n_codewords))
    if out is None:
        return np.empty(shape, smallest)
    types = [np.dtype(t) for t in (np.uint8, np.uint16, np.uint32)]
    check_out(out, shape, [t for t in types if t.itemsize >= smallest.itemsize])
    return out


def index_array(codes: ArrayLike, n_codewords: int) -> Array:
    """Return codes as a contiguous 1-D array of uint8, uint16 or uint32."""
    indices = np.asarray(codes)
    if indices.ndim != 1 or (indices.dtype.kind not in "ui" and indices.size):
        raise ValueError(
            "codes must be a 1-D array of integers, "
            f"got shape {indices.shape} and dtype {indices.dtype}"
        )
    if indices.dtype not in (np.uint8, np.uint16, np.uint32):
        if indices.size and (indices.min() < 0 or indices.max() >= n_codewords):
            raise_code_error(indices, n_codewords)
        indices = indices.astype(np.uint32)
    return np.ascontiguousarray(indices)


def raise_code_error(indices: Array, n_codewords: int) -> None:
    """Raise ValueError for codes that are out of range."""
    raise ValueError(
        f"codes must be from 0 to {n_codewords - 1}, one less than the number of codewords, "
        f"got values from {indices.min()} to {indices.max()}"
    )


def check_out(out: Array, shape: tuple[int, ...], dtypes: list[np.dtype[Any]]) -> None:
    """Raise ValueError unless `out` can take a result of this shape and one of these types."""
    if not isinstance(out, np.ndarray):
        got = type(out).__name__
    elif out.shape != shape or out.dtype not in dtypes:
        got = f"shape {out.shape} and dtype {out.dtype}"
    elif not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        got = "one that is not writable, contiguous and aligned"
    else:
        return
    names = " or ".join(str(dtype) for dtype in dtypes)
    raise ValueError(
        f"out must be a writable C-contiguous array of shape {shape} and dtype {names}, got {got}"
    )


def as_bytes(array: Array) -> Array:
    """Return the bytes of a C-contiguous array, 1-D, not copied."""
    return array.reshape(-1).view(np.uint8)
