import collections

import numpy as np
import pandas as pd
import polars as pl
import pytest

import centnn
from centnn import _source

X = np.arange(60, dtype=np.uint8).reshape(20, 3)


class Folder:
    """Iterable again and again, but no sequence."""

    def __init__(self, *chunks):
        self.chunks = chunks

    def __iter__(self):
        return iter(self.chunks)


def generate(*chunks):
    yield from chunks


def reusing(*chunks):
    """Yield one array, into which each chunk is read, as careful readers do."""
    array = np.empty_like(chunks[0])
    for chunk in chunks:
        array[:] = chunk
        yield array


def saved(tmp_path, array):
    np.save(tmp_path / "X.npy", array)
    return tmp_path / "X.npy"


def blocks(X, n_rows):
    found = _source.blocks(_source.open_source(X), n_rows)
    return [(block.copy(), is_last) for block, is_last in found]


SOURCES = {
    "list": lambda _: [X[:5], X[5:]],
    "tuple": lambda _: (X[:5], X[5:]),
    "deque": lambda _: collections.deque([X[:5], X[5:]]),
    "data frames": lambda _: [pd.DataFrame(X[:5]), pd.DataFrame(X[5:])],
    "views": lambda _: [X[:5], np.asfortranarray(X[5:])],
    "iterable": lambda _: Folder(X[:5], X[5:]),
    "function": lambda _: lambda: generate(X[:5], X[5:]),
    "generator": lambda _: generate(X[:5], X[5:]),
    "one array again": lambda _: reusing(X[:10], X[10:]),
    "path": lambda folder: saved(folder, X),
    "str": lambda folder: str(saved(folder, X)),
    "Fortran file": lambda folder: saved(folder, np.asfortranarray(X)),
    "memmap": lambda folder: np.load(saved(folder, X), mmap_mode="r"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_blocks_are_the_same_whatever_the_pieces_are(name, tmp_path, monkeypatch):
    monkeypatch.setattr(_source, "PIECE", 6)
    found = blocks(SOURCES[name](tmp_path), 8)
    assert [len(block) for block, _ in found] == [8, 8, 4]
    assert [is_last for _, is_last in found] == [False, False, True]
    assert np.array_equal(np.concatenate([block for block, _ in found]), X)
    assert found[0][0].dtype == X.dtype


@pytest.mark.parametrize("n_rows", [1, 5, 10, 19, 20, 21, 1000])
def test_the_last_block_is_told(n_rows):
    found = blocks([X[:5], X[5:]], n_rows)
    assert [is_last for _, is_last in found] == [False] * (-(-20 // n_rows) - 1) + [True]
    assert np.array_equal(np.concatenate([block for block, _ in found]), X)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, bool, ">f4", ">u2", np.float16, "<f8"])
def test_types_become_sample_types(dtype, tmp_path):
    values = X.astype(dtype)
    for source in ([values], saved(tmp_path, values)):
        ((block, _),) = blocks(source, 100)
        expected = {"f4": np.float32, "u2": np.uint16, "f2": np.float16}
        assert block.dtype == expected.get(values.dtype.str[1:], np.float64)
        assert np.array_equal(block, values)


def test_zarr_arrays_are_read_by_their_chunks(tmp_path, monkeypatch):
    zarr = pytest.importorskip("zarr")
    array = zarr.open(str(tmp_path / "X.zarr"), mode="w", shape=X.shape, chunks=(4, 2), dtype="u1")
    array[:] = X
    monkeypatch.setattr(_source, "PIECE", 8 * 3 + 1)
    source = _source.open_source(array)
    assert [len(piece) for piece in source.pieces()] == [8, 8, 4]
    assert np.array_equal(np.concatenate(list(source.pieces())), X)


def test_data_sets_without_chunks_are_read_by_rows(monkeypatch):
    class Dataset:
        """What h5py has: read when it is indexed, and by NumPy only as a whole."""

        shape, dtype, chunks = X.shape, X.dtype, None
        __getitem__ = X.__getitem__

        def __array__(self, *_, **__):
            raise AssertionError("read as a whole")

    monkeypatch.setattr(Dataset, "__module__", "h5py._hl.dataset")
    monkeypatch.setattr(_source, "PIECE", 3 * 7)
    assert _source.is_source(Dataset())
    assert [len(piece) for piece in _source.open_source(Dataset()).pieces()] == [7, 7, 6]


@pytest.mark.parametrize("name", SOURCES)
def test_what_can_be_read_again(name, tmp_path):
    source = _source.open_source(SOURCES[name](tmp_path))
    assert source.can_restart == (name not in ("generator", "one array again"))
    for _ in range(2 if source.can_restart else 1):
        assert np.array_equal(np.concatenate([p.copy() for p in source.pieces()]), X)


@pytest.mark.parametrize(
    "array",
    [
        X,
        X.tolist(),
        [[1.0, 2.0]],
        [X[0], X[1]],
        pd.DataFrame(X),
        pl.DataFrame(X),
        [],
        range(3),
        X[0],
    ],
    ids=str,
)
def test_arrays_are_no_sources(array):
    assert not _source.is_source(array)


@pytest.mark.parametrize("data", [b"\0\0", memoryview(X), bytearray(3)], ids=str)
def test_buffers_are_no_sources(data):
    assert not _source.is_source(data)


def unreadable():
    yield X
    raise OSError("disk is gone")


NAN = np.array([[0.0, 1.0, np.nan]])


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([X, NAN], "chunk 1 of X must hold finite numbers only, got nan in row 0, column 2"),
        ([X, X[:, :2]], "chunk 1 of X must have as many features as chunk 0, 3, got 2"),
        ([X, X[:0]], r"chunk 1 of X must be a 2-D array of at least 1 sample, got shape \(0, 3\)"),
        ([X, X[0]], r"Reshape your data: array.reshape\(-1, 1\) if it has a single feature"),
        ([X, X[0]], r"chunk 1 of X must be a 2-D array of shape .*, got shape \(3,\)"),
        (
            [X, X.astype(float)],
            "chunk 1 of X must be of the same type as chunk 0, uint8, got float64",
        ),
        ([X, [["a"]]], "chunk 1 of X must be an array of real numbers, got dtype <U1"),
        (Folder("abc"), "chunk 0 of X must be an array of real numbers, got dtype <U3"),
        (Folder(), "X must have at least 1 chunk of samples, got none"),
        (lambda: (), "X must have at least 1 chunk of samples, got none"),
    ],
)
def test_bad_chunks(chunks, message):
    with pytest.raises(ValueError, match=message):
        centnn.fit_codebook(chunks, 2)


