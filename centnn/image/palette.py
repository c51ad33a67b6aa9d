"""Palettes: the few colours that an image is shown with best, and which pixel gets which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn._monitor import Callback
from centnn._validation import flag, integer
from centnn.codebook import fit_codebook
from centnn.image import _dither
from centnn.quantizer import quantize

__all__ = ["Indexed", "make_palette"]

Array = NDArray[Any]

MAX_COLOURS = 256
# With more distinct colours than this, those in the same cell of 2 levels a side train as one.
MERGED_ABOVE = 1 << 15


@dataclass(frozen=True, eq=False)
class Indexed:
    """An image of few colours."""

    palette: NDArray[np.uint8]
    """The colours (K, 3), or (K, 4) if the image had an alpha channel."""
    indices: NDArray[np.uint8]
    """The index of each pixel's colour, (H, W)."""

    def pixels(self) -> NDArray[np.uint8]:
        """Return the image (H, W, 3 or 4) that this shows."""
        return np.asarray(self.palette[self.indices])


def make_palette(
    img: ArrayLike,
    n_colours: int = 256,
    *,
    keep: Sequence[Sequence[int]] = (),
    dither: bool = False,
    effort: str = "fast",
    n_threads: int | None = None,
    callback: Callback | None = None,
) -> Indexed:
    """Choose a palette for an image, and a colour of it for each pixel.

    Parameters
    ----------
    img : uint8 array of shape (H, W, 3) or (H, W, 4)
        Red, green and blue, with alpha last if there is one.
    n_colours : int
        Colours in the palette, from 1 to 256. It has exactly as many if the image does, else the
        image's own.
    keep : sequence of colours
        Colours that the palette must have as they are, with the channels of `img`.
    dither : bool
        Spread each pixel's error to its neighbours (Floyd and Steinberg).
    effort : {"fast", "balanced", "best"}
        How long to train, as for `centnn.fit_codebook`.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The result does not depend on it.
    callback : callable, optional
        Called during the training as by `centnn.fit_codebook`.

    Returns
    -------
    Indexed
        Palette and indices.

    Raises
    ------
    ValueError
        If an argument is invalid; the message names it, what it must be, and what it was.

    Examples
    --------
    >>> import numpy as np
    >>> import centnn
    >>> img = np.zeros((2, 3, 3), np.uint8)
    >>> img[:, 1:] = 250, 100, 20
    >>> img[1, 2] = 254, 100, 20
    >>> indexed = centnn.image.make_palette(img, 2)
    >>> sorted(indexed.palette.tolist())
    [[0, 0, 0], [251, 100, 20]]
    >>> indexed.indices.shape
    (2, 3)
    """
    pixels = np.asarray(img)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise ValueError(
            "img must be of dtype uint8 and shape (H, W, 3) or (H, W, 4), "
            f"got {pixels.dtype} and {pixels.shape}"
        )
    if pixels.size == 0:
        raise ValueError(f"img must have no empty axis, got shape {pixels.shape}")
    n_colours = integer(n_colours, "n_colours", 1, MAX_COLOURS)
    dither = flag(dither, "dither")
    kept = _kept(keep, pixels.shape[2], n_colours)
    colours, places, counts = _distinct(pixels)
    if len(colours) <= n_colours and not len(kept):
        return Indexed(colours, places.astype(np.uint8).reshape(pixels.shape[:2]))
    others = colours[~_among(_weighted(colours), _weighted(kept))]
    if len(kept) + len(others) <= n_colours:
        palette = np.concatenate([kept, others])
    else:
        samples, weights = _merged(_weighted(colours), counts)
        fixed = _seen(kept)
        book = fit_codebook(
            samples,
            n_colours - len(kept) + len(fixed),
            sample_weight=weights,
            fixed=fixed if len(fixed) else None,
            effort=effort,
            n_threads=n_threads,
            callback=callback,
        )
        palette = np.concatenate([kept, _unweighted(book.centers[len(fixed) :])])
    shown, targets = _weighted(palette), _weighted(colours)
    if dither:
        wanted = targets[places].reshape(pixels.shape).astype(np.float32)
        return Indexed(palette, _dither.floyd_steinberg(wanted, shown.astype(np.float32)))
    codes = quantize(targets, shown, n_threads=n_threads).astype(np.uint8)
    return Indexed(palette, codes[places].reshape(pixels.shape[:2]))


