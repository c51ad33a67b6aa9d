"""How coarsely a file has its codewords: the bits they take against the error they add."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image import codewords
from centnn.image.codewords import Codewords
from centnn.image.integers import Writer

__all__ = ["coarsest_free", "coarsest_worth"]

Array = NDArray[Any]

# Steps of the codewords' coefficients that are tried, for samples of 8 bits and of 16.
STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
DEEP_STEPS = (1, 4, 16, 64, *(256 * step for step in STEPS))
# Part of the distortion that coarser codewords may add where no weight says what a bit is worth.
TOLERANCE = 0.02
MOST_BITS = 4.0  # that the next larger magnitude takes more, in any class of integers


def coarsest_free(centers: Array, counts: Array, inertia: float, depth: int) -> Codewords:
    """Return codewords (K, height, width, C) in the largest step that adds hardly any error.

    Each is the mean of so many blocks, `inertia` being their sum of squared differences.
    """
    best: Codewords | None = None
    coefficients = codewords.transformed(centers)
    for step in _steps(depth):
        coarse = codewords.from_levels(np.rint(coefficients / step), step, depth)
        if best is not None and _added_error(coarse, centers, counts) > TOLERANCE * inertia:
            break
        best = coarse
    assert best is not None
    return best


def coarsest_worth(centers: Array, counts: Array, rate_weight: float, depth: int) -> Codewords:
    """Return codewords at the least error + rate_weight * bits of the codebook.

    The coefficients of those that few blocks have are rounded towards 0, which takes fewer bits.
    """
    best: Codewords | None = None
    least = np.inf
    coefficients = codewords.transformed(centers)
    for step in _steps(depth):
        levels = _short_levels(coefficients / step, rate_weight / (counts * step**2))
        coarse = codewords.from_levels(levels, step, depth)
        writer = Writer()
        codewords.write(writer, coarse.levels, step)
        bits = 8 * len(writer.to_bytes())
        cost = _added_error(coarse, centers, counts) + rate_weight * bits
        if cost > least:
            break
        best, least = coarse, cost
    assert best is not None
    return best


def _steps(depth: int) -> tuple[int, ...]:
    return STEPS if depth == 8 else DEEP_STEPS


def _added_error(coarse: Codewords, centers: Array, counts: Array) -> float:
    """Return by how much the sum of squared differences of all blocks rises."""
    moves = coarse.codewords - centers[coarse.order]
    return float(counts[coarse.order] @ np.einsum("kyxc,kyxc->k", moves, moves))


def _short_levels(exact: Array, bit_worth: Array) -> Array:
    """Round coefficients (K, height, width, C), each where error and bits are the least.

    A bit is worth so much squared error of one of codeword k's coefficients: bit_worth[k]. If the
    next larger magnitude takes b bits more, then the magnitude m next to
    |exact| - b * bit_worth / 2 is where (|exact| - m)**2 + bit_worth * b * m is the least.
    """
    levels = np.rint(exact)
    for channel in range(exact.shape[3]):
        base = levels[..., 0] if codewords.is_related(levels, channel) else 0
        rest = exact[..., channel] - base
        reach = bit_worth[:, None, None] / 2 * _bits_a_level(levels[..., channel] - base)
        levels[..., channel] = base + np.sign(rest) * np.rint(np.abs(rest) - reach).clip(0)
        if channel == 0:  # sorted by it
            levels[:, 0, 0, 0] = np.rint(exact[:, 0, 0, 0])
    return levels


def _bits_a_level(levels: Array) -> Array:
    """Return the bits that the next larger magnitude of levels (K, height, width) takes more.

    If probabilities fall by the ratio u from each magnitude to the next, either sign, then the
    mean magnitude is 2 * u / (1 - u**2).
    """
    mean = np.maximum(np.abs(levels).mean(axis=0), 1e-9)
    ratio = (np.sqrt(1 + mean**2) - 1) / mean
    return np.asarray(np.minimum(-np.log2(np.maximum(ratio, 1e-9)), MOST_BITS))
