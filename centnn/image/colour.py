"""Colour models: an image as the planes that are coded, each with one channel or several.

FORMAT.md specifies the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image import _pixels

__all__ = ["MODELS", "from_planes", "plane_shapes", "to_planes"]

Array = NDArray[Any]

MODELS = ("grey", "rgb", "ycbcr")


def plane_shapes(
    height: int, width: int, model: str, *, halved: bool
) -> list[tuple[int, int, int]]:
    """Return (height, width, channels) of each plane of an image.

    Parameters
    ----------
    height, width : int
        Size of the image.
    model : {"grey", "rgb", "ycbcr"}
        Colour model. "ycbcr" has two planes: Y, and Cb with Cr.
    halved : bool
        Whether Cb and Cr have half as many rows and columns as Y, rounded up.
    """
    if model != "ycbcr":
        return [(height, width, 1 if model == "grey" else 3)]
    chroma = (-(-height // 2), -(-width // 2), 2) if halved else (height, width, 2)
    return [(height, width, 1), chroma]


def to_planes(pixels: Array, model: str, *, halved: bool) -> list[Array]:
    """Split an image (H, W, 1 or 3) of uint8 or uint16 into its planes, of the same type."""
    if model != "ycbcr":
        return [pixels]
    largest = np.iinfo(pixels.dtype).max
    red, green, blue = np.moveaxis(pixels.astype(np.float64), 2, 0)
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = np.stack([(blue - y) / 1.772, (red - y) / 1.402], axis=2) + (largest + 1) // 2
    if halved:
        chroma = _halved(chroma)
    return [
        np.rint(plane).clip(0, largest).astype(pixels.dtype) for plane in (y[:, :, None], chroma)
    ]


def from_planes(planes: list[Array], model: str, shape: tuple[int, int]) -> Array:
    """Put an image (H, W, 1 or 3) of this (H, W) together from its planes."""
    if model != "ycbcr":
        return planes[0]
    y, chroma = planes
    if chroma.shape[:2] != shape:
        chroma = _pixels.doubled(chroma, *shape)
    return np.asarray(_pixels.to_rgb(y, chroma))


def _halved(plane: Array) -> Array:
    """Return the means of 2x2 pixels; at odd edges the last ones count twice."""
    padded = np.pad(plane, ((0, plane.shape[0] % 2), (0, plane.shape[1] % 2), (0, 0)), mode="edge")
    rows = padded[::2] + padded[1::2]
    return np.asarray((rows[:, ::2] + rows[:, 1::2]) / 4)
