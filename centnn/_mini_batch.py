"""Training on a stream of mini-batches: Park's winner and loser moves on what arrives.

After D.-C. Park, "Centroid neural network for unsupervised competitive learning", IEEE Transactions
on Neural Networks 11(2), 2000: samples are taken one after the other; the nearest centroid wins a
sample and moves towards it, and the one that had it moves away, so that each is the mean of what
it has. A batch is gone once it has been learnt, which asks for what is not in the article:

* Older batches count less: before a batch of weight B all that is known fades by T / (T + B), T
  being the weight of the stream so far, so that the n-th batch counts as n. What was learnt before
  the centroids had found their places is forgotten in the end.
* Splits: Park adds a centroid beside the one with the largest error, and samples move over to it.
  Those of former batches cannot. So each centroid has two halves, a 2-means of its samples that
  goes along (`_moves`). A split takes the centroid where the halves say that it gains most, and
  puts a centroid on each of them, with the weight that it has.
* Searching: samples are searched for in slices, with the centroids as they are before a slice.
  The winner is then the one of the nearest two, and of the one that has the sample, with which it
  adds least to the error; centroids of little weight come to meet it (Hartigan's criterion).
* Relocation: what the first batches look like is not what all look like. After each batch,
  centroids whose removal would cost about a third of what another's split would gain go there.
  The cost is the sum over the samples of how much farther away the second nearest centroid is.

No randomness, and the same bits at any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._moves import Moves
from centnn.quantizer import quantize

Array = NDArray[Any]
Floats = NDArray[np.float64]

SLICE = 1024  # samples that are searched for at once
GROWTH = 1.1  # a batch's samples settle each time that there are so many times more centroids
EVIDENCE = 2  # samples so far for each centroid, at least
# Relocation: removals cost less than this part of what they gain; the cost is believed after so
# many samples of the stream for each centroid, the gain after so many samples of the cluster.
CHEAPER = 0.35
ENOUGH_OF_STREAM = 16
ENOUGH_OF_CLUSTER = 12


@dataclass
class State:
    """What is known of the stream so far, in float64: k centroids, 2 k halves."""

    centers: Floats
    """(k, D)"""
    weights: Floats
    """(k,) weight of each centroid's samples"""
    halves: Floats
    """(2 k, D), those of centroid j at 2 j and 2 j + 1"""
    half_weights: Floats
    """(2 k,) weight of each half's samples, 0 for a half that is yet to start"""
    rise: Floats
    """(k,) by how much the error would rise without the centroid"""
    seen: Floats
    """(k,) number of samples that `rise` tells of"""
    age: Floats
    """(k,) number of samples of the stream since `seen` was 0"""
    dtype: np.dtype[Any]
    """The type in which centroids are searched and given to others."""
    exponent: int = 0
    """Centroids and halves are those of samples * 2**-exponent, whose squares float64 can hold."""
    n_samples: int = 0
    weight: float = 0.0
    """Of all samples so far."""

    def found(self) -> Array:
        """Return the centroids as others see them."""
        return np.ldexp(self.centers, self.exponent).astype(self.dtype)

    def copy(self) -> State:
        """Return a state of its own."""
        arrays = {k: v.copy() for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return State(**(vars(self) | arrays))


def start(
    centers: Array, weights: Floats, dtype: np.dtype[Any], n_samples: int, exponent: int
) -> State:
    """Return the state in which centers (k, D) are the means of n_samples of weights (k,)."""
    k, d = centers.shape
    return State(
        centers=np.ldexp(np.array(centers, np.float64, order="C"), -exponent),
        weights=np.array(weights, np.float64),
        halves=np.zeros((2 * k, d)),
        half_weights=np.zeros(2 * k),
        rise=np.zeros(k),
        seen=np.zeros(k),
        age=np.zeros(k),
        dtype=dtype,
        n_samples=n_samples,
        weight=float(weights.sum()),
        exponent=exponent,
    )


def learn(state: State, samples: Floats, weights: Floats, n_clusters: int, n_threads: int) -> None:
    """Learn a mini-batch: samples (n, D) with positive weights (n,)."""
    if state.exponent:
        samples = np.ldexp(samples, -state.exponent)
    clusters = np.zeros(len(samples), np.int32)
    sides = np.zeros(len(samples), np.int8)

    def each_slice(move: Callable[..., None]) -> None:
        for i in range(0, len(samples), SLICE):
            part = slice(i, i + SLICE)
            codes = _two_nearest(state, samples[part], n_threads)
            move(samples[part], weights[part], codes, clusters[part], sides[part])

    _fade(state, float(weights.sum()))
    state.n_samples += len(samples)
    limit = min(n_clusters, max(1, state.n_samples // EVIDENCE))
    each_slice(Moves(state).take_in)
    each_slice(Moves(state).settle)
    while len(state.centers) < limit and _grow(state, limit, clusters, sides):
        each_slice(Moves(state).settle)
    state.age += len(samples)
    _relocate(state)


def _two_nearest(state: State, samples: Floats, n_threads: int) -> NDArray[np.int32]:
    """Return the nearest and the second nearest centroid of each sample, (n, 2)."""
    if len(state.centers) == 1:
        return np.zeros((len(samples), 2), np.int32)
    centers = state.centers.astype(state.dtype)
    found = quantize(samples.astype(state.dtype), centers, n_nearest=2, n_threads=n_threads)
    return found.astype(np.int32)


def _fade(state: State, weight: float) -> None:
    """Let what is known count less, before a batch of this weight."""
    part = state.weight / (state.weight + weight)
    for known in (state.weights, state.half_weights, state.rise, state.seen, state.age):
        known *= part
    state.weight += weight


def _grow(state: State, limit: int, clusters: NDArray[np.int32], sides: NDArray[np.int8]) -> bool:
    """Split the centroids where that gains most; tell whether there are any."""
    k = len(state.centers)
    known = state.half_weights.reshape(-1, 2).sum(axis=1)
    gains = Moves(state).gains()
    gains = np.divide(gains * state.weights, known, out=np.zeros(k), where=gains > 0)
    n_new = min(limit - k, max(1, int(k * (GROWTH - 1))), int(np.count_nonzero(gains)))
    split = np.argsort(-gains, kind="stable")[:n_new]
    _append(state, n_new)
    new_of = np.full(k, -1, np.int32)
    new_of[split] = np.arange(k, k + n_new)
    for j in split:
        _divide(state, j, new_of[j])
    of_split = new_of[clusters] >= 0
    moved = of_split & (sides == 1)
    clusters[moved] = new_of[clusters[moved]]
    sides[of_split] = -1
    return n_new > 0


def _append(state: State, n: int) -> None:
    """Make room for n centroids more."""
    for name, value in vars(state).items():
        if isinstance(value, np.ndarray):
            n_rows = 2 * n if name in ("halves", "half_weights") else n
            setattr(state, name, np.concatenate([value, np.zeros((n_rows, *value.shape[1:]))]))


def _divide(state: State, j: int, other: int) -> None:
    """Put centroid j on the first of its halves and another one on the second."""
    first, second = state.half_weights[2 * j : 2 * j + 2]
    part = state.weights[j] / (first + second)
    state.centers[[j, other]] = state.halves[2 * j : 2 * j + 2]
    state.weights[[j, other]] = first * part, second * part
    for i in (j, other):
        state.half_weights[2 * i : 2 * i + 2] = 0
        state.rise[i] = state.seen[i] = state.age[i] = 0


def _relocate(state: State) -> None:
    """Move centroids that are worth little to where a split gains more."""
    k = len(state.centers)
    moves = Moves(state)
    gains = np.where(state.seen >= ENOUGH_OF_CLUSTER, moves.gains() / state.age, 0)
    costs = np.where(state.age >= ENOUGH_OF_STREAM * k, state.rise / state.age, np.inf)
    dearest = np.argsort(-gains, kind="stable")
    n_split = 0
    is_done = np.zeros(k, dtype=bool)
    for i in np.argsort(costs, kind="stable"):
        while n_split < k and is_done[dearest[n_split]]:
            n_split += 1
        if n_split == k:
            break
        j = dearest[n_split]
        if i == j or not costs[i] < CHEAPER * gains[j]:
            break
        if is_done[i]:
            continue
        heir = moves.nearest_other(i)
        if is_done[heir]:
            continue
        _bequeath(state, i, heir)
        _divide(state, j, i)
        is_done[[i, j, heir]] = True


def _bequeath(state: State, i: int, heir: int) -> None:
    """Give what centroid i has to another one."""
    weight = state.weights[i] + state.weights[heir]
    step = (state.centers[i] - state.centers[heir]) * (state.weights[i] / weight)
    state.centers[heir] += step
    state.weights[heir] = weight
