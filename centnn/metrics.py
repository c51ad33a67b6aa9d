"""How far a reconstruction is from its original."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from centnn._validation import SCAN, real_array

__all__ = ["mse", "psnr"]


def mse(reference: ArrayLike, test: ArrayLike) -> float:
    """Return the mean squared error between two arrays of one shape.

    Parameters
    ----------
    reference, test : array_like of real numbers
        Arrays of the same shape, at least one element; any dtypes. The differences are taken in
        float64.

    Returns
    -------
    float
        The mean over all elements of ``(reference - test) ** 2``.

    Raises
    ------
    ValueError
        If the shapes differ or the arrays are empty.

    Examples
    --------
    >>> import centnn
    >>> centnn.mse([0, 0, 0, 0], [0, 0, 0, 2])
    1.0
    """
    first, second = real_array(reference, "reference"), real_array(test, "test")
    if first.shape != second.shape:
        raise ValueError(
            f"test must have the shape of reference, {first.shape}, got shape {second.shape}"
        )
    if first.size == 0:
        raise ValueError(f"reference must have at least one element, got shape {first.shape}")
    first, second = first.reshape(-1), second.reshape(-1)
    total = 0.0
    for start in range(0, first.size, SCAN):
        part = slice(start, start + SCAN)
        difference = first[part].astype(np.float64) - second[part]
        total += float(difference @ difference)
    return total / first.size


def psnr(reference: ArrayLike, test: ArrayLike, data_range: float = 255) -> float:
    """Return the peak signal-to-noise ratio in decibels.

    Parameters
    ----------
    reference, test : array_like of real numbers
        Arrays of the same shape.
    data_range : float, default 255
        Distance between the least and the largest possible value: 255 for 8-bit samples.

    Returns
    -------
    float
        ``10 * log10(data_range ** 2 / mse(reference, test))``; infinity for equal arrays.

    Raises
    ------
    ValueError
        If the shapes differ, the arrays are empty, or `data_range` is not positive.

    Examples
    --------
    >>> import centnn
    >>> round(centnn.psnr([0, 0, 0, 0], [0, 0, 0, 2]), 2)
    48.13
    """
    if not data_range > 0 or not math.isfinite(data_range):
        raise ValueError(f"data_range must be a positive number, got {data_range!r}")
    error = mse(reference, test)
    if error == 0:
        return math.inf
    return 20 * math.log10(data_range) - 10 * math.log10(error)
