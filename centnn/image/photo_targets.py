"""Find the quality of photo mode that reaches a PSNR or a size."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from centnn.image._photo import LEAST_STEP, MOST_STEP
from centnn.image.container import decompress
from centnn.image.goal import Attempt, Goal, picture_bpp, picture_psnr
from centnn.image.header import read_header
from centnn.image.photo import DEFAULT_COLOUR, DEFAULT_QUALITY, compress_photo, quality_of, step_of

__all__ = ["PhotoAttempt", "compress_photo_to"]

Array = NDArray[Any]

# What a step twice as large takes away about, as long as one attempt is all that is known.
DB_AN_OCTAVE, BITS_AN_OCTAVE = -4.0, -1.0
SECANTS = 6  # attempts led by those before; then halves, in case they lead nowhere


@dataclass(frozen=True, eq=False)
class PhotoAttempt(Attempt):
    """A file of photo mode."""

    quality: float
    """That was tried."""
    colour: str
    """"grey", or how colours are coded."""


def compress_photo_to(
    img: Array,
    *,
    psnr: float | None = None,
    bpp: float | None = None,
    options: dict[str, Any] | None = None,
    report: Callable[[PhotoAttempt], None] = lambda _: None,
) -> PhotoAttempt:
    """Compress an image in photo mode to a PSNR or to a size.

    Parameters
    ----------
    img : uint8 array
        An image as `compress_photo` takes it.
    psnr : float, optional
        PSNR to reach at least, in as few bytes as can be found.
    bpp : float, optional
        Bits a pixel to stay within, at as high a PSNR as can be found. Give either.
    options : dict, optional
        Options of `compress_photo` other than its quality. Without `colour`, Cb and Cr of full size
        are tried as well where halved ones are what limits the quality.
    report : callable, optional
        Called with each attempt.

    Returns
    -------
    PhotoAttempt
        The best that was found. Where the target cannot be reached, the one nearest to it: look at
        its `psnr` and `bpp`.

    Examples
    --------
    >>> import numpy as np
    >>> import centnn
    >>> img = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
    >>> attempt = centnn.image.compress_photo_to(img, psnr=35)
    >>> attempt.psnr >= 35
    True
    """
    goal, options = Goal(psnr, bpp), options or {}
    found = _Search(img, goal, options, report).best()
    if found.quality < 100 or found.colour != DEFAULT_COLOUR or options.get("colour") is not None:
        return found
    full = _Search(img, goal, {**options, "colour": "ycbcr"}, report).best()
    return full if goal.is_better(full, found) else found


class _Search:
    """One goal for one image.

    The logarithm of the step is led to the goal as by the secant method, between a step that
    reaches it and one that does not.
    """

    def __init__(
        self,
        img: Array,
        goal: Goal,
        options: dict[str, Any],
        report: Callable[[PhotoAttempt], None],
    ) -> None:
        self.img = img
        self.goal = goal
        self.options = options
        self.report = report
        self.steps: list[int] = []
        self.found: list[PhotoAttempt] = []

    def best(self) -> PhotoAttempt:
        """Return the best attempt."""
        goal = self.goal
        fine, coarse = LEAST_STEP - 1, MOST_STEP + 1  # the goal is met between these
        step = step_of(DEFAULT_QUALITY)
        while True:
            last = self.attempt(step)
            if goal.reaches(last) == (goal.psnr is not None):
                fine = step
            else:
                coarse = step
            if coarse - fine <= 1 or goal.is_near(last):
                break
            guess = self.guess() if len(self.found) < SECANTS else math.sqrt(fine * coarse)
            step = min(max(round(guess), fine + 1), coarse - 1)
        return functools.reduce(lambda a, b: b if goal.is_better(b, a) else a, self.found)

    def guess(self) -> float:
        """Return the step that would meet the goal, by the last attempt or two."""
        octaves = [math.log2(step) for step in self.steps[-2:]]
        misses = [self.goal.miss(attempt) for attempt in self.found[-2:]]
        slope = DB_AN_OCTAVE if self.goal.psnr is not None else BITS_AN_OCTAVE
        if len(octaves) == 2 and (misses[1] - misses[0]) * (octaves[1] - octaves[0]) < 0:
            slope = (misses[1] - misses[0]) / (octaves[1] - octaves[0])
        least, most = math.log2(LEAST_STEP), math.log2(MOST_STEP)
        return float(2 ** min(max(octaves[-1] - misses[-1] / slope, least), most))

    def attempt(self, step: int) -> PhotoAttempt:
        """Compress with this step."""
        quality = quality_of(step)
        data = compress_photo(self.img, quality, **self.options)
        restored = decompress(data, n_threads=self.options.get("n_threads"))
        colour = read_header(data).colour
        tried = PhotoAttempt(
            data,
            f"{colour}, quality {quality:g}",
            picture_psnr(self.img, restored),
            picture_bpp(self.img, data),
            quality,
            colour,
        )
        self.steps.append(step)
        self.found.append(tried)
        self.report(tried)
        return tried
