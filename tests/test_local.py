"""What must hold for `local` however it is made: by brute force on small data."""

import gzip

import numpy as np
import pytest
import reference
from local_checks import (
    EFFORTS,
    SHAPES,
    assert_consistent,
    book,
    random_samples,
    separate_clusters,
    train,
)

import centnn
from centnn.image import to_blocks


def test_the_oracles_worked_by_hand():
    # 1 is 4.5 from the mean of {1, 10}: to leave it saves 2 * 20.25, to join 0 costs 1 / 2.
    X, labels = np.array([[0], [1], [10]]), np.array([0, 1, 1])
    assert reference.squared_error(X, labels) == 40.5
    assert reference.greatest_fall(X, labels) == 40
    assert reference.greatest_fall(X, np.array([0, 0, 1])) == 0.5 - 40.5
    assert reference.least_error(X, 2) == 0.5


@pytest.mark.parametrize("effort", EFFORTS)
def test_three_clusters_worked_by_hand(effort):
    # The best pairs are {0, 1}, {10, 12} and {30}: 0.5 + 2 + 0.
    X = np.array([[0, 0], [10, 0], [1, 0], [30, 0], [12, 0]])
    model = train(X, 3, effort)
    assert sorted(model.cluster_centers_.tolist()) == [[0.5, 0], [11, 0], [30, 0]]
    assert model.labels_[0] == model.labels_[2]
    assert model.labels_[1] == model.labels_[4]
    assert model.inertia_ == 2.5


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_centroids_are_the_means_of_their_members(shape, effort):
    n, d, k = shape
    X = random_samples(n, d)
    assert_consistent(train(X, k, effort), X, k)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_counts_add_up(shape):
    n, d, k = shape
    X = random_samples(n, d)
    model, result = train(X, k), book(X, k)
    assert np.array_equal(result.centers, model.cluster_centers_)
    assert np.array_equal(result.counts, np.bincount(model.labels_, minlength=k))
    assert result.inertia == pytest.approx(model.inertia_, rel=1e-6)
    weight = np.random.default_rng(0).uniform(0.5, 3, size=n)
    weighted = book(X, k, sample_weight=weight)
    assert weighted.counts.sum() == pytest.approx(weight.sum(), rel=1e-9)


@pytest.mark.parametrize("effort", EFFORTS[1:])
@pytest.mark.parametrize("shape", SHAPES[:4], ids=str)
def test_no_move_of_one_sample_lowers_the_error(shape, effort):
    n, d, k = shape
    X = random_samples(n, d)
    model = train(X, k, effort)
    assert reference.greatest_fall(X, model.labels_) <= 1e-6 * model.inertia_


@pytest.mark.parametrize("shape", SHAPES[:4], ids=str)
def test_samples_are_with_their_nearest_codeword(shape):
    n, d, k = shape
    X = random_samples(n, d)
    model = train(X, k)
    _, distances = reference.nearest(X, model.cluster_centers_)
    assert model.inertia_ == pytest.approx(distances.sum(), rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_more_effort_is_never_worse(shape):
    n, d, k = shape
    X = random_samples(n, d)
    fast, balanced, best = (train(X, k, effort).inertia_ for effort in EFFORTS)
    assert best <= balanced * (1 + 1e-6)
    assert balanced <= fast * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_few_samples_reach_the_optimum_or_nearly(seed):
    X = random_samples(8, 2, seed)
    least = reference.least_error(X, 3)
    for effort in EFFORTS:
        assert least * (1 - 1e-5) <= train(X, 3, effort).inertia_ <= 1.25 * least
    assert train(X, 3, "best").inertia_ <= 1.02 * least


@pytest.mark.parametrize("effort", EFFORTS)
def test_obvious_clusters_are_found(effort):
    X, truth = separate_clusters()
    model = train(X, 8, effort)
    pairs = set(zip(truth.tolist(), model.labels_.tolist(), strict=True))
    assert len(pairs) == 8
    assert model.inertia_ == pytest.approx(reference.squared_error(X, truth), rel=1e-6)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("d", [1, 2, 16, 65])
def test_as_many_codewords_as_distinct_samples_leave_no_error(d, effort):
    distinct = np.random.default_rng(d).permutation(256 * d).reshape(256, d).astype(np.float32)
    X = distinct[np.random.default_rng(0).permutation(np.arange(1000) % 256)]
    model = train(X, 256, effort)
    assert model.inertia_ == 0
    assert len(np.unique(model.labels_)) == 256
    assert_consistent(model, X, 256)


@pytest.mark.parametrize("effort", EFFORTS)
def test_as_many_codewords_as_samples(effort):
    X = random_samples(60, 3)
    model = train(X, 60, effort)
    assert model.inertia_ == 0
    assert sorted(model.labels_.tolist()) == list(range(60))


def test_more_codewords_than_distinct_samples_are_refused():
    X = np.repeat([[0.0, 1.0], [2.0, 3.0], [5.0, 5.0]], 10, axis=0)
    for effort in EFFORTS:
        with pytest.raises(ValueError, match=r"n_clusters.*n_clusters=4.*3\s+are distinct"):
            train(X, 4, effort)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("d", [1, 4, 50])
def test_one_codeword_is_the_mean(d, effort):
    X = random_samples(200, d)
    model = train(X, 1, effort)
    np.testing.assert_allclose(model.cluster_centers_[0], X.mean(axis=0, dtype=float), rtol=1e-5)
    assert_consistent(model, X, 1)


@pytest.mark.parametrize("effort", EFFORTS)
def test_constant_data(effort):
    model = train(np.full((100, 3), 7.0), 1, effort)
    assert model.cluster_centers_.tolist() == [[7.0, 7.0, 7.0]]
    assert model.inertia_ == 0
    with pytest.raises(ValueError, match=r"n_clusters.* 1\s+is distinct"):
        train(np.full((100, 3), 7.0), 2, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_one_sample(effort):
    assert train([[3.0, 4.0]], 1, effort).cluster_centers_.tolist() == [[3.0, 4.0]]


@pytest.mark.parametrize("effort", EFFORTS)
def test_many_duplicates(effort):
    # 64 distinct samples, most of them there a hundred times, in no order.
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, size=(6400, 3)).astype(np.uint8)
    model = train(X, 20, effort)
    assert_consistent(model, X, 20)
    if effort != "fast":
        assert reference.greatest_fall(X, model.labels_) <= 1e-6 * model.inertia_


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_line_of_samples_in_many_dimensions(effort):
    # No spread but along one axis: what is divided by a variance divides by 0.
    X = np.zeros((400, 20), dtype=np.float32)
    X[:, 7] = np.random.default_rng(0).normal(size=400)
    assert_consistent(train(X, 15, effort), X, 15)


@pytest.mark.parametrize("effort", EFFORTS)
def test_weights_are_repeated_samples(effort):
    X, truth = separate_clusters()
    weight = np.random.default_rng(1).integers(1, 6, size=len(X))
    weighted = train(X, 8, effort, sample_weight=weight)
    repeated = train(np.repeat(X, weight, axis=0), 8, effort)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-6)
    assert weighted.inertia_ == pytest.approx(reference.squared_error(X, truth, weight), rel=1e-6)
    np.testing.assert_allclose(
        np.sort(weighted.cluster_centers_, axis=0),
        np.sort(repeated.cluster_centers_, axis=0),
        rtol=1e-5,
    )


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weighted_centroids_are_weighted_means(shape, effort):
    n, d, k = shape
    X = random_samples(n, d)
    weight = np.random.default_rng(2).uniform(0.01, 50, size=n)
    model = train(X, k, effort, sample_weight=weight)
    assert_consistent(model, X, k, weight)
    if effort != "fast" and d < 20:
        assert reference.greatest_fall(X, model.labels_, weight) <= 1e-6 * model.inertia_


