"""Entropy-constrained training, and fixed codewords."""

import re

import numpy as np
import pytest

import centnn
from centnn._entropy_constrained import settle


def cost_of(X, labels, rate_weight, weights=None):
    """Return squared error + rate_weight * bits, as they are defined."""
    weights = np.ones(len(X)) if weights is None else weights
    error = bits = 0.0
    for j in np.unique(labels):
        mine = labels == j
        mean = np.average(X[mine], axis=0, weights=weights[mine])
        error += (weights[mine] * ((X[mine] - mean) ** 2).sum(axis=1)).sum()
        bits -= weights[mine].sum() * np.log2(weights[mine].sum() / weights.sum())
    return error + rate_weight * bits


def moves(X, k, rate_weight, weights=None, start=None):
    """Settle from a given partition; return the labels and the error after each round."""
    rounds = []
    labels = np.array(np.arange(len(X)) % k if start is None else start, dtype=np.int32)
    partition = settle(
        X, weights, labels, k, rate_weight, lambda n, error: rounds.append((n, error)), 1
    )
    return np.asarray(partition.labels), partition, rounds


def test_two_codewords_worked_by_hand():
    # {0}, {1, 1, 1}: no error, 4 * 2 - 3 log2(3) bits. One codeword for all: error 3/4, no bits.
    X = np.array([[0.0], [1.0], [1.0], [1.0]])
    bits = 4 * 2 - 3 * np.log2(3)
    for rate_weight, n_used in ((0.5 * 0.75 / bits, 2), (2 * 0.75 / bits, 1)):
        labels, partition, _ = moves(X, 2, rate_weight, start=[0, 1, 1, 1])
        assert len(np.unique(labels)) == n_used
        assert partition.bits() == pytest.approx(bits if n_used == 2 else 0)
        assert partition.error(X) == pytest.approx(0 if n_used == 2 else 0.75)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("rate_weight", [0.0, 1.0, 100.0, 1e6])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_are_kept_and_the_cost_falls(dtype, rate_weight, weighted):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, size=(400, 3)).astype(dtype)
    weights = rng.uniform(0.1, 3, 400) if weighted else None
    start = np.arange(400) % 12
    labels, partition, _ = moves(X, 12, rate_weight, weights)
    cost = partition.error(X) + rate_weight * partition.bits()
    X = X.astype(np.float64)
    total = np.bincount(labels, weights, 12)
    np.testing.assert_allclose(partition.counts, total, atol=1e-9)
    for j in np.unique(labels):
        mean = np.average(
            X[labels == j], axis=0, weights=None if weights is None else weights[labels == j]
        )
        np.testing.assert_allclose(partition.centers[j], mean, rtol=1e-12)
    assert cost == pytest.approx(cost_of(X, labels, rate_weight, weights), rel=1e-9)
    assert cost < cost_of(X, start, rate_weight, weights)


def test_no_single_move_lowers_the_cost():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 2))
    labels, _, _ = moves(X, 6, 0.05)
    cost = cost_of(X, labels, 0.05)
    for i in range(60):
        for j in np.unique(labels):
            other = labels.copy()
            other[i] = j
            # Proposals follow the counts as they are, not as they would be after the move.
            assert cost_of(X, other, 0.05) >= cost * (1 - 1e-3)


def test_a_higher_rate_weight_means_fewer_bits_and_more_error():
    X = np.random.default_rng(0).normal(size=(4000, 4))
    bits, errors, sizes = [], [], []
    for rate_weight in (0, 0.1, 0.2, 0.3, 0.4, 100):
        book = centnn.fit_codebook(X, 64, effort="fast", rate_weight=rate_weight)
        bits.append((book.counts * book.code_lengths).sum())
        errors.append(book.inertia)
        sizes.append(len(book.centers))
        assert (book.counts > 0).all()
    assert (np.diff(bits) < 0).all()
    assert (np.diff(errors) > 0).all()
    assert sizes[0] == 64
    assert sizes[-1] == 1


def test_it_beats_plain_training_at_the_same_rate_weight():
    X = np.random.default_rng(2).normal(size=(4000, 4))
    plain = centnn.fit_codebook(X, 64)
    constrained = centnn.fit_codebook(X, 64, rate_weight=0.3)

    def cost(book):
        return book.inertia + 0.3 * (book.counts * book.code_lengths).sum()

    assert cost(constrained) < 0.98 * cost(plain)


def test_encoding_counts_bits_too():
    book = centnn.Codebook(
        np.array([[0.0], [1.0], [9.0]]), np.array([15.0, 1.0, 0.0]), 0.0, 1, np.zeros((1, 2))
    )
    np.testing.assert_allclose(book.code_lengths, [np.log2(16 / 15), 4, np.inf])
    X = [[0.6], [1.0], [9.0]]
    assert book.encode(X).tolist() == [0, 1, 2] or book.encode(X).tolist() == [1, 1, 2]
    # 1 costs 1 more than 0 if 4 - log2(16 / 15) bits are worth just more than that.
    assert book.encode(X, rate_weight=0.2).tolist() == [0, 1, 1]
    assert book.encode(X, rate_weight=0.3).tolist() == [0, 0, 1]


