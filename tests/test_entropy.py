import numpy as np
import pytest
import reference

import centnn
from centnn.image import to_blocks


def assert_equals_reference(X, k, sample_weight=None):
    model = centnn.CentNN(k, algorithm="entropy").fit(X, sample_weight=sample_weight)
    centers, labels, epochs = reference.entropy(X, k, sample_weight)
    assert np.array_equal(model.labels_, labels)
    assert np.array_equal(model.cluster_centers_, centers)
    assert model.n_iter_ == epochs
    return model


def test_two_codewords_are_those_of_classic():
    # At K codewords nothing is left to split: worked by hand in test_classic.py.
    model = centnn.CentNN(2, algorithm="entropy").fit([[0.0], [2.0], [7.0]])
    assert model.cluster_centers_.tolist() == [[7.0], [1.0]]
    assert model.n_iter_ == 3


def test_a_split_does_not_wait_for_the_last_move():
    # The first stage's baseline is the movement of epoch 0, which none after it exceeds: with a
    # third codeword to come, the stage ends after its second epoch, moves or not.
    X = np.random.default_rng(0).normal(size=(500, 2))
    history = centnn.fit_codebook(X, 3, algorithm="entropy").history
    assert history[:4, 0].tolist() == [2, 2, 2, 3]
    assert (np.diff(history[:3, 1]) < 0).all()


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


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 1, 100])
def test_equals_the_reference_where_epsilon_is_large_or_small(scale):
    rng = np.random.default_rng(5)
    assert_equals_reference(rng.normal(scale=scale, size=(300, 2)), 40)


def test_equals_the_reference_far_from_the_origin():
    rng = np.random.default_rng(0)
    assert_equals_reference(rng.normal(size=(150, 4)) + 1e4, 16)


def test_equals_the_reference_where_a_split_wins_nothing():
    X = np.array([[1.0, -1.0], [-1.0, 1.0], [3.0, -3.0], [-3.0, 3.0]])
    for k in (2, 3, 4):
        assert_equals_reference(X, k)
    assert_equals_reference(np.linspace(0, 1e-3, 40)[:, None], 10)


def test_equals_the_reference_with_as_many_codewords_as_samples():
    assert_equals_reference(np.random.default_rng(0).normal(size=(60, 3)), 60)


def test_equals_the_reference_on_image_blocks(lena_128):
    assert_equals_reference(to_blocks(lena_128[:64, :64], 4), 100)


def test_equals_the_reference_on_grey_levels(lena_128):
    assert_equals_reference(lena_128[::4, ::4].reshape(-1, 1), 48)


def test_reference_experiments_take_fewer_epochs_than_classic(lena_128):
    for X, k in ((lena_128.reshape(-1, 1), 48), (to_blocks(lena_128, 4), 512)):
        entropy = centnn.fit_codebook(X, k, algorithm="entropy")
        classic = centnn.fit_codebook(X, k, algorithm="classic")
        assert entropy.n_iter < classic.n_iter
        assert entropy.inertia < 1.2 * classic.inertia


def test_one_codeword():
    book = centnn.fit_codebook([[1.0], [3.0]], 1, algorithm="entropy")
    assert book.centers.tolist() == [[2.0]]


def test_callback_can_stop():
    X = np.random.default_rng(0).normal(size=(300, 3))
    book = centnn.fit_codebook(X, 20, algorithm="entropy", callback=lambda _, k, __: k == 5)
    assert 4 <= len(book.centers) <= 5
    assert book.inertia == pytest.approx(centnn.quantize(X, book, return_distance=True)[1].sum())
