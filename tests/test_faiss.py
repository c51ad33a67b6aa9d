"""Indexes for faiss with codewords of this library."""

import sys

import numpy as np
import pytest

import centnn


def samples(n, d, dtype=np.float32):
    return np.random.default_rng(0).normal(size=(n, d)).astype(dtype)


@pytest.fixture
def faiss():
    return pytest.importorskip("faiss")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("d", "k"), [(1, 5), (3, 40), (16, 256), (128, 300)])
def test_a_codebook_finds_what_quantize_finds(faiss, d, k, dtype):
    X = samples(2000, d, dtype)
    book = centnn.fit_codebook(X, k, effort="fast")
    index = book.to_faiss()
    assert (index.ntotal, index.d) == (k, d)
    assert np.array_equal(index.reconstruct_n(0, k), book.centers.astype(np.float32))
    distances, codes = index.search(X.astype(np.float32), 1)
    expected, least = centnn.quantize(X, book, return_distance=True)
    np.testing.assert_allclose(distances[:, 0], least, atol=1e-4 * max(1, d))
    sure = is_clear(centnn.quantize(X, book, n_nearest=2, return_distance=True)[1])
    assert sure.mean() > 0.99
    assert np.array_equal(codes[sure, 0], expected[sure])


@pytest.mark.parametrize("k", [1, 2, 13, 16, 200, 256, 300])
def test_a_product_quantizer_encodes_as_its_own(faiss, k):
    X = samples(1000, 12)
    pq = centnn.ProductQuantizer(3, k).fit(X)
    index = pq.to_faiss()
    assert (index.d, index.pq.M, index.ntotal, index.is_trained) == (12, 3, 0, True)
    n_bits = max(1, (k - 1).bit_length())
    packed = index.sa_encode(X)
    assert packed.shape == (1000, -(-3 * n_bits // 8))
    codes = faiss.unpack_bitstrings(packed, 3, n_bits)
    for part, book in enumerate(pq.codebooks_):
        expected, found = pq.encode(X)[:, part], codes[:, part]
        columns = X[:, 4 * part : 4 * part + 4]
        if k > 1:
            two = centnn.quantize(columns, book, n_nearest=2, return_distance=True)[1]
            expected, found = expected[is_clear(two)], found[is_clear(two)]
        assert np.array_equal(found, expected)
    np.testing.assert_allclose(index.sa_decode(packed), pq.decode(codes), rtol=1e-6)


@pytest.mark.parametrize(("k", "n_nearest"), [(256, 1), (256, 20), (16, 5)])
def test_a_product_quantizer_searches_as_its_own(faiss, k, n_nearest):
    X, queries = samples(3000, 16)[:2900], samples(3000, 16)[2900:]
    pq = centnn.ProductQuantizer(8, k).fit(X)
    codes = pq.encode(X)
    index = pq.to_faiss()
    if k == 256:
        index.add_sa_codes(codes)
    else:
        index.add(X)
    distances, indices = index.search(queries, n_nearest)
    expected, places = pq.search(queries, codes, n_nearest)
    np.testing.assert_allclose(distances, expected, rtol=1e-4, atol=1e-4)
    assert (indices == places).mean() > 0.98  # but for ties of codes, and within rounding


@pytest.mark.parametrize(
    "fitted",
    [centnn.fit_codebook(np.eye(2), 2), centnn.ProductQuantizer(1, 2).fit(np.eye(2))],
)
def test_without_faiss(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match="to_faiss needs faiss: pip install faiss-cpu"):
        fitted.to_faiss()


def test_not_fitted():
    with pytest.raises(ValueError, match="This ProductQuantizer instance is not fitted yet"):
        centnn.ProductQuantizer().to_faiss()


def is_clear(two_distances):
    """Tell where the nearest codeword is nearer than the next by more than rounding."""
    return two_distances[:, 1] > two_distances[:, 0] + 1e-3 * (1 + two_distances[:, 0])
