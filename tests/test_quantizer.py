import numpy as np
import pytest
import reference

import centnn


def test_ties_go_to_the_lowest_index():
    codes = centnn.quantize([[1.0], [3.0]], [[2.0], [0.0], [2.0], [4.0]])
    assert codes.tolist() == [0, 0]


@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_equals_the_reference(dtype, n_threads):
    rng = np.random.default_rng(0)
    for n, d, k in [(1, 1, 1), (5, 3, 2), (1000, 4, 17), (2500, 16, 64), (1025, 7, 300)]:
        X = rng.uniform(0, 255, size=(n, d)).astype(dtype)
        centers = rng.uniform(0, 255, size=(k, d))
        codes, distances = centnn.quantize(X, centers, n_threads=n_threads, return_distance=True)
        expected, expected_distances = reference.nearest(X, centers)
        assert np.array_equal(codes, expected)
        assert np.array_equal(distances, expected_distances)


def test_any_memory_layout():
    rng = np.random.default_rng(0)
    X, centers = rng.normal(size=(600, 8)).astype(np.float32), rng.normal(size=(20, 4))
    view = X[::-2, 1::2]
    assert np.array_equal(centnn.quantize(view, centers), centnn.quantize(view.copy(), centers))
    columns = np.asfortranarray(centers)
    assert np.array_equal(centnn.quantize(view, columns), centnn.quantize(view, centers))


def test_types_of_the_result():
    for k, dtype in [(1, np.uint8), (256, np.uint8), (257, np.uint16), (65536, np.uint16)]:
        assert centnn.quantize([[0.0]], np.arange(k)[:, None]).dtype == dtype
    assert centnn.quantize([[7e4]], np.arange(70_000.0)[:, None]).tolist() == [69_999]
    single = np.ones((1, 1), np.float32)
    assert centnn.quantize(single, single, return_distance=True)[1].dtype == np.float32
    assert centnn.quantize(single, [[1.0]], return_distance=True)[1].dtype == np.float64


def test_dequantize():
    centers = np.array([[1, 2], [3, 4]], dtype=np.float32)
    decoded = centnn.dequantize(np.array([1, 1, 0], dtype=np.uint8), centers)
    assert decoded.tolist() == [[3, 4], [3, 4], [1, 2]]
    assert decoded.dtype == np.float32
    assert centnn.dequantize([], centers).shape == (0, 2)


def test_codewords_are_their_own_nearest():
    centers = np.random.default_rng(0).normal(size=(100, 5))
    assert np.array_equal(centnn.quantize(centers, centers), np.arange(100))


def test_bad_input():
    centers = np.zeros((2, 3))
    with pytest.raises(
        ValueError, match="X must have as many features as the codebook has, 3, got 2"
    ):
        centnn.quantize(np.zeros((4, 2)), centers)
    with pytest.raises(ValueError, match="codebook must hold finite numbers only, got nan"):
        centnn.quantize(np.zeros((4, 2)), [[np.nan, 1.0]])
    with pytest.raises(ValueError, match=r"codebook must be a 2-D array .* got shape \(3,\)"):
        centnn.quantize(np.zeros((4, 2)), [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="X must hold finite numbers only, got nan"):
        centnn.quantize([[np.nan] * 3], centers)
    with pytest.raises(ValueError, match=r"codes must be from 0 to 1, .* got values from 0 to 2"):
        centnn.dequantize([0, 2], centers)
    with pytest.raises(ValueError, match=r"codes must be from 0 to 1, .* got values from -1 to 1"):
        centnn.dequantize([-1, 1], centers)
    with pytest.raises(ValueError, match=r"codes must be a 1-D array of integers, .* float64"):
        centnn.dequantize([0.0], centers)
    with pytest.raises(
        ValueError, match=r"codes must be a 1-D array of integers, got shape \(1, 1\)"
    ):
        centnn.dequantize([[0]], centers)
