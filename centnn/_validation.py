"""Checks of arguments: everything below this module trusts its input."""

from __future__ import annotations

import numbers
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _search

Array = NDArray[Any]

# Sample types that are searched as they are; any other real type is converted to float64.
SAMPLE_TYPES = (np.uint8, np.uint16, np.float16, np.float32, np.float64)

# Values looked at in one step when an array is scanned, so that no scan needs a second array.
SCAN = 1 << 20


def is_dask(X: Any) -> bool:
    """Tell whether X is an array of dask's, which is not imported for that."""
    library = sys.modules.get("dask.array")
    return library is not None and isinstance(X, library.Array)


def check_in_memory(X: Any, name: str) -> None:
    """Raise TypeError if X is an array of dask's, all of which would be loaded."""
    if is_dask(X):
        raise TypeError(
            f"{name} must be an array in memory here, got a dask array: compute() loads one"
        )


def samples(X: ArrayLike, name: str = "X") -> Array:
    """Return X as a finite (N, D) array of a sample type, N, D >= 1; not copied if it is one."""
    array = matrix(X, name)
    if len(array) == 0:
        raise ValueError(
            f"{name} must be a 2-D array of at least 1 sample, got shape {array.shape}"
        )
    check_finite(array, name)
    return array


def matrix(X: ArrayLike, name: str) -> Array:
    """Return X as an (N, D) array of a sample type, D >= 1; not copied if it is one."""
    array = real_array(X, name)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"{name} must be a 2-D array of shape (n_samples, n_features), n_features at least 1, "
            f"got shape {array.shape}{_advice(array.shape)}"
        )
    return array


def check_features(X: Array, centers: Array) -> None:
    """Raise ValueError unless X (N, D) has as many features as the codewords (K, D)."""
    if X.shape[1] != centers.shape[1]:
        raise ValueError(
            f"X must have as many features as the codebook has, {centers.shape[1]}, "
            f"got {X.shape[1]}"
        )


def _advice(shape: tuple[int, ...]) -> str:
    """Return what scikit-learn says of an array of such a shape."""
    if len(shape) == 1:
        return (
            ". Reshape your data: array.reshape(-1, 1) if it has a single feature, "
            "array.reshape(1, -1) if it is a single sample"
        )
    if len(shape) == 2:
        return f": 0 feature(s) (shape={shape}) while a minimum of 1 is required."
    return ""


def real_array(X: ArrayLike, name: str) -> Array:
    """Return X as an array of a sample type, native byte order."""
    check_in_memory(X, name)
    if hasattr(X, "tocsr"):
        raise TypeError(
            f"Sparse data was passed for {name}, but dense data is required. "
            "Use '.toarray()' to convert to a dense numpy array."
        )
    try:
        array = np.asarray(X)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except TypeError as error:
        raise TypeError(f"{name} must be an array of real numbers: {error}") from error
    except ValueError as error:
        raise ValueError(f"{name} must be an array of real numbers: {error}") from error
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} must be an array of real numbers, "
            f"got dtype {array.dtype}"
        )
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    if array.dtype.type not in SAMPLE_TYPES:
        return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def check_finite(array: Array, name: str, first_row: int = 0) -> None:
    """Raise ValueError if an (N, D) array, whose rows count from first_row, has NaN or infinity."""
    if array.dtype.kind != "f":
        return
    step = max(1, SCAN // array.shape[1])
    for start in range(0, len(array), step):
        rows = array[start : start + step]
        finite = np.isfinite(rows)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise ValueError(
                f"{name} must hold finite numbers only, got {rows[row, column]} "
                f"in row {first_row + start + row}, column {column} (no NaN, no infinity)"
            )


def check_layout(
    array: Any, name: str, shape: tuple[int | str, ...], dtypes: tuple[type[np.generic], ...]
) -> None:
    """Raise ValueError unless an array has such a shape, a name being any length, and type."""
    if not isinstance(array, np.ndarray):
        got = type(array).__name__
    elif (
        array.ndim == len(shape)
        and all(isinstance(n, str) or n == own for n, own in zip(shape, array.shape, strict=True))
        and array.dtype in dtypes
    ):
        return
    else:
        got = f"shape {array.shape} and dtype {array.dtype}"
    sides = "".join(f"{n}, " for n in shape).removesuffix(" " if len(shape) == 1 else ", ")
    names = " or ".join(np.dtype(dtype).name for dtype in dtypes)
    raise ValueError(f"{name} must be an ndarray of shape ({sides}) and dtype {names}, got {got}")


def sample_weights(sample_weight: ArrayLike | None, n_samples: int) -> NDArray[np.float64]:
    """Return weights as (N,) float64, none negative, not all zero; None gives ones."""
    if sample_weight is None:
        return np.ones(n_samples)
    weights = real_array(sample_weight, "sample_weight").astype(np.float64)
    if weights.ndim == 0:
        weights = np.full(n_samples, weights)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), one weight a sample, "
            f"got shape {weights.shape}"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            "sample_weight must be finite, at least 0 and not zero everywhere, "
            f"got values from {weights.min()} to {weights.max()}"
        )
    return weights


