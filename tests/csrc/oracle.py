"""The slow and obvious oracle."""

import numpy as np
from library import lib


def all_distances(x, codebook):
    """Return the distance of each row to each codeword, (N, K), by oracle.c."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    c = np.ascontiguousarray(codebook, dtype=np.float64)
    out = np.empty((len(x), len(c)))
    lib.oracle(len(x), len(c), x.shape[1], x.ctypes.data, c.ctypes.data, out.ctypes.data)
    return out


def nearest(x, codebook):
    """Return codes, distances and second smallest distances.

    NumPy's argmin takes the first NaN, as the library takes code 0.
    """
    distances = all_distances(x, codebook)
    codes = distances.argmin(1)
    ordered = np.sort(distances, 1)
    second = ordered[:, 1] if distances.shape[1] > 1 else np.full(len(x), np.inf)
    return codes, distances[np.arange(len(x)), codes], second
