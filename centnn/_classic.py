"""When to split: after epochs in which nothing moves (`classic`), or little does (`entropy`).

What an epoch and a split are is in `_winner_loser`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._winner_loser import WinnerLoser, check_signals

__all__ = ["train"]

Floats = NDArray[np.float64]

# How far apart two centroids begin, in each component.
EPSILON = 0.05
# Epochs are calm whose movement is at most so many times the baseline, see `Calm`.
CALM = 2.0
# Calm epochs in a row before a split.
PATIENCE = 2
# The least baseline, as a part of the samples' spread.
LEAST_MOVEMENT = 1e-3


class Calm:
    """Tells after which epochs `entropy` splits although samples still move.

    They are the last of `PATIENCE` epochs in a row in each of which the centroids moved by at most
    `CALM` times a baseline in total. That is the movement of epoch 0; after each split, the largest
    of the distance of the new centroid from the old, the movement of the epoch before, and
    what is the least for these samples.
    """

    def __init__(self, samples: Floats, weights: Floats, movement: float) -> None:
        mean = np.average(samples, axis=0, weights=weights)
        # One component at a time: less memory.
        variances = [
            np.average((x - m) ** 2, weights=weights) for x, m in zip(samples.T, mean, strict=True)
        ]
        spread = np.sqrt(np.sum(variances))
        self.least = max(EPSILON * np.sqrt(samples.shape[1]), LEAST_MOVEMENT * spread)
        self.baseline = movement
        self.epochs = 0

    def note(self, movement: float) -> bool:
        """Take note of an epoch; tell whether enough of them were calm."""
        self.epochs = self.epochs + 1 if movement <= CALM * self.baseline else 0
        return self.epochs >= PATIENCE

    def restart(self, displacement: float, movement: float) -> None:
        """Take note of a split, after an epoch of so much movement."""
        self.baseline = max(displacement, movement, self.least)
        self.epochs = 0


def train(
    samples: Floats,
    weights: Floats,
    n_clusters: int,
    on_epoch: Callable[[int, int, float], bool],
    *,
    early: bool = False,
    init: Floats | None = None,
    check: Callable[[], None] = check_signals,
    n_threads: int = 1,
) -> tuple[Any, Any, Any, int]:
    """Train with `classic`; return (centroids, labels, weights of the clusters, epochs).

    samples is (n, d) and weights (n,), float64, all weights positive, at least n_clusters distinct
    samples. `on_epoch(epochs, k, error)` is called after each epoch; training ends when it
    returns True. `check()` is called several times a second and may raise an exception.

    With `init` (k, d), k <= n_clusters, epoch 0 gives each sample to its nearest of these, in
    `n_threads` threads; each then becomes the mean of its samples, but for those without samples,
    which are left out: the codebook grows to n_clusters as it does in any other case.

    With `early`, train with `entropy`: split after calm epochs, too.
    """
    if n_clusters == 1:
        mean = np.average(samples, axis=0, weights=weights)
        return mean[None, :], np.zeros(len(samples), np.int32), weights.sum(keepdims=True), 0
    state = _begin(samples, weights, n_clusters, init, check, n_threads)
    calm = Calm(samples, weights, state.movement) if early else None
    moves, epochs, is_calm = len(samples), 1, False
    while not on_epoch(epochs, state.n_centroids, state.error):
        if moves == 0 and state.n_centroids == n_clusters and state.first_empty() < 0:
            break
        if moves == 0 or (is_calm and state.n_centroids < n_clusters):
            displacement = state.split(EPSILON)
            if displacement == 0:
                raise ValueError("X must have distances whose squares are not 0 in float64")
            if calm is not None:
                calm.restart(displacement, state.movement)
        moves = state.epoch(check)
        is_calm = calm is not None and calm.note(state.movement)
        epochs += 1
    return *state.result(), epochs


def _begin(
    samples: Floats,
    weights: Floats,
    n_clusters: int,
    init: Floats | None,
    check: Callable[[], None],
    n_threads: int,
) -> WinnerLoser:
    """Do epoch 0."""
    state = WinnerLoser(samples, weights, n_clusters)
    if init is not None:
        state.start_at(init, check, n_threads)
        return state
    mean = np.average(samples, axis=0, weights=weights)
    state.add_centroid(mean + EPSILON)
    state.add_centroid(mean - EPSILON)
    state.adopt(check)
    return state
