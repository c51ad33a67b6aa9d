"""The kernels: every instruction set that this machine has against the scalar one, and that one
against the definition in float64.
"""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import reference

import centnn
from centnn import _search

ISAS = _search.available_isas()
DTYPES = [np.uint8, np.uint16, np.float16, np.float32, np.float64]

# (N, D, K): below, at and beyond the lanes, panels and tiles of the kernels.
SIZES = [
    (0, 3, 5),
    (1, 1, 1),
    (7, 1, 48),
    (300, 1, 300),
    (33, 2, 17),
    (200, 3, 256),
    (65, 4, 31),
    (31, 5, 8),
    (257, 7, 40),
    (193, 8, 16),
    (100, 9, 15),
    (385, 16, 100),
    (50, 17, 33),
    (97, 48, 64),
    (64, 64, 65),
    (13, 129, 48),
    (5, 1000, 7),
]


@pytest.fixture(params=ISAS)
def isa(request):
    """Run a test on each instruction set."""
    before = _search.isa()
    _search.set_isa(request.param)
    yield request.param
    _search.set_isa(before)


def on_scalar(function):
    """Return what the function returns where the scalar kernel runs."""
    before = _search.isa()
    _search.set_isa("scalar")
    try:
        return function()
    finally:
        _search.set_isa(before)


def search(X, centers, **options):
    return centnn.quantize(X, centers, return_distance=True, **options)


def assert_same_bits(one, other):
    for a, b in zip(one, other, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


def assert_true_winner(X, centers, codes, distances, rtol=1e-6):
    expected, least = reference.nearest(X, centers)
    chosen = ((X.astype(np.float64) - centers.astype(np.float64)[codes]) ** 2).sum(axis=1)
    assert (chosen <= least * (1 + rtol)).all()
    np.testing.assert_allclose(distances, chosen, rtol=1e-6)
    return expected


def random_samples(rng, n, d, dtype):
    high = 60_000 if dtype == np.uint16 else 255
    return rng.uniform(0, high, size=(n, d)).astype(dtype)


def codebook_like(rng, X, k):
    double = X.dtype == np.float64
    high = max(255, X.max(initial=0))
    return rng.uniform(0, high, size=(k, X.shape[1])).astype(np.float64 if double else np.float32)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_sizes_and_types(isa, size, dtype):
    rng = np.random.default_rng(0)
    n, d, k = size
    X = random_samples(rng, n, d, dtype)
    centers = codebook_like(rng, X, k)
    result = search(X, centers)
    assert_same_bits(result, on_scalar(lambda: search(X, centers)))
    if n:
        assert_true_winner(X, centers, *result)


@pytest.mark.parametrize("offset", [0, 1e4, -1e6])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 8, 16, 64])
def test_data_far_from_the_origin(isa, d, offset):
    rng = np.random.default_rng(1)
    X = (rng.normal(scale=20, size=(500, d)) + offset).astype(np.float32)
    centers = (rng.normal(scale=20, size=(100, d)) + offset).astype(np.float32)
    result = search(X, centers)
    assert_same_bits(result, on_scalar(lambda: search(X, centers)))
    assert_true_winner(X, centers, *result)


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e20, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 3, 16])
def test_extreme_magnitudes(isa, d, dtype, scale):
    rng = np.random.default_rng(2)
    X = (rng.normal(size=(200, d)) * scale).astype(dtype)
    centers = (rng.normal(size=(40, d)) * scale).astype(dtype)
    before = _search.isa()
    # float32 distances of such data overflow: ask for them in float64.
    result = search(X.astype(np.float64), centers.astype(np.float64))
    codes = centnn.quantize(X, centers)
    assert _search.isa() == before
    assert np.array_equal(codes, result[0])
    assert_true_winner(X, centers, *result)


def test_outliers_among_ordinary_rows(isa):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 8)).astype(np.float32)
    X[::50] *= 1e18
    centers = rng.normal(size=(64, 8)).astype(np.float32)
    codes = centnn.quantize(X, centers)
    assert_true_winner(X, centers, codes, search(X.astype(np.float64), centers)[1])


