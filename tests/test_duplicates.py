import numpy as np
import pytest

import centnn
from centnn._duplicates import count_distinct, merge
from centnn._keys import row_keys


def test_four_rows_merged_by_hand():
    X = np.array([[3, 1], [2, 2], [3, 1], [3, 1]], np.uint8)
    rows, weights = merge(X, None)
    assert rows.tolist() == [[3, 1], [2, 2]]
    assert weights.tolist() == [3, 1]
    _, weights = merge(X, np.array([0.5, 1, 2, 4]))
    assert weights.tolist() == [6.5, 1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2, 3, 8, 9, 20])
def test_the_same_as_numpy_unique(dtype, d):
    rng = np.random.default_rng(d)
    X = rng.integers(0, 2 if d > 3 else 6, size=(3000, d)).astype(dtype)
    if d > 3:
        X[:, 2:] = X[:, :1]
    expected, first, counts = np.unique(X, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    rows, weights = merge(X, None)
    assert rows.dtype == dtype
    assert np.array_equal(rows, expected[order])
    assert np.array_equal(weights, counts[order])
    assert count_distinct(X, 10000) == len(expected)
    assert count_distinct(X, 2) == 2


def test_keys_of_short_rows_differ():
    for X in (
        np.arange(1 << 16, dtype=np.uint16)[:, None],
        np.stack(np.meshgrid(*[np.arange(0, 256, 17, dtype=np.uint8)] * 4), axis=-1).reshape(-1, 4),
        np.random.default_rng(0).normal(size=(1000, 1)),
        np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32),
    ):
        assert len(np.unique(row_keys(X))) == len(X)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_zero_equals_minus_zero(dtype):
    X = np.array([[0.0, 1], [-0.0, 1]] * 3, dtype)
    assert count_distinct(X, 6) == 1
    assert merge(X, None)[0].tolist() == [[0.0, 1.0]]


def test_rows_that_hash_alike_are_not_merged(monkeypatch):
    monkeypatch.setattr("centnn._duplicates.row_keys", lambda X: np.zeros(len(X), np.uint64))
    X = np.repeat(np.arange(20.0).reshape(2, 10), 5, axis=0)
    rows, weights = merge(X, None)
    assert np.array_equal(rows, X[[0, 5]])
    assert weights.tolist() == [5, 5]


def test_where_it_does_not_pay_nothing_is_copied():
    X = np.random.default_rng(0).normal(size=(10_000, 3))
    X[1] = X[0]
    weights = np.ones(len(X))
    assert merge(X, weights)[0] is X
    assert merge(X, weights)[1] is weights


def test_training_on_repeated_samples_is_training_on_weights():
    rng = np.random.default_rng(0)
    X, weights = rng.integers(0, 256, size=(500, 3)).astype(np.uint8), rng.integers(1, 9, 500)
    weighted = centnn.fit_codebook(X, 20, sample_weight=weights)
    repeated = centnn.fit_codebook(np.repeat(X, weights, axis=0), 20)
    assert np.array_equal(weighted.centers, repeated.centers)
    assert np.array_equal(weighted.counts, repeated.counts)
    assert weighted.inertia == repeated.inertia
