"""What the tests of `local` share: samples, trainings, and checks of their results."""

import numpy as np
import pytest
import reference

import centnn

EFFORTS = ("fast", "balanced", "best")

# Sizes of every kind: few samples a codeword and many, few dimensions and many.
SHAPES = [(300, 2, 20), (1000, 1, 30), (2000, 3, 50), (500, 16, 100), (1500, 40, 25), (400, 130, 9)]


def train(X, k, effort="balanced", sample_weight=None, **options):
    model = centnn.CentNN(k, algorithm="local", effort=effort, **options)
    return model.fit(X, sample_weight=sample_weight)


def book(X, k, effort="balanced", **options):
    return centnn.fit_codebook(X, k, algorithm="local", effort=effort, **options)


def random_samples(n, d, seed=0, dtype=np.float32):
    """Return samples between 0 and 255, not evenly spread."""
    rng = np.random.default_rng([n, d, seed])
    means = rng.uniform(60, 195, size=(12, d))
    X = means[rng.integers(12, size=n)] + rng.normal(scale=15, size=(n, d))
    return np.clip(X, 0, 255).astype(dtype)


def separate_clusters(n=600, d=3, k=8, seed=0):
    """Return integers in K clusters so far apart that the optimum is obvious, and their labels."""
    rng = np.random.default_rng([n, d, k, seed])
    labels = np.arange(n) % k
    means = np.column_stack([25 + 28 * np.arange(k), *rng.integers(30, 225, size=(d - 1, k))])
    return means[labels] + rng.integers(-2, 3, size=(n, d)), labels


def assert_consistent(model, X, k, sample_weight=None, rtol=1e-5):
    """Check that the parts of a result fit together: members, means, error."""
    X = np.asarray(X, dtype=np.float64)
    weight = reference.weights_or_ones(sample_weight, len(X))
    labels = model.labels_
    assert model.cluster_centers_.shape == (k, X.shape[1])
    assert np.unique(labels[weight > 0]).tolist() == list(range(k))
    scale = np.abs(X).max() + 1e-300
    for j, center in enumerate(model.cluster_centers_):
        mean = np.average(X[labels == j], axis=0, weights=weight[labels == j])
        np.testing.assert_allclose(center, mean, rtol=0, atol=rtol * scale)
    error = reference.squared_error(X[weight > 0], labels[weight > 0], weight[weight > 0])
    noise = weight.sum() * X.shape[1] * (rtol * scale) ** 2
    assert model.inertia_ == pytest.approx(error, rel=max(rtol, 1e-9), abs=noise)


def assert_same_bits(a, b):
    assert a.cluster_centers_.dtype == b.cluster_centers_.dtype
    assert np.array_equal(a.cluster_centers_, b.cluster_centers_)
    assert np.array_equal(a.labels_, b.labels_)
    assert a.inertia_ == b.inertia_
    assert a.n_iter_ == b.n_iter_