@pytest.mark.parametrize("d", [1, 2, 3, 8, 16])
def test_ties_go_to_the_lowest_index(isa, d):
    # Integers full of exact ties, every codeword there twice.
    rng = np.random.default_rng(4)
    X = rng.integers(0, 5, size=(400, d)).astype(np.float32)
    half = rng.integers(0, 5, size=(50, d)).astype(np.float32)
    centers = np.concatenate([half, half])
    codes, distances = search(X, centers)
    expected, least = reference.nearest(X, centers)
    assert np.array_equal(codes, expected)
    assert np.array_equal(distances, least)


def test_any_memory_layout(isa):
    rng = np.random.default_rng(5)
    wide = rng.uniform(0, 255, size=(700, 20)).astype(np.float32)
    centers = rng.uniform(0, 255, size=(50, 4)).astype(np.float32)
    shifted = np.frombuffer(b"\0" + wide.tobytes(), np.uint8)[1:].view(np.float32)
    shifted = shifted.reshape(wide.shape)
    assert not shifted.flags.aligned
    for view in (wide[:, :4], wide[::-1, 3:7], wide[::3, ::5], wide[:, 7:3:-1], shifted[:, :4]):
        assert_same_bits(search(view, centers), search(view.copy(), centers))
    columns = np.asfortranarray(wide[:, :4])
    assert_same_bits(search(columns, centers), search(wide[:, :4], centers))


def test_a_large_codebook(isa):
    rng = np.random.default_rng(6)
    centers = rng.normal(size=(70_000, 2)).astype(np.float32)
    chosen = rng.integers(0, 70_000, size=50)
    codes, distances = search(centers[chosen], centers)
    assert codes.dtype == np.uint32
    assert np.array_equal(codes, chosen)
    assert not distances.any()


@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
def test_threads_and_chunks_change_nothing(n_threads):
    rng = np.random.default_rng(7)
    # Neighbouring rows are alike, as in a picture, so that the pruned search has a part in it.
    walk = np.cumsum(rng.normal(size=(40_000, 6)), axis=0).astype(np.float32)
    centers = walk[rng.integers(0, len(walk), size=600)]
    expected = search(walk, centers, n_threads=1)
    assert_same_bits(search(walk, centers, n_threads=n_threads), expected)
    cuts = [0, 1, 500, 20_001, 40_000]
    parts = [search(walk[a:b], centers, n_threads=n_threads) for a, b in itertools.pairwise(cuts)]
    assert_same_bits([np.concatenate(part) for part in zip(*parts, strict=True)], expected)


def test_structured_data_on_every_isa(isa):
    rng = np.random.default_rng(8)
    walk = np.cumsum(rng.normal(size=(20_000, 16)), axis=0).astype(np.float32)
    centers = walk[rng.integers(0, len(walk), size=1024)] + np.float32(0.25)
    result = search(walk, centers)
    assert_same_bits(result, on_scalar(lambda: search(walk, centers)))
    assert_true_winner(walk[::40], centers, result[0][::40], result[1][::40])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(1, 1, 1), (40, 3, 9), (300, 16, 33), (5, 8, 5)])
def test_several_nearest(isa, size, dtype):
    rng = np.random.default_rng(9)
    n, d, k = size
    X = random_samples(rng, n, d, dtype)
    centers = codebook_like(rng, X, k)
    distances = np.array(
        [reference.squared_distances(x, centers.astype(np.float64).T) for x in X.astype(float)]
    )
    for n_nearest in {1, min(3, k), k}:
        codes, found = search(X, centers, n_nearest=n_nearest)
        assert codes.shape == found.shape == (n, n_nearest)
        order = np.argsort(distances, axis=1, kind="stable")[:, :n_nearest]
        assert np.array_equal(codes, order)
        np.testing.assert_allclose(found, np.take_along_axis(distances, order, 1), rtol=1e-6)


def run_with_isa(name):
    return subprocess.run(
        [sys.executable, "-I", "-c", "import centnn; print(centnn.show_config()['isa'])"],
        env={**os.environ, "CENTNN_ISA": name},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ISAS)
def test_the_environment_limits_the_choice(name):
    assert run_with_isa(name).stdout.splitlines()[-1] == name


@pytest.mark.parametrize("name", ["sse9", "AVX2", "neon" if "avx2" in ISAS else "avx2"])
def test_an_unknown_or_unsupported_isa_is_an_error(name):
    result = run_with_isa(name)
    expected = f"CENTNN_ISA must be one of {', '.join(ISAS)} on this machine, got {name!r}"
    assert result.returncode != 0
    assert expected in result.stderr
