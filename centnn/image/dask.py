"""Codebooks that images share, trained where the images are read.

Importing this module needs dask: ``pip install 'centnn[dask]'``.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from numpy.typing import NDArray

from centnn import _dask_cluster, _options
from centnn._dask_tasks import FAN_IN, Chunks
from centnn._monitor import Callback
from centnn._stream import OF_STREAMS
from centnn._summary import N_PASSES
from centnn.codebook import Codebook
from centnn.dask import train
from centnn.image import _context, coarsening, context, version2
from centnn.image.blocks import Block, block_grid, to_blocks
from centnn.image.channels import split
from centnn.image.codewords import Codewords
from centnn.image.colour import plane_shapes, to_planes
from centnn.image.container import checked_block, colour_model, plane_options, wanted_number
from centnn.image.context import ContextModel, Tally
from centnn.image.encoder import PlaneOptions
from centnn.quantizer import quantize

__all__ = ["train_codebook"]

Array = NDArray[Any]


def train_codebook(
    images: Sequence[Delayed],
    n_codewords: int | None = None,
    block: Block = 4,
    *,
    colour: str | None = None,
    effort: str = "balanced",
    n_threads: int | None = None,
    callback: Callback | None = None,
) -> bytes:
    """Train a codebook that files of several images can share.

    Parameters
    ----------
    images : sequence of dask.delayed.Delayed
        Each computes an image as `centnn.image.train_codebook` takes it, several times in all; a
        worker holds as many images as it has threads.
    n_codewords, block, colour, effort, n_threads, callback : object
        As for `centnn.image.compress`; each task uses one thread. The codebook does not depend on
        workers and threads.

    Returns
    -------
    bytes
        The contents of a codebook file, for `compress` and `decompress`.

    Raises
    ------
    ValueError
        If an argument is invalid, or an image is not like the first one.
    RuntimeError
        If an image cannot be read.
    ImportError
        If a worker has not the centnn, dask or NumPy of this process.

    Examples
    --------
    >>> import dask
    >>> import numpy as np
    >>> import centnn.image.dask
    >>> images = [dask.delayed(np.full)((8, 8), grey, np.uint8) for grey in (10, 20, 30, 40)]
    >>> book = centnn.image.dask.train_codebook(images, 4, 4)
    >>> data = centnn.image.compress(images[2].compute(), codebook=book)
    >>> int(centnn.image.decompress(data, codebook=book)[0, 0])
    30
    """
    if not images:
        raise ValueError("images must be at least one, got none")
    number = wanted_number(n_codewords)
    _dask_cluster.check(_dask_cluster.client_in_use())
    dtype, n_channels = dask.compute(dask.delayed(_kind)(images[0]))[0]
    size = checked_block(block, (1, 1))
    kind = Kind(dtype, n_channels, *colour_model(colour, n_channels, size), size)
    options = plane_options(number, size, kind.shapes(), effort, 0.0, n_threads, callback)
    books = tuple(
        _train_plane(images, kind, i, each, or_fewer=i > 0 or n_codewords is None)
        for i, each in enumerate(options)
    )
    return version2.pack_book(version2.Book(kind.depth, kind.colour, kind.halved, books, b""))


@dataclass(frozen=True)
class Kind:
    """What images are like, and how they are cut into samples."""

    dtype: str
    n_channels: int
    colour: str
    halved: bool
    block: tuple[int, int]

    @property
    def depth(self) -> int:
        """Bits of a sample."""
        return 8 * np.dtype(self.dtype).itemsize

    def shapes(self) -> list[tuple[int, int, int]]:
        """Return the shape of a block in each plane."""
        planes = plane_shapes(1, 1, self.colour, halved=self.halved)
        return [(*self.block, channels) for _, _, channels in planes]

    def plane(self, img: Array, index: int) -> Array:
        """Return a plane of an image; ValueError if that is of another kind."""
        found = _kind(img)
        if found != (self.dtype, self.n_channels):
            raise ValueError(
                "images must be all grey or all in colour and of the same dtype, got (dtype, "
                f"channels) {found} after {(self.dtype, self.n_channels)}"
            )
        pixels, _ = split(img)
        checked_block(self.block, pixels.shape)
        return to_planes(pixels, self.colour, halved=self.halved)[index]

    def samples(self, img: Array, index: int) -> Array:
        """Return the blocks of a plane of an image."""
        return to_blocks(self.plane(img, index), self.block)


def _kind(img: Array) -> tuple[str, int]:
    pixels, _ = split(img)
    return str(pixels.dtype), pixels.shape[2]


def _train_plane(
    images: Sequence[Delayed], kind: Kind, index: int, options: PlaneOptions, *, or_fewer: bool
) -> version2.PlaneBook:
    """Train codewords and a model of neighbours on one plane of all images."""
    shape = kind.shapes()[index]
    blocks = [
        da.from_delayed(
            dask.delayed(kind.samples)(img, index), (np.nan, int(np.prod(shape))), kind.dtype
        )
        for img in images
    ]
    samples = da.concatenate(blocks, allow_unknown_chunksizes=True)
    trained = _train_codewords(samples, options, or_fewer=or_fewer)
    centers = trained.centers.reshape(-1, *shape)
    coarse = coarsening.coarsest_free(centers, trained.counts, trained.inertia, kind.depth)
    model = _fit_model(images, kind, index, coarse)
    return version2.PlaneBook(coarse.levels, coarse.step, coarse.codewords, model)


def _train_codewords(blocks: da.Array, options: PlaneOptions, *, or_fewer: bool) -> Codebook:
    wanted: dict[str, Any] = {
        **OF_STREAMS,
        "n_clusters": options.n_codewords,
        "effort": options.effort,
        "n_threads": options.n_threads,
        "callback": options.callback,
        "verbose": 0,
        "n_passes": N_PASSES,
    }
    validated = _options.validated(blocks.shape[1], **wanted)
    return train(Chunks(blocks, name="image {}"), validated, or_fewer=or_fewer)


def _fit_model(
    images: Sequence[Delayed], kind: Kind, index: int, coarse: Codewords
) -> ContextModel:
    """Fit a model to the nearest codewords' codes of all images, which are only counted."""
    codewords = dask.delayed(coarse.codewords)

    def tally_of(step_bits: int) -> Tally:
        level = [dask.delayed(_tally)(img, kind, index, codewords, step_bits) for img in images]
        while len(level) > 1:
            groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
            level = [dask.delayed(_sum)(group) for group in groups]
        found: Tally = dask.compute(level[0])[0]
        return found

    borders = _context.Borders(coarse.codewords, kind.depth)
    return context.fit_to_tallies(borders, tally_of, len(coarse.codewords))


def _tally(img: Array, kind: Kind, index: int, codewords: Array, step_bits: int) -> Tally:
    plane = kind.plane(img, index)
    flat = codewords.reshape(len(codewords), -1)
    codes = quantize(to_blocks(plane, kind.block), flat, n_threads=1).astype(np.uint16)
    borders = _context.Borders(codewords, kind.depth)
    grid = codes.reshape(block_grid(plane.shape, kind.block))
    return context.tally(borders, grid, len(codewords), step_bits)


def _sum(tallies: Sequence[Tally]) -> Tally:
    return reduce(operator.add, tallies)
