"""Photo mode: images coded with codebooks that come with the library. See FORMAT.md."""

from __future__ import annotations

import contextlib
import functools
import math
import struct
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._checksum import with_checksum
from centnn._validation import between, flag, integer, one_of, thread_count
from centnn.image import _photo, alpha
from centnn.image.channels import MAX_PIXELS, split
from centnn.image.fields import MAGIC

__all__ = [
    "COLOURS",
    "EFFORTS",
    "KIND",
    "N_LAYERS",
    "code",
    "compress_photo",
    "default_model",
    "quality_of",
    "read",
    "step_of",
    "steps_of",
    "unpack",
]

Array = NDArray[Any]

VERSION, KIND = 2, 2
GREY, YCBCR = 0, 2
HAS_ALPHA, HALVED, NOT_FILTERED = 1, 2, 4
N_LAYERS = _photo.ALL_LAYERS
MAX_SIDE = 1 << 24

# How colours can be coded, and whether Cb and Cr are halved.
COLOURS = {"ycbcr420": True, "ycbcr": False}
DEFAULT_COLOUR = "ycbcr420"
DEFAULT_QUALITY = 60
# From quality 100 to 0, the step doubles so many times.
OCTAVES = 6

# Codewords of stage 1 that are completed by one of stage 2, to see which pair is best.
EFFORTS = {"fast": 1, "balanced": 2, "best": 6}
# Cb and Cr are coded finer than Y: errors in them count more in red, green and blue.
CHROMA_RATIO = 0.7
BAND_PIXELS = 5 << 15  # of a band, about
LEAST_UNITS = 4  # rows of blocks in a band
# The first coefficients, coarse shapes, finer ones, the rest.
SCAN_ENDS = (1, 5, 11, N_LAYERS)
SCANS_FROM = 8192  # bytes of codes; several scans in a smaller file would cost too much of it

_START = struct.Struct("<4sBBBBBI")
_STEP = struct.Struct("<H")
_LENGTH = struct.Struct("<I")


def compress_photo(
    img: Array,
    quality: float = DEFAULT_QUALITY,
    *,
    colour: str | None = None,
    effort: str = "balanced",
    filtered: bool = True,
    n_threads: int | None = None,
) -> bytes:
    """Compress an image of 8 bits in photo mode, with the codebooks that come with the library.

    Parameters
    ----------
    img : uint8 array of shape (H, W), (H, W, 2), (H, W, 3) or (H, W, 4)
        A grey image or one in colour (red, green, blue); the second and the fourth have an alpha
        channel, which is kept as it is.
    quality : float
        From 0 (smallest file) to 100. Each 100/6 more make quantization twice as fine.
    colour : {"ycbcr420", "ycbcr"}, optional
        How to code colours: Y, Cb and Cr; with 420, the default, Cb and Cr have half the rows and
        columns.
    effort : {"fast", "balanced", "best"}
        How many codewords to try.
    filtered : bool
        Whether decoding ends with a filter that makes edges cleaner and takes time.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The file does not depend on it.

    Returns
    -------
    bytes
        The contents of a .cvq file, for `decompress`.

    Raises
    ------
    ValueError
        If an argument is invalid; the message names it, what it must be, and what it was.

    Examples
    --------
    >>> import numpy as np
    >>> import centnn
    >>> img = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
    >>> data = centnn.image.compress_photo(img, quality=60)
    >>> len(data) < img.size / 20
    True
    >>> centnn.psnr(img, centnn.image.decompress(data)) > 35
    True
    """
    pixels, alpha_channel = split(img, ("uint8",))
    halved = COLOURS[one_of(colour or DEFAULT_COLOUR, "colour", tuple(COLOURS))]
    _check_size(pixels.shape, halved=halved and pixels.shape[2] == 3)
    return code(
        pixels,
        alpha_channel,
        step_of(between(quality, "quality", 0, 100)),
        halved=halved,
        effort=one_of(effort, "effort", tuple(EFFORTS)),
        filtered=flag(filtered, "filtered"),
        n_threads=thread_count(n_threads),
    )


@functools.cache
def default_model() -> _photo.Model:
    """Return the codebooks that come with the library."""
    return _photo.Model(files("centnn.image").joinpath("photo.bin").read_bytes())


def step_of(quality: float) -> int:
    """Return the step, in 64ths, of a quality from 0 to 100."""
    return round(64 * 2 ** ((100 - quality) * OCTAVES / 100))


def steps_of(step: int) -> tuple[int, int]:
    """Return the steps of luma and chroma, in 64ths."""
    return step, max(_photo.LEAST_STEP, round(CHROMA_RATIO * step))


def quality_of(step: int) -> float:
    """Return a quality that has this step, in 64ths, with as few digits as will do."""
    quality = 100 - math.log2(step / 64) * 100 / OCTAVES
    rounded = (round(quality, n_digits) for n_digits in range(4))
    return next(value for value in rounded if step_of(value) == step)


