"""Training in C: by hand, against the definition, and what it refuses."""

import ctypes

import numpy as np
import pytest
from library import STATUS, aligned, lib, rows_of

import centnn


def train(X, k, max_epochs=50, memory=None):
    X = np.asarray(X)
    codewords = np.empty((k, X.shape[1]), np.float32)
    codes, distances = np.empty(len(X), np.uint32), np.empty(len(X))
    if memory is None:
        memory = aligned(lib.centnn_train_size(k, X.shape[1]))
    status = lib.centnn_train(
        ctypes.byref(rows_of(X)),
        k,
        max_epochs,
        codewords.ctypes.data,
        codes.ctypes.data,
        distances.ctypes.data,
        memory.ctypes.data,
    )
    return STATUS[status], codewords, codes, distances


def test_four_points_by_hand():
    status, codewords, codes, distances = train(np.float32([[0], [1], [9], [10]]), 2)
    assert status == "OK"
    assert codewords.tolist() == [[0.5], [9.5]]
    assert codes.tolist() == [0, 0, 1, 1]
    assert distances.tolist() == [0.25] * 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
@pytest.mark.parametrize(("n", "d", "k"), [(500, 4, 20), (300, 1, 7), (64, 3, 64), (200, 33, 5)])
def test_codewords_are_the_means_of_their_rows(dtype, n, d, k, isa):
    X = (255 * np.random.default_rng(n + d).random((n, d))).astype(dtype)
    X[: n // 2] = (X[: n // 2].astype(float) / 4).astype(dtype)
    k = min(k, len(np.unique(X, axis=0)))
    status, codewords, codes, distances = train(X, k, 200)
    assert status == "OK"
    assert np.array_equal(np.unique(codes), np.arange(k))
    means = np.stack([X[codes == j].astype(float).mean(axis=0) for j in range(k)])
    assert np.allclose(codewords, means, rtol=1e-5, atol=1e-4)
    nearest, squares = centnn.quantize(X, codewords, return_distance=True)
    assert np.array_equal(codes, nearest)
    assert np.array_equal(distances.astype(np.float32), squares)


def test_error_is_near_that_of_fit_codebook():
    X = np.random.default_rng(0).random((2000, 3), dtype="f4")
    _, _, _, distances = train(X, 40, 100)
    assert distances.sum() < 1.1 * centnn.fit_codebook(X, 40).inertia


def test_same_bits_on_every_instruction_set():
    X = np.random.default_rng(3).random((2000, 6), dtype="f4")
    found = []
    for isa in ("scalar", None):
        assert lib.centnn_set_isa(isa.encode() if isa else None) == 0
        found.append(train(X, 37)[1].tobytes())
    assert found[0] == found[1]


def test_strided_rows():
    X = np.random.default_rng(4).random((400, 10), dtype="f4")
    assert np.array_equal(train(X[::2, 1:9:2], 9)[1], train(X[::2, 1:9:2].copy(), 9)[1])


def test_rows_of_many_scales_take_more_epochs():
    X = np.float32(2) ** np.arange(60, dtype=np.float32)[:, None]
    assert train(X, 32, max_epochs=15)[0] == "EPOCHS"
    assert train(X, 32, max_epochs=32)[0] == "OK"


def test_what_it_refuses():
    X = np.zeros((5, 2), np.float32)
    assert train(X, 2)[0] == "DISTINCT"  # all rows are the same
    assert train(np.arange(6.0, dtype="f4").reshape(3, 2), 4)[0] == "DISTINCT"
    assert train(np.arange(64.0, dtype="f4")[:, None], 32, max_epochs=3)[0] == "EPOCHS"
    assert train(X, 1, memory=aligned(1000, offset=8))[0] == "SIZE"
    assert train(np.zeros((5, 2)), 1)[0] == "DTYPE"
    X[3, 1] = np.nan
    assert train(X, 1)[0] == "NONFINITE"
    assert lib.centnn_train_size(0, 3) == lib.centnn_train_size(2**40, 3) == 0
    assert STATUS[lib.centnn_train(None, 1, 1, None, None, None, None)] == "NULL"
