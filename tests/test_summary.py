import numpy as np
import pytest

import centnn
from centnn import _options, _summary
from centnn._monitor import Monitor
from centnn._summary import Moments, Summary

# Two pairs of samples, and one sample that counts twice.
SQUARE = np.array([[0, 0], [0, 2], [10, 0], [10, 2]], np.float32)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(3000, 5)).astype(np.float32)


def options(n_clusters):
    return _options.validated(
        5,
        n_clusters=n_clusters,
        algorithm="local",
        effort="balanced",
        init=None,
        fixed=None,
        rate_weight=0.0,
        n_threads=1,
        callback=None,
        verbose=0,
    )


def nearest(samples, centers):
    """Return the nearest centers and the squared distances, slowly."""
    difference = samples[:, None].astype(np.float64) - centers.astype(np.float64)
    distances = (difference**2).sum(axis=2)
    return distances.argmin(axis=1), distances.min(axis=1)


def by_position(summary):
    order = np.lexsort(summary.codewords.T[::-1])
    return summary.codewords[order].tolist(), summary.counts[order].tolist(), summary.error


def test_summaries_worked_by_hand():
    # The mean of each pair, at a distance of 1 from four samples.
    pairs = _summary.summarize(SQUARE, 2)
    assert by_position(pairs) == ([[0, 1], [10, 1]], [2, 2], 4)
    # One sample stands for itself.
    single = _summary.summarize(np.array([[10, 4]], np.float32), 2)
    assert by_position(single) == ([[10, 4]], [1], 0)
    # (10, 1) of weight 2 and (10, 4) of weight 1 become (10, 2) of weight 3: 2 * 1 + 1 * 4 more.
    merged = _summary.merge([pairs, single], 2)
    assert by_position(merged) == ([[0, 1], [10, 2]], [2, 3], 10)


def test_a_pass_worked_by_hand():
    centers = np.array([[0, 0], [10, 1], [90, 90]], np.float32)
    found = _summary.moments(SQUARE, centers)
    assert found.sums.tolist() == [[0, 2], [20, 2], [0, 0]]
    assert found.counts.tolist() == [2, 2, 0]
    assert found.error == 4 + 2
    # The first center moves by 1, which its 2 samples gain. The last one has none: it goes to the
    # sample that is the farthest away then, (10, 5) of the summary: 4 * 1, but 2 * 16.
    summary = Summary(np.array([[0, 0], [10, 5]], np.float32), np.array([4.0, 2.0]), 0.0)
    moved, error = _summary.update(centers, found, summary)
    assert moved.tolist() == [[0, 1], [10, 1], [10, 5]]
    assert moved.dtype == np.float32
    assert error == 4
    # One and a half times the way, the 2 samples are at distances of 0.5 and 1.5 in the end.
    moved, error = _summary.update(centers, found, summary, 1.5)
    assert moved.tolist() == [[0, 1.5], [10, 1], [10, 5]]
    assert error == 0.25 + 2.25 + 2


def test_passes_end_once_clusters_stay_as_they_are():
    n_found = []

    def find(centers):
        n_found.append(len(centers))
        return _summary.moments(SQUARE, centers)

    summary = Summary(SQUARE, np.ones(4), 0.0)
    start = np.array([[1, 1], [9, 1]], np.float32), np.array([2.0, 2.0]), 8.0
    # The first pass goes too far, beyond the means; the second goes back, having nothing to add.
    centers, counts, error = _summary.refine(find, summary, start, 30, Monitor(None, 0, 1))
    assert centers.tolist() == [[0, 1], [10, 1]]
    assert counts.tolist() == [2, 2]
    assert error == 4
    assert n_found == [2, 2]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_few_samples_are_kept_as_they_are(dtype):
    rows = RNG.integers(0, 3, (500, 2)).astype(dtype)
    weights = RNG.uniform(0.5, 2, 500)
    summary = _summary.summarize(rows, 9, weights)
    assert summary.codewords.dtype == (np.float64 if dtype is np.float64 else np.float32)
    assert summary.error == 0
    for codeword, weight in zip(summary.codewords, summary.counts, strict=True):
        assert weight == pytest.approx(weights[(rows == codeword).all(axis=1)].sum())
    assert len(summary.counts) == 9


def test_nearly_all_distinct_samples_are_kept_too():
    # Where merging them would not pay otherwise.
    rows = np.concatenate([X[:1000], X[:1]])
    summary = _summary.summarize(rows, 1000)
    assert np.array_equal(summary.codewords, X[:1000])
    assert summary.counts[0] == 2 and summary.counts.sum() == 1001


def test_single_values_are_kept_up_to_what_local_is_optimal_for():
    values = RNG.integers(0, 1 << 16, (70_000, 1)).astype(np.uint16)
    summary = _summary.summarize(values, 8)
    assert summary.error == 0
    assert len(summary.counts) == len(np.unique(values))


