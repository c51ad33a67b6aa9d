"""The measurement behind `centnn rd`: quality over size of .cvq files and of other formats.

Needs matplotlib, which the extra `centnn[demo]` installs.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from centnn.image.container import compress, count_blocks, decompress
from centnn.image.goal import picture_psnr
from centnn.image.palette import make_palette
from centnn.image.photo import compress_photo

__all__ = ["Curve", "Point", "curves", "draw"]

Array = NDArray[Any]

CODEBOOKS = (16, 32, 64, 128, 256, 512, 1024)
PHOTO_QUALITIES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
QUALITIES = (5, 10, 20, 30, 45, 60, 75, 85)
PALETTES = (4, 8, 16, 32, 64, 128, 256)

_DPI = 150
_PANEL_INCHES = (6.4, 4.2)


@dataclass(frozen=True)
class Point:
    """One file."""

    setting: str
    """What was asked for."""
    bpp: float
    """Bits a pixel."""
    psnr: float
    """Peak signal-to-noise ratio, in dB."""


@dataclass(frozen=True)
class Curve:
    """What a codec makes of an image."""

    name: str
    """The codec."""
    points: Sequence[Point]
    """One a setting, from small files to large ones."""


def curves(img: Array, block: tuple[int, int] = (4, 4)) -> list[Curve]:
    """Measure an image of 8 bits without alpha, grey or in colour, in each format.

    Parameters
    ----------
    img : uint8 array of shape (H, W) or (H, W, 3)
        The image.
    block : (height, width)
        Size of the blocks of the .cvq files.

    Returns
    -------
    list of Curve
        .cvq in photo mode, and with codebooks without and with a rate weight; JPEG and WebP of
        OpenCV, PNG with a palette.
    """
    if img.dtype != np.uint8 or img.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"img must be grey or RGB of dtype uint8, got {img.dtype} of shape {img.shape}"
        )
    largest = count_blocks(img, block)
    books = [k for k in CODEBOOKS if k <= largest]
    return [
        Curve(".cvq, photo", [_photo(img, q) for q in PHOTO_QUALITIES]),
        Curve(".cvq", [_cvq(img, k, block, 0.0) for k in books]),
        Curve(".cvq, rate weight", [_cvq(img, k, block, "auto") for k in books]),
        Curve("JPEG", [_opencv(img, ".jpg", q) for q in QUALITIES]),
        Curve("WebP", [_opencv(img, ".webp", q) for q in QUALITIES]),
        Curve("PNG, palette", [_palette(img, k) for k in PALETTES]),
    ]


def draw(measured: Sequence[tuple[str, Sequence[Curve]]]) -> bytes:
    """Draw the curves of images, one panel each; return the contents of a PNG file."""
    n_columns = min(len(measured), 3)
    n_rows = -(-len(measured) // n_columns)
    size = (n_columns * _PANEL_INCHES[0], n_rows * _PANEL_INCHES[1])
    figure = Figure(size, dpi=_DPI, layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for panel, (name, of_picture) in zip(panels, measured, strict=False):
        _draw_panel(panel, name, of_picture)
    for panel in panels[len(measured) :]:
        panel.set_axis_off()
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _draw_panel(panel: Axes, name: str, of_picture: Sequence[Curve]) -> None:
    for curve in of_picture:
        points = [point for point in curve.points if np.isfinite(point.psnr)]
        sizes, qualities = [p.bpp for p in points], [p.psnr for p in points]
        panel.plot(sizes, qualities, marker="o", markersize=4, label=curve.name)
    panel.set_title(name)
    panel.set_xscale("log")
    panel.set_xticks([0.1, 0.2, 0.5, 1, 2, 5], labels=["0.1", "0.2", "0.5", "1", "2", "5"])
    panel.minorticks_off()
    panel.set_xlabel("bits a pixel")
    panel.set_ylabel("PSNR (dB)")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=9)


def _photo(img: Array, quality: float) -> Point:
    data = compress_photo(img, quality)
    return _point(f"quality {quality}", img, len(data), decompress(data))


def _cvq(img: Array, n_codewords: int, block: tuple[int, int], rate_weight: float | str) -> Point:
    data = compress(img, n_codewords, block, effort="fast", rate_weight=rate_weight)
    return _point(f"K = {n_codewords}", img, len(data), decompress(data))


def _opencv(img: Array, suffix: str, quality: int) -> Point:
    flag = cv2.IMWRITE_JPEG_QUALITY if suffix == ".jpg" else cv2.IMWRITE_WEBP_QUALITY
    stored = img if img.ndim == 2 else cv2.cvtColor(img, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(suffix, stored, [flag, quality])
    back = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if img.ndim == 2 else cv2.IMREAD_COLOR)
    restored = back if img.ndim == 2 else cv2.cvtColor(back, cv2.COLOR_BGR2RGB)
    return _point(f"quality {quality}", img, data.size, np.asarray(restored))


def _palette(img: Array, n_colours: int) -> Point:
    colours = np.repeat(img[:, :, None], 3, axis=2) if img.ndim == 2 else img
    found = make_palette(colours, n_colours)
    picture = Image.fromarray(found.indices, "P")
    picture.putpalette(found.palette.tobytes(), "RGB")
    png = io.BytesIO()
    picture.save(png, "PNG", optimize=True)
    return _point(f"{n_colours} colours", colours, png.tell(), found.pixels())


def _point(setting: str, img: Array, n_bytes: int, restored: Array) -> Point:
    return Point(setting, 8 * n_bytes / (img.shape[0] * img.shape[1]), picture_psnr(img, restored))