def test_a_chunk_that_cannot_be_read():
    with pytest.raises(RuntimeError, match="chunk 1 of X cannot be read: OSError: disk is gone"):
        centnn.fit_codebook(unreadable, 2)


def test_a_function_that_returns_no_chunks():
    with pytest.raises(TypeError, match="X must return an iterable of arrays, got int"):
        centnn.fit_codebook(lambda: 3, 2)


def test_a_sparse_chunk():
    class Sparse:
        shape = (2, 2)

        def tocsr(self):
            """Scipy's mark."""

    with pytest.raises(TypeError, match="Sparse data was passed for chunk 1 of X"):
        centnn.fit_codebook([X, Sparse()], 2)


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npy"):
        centnn.fit_codebook(tmp_path / "none.npy", 2)
    (tmp_path / "text.npy").write_text("0, 1")
    with pytest.raises(ValueError, match=r"X must be .* the path of a .npy file, got '.*text.npy'"):
        centnn.fit_codebook(tmp_path / "text.npy", 2)
    np.savez(tmp_path / "many.npz", X)
    with pytest.raises(ValueError, match=r"X must be .* the path of a .npy file, got '.*many.npz'"):
        centnn.fit_codebook(tmp_path / "many.npz", 2)
    with pytest.raises(ValueError, match=r"X must be .* the path of a .npy file"):
        np.save(tmp_path / "objects.npy", np.array([[None]]), allow_pickle=True)
        centnn.fit_codebook(tmp_path / "objects.npy", 2)
    whole = saved(tmp_path, X).read_bytes()
    (tmp_path / "X.npy").write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=r"X must be .* the path of a .npy file"):
        centnn.fit_codebook(tmp_path / "X.npy", 2)


@pytest.mark.parametrize("shape", [(5,), (0, 3), (4, 0), (2, 3, 4)])
def test_files_of_other_shapes(shape, tmp_path):
    with pytest.raises(ValueError, match=rf"X must be a 2-D array.*shape \({shape[0]},"):
        centnn.fit_codebook(saved(tmp_path, np.zeros(shape)), 2)


def test_a_file_that_is_cut_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(_source, "PIECE", 24)
    path = saved(tmp_path, X)
    pieces = _source.open_source(path).pieces()
    next(pieces)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RuntimeError, match="rows 8 to 15 of X cannot be read: ValueError"):
        next(pieces)


def test_the_row_of_a_nan_is_told_across_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(_source, "PIECE", 100)
    values = X.astype(np.float32)
    values[17, 1] = np.inf
    with pytest.raises(ValueError, match=r"X must hold finite .* got inf in row 17, column 1"):
        centnn.fit_codebook(saved(tmp_path, values), 2)
