import itertools
import time

import numpy as np
import pytest
import reference

import centnn
from centnn import _scalar


def error_of(values, weights, cuts):
    parts = itertools.pairwise(cuts)
    return sum(
        (weights[i:j] * (values[i:j] - np.average(values[i:j], weights=weights[i:j])) ** 2).sum()
        for i, j in parts
    )


def brute_force(values, weights, k):
    inner = itertools.combinations(range(1, len(values)), k - 1)
    return min(error_of(values, weights, (0, *cuts, len(values))) for cuts in inner)


def test_four_values_worked_by_hand():
    # {0, 1}, {4} costs 0.5, as does {0}, {1}, {4, 5} more; with weight 9 on the 4, 4.1 is the mean.
    values = np.array([0.0, 1.0, 4.0, 5.0])
    centers, cuts = _scalar.optimal(values, np.array([1.0, 1.0, 9.0, 1.0]), 2)
    assert cuts.tolist() == [0, 2, 4]
    assert centers.tolist() == pytest.approx([0.5, 4.1])


@pytest.mark.parametrize("kind", ["normal", "integers", "offset", "lognormal"])
@pytest.mark.parametrize("seed", range(6))
def test_brute_force_finds_nothing_better(kind, seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 11))
    values = {
        "normal": lambda: rng.normal(size=n),
        "integers": lambda: rng.integers(0, 15, n).astype(float),
        "offset": lambda: rng.integers(0, 15, n) + 1e6,
        "lognormal": lambda: rng.lognormal(sigma=4, size=n),
    }[kind]()
    values = np.unique(values)
    weights = np.ones(len(values)) if seed % 2 else rng.uniform(0.1, 5, len(values))
    for k in range(1, len(values) + 1):
        _, cuts = _scalar.optimal(values, weights, k)
        assert len(cuts) == k + 1
        best = brute_force(values, weights, k)
        assert error_of(values, weights, cuts) == pytest.approx(best, rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("spread", ["even", "normal", "clusters", "weighted"])
def test_as_good_as_plain_dynamic_programming(spread):
    rng = np.random.default_rng(3)
    weights = np.ones(120)
    if spread == "even":  # most of these K have many solutions
        values = np.arange(120.0)
    elif spread == "clusters":
        values = np.sort(rng.normal(size=120) + 50 * rng.integers(0, 6, 120))
    else:
        values = np.sort(rng.normal(size=120))
    if spread == "weighted":
        weights = rng.lognormal(sigma=3, size=120)
    for k in (1, 2, 3, 7, 16, 17, 50, 61, 100, 118, 119, 120):
        _, cuts = _scalar.optimal(values, weights, k)
        assert (np.diff(cuts) > 0).all()
        best = reference.optimal_scalar(values, weights, k)
        assert error_of(values, weights, cuts) == pytest.approx(best, rel=1e-11, abs=1e-18)


def test_error_falls_with_every_codeword():
    values = np.unique(np.random.default_rng(0).lognormal(sigma=2, size=3000))
    weights = np.ones(len(values))
    errors = [
        error_of(values, weights, _scalar.optimal(values, weights, k)[1]) for k in range(1, 60)
    ]
    assert (np.diff(errors) < 0).all()
    # And by less each time: the error is convex in K.
    assert (np.diff(errors, n=2) > 0).all()


def test_an_offset_changes_nothing():
    values = np.arange(0, 65536, 7, dtype=np.float64)
    weights = np.random.default_rng(0).integers(1, 50, len(values)).astype(np.float64)
    _, expected = _scalar.optimal(values, weights, 300)
    for offset in (1e6, -1e9, 2.0**45):
        centers, cuts = _scalar.optimal(values + offset, weights, 300)
        assert np.array_equal(cuts, expected)
        means = np.add.reduceat(weights * values, cuts[:-1]) / np.add.reduceat(weights, cuts[:-1])
        np.testing.assert_allclose(centers - offset, means, rtol=0, atol=1e-15 * abs(offset))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e307])
