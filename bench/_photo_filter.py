"""The last filter of photo mode, by least squares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from _photo_features import shifted
from _photo_model import N_TAPS, N_TEXTURES, TAP_LIMIT, Kind
from numpy.typing import NDArray

Array = NDArray[Any]


def train_taps(kind: Kind, data: Iterator[tuple[Array, Array, Array, int]]) -> None:
    """Train the last filter on (canvas, textures, original, step) of planes: least squares.

    Weights are shared by places in the block that mirrors and turns take to each other.
    """
    products = np.zeros((N_TEXTURES, 8, 8, N_TAPS, N_TAPS))
    moments = np.zeros((N_TEXTURES, 8, 8, N_TAPS))
    for pixels, textures, original, step in data:
        height, width = original.shape
        pixels = pixels[:height, :width].astype(np.int32)
        limit = step >> 4
        taps = np.stack(
            [
                (shifted(pixels, *to, edge=True) - pixels).clip(-limit, limit)
                for to in ((-1, 0), (0, -1), (0, 1), (1, 0))
            ],
            axis=2,
        ).astype(np.float64)
        error = 8.0 * original - (pixels + 1024)
        # In units of s, so that all qualities count.
        taps, error = taps / step, error / step
        for y in range(min(8, height)):
            for x in range(min(8, width)):
                there, off = taps[y::8, x::8], error[y::8, x::8]
                textures_there = textures[: there.shape[0], : there.shape[1]]
                for t in range(N_TEXTURES):
                    part = there[textures_there == t]
                    products[t, y, x] += part.T @ part
                    moments[t, y, x] += part.T @ off[textures_there == t]
    products, moments = symmetric(products, moments)
    solved = np.linalg.solve(products + 1e-3 * np.eye(N_TAPS), moments[..., None])[..., 0]
    kind.taps = np.rint(solved * 64).clip(-TAP_LIMIT, TAP_LIMIT).transpose(0, 1, 3, 2)


def symmetric(products: Array, moments: Array) -> tuple[Array, Array]:
    """Sum what mirrors and turns take to each other; taps are above, left, right, below."""
    for axis, order in ((1, [3, 1, 2, 0]), (2, [0, 2, 1, 3])):
        moments = moments + np.flip(moments, axis)[..., order]
        products = products + np.flip(products, axis)[..., order, :][..., order]
    order = [1, 0, 3, 2]
    moments = moments + moments.swapaxes(1, 2)[..., order]
    products = products + products.swapaxes(1, 2)[..., order, :][..., order]
    return products, moments