def code(
    pixels: Array,
    alpha_channel: Array | None,
    step: int,
    *,
    halved: bool = True,
    effort: str = "balanced",
    filtered: bool = True,
    n_threads: int = 1,
) -> bytes:
    """Return the contents of a .cvq file of photo mode.

    Parameters
    ----------
    pixels : uint8 array of shape (H, W, 1 or 3)
        Grey levels, or red, green and blue.
    alpha_channel : uint8 array of shape (H, W), optional
        Kept as it is.
    step : int
        How coarse, in 64ths.
    halved : bool
        Whether Cb and Cr have half as many rows and columns as Y.
    effort : str
        A key of EFFORTS.
    filtered : bool
        Whether decoding ends with a filter.
    n_threads : int
        Threads to use; the file does not depend on it.
    """
    height, width, channels = pixels.shape
    halved = halved and channels == 3
    pixels = np.ascontiguousarray(pixels)
    encode = functools.partial(_encode, pixels, step, halved, EFFORTS[effort], n_threads)
    bands = encode(SCAN_ENDS)
    # Only the codes tell how large they are; coding those of a small file again takes no time.
    if sum(len(scan) for scans in bands for scan in scans) < SCANS_FROM:
        bands = encode((N_LAYERS,))
    packed = b"" if alpha_channel is None else alpha.pack(alpha_channel)
    flags = HAS_ALPHA * bool(packed) | HALVED * halved | NOT_FILTERED * (not filtered)
    model = GREY if channels == 1 else YCBCR
    n_scans = len(bands[0])
    parts = [
        _START.pack(MAGIC, VERSION, KIND, model, 8, flags, default_model().id),
        _varint(width),
        _varint(height),
        *(_STEP.pack(value) for value in steps_of(step)[: 1 if model == GREY else 2]),
        _STEP.pack(_band_units(width, height, halved=halved)),
        bytes([n_scans, *(SCAN_ENDS[:-1] if n_scans > 1 else ())]),
        _LENGTH.pack(len(packed)) if packed else b"",
        *(_varint(len(band[scan])) for scan in range(n_scans) for band in bands),
        packed,
        *(band[scan] for scan in range(n_scans) for band in bands),
    ]
    return with_checksum(b"".join(parts))


def read(data: bytes, n_layers: int = N_LAYERS) -> _photo.File:
    """Read what a file declares; ValueError if it is damaged."""
    return _photo.File(default_model(), bytes(data), n_layers)


def unpack(data: bytes, max_pixels: int, upto: int | None = None, n_threads: int = 1) -> Array:
    """Return the image in a file.

    Parameters
    ----------
    data : bytes
        The file, or with `upto` the beginning of one.
    max_pixels : int
        Pixels that it may have at most, counting those of its last blocks beyond the edges.
    upto : int, optional
        Layers to decode at most, of 23; the file may be cut off then. See FORMAT.md.
    n_threads : int
        Threads to use.

    Raises
    ------
    ValueError
        If the file is damaged, or has too many pixels.
    """
    file = read(data) if upto is None else _read_start(data, integer(upto, "upto", 1, N_LAYERS))
    height, width, _ = file.shape
    n_pixels = _coded_pixels(height, width, halved=file.halved)
    if n_pixels > max_pixels:
        raise ValueError(
            f"data must hold at most {max_pixels} pixels, got {n_pixels} "
            f"(an image of {width}x{height} in whole blocks)"
        )
    pixels = file.decode(n_threads)
    if file.alpha:
        channel = alpha.unpack(file.alpha, (height, width), 8)
        pixels = np.concatenate([pixels, channel[:, :, None]], axis=2)
    return pixels if pixels.shape[2] > 1 else pixels[:, :, 0]


def _read_start(data: bytes, upto: int) -> _photo.File:
    """Read a file that may have been cut off, to decode so many layers at most."""
    if upto == N_LAYERS:
        with contextlib.suppress(ValueError):
            return read(data)
    return read(data, min(upto, N_LAYERS - 1))  # which is what says that the end may be missing


def _coded_pixels(height: int, width: int, *, halved: bool) -> int:
    """Return the pixels of all blocks of Y."""
    unit = 16 if halved else 8
    return -(-height // unit) * -(-width // unit) * unit**2


def _check_size(shape: Sequence[int], *, halved: bool) -> None:
    if max(shape[:2]) > MAX_SIDE:
        raise ValueError(f"img must have at most {MAX_SIDE} pixels a side, got shape {shape}")
    n_pixels = _coded_pixels(shape[0], shape[1], halved=halved)
    if n_pixels > MAX_PIXELS:
        raise ValueError(
            f"img must have at most {MAX_PIXELS} pixels, counting those of its last blocks "
            f"beyond the edges, got {n_pixels}"
        )


def _encode(
    pixels: Array,
    step: int,
    halved: bool,
    n_candidates: int,
    n_threads: int,
    scan_ends: Sequence[int],
) -> list[list[bytes]]:
    height, width, channels = pixels.shape
    units = _band_units(width, height, halved=halved)
    layout = _photo.Layout(width, height, channels, halved, steps_of(step), units, scan_ends)
    return _photo.Encoder(default_model(), layout, pixels, n_candidates).encode(n_threads)


def _band_units(width: int, height: int, *, halved: bool) -> int:
    """Return rows of units in a band: bands are about equal, and not too small."""
    units = -(-height // (16 if halved else 8))
    n_bands = max(1, min(round(width * height / BAND_PIXELS), units // LEAST_UNITS))
    return -(-units // n_bands)


def _varint(value: int) -> bytes:
    groups = [value >> shift & 127 for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([group | 128 for group in groups[:-1]] + groups[-1:])
