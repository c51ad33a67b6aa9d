import pickle
from itertools import pairwise

import numpy as np
import pytest
from ctrl_c import needs_signals, pressed
from reference_mini_batch import MiniBatch

import centnn
from centnn import _mini_batch
from centnn._moves import Moves

rng = np.random.default_rng(0)
MEANS = rng.uniform(0, 100, (30, 3))


def stream(n_batches, size, seed=0):
    generator = np.random.default_rng(seed)
    return [
        MEANS[generator.integers(len(MEANS), size=size)] + generator.normal(size=(size, 3))
        for _ in range(n_batches)
    ]


def test_two_batches_worked_by_hand():
    # One cluster for each two samples: its centroid is the mean, its halves are 0 and 8.
    model = centnn.CentNN(2).partial_fit([[0.0], [8.0]])
    assert model.cluster_centers_.tolist() == [[4.0]]
    # Weights fade by 2 / (2 + 2), of a half from 1 to 1/2. The sample at 1 moves the first half
    # to 0 + 1/1.5, that at 9 the second to 8 + 1/1.5. They become the centroids, each with half of
    # the weight of 1 + 2, and keep their samples.
    model.partial_fit([[1.0], [9.0]])
    assert model.cluster_centers_ == pytest.approx(np.array([[2 / 3], [26 / 3]]))
    assert model.n_iter_ == 2
    # Weights fade by 4 / (4 + 1), from 1.5 to 1.2. The sample at 2 makes the first one 2.2.
    model.partial_fit([[2.0]])
    assert model.cluster_centers_ == pytest.approx(np.array([[2 / 3 + 4 / 3 / 2.2], [26 / 3]]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("sizes", [[200] * 12, [7] * 60, [2500, 2500, 1]], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_same_bits_as_the_reference(dtype, sizes, weighted):
    model = centnn.CentNN(24)
    oracle = MiniBatch(3, np.float64 if dtype is np.float64 else np.float32)
    for seed, size in enumerate(sizes):
        batch = stream(1, size, seed)[0].clip(0, 255).astype(dtype)
        weight = np.random.default_rng(seed).integers(0, 4, size) if weighted else None
        if weighted:
            weight[0] = 1
        model.partial_fit(batch, sample_weight=weight)
        oracle.learn(batch, 24, weight)
        assert model.cluster_centers_.dtype == oracle.dtype
        assert np.array_equal(model.cluster_centers_, oracle.centers())
    assert len(model.cluster_centers_) == 24


def test_centroids_are_relocated_as_in_the_reference():
    # First batches of two clusters only: most centroids are in the wrong place.
    batches = [b[: len(b) // 2] for b in stream(4, 200)]
    for batch in batches:
        batch[:] = batch % 5
    batches += stream(12, 200, seed=1)
    model, oracle = centnn.CentNN(24), MiniBatch(3)
    for batch in batches:
        model.partial_fit(batch)
        oracle.learn(batch, 24)
    assert np.array_equal(model.cluster_centers_, oracle.centers())
    far = np.linalg.norm(model.cluster_centers_ - 2.5, axis=1) > 10
    assert far.sum() > 20


@pytest.mark.parametrize("use_init", [True, False])
def test_init_and_fit_are_gone_on_from(use_init):
    X, (batch, other) = stream(1, 300)[0], stream(2, 100, seed=1)
    if use_init:
        model = centnn.CentNN(10, init=X[:10])
        oracle = MiniBatch(3, init=X[:10])
    else:
        model = centnn.CentNN(10, n_threads=1).fit(X)
        counts = np.bincount(model.labels_).astype(float)
        oracle = MiniBatch(3, init=model.cluster_centers_, weights=counts)
        oracle.n_samples = 300
    for part in (batch, other):
        model.partial_fit(part)
        oracle.learn(part, 10)
    assert np.array_equal(model.cluster_centers_, oracle.centers())
    assert not hasattr(model, "labels_")
    assert not hasattr(model, "inertia_")


def test_fit_forgets_the_stream():
    X = stream(1, 300)[0]
    model = centnn.CentNN(10).partial_fit(X).fit(X)
    assert np.array_equal(model.cluster_centers_, centnn.CentNN(10).fit(X).cluster_centers_)
    again = centnn.CentNN(10).fit(X).partial_fit(X)
    assert np.array_equal(model.partial_fit(X).cluster_centers_, again.cluster_centers_)


def test_weights_count_as_repetitions():
    # In one cluster, whose centroid is the mean.
    X, weight = rng.normal(size=(50, 3)), rng.integers(0, 4, 50)
    weighted = centnn.CentNN(1).partial_fit(X, sample_weight=weight)
    repeated = centnn.CentNN(1).partial_fit(X.repeat(weight, axis=0))
    assert weighted.cluster_centers_ == pytest.approx(repeated.cluster_centers_)
    # Their unit is of no account: a power of two changes no bit.
    first, second = (centnn.CentNN(24) for _ in range(2))
    for batch in stream(6, 200):
        first.partial_fit(batch)
        second.partial_fit(batch, sample_weight=np.full(200, 0.25))
    assert np.array_equal(first.cluster_centers_, second.cluster_centers_)


def test_threads_and_pickling_change_no_bit():
    models = [centnn.CentNN(24, n_threads=n) for n in (1, 2, 5, 1)]
    for batch in stream(6, 3000):
        for model in models:
            model.partial_fit(batch)
        models[3] = pickle.loads(pickle.dumps(models[3]))
    assert all(np.array_equal(a.cluster_centers_, b.cluster_centers_) for a, b in pairwise(models))


def test_clusters_grow_with_the_stream_and_no_further():
    model, counts = centnn.CentNN(12), []
    for batch in stream(10, 10):
        counts.append(len(model.partial_fit(batch).cluster_centers_))
    assert counts == [5, 10, 12, 12, 12, 12, 12, 12, 12, 12]
    assert model.transform(batch).shape == (10, 12)
    assert len(model.get_feature_names_out()) == 12
    assert len(model.set_params(n_clusters=20).partial_fit(batch).cluster_centers_) == 20
    with pytest.raises(ValueError, match=r"n_clusters must be at least .* there are, 20, got 5"):
        model.set_params(n_clusters=5).partial_fit(batch)


def test_equal_samples_make_one_cluster():
    model = centnn.CentNN(5)
    for _ in range(20):
        model.partial_fit(np.full((10, 2), 3.7))
    assert model.cluster_centers_.tolist() == [[3.7, 3.7]]


def test_clusters_that_are_apart_are_found():
    model = centnn.CentNN(30)
    for batch in stream(20, 300):
        model.partial_fit(batch)
    distances = np.linalg.norm(MEANS[:, None] - model.cluster_centers_, axis=2)
    assert distances.min(axis=1).max() < 1.5


@pytest.mark.parametrize(
    ("options", "batch", "message"),
    [
        ({}, np.zeros((5, 2)), "X has 2 features, but CentNN is expecting 3 features as input"),
        ({"fixed": np.zeros((1, 3))}, np.zeros((5, 3)), "fixed must be None"),
        ({"rate_weight": 1.0}, np.zeros((5, 3)), "rate_weight must be 0 for partial_fit"),
        ({}, np.full((5, 3), np.nan), "X must hold finite numbers"),
        ({}, np.zeros((0, 3)), "at least 1 sample"),
    ],
)
def test_bad_batches_leave_the_estimator_as_it_was(options, batch, message):
    model = centnn.CentNN(10).partial_fit(stream(1, 100)[0]).set_params(**options)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(batch)
    assert pickle.dumps(model) == before


def test_interruption_leaves_the_estimator_as_it_was(monkeypatch):
    first, second = stream(2, 3000)
    model = centnn.CentNN(10).partial_fit(first)
    before, expected = pickle.dumps(model), pickle.loads(pickle.dumps(model)).partial_fit(second)
    calls = []

    class Interrupted(Moves):
        def settle(self, *args):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            super().settle(*args)

    monkeypatch.setattr(_mini_batch, "Moves", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(second)
    assert pickle.dumps(model) == before
    calls.append(1)
    assert np.array_equal(model.partial_fit(second).cluster_centers_, expected.cluster_centers_)


@needs_signals
def test_ctrl_c_ends_a_large_batch():
    X = rng.normal(size=(300_000, 16))
    model = centnn.CentNN(1000)
    with pressed(after=0.3, within=1):
        model.partial_fit(X)
    assert vars(model) == vars(centnn.CentNN(1000))
