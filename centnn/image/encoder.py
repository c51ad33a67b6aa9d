"""From the pixels of a plane to its codebook, its codes and the model that codes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._duplicates import count_distinct
from centnn._monitor import Callback
from centnn.codebook import Codebook, fit_codebook
from centnn.image import _context, coarsening, context
from centnn.image.blocks import block_grid, to_blocks
from centnn.image.codewords import Codewords
from centnn.image.context import ContextModel
from centnn.image.integers import Writer
from centnn.image.version2 import PlaneBook, PlaneCodes
from centnn.quantizer import quantize

__all__ = ["PlaneOptions", "encode_plane", "encode_with_book", "train_plane"]

Array = NDArray[Any]

# Codewords that a block chooses from when the bits of its code count.
N_CANDIDATES = 8
RATE_ROUNDS = 8
CODING_ROUNDS = 2  # with a given codebook
# The rate weight that is derived, by the mean squared error of a sample without any, is this where
# codewords cost nothing, and half of it where a sixteenth as many codewords as blocks are asked
# for: the bits of a codebook make a lower error by more codewords dear.
AUTO_WEIGHT = 5.6
BOOK_SHARE = 16


@dataclass(frozen=True)
class PlaneOptions:
    """How to code a plane."""

    n_codewords: int
    """Codewords to train."""
    block: tuple[int, int]
    """Height and width of a block."""
    effort: str = "balanced"
    """How long to train, as for `fit_codebook`."""
    rate_weight: float | None = 0.0
    """What a bit is worth: so much sum of squared differences; None to derive it."""
    n_threads: int | None = None
    """Threads to use."""
    callback: Callback | None = None
    """Called during the training."""


def encode_plane(pixels: Array, options: PlaneOptions) -> PlaneCodes:
    """Code a plane (H, W, C) with a codebook of its own."""
    samples = _Samples([pixels], options)
    book = samples.train()
    return PlaneCodes(book, samples.planes()[0])


def train_plane(planes: list[Array], options: PlaneOptions) -> PlaneBook:
    """Train a codebook on planes (H, W, C) of several images."""
    return _Samples(planes, options).train()


def encode_with_book(pixels: Array, book: PlaneBook, options: PlaneOptions) -> PlaneCodes:
    """Code a plane (H, W, C) with a given codebook; a model of its own where that is shorter."""
    samples = _Samples([pixels], options)
    samples.code_with(book)
    borders = _context.Borders(book.codewords, samples.depth)
    (codes,) = samples.planes()
    own = context.fit(borders, [codes], len(book.codewords))
    writer = Writer()
    own.write(writer)
    own_bytes = len(writer.to_bytes()) + sum(map(len, own.encode(borders, codes, 1)))
    if own_bytes < sum(map(len, book.model.encode(borders, codes, 1))):
        own_book = PlaneBook(book.levels, book.step, book.codewords, own)
        return PlaneCodes(own_book, codes, own_codewords=False)
    return PlaneCodes(book, codes, own_codewords=False, own_model=False)


class _Samples:
    """The blocks of one plane or of several, and the codes that they have so far."""

    def __init__(self, planes: list[Array], options: PlaneOptions) -> None:
        self.options = options
        self.depth = 8 * planes[0].itemsize
        self.blocks = np.concatenate([to_blocks(plane, options.block) for plane in planes])
        self.grids = [block_grid(plane.shape, options.block) for plane in planes]
        self.shape = (*options.block, planes[0].shape[2])
        self.codes = np.empty(0, np.uint16)
        self.rate_weight = options.rate_weight or 0.0

    def planes(self) -> list[NDArray[np.uint16]]:
        """Return the codes of each plane (rows, columns)."""
        return self._by_plane(self.codes)

    def train(self) -> PlaneBook:
        """Train codewords, decide how to write them, code the planes, fit the model."""
        options = self.options
        trained = fit_codebook(
            self.blocks,
            count_distinct(self.blocks, options.n_codewords),
            effort=options.effort,
            n_threads=options.n_threads,
            callback=options.callback,
        )
        coarse = self._coarsened(trained)
        self.assign_nearest(coarse.codewords)
        book = self._with_model(coarse)
        for _ in range(RATE_ROUNDS if self.rate_weight > 0 else 0):
            self.assign(book.codewords, book.model)
            book = self._with_model(self._means())
        return book

    def code_with(self, book: PlaneBook) -> None:
        """Code the planes with a book as it is."""
        error = self.assign_nearest(book.codewords)
        if self.options.rate_weight is None:
            self.rate_weight = AUTO_WEIGHT * error / self.blocks.size
        for _ in range(CODING_ROUNDS if self.rate_weight > 0 else 0):
            self.assign(book.codewords, book.model)

    def assign_nearest(self, samples: Array) -> float:
        """Code each block by the nearest of these codewords; return the squared error of all."""
        flat = samples.reshape(len(samples), -1)
        codes, distances = quantize(
            self.blocks, flat, return_distance=True, n_threads=self.options.n_threads
        )
        self.codes = codes.astype(np.uint16)
        return float(distances.sum(dtype=np.float64))

    def assign(self, samples: Array, model: ContextModel) -> None:
        """Code each block by the codeword at the least distance + rate weight * bits."""
        codes, distances = quantize(
            self.blocks,
            samples.reshape(len(samples), -1),
            n_nearest=min(N_CANDIDATES, len(samples)),
            return_distance=True,
            n_threads=self.options.n_threads,
        )
        borders = _context.Borders(samples, self.depth)
        chosen = [
            model.choose(borders, near, far, self.rate_weight, so_far).ravel()
            for near, far, so_far in zip(
                self._by_plane(codes.astype(np.uint16)),
                self._by_plane(distances.astype(np.float32)),
                self.planes(),
                strict=True,
            )
        ]
        self.codes = np.concatenate(chosen)

    def _by_plane(self, values: Array) -> list[Array]:
        """Cut what there is of all blocks into planes (rows, columns, ...)."""
        ends = np.cumsum([rows * columns for rows, columns in self.grids])[:-1]
        return [
            part.reshape(*grid, *values.shape[1:])
            for part, grid in zip(np.split(values, ends), self.grids, strict=True)
        ]

    def _with_model(self, coarse: Codewords) -> PlaneBook:
        borders = _context.Borders(coarse.codewords, self.depth)
        model = context.fit(borders, self.planes(), len(coarse.codewords))
        return PlaneBook(coarse.levels, coarse.step, coarse.codewords, model)

    def _means(self) -> Codewords:
        """Replace the codewords in use by the means of their blocks; drop the others."""
        counts = np.bincount(self.codes)
        used = counts > 0
        numbers = np.cumsum(used) - 1
        order = np.argsort(self.codes, kind="stable")
        firsts = (np.cumsum(counts) - counts)[used]
        sums = np.add.reduceat(self.blocks[order].astype(np.float64), firsts, axis=0)
        means = (sums / counts[used][:, None]).reshape(-1, *self.shape)
        coarse = coarsening.coarsest_worth(means, counts[used], self.rate_weight, self.depth)
        places = np.empty(len(coarse.order), np.uint16)
        places[coarse.order] = np.arange(len(places))
        self.codes = places[numbers[self.codes]]
        return coarse

    def _coarsened(self, trained: Codebook) -> Codewords:
        """Choose what a bit is worth, and how coarsely the file has what was trained."""
        centers = trained.centers.reshape(-1, *self.shape)
        if self.options.rate_weight is None:
            ratio = len(centers) / len(self.blocks)
            error = trained.inertia / self.blocks.size
            self.rate_weight = AUTO_WEIGHT * error / (1 + BOOK_SHARE * ratio)
        if self.rate_weight > 0:
            return coarsening.coarsest_worth(centers, trained.counts, self.rate_weight, self.depth)
        return coarsening.coarsest_free(centers, trained.counts, trained.inertia, self.depth)
