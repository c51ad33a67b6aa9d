"""Find the parameters that reach a quality or a size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image.container import compress, count_blocks, decompress
from centnn.metrics import psnr

__all__ = ["Attempt", "compress_to", "picture_psnr"]

Array = NDArray[Any]

# Blocks that are tried, from those that suit few bits a pixel to those that suit many.
BLOCKS = (8, 6, 4, 3, 2)
FIRST, LARGEST = 64, 8192  # codewords that are tried first, and at most
SMALLEST_RATIO = 1.03  # between numbers of codewords that are told apart


@dataclass(frozen=True, eq=False)
class Attempt:
    """A file, and what it cost."""

    data: bytes
    """The file."""
    n_codewords: int
    """Codewords asked for."""
    block: tuple[int, int]
    """Height and width of a block."""
    psnr: float
    """Peak signal-to-noise ratio, in dB."""
    bpp: float
    """Bits a pixel."""


def compress_to(
    img: Array,
    *,
    psnr: float | None = None,
    bpp: float | None = None,
    block: tuple[int, int] | None = None,
    options: dict[str, Any] | None = None,
    report: Callable[[Attempt], None] = lambda _: None,
) -> Attempt:
    """Compress an image to a quality or to a size.

    Parameters
    ----------
    img : array
        An image as `compress` takes it.
    psnr : float, optional
        PSNR to reach at least, in as few bytes as can be found.
    bpp : float, optional
        Bits a pixel to stay within, at as high a PSNR as can be found. Give either.
    block : (height, width), optional
        Size of a block; by default the best of several.
    options : dict, optional
        More options of `compress`.
    report : callable, optional
        Called with each attempt.

    Returns
    -------
    Attempt
        The best that was found. Where the target cannot be reached, the one nearest to it.
    """
    if (psnr is None) == (bpp is None):
        raise ValueError(f"give either psnr or bpp, got psnr={psnr}, bpp={bpp}")
    search = _Search(img, psnr, bpp, options or {}, report)
    best: Attempt | None = None
    for size in [block] if block else [(side, side) for side in BLOCKS]:
        found = search.best_with(size)
        if best is not None and not search.is_better(found, best):
            break  # smaller blocks will be worse still
        best = found
    assert best is not None
    return best


class _Search:
    """One target for one image."""

    def __init__(
        self,
        img: Array,
        psnr: float | None,
        bpp: float | None,
        options: dict[str, Any],
        report: Callable[[Attempt], None],
    ) -> None:
        self.img = img
        self.psnr = psnr
        self.bpp = bpp
        self.options = {"rate_weight": "auto", "effort": "fast", **options}
        self.report = report

    def best_with(self, block: tuple[int, int]) -> Attempt:
        """Return the best attempt with blocks of this size: bracket the target, then bisect."""
        most = min(count_blocks(self.img, block, self.options.get("colour")), LARGEST)
        low, n_codewords = 0, min(FIRST, most)
        best = self.attempt(n_codewords, block)
        last = best
        while not self.is_enough(last) and n_codewords < most:
            low, n_codewords = n_codewords, min(4 * n_codewords, most)
            last = self.attempt(n_codewords, block)
            best = last if self.is_better(last, best) else best
        high = n_codewords
        while high - low > 1 and high > SMALLEST_RATIO * low:
            middle = min(max(round(math.sqrt(max(low, 1) * high)), low + 1), high - 1)
            last = self.attempt(middle, block)
            best = last if self.is_better(last, best) else best
            low, high = (low, middle) if self.is_enough(last) else (middle, high)
        return best

    def is_enough(self, attempt: Attempt) -> bool:
        """Tell whether more codewords would be of no use."""
        return self.reaches(attempt) == (self.psnr is not None)

    def attempt(self, n_codewords: int, block: tuple[int, int]) -> Attempt:
        """Compress with so many codewords."""
        data = compress(self.img, n_codewords, block, **self.options)
        restored = decompress(data, codebook=self.options.get("codebook"))
        tried = Attempt(
            data,
            n_codewords,
            block,
            picture_psnr(self.img, restored),
            8 * len(data) / (self.img.shape[0] * self.img.shape[1]),
        )
        self.report(tried)
        return tried

    def reaches(self, attempt: Attempt) -> bool:
        """Tell whether an attempt reaches the target."""
        if self.psnr is not None:
            return attempt.psnr >= self.psnr
        return self.bpp is not None and attempt.bpp <= self.bpp

    def is_better(self, one: Attempt, other: Attempt) -> bool:
        """Tell whether one attempt is better than another."""
        if self.reaches(one) != self.reaches(other):
            return self.reaches(one)
        if self.reaches(one) == (self.psnr is not None):
            return one.bpp < other.bpp
        return one.psnr > other.psnr


def picture_psnr(img: Array, restored: Array) -> float:
    """Return the PSNR of the colours; alpha is kept as it is."""
    has_alpha = img.ndim == 3 and img.shape[2] in (2, 4)
    last = -1 if has_alpha else None
    largest = float(np.iinfo(img.dtype).max)
    if img.ndim == 3:
        img, restored = img[..., :last], restored[..., :last]
    return float(psnr(img, restored, data_range=largest))