def initial_centers(
    init: ArrayLike, shape: tuple[int, int], precision: type[np.floating[Any]]
) -> NDArray[np.float64]:
    """Return init as finite codewords of this shape (K, D), rounded to the precision."""
    array = real_array(init, "init")
    if array.shape != shape:
        raise ValueError(f"init must have shape (n_clusters, D), {shape}, got shape {array.shape}")
    check_finite(array, "init")
    return _rounded(array, "init", precision)


def fixed_centers(
    fixed: ArrayLike, shape: tuple[int, int], precision: type[np.floating[Any]]
) -> NDArray[np.float64]:
    """Return fixed as finite codewords, rounded to the precision and distinct then.

    They are at most K of D, shape being (K, D).
    """
    array = samples(fixed, "fixed")
    if array.shape[1] != shape[1] or len(array) > shape[0]:
        raise ValueError(
            f"fixed must have shape (F, D), F at most n_clusters, {shape[0]}, and D {shape[1]}, "
            f"got shape {array.shape}"
        )
    array = _rounded(array, "fixed", precision)
    if len(np.unique(array, axis=0)) < len(array):
        raise ValueError(
            f"fixed must hold codewords that are distinct in {np.dtype(precision)}, "
            f"got {len(array)} with equal ones"
        )
    return array


def _rounded(codewords: Array, name: str, precision: type[np.floating[Any]]) -> NDArray[np.float64]:
    """Return finite codewords (K, D) as the nearest numbers that the precision has."""
    with np.errstate(over="ignore"):
        rounded = codewords.astype(precision).astype(np.float64)
    if not np.isfinite(rounded).all():
        row, column = np.argwhere(~np.isfinite(rounded))[0]
        raise ValueError(
            f"{name} must hold numbers that {np.dtype(precision)} has, the type of the codebook, "
            f"got {codewords[row, column]} in row {row}, column {column}"
        )
    return rounded


def one_of(value: str, name: str, choices: tuple[str, ...]) -> str:
    """Return value if it is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return value


def non_negative(value: Any, name: str) -> float:
    """Return value as a finite float of at least 0."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")
    return float(value)


def between(value: Any, name: str, least: float, most: float) -> float:
    """Return value as a float from `least` to `most`."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not least <= value <= most:
        raise ValueError(f"{name} must be a number from {least:g} to {most:g}, got {value!r}")
    return float(value)


def integer(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Return value as an int of at least `least`, and of at most `most` if that is given."""
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_integer or value < least or (most is not None and value > most):
        limit = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be an integer {limit}, got {value!r}")
    return int(value)


def flag(value: Any, name: str) -> bool:
    """Return value as a bool, which it must be."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def verbosity(value: Any) -> int:
    """Return a value of verbose as an int of at least 0; True and False are good, too."""
    return integer(int(value) if isinstance(value, bool | np.bool_) else value, "verbose", 0)


def function_or_none(value: Any, name: str) -> Any:
    """Return value, which must be callable or None."""
    if value is not None and not callable(value):
        raise ValueError(f"{name} must be a function or None, got {value!r}")
    return value


def thread_count(n_threads: int | None) -> int:
    """Return the number of threads to use; None means all that OpenMP would use."""
    wanted = int(_search.max_threads()) if n_threads is None else integer(n_threads, "n_threads", 1)
    return 1 if _in_forked_process else wanted


def _note_fork() -> None:
    global _in_forked_process
    _in_forked_process = True


# OpenMP's threads do not survive a fork, and gcc's library waits for them for ever.
_in_forked_process = False
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
