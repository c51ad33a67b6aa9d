"""Numbers that arithmetic finds hard: tiny, huge, far from zero, beside an outlier, all alike."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import centnn

EFFORTS = ("fast", "balanced", "best")


def clusters(n=400, d=3, k=8):
    """Return samples of variance 1 around K places of variance 100."""
    random = np.random.default_rng([n, d, k])
    return 10 * random.normal(size=(k, d))[np.arange(n) % k] + random.normal(size=(n, d))


def squared_error(X, centers):
    X, centers = np.asarray(X, np.float64), np.asarray(centers, np.float64)
    return sum(((row - centers) ** 2).sum(axis=1).min() for row in X)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(
    ("dtype", "scale"), [("f4", 1e-30), ("f4", 1e30), ("f8", 1e-150), ("f8", 1e150)]
)
def test_tiny_and_huge(dtype, scale, effort):
    X = clusters().astype(dtype)
    expected = centnn.fit_codebook(X, 8, effort=effort).inertia
    book = centnn.fit_codebook(X * np.dtype(dtype).type(scale), 8, effort=effort)
    assert book.inertia == pytest.approx(expected * scale**2, rel=1e-5)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_far_from_zero(dtype, effort):
    X = np.rint(16 * clusters()) / 16  # float32 has steps of 1/16 at 1e6
    expected = centnn.fit_codebook(X, 8, effort=effort).inertia
    book = centnn.fit_codebook((X + 1e6).astype(dtype), 8, effort=effort)
    # Codewords have the steps of the samples: see test_rounding_of_codewords.
    assert expected * 0.999 < book.inertia < expected * 1.001 + X.size / 32**2


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_denormals(dtype, effort):
    steps = np.random.default_rng(0).integers(0, 1000, (300, 2)).astype(dtype)
    smallest = np.finfo(dtype).smallest_subnormal
    X = steps * smallest
    book = centnn.fit_codebook(X, 20, effort=effort)
    assert len(np.unique(book.centers, axis=0)) == 20
    # As good as for the same samples at a common scale; inertia itself may underflow.
    expected = centnn.fit_codebook(steps, 20, effort=effort).inertia
    assert squared_error(steps, book.centers / smallest) <= 1.1 * expected


def exact_order(row, centers):
    """Return the codewords by their exact distance from a row, and then by index."""
    row = [Fraction(x) for x in row.tolist()]
    centers = [[Fraction(c) for c in center] for center in centers.tolist()]
    distances = [sum((x - c) ** 2 for x, c in zip(row, center, strict=True)) for center in centers]
    return np.argsort(np.array(distances, dtype=object), kind="stable")


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("exponent", [-1020, -600, -300, -200, 0, 200, 300, 500, 600, 1020])
def test_search_at_any_scale(exponent, d):
    """Beyond 1e154, and below 1e-162, all codes were 0."""
    random = np.random.default_rng([abs(exponent), d])
    centers = np.ldexp(random.integers(-40, 40, (20, d)) / 16, exponent)
    for other in (exponent, 0, exponent // 2):
        X = np.ldexp(random.integers(-40, 40, (60, d)) / 16, other)
        X[::7] = centers[random.integers(20)]
        codes, distances = centnn.quantize(X, centers, n_nearest=20, return_distance=True)
        with np.errstate(over="ignore", under="ignore"):
            for row, found, squares in zip(X, codes, distances, strict=True):
                order = exact_order(row, centers)
                # Exact distances may differ where rounded ones do not: compare these.
                expected = ((row - centers[order]) ** 2).sum(axis=1)
                np.testing.assert_allclose(squares, expected, rtol=1e-13)
                if other == exponent:
                    assert found.tolist() == order.tolist()
        nearest, distance = centnn.quantize(X, centers, return_distance=True)
        assert np.array_equal(nearest, codes[:, 0])
        assert np.array_equal(distance, distances[:, 0])
        assert np.array_equal(centnn.quantize(X, centers), nearest)
        assert np.array_equal(centnn.quantize(X, centers, n_nearest=2), codes[:, :2])


def test_near_and_far_codewords_that_are_huge():
    centers = np.array([[3e200], [2e200], [1.0], [0.0]])
    codes = centnn.quantize([[0.9], [1e200], [2.9e200], [1e150]], centers, n_nearest=4)
    assert codes.tolist() == [[2, 3, 1, 0], [1, 2, 3, 0], [0, 1, 2, 3], [2, 3, 1, 0]]


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_estimators_at_any_scale(scale):
    X = clusters() * scale
    labels = centnn.CentNN(8).fit_predict(X)
    # As for the same samples at a common scale, but for rounding.
    expected = centnn.CentNN(8).fit(clusters())
    assert sorted(np.bincount(labels)) == sorted(np.bincount(expected.labels_))
    model = centnn.CentNN(8, init=expected.cluster_centers_ * scale).fit(X)
    distances = expected.fit(clusters()).transform(clusters())
    model.cluster_centers_ = expected.cluster_centers_ * scale
    np.testing.assert_allclose(model.transform(X) / scale, distances, rtol=1e-12)
    stream, other = centnn.CentNN(8), centnn.CentNN(8)
    for batch in (slice(0, 200), slice(200, 400)):
        stream.partial_fit(np.ldexp(clusters()[batch], int(np.log2(scale))))
        other.partial_fit(clusters()[batch])
    scaled = np.ldexp(other.cluster_centers_, int(np.log2(scale)))
    assert np.array_equal(stream.cluster_centers_, scaled)
    if scale > 1:
        with pytest.raises(ValueError, match="after batches as small as those before, got"):
            other.partial_fit(X)


@pytest.mark.parametrize("algorithm", ["classic", "entropy", "group"])
def test_what_cannot_be_squared_is_refused(algorithm):
    with pytest.raises(
        ValueError, match=r"X must hold numbers of up to 3.1e\+144 unless algorithm"
    ):
        centnn.fit_codebook(clusters() * 1e200, 8, algorithm=algorithm)
    with pytest.raises(ValueError, match="X must have distances whose squares are not 0"):
        centnn.fit_codebook(clusters() * 1e-200, 8, algorithm=algorithm)


def test_both_zeros_are_one_value():
    X = np.array([[0.0, -0.0], [-0.0, 0.0], [0.0, 0.0]], np.float32)
    assert centnn.fit_codebook(X, 1).inertia == 0
    with pytest.raises(ValueError, match="3 of which 1 is distinct"):
        centnn.fit_codebook(X, 2)
    assert centnn.quantize(X, np.array([[-0.0, 0.0], [0.0, -0.0]])).tolist() == [0, 0, 0]


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_one_outlier(dtype, effort):
    X = clusters()
    expected = centnn.fit_codebook(X, 8, effort=effort).inertia
    outlier = np.full((1, X.shape[1]), 1e18)
    book = centnn.fit_codebook(np.concatenate([X, outlier]).astype(dtype), 9, effort=effort)
    assert (book.centers == outlier.astype(dtype)).all(axis=1).sum() == 1
    assert squared_error(X, book.centers) < 1.05 * expected


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_million_copies_of_a_value(effort):
    X = np.full((1_000_001, 3), 0.1, np.float32)
    assert centnn.fit_codebook(X, 1, effort=effort).centers.tolist() == X[:1].tolist()
    X[5] = 0.2
    book = centnn.fit_codebook(X, 2, effort=effort)
    assert book.inertia == 0
    assert sorted(book.counts) == [1, 1_000_000]


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("d", [1, 2, 40])
def test_as_many_codewords_as_distinct_samples_and_one_less(d, effort):
    random = np.random.default_rng(d)
    distinct = random.integers(0, 256, (60, d)).astype(np.float32)
    distinct = np.unique(distinct, axis=0)
    times = random.integers(1, 5, len(distinct))
    X = np.repeat(distinct, times, axis=0)
    assert centnn.fit_codebook(X, len(distinct), effort=effort).inertia == 0
    # The optimum joins two values.
    least = min(
        times[i] * times[j] / (times[i] + times[j]) * ((distinct[i] - distinct[j]) ** 2).sum()
        for i, j in itertools.combinations(range(len(distinct)), 2)
    )
    book = centnn.fit_codebook(X, len(distinct) - 1, effort=effort)
    assert book.inertia == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("offset", [0, 1000, 1e5])
def test_rounding_of_codewords(offset, effort):
    """Rounding codewords to float32 costs at most N * D * (2**-24 * max|x|)**2.

    The mean of a cluster makes its error least, so the error with a codeword that is off by e is
    larger by n * |e|**2, and rounding moves each component by at most 2**-24 of its size. (A
    tenth more: the means that are rounded are those of float64 sums.)
    """
    X = (clusters() + offset).astype(np.float32)
    book = centnn.fit_codebook(X, 8, effort=effort)
    codes = centnn.quantize(X, book)
    exact = np.stack([X[codes == j].mean(axis=0, dtype=np.float64) for j in range(8)])
    bound = 1.1 * X.size * (2.0**-24 * np.abs(X).max()) ** 2
    assert book.inertia - squared_error(X, exact) <= bound
