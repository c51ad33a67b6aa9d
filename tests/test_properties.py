"""What must hold for any samples: random shapes, types, layouts, weights and sizes.

CENTNN_TEST_EXAMPLES says how many of each are tried.
"""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import centnn
from centnn.image import version2

EXAMPLES = int(os.environ.get("CENTNN_TEST_EXAMPLES", "40"))
EFFORTS = st.sampled_from(["fast", "balanced", "best"])

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@st.composite
def samples(draw, dtypes=("u1", "u2", "f2", "f4", "f8"), longest=80):
    """Return a matrix in any layout: of few or many different values, near 0 or far from it."""
    n, d = draw(st.integers(1, longest)), draw(st.integers(1, 20))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    X = random.integers(0, draw(st.sampled_from([2, 10, 256])), (n, d)).astype(np.float64)
    if dtype.kind == "f":
        X += draw(st.sampled_from([0, 1])) * random.normal(size=(n, d))
        X *= draw(st.sampled_from([1, 0.125, 16]))
        X -= draw(st.sampled_from([0, 100, 1000]))
    X = X.astype(dtype)
    layout = draw(st.sampled_from(["C", "F", "every other", "backwards"]))
    if layout == "every other":
        return np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]
    return X[::-1, ::-1] if layout == "backwards" else np.array(X, order=layout)


@st.composite
def trainings(draw, **options):
    """Return samples, a size that they allow, and weights or None."""
    X = draw(samples(**options))
    k = draw(st.integers(1, len(np.unique(X, axis=0))))
    if draw(st.booleans()):
        return X, k, None
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return X, k, random.integers(1, 9, len(X)) * draw(st.sampled_from([1.0, 0.1, 1000.0]))


def size_of(X):
    """Return what rounding of samples, sums and codewords is relative to."""
    X = np.asarray(X, np.float64)
    return max(np.abs(X).max(), 1e-300)


@many
@given(trainings(), EFFORTS)
def test_counts_add_up_and_centroids_are_means_of_their_members(training, effort):
    X, k, weights = training
    model = centnn.CentNN(k, effort=effort).fit(X, sample_weight=weights)
    book = centnn.fit_codebook(X, k, effort=effort, sample_weight=weights)
    np.testing.assert_array_equal(book.centers, model.cluster_centers_)
    weights = np.ones(len(X)) if weights is None else weights
    members = np.bincount(model.labels_, weights, k)
    np.testing.assert_allclose(book.counts, members, rtol=1e-12)
    for j in range(k):
        mine = model.labels_ == j
        mean = np.average(X[mine].astype(np.float64), axis=0, weights=weights[mine])
        # A codeword is a mean in float64, rounded to float32 unless samples are float64.
        np.testing.assert_allclose(book.centers[j], mean, rtol=0, atol=1e-6 * size_of(X))


@many
@given(trainings(), EFFORTS)
def test_labels_are_codes_and_inertia_is_their_error(training, effort):
    X, k, weights = training
    model = centnn.CentNN(k, effort=effort).fit(X, sample_weight=weights)
    np.testing.assert_array_equal(model.labels_, centnn.quantize(X, model.cluster_centers_))
    centers = model.cluster_centers_.astype(np.float64)
    distances = centnn.quantize(X, centers, return_distance=True)[1]
    expected = float(distances @ (np.ones(len(X)) if weights is None else weights))
    assert model.inertia_ == pytest.approx(expected, rel=1e-9, abs=1e-300)


@many
@given(trainings(), st.sampled_from(["classic", "entropy"]))
def test_the_error_never_rises_while_the_codebook_keeps_its_size(training, algorithm):
    X, k, weights = training
    book = centnn.fit_codebook(X, k, algorithm=algorithm, sample_weight=weights)
    sizes, errors = book.history.T
    same = np.diff(sizes) == 0
    noise = 1e-9 * errors + 1e-12 * size_of(X) ** 2
    assert (np.diff(errors)[same] <= noise[:-1][same]).all()


@many
@given(trainings(), EFFORTS)
def test_more_codewords_never_leave_more_error_than_one(training, effort):
    X, k, weights = training
    one = centnn.fit_codebook(X, 1, effort=effort, sample_weight=weights)
    book = centnn.fit_codebook(X, k, effort=effort, sample_weight=weights)
    assert book.inertia <= one.inertia * (1 + 1e-9)