def _kept(keep: Sequence[Sequence[int]], channels: int, n_colours: int) -> NDArray[np.uint8]:
    """Return the distinct colours to keep; ValueError if they are none or too many."""
    if len(keep) == 0:
        return np.empty((0, channels), np.uint8)
    kept = np.asarray(keep)
    in_range = kept.dtype.kind in "iu" and kept.min() >= 0 and kept.max() <= 255
    if kept.ndim != 2 or kept.shape[1] != channels or not in_range:
        raise ValueError(f"keep must be colours of {channels} channels from 0 to 255, got {keep!r}")
    kept = np.unique(kept.astype(np.uint8), axis=0)
    if len(kept) > n_colours:
        raise ValueError(f"keep must have at most n_colours = {n_colours} colours, got {len(kept)}")
    return kept


def _distinct(pixels: Array) -> tuple[NDArray[np.uint8], Array, Array]:
    """Return the distinct colours, which one each pixel is, and how often each occurs."""
    channels = pixels.shape[2]
    packed = pixels[..., 0].astype(np.uint32)
    for channel in range(1, channels):
        packed = packed << np.uint32(8) | pixels[..., channel]
    if channels == 4:
        packed[pixels[..., 3] == 0] = 0  # what is transparent has no colour
    keys, places, counts = np.unique(packed.ravel(), return_inverse=True, return_counts=True)
    shifts = 8 * np.arange(channels - 1, -1, -1, dtype=np.uint32)
    return (keys[:, None] >> shifts & 255).astype(np.uint8), places, counts


def _seen(kept: NDArray[np.uint8]) -> Array:
    """Return colours as they differ to the eye: one for all that are transparent."""
    weighted = _weighted(kept)
    _, first = np.unique(weighted, axis=0, return_index=True)
    return weighted[np.sort(first)]


def _among(colours: Array, kept: Array) -> NDArray[np.bool_]:
    """Tell which colours are among those kept."""
    found = np.zeros(len(colours), np.bool_)
    for colour in kept:
        found |= (colours == colour).all(axis=1)
    return found


def _merged(colours: Array, counts: Array) -> tuple[Array, Array]:
    """Return colours to train on, and their weights; of very many, the means of near ones.

    The error of a palette differs by the error within the cells only, which no palette changes.
    """
    if len(colours) <= MERGED_ABOVE:
        return colours, counts
    cells = np.zeros(len(colours), np.uint32)
    for channel in colours.T:
        cells = cells << np.uint32(7) | channel.astype(np.uint32) >> np.uint32(1)
    _, places = np.unique(cells, return_inverse=True)
    weights = np.bincount(places, weights=counts)
    sums = [np.bincount(places, weights=counts * channel) for channel in colours.T]
    return (np.stack(sums, axis=1) / weights[:, None]).astype(np.float32), weights


def _weighted(colours: NDArray[np.uint8]) -> Array:
    """Return colours as they differ to the eye: scaled by alpha, if there is one."""
    if colours.shape[1] == 3:
        return colours
    scaled = colours.astype(np.float32)
    scaled[:, :3] *= scaled[:, 3:] / 255
    return scaled


def _unweighted(colours: Array) -> NDArray[np.uint8]:
    """Undo `_weighted`, rounding."""
    unscaled = colours.astype(np.float64)
    if unscaled.shape[1] == 4:
        unscaled[:, :3] *= 255 / np.maximum(unscaled[:, 3:], 1e-9)
    return np.asarray(np.rint(unscaled).clip(0, 255), np.uint8)
