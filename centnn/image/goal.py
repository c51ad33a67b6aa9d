"""A quality or a size that a file is to reach, and what was reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._validation import between
from centnn.metrics import psnr

__all__ = ["Attempt", "Goal", "picture_bpp", "picture_psnr"]

Array = NDArray[Any]

NEAR_DB, NEAR_PART = 0.02, 0.005  # within so much of its goal, an attempt is good enough
HIGHEST_DB, LOWEST_BPP, HIGHEST_BPP = 1000.0, 1e-9, 1e9  # that make sense as goals


@dataclass(frozen=True, eq=False)
class Attempt:
    """A file, and what it cost."""

    data: bytes
    """The file."""
    setting: str
    """What was tried, in words."""
    psnr: float
    """Peak signal-to-noise ratio, in dB."""
    bpp: float
    """Bits a pixel."""


@dataclass(frozen=True)
class Goal:
    """Either a PSNR to reach at least, or bits a pixel to stay within."""

    psnr: float | None
    """In dB."""
    bpp: float | None
    """Bits a pixel."""

    def __post_init__(self) -> None:
        """Check that there is one goal, which makes sense."""
        if (self.psnr is None) == (self.bpp is None):
            raise ValueError(f"give either psnr or bpp, got psnr={self.psnr}, bpp={self.bpp}")
        if self.psnr is not None:
            between(self.psnr, "psnr", 0, HIGHEST_DB)
        else:
            between(self.bpp, "bpp", LOWEST_BPP, HIGHEST_BPP)

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.psnr} dB" if self.psnr is not None else f"{self.bpp} bits a pixel"

    def miss(self, attempt: Attempt) -> float:
        """Return by how much an attempt is above the goal: dB, or octaves of bits a pixel."""
        if self.psnr is not None:
            return min(attempt.psnr, 100.0) - self.psnr
        assert self.bpp is not None
        return math.log2(attempt.bpp / self.bpp)

    def reaches(self, attempt: Attempt) -> bool:
        """Tell whether an attempt reaches the goal."""
        if self.psnr is not None:
            return attempt.psnr >= self.psnr
        assert self.bpp is not None
        return attempt.bpp <= self.bpp

    def is_near(self, attempt: Attempt) -> bool:
        """Tell whether an attempt reaches the goal and is so near that no other would matter."""
        near = NEAR_DB if self.psnr is not None else math.log2(1 + NEAR_PART)
        return self.reaches(attempt) and abs(self.miss(attempt)) <= near

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


def picture_bpp(img: Array, data: bytes) -> float:
    """Return the bits of a file for each pixel of its image."""
    return float(8 * len(data) / (img.shape[0] * img.shape[1]))
