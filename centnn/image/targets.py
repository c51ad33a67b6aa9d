"""Find the parameters that reach a quality or a size."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from centnn.image.container import compress, count_blocks, decompress
from centnn.image.goal import Attempt, Goal, picture_bpp, picture_psnr

__all__ = ["BlockAttempt", "compress_to"]

Array = NDArray[Any]

# Blocks that are tried: the first, then smaller ones, which suit many bits a pixel, as long as they
# do better; if none does, larger ones.
FIRST_BLOCK, SMALLER, LARGER = 4, (3, 2), (6, 8)
FIRST, LARGEST = 256, 8192  # codewords that are tried first, and at most
SMALLEST_RATIO = 1.03  # between numbers of codewords that are told apart
LONGEST_STEP = 8.0  # to the next number of codewords, as a ratio
# What twice the codewords add about, as long as one attempt is all that is known.
DB_AN_OCTAVE, BITS_AN_OCTAVE = 1.5, 0.4


@dataclass(frozen=True, eq=False)
class BlockAttempt(Attempt):
    """A file with blocks and a codebook of its own."""

    n_codewords: int
    """Codewords asked for."""
    block: tuple[int, int]
    """Height and width of a block."""


def compress_to(
    img: Array,
    *,
    psnr: float | None = None,
    bpp: float | None = None,
    block: tuple[int, int] | None = None,
    options: dict[str, Any] | None = None,
    report: Callable[[BlockAttempt], None] = lambda _: None,
) -> BlockAttempt:
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
    BlockAttempt
        The best that was found. Where the target cannot be reached, the one nearest to it.

    Examples
    --------
    >>> import numpy as np
    >>> import centnn
    >>> img = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
    >>> attempt = centnn.image.compress_to(img, psnr=35)
    >>> attempt.psnr >= 35
    True
    """
    search = _Search(img, Goal(psnr, bpp), options or {}, report)
    if block is not None:
        search.look_at(block)
    else:
        first = search.look_at(_square(FIRST_BLOCK))
        for sides in SMALLER, LARGER:
            for side in sides:
                if search.look_at(_square(side)) is not search.best:
                    break  # those beyond will be worse still
            if search.best is not first:
                break
    assert search.best is not None
    return search.best


def _square(side: int) -> tuple[int, int]:
    return side, side


class _Search:
    """One target for one image."""

    def __init__(
        self,
        img: Array,
        goal: Goal,
        options: dict[str, Any],
        report: Callable[[BlockAttempt], None],
    ) -> None:
        self.img = img
        self.goal = goal
        self.options = {"rate_weight": "auto", "effort": "fast", **options}
        self.report = report
        self.best: BlockAttempt | None = None

    def look_at(self, block: tuple[int, int]) -> BlockAttempt:
        """Look for the best attempt with blocks of this size; return that.

        The logarithm of the number of codewords is led to the target as by the secant method,
        inside what is known to be too few and too many.
        """
        most = min(count_blocks(self.img, block, self.options.get("colour")), LARGEST)
        few, many = 0, most + 1  # too few, and too many or enough
        found: list[BlockAttempt] = []
        n_codewords = min(self.best.n_codewords if self.best else FIRST, most)
        while True:
            last = self.attempt(n_codewords, block)
            found.append(last)
            if self.best is None or self.goal.is_better(last, self.best):
                self.best = last
            if self.is_enough(last):
                many = n_codewords
            else:
                few = n_codewords
            is_done = many - few <= 1 or many <= SMALLEST_RATIO * few
            if is_done or self.goal.is_near(last) or self.is_hopeless(last):
                break
            guess = self.guess(found[-2:])
            n_codewords = min(max(guess, few + 1), many - 1)
        return functools.reduce(lambda a, b: b if self.goal.is_better(b, a) else a, found)

    def guess(self, last: list[BlockAttempt]) -> int:
        """Return how many codewords would meet the target, by the last attempt or two."""
        octaves = [math.log2(attempt.n_codewords) for attempt in last]
        misses = [self.goal.miss(attempt) for attempt in last]
        slope = DB_AN_OCTAVE if self.goal.psnr is not None else BITS_AN_OCTAVE
        if len(last) == 2 and (misses[1] - misses[0]) * (octaves[1] - octaves[0]) > 0:
            slope = (misses[1] - misses[0]) / (octaves[1] - octaves[0])
        reach = math.log2(LONGEST_STEP)
        step = min(max(-misses[-1] / slope, -reach), reach)
        return round(2 ** (octaves[-1] + step))

    def is_hopeless(self, attempt: BlockAttempt) -> bool:
        """Tell whether to go on from an attempt cannot lead to one that is better than the best.

        On the way to the target, files get larger and better, or smaller and worse: not to be
        gone if this one is already as large, or already as bad.
        """
        best, goal = self.best, self.goal
        if best is None or best is attempt or not goal.reaches(best) or goal.reaches(attempt):
            return False
        return attempt.bpp >= best.bpp if goal.psnr is not None else attempt.psnr <= best.psnr

    def is_enough(self, attempt: BlockAttempt) -> bool:
        """Tell whether more codewords would be of no use."""
        return self.goal.reaches(attempt) == (self.goal.psnr is not None)

    def attempt(self, n_codewords: int, block: tuple[int, int]) -> BlockAttempt:
        """Compress with so many codewords."""
        data = compress(self.img, n_codewords, block, **self.options)
        restored = decompress(data, codebook=self.options.get("codebook"))
        tried = BlockAttempt(
            data,
            f"{block[0]}x{block[1]}, K = {n_codewords}",
            picture_psnr(self.img, restored),
            picture_bpp(self.img, data),
            n_codewords,
            block,
        )
        self.report(tried)
        return tried
