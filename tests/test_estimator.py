import numpy as np
import pytest

import centnn

X = np.random.default_rng(0).normal(size=(300, 4))


def test_attributes_agree_with_each_other():
    model = centnn.CentNN(10).fit(X)
    assert model.cluster_centers_.shape == (10, 4)
    assert model.n_features_in_ == 4
    assert np.array_equal(model.labels_, model.predict(X))
    assert np.array_equal(model.labels_, centnn.CentNN(10).fit_predict(X))
    assert model.score(X) == pytest.approx(-model.inertia_)
    distances = model.transform(X)
    assert distances.shape == (300, 10)
    assert np.array_equal(distances.argmin(axis=1), model.labels_)
    assert (distances.min(axis=1) ** 2).sum() == pytest.approx(model.inertia_)


def test_the_error_is_exact_where_float32_ends():
    for dtype, scale in (("f4", 1e-25), ("f4", 1e19), ("f8", 1e-25), ("f8", 1e19)):
        samples = (np.array([[0.0, 0], [1, 1], [9, 9], [10, 10]]) * scale).astype(dtype)
        model = centnn.CentNN(2).fit(samples)
        assert model.inertia_ == pytest.approx(2 * scale**2, rel=1e-6)
        assert model.score(samples) == -model.inertia_
        weighted = model.score(samples, sample_weight=[1, 1, 2, 2])
        assert weighted == pytest.approx(-3 * scale**2, rel=1e-6)


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [("u1", 100), ("u2", 100), ("f2", 1), ("f4", 1e-25), ("f4", 1), ("f4", 1e19), ("f8", 1)],
)
def test_fit_codebook_gives_the_same(dtype, scale):
    samples = (np.abs(X) * scale).astype(dtype)
    model, book = centnn.CentNN(10).fit(samples), centnn.fit_codebook(samples, 10)
    assert np.array_equal(model.cluster_centers_, book.centers)
    assert model.inertia_ == pytest.approx(book.inertia, rel=1e-12)
    assert model.inertia_ > 0


def test_params():
    model = centnn.CentNN(3, n_threads=1)
    assert model.get_params() == {
        "n_clusters": 3,
        "algorithm": "local",
        "effort": "balanced",
        "init": None,
        "fixed": None,
        "rate_weight": 0.0,
        "n_threads": 1,
        "callback": None,
        "verbose": 0,
        "n_passes": 5,
    }
    assert model.set_params(n_clusters=4) is model
    assert model.n_clusters == 4
    with pytest.raises(ValueError, match="Invalid parameter 'k' for estimator CentNN"):
        model.set_params(k=1)


def test_not_fitted_and_wrong_features():
    with pytest.raises(ValueError, match="This CentNN instance is not fitted yet"):
        centnn.CentNN(3).predict(X)
    model = centnn.CentNN(3).fit(X)
    with pytest.raises(
        ValueError, match="X has 3 features, but CentNN is expecting 4 features as input"
    ):
        model.predict(X[:, :3])
    with pytest.raises(
        ValueError, match="X has 3 features, but CentNN is expecting 4 features as input"
    ):
        model.transform(X[:, :3])
