"""The model of photo mode while it is trained, and the resource that holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

VERSION = 2
DIMS = (2, 3, 2, 2, 2, *[3] * 16, 4)
FIRSTS = tuple(int(first) for first in 1 + np.concatenate([[0], np.cumsum(DIMS)[:-1]]))
N_GROUPS = len(DIMS)
BIN = 16
N_CLASSES, N_SLOPES, N_PARTS, N_CELLS = 16, 3, 3, 8
N_FEATURES, N_NEIGHBOURS, LANES = 32, 6, 16
N_DC_CLASSES, N_TEXTURES, N_TAPS = 16, 4, 4
N_STRETCH_CLASSES = 24
EMPTY_LEAST, EMPTY_UNIT = 64, 128  # slots of empty stretches: the least, and a step
WORD_LIMIT, TAP_LIMIT, PREDICT_LIMIT = 8191, 31, 32767
PREDICT_ONE, CONTEXT_ONE = 1 << 14, 128


def tables(probabilities: Array) -> NDArray[np.uint8]:
    """Return tables (..., 16) as in the resource: weights, (16 + low half) << high half."""
    share = probabilities / probabilities.max(axis=-1, keepdims=True)
    weights = np.maximum(share * (31 << 15), 16)
    exponents = np.minimum(np.floor(np.log2(weights / 16)), 15)
    mantissas = np.rint(weights / 2**exponents - 16)
    carried = (mantissas > 15) & (exponents < 15)
    exponents, mantissas = exponents + carried, np.where(carried, 0, np.minimum(mantissas, 15))
    return np.asarray(16 * exponents + mantissas, np.uint8)


def smoothed(counts: Array, weight: float) -> Array:
    """Return probabilities (..., 16): counts, and `weight` more spread as all counts together."""
    everywhere = counts.sum(axis=tuple(range(counts.ndim - 1))) + 0.02
    everywhere = everywhere / everywhere.sum()
    return np.asarray(
        (counts + weight * everywhere) / (counts.sum(axis=-1, keepdims=True) + weight)
    )


@dataclass
class Group:
    """What is known of a group of coefficients."""

    dim: int
    first: int
    words: list[Array]
    """Codewords of both stages, (n, dim) in sixteenths; none of them is the zero codeword."""
    cells: Array
    """How large an error each codeword of stage 1 leaves, as one of N_CELLS."""
    contexts: Array = field(default_factory=lambda: np.zeros(N_FEATURES))
    predictors: Array = field(default_factory=lambda: np.zeros(0))
    bins: Array = field(default_factory=lambda: np.ones((N_CLASSES * N_SLOPES, BIN)))
    bins2: Array = field(default_factory=lambda: np.ones((N_CELLS, BIN)))
    cuts: Array = field(default_factory=lambda: np.zeros((0, 2), int))
    in_bin: Array = field(default_factory=lambda: np.ones((N_SLOPES, N_PARTS, 0, BIN)))
    in_bin2: Array = field(default_factory=lambda: np.ones((0, BIN)))
    escape: Array = field(default_factory=lambda: 0.75 ** np.arange(16.0))
    empties: Array = field(default_factory=lambda: np.full(N_STRETCH_CLASSES, 0.5))
    """The share of stretches of each class that are empty."""

    @classmethod
    def empty(cls, number: int) -> Group:
        """Return a group without codewords."""
        dim = DIMS[number]
        group = cls(dim, FIRSTS[number], [np.zeros((0, dim))] * 2, np.zeros(0, int))
        group.predictors = np.zeros((dim, N_NEIGHBOURS, LANES))
        return group

    def magnitudes(self) -> Array:
        """Return norms of the codewords of stage 1 in eighths of s, the zero codeword first."""
        norms = np.rint(np.linalg.norm(np.rint(self.words[0]), axis=1) / 2).clip(1, 255)
        norms[-1:] = 255  # the escape
        return np.concatenate([[0], norms])

    def numbers(self) -> list[Array]:
        """Return what the resource holds of it, in order."""
        parts: list[Array] = []
        for words in self.words:
            rounded = np.rint(words).clip(-WORD_LIMIT, WORD_LIMIT)
            parts += [np.uint8([len(words) // BIN]), rounded.astype("<i2")]
        contexts = np.rint(self.contexts * CONTEXT_ONE).clip(0, 127)
        parts += [np.uint8(part) for part in (self.magnitudes()[1:], self.cells, contexts)]
        predictors = np.rint(self.predictors * PREDICT_ONE).clip(-PREDICT_LIMIT, PREDICT_LIMIT)
        parts += [predictors.astype("<i2"), tables(self.bins), tables(self.bins2)]
        parts += [np.uint8(self.cuts), tables(self.in_bin), tables(self.in_bin2)]
        empties = np.rint((self.empties * (1 << 15) - EMPTY_LEAST) / EMPTY_UNIT).clip(0, 255)
        return [*parts, tables(self.escape), np.uint8(empties)]


@dataclass
class Kind:
    """What is known of luma or of chroma."""

    groups: list[Group] = field(
        default_factory=lambda: [Group.empty(number) for number in range(N_GROUPS)]
    )
    dc: Array = field(default_factory=lambda: np.tile(0.75 ** np.arange(16.0), (N_DC_CLASSES, 1)))
    taps: Array = field(default_factory=lambda: np.zeros((N_TEXTURES, 8, N_TAPS, 8)))

    def numbers(self) -> list[Array]:
        """Return what the resource holds of it, in order."""
        parts = [part for group in self.groups for part in group.numbers()]
        return [*parts, tables(self.dc), self.taps.astype("<i2")]


def resource(kinds: list[Kind]) -> bytes:
    """Return the resource of models of luma and chroma."""
    parts = [np.uint8([VERSION]), *(part for kind in kinds for part in kind.numbers())]
    return b"".join(part.tobytes() for part in parts)
