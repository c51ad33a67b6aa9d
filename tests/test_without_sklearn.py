"""scikit-learn is optional: CentNN does the same without it."""

import json
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import json, pickle, sys
import numpy as np

if "without" in sys.argv:
    sys.modules["sklearn"] = None  # makes its import fail
import centnn

X = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
weight = np.arange(200) % 3
told = {"loaded": "sklearn" in sys.modules and sys.modules["sklearn"] is not None}
model = centnn.CentNN(7, effort="fast", n_threads=1)
told["repr"] = repr(model), repr(centnn.CentNN()), repr(model.get_params())
for name, call in {
    "not fitted": lambda: model.predict(X),
    "parameter": lambda: model.set_params(k=1),
    "features": lambda: centnn.CentNN(2).fit(X).partial_fit(X[:, 1:]),
    "empty": lambda: model.fit(X[:0]),
    "quantizer not fitted": lambda: centnn.ProductQuantizer(2, 4).encode(X),
    "parameter of a quantizer": lambda: centnn.ProductQuantizer(2, 4).set_params(k=1),
}.items():
    try:
        call()
    except (ValueError, AttributeError) as error:
        told[name] = type(error).__name__, isinstance(error, ValueError), str(error)
assert isinstance(centnn.estimator.NotFittedError(), AttributeError)
model.fit(X, sample_weight=weight)
copy = pickle.loads(pickle.dumps(model)).set_params(n_clusters=9)
for batch in (X[:100], X[100:], X[:100]):
    copy.partial_fit(batch, sample_weight=weight[: len(batch)])
told["bytes"] = [
    np.ascontiguousarray(array).tobytes().hex()
    for array in (
        model.cluster_centers_, model.labels_, model.predict(X), model.transform(X),
        model.fit_transform(X), model.fit_predict(X), copy.cluster_centers_, copy.predict(X),
    )
]
told["numbers"] = model.inertia_, model.n_iter_, model.score(X), model.n_features_in_, copy.n_iter_
told["names"] = model.get_feature_names_out().tolist()
pq = centnn.ProductQuantizer(2, 4).set_params(n_threads=1).fit(X)
told["pq"] = repr(pq), pq.get_params(), pq.encode(X).tolist()
told["public"] = [name for name in dir(centnn) if not name.startswith("_")]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return what the program tells with scikit-learn and without it."""

    def run(*args):
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM, *args],
            cwd=tmp_path_factory.mktemp("empty"),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(result.stdout)

    return run(), run("without")


def test_same_results_and_words(told):
    with_it, without = told
    assert with_it.keys() == without.keys()
    for name, value in with_it.items():
        assert without[name] == value, name


def test_import_does_not_load_scikit_learn(told):
    assert not told[0]["loaded"]


def test_names_in_a_data_frame_without_pandas():
    class Frame:
        columns = ("a", "b")

        def __array__(self, dtype=None, copy=None):
            return np.array([[0.0, 1.0], [2.0, 3.0]])

    from centnn import CentNN

    assert CentNN(2).fit(Frame()).feature_names_in_.tolist() == ["a", "b"]
