"""Cut an image into blocks, one block a row, and put it together again."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Block", "block_grid", "block_size", "from_blocks", "to_blocks"]

Block: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


def block_size(block: Block) -> tuple[int, int]:
    """Return (height, width) of a block given as one side or as both.

    Raises
    ------
    ValueError
        If it is neither a positive integer nor a pair of them.
    """
    try:
        if isinstance(block, Sequence):
            height, width = (operator.index(side) for side in block)
        else:
            height = width = operator.index(block)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise ValueError(
            f"block must be a positive integer or a (height, width) pair of them, got {block!r}"
        )
    return height, width


def block_grid(shape: Sequence[int], block: Block) -> tuple[int, int]:
    """Return how many (rows, columns) of blocks cover an image of this shape."""
    block_height, block_width = block_size(block)
    return -(-shape[0] // block_height), -(-shape[1] // block_width)


def to_blocks(img: ArrayLike, block: Block) -> NDArray[Any]:
    """Cut an image into blocks.

    Where the image does not fill its last row or column of blocks, its bottom and right edges
    are repeated.

    Parameters
    ----------
    img : array of shape (H, W) or (H, W, C)
        Any dtype, any size above zero.
    block : int or (height, width)
        Size of a block in pixels; an int is both.

    Returns
    -------
    array of shape (n_blocks, height * width * C)
        The blocks in raster order, of the dtype of `img`. Within a row: the block's pixels
        line by line, each with its channels side by side.

    Raises
    ------
    ValueError
        If `img` is no such array or `block` no such size.

    Examples
    --------
    >>> import centnn
    >>> centnn.image.to_blocks([[1, 2, 3, 4], [5, 6, 7, 8]], (2, 2))
    array([[1, 2, 5, 6],
           [3, 4, 7, 8]])
    """
    pixels = np.asarray(img)
    height, width, channels = _height_width_channels("shape of img", pixels.shape)
    block_height, block_width = block_size(block)
    rows, columns = block_grid(pixels.shape, block)
    missing = ((0, rows * block_height - height), (0, columns * block_width - width), (0, 0))
    padded = np.pad(pixels.reshape(height, width, channels), missing, mode="edge")
    cut = padded.reshape(rows, block_height, columns, block_width, channels).swapaxes(1, 2)
    return cut.reshape(rows * columns, block_height * block_width * channels)


def from_blocks(blocks: ArrayLike, shape: Sequence[int], block: Block) -> NDArray[Any]:
    """Put an image together from its blocks: the inverse of `to_blocks`.

    Parameters
    ----------
    blocks : array of shape (n_blocks, height * width * C)
        As `to_blocks` returns them.
    shape : (H, W) or (H, W, C)
        Shape of the image; what the blocks hold beyond it is cut off.
    block : int or (height, width)
        Size of a block in pixels, as given to `to_blocks`.

    Returns
    -------
    array of shape `shape`
        The image, of the dtype of `blocks`.

    Raises
    ------
    ValueError
        If the three do not fit together.

    Examples
    --------
    >>> import centnn
    >>> centnn.image.from_blocks([[1, 2, 5, 6], [3, 4, 7, 8]], (2, 4), (2, 2))
    array([[1, 2, 3, 4],
           [5, 6, 7, 8]])
    """
    found = np.asarray(blocks)
    height, width, channels = _height_width_channels("shape", shape)
    block_height, block_width = block_size(block)
    rows, columns = block_grid(shape, block)
    expected = (rows * columns, block_height * block_width * channels)
    if found.shape != expected:
        raise ValueError(
            f"blocks must have shape {expected} for an image of shape {tuple(shape)} in blocks "
            f"of {block_height}x{block_width}, got shape {found.shape}"
        )
    tiles = found.reshape(rows, columns, block_height, block_width, channels).swapaxes(1, 2)
    padded = tiles.reshape(rows * block_height, columns * block_width, channels)
    return padded[:height, :width].reshape(shape)


def _height_width_channels(name: str, shape: Sequence[int]) -> tuple[int, int, int]:
    """Return the sizes of an image of this shape, 1 channel where it has no third axis."""
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(
            f"{name} must be that of an image, (H, W) or (H, W, C) without an empty axis, "
            f"got {tuple(shape)}"
        )
    height, width, channels = (*shape, 1)[:3]
    return height, width, channels
