"""Equal samples: counting the distinct ones, and merging equal ones into weighted ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._keys import row_keys

Array = NDArray[Any]

# Samples are merged if fewer than this part of them are distinct: a weighted sample is a little
# more work than a plain one.
WORTHWHILE = 0.8

# Rows that are looked at first, spread evenly: merging cannot be worthwhile unless some of so many
# are equal, but for samples of millions of which each comes twice.
PROBE = 4096

# Elements gathered in one step when sorted rows are compared.
STEP = 1 << 18

# Rows of so many bytes have keys that differ if the rows do.
EXACT_BYTES = 8


def count_distinct(X: Array, limit: int) -> int:
    """Count the distinct rows of X (N, D), but not beyond `limit`; read no more than that asks."""
    seen = np.empty(0, dtype=np.uint64)
    start, step = 0, 2 * limit
    while start < len(X) and len(seen) < limit:
        seen = np.unique(np.concatenate([seen, row_keys(X[start : start + step])]))
        start += step
        step *= 2
    return min(len(seen), limit)


def check_distinct(X: Array, n_clusters: int, n_samples: int | None = None) -> None:
    """Raise ValueError unless X (N, D) has at least n_clusters distinct rows.

    If X is made of other samples, `n_samples` is the number of these.
    """
    found = count_distinct(X, n_clusters)
    check_enough_distinct(found, len(X) if n_samples is None else n_samples, n_clusters)


def check_enough_distinct(found: int, n_samples: int, n_clusters: int) -> None:
    """Raise ValueError unless the number of distinct samples is at least n_clusters."""
    if found < n_clusters:
        raise ValueError(
            "n_clusters must be at most the number of distinct samples, "
            f"got n_clusters={n_clusters} with n_samples={n_samples} of which {found} "
            f"{'is' if found == 1 else 'are'} distinct"
        )


def merge(X: Array, weights: NDArray[np.float64] | None) -> tuple[Array, Array | None]:
    """Return the distinct rows of X (N, D) and the sum of the weights of each, where that pays.

    Rows are in the order in which they first appear. Where it does not pay, X and `weights` come
    back as they are; None stands for weights of 1.
    """
    probe = row_keys(X[:: max(1, len(X) // PROBE)])
    if len(np.unique(probe)) == len(probe):
        return X, weights
    order, starts = _sorted(X)
    if len(starts) > WORTHWHILE * len(X):
        return X, weights
    return _merged(X, weights, order, starts)


def distinct(X: Array, weights: NDArray[np.float64] | None) -> tuple[Array, NDArray[np.float64]]:
    """Return what `merge` does, even where it does not pay."""
    return _merged(X, weights, *_sorted(X))


def _sorted(X: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return an order in which equal rows follow each other, and where in it others start."""
    keys = row_keys(X)
    order = _order(keys)
    return order, np.flatnonzero(_is_new(X, keys, order))


def _merged(
    X: Array,
    weights: NDArray[np.float64] | None,
    order: NDArray[np.intp],
    starts: NDArray[np.intp],
) -> tuple[Array, NDArray[np.float64]]:
    """Return each first row of equal ones and their weight, in the order in which they appear."""
    if weights is None:
        totals = np.diff(starts, append=len(X)).astype(np.float64)
    else:
        totals = np.add.reduceat(weights[order], starts)
    first = order[starts]
    rank = np.argsort(first)
    return np.ascontiguousarray(X[first[rank]]), totals[rank]


def _order(keys: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Return the order in which keys rise, equal ones by their index."""
    index_bits = (len(keys) - 1).bit_length()
    if int(keys.max()).bit_length() + index_bits > 64:
        return np.argsort(keys, kind="stable")
    # Numbers sort several times faster than places do.
    packed = keys << np.uint64(index_bits)
    packed |= np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    packed &= np.uint64((1 << index_bits) - 1)
    return packed.view(np.int64).astype(np.intp, copy=False)


def _is_new(X: Array, keys: NDArray[np.uint64], order: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell for each row in this order whether it differs from the one before."""
    new = np.ones(len(X), dtype=bool)
    sorted_keys = keys[order]
    np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=new[1:])
    if X.dtype.itemsize * X.shape[1] > EXACT_BYTES:
        alike = np.flatnonzero(~new)
        step = max(1, STEP // X.shape[1])
        for start in range(0, len(alike), step):
            part = alike[start : start + step]
            new[part] = (X[order[part]] != X[order[part - 1]]).any(axis=1)
    return new
