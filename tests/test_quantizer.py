import tracemalloc

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
        # The kernels fuse a multiplication and an addition where NumPy rounds twice.
        np.testing.assert_allclose(distances, expected_distances, rtol=1e-14)


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


def test_no_samples():
    assert centnn.quantize(np.empty((0, 3)), np.zeros((2, 3))).shape == (0,)
    codes, distances = centnn.quantize(
        np.empty((0, 3)), np.zeros((2, 3)), n_nearest=2, return_distance=True
    )
    assert codes.shape == distances.shape == (0, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_codes_are_written_to_out(dtype):
    rng = np.random.default_rng(0)
    X, centers = rng.normal(size=(50, 4)), rng.normal(size=(20, 4))
    out = np.empty(50, dtype)
    assert centnn.quantize(X, centers, out=out) is out
    assert np.array_equal(out, centnn.quantize(X, centers))
    decoded = np.empty((50, 4))
    assert centnn.dequantize(out, centers, out=decoded) is decoded
    assert np.array_equal(decoded, centers[out])


def test_memory_maps_in_and_out(tmp_path):
    rng = np.random.default_rng(0)
    X, centers = rng.integers(0, 256, size=(5000, 16), dtype=np.uint8), rng.normal(size=(300, 16))
    (tmp_path / "X").write_bytes(X.tobytes())
    mapped = np.memmap(tmp_path / "X", np.uint8, "r", shape=X.shape)
    codes = np.memmap(tmp_path / "codes", np.uint16, "w+", shape=5000)
    decoded = np.memmap(tmp_path / "decoded", np.float64, "w+", shape=X.shape)
    centnn.quantize(mapped, centers, out=codes)
    centnn.dequantize(codes, centers, out=decoded)
    codes.flush()
    decoded.flush()
    expected = centnn.quantize(X, centers)
    assert np.array_equal(np.fromfile(tmp_path / "codes", np.uint16), expected)
    assert np.array_equal(np.fromfile(tmp_path / "decoded").reshape(X.shape), centers[expected])


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_memory_beyond_the_result_is_bounded(dtype):
    n, k, d, n_threads = 400_000, 64, 16, 2
    X = np.zeros((n, d), dtype)
    centers = np.random.default_rng(0).normal(size=(k, d)).astype(np.float32)
    # Codewords a few times over, and for each thread 16,384 results and a tile of rows.
    bound = 8 * 16 * k * d + n_threads * (1 << 19)
    out, decoded = np.empty(n, np.uint8), np.empty((n, d), np.float32)
    tracemalloc.start()
    try:
        centnn.quantize(X, centers, out=out, n_threads=n_threads)
        centnn.dequantize(out, centers, out=decoded, n_threads=n_threads)
        assert tracemalloc.get_traced_memory()[1] < bound
        tracemalloc.reset_peak()
        centnn.quantize(X, centers, return_distance=True, n_threads=n_threads)
        assert tracemalloc.get_traced_memory()[1] < bound + n * (1 + 8)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 7, 16, 100])
def test_dequantize_equals_indexing(d, dtype):
    rng = np.random.default_rng(0)
    for k, n in [(1, 1), (200, 5000), (60_000, 5000)]:
        centers = rng.integers(0, 200, size=(k, d)).astype(dtype)
        codes = rng.integers(0, k, size=n)
        for code_dtype in (np.uint16, np.uint32, np.int64):
            decoded = centnn.dequantize(codes.astype(code_dtype), centers)
            assert decoded.dtype == dtype
            assert np.array_equal(decoded, centers[codes])


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.empty(3, np.uint8), r"out must be .* shape \(4,\) and dtype uint8 .* got shape \(3,\)"),
        (np.empty(4, np.int64), "out must be .* got shape .* and dtype int64"),
        ([0, 0, 0, 0], "out must be .* got list"),
        (np.empty(8, np.uint8)[::2], "out must be .* got one that is not writable, contiguous"),
        (
            np.frombuffer(b"abcd", np.uint8),
            "out must be .* got one that is not writable, contiguous",
        ),
    ],
)
def test_bad_out(out, message):
    with pytest.raises(ValueError, match=message):
        centnn.quantize(np.zeros((4, 2)), np.zeros((3, 2)), out=out)


def test_out_must_hold_the_codes():
    with pytest.raises(ValueError, match=r"dtype uint16 or uint32, got shape .* and dtype uint8"):
        centnn.quantize(np.zeros((4, 2)), np.zeros((300, 2)), out=np.empty(4, np.uint8))


def test_bad_n_nearest():
    for n_nearest in (0, 4, 1.5):
        with pytest.raises(ValueError, match="n_nearest must be an integer from 1 to 3, got"):
            centnn.quantize(np.zeros((4, 2)), np.zeros((3, 2)), n_nearest=n_nearest)


def test_a_nan_is_found_wherever_it_is():
    X = np.zeros((50_000, 3), np.float32)
    X[49_999, 2] = np.inf
    with pytest.raises(ValueError, match="got inf in row 49999, column 2"):
        centnn.quantize(X, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="got inf in row 0, column 2"):
        centnn.quantize(X[::-1, :], np.zeros((3, 3)))


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
