"""Indexes of faiss with the codewords of this library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import faiss

Array = NDArray[Any]


def flat_index(codewords: Array) -> faiss.IndexFlatL2:
    """Return an index of codewords (K, D)."""
    library = _import()
    index: faiss.IndexFlatL2 = library.IndexFlatL2(codewords.shape[1])
    index.add(np.ascontiguousarray(codewords, np.float32))
    return index


def product_index(codewords: Array) -> faiss.IndexPQ:
    """Return an empty index with codewords (m, K, D / m)."""
    library = _import()
    m, k, d = codewords.shape
    n_bits = max(1, (k - 1).bit_length())
    # Copies of the first codeword never win: faiss keeps the first of equals.
    spare = np.repeat(codewords[:, :1], (1 << n_bits) - k, axis=1)
    index: faiss.IndexPQ = library.IndexPQ(m * d, m, n_bits)
    whole = np.concatenate([codewords, spare], axis=1).astype(np.float32)
    library.copy_array_to_vector(whole.reshape(-1), index.pq.centroids)
    index.is_trained = True
    return index


def _import() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise ImportError("to_faiss needs faiss: pip install faiss-cpu") from error
    return faiss
