import numpy as np
import pytest
import reference

import centnn
from centnn.image import to_blocks


def assert_equals_reference(X, k, sample_weight=None, init=None, n_threads=1):
    model = centnn.CentNN(k, algorithm="classic", init=init, n_threads=n_threads)
    model.fit(X, sample_weight=sample_weight)
    centers, labels, epochs = reference.classic(X, k, sample_weight, init=init)
    assert np.array_equal(model.labels_, labels)
    assert np.array_equal(model.cluster_centers_, centers)
    assert model.n_iter_ == epochs
    return model


def test_two_centroids_worked_by_hand():
    # c = 3, centroids 3.05 and 2.95. Epoch 0: 0 goes to the second, which moves to 0; 2 and 7 go to
    # the first, which moves to 2, then to 4.5. Epoch 1: 2 goes over to the second; the first moves
    # back to 7, the second to 1. Epoch 2 moves nothing.
    model = centnn.CentNN(2, algorithm="classic").fit([[0.0], [2.0], [7.0]])
    assert model.cluster_centers_.tolist() == [[7.0], [1.0]]
    assert model.labels_.tolist() == [1, 1, 0]
    assert model.n_iter_ == 3
    assert model.inertia_ == 2.0


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_reference_on_random_data(seed):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(30, 300), rng.integers(1, 9)
    X = rng.normal(scale=30, size=(n, d))
    assert_equals_reference(X, int(rng.integers(2, 25)))


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_reference_on_integers_full_of_ties(seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 6, size=(200, rng.integers(2, 4)))
    assert_equals_reference(X, 20)


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_reference_with_weights(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(scale=10, size=(150, 3))
    assert_equals_reference(X, 12, rng.uniform(0.1, 5, size=150))


def test_equals_the_reference_far_from_the_origin():
    rng = np.random.default_rng(0)
    assert_equals_reference(rng.normal(size=(150, 4)) + 1e4, 16)


def test_equals_the_reference_where_a_split_wins_nothing():
    # Differences that sum to 0 are neither nearer to w + epsilon nor to w - epsilon.
    X = np.array([[1.0, -1.0], [-1.0, 1.0], [3.0, -3.0], [-3.0, 3.0]])
    for k in (2, 3, 4):
        assert_equals_reference(X, k)
    # Data much smaller than epsilon.
    assert_equals_reference(np.linspace(0, 1e-3, 40)[:, None], 10)


def test_equals_the_reference_with_as_many_codewords_as_samples():
    # Pairs of samples are as far from their mean, up to rounding.
    assert_equals_reference(np.random.default_rng(0).normal(size=(60, 3)), 60)


def test_equals_the_reference_on_image_blocks(lena_128):
    assert_equals_reference(to_blocks(lena_128[:64, :64], 4), 100)


def test_given_codewords_worked_by_hand():
    # Epoch 0: 4 is nearest to 5; the means are 1 and 7. Epoch 1: 4 is as far from both, and the
    # lower index wins; they move to 2 and 8.5. Epoch 2 moves nothing.
    model = centnn.CentNN(2, algorithm="classic", init=[[0.0], [5.0]]).fit(
        [[0.0], [2.0], [4.0], [7.0], [10.0]]
    )
    assert model.cluster_centers_.tolist() == [[2.0], [8.5]]
    assert model.labels_.tolist() == [0, 0, 0, 1, 1]
    assert model.n_iter_ == 3


@pytest.mark.parametrize("seed", range(12))
def test_equals_the_reference_from_given_codewords(seed):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(50, 300), rng.integers(1, 9)
    X = rng.integers(0, 9, (n, d)) if seed % 4 == 1 else rng.normal(scale=30, size=(n, d))
    weights = rng.uniform(0.1, 5, size=n) if seed % 4 == 2 else None
    k = int(rng.integers(1, 1 + min(25, len(np.unique(X, axis=0)))))
    assert_equals_reference(X, k, weights, init=X[rng.permutation(n)[:k]], n_threads=1 + seed % 3)


def test_given_codewords_that_win_nothing_are_replaced():
    X = np.random.default_rng(0).normal(size=(200, 2))
    init = np.repeat([[0.0, 0.0], [100.0, 0.0]], 5, axis=0)  # one wins all
    model = assert_equals_reference(X, 10, init=init)
    assert len(np.unique(model.labels_)) == 10


def test_a_trained_codebook_stays_as_it_is():
    X = np.random.default_rng(0).normal(size=(500, 3))
    book = centnn.fit_codebook(X, 20, algorithm="classic")
    again = centnn.fit_codebook(X, 20, algorithm="classic", init=book.centers)
    assert again.n_iter == 2
    np.testing.assert_allclose(again.centers, book.centers, rtol=1e-12)


@pytest.mark.parametrize("algorithm", ["classic", "entropy", "group"])
def test_no_codeword_is_dead_where_epsilon_is_large(algorithm):
    # The second of the first two centroids won all samples; the first stayed without any.
    X = np.linspace(0, 1e-3, 40)[:, None]
    book = centnn.fit_codebook(X, 10, algorithm=algorithm)
    assert len(book.centers) == 10
    assert (book.counts > 0).all()
    assert np.unique(centnn.quantize(X, book)).tolist() == list(range(10))
    X = np.random.default_rng(0).normal(scale=1e-3, size=(200, 3))
    assert (centnn.fit_codebook(X, 10, algorithm=algorithm).counts > 0).all()


def test_reference_experiment_grey_levels(lena_128):
    X = lena_128.reshape(-1, 1)
    model = centnn.CentNN(48, algorithm="classic").fit(X)
    psnr = centnn.psnr(X, model.cluster_centers_[model.labels_])
    assert round(psnr, 2) == 47.53


def test_reference_experiment_blocks(lena_128):
    X = to_blocks(lena_128, 4)
    model = centnn.CentNN(512, algorithm="classic").fit(X)
    psnr = centnn.psnr(X, model.cluster_centers_[model.labels_])
    assert psnr == pytest.approx(36.58, abs=0.02)


def test_centroids_are_the_means_of_their_samples():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 5))
    model = centnn.CentNN(20, algorithm="classic").fit(X)
    for j, center in enumerate(model.cluster_centers_):
        np.testing.assert_allclose(center, X[model.labels_ == j].mean(axis=0), atol=1e-12)


def test_distortion_never_rises_while_the_codebook_does_not_grow():
    X = np.random.default_rng(2).normal(size=(400, 3))
    history = centnn.fit_codebook(X, 30, algorithm="classic").history
    same_size = history[1:, 0] == history[:-1, 0]
    assert same_size.any()
    assert (history[1:, 1] <= history[:-1, 1] * (1 + 1e-12))[same_size].all()


def test_final_distortion_is_the_inertia():
    X = np.random.default_rng(3).normal(size=(400, 3))
    book = centnn.fit_codebook(X, 30, algorithm="classic")
    assert book.history[-1, 1] * X.size == pytest.approx(book.inertia, rel=1e-9)
    assert book.history[-1, 0] == 30
    assert len(book.history) == book.n_iter
