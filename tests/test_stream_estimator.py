import numpy as np
import pytest

import centnn
from centnn import _stream
from centnn._stream import Sizes

RNG = np.random.default_rng(0)
X = (30 + 8 * RNG.normal(size=(9000, 3)) + 60 * RNG.integers(0, 3, (9000, 3))).astype(np.float32)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(_stream, "choose_sizes", lambda *_: Sizes(2000, 500, 160))


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "X.npy", X)
    return tmp_path / "X.npy"


def test_a_stream_has_no_labels(small_blocks, path):
    model = centnn.CentNN(20).fit(X)
    assert model.fit(path) is model
    book = centnn.fit_codebook(path, 20)
    assert np.array_equal(model.cluster_centers_, book.centers)
    assert model.inertia_ == book.inertia
    assert model.n_iter_ == book.n_iter
    assert model.n_features_in_ == 3
    assert not hasattr(model, "labels_")  # nor those of the former fit
    assert model.predict(X).max() == 19
    assert -model.score(X) <= model.inertia_ * (1 + 1e-6)


def test_a_mapped_array_has_labels(small_blocks, path):
    weights = RNG.integers(0, 3, len(X))
    model = centnn.CentNN(20).fit(np.load(path, mmap_mode="r"), sample_weight=weights)
    labels, distances = centnn.quantize(X, model.cluster_centers_, return_distance=True)
    assert model.labels_.dtype == np.int32
    assert np.array_equal(model.labels_, labels)
    assert model.inertia_ == pytest.approx(float(weights @ distances.astype(np.float64)))


@pytest.mark.parametrize("algorithm", ["local", "classic"])
def test_a_mapped_array_that_is_small_is_one_like_any_other(algorithm, path):
    mapped = np.load(path, mmap_mode="r")[:800]
    model, other = centnn.CentNN(algorithm=algorithm), centnn.CentNN(algorithm=algorithm)
    labels = model.fit_predict(mapped)
    assert np.array_equal(labels, other.fit_predict(X[:800]))
    assert np.array_equal(model.cluster_centers_, other.cluster_centers_)
    assert model.inertia_ == pytest.approx(other.inertia_)
    assert model.fit_transform(mapped).shape == (800, 8)


@pytest.mark.parametrize("method", ["fit_predict", "fit_transform"])
def test_what_gives_something_for_each_sample_needs_an_array(method, path):
    for samples in (path, [X], lambda: [X], iter([X])):
        with pytest.raises(TypeError, match=f"X must be an array for {method}, got "):
            getattr(centnn.CentNN(), method)(samples)


def test_mini_batches_go_on_from_a_stream(small_blocks):
    model = centnn.CentNN(20).fit([X])
    inertia = -model.score(X)
    model.partial_fit(X[:500])
    assert len(model.cluster_centers_) == 20
    assert -model.score(X) < 1.1 * inertia
    with pytest.raises(ValueError, match="X has 2 features, but CentNN is expecting 3 features"):
        model.partial_fit(X[:, :2])


def test_a_fit_that_fails_leaves_all_as_it_was(small_blocks):
    model = centnn.CentNN(20).fit([X])
    centers = model.cluster_centers_.copy()
    with pytest.raises(ValueError, match="chunk 1 of X"):
        model.fit([X, np.full((1, 3), np.nan, np.float32)])
    assert np.array_equal(model.cluster_centers_, centers)
    assert model.n_features_in_ == 3


def test_passes_are_an_option(small_blocks):
    few, many = (centnn.CentNN(20, n_passes=n).fit([X]) for n in (0, 4))
    assert many.inertia_ < few.inertia_
    assert many.get_params()["n_passes"] == 4
    with pytest.raises(ValueError, match="n_passes must be an integer of at least 0, got -1"):
        centnn.CentNN(n_passes=-1).fit(X)
