"""The last resort: clusters whose samples are distinct, but not by the distances of training.

Splitting finds no axis where differences vanish in the rounding of the offset, underflow when they
are squared, or are missing from the members that a proposal looks at. Where that leaves too few
codewords, groups of equal samples are given codewords of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def complete(
    samples: Array, labels: NDArray[np.int32], n_codewords: int, n_clusters: int
) -> NDArray[np.int32]:
    """Return labels of n_clusters clusters: split those with distinct samples, largest first."""
    labels = labels.copy()
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels, minlength=n_codewords)
    members = np.split(order, np.cumsum(sizes)[:-1])
    for j in np.argsort(-sizes, kind="stable"):
        if n_codewords == n_clusters:
            break
        _, group = np.unique(samples[members[j]], axis=0, return_inverse=True)
        # Group 0 stays; the last new codeword takes what is left.
        group = np.minimum(group.reshape(-1), n_clusters - n_codewords)
        labels[members[j][group > 0]] = n_codewords + group[group > 0] - 1
        n_codewords += int(group.max())
    return labels