@many
@given(trainings(dtypes=("f4", "f8")), EFFORTS, st.integers(-30, 30))
def test_scaling_by_a_power_of_two_scales_the_codebook(training, effort, exponent):
    X, k, weights = training
    book = centnn.fit_codebook(X, k, effort=effort, sample_weight=weights)
    scaled = centnn.fit_codebook(np.ldexp(X, exponent), k, effort=effort, sample_weight=weights)
    # Which codeword comes first may change with the way in which equal samples were found.
    scaled_centers, centers = (np.unique(b.centers, axis=0) for b in (scaled, book))
    np.testing.assert_array_equal(scaled_centers, np.ldexp(centers, exponent))
    assert scaled.inertia == np.ldexp(book.inertia, 2 * exponent)


@many
@given(st.integers(2, 8), st.integers(0, 99), EFFORTS, st.sampled_from([-1000, 7, 30000]))
def test_a_shift_shifts_the_codebook(k, seed, effort, shift):
    random = np.random.default_rng([k, seed])
    places = 40.0 * random.permutation(k * k)[:k, None] + random.integers(0, 3, (k, 20))
    X = np.repeat(places, 4, axis=0) + random.integers(-2, 3, (4 * k, 20))
    book = centnn.fit_codebook(X, k, effort=effort)
    shifted = centnn.fit_codebook(X + shift, k, effort=effort)
    order, shifted_order = (np.lexsort(b.centers.T) for b in (book, shifted))
    np.testing.assert_allclose(
        shifted.centers[shifted_order], book.centers[order] + shift, rtol=1e-12
    )


@many
@given(trainings(), st.integers(0, 2**32 - 1))
def test_equal_samples_may_change_places(training, seed):
    X, k, _ = training
    X = np.concatenate([X, X])
    weights = np.random.default_rng(seed).integers(1, 100, len(X)).astype(np.float64)
    book = centnn.fit_codebook(X, k, sample_weight=weights)
    again = centnn.fit_codebook(X, k, sample_weight=np.roll(weights, len(X) // 2))
    np.testing.assert_array_equal(again.centers, book.centers)


@many
@given(trainings())
def test_codewords_are_their_own_nearest(training):
    X, k, weights = training
    centers = centnn.fit_codebook(X, k, sample_weight=weights).centers
    codes, distances = centnn.quantize(centers, centers, return_distance=True)
    np.testing.assert_array_equal(centers[codes], centers)
    assert not distances.any()
    np.testing.assert_array_equal(centnn.dequantize(codes, centers), centers)


@many
@given(samples(), st.data())
def test_quantize_is_the_definition(X, data):
    chosen = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=30))
    centers = X[chosen].astype(np.float64)
    codes, distances = centnn.quantize(X, centers, return_distance=True)
    every = ((X.astype(np.float64)[:, None] - centers) ** 2).sum(axis=2)
    # Samples and codewords are multiples of a power of two here, or sums of squares differ by
    # rounding: then codes may differ only where distances are as good as equal.
    np.testing.assert_allclose(distances, every.min(axis=1), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(every[np.arange(len(X)), codes], every.min(axis=1), rtol=1e-12)


@st.composite
def pictures(draw):
    """Return a picture, grey or in colour, of few or many values."""
    shape = (draw(st.integers(1, 40)), draw(st.integers(1, 40)), *draw(st.sampled_from([(), (3,)])))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(["u1", "u2"]))
    return random.integers(0, draw(st.sampled_from([2, 50, 256])), shape).astype(dtype)


@many
@given(pictures(), st.integers(1, 5), st.integers(1, 20))
def test_a_file_decodes_to_the_nearest_codewords(img, block, k):
    blocks = centnn.image.to_blocks(img, block)
    k = min(k, len(np.unique(blocks, axis=0)))
    colour = "rgb" if img.ndim == 3 else None
    book = centnn.image.train_codebook([img], k, block, colour=colour, effort="fast")
    (plane,) = version2.unpack_book(book).planes
    codewords = plane.codewords.reshape(k, -1)
    expected = centnn.dequantize(centnn.quantize(blocks, codewords), codewords)
    data = centnn.image.compress(img, codebook=book)
    np.testing.assert_array_equal(
        centnn.image.decompress(data, codebook=book),
        centnn.image.from_blocks(expected, img.shape, block),
    )
