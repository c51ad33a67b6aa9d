"""Samples that are read piece by piece: from a file, from an array on disk, from an iterable."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _validation

Array = NDArray[Any]

# What training takes: an array, or samples in pieces.
Samples: TypeAlias = (
    ArrayLike | os.PathLike[str] | Iterable[ArrayLike] | Callable[[], Iterable[ArrayLike]]
)

# Packages whose arrays are on disk, and read when they are indexed.
PACKAGES = ("zarr", "h5py")

# Bytes of a piece of an array on disk, where its own chunks are not larger.
PIECE = 1 << 22


class Source(Protocol):
    """Where samples come from; more than once, if it can be restarted."""

    shape: tuple[int | None, int]
    """(N, D), N being None if it is not known."""
    dtype: np.dtype[Any]
    """That of the pieces: a sample type."""
    can_restart: bool

    def pieces(self) -> Iterator[Array]:
        """Yield all samples in order, validated, in pieces of any size."""


def is_source(X: Any) -> bool:
    """Tell whether X is to be read in pieces, and not an array or what stands for one."""
    if isinstance(X, str | os.PathLike | Iterator) or _is_on_disk(X):
        return True
    if hasattr(X, "__array__") or hasattr(X, "shape"):
        return False
    return callable(X) or _holds_chunks(X)


def open_source(X: Any) -> Source:
    """Return the source that X is; a first chunk is read where only that tells what is in it."""
    if isinstance(X, str | os.PathLike):
        return _File(X)
    if _is_on_disk(X):
        return _OnDisk(X)
    if isinstance(X, Iterator):
        return _Chunks(lambda: X, can_restart=False)
    return _Chunks(X if callable(X) else lambda: X)


def _is_on_disk(X: Any) -> bool:
    package = type(X).__module__.partition(".")[0]
    return isinstance(X, np.memmap) or (package in PACKAGES and hasattr(X, "shape"))


def _holds_chunks(X: Any) -> bool:
    """Tell whether an iterable has arrays in it, unlike a nested list of numbers."""
    if isinstance(X, Sequence):
        is_text = isinstance(X, bytes | bytearray | memoryview)
        return not is_text and len(X) > 0 and len(getattr(X[0], "shape", ())) == 2
    return isinstance(X, Iterable)


def blocks(source: Source, n_rows: int) -> Iterator[tuple[Array, bool]]:
    """Yield (samples, whether they are the last): n_rows each time, at the end what is left.

    However long pieces are, blocks are the same. The memory of a block is used for the next one.
    """
    block = np.empty((n_rows, source.shape[1]), source.dtype)
    filled = 0
    for piece in source.pieces():
        start = 0
        while start < len(piece):
            if filled == n_rows:
                yield block, False
                filled = 0
            part = piece[start : start + n_rows - filled]
            block[filled : filled + len(part)] = part
            start += len(part)
            filled += len(part)
    yield block[:filled], True


class _OnDisk:
    """An array that is read by slices of its rows."""

    can_restart = True

    def __init__(self, array: Any) -> None:
        _validation.samples(np.broadcast_to(np.uint8(0), array.shape))  # for the shape's sake
        self.shape: tuple[int | None, int] = array.shape
        self.dtype = _validation.real_array(np.empty(0, array.dtype), "X").dtype
        self._length: int = array.shape[0]
        self._array = array
        chunk = (getattr(array, "chunks", None) or (1,))[0]
        chunk_bytes = chunk * array.shape[1] * array.dtype.itemsize
        self._step = chunk * max(1, PIECE // chunk_bytes)

    def pieces(self) -> Iterator[Array]:
        """Yield whole chunks, as many as fit in a piece."""
        for start in range(0, self._length, self._step):
            stop = min(start + self._step, self._length)
            try:
                rows = _validation.matrix(self._read(start, stop), "X")
            except Exception as error:
                what = f"rows {start} to {stop - 1} of X cannot be read"
                raise RuntimeError(f"{what}: {_describe(error)}") from error
            _validation.check_finite(rows, "X", start)
            yield rows

    def _read(self, start: int, stop: int) -> Any:
        return self._array[start:stop]


class _File(_OnDisk):
    """A .npy file, mapped anew for each piece: what has been read does not stay in memory."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            array = np.lib.format.open_memmap(self._path, mode="r")
        except ValueError as error:
            raise ValueError(
                f"X must be an array or the path of a .npy file, got {self._path!r}: {error}"
            ) from error
        super().__init__(array)
        del self._array

    def _read(self, start: int, stop: int) -> Any:
        return np.lib.format.open_memmap(self._path, mode="r")[start:stop]


class _Chunks:
    """Arrays that an iterable, which `start` returns, yields one after the other."""

    def __init__(self, start: Callable[[], Iterable[Any]], *, can_restart: bool = True) -> None:
        self.can_restart = can_restart
        self._start = start
        unread = self._arrays()
        first = next(unread, None)
        if first is None:
            raise ValueError("X must have at least 1 chunk of samples, got none")
        self.shape: tuple[int | None, int] = (None, first.shape[1])
        self.dtype = first.dtype
        self._unread: Iterator[Array] | None = chain([first], unread)

    def pieces(self) -> Iterator[Array]:
        """Yield the chunks as they are."""
        unread, self._unread = self._unread or self._arrays(), None
        for i, chunk in enumerate(unread):
            if chunk.shape[1] != self.shape[1]:
                raise ValueError(
                    f"chunk {i} of X must have as many features as chunk 0, {self.shape[1]}, "
                    f"got {chunk.shape[1]}"
                )
            if chunk.dtype != self.dtype:
                raise ValueError(
                    f"chunk {i} of X must be of the same type as chunk 0, {self.dtype}, "
                    f"got {chunk.dtype}"
                )
            yield chunk

    def _arrays(self) -> Iterator[Array]:
        """Start anew; yield the chunks, each valid by itself."""
        chunks = self._start()
        if not isinstance(chunks, Iterable):
            raise TypeError(f"X must return an iterable of arrays, got {type(chunks).__name__}")
        chunks = iter(chunks)
        for i in count():
            try:
                chunk = next(chunks)
            except StopIteration:
                return
            except Exception as error:
                what = f"chunk {i} of X cannot be read"
                raise RuntimeError(f"{what}: {_describe(error)}") from error
            yield _validation.samples(chunk, f"chunk {i} of X")


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
