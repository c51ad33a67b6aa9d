"""Pictures in and out, through OpenCV."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.cli import metadata
from centnn.cli.files import naming, read
from centnn.cli.report import note

__all__ = [
    "decode_grey",
    "decode_picture",
    "encode_png",
    "read_picture",
    "resized",
    "sample_picture",
    "tell_of_more",
]

Array = NDArray[Any]


class _Silence:
    """Hides what libpng and libjpeg print: they know no other way than file descriptor 2.

    All threads have the same one: the first to come keeps it, the last to go puts it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0
        self._kept = -1

    def __enter__(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._kept = os.dup(2)
                with open(os.devnull, "wb") as null:
                    os.dup2(null.fileno(), 2)
            self._n_inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                os.dup2(self._kept, 2)
                os.close(self._kept)


_SILENT = _Silence()


def read_picture(path: Path, *, quiet: bool = True) -> Array:
    """Read a picture of 8 or 16 bits: (H, W), or with red, green, blue, alpha last in either.

    Unless `quiet`, it tells if there are more pictures in the file.
    """
    data = read(path)
    with naming(path):
        img = decode_picture(data)
    if not quiet:
        tell_of_more(path, data)
    return img


def tell_of_more(path: Path, data: bytes) -> None:
    """Tell if there are more pictures in a file than the first one, which is what is read."""
    n_more = metadata.n_pictures(data) - 1
    if n_more > 0:
        note(f"{path}: {n_more} more picture{'s' * (n_more > 1)} in this file left out")


def decode_picture(data: bytes) -> Array:
    """Return the picture in the contents of a file; ValueError if there is none."""
    import cv2

    stored = _decode(data, cv2.IMREAD_UNCHANGED)
    if stored.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"a picture must have 8 or 16 bits a channel, got {stored.dtype}")
    colours = _with_alpha(data, stored)
    if colours is not None:
        is_grey = colours.shape[2] == 4 and (colours[..., :1] == colours[..., 1:3]).all()
        return np.ascontiguousarray(colours[..., 2:] if is_grey else colours)
    # Decoded again, since only these turn a picture the way that its EXIF tag says.
    img = _decode(data, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    return img if img.ndim == 2 else cv2.cvtColor(img, cv2.COLOR_BGR2RGB)


def decode_grey(data: bytes) -> Array:
    """Return the picture in the contents of a file as (H, W) of 8 bits, as OpenCV makes it grey."""
    import cv2

    return _decode(data, cv2.IMREAD_GRAYSCALE)


def sample_picture() -> Array:
    """Return a photograph that comes with scikit-image."""
    from skimage.data import astronaut  # comes inside the wheel: no download

    return np.asarray(astronaut())


def resized(img: Array, side: int) -> Array:
    """Return a picture at side x side pixels."""
    import cv2

    return np.asarray(cv2.resize(img, (side, side)))


def encode_png(img: Array) -> bytes:
    """Return the contents of a PNG file."""
    import cv2

    if img.ndim == 2:
        pixels = img
    elif img.shape[2] == 2:
        pixels = cv2.cvtColor(img[..., [0, 0, 0, 1]], cv2.COLOR_RGBA2BGRA)
    else:
        pixels = cv2.cvtColor(img, cv2.COLOR_RGB2BGR if img.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    with _SILENT:
        written, png = cv2.imencode(".png", pixels)
    if not written:
        raise ValueError(f"a PNG picture must be smaller than {img.shape[1]}x{img.shape[0]} pixels")
    return bytes(png.tobytes())


def _with_alpha(data: bytes, stored: Array) -> Array | None:
    """Return a picture of which OpenCV decoded `stored`, alpha last, if it has alpha."""
    import cv2

    of_tiff = metadata.tiff_with_alpha(data) if stored.dtype == np.uint8 else None
    if of_tiff is not None:
        return _turned(*of_tiff)
    if stored.shape[2:] != (4,):
        return None
    return _turned(cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA), metadata.orientation(data))


def _turned(img: Array, orientation: int) -> Array:
    """Return a picture the way up that its EXIF tag says."""
    if orientation in (5, 6, 7, 8):
        img = img.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        img = img[:, ::-1]
    if orientation in (3, 4, 7, 8):
        img = img[::-1]
    return img


def _decode(data: bytes, flags: int) -> Array:
    """Return the picture as OpenCV decodes it."""
    import cv2

    img: Array | None = None
    with _SILENT, contextlib.suppress(cv2.error):  # raised on nothing and on too much
        img = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if img is None:
        raise ValueError("it must be a picture that OpenCV can read, undamaged, and is not")
    return img
