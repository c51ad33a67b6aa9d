"""What the file of a picture tells besides pixels, as Pillow reads it: OpenCV does not say."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["n_pictures", "orientation"]

ORIENTATION = 0x0112  # the tag of EXIF

_one_at_a_time = threading.Lock()  # what warnings are ignored is the same for all threads


def orientation(data: bytes) -> int:
    """Return which way up to show a PNG or WebP picture, as EXIF numbers it: 1 if as it is."""
    if b"eXIf" not in data and b"EXIF" not in data:
        return 1  # Pillow would decode a PNG picture, since the tag may come after the pixels
    return _asked(data, lambda picture: int(picture.getexif().get(ORIENTATION, 1)))


def n_pictures(data: bytes) -> int:
    """Return how many pictures a file has: frames of an animation, or pages."""
    return _asked(data, lambda picture: int(picture.n_frames))


def _asked(data: bytes, question: Callable[[Any], int]) -> int:
    """Return the answer to a question about a picture; 1 if Pillow has none."""
    from PIL import GifImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

    # Not by Image.open, which refuses pictures of more than 358 million pixels.
    kinds = {
        b"\x89PNG": PngImagePlugin.PngImageFile,
        b"GIF8": GifImagePlugin.GifImageFile,
        b"RIFF": WebPImagePlugin.WebPImageFile,
        **dict.fromkeys(TiffImagePlugin.PREFIXES, TiffImagePlugin.TiffImageFile),
    }
    kind = kinds.get(data[:4])
    if kind is None:
        return 1
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return question(kind(io.BytesIO(data)))
        except Exception:  # whatever: pixels are there, and what goes with them is damaged
            return 1
