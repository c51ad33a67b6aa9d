"""Compress images to .cvq files, and decompress those of every version. See FORMAT.md."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._duplicates import count_distinct
from centnn._monitor import Callback
from centnn._validation import integer, thread_count
from centnn.image import codewords, photo, version1, version2
from centnn.image.blocks import Block, block_grid, block_size, to_blocks
from centnn.image.channels import MAX_PIXELS, split
from centnn.image.colour import to_planes
from centnn.image.encoder import PlaneOptions, encode_plane, encode_with_book, train_plane
from centnn.image.fields import version_of
from centnn.image.header import is_photo

__all__ = [
    "COLOURS",
    "checked_block",
    "colour_model",
    "compress",
    "count_blocks",
    "decompress",
    "plane_options",
    "train_codebook",
]

Array = NDArray[Any]

COLOURS = {"rgb": ("rgb", False), "ycbcr": ("ycbcr", False), "ycbcr420": ("ycbcr", True)}
# At equal PSNR of red, green and blue, over crops of nine training pictures in 4x4 blocks, K = 64,
# 256 and 1024, files are 11 % smaller than with "ycbcr420" (from 30 smaller to 3 larger); those
# with "rgb" are 1 % smaller (from 42 smaller to 40 larger).
DEFAULT_COLOUR = "ycbcr"
N_CODEWORDS = 512
# Cb and Cr together get so many times fewer codewords than Y, but not fewer than this.
CHROMA_SHARE = 4
CHROMA_LEAST = 16


def compress(
    img: Array,
    n_codewords: int | None = None,
    block: Block = 4,
    *,
    colour: str | None = None,
    effort: str = "balanced",
    rate_weight: float | str = 0.0,
    codebook: bytes | None = None,
    n_threads: int | None = None,
    callback: Callback | None = None,
) -> bytes:
    """Compress an image with a codebook trained on its own blocks, or with a shared one.

    Parameters
    ----------
    img : uint8 or uint16 array of shape (H, W), (H, W, 2), (H, W, 3) or (H, W, 4)
        A grey image or one in colour (red, green, blue); the second and the fourth have an alpha
        channel, which is kept as it is.
    n_codewords : int, optional
        Codewords in the codebook, at most 65,536 and as many as the image has different blocks. By
        default 512, or as many as it has different blocks.
    block : int or (height, width)
        Size of a block in pixels, at most 64 a side. 1 quantizes grey levels or colours.
    colour : {"rgb", "ycbcr", "ycbcr420"}, optional
        How to code colours: blocks of red, green and blue, or a plane of Y and one of Cb and Cr.
        The latter has a quarter of the codewords, but 16 if Y has as many; with 420, it has half
        the rows and columns. By default "ycbcr", or "rgb" if `block` is 1.
    effort : {"fast", "balanced", "best"}
        How long to train, as for `centnn.fit_codebook`.
    rate_weight : float or "auto"
        What a bit of the file is worth: code and train for the least sum of squared differences
        + rate_weight * bits, codewords of no use being dropped. "auto" is what a bit is worth
        about the quality that so many codewords give.
    codebook : bytes, optional
        What `train_codebook` returned: use this instead of training. `n_codewords`, `block` and
        `colour` are then those of the codebook. `decompress` will need it, too.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The file does not depend on it.
    callback : callable, optional
        Called during the training as by `centnn.fit_codebook`. If it returns True, the codebook
        has the codewords so far.

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
    >>> data = centnn.image.compress(img, n_codewords=32, block=4)
    >>> len(data) < img.size / 20
    True
    >>> centnn.psnr(img, centnn.image.decompress(data)) > 45
    True
    """
    pixels, alpha = split(img)
    if codebook is not None:
        return _compress_with(pixels, alpha, codebook, rate_weight, n_threads)
    size = checked_block(block, pixels.shape)
    model, halved = colour_model(colour, pixels.shape[2], size)
    planes = to_planes(pixels, model, halved=halved)
    number = _checked_number(n_codewords, [planes[0]], size, "img")
    options = plane_options(
        number, size, planes, effort, _checked_weight(rate_weight), n_threads, callback
    )
    coded = [encode_plane(*of_plane) for of_plane in zip(planes, options, strict=True)]
    return version2.pack_image(_header(pixels, alpha, model, halved=halved), coded, alpha)


def train_codebook(
    images: Sequence[Array],
    n_codewords: int | None = None,
    block: Block = 4,
    *,
    colour: str | None = None,
    effort: str = "balanced",
    rate_weight: float | str = 0.0,
    n_threads: int | None = None,
    callback: Callback | None = None,
) -> bytes:
    """Train a codebook that files of several images can share.

    Parameters
    ----------
    images : sequence of arrays
        Images as `compress` takes them, all grey or all in colour, of the same dtype; alpha
        channels are ignored.
    n_codewords, block, colour, effort, rate_weight, n_threads, callback : object
        As for `compress`.

    Returns
    -------
    bytes
        The contents of a codebook file, for `compress` and `decompress`.

    Raises
    ------
    ValueError
        If an argument is invalid; the message names it, what it must be, and what it was.

    Examples
    --------
    >>> import numpy as np
    >>> import centnn
    >>> images = [np.full((8, 8), grey, np.uint8) for grey in (10, 20, 30, 40)]
    >>> book = centnn.image.train_codebook(images, 4, 4)
    >>> data = centnn.image.compress(images[2], codebook=book)
    >>> int(centnn.image.decompress(data, codebook=book)[0, 0])
    30
    """
    pixels = [split(img)[0] for img in images]
    kinds = sorted({(str(img.dtype), img.shape[2]) for img in pixels})
    if len(kinds) != 1:
        raise ValueError(
            "images must be at least one, all grey or all in colour and of the same dtype, "
            f"got (dtype, channels) {kinds}"
        )
    size = checked_block(block, pixels[0].shape)
    model, halved = colour_model(colour, pixels[0].shape[2], size)
    of_images = [to_planes(img, model, halved=halved) for img in pixels]
    number = _checked_number(n_codewords, [planes[0] for planes in of_images], size, "images")
    options = plane_options(
        number, size, of_images[0], effort, _checked_weight(rate_weight), n_threads, callback
    )
    books = [
        train_plane([planes[i] for planes in of_images], options[i]) for i in range(len(options))
    ]
    depth = 8 * pixels[0].itemsize
    return version2.pack_book(version2.Book(depth, model, halved, tuple(books), b""))


def decompress(
    data: bytes,
    *,
    codebook: bytes | None = None,
    max_pixels: int = MAX_PIXELS,
    upto: int | None = None,
    n_threads: int | None = None,
) -> Array:
    """Decompress the contents of a .cvq file.

    Parameters
    ----------
    data : bytes
        What `compress` or `compress_photo` returned, in this version of the library or an earlier
        one.
    codebook : bytes, optional
        The shared codebook that it was compressed with, if it was.
    max_pixels : int
        Pixels that the image may have at most, counting those of its last blocks beyond the
        edges. Few bytes can stand for many pixels; no memory is allocated for more than these.
    upto : int, optional
        Of a file of photo mode, decode so many of its 23 layers at most: the first ones are
        coarse. The file may be cut off then: layers in scans that are whole are decoded, and the
        checksum is not looked at.
    n_threads : int, optional
        Threads to use in photo mode; by default as many as OpenMP would. The image does not depend
        on it.

    Returns
    -------
    uint8 or uint16 array of shape (H, W), (H, W, 2), (H, W, 3) or (H, W, 4)
        The image, of the dtype and shape that was compressed.

    Raises
    ------
    ValueError
        If `data` is not a whole, undamaged .cvq file of a version that is known here, if it has
        too many pixels, or if it needs another codebook.

    Examples
    --------
    >>> import numpy as np
    >>> import centnn
    >>> data = centnn.image.compress(np.full((5, 7), 9, np.uint8), n_codewords=1, block=2)
    >>> img = centnn.image.decompress(data)
    >>> img.shape, img.dtype, int(img[4, 6])
    ((5, 7), dtype('uint8'), 9)
    """
    n_threads = thread_count(n_threads)
    max_pixels = integer(max_pixels, "max_pixels", 1)
    if is_photo(data):
        return photo.unpack(data, max_pixels, upto, n_threads)
    version = version_of(data)
    if upto is not None:
        raise ValueError(f"upto must be left out for files not of photo mode, got {upto!r}")
    if version == 1:
        return version1.decompress(data, max_pixels)
    book = None if codebook is None else version2.unpack_book(codebook)
    return version2.unpack_image(data, book, max_pixels)


def count_blocks(img: Array, block: Block, colour: str | None = None) -> int:
    """Return how many codewords `compress` can be asked for: different blocks, 65,536 at most."""
    pixels, _ = split(img)
    size = checked_block(block, pixels.shape)
    model, halved = colour_model(colour, pixels.shape[2], size)
    plane = to_planes(pixels, model, halved=halved)[0]
    return count_distinct(to_blocks(plane, size), version2.MAX_CODEWORDS)


def _compress_with(
    pixels: Array,
    alpha: Array | None,
    codebook: bytes,
    rate_weight: float | str,
    n_threads: int | None,
) -> bytes:
    book = version2.unpack_book(codebook)
    channels = 1 if book.colour == "grey" else 3
    if pixels.shape[2] != channels or 8 * pixels.itemsize != book.depth:
        raise ValueError(
            f"img must have {channels} channels of {book.depth} bits like the codebook, "
            f"got {pixels.shape[2]} of {8 * pixels.itemsize}"
        )
    checked_block(book.planes[0].codewords.shape[1:3], pixels.shape)
    planes = to_planes(pixels, book.colour, halved=book.halved)
    coded = [
        encode_with_book(
            plane,
            of_plane,
            PlaneOptions(
                len(of_plane.codewords),
                of_plane.codewords.shape[1:3],
                rate_weight=_checked_weight(rate_weight),
                n_threads=n_threads,
            ),
        )
        for plane, of_plane in zip(planes, book.planes, strict=True)
    ]
    header = _header(pixels, alpha, book.colour, halved=book.halved, book_id=book.id)
    return version2.pack_image(header, coded, alpha)


def checked_block(block: Block, shape: Sequence[int]) -> tuple[int, int]:
    """Return the size of a block; ValueError if it does not suit an image of this shape."""
    size = block_size(block)
    if max(size) > codewords.LIMIT_BLOCK:
        raise ValueError(f"block must be at most {codewords.LIMIT_BLOCK} a side, got {block!r}")
    rows, columns = block_grid(shape, size)
    coded_pixels = rows * size[0] * columns * size[1]
    if coded_pixels > MAX_PIXELS:
        raise ValueError(
            f"img must have at most {MAX_PIXELS} pixels, counting those of its last blocks "
            f"beyond the edges, got {coded_pixels}"
        )
    return size


def colour_model(name: str | None, channels: int, block: tuple[int, int]) -> tuple[str, bool]:
    """Return the colour model, and whether Cb and Cr are halved."""
    if name is not None and name not in COLOURS:
        raise ValueError(f"colour must be one of {', '.join(COLOURS)}, got {name!r}")
    if channels == 1:
        return "grey", False
    return COLOURS[name or ("rgb" if block == (1, 1) else DEFAULT_COLOUR)]


def wanted_number(n_codewords: int | None) -> int:
    """Return how many codewords are asked for, or the usual number; ValueError if out of range."""
    if n_codewords is None:
        return N_CODEWORDS
    return integer(n_codewords, "n_codewords", 1, version2.MAX_CODEWORDS)


def _checked_number(
    n_codewords: int | None, planes: list[Array], block: tuple[int, int], name: str
) -> int:
    """Return how many codewords to train; ValueError if there are not so many different blocks."""
    wanted = wanted_number(n_codewords)
    blocks = [to_blocks(plane, block) for plane in planes]
    found = count_distinct(np.concatenate(blocks), wanted)
    if n_codewords is not None and found < wanted:
        raise ValueError(
            f"n_codewords must be at most the number of different blocks in {name}, {found}, "
            f"got {wanted}"
        )
    return found


def plane_options(
    n_codewords: int,
    block: tuple[int, int],
    planes: Sequence[Any],
    effort: str,
    rate_weight: float | None,
    n_threads: int | None,
    callback: Callback | None,
) -> list[PlaneOptions]:
    """Return how to code each of an image's planes."""
    of_chroma = max(min(n_codewords, CHROMA_LEAST), n_codewords // CHROMA_SHARE)
    numbers = [n_codewords, of_chroma][: len(planes)]
    return [
        PlaneOptions(number, block, effort, rate_weight, n_threads, callback) for number in numbers
    ]


def _checked_weight(rate_weight: float | str) -> float | None:
    """Return the rate weight, None for "auto"."""
    if isinstance(rate_weight, str) and rate_weight == "auto":
        return None
    if not isinstance(rate_weight, numbers.Real) or not 0 <= rate_weight < np.inf:
        raise ValueError(
            f"rate_weight must be a number of at least 0 or 'auto', got {rate_weight!r}"
        )
    return float(rate_weight)


def _header(
    pixels: Array, alpha: Array | None, model: str, *, halved: bool, book_id: bytes = b""
) -> version2.Header:
    height, width, _ = pixels.shape
    depth = 8 * pixels.itemsize
    return version2.Header(height, width, depth, model, alpha is not None, halved, book_id)
