"""What .cvq files of every version and mode declare, and shared codebooks."""

from __future__ import annotations

from dataclasses import dataclass

from centnn.image import photo, version1, version2
from centnn.image.fields import version_of

__all__ = ["BookInfo", "FileInfo", "is_book", "is_photo", "read_book", "read_header"]


@dataclass(frozen=True)
class FileInfo:
    """What a .cvq file declares."""

    version: int
    """Of the format."""
    mode: str
    """"vq", or "photo": with the codebooks that come with the library."""
    height: int
    """Pixels from top to bottom."""
    width: int
    """Pixels from left to right."""
    depth: int
    """Bits of a sample."""
    colour: str
    """"grey", or how colours are coded: "rgb", "ycbcr" or "ycbcr420"."""
    has_alpha: bool
    """Whether there is an alpha channel."""
    block: tuple[int, int] | tuple[()] = ()
    """Height and width of a block; empty in photo mode."""
    n_codewords: tuple[int, ...] = ()
    """Codewords of each plane; empty in photo mode."""
    codebook: str = ""
    """Id of the shared codebook that is needed, in hexadecimal; empty if none is."""
    quality: float | None = None
    """Of photo mode, from 0 to 100."""
    step: float | None = None
    """How coarse photo mode is: the step of luma."""
    filtered: bool | None = None
    """Whether decoding photo mode ends with a filter."""
    scans: tuple[int, ...] = ()
    """Layers in each scan of photo mode; a file that is cut off has the scans before."""


@dataclass(frozen=True)
class BookInfo:
    """What the file of a shared codebook declares."""

    version: int
    """Of the format."""
    depth: int
    """Bits of a sample."""
    colour: str
    """As in `FileInfo`."""
    block: tuple[int, int]
    """Height and width of a block."""
    n_codewords: tuple[int, ...]
    """Codewords of each plane."""
    id: str
    """What files that need it call it, in hexadecimal."""


def read_header(data: bytes) -> FileInfo:
    """Return what a .cvq file declares, once it and its checksum are found right.

    Parameters
    ----------
    data : bytes
        The contents of a whole .cvq file.

    Returns
    -------
    FileInfo
        Sizes that agree with the length of `data`.

    Raises
    ------
    ValueError
        If `data` is foreign, truncated, damaged or of a later version.
    """
    if is_photo(data):
        return _photo_info(data)
    if version_of(data) == 1:
        old = version1.read_header(data)
        model = "grey" if old.channels == 1 else "rgb"
        return FileInfo(
            1, "vq", old.height, old.width, 8, model, False, old.block, (old.n_codewords,)
        )
    new = version2.read_header(data)
    return FileInfo(
        2,
        "vq",
        new.height,
        new.width,
        new.depth,
        _colour(new),
        new.has_alpha,
        new.planes[0].block,
        tuple(plane.n_codewords for plane in new.planes),
        new.book_id.hex(),
    )


def read_book(data: bytes) -> BookInfo:
    """Return what the file of a shared codebook declares, once all of it is found right.

    Raises
    ------
    ValueError
        If `data` is foreign, truncated, damaged or of a later version.
    """
    book = version2.unpack_book(data)
    shapes = [plane.codewords.shape for plane in book.planes]
    _, height, width, _ = shapes[0]
    return BookInfo(
        version2.VERSION,
        book.depth,
        _colour(book),
        (height, width),
        tuple(shape[0] for shape in shapes),
        book.id.hex(),
    )


def _colour(what: version2.Header | version2.Book) -> str:
    return what.colour + ("420" if what.halved else "")


def is_book(data: bytes) -> bool:
    """Tell whether a file is a shared codebook; ValueError if it is of no version known here."""
    return version_of(data) == version2.VERSION and data[5:6] == bytes([version2.MODE_BOOK])


def is_photo(data: bytes) -> bool:
    """Tell whether a file is of photo mode; ValueError if it is of no version known here."""
    return version_of(data) == photo.VERSION and data[5:6] == bytes([photo.KIND])


def _photo_info(data: bytes) -> FileInfo:
    file = photo.read(data)
    height, width, channels = file.shape
    step, _ = file.steps
    ends = file.scan_ends
    return FileInfo(
        photo.VERSION,
        "photo",
        height,
        width,
        8,
        "grey" if channels == 1 else "ycbcr420" if file.halved else "ycbcr",
        file.alpha != b"",
        quality=photo.quality_of(step),
        step=step / 64,
        filtered=file.filtered,
        scans=tuple(end - start for start, end in zip((0, *ends), ends, strict=False)),
    )