@pytest.mark.parametrize("n_features", [1, 3, 5])
def test_encoding_refuses_samples_of_other_features(n_features):
    """Those of one feature were spread over all components."""
    book = centnn.fit_codebook(np.random.default_rng(0).normal(size=(50, 4)), 5)
    X = np.zeros((20, n_features))
    message = f"X must have as many features as the codebook has, 4, got {n_features}"
    for rate_weight in (0, 1):
        with pytest.raises(ValueError, match=message):
            book.encode(X, rate_weight=rate_weight)


def test_encoding_tells_where_a_sample_is_not_finite():
    book = centnn.fit_codebook([[0.0], [1.0], [9.0]], 2)
    X = np.zeros((20_000, 1))
    X[17_000] = np.nan
    for rate_weight in (0, 1):
        with pytest.raises(
            ValueError, match="X must hold finite numbers only, got nan in row 17000"
        ):
            book.encode(X, rate_weight=rate_weight)
    with pytest.raises(ValueError, match="rate_weight must be a finite number of at least 0, got"):
        book.encode(X, rate_weight=-1)


def test_the_bits_do_not_depend_on_threads():
    X = np.random.default_rng(0).normal(size=(20_000, 4)).astype(np.float32)
    books = [centnn.fit_codebook(X, 50, rate_weight=0.2, n_threads=n) for n in (1, 2, 3)]
    for book in books[1:]:
        assert np.array_equal(book.centers, books[0].centers)
        assert np.array_equal(book.counts, books[0].counts)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_fixed_codewords_stay_and_come_first(dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, size=(2000, 3)).astype(dtype)
    fixed = np.array([[0.0, 0, 0], [255, 255, 255], [1000, 0, 0]])
    book = centnn.fit_codebook(X, 16, fixed=fixed)
    assert np.array_equal(book.centers[:3], fixed)
    assert len(np.unique(book.centers, axis=0)) == 16
    assert book.counts[2] == 0
    assert book.counts.sum() == 2000
    _, distances = centnn.quantize(X, book, return_distance=True)
    assert distances.sum() <= book.inertia * (1 + 1e-6)
    free = centnn.fit_codebook(X, 16)
    assert free.inertia < book.inertia < centnn.fit_codebook(X, 10).inertia


@pytest.mark.parametrize("scale", [1e-25, 1, 1e20])
def test_fixed_codewords_are_rounded_to_the_type_of_the_codebook(scale):
    X = (scale * np.random.default_rng(0).normal(size=(100, 2))).astype(np.float32)
    fixed = [[0.1, 1e-30], [1e30, -1e38], [1e-40, 0]]
    book = centnn.fit_codebook(X, 6, fixed=fixed)
    assert np.array_equal(book.centers[:3], np.array(fixed, np.float32))
    assert np.isfinite(book.inertia)
    message = "fixed must hold codewords that are distinct in float32, got 2 with equal ones"
    with pytest.raises(ValueError, match=message):
        centnn.fit_codebook(X, 4, fixed=[[1, 0], [1 + 1e-9, 0]])
    book = centnn.fit_codebook(X.astype(np.float64), 4, fixed=[[1, 0], [1 + 1e-9, 0]])
    assert book.centers[:2].tolist() == [[1, 0], [1 + 1e-9, 0]]


@pytest.mark.parametrize("name", ["init", "fixed"])
def test_codewords_beyond_float32(name):
    X = np.random.default_rng(0).normal(size=(100, 2))
    centers = [[0, 0], [1, -1e300]]
    message = (
        f"{name} must hold numbers that float32 has, the type of the codebook, "
        "got -1e+300 in row 1, column 1"
    )
    for fit in (centnn.CentNN.fit, centnn.CentNN.partial_fit):
        if name == "init" or fit is centnn.CentNN.fit:
            with pytest.raises(ValueError, match=re.escape(message)):
                fit(centnn.CentNN(2, **{name: centers}), X.astype(np.float32))
    for scale in (1, 1e-200):
        book = centnn.fit_codebook(scale * X, 2, **{name: centers})
        assert np.isfinite(book.centers).all()


def test_all_codewords_fixed():
    book = centnn.fit_codebook([[0.0, 0], [1, 1], [2, 2]], 2, fixed=[[0.0, 0], [2, 2.5]])
    assert book.centers.tolist() == [[0, 0], [2, 2.5]]
    assert book.inertia == 0 + 2 + 0.25


def test_too_few_samples_beside_the_fixed_codewords():
    X = [[0.0], [1.0], [1.0]]
    assert len(centnn.fit_codebook(X, 3, fixed=[[5.0]]).centers) == 3
    with pytest.raises(ValueError, match="n_clusters=3 with n_samples=3 of which 2 are distinct"):
        centnn.fit_codebook(X, 3, fixed=[[0.0]])