def test_extreme_values_and_weights(scale):
    values = np.array([-5.0, -4, 0, 1, 7, 8]) * scale
    for weight in (1e-320, 1.0, 1e300):
        centers, cuts = _scalar.optimal(values, np.full(6, weight), 3)
        assert cuts.tolist() == [0, 2, 4, 6]
        np.testing.assert_allclose(centers / scale, [-4.5, 0.5, 7.5])
    weights = np.array([1e-320, 1e300, 1, 1, 1e-320, 1e300])
    assert np.isfinite(_scalar.optimal(values, weights, 3)[0]).all()


def test_squares_that_underflow_still_give_k_codewords():
    values = np.array([0.0, 1e-200, 2e-200, 1.0])
    for k in range(1, 5):
        assert (np.diff(_scalar.optimal(values, np.ones(4), k)[1]) > 0).all()


def test_as_many_values_as_there_may_be_take_less_than_a_second():
    rng = np.random.default_rng(0)
    values = np.unique(rng.normal(size=_scalar.MAX_VALUES))
    start = time.perf_counter()
    centers, cuts = _scalar.optimal(values, np.ones(len(values)), 256)
    assert time.perf_counter() - start < 1  # 0.1 s on the machine where this was written
    assert len(centers) == 256
    # The optimum is a fixed point: each cut is at the midpoint of two centers.
    middle = (centers[1:] + centers[:-1]) / 2
    assert (values[cuts[1:-1] - 1] <= middle).all()
    assert (values[cuts[1:-1]] >= middle).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_training_on_duplicates(dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 40, size=(2000, 1)).astype(dtype)
    values, counts = np.unique(X, return_counts=True)
    for k in (1, 5, 39, 40):
        book = centnn.fit_codebook(X, k)
        best = reference.optimal_scalar(values.astype(float), counts.astype(float), k)
        assert book.inertia == pytest.approx(best, rel=1e-12)
        assert book.counts.sum() == 2000
        assert (np.diff(book.centers[:, 0]) > 0).all()
        assert book.history.tolist() == [[k, book.inertia / 2000]]


def test_training_with_weights_is_training_on_repeated_samples():
    rng = np.random.default_rng(1)
    X, weights = rng.normal(size=(80, 1)), rng.integers(0, 5, 80)
    repeated = centnn.fit_codebook(np.repeat(X, weights, axis=0), 9)
    weighted = centnn.fit_codebook(X, 9, sample_weight=weights)
    np.testing.assert_allclose(weighted.centers, repeated.centers, rtol=1e-12)
    assert np.array_equal(weighted.counts, repeated.counts)
    assert weighted.inertia == pytest.approx(repeated.inertia)


def test_training_reports_once():
    calls = []
    book = centnn.fit_codebook([[0.0], [1.0], [5.0]], 2, callback=lambda *call: calls.append(call))
    assert calls == [(1, 2, book.inertia / 3)]


def test_more_codewords_than_values():
    with pytest.raises(ValueError, match="n_clusters=3 with n_samples=4 of which 2 are distinct"):
        centnn.fit_codebook(np.array([[1], [1], [2], [2]], np.uint8), 3)


def test_too_many_values_are_left_to_others():
    values = np.arange(65537.0)[:, None]
    assert len(centnn.fit_codebook(values, 2).history) > 1
    assert len(centnn.fit_codebook(values[:-1], 2).history) == 1


def test_better_than_classic_on_the_reference_experiment(lena_128):
    X = lena_128.reshape(-1, 1)
    classic = centnn.fit_codebook(X, 48, algorithm="classic")
    optimal = centnn.fit_codebook(X, 48)
    assert optimal.inertia < classic.inertia
    assert round(centnn.psnr(X, centnn.dequantize(optimal.encode(X), optimal)), 2) >= 47.53
