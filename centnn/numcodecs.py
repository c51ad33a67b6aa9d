"""A codec for numcodecs, and with it for Zarr: chunks of arrays as a codebook and codes.

Importing this module needs numcodecs. It need not be imported where numcodecs is: it is found by
its entry point, as ``numcodecs.get_codec({"id": "centnn_vq"})``.
"""

from __future__ import annotations

import base64
import binascii
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numcodecs.compat import ensure_bytes, ensure_ndarray, ndarray_copy
from numpy.typing import ArrayLike, NDArray

from centnn import _bookfile, _chunks, _options, _validation
from centnn._duplicates import count_distinct
from centnn.codebook import Codebook, fit_codebook
from centnn.quantizer import array_of, code_type, quantize

if TYPE_CHECKING:

    class Codec:
        """What mypy knows of numcodecs."""

else:
    from numcodecs.abc import Codec

__all__ = ["VQ"]

Array = NDArray[Any]

MOST_CODEWORDS = 1 << 24


class VQ(Codec):
    """Vector quantization: blocks of an array are replaced by the nearest of K codewords.

    It loses information, at a rate that is known before: each block takes ``ceil(log2(K))`` bits.
    A codebook is trained for each chunk and stored with it, unless one is given.

    Parameters
    ----------
    n_codewords : int, default 256
        Codewords, K. A chunk with fewer distinct blocks has as many as those, and loses nothing.
    block : int or sequence of int, optional
        Sides of a block along the last axes, an int being along the last axis only: (4, 4) for
        pictures whose last axes are rows and columns. By default a block is all of the last axis:
        right for vectors such as embeddings. Where a chunk ends within a block, its last elements
        are repeated.
    effort : {"fast", "balanced", "best"}, default "fast"
        How long to train; see `fit_codebook`.
    codebook : Codebook or array_like, shape (K, D), or str, optional
        Codewords for all chunks, D being the number of elements of a block: `n_codewords` and
        `effort` are without effect then. A string is what `get_config` makes of it.

    Notes
    -----
    Arrays of booleans, integers and floats of up to 64 bits can be encoded if all numbers are
    finite (so NaN must not be the fill value of a Zarr array), up to 2 GiB a chunk. What is decoded
    has the same type; integers are rounded. Codewords are stored in the array's type, with K * D
    elements: to be worth it, chunks should have some tens of thousands of blocks.

    Examples
    --------
    >>> import numcodecs
    >>> import numpy as np
    >>> codec = numcodecs.get_codec({"id": "centnn_vq", "n_codewords": 16, "block": [4, 4]})
    >>> img = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint16)
    >>> data = codec.encode(img)
    >>> img.nbytes, len(data)
    (131072, 2616)
    >>> int(abs(codec.decode(data).astype(int) - img).max())
    37
    """

    codec_id = "centnn_vq"

    def __init__(
        self,
        n_codewords: int = 256,
        block: SupportsIndex | Sequence[SupportsIndex] | None = None,
        effort: str = "fast",
        codebook: Codebook | ArrayLike | None = None,
    ) -> None:
        self.codebook = _codebook_of(codebook)
        if self.codebook is not None:
            n_codewords = len(self.codebook)
        self.n_codewords = _validation.integer(n_codewords, "n_codewords", 1, MOST_CODEWORDS)
        self.block = _sides_of(block)
        self.effort = _validation.one_of(effort, "effort", _options.EFFORTS)

    def encode(self, buf: Any) -> bytes:
        """Return an array as a codebook and codes.

        Raises
        ------
        ValueError
            If it is not an array of finite real numbers of at most 64 bits, has fewer axes than a
            block, or blocks of another size than the codebook, or is too large.
        """
        if isinstance(buf, bytes | bytearray):
            raise ValueError(
                "buf must be an array of numbers, got bytes, such as filters make of objects: they "
                "would not be the same when decoded"
            )
        array = ensure_ndarray(buf)
        check_dtype(array.dtype)
        layout = self._layout(array.shape)
        is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        codewords, codes = self._quantized(array, layout)
        return _chunks.pack(
            layout,
            array.dtype,
            is_fortran,
            codewords,
            codes,
            is_apart=self.codebook is not None and array.size > 0,
        )

    def decode(self, buf: Any, out: Any = None) -> Any:
        """Return the array that `encode` was given, but for what was lost.

        Parameters
        ----------
        buf : buffer
            What `encode` returned.
        out : buffer, optional
            Memory of the size of the array to write it to.

        Raises
        ------
        ValueError
            If `buf` is no such thing, or damaged, or needs a codebook that this codec has not.
        """
        return ndarray_copy(_chunks.unpack(ensure_bytes(buf), self.codebook), out)

    def get_config(self) -> dict[str, Any]:
        """Return the parameters, in types that JSON has."""
        return {
            "id": self.codec_id,
            "n_codewords": self.n_codewords,
            "block": None if self.block is None else list(self.block),
            "effort": self.effort,
            "codebook": None if self.codebook is None else _to_text(self.codebook),
        }

    def __repr__(self) -> str:
        """Return the call that makes such a codec, without the codewords of a codebook."""
        given = "" if self.codebook is None else ", codebook=..."
        return (
            f"VQ(n_codewords={self.n_codewords}, block={self.block}, effort={self.effort!r}{given})"
        )

    def _layout(self, shape: tuple[int, ...]) -> _chunks.Layout:
        block = self.block
        if block is None:
            block = tuple(max(1, length) for length in shape[-1:])
        if len(block) > len(shape):
            raise ValueError(
                f"block must have at most as many sides as buf has axes, got block={block} for an "
                f"array of shape {shape}"
            )
        return _chunks.Layout(shape, block)

    def _quantized(self, array: Array, layout: _chunks.Layout) -> tuple[Array, Array]:
        """Return codewords that the array's type has, and codes."""
        if array.size == 0:
            return np.empty((0, layout.n_components), array.dtype), np.empty(0, np.uint8)
        _chunks.check_size(layout.n_vectors * layout.n_components * array.itemsize)
        blocks = layout.cut(array)
        if self.codebook is None and array.dtype.kind in "iu" and array.dtype.itemsize == 8:
            found = _distinct(blocks, self.n_codewords)
            if found is not None:
                return found
        vectors = _validation.samples(blocks, "buf")
        if self.codebook is None:
            k = count_distinct(vectors, self.n_codewords)
            trained = fit_codebook(vectors, k, effort=self.effort).centers
            codewords = _rounded(trained, array.dtype)
        elif self.codebook.shape[1] == layout.n_components:
            codewords = _rounded(self.codebook, array.dtype)
        else:
            raise ValueError(
                "codebook must have as many components as a block has elements, "
                f"{layout.n_components}, got {self.codebook.shape[1]}"
            )
        return codewords, quantize(vectors, codewords)


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Raise ValueError for a type whose arrays cannot be encoded."""
    if dtype.str not in _chunks.TYPES:
        raise ValueError(
            f"buf must be an array of real numbers of at most 64 bits, got dtype {dtype}"
        )


def _sides_of(block: SupportsIndex | Sequence[SupportsIndex] | None) -> tuple[int, ...] | None:
    """Return the sides of a block, each at least 1."""
    if block is None:
        return None
    try:
        if isinstance(block, Sequence):
            sides = tuple(operator.index(side) for side in block)
        else:
            sides = (operator.index(block),)
    except TypeError:
        sides = ()
    if not 1 <= len(sides) <= _chunks.MOST_AXES or min(sides) < 1:
        raise ValueError(f"block must be a positive integer or several of them, got {block!r}")
    return sides


def _codebook_of(codebook: Codebook | ArrayLike | None) -> Array | None:
    """Return codewords (K, D), from what `_to_text` made of them, too."""
    if codebook is None:
        return None
    if isinstance(codebook, str):
        try:
            codebook = Codebook(**_bookfile.unpack(base64.b64decode(codebook, validate=True)))
        except binascii.Error as error:
            raise ValueError(f"codebook must be base64 if it is a string: {error}") from error
    codewords = _validation.samples(array_of(codebook), "codebook")
    return codewords.astype(np.result_type(codewords, np.float32))


def _to_text(codewords: Array) -> str:
    """Return the file of a codebook in base64."""
    k = len(codewords)
    book = Codebook(codewords, np.zeros(k), 0.0, 0, np.empty((0, 2)))
    return base64.b64encode(_bookfile.pack(vars(book))).decode("ascii")


def _distinct(blocks: Array, most: int) -> tuple[Array, Array] | None:
    """Return distinct blocks (N, D) and the place of each block in them; None if they are too many.

    For integers that float64, in which codewords are trained, has not.
    """
    blocks = np.ascontiguousarray(blocks)
    if count_distinct(blocks.view(np.uint16), most + 1) > most:
        return None
    whole = blocks.view(np.dtype((np.void, blocks.itemsize * blocks.shape[1])))[:, 0]
    _, first, codes = np.unique(whole, return_index=True, return_inverse=True)
    if len(first) > most:  # which equal keys had hidden
        return None
    return blocks[first], codes.astype(code_type(len(first)))


def _rounded(codewords: Array, dtype: np.dtype[Any]) -> Array:
    """Return codewords as numbers that a type has, the nearest."""
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return np.clip(codewords, info.min, info.max).astype(dtype)
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    # The largest float that is not above: 2**63 - 1 itself would be rounded up.
    most = float(high) if float(high) <= high else np.nextafter(float(high), 0)
    return np.clip(np.rint(codewords.astype(np.float64)), low, most).astype(dtype)
