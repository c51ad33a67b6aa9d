"""Data sets of the benchmarks: synthetic ones, and real ones from the folder $CENTNN_DATA."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import centnn

Array = NDArray[Any]


def folder() -> Path | None:
    """Return the folder of data, None if $CENTNN_DATA does not name it."""
    value = os.environ.get("CENTNN_DATA")
    return Path(value) if value else None


def required_folder() -> Path:
    """Return the folder of data; exit if $CENTNN_DATA does not name it."""
    found = folder()
    if found is None:
        raise SystemExit("CENTNN_DATA must name the folder of data, or give folders")
    return found


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder."""
    suffixes = (".png", ".jpg", ".webp", ".bmp")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes)


def uniform(n: int, d: int, seed: int = 0) -> Array:
    """Return n samples of d dimensions, float32, uniform between 0 and 255."""
    generator = np.random.default_rng([n, d, seed])
    return 255 * generator.random((n, d), dtype=np.float32)


def mixture(n: int, d: int, n_parts: int) -> Array:
    """Return n samples of d dimensions, float32, from overlapping normal distributions.

    Their means are uniform between 0 and 100, their standard deviations 0.7.
    """
    generator = np.random.default_rng([n, d, n_parts])
    means = 100 * generator.random((n_parts, d), dtype=np.float32)
    samples = 0.7 * generator.standard_normal((n, d), dtype=np.float32)
    samples += means[generator.integers(n_parts, size=n)]
    return samples


def birch2_like() -> Array:
    """Return 100 clusters of 1000 samples along a sine, as BIRCH's second set, (N, 2) float32."""
    generator = np.random.default_rng(2)
    place = np.repeat(np.arange(100), 1000)
    means = np.column_stack([1e4 * place, 5e5 + 4.5e5 * np.sin(2 * np.pi * place / 25)])
    return (means + generator.normal(scale=1500, size=means.shape)).astype(np.float32)


def point_set(name: str) -> Array:
    """Return a 2-D clustering set of the literature, (N, 2) float32."""
    data = folder()
    if data is None:
        raise FileNotFoundError("CENTNN_DATA is not set: no folder of data")
    # Its integers are small enough for float32.
    return np.loadtxt(data / "sets" / f"{name}.data.gz", dtype=np.float32)


def grey_levels(name: str) -> Array:
    """Return the pixels of a picture in grey, (N, 1) uint8."""
    return _picture(name, cv2.IMREAD_GRAYSCALE).reshape(-1, 1)


def grey_blocks(name: str, size: int = 4) -> Array:
    """Return the square blocks of a picture in grey, row by row, (N, size * size) uint8."""
    return _blocks(_picture(name, cv2.IMREAD_GRAYSCALE), size)


def all_grey_blocks(size: int) -> Array:
    """Return the square blocks of all pictures in grey, (N, size * size) uint8."""
    return np.concatenate([grey_blocks(name, size) for name in _names()])


def article_blocks(size: int) -> Array:
    """Return the square blocks of the article's picture, lena in grey and 128x128, uint8."""
    img = cv2.resize(_picture("lena", cv2.IMREAD_GRAYSCALE), (128, 128))
    return _blocks(img, size)


def rgb_pixels(name: str) -> Array:
    """Return the pixels of a picture, (N, 3) uint8."""
    img = _picture(name, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(img[..., ::-1]).reshape(-1, 3)


def all_rgb_pixels() -> Array:
    """Return the pixels of all pictures in colour, (N, 3) uint8."""
    is_grey = {name: _picture(name, cv2.IMREAD_UNCHANGED).ndim == 2 for name in _names()}
    return np.concatenate([rgb_pixels(name) for name in _names() if not is_grey[name]])


def sift_descriptors(prefix: str = "") -> Array:
    """Return the SIFT descriptors of the pictures whose names begin so, (N, 128) float32."""
    detector = cv2.SIFT_create()
    names = (name for name in _names() if name.startswith(prefix))
    pictures = (_picture(name, cv2.IMREAD_GRAYSCALE) for name in names)
    return np.concatenate([detector.detectAndCompute(img, None)[1] for img in pictures])


def codebook(X: Array, n_codewords: int, n_iterations: int = 4) -> Array:
    """Train codewords for X, (K, D) float32: Lloyd's iterations from a fixed draw of the samples.

    Good enough to have the structure of a real codebook, quick, and the same in every run.
    """
    distinct = np.unique(X, axis=0)
    chosen = np.random.default_rng(0).choice(len(distinct), n_codewords, replace=False)
    centers = distinct[chosen].astype(np.float32)
    for _ in range(n_iterations):
        codes = centnn.quantize(X, centers)
        counts = np.bincount(codes, minlength=n_codewords)
        used = counts > 0
        for d in range(X.shape[1]):
            sums = np.bincount(codes, weights=X[:, d], minlength=n_codewords)
            centers[used, d] = sums[used] / counts[used]
    return centers


def _blocks(img: Array, size: int) -> Array:
    """Return the square blocks of a grey picture, row by row."""
    height, width = (length // size for length in img.shape)
    cropped = img[: height * size, : width * size]
    blocks = cropped.reshape(height, size, width, size).swapaxes(1, 2)
    return np.ascontiguousarray(blocks).reshape(-1, size * size)


def _names() -> list[str]:
    """Return the names of all pictures, in the order of the alphabet."""
    return sorted(path.stem for path in _images().glob("*.png"))


def _picture(name: str, flags: int) -> Array:
    """Read a picture; the colours in OpenCV's order."""
    path = _images() / f"{name}.png"
    img = cv2.imread(str(path), flags)
    if img is None:
        raise FileNotFoundError(f"{path} is not there or is no picture")
    return img


def _images() -> Path:
    data = folder()
    if data is None:
        raise FileNotFoundError("CENTNN_DATA is not set: no folder of data")
    return data / "images"
