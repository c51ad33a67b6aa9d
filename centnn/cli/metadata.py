"""What Pillow finds in the file of a picture, and OpenCV does not."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["n_pictures", "orientation", "tiff_with_alpha"]

ORIENTATION = 0x0112  # the tag of EXIF

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # how its files begin

Answer = TypeVar("Answer")

_one_at_a_time = threading.Lock()  # what warnings are ignored is the same for all threads


def orientation(data: bytes) -> int:
    """Return which way up to show a PNG or WebP picture, as EXIF numbers it: 1 if as it is."""
    if b"eXIf" not in data and b"EXIF" not in data:
        return 1  # Pillow would decode a PNG picture, since the tag may come after the pixels
    return _asked(data, lambda picture: int(picture.getexif().get(ORIENTATION, 1)), 1)


def n_pictures(data: bytes) -> int:
    """Return how many pictures a file has: frames of an animation, or pages."""
    return _asked(data, lambda picture: int(picture.n_frames), 1)


def tiff_with_alpha(data: bytes) -> tuple[NDArray[np.uint8], int] | None:
    """Return what is stored in a TIFF picture of 8 bits with alpha, and which way up to show it.

    (H, W, 4), or (H, W, 2) in grey. OpenCV multiplies colours by alpha, and drops that of grey.
    """
    return _asked(data, _pixels_with_alpha, None) if data[:4] in _TIFF else None


def _pixels_with_alpha(picture: Any) -> tuple[NDArray[np.uint8], int] | None:
    if picture.mode not in ("LA", "RGBA"):
        return None
    pixels = np.array(picture)  # first: it may turn them, and takes the tag away then
    return pixels, int(picture.getexif().get(ORIENTATION, 1))


def _asked(data: bytes, question: Callable[[Any], Answer], default: Answer) -> Answer:
    """Return the answer to a question about a picture; the default if Pillow has none."""
    from PIL import GifImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

    # Not by Image.open, which refuses pictures of more than 358 million pixels.
    kinds = {
        b"\x89PNG": PngImagePlugin.PngImageFile,
        b"GIF8": GifImagePlugin.GifImageFile,
        b"RIFF": WebPImagePlugin.WebPImageFile,
        **dict.fromkeys(_TIFF, TiffImagePlugin.TiffImageFile),
    }
    kind = kinds.get(data[:4])
    if kind is None:
        return default
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return question(kind(io.BytesIO(data)))
        except Exception:  # whatever: pixels are there, and what goes with them is damaged
            return default
