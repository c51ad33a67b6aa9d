"""CentNN among scikit-learn's tools."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import centnn
from centnn.estimator import CentNN

X = np.random.default_rng(0).normal(size=(300, 4))

# These compare with samples in another order, which the algorithms of the articles depend on.
IN_ANY_ORDER = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weights_invariance")


@parametrize_with_checks([CentNN(2), CentNN(2, effort="fast"), CentNN(2, effort="best")])
def test_all_checks(estimator, check):
    check(estimator)


@parametrize_with_checks([CentNN(2, algorithm=name) for name in ("classic", "entropy", "group")])
def test_checks_of_published_algorithms(estimator, check):
    if check.func.__name__ not in IN_ANY_ORDER:
        check(estimator)


def test_pipeline_and_grid_search():
    pipeline = make_pipeline(StandardScaler(), CentNN(effort="fast"))
    labels = pipeline.fit_predict(X)
    scaled = StandardScaler().fit_transform(X)
    assert np.array_equal(labels, CentNN(effort="fast").fit_predict(scaled))
    assert pipeline.set_params(centnn__n_clusters=3).fit_transform(X).shape == (300, 3)
    search = GridSearchCV(pipeline, {"centnn__n_clusters": [2, 20]}).fit(X)
    assert search.best_params_ == {"centnn__n_clusters": 20}


def test_clone_and_pickle():
    model = CentNN(5, effort="fast", n_threads=1, init=X[:5]).fit(X)
    copy = clone(model)
    assert copy.get_params().keys() == model.get_params().keys()
    assert not hasattr(copy, "labels_")
    assert np.array_equal(copy.fit(X).labels_, model.labels_)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.transform(X), model.transform(X))


def test_a_product_quantizer_is_cloned_and_searched():
    pq = centnn.ProductQuantizer(2, n_codewords=4, n_threads=1)
    copy = clone(pq.fit(X))
    assert copy.get_params() == pq.get_params()
    assert copy.get_params() == {
        "m": 2, "n_codewords": 4, "effort": "fast", "n_threads": 1, "verbose": 0
    }  # fmt: skip
    assert not hasattr(copy, "codebooks_")
    assert not hasattr(copy, "n_features_in_")
    assert np.array_equal(copy.set_params(m=2).fit(X).encode(X), pq.encode(X))
    again = pickle.loads(pickle.dumps(pq))
    assert np.array_equal(again.codewords_, pq.codewords_)
    assert repr(again) == repr(pq)
    search = GridSearchCV(
        clone(pq), {"n_codewords": [2, 16]}, scoring=lambda pq, rows: -pq.fit(rows).inertia_
    )
    assert search.fit(X).best_params_ == {"n_codewords": 16}
    with pytest.raises(NotFittedError, match="This ProductQuantizer instance is not fitted yet"):
        centnn.ProductQuantizer().encode(X)
    assert "ProductQuantizer" in pq._repr_html_()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library):
    frames = pytest.importorskip(library)
    names = ["a", "b", "c", "d"]
    X_frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    model = CentNN(3).set_output(transform=library).fit(X_frame)
    assert model.feature_names_in_.tolist() == names
    assert np.array_equal(model.labels_, CentNN(3).fit(X).labels_)
    distances = model.transform(X_frame)
    assert isinstance(distances, frames.DataFrame)
    assert list(distances.columns) == ["centnn0", "centnn1", "centnn2"]
    assert list(model.fit_transform(X_frame).columns) == list(distances.columns)
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        model.predict(X_frame[["b", "a", "c", "d"]])
    with pytest.raises(ValueError, match="unseen at fit time:\n- e\nFeature names seen at"):
        model.partial_fit(
            X_frame.rename(columns={"a": "e"})
            if library == "pandas"
            else X_frame.rename({"a": "e"})
        )
    with pytest.warns(UserWarning, match="X does not have valid feature names") as caught:
        model.predict(X)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="X does not have valid feature names") as caught:
        model.transform(X)  # through scikit-learn's wrapper
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="X has feature names, but CentNN was fitted without"):
        CentNN(3).fit(X).predict(X_frame)


def test_names_that_are_not_all_strings():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match="Feature names are only supported if all input features"):
        CentNN(3).fit(pandas.DataFrame(X, columns=["a", 1, "c", "d"]))
    numbered = pandas.DataFrame(X)
    assert not hasattr(CentNN(3).fit(numbered), "feature_names_in_")


def test_weights_are_routed():
    weight = np.random.default_rng(1).uniform(size=300)
    expected = CentNN(5).fit(X, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        model = CentNN(5).set_fit_request(sample_weight=True)
        model = model.set_score_request(sample_weight=True)
        pipeline = make_pipeline(FunctionTransformer(), model)
        pipeline.fit(X, sample_weight=weight)
        assert np.array_equal(pipeline[-1].labels_, expected.labels_)
        search = GridSearchCV(model, {"n_clusters": [5]}).fit(X, sample_weight=weight)
        assert np.array_equal(search.best_estimator_.labels_, expected.labels_)


def test_not_fitted_is_scikit_learns_own():
    for call in (CentNN().predict, CentNN().transform, CentNN().score):
        with pytest.raises(NotFittedError, match="This CentNN instance is not fitted yet"):
            call(X)
    with pytest.raises(NotFittedError):
        CentNN().get_feature_names_out()
    assert centnn.estimator.NotFittedError is NotFittedError


def test_sparse_input_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match="Sparse data was passed for X, but dense data is"):
        CentNN(2).fit(sparse.csr_array(X))
    with pytest.raises(TypeError, match="Sparse data was passed for X, but dense data is"):
        CentNN(2).fit(X).predict(sparse.coo_array(X))


def test_repr():
    assert repr(CentNN(3, effort="fast")) == "CentNN(effort='fast', n_clusters=3)"
    assert "<style>" in CentNN(3)._repr_html_()
