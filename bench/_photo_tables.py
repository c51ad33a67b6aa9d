"""Codebooks and tables of photo mode: what follows from the choices of a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from _photo_features import BIT, UNIT, Trace
from _photo_model import (
    BIN,
    N_CELLS,
    N_CLASSES,
    N_DC_CLASSES,
    N_GROUPS,
    N_PARTS,
    N_SLOPES,
    N_STRETCH_CLASSES,
    Group,
    Kind,
    smoothed,
)
from numpy.typing import NDArray

from centnn.codebook import fit_codebook

Array = NDArray[Any]

N_SAMPLES = 60  # of a codeword, when codebooks begin
LEAST_USES = 3  # of a codeword, or it is moved
CELL_LEAST = 0.9  # error a coefficient, in units of s squared, from which stage 2 pays
ESCAPE_USES = 0.5  # pretended, of the escape
EMPTY = 255  # instead of the context of a block whose stretch is empty


@dataclass
class Samples:
    """The residuals of a group, and what they were coded by, where stretches are not empty.

    The classes of all stretches besides, and whether they are empty.
    """

    residuals: Array
    words: list[Array]
    classes: Array
    slopes: Array
    cells: Array
    stretches: Array
    is_empty: Array

    @classmethod
    def of(cls, traces: list[Trace], g: int, group: Group) -> Samples:
        """Gather what there is of a group."""
        place = slice(group.first, group.first + group.dim)
        residuals = np.concatenate([t.residuals[..., place].reshape(-1, group.dim) for t in traces])
        chosen = np.concatenate([t.chosen[..., g, :].reshape(-1, 4) for t in traces]).astype(int)
        stretches = chosen[chosen[:, 3] > 0, 3] - 1
        coded = chosen[:, 2] != EMPTY
        residuals, chosen = residuals[coded], chosen[coded]
        return cls(
            residuals,
            [chosen[:, 0], chosen[:, 1]],
            chosen[:, 2] // N_SLOPES,
            chosen[:, 2] % N_SLOPES,
            np.zeros(len(chosen), int),  # until they are known
            stretches // 2,
            stretches % 2 == 0,
        )


def begin_words(residuals: Array, n_words: int) -> Array:
    """Train a first codebook on vectors that are no noise: entropy-constrained CentNN."""
    large = residuals[np.linalg.norm(residuals, axis=1) > 1.5 * UNIT]
    if not len(large):  # of too few pictures
        large = 2 * UNIT * np.eye(residuals.shape[1])
    step = max(1, len(large) // (N_SAMPLES * n_words))
    large = large[::step].astype(np.float32)
    n = min(n_words, len(np.unique(large, axis=0)))
    book = fit_codebook(large, n, rate_weight=float(BIT), effort="fast")
    return fill(book.centers.astype(float), n_words)


def fill(words: Array, n_words: int) -> Array:
    """Return n_words codewords: these, then the first of them a little larger, and so on."""
    rounds = [words * 1.1**i for i in range(-(-n_words // max(len(words), 1)))]
    return np.concatenate(rounds)[:n_words]


def means(vectors: Array, numbers: Array, words: Array) -> tuple[Array, Array]:
    """Return the means of the vectors of each number, from 1 on, and their counts."""
    counts = np.bincount(numbers, minlength=len(words) + 1)[1:]
    sums = np.stack(
        [np.bincount(numbers, column, minlength=len(words) + 1)[1:] for column in vectors.T], axis=1
    )
    used = counts > 0
    result = words.copy()
    result[used] = sums[used] / counts[used, None]
    return result, counts


def move_unused(words: Array, counts: Array, errors: Array) -> None:
    """Put codewords of no use beside those with the largest errors."""
    dead = np.flatnonzero(counts < LEAST_USES)
    large = np.argsort(-errors, kind="stable")[: len(dead)]
    signs = np.where(np.arange(words.shape[1]) % 2, 1, -1)
    for to, from_ in zip(dead, large, strict=False):
        words[to] = words[from_] * 1.02 + 0.3 * UNIT * signs * (1 if to % 2 else -1)


def first_words(group: Group) -> Array:
    """Return the codewords of stage 1, the zero codeword first, as the resource has them."""
    return np.vstack([np.zeros((1, group.dim)), np.rint(group.words[0])])


def update_stage1(group: Group, samples: Samples, *, may_move: bool) -> None:
    """Replace codewords of stage 1 by the means of what they code."""
    words, numbers = group.words[0], samples.words[0].copy()
    numbers[numbers == len(words)] = 0  # the escape is no codeword
    second = np.vstack([np.zeros((1, group.dim)), np.rint(group.words[1])])[samples.words[1]]
    vectors = samples.residuals - np.where(first_words(group)[numbers] < 0, -second, second)
    found, counts = means(vectors, numbers, words)
    counts[-1] = LEAST_USES
    if may_move:
        table = np.vstack([np.zeros((1, group.dim)), words])
        off = ((vectors - table[numbers]) ** 2).sum(axis=1)
        errors = np.bincount(numbers, off, minlength=len(words) + 1)[1:]
        move_unused(found[:-1], counts[:-1], errors[:-1])
    found[-1] = 0
    group.words[0] = found


def update_cells(group: Group, samples: Samples, n_words2: int) -> None:
    """Sort codewords of stage 1 by the error that they leave."""
    if not n_words2:
        return
    words = np.vstack([np.zeros((1, group.dim)), group.words[0]])
    off = ((samples.residuals - words[samples.words[0]]) ** 2).sum(axis=1) / (group.dim * BIT)
    counts = np.bincount(samples.words[0], minlength=len(words))
    error = np.bincount(samples.words[0], off, minlength=len(words)) / np.maximum(counts, 1)
    octaves = 1 + np.floor(np.log2(np.maximum(error, CELL_LEAST) / CELL_LEAST))
    group.cells = np.where(error < CELL_LEAST, 0, octaves.clip(1, N_CELLS - 1)).astype(int)[1:]
    group.cells[-1] = 0


def update_stage2(group: Group, samples: Samples, n_words2: int) -> None:
    """Train stage 2 on what stage 1 leaves, or replace its codewords by means."""
    if not n_words2:
        return
    cells = np.concatenate([[0], group.cells])[samples.words[0]]
    words = first_words(group)[samples.words[0]][cells > 0]
    rests = (samples.residuals[cells > 0] - words) * np.where(words < 0, -1, 1)
    if not len(group.words[1]):
        group.words[1] = begin_words(rests, n_words2)
    else:
        group.words[1], _ = means(rests, samples.words[1][cells > 0], group.words[1])


def renumber(group: Group, samples: Samples, stage: int) -> None:
    """Sort codewords by the mean class of their contexts, so that bins are alike."""
    n = len(group.words[stage])
    if not n:
        return
    numbers = samples.words[stage]
    height = samples.classes if stage == 0 else samples.cells
    counts = np.bincount(numbers, minlength=n + 1)[1:]
    sums = np.bincount(numbers, height, minlength=n + 1)[1:]
    norms = np.linalg.norm(group.words[stage], axis=1)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), N_CLASSES)
    if stage == 0:
        mean[-1] = np.inf  # the escape stays the last
    order = np.lexsort((norms, mean))
    places = np.concatenate([[0], 1 + np.argsort(order)])
    group.words[stage] = group.words[stage][order]
    samples.words[stage] = places[numbers]
    if stage == 0:
        group.cells = group.cells[order] if len(group.cells) else np.zeros(n, int)


def count(shape: tuple[int, ...], *indices: Array) -> Array:
    """Return how often each combination of indices occurs."""
    places = np.ravel_multi_index(indices, shape)
    return np.bincount(places, minlength=int(np.prod(shape))).reshape(shape).astype(float)


def update_tables(group: Group, samples: Samples) -> None:
    """Count symbols in their contexts."""
    words, words2 = samples.words
    bins = (words + BIN - 1) // BIN
    contexts = samples.classes * N_SLOPES + samples.slopes
    group.bins = smoothed(count((N_CLASSES * N_SLOPES, BIN), contexts, bins), 40)
    n_bins = len(group.words[0]) // BIN
    inside = (words - 1) % BIN
    used = bins > 0
    by_class = count((n_bins, N_CLASSES), bins[used] - 1, samples.classes[used]) + 1e-9
    shares = np.cumsum(by_class, axis=1) / by_class.sum(axis=1, keepdims=True)
    group.cuts = np.stack(
        [(shares < part / N_PARTS).sum(axis=1) + 1 for part in range(1, N_PARTS)], axis=1
    ).clip(0, N_CLASSES)
    parts = (samples.classes[:, None] >= group.cuts[np.maximum(bins - 1, 0)]).sum(axis=1)
    group.in_bin = np.zeros((N_SLOPES, N_PARTS, n_bins, BIN))
    for bin_ in range(n_bins):
        of = bins == bin_ + 1
        counts = count((N_SLOPES, N_PARTS, BIN), samples.slopes[of], parts[of], inside[of])
        if bin_ == n_bins - 1:
            counts[..., -1] += ESCAPE_USES
        group.in_bin[:, :, bin_] = smoothed(counts, 20)
    n_bins2 = len(group.words[1]) // BIN
    if n_bins2 and not words2.any():  # stage 2 has just begun
        group.bins2 = np.tile(
            [0.5] + [0.5 / n_bins2] * n_bins2 + [0] * (15 - n_bins2), (N_CELLS, 1)
        )
        group.in_bin2 = np.ones((n_bins2, BIN))
    elif n_bins2:
        refined = samples.cells > 0
        bins2 = (words2[refined] + BIN - 1) // BIN
        group.bins2 = smoothed(count((N_CELLS, BIN), samples.cells[refined], bins2), 40)
        used = bins2 > 0
        inside = (words2[refined][used] - 1) % BIN
        group.in_bin2 = count((n_bins2, BIN), bins2[used] - 1, inside) + 0.5


def update_empties(group: Group, samples: Samples) -> None:
    """Count the stretches of each class that are empty."""
    counts = count((N_STRETCH_CLASSES, 2), samples.stretches, samples.is_empty.astype(int))
    group.empties = (counts[:, 1] + 0.5) / (counts.sum(axis=1) + 1)


def update_group(
    group: Group, samples: Samples, n_words2: int, *, may_move: bool, has_stage2: bool
) -> None:
    """Do all that follows from what a pass chose."""
    update_stage1(group, samples, may_move=may_move)
    update_cells(group, samples, n_words2 if has_stage2 else 0)
    samples.cells = np.concatenate([[0], group.cells])[samples.words[0]]
    update_empties(group, samples)
    update_stage2(group, samples, n_words2 if has_stage2 else 0)
    samples.words[1] = np.where(samples.cells > 0, samples.words[1], 0)
    for stage in range(2):
        renumber(group, samples, stage)
    update_tables(group, samples)


def update_dc(kind: Kind, traces: list[Trace]) -> None:
    """Count the symbols of first coefficients."""
    chosen = np.concatenate([t.chosen[..., N_GROUPS, :].reshape(-1, 4) for t in traces]).astype(int)
    kind.dc = smoothed(count((N_DC_CLASSES, 16), chosen[:, 1], chosen[:, 0]) + 0.01, 20)