def test_the_scale_of_the_weights_does_not_matter():
    X = random_samples(500, 4)
    weight = np.random.default_rng(3).uniform(1, 5, size=500)
    one, many = (train(X, 30, sample_weight=weight * 2.0**power) for power in (0, 10))
    assert np.array_equal(one.labels_, many.labels_)
    assert many.inertia_ == pytest.approx(one.inertia_ * 2**10, rel=1e-9)


@pytest.mark.parametrize("effort", EFFORTS)
def test_samples_of_no_weight_have_no_influence(effort):
    X = random_samples(500, 3)
    weight = (np.arange(500) % 3 > 0).astype(float)
    weighted = train(X, 20, effort, sample_weight=weight)
    alone = train(X[weight > 0], 20, effort)
    assert np.array_equal(weighted.cluster_centers_, alone.cluster_centers_)
    assert weighted.inertia_ == pytest.approx(alone.inertia_, rel=1e-9)
    codes, _ = reference.nearest(X[weight == 0], weighted.cluster_centers_)
    assert np.mean(weighted.labels_[weight == 0] == codes) > 0.99  # but for ties in float32


@pytest.mark.parametrize(
    ("picture", "k", "limit"), [("bridge", 256, 160.9), ("lena", 256, 31.5), ("lena", 1024, 15.61)]
)
def test_blocks_of_pictures_of_the_literature(data_dir, picture, k, limit):
    import cv2

    img = cv2.imread(str(data_dir / "images" / f"{picture}.png"), cv2.IMREAD_GRAYSCALE)
    X = to_blocks(img, 4)
    assert book(X, k).inertia / X.size <= limit


def test_blocks_of_the_reference_experiment(lena_128):
    X = to_blocks(lena_128, 4)
    assert book(X, 512).inertia / X.size <= 6.29


@pytest.mark.parametrize(
    ("name", "k", "sse"),
    [
        ("s1", 15, 8.91765e12),
        ("s2", 15, 1.32792e13),
        ("a1", 20, 1.21463e10),
        ("a3", 50, 2.89374e10),
        ("unbalance", 8, 2.14492e11),
        ("birch1", 100, 9.27729e13),
    ],
)
def test_sets_of_the_literature(data_dir, name, k, sse):
    with gzip.open(data_dir / "sets" / f"{name}.data.gz") as file:
        X = np.loadtxt(file)
    assert book(X, k).inertia <= 1.0002 * sse


def test_best_goes_on_where_swaps_are_too_slow():
    X = np.random.default_rng(0).normal(size=(3000, 40)).astype(np.float32)
    balanced, best = (centnn.fit_codebook(X, 50, effort=e).inertia for e in ("balanced", "best"))
    assert best < balanced
