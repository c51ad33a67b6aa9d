import threading

import numpy as np
import pytest
import reference

import centnn
from centnn._group import count_groups
from centnn.image import to_blocks


def assert_equals_reference(X, k, sample_weight=None):
    model = centnn.CentNN(k, algorithm="group").fit(X, sample_weight=sample_weight)
    centers, labels = reference.group(X, k, count_groups(len(X), k), sample_weight)
    assert np.array_equal(model.labels_, labels)
    assert np.array_equal(model.cluster_centers_, centers)
    return model


def test_two_groups_worked_by_hand():
    # Groups 0 0 10 12 and 1 1 11 13: codewords 0, 11 and 1, 12, each for two samples. These merge
    # to 0.5 and 11.5, which are already the means of the samples nearest to them.
    X = np.array([[0.0], [1], [0], [1], [10], [11], [12], [13]])
    book = centnn.fit_codebook(X, 2, algorithm="group")
    assert count_groups(8, 2) == 2
    assert sorted(book.centers[:, 0]) == [0.5, 11.5]
    assert book.counts.tolist() == [4, 4]


@pytest.mark.parametrize(
    ("n", "k", "groups"), [(7, 2, 1), (8, 2, 2), (17, 2, 2), (18, 2, 3), (1024, 512, 1)]
)
def test_groups_depend_on_the_sizes_only(n, k, groups):
    assert count_groups(n, k) == groups


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_reference_on_random_data(seed):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(100, 400), rng.integers(1, 9)
    assert_equals_reference(rng.normal(scale=30, size=(n, d)), int(rng.integers(2, 25)))


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_reference_on_integers_full_of_ties(seed):
    rng = np.random.default_rng(seed)
    assert_equals_reference(rng.integers(0, 6, size=(200, rng.integers(2, 4))), 20)


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_reference_with_weights(seed):
    rng = np.random.default_rng(seed)
    assert_equals_reference(rng.normal(scale=10, size=(150, 3)), 12, rng.uniform(0.1, 5, size=150))


def test_equals_the_reference_where_a_group_has_too_few_distinct_samples():
    # Group 0 of 4 has one distinct sample, the others have three each; six are asked for.
    X = np.array([[10 * (i % 4) + (i // 4 % 3) * (i % 4 > 0)] for i in range(100)], dtype=float)
    assert [len(np.unique(X[g::4])) for g in range(4)] == [1, 3, 3, 3]
    assert count_groups(100, 6) == 4
    assert_equals_reference(X, 6)


def test_where_the_groups_hand_on_fewer_codewords_than_asked_for():
    # Codewords of -1, 1 and of 0, 0 at the same place: the last stage grows the codebook again.
    X = np.concatenate([np.tile([[-1.0], [1.0]], (8, 1)), np.zeros((16, 1))])[
        np.arange(32) * 7 % 32
    ]
    for k in (2, 3):
        assert len(np.unique(assert_equals_reference(X, k).labels_)) == k


def test_one_group_is_classic():
    X = np.random.default_rng(0).normal(size=(60, 3))
    assert count_groups(60, 20) == 1
    group, classic = (centnn.CentNN(20, algorithm=name).fit(X) for name in ("group", "classic"))
    assert np.array_equal(group.cluster_centers_, classic.cluster_centers_)
    assert_equals_reference(X, 20)


def test_equals_the_reference_on_image_blocks(lena_128):
    assert_equals_reference(to_blocks(lena_128[:64, :64], 4), 20)


@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_thread_count_changes_nothing(n_threads):
    X = np.random.default_rng(0).normal(size=(3000, 3))
    one = centnn.CentNN(20, algorithm="group", n_threads=1).fit(X)
    more = centnn.CentNN(20, algorithm="group", n_threads=n_threads).fit(X)
    assert np.array_equal(one.cluster_centers_, more.cluster_centers_)
    assert np.array_equal(one.labels_, more.labels_)
    assert one.n_iter_ == more.n_iter_


def test_reference_experiment_is_as_good_as_classic(lena_128):
    for X, k in ((lena_128.reshape(-1, 1), 48), (to_blocks(lena_128, 4), 64)):
        group = centnn.fit_codebook(X, k, algorithm="group")
        classic = centnn.fit_codebook(X, k, algorithm="classic")
        assert len(group.centers) == k
        assert group.inertia < 1.1 * classic.inertia


def test_one_codeword():
    book = centnn.fit_codebook(np.arange(10.0)[:, None], 1, algorithm="group")
    assert book.centers.tolist() == [[4.5]]


def test_history_ends_with_the_inertia():
    X = np.random.default_rng(0).normal(size=(1000, 3))
    book = centnn.fit_codebook(X, 10, algorithm="group")
    assert len(book.history) == book.n_iter
    assert book.history[:10, 0].tolist() == [10] * 10  # the groups
    assert book.history[10, 0] == 2  # the merging begins
    assert book.history[-1, 0] == 10
    assert book.history[-1, 1] * X.size == pytest.approx(book.inertia, rel=1e-9)


@pytest.mark.parametrize("when", [1, 10, 12, -1])
def test_callback_can_stop_in_each_stage(when):
    X = np.random.default_rng(0).normal(size=(1000, 3))
    if when == -1:
        when = centnn.fit_codebook(X, 10, algorithm="group").n_iter - 1
    book = centnn.fit_codebook(X, 10, algorithm="group", callback=lambda epoch, *_: epoch == when)
    assert book.n_iter == when
    codes, distances = centnn.quantize(X, book, return_distance=True)
    assert book.inertia == pytest.approx(distances.sum())
    assert book.counts.sum() == 1000
    assert codes.max() < len(book.centers)


def test_an_exception_in_the_callback_ends_all_threads():
    def fail(*_):
        raise RuntimeError("stop here")

    X = np.random.default_rng(0).normal(size=(20000, 3))
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="stop here"):
        centnn.fit_codebook(X, 20, algorithm="group", callback=fail, n_threads=2)
    assert threading.active_count() == before