@pytest.mark.parametrize("weighted", [False, True])
def test_codewords_are_means_and_errors_add_up(weighted):
    parts = np.array_split(X, 4)
    weights = [RNG.uniform(0.5, 2, len(part)) if weighted else None for part in parts]
    summaries = [
        _summary.summarize(part, 50, weight) for part, weight in zip(parts, weights, strict=True)
    ]
    merged = _summary.merge(summaries, 60)
    assert len(merged.counts) == 60
    total = np.concatenate(weights) if weighted else np.ones(len(X))
    assert merged.counts.sum() == pytest.approx(total.sum())
    assert merged.counts @ merged.codewords == pytest.approx(total @ X, abs=0.01)
    # The squared error about the mean is that within the codewords and that between them.
    mean = total @ X / total.sum()
    whole = float(total @ ((X - mean) ** 2).sum(axis=1))
    for summary in (_summary.union(summaries), merged):
        between = float(summary.counts @ ((summary.codewords - mean) ** 2).sum(axis=1))
        assert summary.error + between == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 7, 300])
def test_moments_are_those_of_an_obvious_loop(dtype, weighted, k):
    samples = (40 + 10 * X[:900]).astype(dtype)
    centers = (40 + 10 * RNG.normal(size=(k, 5))).astype(np.float32)
    weights = RNG.integers(0, 4, 900).astype(np.float64) if weighted else None
    found = _summary.moments(samples, centers, weights)
    labels, distances = nearest(samples, centers)
    total = np.ones(900) if weights is None else weights
    sums = np.zeros((k, 5))
    np.add.at(sums, labels, total[:, None] * samples)
    assert found.sums == pytest.approx(sums)
    assert found.counts.tolist() == np.bincount(labels, total, k).tolist()
    assert found.error == pytest.approx(float(total @ distances))


def test_slices_do_not_change_what_is_found(monkeypatch):
    whole = _summary.moments(X, X[:10])
    monkeypatch.setattr(_summary, "AT_ONCE", 1)
    monkeypatch.setattr(_summary, "LEAST_AT_ONCE", 7)
    for weights in (None, np.ones(len(X))):
        found = _summary.moments(X, X[:10], weights)
        assert np.array_equal(found.sums, whole.sums)
        assert np.array_equal(found.counts, whole.counts)
        assert found.error == pytest.approx(whole.error)


def test_a_view_has_the_moments_of_its_copy():
    view = X[::-2]
    found, copied = (_summary.moments(rows, X[:9]) for rows in (view, view.copy()))
    assert np.array_equal(found.sums, copied.sums) and found.error == copied.error


@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_threads_do_not_change_bits(n_threads):
    one, many = (_summary.moments(X, X[:100], None, n) for n in (1, n_threads))
    assert np.array_equal(one.sums, many.sums) and one.error == many.error
    one, many = (_summary.summarize(X, 64, None, n) for n in (1, n_threads))
    assert np.array_equal(one.codewords, many.codewords) and one.error == many.error


def test_moments_of_parts_add_up():
    parts = [_summary.moments(part, X[:10]) for part in np.array_split(X, 3)]
    found = sum(parts, Moments(np.zeros((10, 5)), np.zeros(10), 0.0))
    whole = _summary.moments(X, X[:10])
    assert found.sums == pytest.approx(whole.sums)
    assert found.counts.tolist() == whole.counts.tolist()
    assert found.error == pytest.approx(whole.error)


def test_an_update_tells_the_error_that_is_left():
    centers = X[:20].copy()
    found = _summary.moments(X, centers)
    moved, error = _summary.update(centers, found, _summary.summarize(X, 50))
    labels, _ = nearest(X, centers)
    assert error == pytest.approx(float(((X - moved[labels]) ** 2).sum()), rel=1e-5)
    assert _summary.moments(X, moved).error < error < found.error


def test_training_on_the_samples_themselves_is_that_of_local():
    summary = _summary.summarize(X, len(X))
    centers, counts, error = _summary.train(summary, options(30), Monitor(None, 0, 1), len(X))
    book = centnn.fit_codebook(X, 30, sample_weight=np.ones(len(X)))
    assert np.array_equal(centers, book.centers)
    assert np.array_equal(counts, book.counts)
    assert error == book.inertia


def test_training_says_how_many_samples_are_distinct():
    summary = _summary.summarize(SQUARE[:2], 4)
    with pytest.raises(ValueError, match="n_clusters=3 with n_samples=90 of which 2 are distinct"):
        _summary.train(summary, options(3), Monitor(None, 0, 1), 90)


@pytest.mark.parametrize(
    ("n_clusters", "n_parts", "size"),
    [(100, 1, 6400), (100, 16, 400), (100, 64, 200), (2, 4, 1024)],
)
def test_sizes_of_summaries(n_clusters, n_parts, size):
    assert _summary.summary_size(n_clusters, n_parts) == size
