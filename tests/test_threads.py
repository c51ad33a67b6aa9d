"""Many threads that call the library at once get the bits of one."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import centnn
from centnn import image

N_THREADS = 8
X = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
BOOK = X[:100]
IMG = np.random.default_rng(1).integers(0, 40, (64, 48, 3), np.uint8).cumsum(axis=1, dtype=np.uint8)

WORK = {
    "local": lambda: centnn.fit_codebook(X, 40).centers,
    "best": lambda: centnn.fit_codebook(X[:500], 20, effort="best").centers,
    "rounds": lambda: centnn.fit_codebook(np.hstack([X] * 5), 60, effort="fast").centers,
    "rate": lambda: centnn.fit_codebook(X, 20, rate_weight=0.5).centers,
    "scalar": lambda: centnn.fit_codebook(X[:, :1], 20).centers,
    "classic": lambda: centnn.CentNN(30, algorithm="classic").fit(X).labels_,
    "entropy": lambda: centnn.CentNN(30, algorithm="entropy").fit(X).labels_,
    "group": lambda: centnn.CentNN(30, algorithm="group").fit(X).labels_,
    "partial_fit": lambda: centnn.CentNN(30).partial_fit(X).partial_fit(X).cluster_centers_,
    "stream": lambda: centnn.fit_codebook([X, X[:50]], 40).centers,
    "quantize": lambda: centnn.quantize(X, BOOK),
    "distances": lambda: centnn.quantize(X, BOOK, n_nearest=5, return_distance=True)[1],
    "dequantize": lambda: centnn.dequantize(np.arange(3000) % 100, BOOK),
    "compress": lambda: image.compress(IMG, n_codewords=16, block=4),
    "decompress": lambda: image.decompress(image.compress(IMG, n_codewords=16, block=4)),
    "photo": lambda: image.compress_photo(IMG),
    "photo back": lambda: image.decompress(image.compress_photo(IMG)),
    "palette": lambda: image.make_palette(IMG, 16).palette,
}


def same(a, b):
    return a == b if isinstance(a, bytes) else np.array_equal(a, b)


def at_once(calls):
    """Return what calls return that start at the same time, each in a thread of its own."""
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("name", WORK)
def test_many_threads_get_the_bits_of_one(name):
    expected = WORK[name]()
    for result in at_once([WORK[name]] * N_THREADS):
        assert same(result, expected)


def test_threads_that_do_different_things_get_the_bits_of_one():
    expected = [call() for call in WORK.values()]
    for result, alone in zip(at_once(list(WORK.values())), expected, strict=True):
        assert same(result, alone)


def test_threads_share_an_estimator_to_predict():
    model = centnn.CentNN(40).fit(X)
    expected = model.predict(X), model.transform(X), model.score(X)
    for labels, distances, score in zip(
        *(
            at_once([lambda f=f: f(X)] * N_THREADS)
            for f in (model.predict, model.transform, model.score)
        ),
        strict=True,
    ):
        assert np.array_equal(labels, expected[0])
        assert np.array_equal(distances, expected[1])
        assert score == expected[2]
